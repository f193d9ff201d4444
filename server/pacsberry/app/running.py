"""Runs the server until somebody asks it to end: a signal, or the REST API."""

import contextlib
import logging
import os
import select
import signal
from collections.abc import Callable
from types import FrameType

from pacsberry.app.application import Application
from pacsberry.app.demo import load_demo
from pacsberry.app.manager import ServiceManager, lasting_threads
from pacsberry.config import Settings

LOGGER = logging.getLogger("pacsberry.server")

_STOP, _RESTART = b"S", b"\0"  # no signal has the number 0


class _Ending:
    """Who asked first wins: end, or start again.  Belongs to the main thread; any thread may ask.

    A pipe, since a signal is written into it the moment it arrives.  A lock or a queue would need the handler in
    Python, which runs with the main thread's next instruction: never, if the signal came just before it began to wait.
    """

    def __init__(self) -> None:
        self._asked, self._ask = os.pipe()
        os.set_blocking(self._ask, False)
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, _on_signal)
        signal.set_wakeup_fd(self._ask, warn_on_full_buffer=False)

    def stop(self) -> None:
        """Ask the server to end."""
        self._write(_STOP)

    def restart(self) -> None:
        """Ask the server to start again."""
        self._write(_RESTART)

    def wait(self, beat: Callable[[], None], seconds: float | None) -> bool:
        """Return when somebody has asked; whether to start again.  Calls `beat` every so many `seconds` until then."""
        while not select.select([self._asked], [], [], seconds)[0]:
            beat()
        return os.read(self._asked, 1) == _RESTART

    def close(self) -> None:
        """Hear nothing more; further signals are ignored."""
        signal.set_wakeup_fd(-1)
        os.close(self._asked)
        os.close(self._ask)

    def _write(self, wish: bytes) -> None:
        with contextlib.suppress(BlockingIOError):  # thousands have asked already
            os.write(self._ask, wish)


def _on_signal(number: int, frame: FrameType | None) -> None:
    """Replaces Python's own handlers; the pipe has it already."""


def run(settings: Settings, *, demo: bool = False) -> bool:
    """Serve until SIGTERM, SIGINT or the REST API ends it; whether to start again with the configuration read anew.

    `demo` puts the demo study into an archive that is empty.  Raises PacsberryError and OSError when it cannot start.
    """
    manager = ServiceManager(os.environ)
    with contextlib.closing(_Ending()) as ending:
        application = Application(settings, shutdown=ending.stop, reset=ending.restart)
        application.start()
        try:
            if demo:
                load_demo(application, settings.text("Pacsberry.GuestLabel"))
            places = _places(application, settings)
            for place in places:  # on standard error and so in the journal, whatever the log's level
                LOGGER.warning("%s", place)
            manager.ready("; ".join(places))
            is_restart = ending.wait(_beat(manager), manager.beat_seconds)
            (manager.restarting if is_restart else manager.stopping)()
        finally:
            application.stop()
    LOGGER.warning("Stopped.")
    return is_restart


def _beat(manager: ServiceManager) -> Callable[[], None]:
    """What to do every so often: tell systemd that all is well, or say in the log what is not and be silent."""
    ended = lasting_threads()

    def beat() -> None:
        missing = ended()
        if missing:
            LOGGER.error("These threads have ended: %s. The watchdog starts the server anew.", ", ".join(missing))
        else:
            manager.alive()

    return beat


def _places(application: Application, settings: Settings) -> list[str]:
    """Where it can be reached."""
    places = []
    if settings.flag("HttpServerEnabled"):
        scheme = "https" if settings.flag("SslEnabled") else "http"
        places.append(f"Web pages and REST API: {scheme}://localhost:{application.http.port}/")
    if settings.flag("DicomServerEnabled"):
        places.append(f"DICOM: {settings.text('DicomAet')} on port {application.dicom.port}")
    return places
