"""The UIDs the archive knows: transfer syntaxes and their groups, storage SOP classes; filters; new UIDs."""

import hashlib
import re
import uuid
from collections.abc import Iterable
from typing import Final

from pacsberry.dicom.matching import wildcard
from pacsberry.dicom.storage_classes import STORAGE_CLASSES

__all__ = [
    "IMPLEMENTATION_CLASS_UID",
    "IMPLEMENTATION_VERSION_NAME",
    "STORAGE_CLASSES",
    "TRANSFER_SYNTAXES",
    "TRANSFER_SYNTAX_GROUPS",
    "generate_uid",
    "is_uid",
    "matching_uids",
    "named_uid",
]

IMPLEMENTATION_CLASS_UID: Final = "2.25.157705408082115213158210423870848267177"
IMPLEMENTATION_VERSION_NAME: Final = "PACSBERRY_010"

# PS3.6 annex A, without what never lies in a file (SMPTE streams) and what nobody stores (XML, MIME).
TRANSFER_SYNTAXES: Final = {
    "1.2.840.10008.1.2": "Implicit VR Little Endian",
    "1.2.840.10008.1.2.1": "Explicit VR Little Endian",
    "1.2.840.10008.1.2.1.98": "Encapsulated Uncompressed Explicit VR Little Endian",
    "1.2.840.10008.1.2.1.99": "Deflated Explicit VR Little Endian",
    "1.2.840.10008.1.2.2": "Explicit VR Big Endian",
    "1.2.840.10008.1.2.4.50": "JPEG Baseline (Process 1)",
    "1.2.840.10008.1.2.4.51": "JPEG Extended (Process 2 and 4)",
    "1.2.840.10008.1.2.4.52": "JPEG Extended (Process 3 and 5)",
    "1.2.840.10008.1.2.4.53": "JPEG Spectral Selection, Non-Hierarchical (Process 6 and 8)",
    "1.2.840.10008.1.2.4.54": "JPEG Spectral Selection, Non-Hierarchical (Process 7 and 9)",
    "1.2.840.10008.1.2.4.55": "JPEG Full Progression, Non-Hierarchical (Process 10 and 12)",
    "1.2.840.10008.1.2.4.56": "JPEG Full Progression, Non-Hierarchical (Process 11 and 13)",
    "1.2.840.10008.1.2.4.57": "JPEG Lossless, Non-Hierarchical (Process 14)",
    "1.2.840.10008.1.2.4.58": "JPEG Lossless, Non-Hierarchical (Process 15)",
    "1.2.840.10008.1.2.4.59": "JPEG Extended, Hierarchical (Process 16 and 18)",
    "1.2.840.10008.1.2.4.60": "JPEG Extended, Hierarchical (Process 17 and 19)",
    "1.2.840.10008.1.2.4.61": "JPEG Spectral Selection, Hierarchical (Process 20 and 22)",
    "1.2.840.10008.1.2.4.62": "JPEG Spectral Selection, Hierarchical (Process 21 and 23)",
    "1.2.840.10008.1.2.4.63": "JPEG Full Progression, Hierarchical (Process 24 and 26)",
    "1.2.840.10008.1.2.4.64": "JPEG Full Progression, Hierarchical (Process 25 and 27)",
    "1.2.840.10008.1.2.4.65": "JPEG Lossless, Hierarchical (Process 28)",
    "1.2.840.10008.1.2.4.66": "JPEG Lossless, Hierarchical (Process 29)",
    "1.2.840.10008.1.2.4.70": "JPEG Lossless, First-Order Prediction (Process 14, Selection Value 1)",
    "1.2.840.10008.1.2.4.80": "JPEG-LS Lossless",
    "1.2.840.10008.1.2.4.81": "JPEG-LS Lossy (Near-Lossless)",
    "1.2.840.10008.1.2.4.90": "JPEG 2000 (Lossless Only)",
    "1.2.840.10008.1.2.4.91": "JPEG 2000",
    "1.2.840.10008.1.2.4.92": "JPEG 2000 Part 2 Multi-component (Lossless Only)",
    "1.2.840.10008.1.2.4.93": "JPEG 2000 Part 2 Multi-component",
    "1.2.840.10008.1.2.4.94": "JPIP Referenced",
    "1.2.840.10008.1.2.4.95": "JPIP Referenced Deflate",
    "1.2.840.10008.1.2.4.100": "MPEG2 Main Profile / Main Level",
    "1.2.840.10008.1.2.4.100.1": "Fragmentable MPEG2 Main Profile / Main Level",
    "1.2.840.10008.1.2.4.101": "MPEG2 Main Profile / High Level",
    "1.2.840.10008.1.2.4.101.1": "Fragmentable MPEG2 Main Profile / High Level",
    "1.2.840.10008.1.2.4.102": "MPEG-4 AVC/H.264 High Profile / Level 4.1",
    "1.2.840.10008.1.2.4.102.1": "Fragmentable MPEG-4 AVC/H.264 High Profile / Level 4.1",
    "1.2.840.10008.1.2.4.103": "MPEG-4 AVC/H.264 BD-compatible High Profile / Level 4.1",
    "1.2.840.10008.1.2.4.103.1": "Fragmentable MPEG-4 AVC/H.264 BD-compatible High Profile / Level 4.1",
    "1.2.840.10008.1.2.4.104": "MPEG-4 AVC/H.264 High Profile / Level 4.2 For 2D Video",
    "1.2.840.10008.1.2.4.104.1": "Fragmentable MPEG-4 AVC/H.264 High Profile / Level 4.2 For 2D Video",
    "1.2.840.10008.1.2.4.105": "MPEG-4 AVC/H.264 High Profile / Level 4.2 For 3D Video",
    "1.2.840.10008.1.2.4.105.1": "Fragmentable MPEG-4 AVC/H.264 High Profile / Level 4.2 For 3D Video",
    "1.2.840.10008.1.2.4.106": "MPEG-4 AVC/H.264 Stereo High Profile / Level 4.2",
    "1.2.840.10008.1.2.4.106.1": "Fragmentable MPEG-4 AVC/H.264 Stereo High Profile / Level 4.2",
    "1.2.840.10008.1.2.4.107": "HEVC/H.265 Main Profile / Level 5.1",
    "1.2.840.10008.1.2.4.108": "HEVC/H.265 Main 10 Profile / Level 5.1",
    "1.2.840.10008.1.2.4.110": "JPEG XL Lossless",
    "1.2.840.10008.1.2.4.111": "JPEG XL JPEG Recompression",
    "1.2.840.10008.1.2.4.112": "JPEG XL",
    "1.2.840.10008.1.2.4.201": "High-Throughput JPEG 2000 (Lossless Only)",
    "1.2.840.10008.1.2.4.202": "High-Throughput JPEG 2000 with RPCL Options (Lossless Only)",
    "1.2.840.10008.1.2.4.203": "High-Throughput JPEG 2000",
    "1.2.840.10008.1.2.4.204": "JPIP HTJ2K Referenced",
    "1.2.840.10008.1.2.4.205": "JPIP HTJ2K Referenced Deflate",
    "1.2.840.10008.1.2.5": "RLE Lossless",
    "1.2.840.10008.1.2.8.1": "Deflated Image Frame Compression",
}


def _between(first: int, last: int) -> frozenset[str]:
    """The known transfer syntaxes 1.2.840.10008.1.2.4.first … last, with their variants."""
    prefix = "1.2.840.10008.1.2.4."
    return frozenset(
        uid
        for uid in TRANSFER_SYNTAXES
        if uid.startswith(prefix) and first <= int(uid.removeprefix(prefix).partition(".")[0]) <= last
    )


# The nine switches `{name}TransferSyntaxAccepted` of Orthanc's configuration.
TRANSFER_SYNTAX_GROUPS: Final = {
    "Deflated": frozenset(("1.2.840.10008.1.2.1.99",)),
    "Jpeg": _between(50, 70),
    "JpegLossless": _between(80, 81),  # Orthanc's name for JPEG-LS
    "Jpeg2000": _between(90, 93),
    "Jpip": _between(94, 95),
    "Mpeg2": _between(100, 101),
    "Mpeg4": _between(102, 106),
    "H265": _between(107, 108),
    "Rle": frozenset(("1.2.840.10008.1.2.5",)),
}

_UID: Final = re.compile(r"[0-2](\.(0|[1-9][0-9]*))+")


def is_uid(text: str) -> bool:
    """Whether `text` is a UID as PS3.5 9.1 has it."""
    return len(text) <= 64 and _UID.fullmatch(text) is not None


def generate_uid() -> str:
    """A new UID below 2.25, made from a random UUID (PS3.5 B.2)."""
    return f"2.25.{uuid.uuid4().int}"


def named_uid(name: str) -> str:
    """The UID of a thing that has a name, below 2.25 (PS3.5 B.2): the same for the same name, so it is kept once."""
    number = int.from_bytes(hashlib.sha256(name.encode()).digest()[:16], "big")
    version, variant = 8 << 76, 2 << 62  # RFC 9562: made in a way of our own
    return f"2.25.{number & ~(15 << 76) & ~(3 << 62) | version | variant}"


def matching_uids(patterns: Iterable[str], known: Iterable[str]) -> frozenset[str]:
    """The UIDs that one of the patterns names: each known one that fits '*' and '?', each plain UID as it is."""
    chosen: set[str] = set()
    for pattern in patterns:
        if "*" in pattern or "?" in pattern:
            fits = wildcard(pattern).match
            chosen.update(uid for uid in known if fits(uid))
        else:
            chosen.add(pattern)
    return frozenset(chosen)
