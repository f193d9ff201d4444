"""Bodies on their way out: bytes and stretches of files one after another, sent as the client takes them.

waitress sends an answer of the class of its file buffers without keeping a worker; what `get` of ours returns, only
`Channel.send` can send: the kernel moves a stretch of a file to the socket, and Python never sees it.
"""

import errno
import os
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from typing import BinaryIO

from waitress.buffers import ReadOnlyFileBasedBuffer

from pacsberry.archive.packedfile import descriptor_of
from pacsberry.errors import DamagedFile
from pacsberry.http.answers import Part, Piece

_ALL = 2**62  # bytes


@dataclass(frozen=True, slots=True)
class Slice:
    """Bytes of a file still to be sent."""

    file: BinaryIO
    offset: int
    length: int

    @property
    def descriptor(self) -> int | None:
        """What the kernel can send from; None when the bytes have to be unpacked."""
        return descriptor_of(self.file)

    def read(self, most: int) -> bytes:
        """The first of the bytes, at most `most`.  Raises OSError, DamagedFile."""
        length = min(self.length, most)
        descriptor = self.descriptor
        if descriptor is None:
            self.file.seek(self.offset)
            data = self.file.read(length)
        else:
            data = os.pread(descriptor, length, self.offset)
        if not data:
            raise OSError("the file has become shorter")
        return data

    def why(self, error: Exception) -> Exception:
        """What is behind an error of sending: read through the file, which tells and reports when the card fails."""
        if isinstance(error, OSError) and error.errno == errno.EIO:
            try:
                self.file.seek(self.offset)
                self.file.read(1)
            except (OSError, DamagedFile) as cause:
                return cause
        return error


class PieceBuffer(ReadOnlyFileBasedBuffer):
    """What is left to send of an answer; its files are closed with it."""

    def __init__(self, pieces: Sequence[Piece]) -> None:
        """Bytes and stretches in their order, at least one of them a stretch."""
        self._files = [piece.file for piece in pieces if isinstance(piece, Part)]
        super().__init__(self._files[0])
        self._pieces = deque(pieces)
        self._sent = 0  # bytes of the first piece
        self.remain = sum(map(_length, pieces))

    def prepare(self, size: int | None = None) -> int:
        """How many bytes there are; `size` is what was said beforehand."""
        return self.remain

    def get(self, numbytes: int = -1, skip: bool = False) -> bytes | memoryview | Slice:
        """The next bytes, of a file not read yet; of one piece, so perhaps fewer than `numbytes`."""
        while self._pieces and self._sent == _length(self._pieces[0]):
            self._pieces.popleft()
            self._sent = 0
        if not self._pieces:
            return b""
        first = self._pieces[0]
        length = min(_length(first) - self._sent, numbytes if numbytes >= 0 else _ALL)
        if isinstance(first, Part):
            found: memoryview | Slice = Slice(first.file, first.offset + self._sent, length)
        else:
            found = memoryview(first)[self._sent : self._sent + length]
        if skip:
            self.skip(length)
        return found

    def skip(self, numbytes: int, allow_prune: int = 0) -> None:
        """So many have been sent, at most what `get` returned."""
        self._sent += numbytes
        self.remain -= numbytes

    def next(self) -> bytes:
        """An empty answer, the only one waitress iterates over, has no blocks."""
        raise StopIteration

    __next__ = next

    def close(self) -> None:
        """Close the files: all is sent, or nobody wants it any more."""
        for file in self._files:
            file.close()


def _length(piece: Piece) -> int:
    return piece.length if isinstance(piece, Part) else len(piece)
