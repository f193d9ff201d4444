"""The content of a packed file, read as if it were a plain one: any place of it, in bounded memory.

Everything is checked on the way: a file that is cut short, damaged, or holds more than the one gzip member (RFC 1952)
that we write is a DamagedFile at the latest with its last byte, so it is never taken for whole.
"""

import io
import os
from collections.abc import Callable
from typing import BinaryIO, Final, NamedTuple

from pacsberry.archive.deflating import inflate_errors, new_inflater
from pacsberry.errors import DamagedFile

_BLOCK: Final = 65536  # bytes, of content and of the packed file; two blocks of content are held
_HEADER: Final = b"\x1f\x8b\x08"  # gzip, deflated (RFC 1952 2.3.1)
_HEADER_BYTES: Final = 10
_TRAILER_BYTES: Final = 8  # checksum and length
_SMALLEST: Final = 20  # bytes: header, trailer, and a deflated nothing


class PackedFile(io.BufferedIOBase):
    """A binary file of the unpacked bytes.  Seekable; for one thread; closes the file it was made from.

    Going back over more than a block starts again from the beginning, at the cost of unpacking what lies before.
    """

    def __init__(self, file: BinaryIO, name: str, report: Callable[[str], None] = lambda name: None) -> None:
        """`file`: the packed file, at its start; `name`: for messages, and for `report` when the file is damaged.

        Raises DamagedFile.
        """
        self._file = file
        self._name = name
        self._report = report
        self._is_damaged = False
        self.stored_size = file.seek(0, os.SEEK_END)  # bytes
        file.seek(0)
        if self.stored_size < _SMALLEST or file.read(len(_HEADER)) != _HEADER:
            raise self._damaged("it does not begin as a packed file does")
        file.seek(-4, os.SEEK_END)
        # RFC 1952 2.3.1, ISIZE: modulo 2^32, which is why nothing of 4 GB is packed.  Checked against the content.
        self.size = int.from_bytes(file.read(4), "little")  # bytes of content
        self._position = 0
        self._rewind()

    @property
    def stored_descriptor(self) -> int:
        """Of the packed file, for a process that unpacks it itself."""
        return self._file.fileno()

    def readable(self) -> bool:
        """It is."""
        return True

    def seekable(self) -> bool:
        """It is."""
        return True

    def tell(self) -> int:
        """The place of the next byte read."""
        return self._position

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        """Go to a place; nothing is unpacked until something is read."""
        base = {os.SEEK_SET: 0, os.SEEK_CUR: self._position, os.SEEK_END: self.size}[whence]
        if base + offset < 0:
            raise ValueError(f"negative seek position {base + offset}")
        self._position = base + offset
        return self._position

    def read(self, size: int | None = -1, /) -> bytes:
        """`size` bytes, fewer only at the end; all that remain when negative.  Raises DamagedFile."""
        wanted = max(0, self.size - self._position)
        if size is not None and size >= 0:
            wanted = min(wanted, size)
        pieces: list[bytes] = []
        while wanted:
            piece = self._piece(wanted)
            self._position += len(piece)
            wanted -= len(piece)
            pieces.append(piece)
        return pieces[0] if len(pieces) == 1 else b"".join(pieces)

    def read1(self, size: int = -1, /) -> bytes:
        """As `read`, at most a block."""
        return self.read(_BLOCK if size < 0 else min(size, _BLOCK))

    def close(self) -> None:
        """Close the packed file, too."""
        if not self.closed:
            self._file.close()
        super().close()

    def _rewind(self) -> None:
        self._file.seek(0)
        self._inflater = new_inflater()
        self._before = b""  # the block before _data: a reader may go back a little
        self._data = b""
        self._at = 0  # place of the first byte of _data

    def _piece(self, most: int) -> bytes:
        """From 1 to `most` bytes at the position, which lies before the end."""
        if self._is_damaged:  # also for a place that was read before: nothing of it is to be trusted
            raise self._damaged()
        if self._position < self._at - len(self._before):
            self._rewind()
        while self._position >= self._at + len(self._data):
            block = self._next_block()
            self._before, self._data, self._at = self._data, block, self._at + len(self._data)
        data, at = (
            (self._data, self._at) if self._position >= self._at else (self._before, self._at - len(self._before))
        )
        start = self._position - at
        return data if start == 0 and most >= len(data) else data[start : start + most]

    def _next_block(self) -> bytes:
        """The next block of content; the last one only once the whole file has proved good."""
        block = self._inflate(_BLOCK)
        while len(block) < _BLOCK and (rest := self._inflate(_BLOCK - len(block))):
            block += rest
        end = self._at + len(self._data) + len(block)
        if not block or end > self.size or (end == self.size and self._has_more()):
            raise self._damaged()
        return block

    def _inflate(self, most: int) -> bytes:
        """Up to `most` bytes of content; b'' when it is over."""
        while not self._inflater.eof:
            packed = self._inflater.unconsumed_tail or self._file.read(_BLOCK)
            if not packed:
                raise self._damaged()
            try:
                inflated = self._inflater.decompress(packed, most)
            except inflate_errors() as error:
                raise self._damaged() from error
            if inflated:
                return inflated
        return b""

    def _has_more(self) -> bool:
        """Whether anything follows what should be the end."""
        return bool(self._inflate(1) or self._inflater.unused_data or self._file.read(1))

    def _damaged(self, reason: str = "it cannot be unpacked to its end") -> DamagedFile:
        self._is_damaged = True
        self._report(self._name)
        return DamagedFile(f"The stored file {self._name} is damaged: {reason}.")


class Deflated(NamedTuple):
    """Where the deflated bytes (RFC 1951) lie in a packed file, and what its trailer says of the content."""

    offset: int
    length: int  # bytes
    crc32: int
    size: int  # bytes of content


def deflated(file: BinaryIO, name: str) -> Deflated:
    """What a ZIP needs to take over an opened packed file as it lies; DamagedFile when it cannot be one of ours."""
    stored_size = file.seek(0, os.SEEK_END)
    file.seek(0)
    # RFC 1952 2.3.1: ours have no flags, so neither name nor comment, and the header has always the same length.
    if stored_size < _SMALLEST or file.read(4) != _HEADER + b"\0":
        raise DamagedFile(f"The stored file {name} is damaged: it does not begin as a packed file does.")
    file.seek(-_TRAILER_BYTES, os.SEEK_END)
    trailer = file.read(_TRAILER_BYTES)
    crc32, size = int.from_bytes(trailer[:4], "little"), int.from_bytes(trailer[4:], "little")
    return Deflated(_HEADER_BYTES, stored_size - _HEADER_BYTES - _TRAILER_BYTES, crc32, size)


def descriptor_of(file: BinaryIO) -> int | None:
    """The descriptor whose bytes are the content, for the kernel to send; None when the content has to be unpacked."""
    return None if isinstance(file, PackedFile) else file.fileno()
