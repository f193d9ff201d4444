"""Writes a Part 10 file in Explicit VR Little Endian (PS3.10 7.1, PS3.5 7.1.2), no more than the demo needs."""

import struct
from collections.abc import Mapping

EXPLICIT_VR_LITTLE_ENDIAN = "1.2.840.10008.1.2.1"
_IMPLEMENTATION_UID = "2.25.181273095206338212371512498811573268337"
_LONG_FORM = ("OB", "OW", "SQ", "UN", "UT")  # PS3.5 table 7.1-1: those used here

# {tag: (VR, value)}: text for text, int for US, bytes for the rest; None is an empty value.
Elements = Mapping[int, tuple[str, str | int | bytes | None]]


def part10(elements: Elements) -> bytes:
    """The file: preamble, file meta information, data set. (0008,0016) and (0008,0018) have to be there."""
    meta: Elements = {
        0x00020001: ("OB", b"\x00\x01"),
        0x00020002: elements[0x00080016],
        0x00020003: elements[0x00080018],
        0x00020010: ("UI", EXPLICIT_VR_LITTLE_ENDIAN),
        0x00020012: ("UI", _IMPLEMENTATION_UID),
        0x00020013: ("SH", "PACSBERRY_DEMO"),
    }
    encoded = _encoded(meta)
    group_length = _element(0x00020000, "UL", struct.pack("<L", len(encoded)))
    return b"\0" * 128 + b"DICM" + group_length + encoded + _encoded(elements)


def _encoded(elements: Elements) -> bytes:
    return b"".join(_element(tag, vr, _value(vr, value)) for tag, (vr, value) in sorted(elements.items()))


def _value(vr: str, value: str | int | bytes | None) -> bytes:
    if isinstance(value, int):
        return struct.pack("<H", value)
    raw = value.encode("utf-8") if isinstance(value, str) else value or b""
    return raw + (b"\0" if vr in ("UI", "OB") else b" ") * (len(raw) % 2)


def _element(tag: int, vr: str, raw: bytes) -> bytes:
    head = struct.pack("<HH2s", tag >> 16, tag & 0xFFFF, vr.encode("ascii"))
    if vr in _LONG_FORM:
        return head + struct.pack("<HL", 0, len(raw)) + raw
    return head + struct.pack("<H", len(raw)) + raw
