"""A note: what users said of one resource, which no DICOM file holds, and the line of notes.jsonl that says it.

    {"v":1,"level":"study","id":"…","labels":["exam"],"metadata":{"1024":["text",0]},"protected":true,
     "attachments":[{"number":1024,"file":"00000000/….bin","size":9,"md5":"…","crc32":7,"revision":0}]}

A line holds the whole state of the resource: the last line wins, and one that says nothing takes back what was said
before.  A state too long for one line goes on in lines with "more":true.  The file may have been edited on any PC:
reading believes nothing, and what it cannot use raises BadNote.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, NoReturn

from pacsberry.archive import attachment_names, labels, metadata_names
from pacsberry.archive.forms import ATTACHED_NAME
from pacsberry.archive.metadata_names import SystemMetadata
from pacsberry.errors import PacsberryError
from pacsberry.model import ORTHANC_ID, Level

VERSION: Final = 1
LONGEST_LINE: Final = 8 * 2**20  # bytes; a metadata value of 1 MB may take six times its length as JSON

_ORIGINS: Final = frozenset((int(SystemMetadata.MODIFIED_FROM), int(SystemMetadata.ANONYMIZED_FROM)))
_LEVELS: Final = {level.title.lower(): level for level in Level}
_MD5: Final = re.compile(r"([0-9a-f]{32})?")
_LARGEST: Final = 2**53  # beyond it JSON's readers disagree
_MISSING: Final = object()


class BadNote(PacsberryError):
    """A line that is no note of a version we know."""


@dataclass(frozen=True, slots=True)
class NotedFile:
    """A user's attachment as its row has it."""

    number: int
    file: str  # for FileStore.open
    size: int  # bytes of the content
    md5: str  # hex of the content
    crc32: int | None  # of the content
    stored_size: int | None  # bytes on the card; None: as received
    revision: int


@dataclass(frozen=True, slots=True)
class Note:
    """The facts of one resource that live only in the index."""

    level: Level
    id: str  # Orthanc identifier
    labels: tuple[str, ...] = ()
    metadata: Mapping[int, tuple[str, int]] = field(default_factory=dict)  # number: value, revision
    protected: bool = False  # of a patient, study or series
    attachments: tuple[NotedFile, ...] = ()
    more: bool = False  # goes on where the note before it, of the same resource, ended

    @property
    def is_empty(self) -> bool:
        """Whether it says nothing: the resource is gone, or its facts are."""
        return not (self.labels or self.metadata or self.protected or self.attachments)

    def to_line(self) -> str:
        """One line of JSON without its end; what is empty is left out."""
        facts: dict[str, object] = {"v": VERSION, "level": self.level.title.lower(), "id": self.id}
        if self.more:
            facts["more"] = True
        if self.labels:
            facts["labels"] = list(self.labels)
        if self.metadata:
            facts["metadata"] = {str(number): list(value) for number, value in self.metadata.items()}
        if self.protected:
            facts["protected"] = True
        if self.attachments:
            facts["attachments"] = [_attachment_facts(attachment) for attachment in self.attachments]
        return json.dumps(facts, ensure_ascii=False, separators=(",", ":"))

    @classmethod
    def of_line(cls, line: str | bytes) -> "Note":
        """The note of a line; BadNote says what is wrong with it.  Members it does not know are passed over."""
        if len(line) > LONGEST_LINE:
            raise BadNote(f"The line is longer than {LONGEST_LINE // 2**20} MB.")
        try:
            facts = json.loads(line, parse_constant=_no_constant)
        except (ValueError, RecursionError) as error:
            raise BadNote(f"The line is no JSON: {error}.") from error
        if type(facts) is not dict:
            raise BadNote("The line is no JSON object.")
        if _whole(facts, "v") != VERSION:
            raise BadNote(f"Version {facts['v']} of notes is not known; this Pacsberry reads {VERSION}.")
        level = _LEVELS.get(_text(facts, "level"))
        if level is None:
            raise BadNote("level should be patient, study, series or instance.")
        protected = _truth(facts, "protected")
        if protected and level is Level.INSTANCE:
            raise BadNote("An instance cannot be protected.")
        return cls(
            level,
            _text(facts, "id", ORTHANC_ID),
            labels=_labels(_list(facts, "labels")),
            metadata=_metadata(_object(facts, "metadata")),
            protected=protected,
            attachments=tuple(_attachment(entry) for entry in _list(facts, "attachments")),
            more=_truth(facts, "more"),
        )


def is_noted(number: int) -> bool:
    """Whether metadata of this number belong into a note: users' own, and where a resource was made from."""
    return number in _ORIGINS or metadata_names.FIRST_USER_NUMBER <= number <= metadata_names.LAST_USER_NUMBER


def _attachment_facts(attachment: NotedFile) -> dict[str, object]:
    facts: dict[str, object] = {"number": attachment.number, "file": attachment.file, "size": attachment.size}
    if attachment.md5:
        facts["md5"] = attachment.md5
    if attachment.crc32 is not None:
        facts["crc32"] = attachment.crc32
    if attachment.stored_size is not None:
        facts["stored_size"] = attachment.stored_size
    facts["revision"] = attachment.revision
    return facts


def _attachment(facts: object) -> NotedFile:
    if type(facts) is not dict:
        raise BadNote("attachments should hold objects.")
    number = _whole(facts, "number")
    if not attachment_names.FIRST_USER_NUMBER <= number <= attachment_names.LAST_USER_NUMBER:
        raise BadNote(f"{number} is no number of a user's attachment.")
    return NotedFile(
        number=number,
        file=_text(facts, "file", ATTACHED_NAME),
        size=_whole(facts, "size"),
        md5=_text(facts, "md5", _MD5, default=""),
        crc32=_whole(facts, "crc32", limit=2**32 - 1) if "crc32" in facts else None,
        stored_size=_whole(facts, "stored_size") if "stored_size" in facts else None,
        revision=_whole(facts, "revision"),
    )


def _labels(found: list[Any]) -> tuple[str, ...]:
    for label in found:
        if type(label) is not str or not labels.is_label(label):
            raise BadNote("labels should hold words of A-Z, a-z, 0-9, hyphen and underscore.")
    return tuple(sorted(set(found)))


def _metadata(found: dict[str, Any]) -> dict[int, tuple[str, int]]:
    values = {}
    for name, entry in found.items():
        number = int(name) if name.isascii() and name.isdigit() and len(name) <= 5 else -1
        if not is_noted(number):
            raise BadNote(f"{name[:80]!r} is no number of a user's metadata.")
        if type(entry) is not list or len(entry) != 2:
            raise BadNote("metadata should hold pairs of value and revision.")
        pair = {"value": entry[0], "revision": entry[1]}
        values[number] = (_text(pair, "value"), _whole(pair, "revision"))
    return values


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON")


def _whole(facts: dict[str, Any], name: str, *, limit: int = _LARGEST) -> int:
    number = facts.get(name)
    if type(number) is not int or not 0 <= number <= limit:
        raise BadNote(f"{name} should be a whole number from 0.")
    return number


def _text(facts: dict[str, Any], name: str, pattern: re.Pattern[str] | None = None, default: object = _MISSING) -> str:
    text = facts.get(name, default)
    if type(text) is not str or (pattern is not None and not pattern.fullmatch(text)):
        raise BadNote(f"{name} is not as it should be.")
    try:
        text.encode()
    except UnicodeEncodeError as error:  # JSON can spell half a character
        raise BadNote(f"{name} is no valid Unicode text.") from error
    return text


def _truth(facts: dict[str, Any], name: str) -> bool:
    found = facts.get(name, False)
    if type(found) is not bool:
        raise BadNote(f"{name} should be true or false.")
    return found


def _list(facts: dict[str, Any], name: str) -> list[Any]:
    found = facts.get(name, [])
    if type(found) is not list:
        raise BadNote(f"{name} should be a list.")
    return found


def _object(facts: dict[str, Any], name: str) -> dict[str, Any]:
    found = facts.get(name, {})
    if type(found) is not dict:
        raise BadNote(f"{name} should be an object.")
    return found
