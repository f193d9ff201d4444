"""A thread of the archive that sleeps until it is woken and then works in rounds until there is nothing left."""

import logging
import sqlite3
import threading
from collections.abc import Callable

from pacsberry.errors import PacsberryError

LOGGER = logging.getLogger("pacsberry.archive")

_RETRY_SECONDS = 30.0


class Chore:
    """Owner of one thread."""

    def __init__(self, name: str, round: Callable[[], bool], *, complaint: str, gather_seconds: float = 0.0) -> None:
        """`name` of the thread; `round` does some of the work and tells whether there may be more.

        `complaint`: what the log says when a round fails, which is tried again; `gather_seconds` pass between a waking
        and the work, so that what comes together is done together.
        """
        self._name = name
        self._round = round
        self._complaint = complaint
        self._gather_seconds = gather_seconds
        self._wake = threading.Event()
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Start the thread; it begins with what an earlier run left."""
        self._wake.set()
        self._thread = threading.Thread(target=self._run, name=self._name)
        self._thread.start()

    def stop(self) -> None:
        """Stop after the current round; the next start goes on."""
        self._stopping.set()
        self._wake.set()
        if self._thread is not None:
            self._thread.join()
            self._thread = None

    def wake(self) -> None:
        """There is work."""
        self._wake.set()

    def _run(self) -> None:
        while True:
            self._wake.wait()
            if self._gather_seconds:
                self._stopping.wait(self._gather_seconds)
            self._wake.clear()
            if self._stopping.is_set():
                return
            try:
                while self._round() and not self._stopping.is_set():
                    pass
            except (OSError, sqlite3.Error, PacsberryError) as error:
                LOGGER.error("%s: %s", self._complaint, error)
                self._stopping.wait(_RETRY_SECONDS)
                self._wake.set()
