"""Work that goes on after its command was answered: a bounded number of threads that end when the server stops."""

import itertools
import logging
import threading
from collections.abc import Callable

from pacsberry.errors import Conflict

LOGGER = logging.getLogger("pacsberry.dimse")


class Errands:
    """Starts and stops them; thread-safe."""

    def __init__(self, most: int) -> None:
        """`most`: errands at a time."""
        self._most = most
        self._lock = threading.Lock()  # guards the set
        self._threads: set[threading.Thread] = set()
        self._numbers = itertools.count(1)
        self._stopping = threading.Event()

    def stops(self) -> bool:
        """Whether errands should come to an end."""
        return self._stopping.is_set()

    def start(self, name: str, act: Callable[[], object]) -> None:
        """Do `act` in the background; Conflict when there is too much to do already."""
        with self._lock:
            if len(self._threads) >= self._most or self.stops():
                raise Conflict(f"{len(self._threads)} errands are under way, which is the limit; try again later.")
            thread = threading.Thread(
                target=self._run, args=(act,), name=f"errand-{next(self._numbers)} {name}", daemon=True
            )
            thread.start()
            self._threads.add(thread)

    def stop(self, seconds: float) -> None:
        """Ask all to end; returns when they have, or when the time is up."""
        self._stopping.set()
        with self._lock:
            threads = list(self._threads)
        for thread in threads:
            thread.join(seconds)

    def _run(self, act: Callable[[], object]) -> None:
        try:
            act()
        except Exception:
            LOGGER.exception("%s met an error of ours", threading.current_thread().name)
        finally:
            with self._lock:
                self._threads.discard(threading.current_thread())
