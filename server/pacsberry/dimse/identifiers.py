"""What a C-FIND, C-MOVE or C-GET asks (PS3.4 C.1.2, C.4): its level, its conditions, and what it wants to know.

Pure: bytes in, a question out.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from pacsberry.dicom.encoding import SPECIFIC_CHARACTER_SET, QueryElement, decode_identifier
from pacsberry.dicom.matching import Constraint, is_ignored
from pacsberry.dicom.names import STANDARD, TagDictionary
from pacsberry.dicom.values import BINARY_VRS
from pacsberry.errors import BadRequest
from pacsberry.model import Level

QUERY_RETRIEVE_LEVEL = 0x00080052
PATIENT_ID = 0x00100020
STUDY_UID = 0x0020000D
SERIES_UID = 0x0020000E
SOP_UID = 0x00080018
ACCESSION_NUMBER = 0x00080050
VITREA_CREATOR = 0x56530010  # its stations cannot bear it in answers

_MOST_ELEMENTS = 1000
_LEVELS = {
    "PATIENT": Level.PATIENT,
    "STUDY": Level.STUDY,
    "SERIES": Level.SERIES,
    "IMAGE": Level.INSTANCE,
    "INSTANCE": Level.INSTANCE,
}


@dataclass(frozen=True, slots=True)
class Question:
    """An identifier that was read, without its level, character set and group lengths."""

    level: Level | None  # None when QueryRetrieveLevel is missing
    elements: Mapping[int, QueryElement]

    def text(self, tag: int) -> str:
        """What is asked of one attribute; '' when nothing is."""
        element = self.elements.get(tag)
        return element.text.strip(" ") if element is not None else ""

    def constraints(self, *, case_sensitive_pn: bool) -> tuple[Constraint, ...]:
        """The conditions of all elements that have a value; a sequence is none."""
        return tuple(
            Constraint.parse(tag, element.vr, element.text, case_sensitive=element.vr != "PN" or case_sensitive_pn)
            for tag, element in self.elements.items()
            if element.text.strip(" ") and not is_ignored(tag)
        )

    @property
    def wanted(self) -> list[int]:
        """The attributes whose values the answers bring, ascending."""
        return sorted(
            tag
            for tag, element in self.elements.items()
            if not is_ignored(tag) and element.vr != "SQ" and element.vr not in BINARY_VRS
        )

    @property
    def echoed(self) -> dict[int, str]:
        """What the answers repeat as it was asked: private creators, and what has no text to bring."""
        wanted = set(self.wanted)
        return {
            tag: element.text if is_ignored(tag) and element.vr != "SQ" else ""
            for tag, element in self.elements.items()
            if tag not in wanted
        }

    @property
    def filled_sequences(self) -> list[int]:
        """Sequences that ask for something; it is ignored (PS3.4 C.2.2.2.6 belongs to worklists)."""
        return [tag for tag, element in self.elements.items() if any(element.items)]


def read_question(
    data: bytes, transfer_syntax_uid: str, default_encoding: str, dictionary: TagDictionary = STANDARD
) -> Question:
    """The question in an encoded identifier; UnreadableDicom, TooLarge, BadRequest."""
    elements = decode_identifier(data, transfer_syntax_uid, default_encoding=default_encoding, dictionary=dictionary)
    if len(elements) > _MOST_ELEMENTS:
        raise BadRequest(f"A query of {len(elements)} attributes is longer than {_MOST_ELEMENTS}.")
    level = elements.pop(QUERY_RETRIEVE_LEVEL, QueryElement("CS")).text.strip(" ")
    if level and level.upper() not in _LEVELS:
        raise BadRequest(f"{level!r} is no QueryRetrieveLevel; PATIENT, STUDY, SERIES and IMAGE are.")
    asked = {tag: element for tag, element in elements.items() if tag & 0xFFFF and tag != SPECIFIC_CHARACTER_SET}
    return Question(_LEVELS.get(level.upper()), asked)
