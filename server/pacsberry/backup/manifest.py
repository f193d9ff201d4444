"""A backup's two files: the head, which says what it is and makes it complete, and the list of what it holds.

The head is written last.  It names size and SHA-256 of the list, and its own; a backup whose head is missing or does
not fit was cut short or is damaged, and is passed over with a word of it.
"""

import hashlib
import json
import re
import time
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, BinaryIO, Final

from pacsberry.backup import layout
from pacsberry.backup.lines import LONGEST_LINE, Line, parse_object, read_line, text, whole
from pacsberry.errors import BadBackup
from pacsberry.ingest.zipped import inflate

VERSION: Final = 1
LARGEST_HEAD: Final = 4 * 2**20  # bytes
LARGEST_COPY: Final = 4 * 2**20  # bytes of a configuration file
MOST_FAILURES: Final = 1000  # named in the head; all are counted
_READ_BYTES: Final = 65536
_WRITE_BYTES: Final = 65536
_LEVEL: Final = 1  # of deflate: most of a list is digests, which nothing makes smaller
_SHA256: Final = re.compile(r"[0-9a-f]{64}")
_COUNTED: Final = ("patients", "studies", "series", "instances", "attachments", "notes")


@dataclass(frozen=True, slots=True)
class Failure:
    """Something that could not be saved, or not be restored."""

    what: str
    reason: str


@dataclass(frozen=True, slots=True)
class ConfigurationCopy:
    """One file of the configuration in a backup."""

    copy: str  # its name there: layout.copy_name
    path: str  # where it was
    size: int  # bytes of the copy
    crc32: int  # of the copy
    is_blanked: bool  # secrets, and comments, were taken out


@dataclass(frozen=True, slots=True)
class Head:
    """What a backup is."""

    name: layout.BackupName
    program: str  # version of Pacsberry that made it
    at: int  # UTC seconds of its begin
    server: str  # which box it is of: several may share a target
    has_secrets: bool
    counts: dict[str, int]
    stored_bytes: int  # of all its objects
    list_size: int  # bytes
    list_sha256: str
    configuration: tuple[ConfigurationCopy, ...] = ()
    left_out: tuple[str, ...] = ()  # files and settings without which the server is not as it was
    failures: tuple[Failure, ...] = ()
    failure_count: int = 0

    @property
    def date(self) -> str:
        """When it was begun, in UTC, as people and --backup write it."""
        return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(self.at))

    def to_bytes(self) -> bytes:
        """The file."""
        facts: dict[str, Any] = {
            "pacsberry-backup": VERSION,
            "program": self.program,
            "date": self.date,
            "at": self.at,
            "server": self.server,
            "counts": self.counts,
            "bytes": self.stored_bytes,
            "list": {"size": self.list_size, "sha256": self.list_sha256},
            "secrets": self.has_secrets,
            "configuration": [
                {"copy": one.copy, "path": one.path, "size": one.size, "crc32": one.crc32, "blanked": one.is_blanked}
                for one in self.configuration
            ],
            "left out": list(self.left_out),
            "not saved": [{"what": one.what, "reason": one.reason} for one in self.failures],
            "not saved count": self.failure_count,
        }
        facts["sha256"] = _own_digest(facts)
        return json.dumps(facts, indent=1).encode() + b"\n"

    @classmethod
    def of_bytes(cls, raw: bytes, name: layout.BackupName) -> "Head":
        """What a file says; BadBackup when it is cut short, damaged, or of a later version."""
        facts = parse_object(raw)
        version = whole(facts, "pacsberry-backup")
        if version != VERSION:
            raise BadBackup(
                f"The backup {name.text} has the form {version}; this Pacsberry knows form {VERSION}. Update it first."
            )
        if facts.pop("sha256", None) != _own_digest(facts):
            raise BadBackup(f"The backup {name.text} is damaged: its head does not fit its checksum.")
        counts, listed = _member(facts, "counts"), _member(facts, "list")
        return cls(
            name,
            program=text(facts, "program"),
            at=whole(facts, "at", 2**40),
            server=text(facts, "server"),
            has_secrets=facts.get("secrets") is True,
            counts={kind: whole(counts, kind) for kind in _COUNTED},
            stored_bytes=whole(facts, "bytes"),
            list_size=whole(listed, "size"),
            list_sha256=text(listed, "sha256", _SHA256),
            configuration=tuple(_copy(entry) for entry in _items(facts, "configuration")),
            left_out=tuple(_lines(facts, "left out")),
            failures=tuple(Failure(text(one, "what"), text(one, "reason")) for one in _items(facts, "not saved")),
            failure_count=whole(facts, "not saved count"),
        )


def _own_digest(facts: dict[str, Any]) -> str:
    return hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()


def _member(facts: dict[str, Any], name: str) -> dict[str, Any]:
    found = facts.get(name)
    if type(found) is not dict:
        raise BadBackup(f"The backup is damaged: {name} is not as it should be.")
    return found


def _items(facts: dict[str, Any], name: str) -> list[dict[str, Any]]:
    found = facts.get(name)
    if type(found) is not list or any(type(entry) is not dict for entry in found):
        raise BadBackup(f"The backup is damaged: {name} is not as it should be.")
    return found


def _lines(facts: dict[str, Any], name: str) -> Iterator[str]:
    found = facts.get(name)
    if type(found) is not list:
        raise BadBackup(f"The backup is damaged: {name} is not as it should be.")
    for entry in found:
        yield text({name: entry}, name)


def _copy(facts: dict[str, Any]) -> ConfigurationCopy:
    copy = text(facts, "copy")
    if not layout.is_copy(copy):
        raise BadBackup(f"{copy[:80]!r} is no name of a configuration file in a backup.")
    blanked = facts.get("blanked") is True
    return ConfigurationCopy(copy, text(facts, "path"), whole(facts, "size"), whole(facts, "crc32", 2**32 - 1), blanked)


@dataclass(slots=True)
class ListWriter:
    """Writes a list; belongs to one thread."""

    write: Callable[[bytes], object]
    size: int = 0  # bytes written, packed
    _packer: Any = field(default_factory=lambda: zlib.compressobj(_LEVEL, zlib.DEFLATED, 31))
    _digest: Any = field(default_factory=hashlib.sha256)
    _waiting: bytearray = field(default_factory=bytearray)

    def add(self, line: Line) -> None:
        """Write a line."""
        self._waiting += self._packer.compress(line.to_line().encode() + b"\n")
        if len(self._waiting) >= _WRITE_BYTES:
            self._flush()

    def finish(self) -> None:
        """Write what is left."""
        self._waiting += self._packer.flush()
        self._flush()

    @property
    def sha256(self) -> str:
        """Of all that was written."""
        return str(self._digest.hexdigest())

    def _flush(self) -> None:
        self.write(bytes(self._waiting))
        self._digest.update(self._waiting)
        self.size += len(self._waiting)
        self._waiting.clear()


def check_list(file: BinaryIO, head: Head) -> None:
    """BadBackup unless the list is the one that the head was written for."""
    digest, size = hashlib.sha256(), 0
    while piece := file.read(_READ_BYTES):
        digest.update(piece)
        size += len(piece)
    if (size, digest.hexdigest()) != (head.list_size, head.list_sha256):
        raise BadBackup(f"The backup {head.name.text} is damaged: its list does not fit its checksum.")


def read_list(file: BinaryIO) -> Iterator[Line]:
    """The lines of a list that `check_list` found whole; BadBackup all the same when it holds what it should not."""
    inflater = zlib.decompressobj(31)
    rest = b""
    while piece := file.read(_READ_BYTES):
        try:
            for content in inflate(inflater, piece):
                *whole_lines, rest = (rest + content).split(b"\n")
                for line in whole_lines:
                    yield read_line(line)
                if len(rest) > LONGEST_LINE:
                    raise BadBackup(f"The backup is damaged: a line of its list is over {LONGEST_LINE >> 20} MB.")
        except zlib.error as error:
            raise BadBackup("The backup is damaged: its list cannot be unpacked.") from error
    if rest or not inflater.eof:
        raise BadBackup("The backup is damaged: its list is cut short.")
