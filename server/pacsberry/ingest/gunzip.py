"""Unpacks gzip files that a stranger has sent, as a stream (RFC 1952)."""

import zlib
from collections.abc import Iterator
from typing import BinaryIO, Final

from pacsberry.errors import UnreadableDicom
from pacsberry.ingest.zipped import inflate

GZIP: Final = b"\x1f\x8b"  # how such a file begins
_CHUNK: Final = 65536  # bytes


def gunzipped(file: BinaryIO) -> Iterator[bytes]:
    """The content of a gzip file, which may consist of several (2.2); UnreadableDicom when it is damaged."""
    inflater = zlib.decompressobj(31)
    begun = False
    while data := file.read(_CHUNK):
        while data:
            try:
                if inflater.eof:  # what follows is another one, or padding
                    data = data.lstrip(b"\0")
                    if not data:
                        break
                    inflater = zlib.decompressobj(31)
                yield from inflate(inflater, data)
            except zlib.error as error:
                raise UnreadableDicom("The gzip file is damaged.") from error
            begun = True
            data = inflater.unused_data
    if not begun or not inflater.eof:
        raise UnreadableDicom("The gzip file is cut short.")
