"""Where bytes of a DICOM file come from: memory, a file, or the inflated side of a deflated data set.

A `Source` answers `block`s around a place; nothing here reads a whole file.
"""

import zlib
from typing import BinaryIO, Final, Protocol

from pacsberry.errors import UnreadableDicom

_BLOCK: Final = 65536  # bytes read at once
_JUMP_BLOCK: Final = 4096  # bytes read behind a value that was passed over
_INFLATED_FLOOR: Final = 64 << 20  # bytes any deflated data set may inflate to
_INFLATED_RATIO: Final = 100  # times its deflated size that a larger one may; real images stay below 10


class Source(Protocol):
    """Random access to the bytes of a data set."""

    def block(self, offset: int, wanted: int) -> tuple[bytes, int]:
        """(data, offset of its first byte); the data covers `wanted` bytes from `offset` unless the source ends."""

    def reaches(self, end: int) -> bool:
        """Whether the source has `end` bytes or more."""

    def missing(self, end: int) -> int:
        """How many bytes are missing to reach `end`; 0 when none."""


class BytesSource:
    """Bytes in memory."""

    def __init__(self, data: bytes) -> None:
        self._data = data

    def block(self, offset: int, wanted: int) -> tuple[bytes, int]:
        """All of it: there is nothing to be saved."""
        return self._data, 0

    def reaches(self, end: int) -> bool:
        """Whether there are `end` bytes."""
        return end <= len(self._data)

    def missing(self, end: int) -> int:
        """Bytes missing to `end`."""
        return max(0, end - len(self._data))


class FileSource:
    """A seekable binary file; the caller closes it and uses it in no other thread meanwhile."""

    def __init__(self, file: BinaryIO, size: int | None = None) -> None:
        self._file = file
        self._data = b""  # the last block: values are read right after the element they belong to
        self._at = 0  # its offset
        self.size = file.seek(0, 2) if size is None else size

    def block(self, offset: int, wanted: int) -> tuple[bytes, int]:
        """A block of the file, at least `wanted` bytes when the file has them; a small one after a jump."""
        if offset >= self.size:
            return b"", offset
        behind = self._at + len(self._data)
        if not self._at <= offset or offset + wanted > behind:
            self._file.seek(offset)
            self._data = self._file.read(max(wanted, _BLOCK if offset <= behind else _JUMP_BLOCK))
            self._at = offset
        return self._data, self._at

    def reaches(self, end: int) -> bool:
        """Whether the file has `end` bytes."""
        return end <= self.size

    def missing(self, end: int) -> int:
        """Bytes missing to `end`."""
        return max(0, end - self.size)


class InflatedSource:
    """The inflated bytes of a deflated data set (PS3.5 A.5), produced as they are asked for.

    Going back starts again from the beginning.  More than the limit is taken for a bomb: UnreadableDicom.
    """

    def __init__(self, deflated: Source, start: int, deflated_size: int) -> None:
        """`start`: where the deflated bytes begin in `deflated`; `deflated_size`: how many there are."""
        self._deflated = deflated
        self._start = start
        self._limit = max(_INFLATED_FLOOR, _INFLATED_RATIO * deflated_size)
        self._rewind()

    def _rewind(self) -> None:
        self._inflater = zlib.decompressobj(-zlib.MAX_WBITS)  # PS3.5 A.5: RFC 1951, without zlib's header
        self._read_at = self._start
        self._at = 0  # inflated offset of the first byte of _data
        self._data = b""

    def block(self, offset: int, wanted: int) -> tuple[bytes, int]:
        """Inflated bytes around `offset`."""
        if offset < self._at:
            self._rewind()
        while self._at + len(self._data) < offset + wanted and self._more(offset):
            pass
        return self._data, self._at

    def _more(self, offset: int) -> bool:
        """Inflate one block further, forgetting what lies before `offset`; False at the end."""
        passed = min(max(0, offset - self._at), len(self._data))
        if passed:
            self._data = self._data[passed:]
            self._at += passed
        if self._inflater.eof:
            return False
        feed = self._inflater.unconsumed_tail
        if not feed:
            data, at = self._deflated.block(self._read_at, _BLOCK)
            feed = data[self._read_at - at : self._read_at - at + _BLOCK]
            self._read_at += len(feed)
        try:
            inflated = self._inflater.decompress(feed, _BLOCK) if feed else self._inflater.flush()
        except zlib.error as error:
            raise UnreadableDicom(f"The deflated data set cannot be inflated: {error}.") from error
        self._data += inflated
        if self._at + len(self._data) > self._limit:
            raise UnreadableDicom(f"The deflated data set inflates to more than {self._limit} bytes.")
        return bool(feed or inflated)

    def reaches(self, end: int) -> bool:
        """Whether there are `end` inflated bytes; inflates up to there."""
        data, at = self.block(max(0, end - 1), 1)
        return end <= at + len(data)

    def missing(self, end: int) -> int:
        """Bytes missing to `end`."""
        data, at = self.block(max(0, end - 1), 1)
        return max(0, end - at - len(data))
