"""Remembers for a while what could not be shown: a bad image costs its time once, not with each request."""

import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from typing import Final

from pacsberry.errors import PacsberryError

MOST: Final = 500  # products remembered; each costs about half a kilobyte
_SECONDS: Final = 300.0

Key = tuple[str, int, str]  # file, frame, product


class FailureMemory:
    """Errors by file, frame and product; thread-safe."""

    def __init__(self, *, seconds: float = _SECONDS, clock: Callable[[], float] = time.monotonic) -> None:
        self._seconds = seconds
        self._clock = clock
        self._lock = threading.Lock()  # guards _errors
        self._errors: OrderedDict[Key, tuple[float, type[PacsberryError], str]] = OrderedDict()

    def raise_remembered(self, key: Key) -> None:
        """Raise the error of this product anew, if it had one a short time ago."""
        with self._lock:
            found = self._errors.get(key)
            if found is not None and self._clock() >= found[0]:
                del self._errors[key]
                found = None
        if found is not None:
            raise found[1](found[2])

    def remember(self, key: Key, error: PacsberryError) -> None:
        """Keep the kind and the text of an error; the oldest is forgotten when there are too many."""
        with self._lock:
            self._errors[key] = (self._clock() + self._seconds, type(error), str(error))
            self._errors.move_to_end(key)
            if len(self._errors) > MOST:
                self._errors.popitem(last=False)
