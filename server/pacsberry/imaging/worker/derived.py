"""What the data set has to say of pixels that were encoded anew (PS3.3 C.7.6.1.1.5, C.7.6.3; PS3.5 8.2)."""

from typing import Final

from pacsberry.dicom.encoding import Identifier, QueryElement
from pacsberry.imaging.targets import LOSSY
from pacsberry.imaging.worker import encoders
from pacsberry.imaging.worker.header import Values
from pacsberry.imaging.worker.layout import Layout

IMAGE_TYPE: Final = 0x00080008
SOP_CLASS_UID: Final = 0x00080016
SOP_UID: Final = 0x00080018
_REFERENCED_CLASS, _REFERENCED_INSTANCE = 0x00081150, 0x00081155
_DERIVATION_DESCRIPTION, _SOURCE_IMAGES, _DERIVATION_CODES = 0x00082111, 0x00082112, 0x00089215
_PURPOSE: Final = 0x0040A170
_CODE, _SCHEME, _MEANING = 0x00080100, 0x00080102, 0x00080104
_PHOTOMETRIC, _PLANAR = 0x00280004, 0x00280006
_ALLOCATED, _STORED, _HIGH_BIT = 0x00280100, 0x00280101, 0x00280102
_SMALLEST, _LARGEST = 0x00280106, 0x00280107
_LOSSY, _RATIO, _METHOD = 0x00282110, 0x00282112, 0x00282114
_EXTENDED_OFFSETS, _EXTENDED_LENGTHS = 0x7FE00001, 0x7FE00002
_SIGNATURE_PARAMETERS, _SIGNATURES = 0x4FFE0001, 0xFFFAFFFA

# Syntaxes that always lose something; JPEG 2000 may or may not.
_ALWAYS_LOSSY: Final = frozenset(f"1.2.840.10008.1.2.4.{number}" for number in (*range(50, 57), 81))
_METHODS: Final = {
    encoders.JPEG_BASELINE: "ISO_10918_1",
    encoders.JPEG_EXTENDED: "ISO_10918_1",
    encoders.JPEG_LS_NEAR: "ISO_14495_1",
    encoders.JPEG_2000: "ISO_15444_1",
    encoders.HTJ2K: "ISO_15444_15",
}
_REVERSIBLE: Final = (encoders.JPEG_2000_LOSSLESS, encoders.HTJ2K_LOSSLESS, encoders.HTJ2K_RPCL)
_IRREVERSIBLE: Final = (encoders.JPEG_2000, encoders.HTJ2K)
_MOST_TEXT: Final = 1024  # characters of earlier ratios or methods that are kept

Changes = dict[int, QueryElement | None]


def of_pixels(
    header: Values, layout: Layout, source: str, target: str, *, is_rgb: bool, bits: tuple[int, int] | None
) -> Changes:
    """What says how the pixels lie now; `source`, `target`: transfer syntaxes.

    `is_rgb`: three samples are red, green and blue.  `bits`: allocated and stored ones where they are others now.
    """
    changes: Changes = {_EXTENDED_OFFSETS: None, _EXTENDED_LENGTHS: None}
    if layout.samples == 3:
        photometric = _photometric(layout.photometric_interpretation, target, is_rgb=is_rgb)
        changes[_PHOTOMETRIC] = QueryElement("CS", photometric)
        changes[_PLANAR] = QueryElement("US", "1" if target == encoders.RLE else "0")
    if bits is not None:
        allocated, stored = bits
        changes[_ALLOCATED] = QueryElement("US", str(allocated))
        changes[_STORED] = QueryElement("US", str(stored))
        changes[_HIGH_BIT] = QueryElement("US", str(stored - 1))
    if source in _ALWAYS_LOSSY and header.text(_LOSSY) != "01":
        changes[_LOSSY] = QueryElement("CS", "01")
    return changes


def of_loss(header: Values, target: str, *, sop_uid: str, ratio: float) -> Changes:
    """What makes another object of it: its own UID, and where it comes from.  `ratio`: bytes before by bytes after."""
    source: Identifier = {
        _REFERENCED_CLASS: QueryElement("UI", header.text(SOP_CLASS_UID)),
        _REFERENCED_INSTANCE: QueryElement("UI", header.text(SOP_UID)),
        _PURPOSE: _coded("121320", "Uncompressed predecessor"),
    }
    kinds = header.text(IMAGE_TYPE).split("\\")
    return {
        IMAGE_TYPE: QueryElement("CS", "\\".join(["DERIVED", *(kinds[1:] or ["PRIMARY"])])),
        SOP_UID: QueryElement("UI", sop_uid),
        _DERIVATION_DESCRIPTION: QueryElement("ST", f"Lossy compression {ratio:.2f}:1 by Pacsberry"),
        _SOURCE_IMAGES: QueryElement("SQ", items=(source,)),
        _DERIVATION_CODES: _coded("113040", "Lossy Compression"),
        _SMALLEST: None,
        _LARGEST: None,
        _LOSSY: QueryElement("CS", "01"),
        _RATIO: QueryElement("DS", _appended(header, _RATIO, f"{ratio:.4g}")),
        _METHOD: QueryElement("CS", _appended(header, _METHOD, _METHODS[target])),
        _SIGNATURE_PARAMETERS: None,
        _SIGNATURES: None,
    }


def _photometric(before: str, target: str, *, is_rgb: bool) -> str:
    if target in (encoders.JPEG_BASELINE, encoders.JPEG_EXTENDED):
        return "YBR_FULL_422"
    if not is_rgb:
        return "YBR_FULL" if before.startswith("YBR") else before
    if target in _REVERSIBLE:
        return "YBR_RCT"
    return "YBR_ICT" if target in _IRREVERSIBLE else "RGB"


def _coded(code: str, meaning: str) -> QueryElement:
    item = {_CODE: QueryElement("SH", code), _SCHEME: QueryElement("SH", "DCM"), _MEANING: QueryElement("LO", meaning)}
    return QueryElement("SQ", items=(item,))


def _appended(header: Values, tag: int, value: str) -> str:
    """One more value behind those of earlier steps."""
    before = header.text(tag)
    return f"{before}\\{value}" if before and len(before) <= _MOST_TEXT else value


def loses(target: str) -> bool:
    """Whether a transfer syntax makes another object of it."""
    return target in LOSSY
