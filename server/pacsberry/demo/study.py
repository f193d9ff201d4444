"""The data sets around the phantom's pixels: one patient, one study, a CT series and a radiograph (PS3.3 A.2, A.3)."""

import hashlib
from collections.abc import Iterator

from pacsberry.demo import phantom
from pacsberry.demo.part10 import Elements, part10

PATIENT_ID = "PACSBERRY-DEMO"
_CT_IMAGE_STORAGE = "1.2.840.10008.5.1.4.1.1.2"
_CR_IMAGE_STORAGE = "1.2.840.10008.5.1.4.1.1.1"


def _uid(name: str) -> str:
    digest = hashlib.sha256(f"pacsberry demo {name}".encode()).digest()
    return f"2.25.{int.from_bytes(digest[:16], 'big')}"  # PS3.5 B.2


STUDY_UID = _uid("study")

_STUDY: Elements = {
    0x00080005: ("CS", "ISO_IR 192"),
    0x00080020: ("DA", "20260105"),
    0x00080030: ("TM", "101500"),
    0x00080050: ("SH", "DEMO-1"),
    0x00080070: ("LO", "Pacsberry"),
    0x00080090: ("PN", None),
    0x00081030: ("LO", "Synthetic chest, nobody's images"),
    0x00100010: ("PN", "Demo^Chest"),
    0x00100020: ("LO", PATIENT_ID),
    0x00100030: ("DA", None),
    0x00100040: ("CS", "O"),
    0x00180015: ("CS", "CHEST"),
    0x0020000D: ("UI", STUDY_UID),
    0x00200010: ("SH", "1"),
    0x00280002: ("US", 1),
    0x00280004: ("CS", "MONOCHROME2"),
    0x00280100: ("US", 16),
    0x00280101: ("US", 12),
    0x00280102: ("US", 11),
    0x00280103: ("US", 0),
}


def demo_files() -> Iterator[bytes]:
    """The Part 10 files, about 33 KB each: twelve CT slices, feet to head, then the radiograph."""
    for index, pixels in enumerate(phantom.ct_slices()):
        yield part10(_ct(index, pixels))
    yield part10(_cr(phantom.radiograph()))


def _ct(index: int, pixels: bytes) -> Elements:
    corner = -(phantom.CT_SIZE - 1) / 2 * phantom.CT_SPACING
    z = phantom.slice_z(index)
    return {
        **_STUDY,
        0x00080008: ("CS", "ORIGINAL\\PRIMARY\\AXIAL"),
        0x00080016: ("UI", _CT_IMAGE_STORAGE),
        0x00080018: ("UI", _uid(f"ct {index + 1}")),
        0x00080021: ("DA", "20260105"),
        0x00080031: ("TM", "101600"),
        0x00080060: ("CS", "CT"),
        0x0008103E: ("LO", "CT chest"),
        0x00180050: ("DS", f"{phantom.CT_SLICE_SPACING:g}"),
        0x00180060: ("DS", "120"),
        0x00185100: ("CS", "HFS"),
        0x0020000E: ("UI", _uid("ct")),
        0x00200011: ("IS", "1"),
        0x00200012: ("IS", "1"),
        0x00200013: ("IS", str(index + 1)),
        0x00200032: ("DS", f"{corner:g}\\{corner:g}\\{z:g}"),
        0x00200037: ("DS", "1\\0\\0\\0\\1\\0"),
        0x00200052: ("UI", _uid("frame of reference")),
        0x00201040: ("LO", None),
        0x00201041: ("DS", f"{z:g}"),
        0x00280010: ("US", phantom.CT_SIZE),
        0x00280011: ("US", phantom.CT_SIZE),
        0x00280030: ("DS", f"{phantom.CT_SPACING:g}\\{phantom.CT_SPACING:g}"),
        0x00281050: ("DS", "40\\-600"),
        0x00281051: ("DS", "400\\1500"),
        0x00281052: ("DS", str(phantom.CT_INTERCEPT)),
        0x00281053: ("DS", "1"),
        0x00281054: ("LO", "HU"),
        0x00281055: ("LO", "Soft tissue\\Lung"),
        0x7FE00010: ("OW", pixels),
    }


def _cr(pixels: bytes) -> Elements:
    return {
        **_STUDY,
        0x00080008: ("CS", "ORIGINAL\\PRIMARY"),
        0x00080016: ("UI", _CR_IMAGE_STORAGE),
        0x00080018: ("UI", _uid("cr 1")),
        0x00080021: ("DA", "20260105"),
        0x00080031: ("TM", "101500"),
        0x00080060: ("CS", "CR"),
        0x0008103E: ("LO", "Chest from the front"),
        0x00185101: ("CS", "AP"),
        0x0020000E: ("UI", _uid("cr")),
        0x00200011: ("IS", "2"),
        0x00200013: ("IS", "1"),
        0x00200020: ("CS", "L\\F"),
        0x00280010: ("US", phantom.CR_ROWS),
        0x00280011: ("US", phantom.CR_COLUMNS),
        0x00280030: ("DS", f"{phantom.CR_SPACING:g}\\{phantom.CR_SPACING:g}"),
        0x00281050: ("DS", str(phantom.CR_WHITEST // 2 + 1)),
        0x00281051: ("DS", str(phantom.CR_WHITEST + 1)),
        0x7FE00010: ("OW", pixels),
    }
