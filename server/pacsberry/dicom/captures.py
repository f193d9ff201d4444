"""DICOM objects around what is no DICOM: pictures as Secondary Capture (PS3.3 A.8), PDF documents (PS3.3 A.45).

Nothing is made up: what nobody has told is written empty, as type 2 allows, and no date comes from the box's own clock.
"""

from dataclasses import dataclass
from struct import Struct
from typing import Final

from pacsberry.dicom.encoding import ElementLayout, Identifier, QueryElement, encode_elements, file_meta
from pacsberry.dicom.syntax import EXPLICIT_LITTLE
from pacsberry.dicom.uids import named_uid

JPEG_BASELINE: Final = "1.2.840.10008.1.2.4.50"
JPEG_LS: Final = "1.2.840.10008.1.2.4.80"

_SECONDARY_CAPTURE: Final = "1.2.840.10008.5.1.4.1.1.7"
_ENCAPSULATED_PDF: Final = "1.2.840.10008.5.1.4.1.1.104.1"
_DOCUMENT: Final = 0x00420011
_PIXEL_DATA: Final = 0x7FE00010
_ENCODING: Final = "Utf8"
_UNDEFINED: Final = 0xFFFFFFFF
_item: Final = Struct("<HHL")

# What both kinds have, empty where it is not known: patient, study, series, equipment.
_COMMON: Final[Identifier] = {
    0x00080005: QueryElement("CS", "ISO_IR 192"),
    0x00080030: QueryElement("TM"),
    0x00080050: QueryElement("SH"),
    0x00080064: QueryElement("CS", "WSD"),
    0x00080070: QueryElement("LO", "Pacsberry"),
    0x00080090: QueryElement("PN"),
    0x00100030: QueryElement("DA"),
    0x00100040: QueryElement("CS"),
    0x00200010: QueryElement("SH"),
}


@dataclass(frozen=True, slots=True)
class Caption:
    """What the teacher says about pictures and documents that belong together."""

    batch: str  # names what is uploaded together: one study
    patient: str  # a label for whom it is of: name and number
    title: str
    date: str  # YYYYMMDD; '' when it is not known

    def elements(self, sop_class_uid: str, digest: str, number: int) -> Identifier:
        """The elements that both kinds have; `digest` names the content, `number` its place."""
        study_uid = named_uid(f"capture|{self.batch}|{self.patient}")
        series_uid = named_uid(f"{study_uid}|{sop_class_uid}")
        return {
            **_COMMON,
            0x00080016: QueryElement("UI", sop_class_uid),
            0x00080018: QueryElement("UI", named_uid(f"{series_uid}|{digest}")),
            0x00080020: QueryElement("DA", self.date),
            0x00081030: QueryElement("LO", self.title),
            0x00100010: QueryElement("PN", self.patient),
            0x00100020: QueryElement("LO", self.patient),
            0x0020000D: QueryElement("UI", study_uid),
            0x0020000E: QueryElement("UI", series_uid),
            0x00200011: QueryElement("IS", "1" if sop_class_uid == _SECONDARY_CAPTURE else "2"),
            0x00200013: QueryElement("IS", str(number)),
        }


@dataclass(frozen=True, slots=True)
class Stream:
    """A picture of 8 bits a sample, compressed."""

    transfer_syntax_uid: str  # JPEG_BASELINE or JPEG_LS
    rows: int
    columns: int
    samples: int  # 1 or 3
    length: int  # bytes


def picture_around(caption: Caption, digest: str, number: int, stream: Stream) -> tuple[bytes, bytes]:
    """What stands before and behind the stream in the file of a Secondary Capture Image."""
    is_lossy = stream.transfer_syntax_uid == JPEG_BASELINE
    colours = "YBR_FULL_422" if is_lossy else "RGB"
    elements = caption.elements(_SECONDARY_CAPTURE, digest, number) | {
        0x00080008: QueryElement("CS", "DERIVED\\SECONDARY"),
        0x00080060: QueryElement("CS", "OT"),
        0x00200020: QueryElement("CS"),
        0x00280002: QueryElement("US", str(stream.samples)),
        0x00280004: QueryElement("CS", colours if stream.samples == 3 else "MONOCHROME2"),
        0x00280010: QueryElement("US", str(stream.rows)),
        0x00280011: QueryElement("US", str(stream.columns)),
        0x00280100: QueryElement("US", "8"),
        0x00280101: QueryElement("US", "8"),
        0x00280102: QueryElement("US", "7"),
        0x00280103: QueryElement("US", "0"),
    }
    if stream.samples == 3:
        elements[0x00280006] = QueryElement("US", "0")
    if is_lossy:
        ratio = stream.rows * stream.columns * stream.samples / stream.length
        elements[0x00282110] = QueryElement("CS", "01")
        elements[0x00282112] = QueryElement("DS", f"{ratio:.4g}")
        elements[0x00282114] = QueryElement("CS", "ISO_10918_1")
    padded = stream.length + stream.length % 2
    pixels = ElementLayout(stream.transfer_syntax_uid).start(_PIXEL_DATA, "OB", _UNDEFINED)
    fragments = _item.pack(0xFFFE, 0xE000, 0) + _item.pack(0xFFFE, 0xE000, padded)  # an empty table of offsets
    before = _file(_SECONDARY_CAPTURE, elements, stream.transfer_syntax_uid) + pixels + fragments
    return before, b"\0" * (stream.length % 2) + _item.pack(0xFFFE, 0xE0DD, 0)


def document_around(caption: Caption, digest: str, number: int, length: int) -> tuple[bytes, bytes]:
    """What stands before and behind a PDF of `length` bytes in the file of an Encapsulated PDF."""
    elements = caption.elements(_ENCAPSULATED_PDF, digest, number) | {
        0x00080023: QueryElement("DA"),
        0x0008002A: QueryElement("DT"),
        0x00080033: QueryElement("TM"),
        0x00080060: QueryElement("CS", "DOC"),
        0x00280301: QueryElement("CS", "YES"),  # nobody has looked yet
        0x0040A043: QueryElement("SQ"),
        0x00420010: QueryElement("ST", caption.title),
    }
    layout = ElementLayout(EXPLICIT_LITTLE)
    mark = layout.start(_DOCUMENT, "OB", length + length % 2)
    behind: Identifier = {
        0x00420012: QueryElement("LO", "application/pdf"),
        0x00420015: QueryElement("UL", str(length)),
    }
    tail = b"\0" * (length % 2) + encode_elements(behind, layout, _ENCODING)
    return _file(_ENCAPSULATED_PDF, elements, EXPLICIT_LITTLE) + mark, tail


def _file(sop_class_uid: str, elements: Identifier, transfer_syntax_uid: str) -> bytes:
    meta = file_meta(sop_class_uid, elements[0x00080018].text, transfer_syntax_uid)
    return meta + encode_elements(elements, ElementLayout(transfer_syntax_uid), _ENCODING)
