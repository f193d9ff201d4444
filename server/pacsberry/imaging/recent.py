"""Pictures that were made a moment ago, for all who ask for the same: a class opens the same series at the same time.

Who asks while a picture is being made waits for that one. What was made is kept, in memory that is not this process's,
until others need the room or the workers have left. All who have one share its bytes, each with a file of their own.
"""

import io
import threading
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import replace
from typing import BinaryIO, Final, cast

from pacsberry.imaging.made import Made
from pacsberry.imaging.orders import Order, Product

Key = tuple[str, Order]  # kept file, which never changes under its name; what is asked for

_KEPT: Final = frozenset((Product.PREVIEW, Product.RENDERED, Product.UINT8, Product.UINT16, Product.INT16))
_MOST_BYTES: Final = 8 * 2**20
_LARGEST_BYTES: Final = 2**20  # of one
_PATIENCE_SECONDS: Final = 90.0  # with somebody else's picture; longer than an order and the wait for a worker take


class RecentPictures:
    """Thread-safe."""

    def __init__(self, most_bytes: int = _MOST_BYTES) -> None:
        """`most_bytes`: kept at most."""
        self._most_bytes = most_bytes
        self._lock = threading.Lock()  # guards all below
        self._kept: OrderedDict[Key, _Shared] = OrderedDict()  # the one asked for last at the end
        self._bytes = 0
        self._coming: dict[Key, threading.Event] = {}  # set when it is there or has failed

    def get(self, key: Key, make: Callable[[], Made]) -> Made:
        """A picture that is there, or soon is; else `make` is called, and what it raises is raised."""
        if key[1].product not in _KEPT:
            return make()
        found = self._find(key)
        if isinstance(found, threading.Event):
            found.wait(_PATIENCE_SECONDS)
            found = self._find(key)
        if isinstance(found, Made):
            return found
        if found is not None:  # the other one failed, and somebody else tries already: each for themselves
            return make()
        try:
            return self._share(key, make())
        finally:
            with self._lock:
                self._coming.pop(key).set()

    def forget(self) -> None:
        """Give the memory back, but for what is on its way to somebody."""
        with self._lock:
            leaving = list(self._kept.values())
            self._kept.clear()
            self._bytes = 0
        for shared in leaving:
            shared.leave()

    def _find(self, key: Key) -> "Made | threading.Event | None":
        """None: the caller has to make it, and has been noted as who does."""
        with self._lock:
            shared = self._kept.get(key)
            if shared is not None:
                self._kept.move_to_end(key)
                return shared.copy()
            coming = self._coming.get(key)
            if coming is None:
                self._coming[key] = threading.Event()
            return coming

    def _share(self, key: Key, made: Made) -> Made:
        if made.length > _LARGEST_BYTES:
            return made
        shared = _Shared(made)
        leaving = []
        with self._lock:
            mine = shared.copy()
            self._kept[key] = shared
            self._bytes += made.length
            while self._bytes > self._most_bytes:
                _, oldest = self._kept.popitem(last=False)
                self._bytes -= oldest.made.length
                leaving.append(oldest)
        for one in leaving:
            one.leave()
        return mine


class _Shared:
    """One picture, open as long as anybody has it; it counts as waiting for its clients until then."""

    def __init__(self, made: Made) -> None:
        self.made = made
        self._lock = threading.Lock()  # guards _users
        self._users = 1

    def copy(self) -> Made:
        """For one more, who closes it."""
        with self._lock:
            self._users += 1
        return replace(self.made, file=cast("BinaryIO", _Copy(self)))

    def leave(self) -> None:
        """One fewer."""
        with self._lock:
            self._users -= 1
            is_last = not self._users
        if is_last:
            self.made.file.close()


class _Copy(io.FileIO):
    """The same bytes, opened once more: a duplicate of the descriptor would share its position."""

    def __init__(self, shared: _Shared) -> None:
        super().__init__(f"/proc/self/fd/{shared.made.file.fileno()}", "rb")
        self._shared = shared

    def close(self) -> None:
        """Done with it."""
        if not self.closed:
            self._shared.leave()
        super().close()
