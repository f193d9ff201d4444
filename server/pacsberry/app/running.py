"""Runs the server until somebody asks it to end: a signal, or the REST API."""

import logging
import signal
import sys
import threading
from types import FrameType

from pacsberry.app.application import Application
from pacsberry.app.demo import load_demo
from pacsberry.config import Settings

LOGGER = logging.getLogger("pacsberry.server")


class _Ending:
    """Who asked first wins: end, or start again."""

    def __init__(self) -> None:
        self._asked = threading.Event()
        self.is_restart = False

    def stop(self) -> None:
        """Ask the server to end."""
        self._asked.set()

    def restart(self) -> None:
        """Ask the server to start again."""
        if not self._asked.is_set():
            self.is_restart = True
            self._asked.set()

    def wait(self) -> None:
        """Return when somebody has asked."""
        self._asked.wait()


def run(settings: Settings, *, demo: bool = False) -> bool:
    """Serve until SIGTERM, SIGINT or the REST API ends it; whether to start again with the configuration read anew.

    `demo` puts the demo study into an archive that is empty.  Raises PacsberryError and OSError when it cannot start.
    """
    # pydicom imports numpy wherever it is installed: 12 MB that a server which decodes no pixels does without.
    sys.modules["numpy"] = None  # type: ignore[assignment]
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
        ending.wait()
    finally:
        application.stop()
    LOGGER.warning("Stopped.")
    return ending.is_restart


def _announce(application: Application, settings: Settings) -> None:
    """Say where it can be reached, on standard error and so in the journal, whatever the log's level."""
    if settings.flag("HttpServerEnabled"):
        scheme = "https" if settings.flag("SslEnabled") else "http"
        LOGGER.warning("Web pages and REST API: %s://localhost:%d/", scheme, application.http.port)
    if settings.flag("DicomServerEnabled"):
        LOGGER.warning("DICOM: %s on port %d", settings.text("DicomAet"), application.dicom.port)
