"""Reads a kept file as it lies while it checks the content against what is known of it.

What is copied is checked by this on the way: a file that was damaged on the card never goes for a good copy.
"""

import zlib
from collections.abc import Iterator
from typing import BinaryIO, Final

from pacsberry.archive.forms import is_packed
from pacsberry.backup.lines import Stored
from pacsberry.errors import DamagedFile
from pacsberry.ingest.zipped import inflate

CHUNK: Final = 2**18  # bytes read at once


class CheckedFile:
    """A kept file, packed or plain; `stored` is known once `chunks` has been consumed.  Belongs to one thread."""

    def __init__(self, file: BinaryIO, name: str, *, size: int, crc32: int | None) -> None:
        """`size` and `crc32`: of the content as the index has them; without a CRC-32 only the size is compared."""
        self._file = file
        self._name = name
        self._size = size
        self._wanted = crc32
        self._inflater = zlib.decompressobj(31) if is_packed(name) else None
        self._content = [0, 0]  # size and CRC-32 so far
        self._lies = [0, 0]

    def chunks(self) -> Iterator[bytes]:
        """The bytes as they lie.  DamagedFile, at the latest with the last, unless the content is what it should be."""
        try:
            while piece := self._file.read(CHUNK):
                _add(self._lies, piece)
                if self._inflater is None:
                    _add(self._content, piece)
                else:
                    self._unpack(self._inflater, piece)
                if self._content[0] > self._size:
                    raise self._damaged(f"it is longer than its {self._size} bytes")
                yield piece
        except OSError as error:
            raise self._damaged(f"it cannot be read: {error.strerror or error}") from error
        if self._inflater is not None and not self._inflater.eof:
            raise self._damaged("it is cut short")
        if self._content[0] != self._size:
            raise self._damaged(f"it has {self._content[0]} bytes instead of {self._size}")
        if self._wanted not in (None, self._content[1]):
            raise self._damaged("its content has changed, the checksum does not fit")

    def check(self) -> Stored:
        """Read all of it; DamagedFile."""
        for _ in self.chunks():
            pass
        return self.stored(self._name)

    def stored(self, name: str) -> Stored:
        """What was read, as an object of that name."""
        return Stored(name, *self._content, *self._lies)

    def _unpack(self, inflater: "zlib._Decompress", piece: bytes) -> None:
        if inflater.eof:
            raise self._damaged("something follows its end")
        try:
            for content in inflate(inflater, piece):
                _add(self._content, content)
                if self._content[0] > self._size:
                    return
        except zlib.error as error:
            raise self._damaged("it cannot be unpacked") from error
        if inflater.unused_data:
            raise self._damaged("something follows its end")

    def _damaged(self, reason: str) -> DamagedFile:
        return DamagedFile(f"The file {self._name} is damaged: {reason}.")


def _add(facts: list[int], piece: bytes) -> None:
    facts[0] += len(piece)
    facts[1] = zlib.crc32(piece, facts[1])
