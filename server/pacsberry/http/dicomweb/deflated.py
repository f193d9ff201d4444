"""Joins texts that are packed already to one gzip answer, without unpacking them.

A packed text is a stretch of raw deflate that ends at a byte and is not the last (zlib's Z_FULL_FLUSH); such stretches
follow one another as they are, with short texts between them as stored blocks (RFC 1951 3.2.4).
"""

import struct
import zlib
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

_HEAD: Final = b"\x1f\x8b\x08\0\0\0\0\0\0\xff"  # RFC 1952 2.3: deflate, no name, no date
_POLYNOMIAL: Final = 0xEDB88320  # of CRC-32, bits reversed
_MOST_STORED: Final = 65535  # bytes of one stored block


@dataclass(frozen=True, slots=True)
class Packed:
    """A stretch of deflate, and what is known of its text."""

    data: bytes
    crc32: int
    length: int  # bytes of text


def plain(text: bytes, *, is_last: bool = False) -> Packed:
    """A short text that is not compressed."""
    if len(text) > _MOST_STORED:
        raise ValueError("too long for one block")
    head = struct.pack("<BHH", is_last, len(text), len(text) ^ 0xFFFF)
    return Packed(head + text, zlib.crc32(text), len(text))


def gzip_of(stretches: Iterable[Packed]) -> list[bytes]:
    """A gzip file in pieces; the last of the stretches is one made with `is_last`."""
    pieces, crc32, length = [_HEAD], 0, 0
    for stretch in stretches:
        pieces.append(stretch.data)
        crc32 = combined(crc32, stretch.crc32, stretch.length)
        length += stretch.length
    pieces.append(struct.pack("<II", crc32, length & 0xFFFFFFFF))
    return pieces


def combined(first: int, second: int, length: int) -> int:
    """The CRC-32 of two texts one behind the other, by theirs and the length of the second.

    The first is multiplied by x to the power of the bits that follow it, modulo the polynomial.
    """
    power, square = 1 << 31, 1 << 30  # 1 and x: the highest bit is the lowest power
    bits = length * 8
    while bits:
        if bits & 1:
            power = _product(square, power)
        square = _product(square, square)
        bits >>= 1
    return _product(power, first) ^ second


def _product(one: int, other: int) -> int:
    """Of two polynomials, modulo that of CRC-32."""
    result, mask = 0, 1 << 31
    while mask:
        if one & mask:
            result ^= other
        mask >>= 1
        other = (other >> 1) ^ _POLYNOMIAL if other & 1 else other >> 1
    return result
