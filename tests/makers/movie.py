"""A film that every browser plays, made without an encoder: H.264 whose macroblocks are plain samples, in an MP4 file.

movie([16, 235])                            two pictures, a black and a white one
"""

import struct
from collections.abc import Sequence
from typing import Final

WIDTH, HEIGHT = 64, 48  # pixels
PER_SECOND: Final = 5
_BLOCK: Final = 16  # pixels of a macroblock, a side
_SCALE: Final = 1000  # units of time in a second
_PLAIN: Final = 25  # mb_type I_PCM in a slice of type I (ITU-T H.264 table 7-11)
_MATRIX: Final = struct.pack(">9I", 0x10000, 0, 0, 0, 0x10000, 0, 0, 0, 0x40000000)


def movie(greys: Sequence[int]) -> bytes:
    """An MP4 file (ISO/IEC 14496-12) with a picture of each grey, 1 to 255."""
    frames = [_length_and(_picture(grey, number)) for number, grey in enumerate(greys)]
    head = _box("ftyp", b"isom" + bytes(4) + b"isomavc1")
    moov = _moov(frames, 0)
    return head + _moov(frames, len(head) + len(moov) + 8) + _box("mdat", *frames)


class _Bits:
    """Bits of a raw byte sequence payload, the highest first."""

    def __init__(self) -> None:
        self.text = ""

    def fixed(self, value: int, width: int) -> None:
        self.text += f"{value:0{width}b}"

    def golomb(self, *values: int) -> None:
        """Exponential Golomb codes (clause 9.1)."""
        for value in values:
            code = f"{value + 1:b}"
            self.text += "0" * (len(code) - 1) + code

    def align(self) -> None:
        self.text += "0" * (-len(self.text) % 8)

    def samples(self, values: bytes) -> None:
        self.text += "".join(f"{value:08b}" for value in values)

    def unit(self, header: int) -> bytes:
        """The unit of the network abstraction layer that they make, ended and escaped (clause 7.4.1)."""
        self.text += "1"
        self.align()
        out = bytearray([header])
        for value in int(self.text, 2).to_bytes(len(self.text) // 8, "big"):
            if value <= 3 and out[-2:] == b"\0\0":
                out.append(3)
            out.append(value)
        return bytes(out)


def _sequence() -> bytes:
    bits = _Bits()
    bits.samples(bytes([66, 0xC0, 10]))  # constrained baseline, level 1
    bits.golomb(0, 0, 2, 0)  # identifier, frame numbers of 4 bits, order as decoded, no references
    bits.fixed(0, 1)
    bits.golomb(WIDTH // _BLOCK - 1, HEIGHT // _BLOCK - 1)
    bits.fixed(0b1_1_0_0, 4)  # frames only, direct inference, not cropped, no usability information
    return bits.unit(0x67)


def _parameters() -> bytes:
    bits = _Bits()
    bits.golomb(0, 0)
    bits.fixed(0, 2)  # CAVLC, no order of fields
    bits.golomb(0, 0, 0)
    bits.fixed(0, 3)  # no weights
    bits.golomb(0, 0, 0)
    bits.fixed(0, 3)
    return bits.unit(0x68)


def _picture(grey: int, number: int) -> bytes:
    bits = _Bits()
    bits.golomb(0, 7, 0)  # first macroblock, slices of type I only, parameters
    bits.fixed(0, 4)
    bits.golomb(number % 2)  # tells neighbours apart
    bits.fixed(0, 2)
    bits.golomb(0)
    for _ in range(WIDTH * HEIGHT // _BLOCK**2):
        bits.golomb(_PLAIN)
        bits.align()
        bits.samples(bytes([grey]) * _BLOCK**2 + bytes([128]) * (_BLOCK**2 // 2))
    return bits.unit(0x65)


def _moov(frames: Sequence[bytes], offset: int) -> bytes:
    duration = len(frames) * _SCALE // PER_SECOND
    first, parameters = _sequence(), _parameters()
    config = bytes([1, *first[1:4], 0xFF, 0xE1]) + _short(first) + b"\x01" + _short(parameters)
    size = struct.pack(">HH", WIDTH, HEIGHT)
    entry = _box(
        "avc1",
        bytes(6) + struct.pack(">H", 1) + bytes(16) + size + _numbers(0x480000, 0x480000, 0),
        struct.pack(">H", 1) + bytes(32) + struct.pack(">Hh", 24, -1),
        _box("avcC", config),
    )
    table = _box(
        "stbl",
        _box("stsd", _numbers(0, 1), entry),
        _box("stts", _numbers(0, 1, len(frames), _SCALE // PER_SECOND)),
        _box("stsc", _numbers(0, 1, 1, len(frames), 1)),
        _box("stsz", _numbers(0, 0, len(frames), *map(len, frames))),
        _box("stco", _numbers(0, 1, offset)),
    )
    here = _box("dinf", _box("dref", _numbers(0, 1), _box("url ", _numbers(1))))
    media = _box(
        "mdia",
        _box("mdhd", _numbers(0, 0, 0, _SCALE, duration), b"\x55\xc4\0\0"),
        _box("hdlr", _numbers(0, 0), b"vide", bytes(13)),
        _box("minf", _box("vmhd", _numbers(1, 0, 0)), here, table),
    )
    shown = _numbers(3, 0, 0, 1, 0, duration, 0, 0, 0, 0) + _MATRIX + _numbers(WIDTH << 16, HEIGHT << 16)
    whole = _numbers(0, 0, 0, _SCALE, duration, 0x10000, 0x1000000, 0, 0) + _MATRIX + bytes(24) + _numbers(2)
    return _box("moov", _box("mvhd", whole), _box("trak", _box("tkhd", shown), media))


def _box(name: str, *parts: bytes) -> bytes:
    content = b"".join(parts)
    return struct.pack(">I4s", len(content) + 8, name.encode()) + content


def _numbers(*values: int) -> bytes:
    return struct.pack(f">{len(values)}I", *values)


def _short(unit: bytes) -> bytes:
    return struct.pack(">H", len(unit)) + unit


def _length_and(unit: bytes) -> bytes:
    return struct.pack(">I", len(unit)) + unit
