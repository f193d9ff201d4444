"""Finished products that wait for their clients: files in memory, whose bytes are counted until they are closed."""

import io
import os
import threading
from typing import BinaryIO, cast

from pacsberry.imaging.limits import MOST_WAITING_BYTES, TooManyPictures


class WaitingProducts:
    """Counts the bytes of the products that are open; thread-safe."""

    def __init__(self, most_bytes: int = MOST_WAITING_BYTES) -> None:
        """`most_bytes`: beyond that no product is begun; the last one begun may exceed it."""
        self._most_bytes = most_bytes
        self._lock = threading.Lock()  # guards _bytes
        self._bytes = 0

    @property
    def bytes(self) -> int:
        """How many bytes wait."""
        return self._bytes

    def begin(self) -> "Product":
        """An empty product; TooManyPictures when there is no room for another."""
        if self._bytes >= self._most_bytes:
            raise TooManyPictures(
                f"{self._bytes >> 20} MB of pictures wait for slow clients; try again when some have theirs."
            )
        return Product(self)

    def add(self, count: int) -> None:
        """So many bytes more, or less, wait now."""
        with self._lock:
            self._bytes += count


class Product(io.FileIO):
    """A file without name, in memory that is not this process's: a worker writes it, the kernel sends it."""

    def __init__(self, waiting: WaitingProducts) -> None:
        super().__init__(os.memfd_create("pacsberry-picture", os.MFD_CLOEXEC), "rb")
        self._waiting = waiting
        self._counted = 0

    def finished(self) -> tuple[BinaryIO, int]:
        """The file at its start, and its length in bytes, which counts from now on until it is closed."""
        length = self.seek(0, os.SEEK_END)
        self.seek(0)
        self._counted = length
        self._waiting.add(length)
        return cast("BinaryIO", self), length

    def close(self) -> None:
        """Give the memory back."""
        if not self.closed:
            self._waiting.add(-self._counted)
        super().close()
