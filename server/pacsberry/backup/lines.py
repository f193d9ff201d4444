"""The lines of a backup's list: what was held, one JSON object a line.

    {"patient":{"id":"…","patient_id":"4711","name":"DOE^JOHN"}}   all below it is of this patient, until the next one
    {"study":{"id":"…","uid":"1.2…"}}
    {"series":{"id":"…"}}
    {"instance":{"id":"…","file":"00000003/….dcm","size":5,"crc32":7,"received_at":1764000000,"receipt":"DicomProtocol|…"}}
    {"attachment":{"level":"study","id":"…","number":1024,"revision":0,"file":"….bin","size":5,"crc32":7}}
    {"note":{…}}                                                    as archive/note.py writes it

`size` and `crc32` are of the content; "packed":[size, crc32] of a packed file as it lies.  A list may come from
anybody: reading believes nothing, and what it cannot use raises BadBackup.  Members it does not know are passed over.
"""

import json
import re
from dataclasses import dataclass
from typing import Any, Final, NoReturn

from pacsberry.archive.attachment_names import FIRST_USER_NUMBER, LAST_USER_NUMBER
from pacsberry.archive.forms import is_packed
from pacsberry.archive.note import LONGEST_LINE as _LONGEST_NOTE
from pacsberry.archive.note import BadNote, Note
from pacsberry.archive.receipts import receipt_of, receipt_text
from pacsberry.backup import layout
from pacsberry.errors import BadBackup
from pacsberry.model import ORTHANC_ID, Level

LONGEST_LINE: Final = _LONGEST_NOTE + 16  # bytes

_LEVELS: Final = {level.title.lower(): level for level in Level}
_MD5: Final = re.compile(r"([0-9a-f]{32})?")
_NOTE: Final = b'{"note":'
_LARGEST: Final = 2**53  # beyond it JSON's readers disagree
_LONGEST_TEXT: Final = 16384


@dataclass(frozen=True, slots=True)
class Stored:
    """One object in the target."""

    file: str  # bucket/uuid.suffix
    size: int  # bytes of the content
    crc32: int  # of the content
    stored_size: int  # bytes as it lies
    stored_crc32: int  # of the bytes as it lies


@dataclass(frozen=True, slots=True)
class PatientLine:
    """What follows is of this patient."""

    id: str  # Orthanc identifier
    patient_id: str
    name: str

    def to_line(self) -> str:
        """The line."""
        return _line("patient", {"id": self.id, "patient_id": self.patient_id, "name": self.name})


@dataclass(frozen=True, slots=True)
class StudyLine:
    """What follows is of this study."""

    id: str
    uid: str

    def to_line(self) -> str:
        """The line."""
        return _line("study", {"id": self.id, "uid": self.uid})


@dataclass(frozen=True, slots=True)
class SeriesLine:
    """What follows is of this series."""

    id: str

    def to_line(self) -> str:
        """The line."""
        return _line("series", {"id": self.id})


@dataclass(frozen=True, slots=True)
class InstanceLine:
    """An instance."""

    id: str
    stored: Stored
    received_at: int  # UTC seconds
    receipt: str  # receipts.receipt_text

    def to_line(self) -> str:
        """The line."""
        facts = {"id": self.id, **_stored_facts(self.stored), "received_at": self.received_at, "receipt": self.receipt}
        return _line("instance", facts)


@dataclass(frozen=True, slots=True)
class AttachmentLine:
    """What a user attached to a resource."""

    level: Level
    id: str  # of the resource
    number: int
    revision: int
    md5: str
    stored: Stored

    def to_line(self) -> str:
        """The line."""
        facts = {"level": self.level.title.lower(), "id": self.id, "number": self.number, "revision": self.revision}
        return _line("attachment", {**facts, "md5": self.md5, **_stored_facts(self.stored)})


@dataclass(frozen=True, slots=True)
class NoteLine:
    """What users said of a resource."""

    note: Note

    def to_line(self) -> str:
        """The line."""
        return f'{{"note":{self.note.to_line()}}}'


Line = PatientLine | StudyLine | SeriesLine | InstanceLine | AttachmentLine | NoteLine


def read_line(line: bytes) -> Line:
    """What a line says; BadBackup."""
    if line.startswith(_NOTE) and line.endswith(b"}"):
        try:
            return NoteLine(Note.of_line(line[len(_NOTE) : -1]))
        except BadNote as error:
            raise BadBackup(f"A note of the backup cannot be read: {error}") from error
    outer = parse_object(line)
    if len(outer) != 1:
        raise BadBackup(f"A line of the backup is of no known kind: {line[:80]!r}.")
    ((kind, facts),) = outer.items()
    if type(facts) is not dict:
        raise BadBackup(f"A line of the backup is of no known kind: {line[:80]!r}.")
    if kind == "patient":
        return PatientLine(_id(facts), text(facts, "patient_id"), text(facts, "name"))
    if kind == "study":
        return StudyLine(_id(facts), text(facts, "uid"))
    if kind == "series":
        return SeriesLine(_id(facts))
    if kind == "instance":
        # Only what a receipt can say goes on from here.
        receipt = receipt_text(receipt_of(text(facts, "receipt")))
        return InstanceLine(_id(facts), _stored(facts), whole(facts, "received_at", 2**40), receipt)
    if kind == "attachment":
        level = _LEVELS.get(text(facts, "level"))
        number = whole(facts, "number", LAST_USER_NUMBER)
        if level is None or number < FIRST_USER_NUMBER:
            raise BadBackup("An attachment of the backup is no user's.")
        md5 = text(facts, "md5", _MD5)
        return AttachmentLine(level, _id(facts), number, whole(facts, "revision"), md5, _stored(facts))
    raise BadBackup(f"A line of the backup is of no known kind: {line[:80]!r}.")


def parse_object(raw: bytes) -> dict[str, Any]:
    """A JSON object; BadBackup."""
    try:
        found = json.loads(raw, parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        raise BadBackup(f"The backup is damaged, what should be JSON is not: {error}.") from error
    if type(found) is not dict:
        raise BadBackup("The backup is damaged: a JSON object is expected.")
    return found


def whole(facts: dict[str, Any], name: str, limit: int = _LARGEST) -> int:
    """A whole number from 0 to `limit`; BadBackup."""
    number = facts.get(name)
    if type(number) is not int or not 0 <= number <= limit:
        raise BadBackup(f"The backup is damaged: {name} should be a whole number from 0 to {limit}.")
    return number


def text(facts: dict[str, Any], name: str, pattern: re.Pattern[str] | None = None) -> str:
    """A text of at most 16 KB; BadBackup."""
    found = facts.get(name)
    if type(found) is not str or len(found) > _LONGEST_TEXT or (pattern is not None and not pattern.fullmatch(found)):
        raise BadBackup(f"The backup is damaged: {name} is not as it should be.")
    try:
        found.encode()
    except UnicodeEncodeError as error:  # JSON can spell half a character
        raise BadBackup(f"The backup is damaged: {name} is no valid Unicode text.") from error
    return found


def _line(kind: str, facts: dict[str, object]) -> str:
    return json.dumps({kind: facts}, ensure_ascii=False, separators=(",", ":"))


def _id(facts: dict[str, Any]) -> str:
    return text(facts, "id", ORTHANC_ID)


def _stored_facts(stored: Stored) -> dict[str, object]:
    facts: dict[str, object] = {"file": stored.file, "size": stored.size, "crc32": stored.crc32}
    if is_packed(stored.file):
        facts["packed"] = [stored.stored_size, stored.stored_crc32]
    return facts


def _stored(facts: dict[str, Any]) -> Stored:
    file = text(facts, "file")
    if not layout.is_object(file):
        raise BadBackup(f"{file[:80]!r} is no name of an object in a backup.")
    size, crc32 = whole(facts, "size"), whole(facts, "crc32", 2**32 - 1)
    if not is_packed(file):
        return Stored(file, size, crc32, size, crc32)
    packed = facts.get("packed")
    if type(packed) is not list or len(packed) != 2:
        raise BadBackup("The backup is damaged: packed should hold two numbers.")
    as_it_lies = {"size of the packed file": packed[0], "crc32 of the packed file": packed[1]}
    stored_size = whole(as_it_lies, "size of the packed file")
    return Stored(file, size, crc32, stored_size, whole(as_it_lies, "crc32 of the packed file", 2**32 - 1))


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON")
