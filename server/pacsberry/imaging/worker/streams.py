"""Reads the first marks of a compressed picture: which codec it needs, and what size it claims."""

import struct
from dataclasses import dataclass
from typing import Final

_JP2_BOX: Final = b"\0\0\0\x0cjP  "
_J2K_START: Final = b"\xff\x4f\xff\x51"  # start of codestream, then SIZ (ISO 15444-1 A.5.1)
_JPEG_START: Final = b"\xff\xd8"
_HIGH_THROUGHPUT: Final = 0x4000  # of Rsiz (ISO 15444-15)
_CODING_STYLE, _START_OF_TILE = 0x52, 0x90
_JPEG_LS_FRAME: Final = 0xF7
_LOSSLESS_FRAME: Final = 0xC3
_JPEG_FRAMES: Final = frozenset((0xC0, 0xC1, 0xC2, _LOSSLESS_FRAME, _JPEG_LS_FRAME))
_BARE_MARKERS: Final = frozenset((0x01, *range(0xD0, 0xD8)))  # without a length
_START_OF_SCAN: Final = 0xDA


@dataclass(frozen=True, slots=True)
class StreamFacts:
    """What a stream says of itself."""

    codec: str  # the module of imagecodecs that decodes it, without its underscore
    rows: int
    columns: int
    samples: int
    bits: int  # of a sample


@dataclass(frozen=True, slots=True)
class Jpeg(StreamFacts):
    """A stream of ISO 10918-1."""

    is_lossless: bool
    component_names: bytes
    is_jfif: bool
    adobe_transform: int | None  # of Adobe's mark: 0 as stored, 1 YCbCr; None without one


def read_stream(data: bytes) -> StreamFacts | None:
    """The facts; None when it is no stream that can be decoded."""
    try:
        if data.startswith(_JPEG_START):
            return _read_jpeg(data)
        if data.startswith(_J2K_START):
            return _read_j2k(data, 0)
        if data.startswith(_JP2_BOX):
            start = data.find(_J2K_START, 0, 65536)
            return _read_j2k(data, start) if start >= 0 else None
    except struct.error:  # it ends early
        pass
    return None


def _read_j2k(data: bytes, start: int) -> StreamFacts:
    capabilities, right, bottom, left, top = struct.unpack_from(">HLLLL", data, start + 6)
    components, depth = struct.unpack_from(">HB", data, start + 40)
    # OpenJPH is faster; in lossy images it goes beyond the range of values, where imagecodecs wraps: white is black.
    is_fast = capabilities & _HIGH_THROUGHPUT and _is_reversible(data, start)
    codec = "htj2k" if is_fast else "jpeg2k"
    return StreamFacts(codec, bottom - top, right - left, components, (depth & 0x7F) + 1)


def loses_nothing(data: bytes, facts: StreamFacts) -> bool:
    """Whether the stream gives back every bit that it was made of."""
    if isinstance(facts, Jpeg):
        return facts.is_lossless
    if facts.codec == "jpegls":
        scan = data.find(b"\xff\xda")  # ISO 14495-1 C.2.3: the error that is allowed stands behind the components
        return scan >= 0 and data[scan + 5 + 2 * data[scan + 4] :][:1] == b"\0"
    return _is_reversible(data, max(0, data.find(_J2K_START, 0, 65536)))


def _is_reversible(data: bytes, start: int) -> bool:
    """Whether the wavelet is the one that loses nothing (ISO 15444-1 A.6.1)."""
    place = start + 2
    while data[place : place + 1] == b"\xff" and data[place + 1] != _START_OF_TILE:
        if data[place + 1] == _CODING_STYLE:
            return data[place + 13 : place + 14] == b"\x01"
        place += 2 + struct.unpack_from(">H", data, place + 2)[0]
    return False


def _read_jpeg(data: bytes) -> StreamFacts | None:
    place = 2
    is_jfif, adobe_transform = False, None
    while place + 4 <= len(data):
        if data[place] != 0xFF:
            return None
        marker = data[place + 1]
        if marker == 0xFF or marker in _BARE_MARKERS:
            place += 1 if marker == 0xFF else 2
            continue
        (length,) = struct.unpack_from(">H", data, place + 2)
        content = place + 4
        if marker == 0xE0 and data.startswith(b"JFIF\0", content):
            is_jfif = True
        elif marker == 0xEE and data.startswith(b"Adobe", content) and length >= 14:
            adobe_transform = data[content + 11]
        elif marker in _JPEG_FRAMES:
            bits, rows, columns, samples = struct.unpack_from(">BHHB", data, content)
            if marker == _JPEG_LS_FRAME:
                return StreamFacts("jpegls", rows, columns, samples, bits)
            names = data[content + 6 : content + 6 + 3 * samples : 3]
            return Jpeg(
                "jpeg8", rows, columns, samples, bits, marker == _LOSSLESS_FRAME, names, is_jfif, adobe_transform
            )
        elif marker == _START_OF_SCAN:
            return None
        place = content - 2 + max(2, length)
    return None
