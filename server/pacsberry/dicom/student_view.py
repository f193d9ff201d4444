"""Which tags students see: numbers, codes and classes that tell about the picture, nothing that tells about a person.

The other way round than PS3.15 Annex E, whose table E.1-1 lists what has to go: only what is certainly harmless is
shown, so that what a later standard adds, or a maker invents, stays hidden.  What a tag may hold is told by the
standard's VR of it, never by the one in the file, and the value has to look like it: a name in a field for numbers
stays hidden, too.
"""

import re
from typing import Final

from pacsberry.dicom.names import STANDARD

# Groups about how the picture was taken.  Not: odd ones, which are private; 0010 patient, 0012 trial, 0016 places,
# 0032, 0038 and 0040 visit and order.
_GROUPS: Final = frozenset((0x0008, 0x0018, 0x0020, 0x0022, 0x0028, 0x0048, 0x0054, 0x5200))
_NUMBERS: Final = frozenset(("US", "SS", "UL", "SL", "UV", "SV", "FL", "FD"))
_TEXT_OF_NUMBERS: Final = re.compile(r"[0-9+\-.eE\\ ]{0,1000}")
_CODES: Final = re.compile(r"[A-Z0-9_\\ ]{0,1000}")
_CLASS_UID: Final = "1.2.840.10008."
_TEXTS: Final = frozenset(
    (
        0x00080020,  # StudyDate, and the two descriptions: the list of studies has them
        0x00080070,  # Manufacturer
        0x00080100,  # CodeValue, and what belongs to it, in the sequences below
        0x00080102,
        0x00080104,
        0x00081030,  # StudyDescription
        0x0008103E,  # SeriesDescription
        0x00081090,  # ManufacturerModelName
        0x00180085,  # ImagedNucleus
        0x00181020,  # SoftwareVersions
        0x00181210,  # ConvolutionKernel
        0x00181250,  # ReceiveCoilName
        0x00181251,  # TransmitCoilName
        0x00281054,  # RescaleType
        0x00281055,  # WindowCenterWidthExplanation
    )
)
# Group 0008 has sequences that identify people, by codes, too: of it only those of anatomy and of derivation.
_SEQUENCES_OF_0008: Final = frozenset((0x00082218, 0x00082220, 0x00082228, 0x00082230, 0x00089215))


def shows_sequence(tag: int) -> bool:
    """Whether a student may look into a sequence; its elements are asked for one by one."""
    return tag in _SEQUENCES_OF_0008 if tag >> 16 == 0x0008 else _is_about_the_picture(tag)


def shows_value(tag: int, text: str) -> bool:
    """Whether a student sees a value, given as text."""
    if not _is_about_the_picture(tag):
        return False
    if tag in _TEXTS:
        return True
    vr = STANDARD.vr(tag)
    if vr in _NUMBERS or vr in ("DS", "IS"):
        return _TEXT_OF_NUMBERS.fullmatch(text) is not None
    if vr == "CS":
        return _CODES.fullmatch(text) is not None
    return vr == "UI" and all(uid.startswith(_CLASS_UID) for uid in text.split("\\"))


def _is_about_the_picture(tag: int) -> bool:
    return tag >> 16 in _GROUPS
