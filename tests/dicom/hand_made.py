"""DICOM bytes written by hand, for what a well-behaved library cannot be made to write."""

import struct

from pacsberry.dicom.elements import LONG_VRS, UNDEFINED

EXPLICIT = "1.2.840.10008.1.2.1"
IMPLICIT = "1.2.840.10008.1.2"
BIG_ENDIAN = "1.2.840.10008.1.2.2"
DEFLATED = "1.2.840.10008.1.2.1.99"
JPEG = "1.2.840.10008.1.2.4.50"
RLE = "1.2.840.10008.1.2.5"

ITEM_END = b"\xfe\xff\x0d\xe0\0\0\0\0"
SEQUENCE_END = b"\xfe\xff\xdd\xe0\0\0\0\0"


def element(tag: int, vr: str, value: bytes | str = b"", *, length: int | None = None) -> bytes:
    """An element in Explicit VR Little Endian; `length` in place of the true one."""
    raw = value.encode("latin-1") if isinstance(value, str) else value
    size = len(raw) if length is None else length
    start = struct.pack("<HH2s", tag >> 16, tag & 0xFFFF, vr.encode("latin-1"))
    if vr.encode("latin-1") in LONG_VRS:
        return start + struct.pack("<HL", 0, size) + raw
    return start + struct.pack("<H", size) + raw


def implicit(tag: int, value: bytes | str = b"", *, length: int | None = None) -> bytes:
    """An element in Implicit VR Little Endian."""
    raw = value.encode("latin-1") if isinstance(value, str) else value
    return struct.pack("<HHL", tag >> 16, tag & 0xFFFF, len(raw) if length is None else length) + raw


def big(tag: int, vr: str, value: bytes) -> bytes:
    """An element in Explicit VR Big Endian."""
    start = struct.pack(">HH2s", tag >> 16, tag & 0xFFFF, vr.encode())
    if vr.encode() in LONG_VRS:
        return start + struct.pack(">HL", 0, len(value)) + value
    return start + struct.pack(">H", len(value)) + value


def item(content: bytes = b"", *, length: int | None = None) -> bytes:
    """An item or fragment; UNDEFINED as `length` is closed with a delimiter."""
    size = len(content) if length is None else length
    return struct.pack("<HHL", 0xFFFE, 0xE000, size) + content + (ITEM_END if length == UNDEFINED else b"")


def open_sequence(tag: int, *items: bytes, vr: str = "SQ") -> bytes:
    """A sequence of undefined length."""
    return element(tag, vr, b"".join(items), length=UNDEFINED) + SEQUENCE_END


def identifiers(**values: str) -> dict[int, bytes]:
    """The elements no instance lacks, by tag; `values` replace 'sop_class', 'sop', 'patient', 'study' and 'series'."""
    of = {
        "sop_class": "1.2.840.10008.5.1.4.1.1.7",
        "sop": "1.2.5",
        "patient": "PID",
        "study": "1.2.3",
        "series": "1.2.4",
    }
    of |= values
    return {
        0x00080016: element(0x00080016, "UI", of["sop_class"]),
        0x00080018: element(0x00080018, "UI", of["sop"]),
        0x00100020: element(0x00100020, "LO", of["patient"]),
        0x0020000D: element(0x0020000D, "UI", of["study"]),
        0x0020000E: element(0x0020000E, "UI", of["series"]),
    }


def dataset(*elements: bytes) -> bytes:
    """The identifiers and `elements`, which replace those of their tag, in the order of tags."""
    by_tag = identifiers()
    for made in elements:
        group, number = struct.unpack_from("<HH", made)
        by_tag[group << 16 | number] = made
    return b"".join(by_tag[tag] for tag in sorted(by_tag))


def file_of(content: bytes, transfer_syntax: str = EXPLICIT) -> bytes:
    """A Part 10 file around a data set."""
    uid = transfer_syntax + "\0" * (len(transfer_syntax) % 2)
    meta = element(0x00020001, "OB", b"\0\1") + element(0x00020010, "UI", uid)
    return bytes(128) + b"DICM" + element(0x00020000, "UL", struct.pack("<L", len(meta))) + meta + content


def made(*elements: bytes) -> bytes:
    """A Part 10 file in Explicit VR Little Endian with the identifiers and `elements`."""
    return file_of(dataset(*elements))
