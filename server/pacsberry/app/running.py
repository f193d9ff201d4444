"""Runs the server until somebody asks it to end: a signal, or the REST API."""

import logging
import signal
from queue import SimpleQueue
from types import FrameType

from pacsberry.app.application import Application
from pacsberry.app.demo import load_demo
from pacsberry.config import Settings

LOGGER = logging.getLogger("pacsberry.server")


class _Ending:
    """Who asked first wins: end, or start again."""

    def __init__(self) -> None:
        # Not an Event: a signal handler must not wait for a lock that the interrupted main thread may hold.
        self._asked: SimpleQueue[bool] = SimpleQueue()

    def stop(self) -> None:
        """Ask the server to end."""
        self._asked.put(False)

    def restart(self) -> None:
        """Ask the server to start again."""
        self._asked.put(True)

    def wait(self) -> bool:
        """Return when somebody has asked; whether to start again."""
        return self._asked.get()


def run(settings: Settings, *, demo: bool = False) -> bool:
    """Serve until SIGTERM, SIGINT or the REST API ends it; whether to start again with the configuration read anew.

    `demo` puts the demo study into an archive that is empty.  Raises PacsberryError and OSError when it cannot start.
    """
    ending = _Ending()

    def on_signal(number: int, frame: FrameType | None) -> None:
        ending.stop()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, on_signal)
    application = Application(settings, shutdown=ending.stop, reset=ending.restart)
    application.start()
    try:
        if demo:
            load_demo(application)
        _announce(application, settings)
        is_restart = ending.wait()
    finally:
        application.stop()
    LOGGER.warning("Stopped.")
    return is_restart


def _announce(application: Application, settings: Settings) -> None:
    """Say where it can be reached, on standard error and so in the journal, whatever the log's level."""
    if settings.flag("HttpServerEnabled"):
        scheme = "https" if settings.flag("SslEnabled") else "http"
        LOGGER.warning("Web pages and REST API: %s://localhost:%d/", scheme, application.http.port)
    if settings.flag("DicomServerEnabled"):
        LOGGER.warning("DICOM: %s on port %d", settings.text("DicomAet"), application.dicom.port)
