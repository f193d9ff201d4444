"""The form of a prepared file: what was made, then facts about it, then a seal that tells a torn file from a whole one.

    content        as clients get it, so that the kernel can send it from the file's beginning
    facts          a JSON object
    seal           8 bytes PcbSeal1; lengths of content (8 bytes) and facts (4), CRC-32 of both (4); little endian

Prepared files are never synced: after a power cut any part of one may be missing, and then it is made again.
"""

import json
import os
import struct
import zlib
from collections.abc import Mapping
from typing import Any, BinaryIO, Final, NamedTuple

from pacsberry.errors import DamagedFile

_SEAL: Final = struct.Struct("<8sQII")
_MAGIC: Final = b"PcbSeal1"
_MOST_FACTS: Final = 2**20  # bytes
_READ_BYTES: Final = 2**18


class Seal(NamedTuple):
    """What the end of a prepared file says."""

    length: int  # bytes of content
    facts: Mapping[str, Any]


def seal(file: BinaryIO, facts: Mapping[str, Any]) -> int:
    """Put facts and seal behind the content of a file; returns the length of it all.  Raises OSError."""
    length = file.seek(0, os.SEEK_END)
    text = json.dumps(facts).encode()
    if len(text) > _MOST_FACTS:
        raise ValueError("too many facts")
    checksum = zlib.crc32(text, _checksum(file.fileno(), length))
    tail = text + _SEAL.pack(_MAGIC, length, len(text), checksum)
    file.seek(length)
    if file.write(tail) != len(tail):
        raise OSError("The facts of a prepared file could not be written.")
    return length + len(tail)


def read_seal(file: BinaryIO, *, verify: bool) -> Seal:
    """The end of an open file; DamagedFile when that is none.  `verify`: whether the content is what was sealed."""
    descriptor = file.fileno()
    size = os.fstat(descriptor).st_size
    tail = os.pread(descriptor, _SEAL.size, max(0, size - _SEAL.size))
    if len(tail) != _SEAL.size or not tail.startswith(_MAGIC):
        raise DamagedFile("A prepared file has no seal.")
    _, length, facts_length, checksum = _SEAL.unpack(tail)
    if length + facts_length + _SEAL.size != size or facts_length > _MOST_FACTS:
        raise DamagedFile("A prepared file has not the length it had.")
    text = os.pread(descriptor, facts_length, length)
    if verify and zlib.crc32(text, _checksum(descriptor, length)) != checksum:
        raise DamagedFile("A prepared file is not what it was.")
    try:
        facts = json.loads(text)
    except ValueError as error:
        raise DamagedFile("The facts of a prepared file cannot be read.") from error
    return Seal(length, facts)


def _checksum(descriptor: int, length: int) -> int:
    value, offset = 0, 0
    while offset < length:
        piece = os.pread(descriptor, min(_READ_BYTES, length - offset), offset)
        if not piece:
            raise DamagedFile("A prepared file is shorter than it was.")
        value = zlib.crc32(piece, value)
        offset += len(piece)
    return value
