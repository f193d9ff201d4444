"""Unpacks a packed tar as a stream, and stops when it becomes more than anybody packs honestly."""

import bz2
import lzma
from collections.abc import Callable, Iterator
from typing import BinaryIO, Final, Protocol

from pacsberry.errors import TooLarge, UnreadableDicom
from pacsberry.importing.items import CHUNK
from pacsberry.ingest.gunzip import GZIP, gunzipped

BZIP2: Final = b"BZh"
XZ: Final = b"\xfd7zXZ\x00"
ZSTANDARD: Final = b"\x28\xb5\x2f\xfd"
_GENEROUS_BYTES: Final = 256 * 2**20  # anything may unpack to so much in all
_HIGHEST_RATIO: Final = 200  # and beyond that to so many times what has been read; pixels hardly ever reach 20
_XZ_MEMORY: Final = 96 * 2**20  # bytes; `xz -9` makes files that need 65 MB to be unpacked


class _Decompressor(Protocol):
    """What bz2 and lzma have in common."""

    @property
    def eof(self) -> bool: ...
    @property
    def needs_input(self) -> bool: ...
    @property
    def unused_data(self) -> bytes: ...
    def decompress(self, data: bytes, max_length: int = -1) -> bytes: ...


def unpacked(file: BinaryIO) -> Iterator[bytes]:
    """The bytes of a file, unpacked when it is gzip, bzip2 or xz; UnreadableDicom, TooLarge."""
    head = file.read(len(XZ))
    file.seek(0)
    if head.startswith(GZIP):
        return _bounded(gunzipped(file), file)
    if head.startswith(BZIP2):
        return _bounded(_decompressed(file, bz2.BZ2Decompressor), file)
    if head.startswith(XZ):
        return _bounded(_decompressed(file, lambda: lzma.LZMADecompressor(memlimit=_XZ_MEMORY)), file)
    if head.startswith(ZSTANDARD):
        raise UnreadableDicom("Zstandard is not unpacked here; unpack it first: zstd -d FILE.")
    return iter(lambda: file.read(CHUNK), b"")


def is_packed(head: bytes) -> bool:
    """Whether a file that begins so is packed as a whole."""
    return head.startswith((GZIP, BZIP2, XZ, ZSTANDARD))


def _bounded(chunks: Iterator[bytes], file: BinaryIO) -> Iterator[bytes]:
    total = 0
    for chunk in chunks:
        total += len(chunk)
        if total > _GENEROUS_BYTES and total > _HIGHEST_RATIO * file.tell():
            raise TooLarge(f"The archive unpacks to more than {_HIGHEST_RATIO} times its size; it is not read further.")
        yield chunk


def _decompressed(file: BinaryIO, new: Callable[[], _Decompressor]) -> Iterator[bytes]:
    """What bzip2 or xz unpacks to; such a file may consist of several."""
    decompressor = new()
    data = b""
    while True:
        if decompressor.eof:
            data = decompressor.unused_data.lstrip(b"\0") or file.read(CHUNK).lstrip(b"\0")
            if not data:
                return
            decompressor = new()
        elif decompressor.needs_input:
            data = file.read(CHUNK)
            if not data:
                raise UnreadableDicom("The archive is cut short.")
        try:
            chunk = decompressor.decompress(data, CHUNK)
        except (OSError, EOFError, lzma.LZMAError) as error:
            raise UnreadableDicom(f"The archive is damaged ({error}).") from error
        data = b""
        if chunk:
            yield chunk
