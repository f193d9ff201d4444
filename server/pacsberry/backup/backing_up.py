"""Makes one backup: walks through the archive, has everything copied that is missing, and writes down what is there.

What is deleted meanwhile is left out; what is packed or replaced meanwhile is taken as it is then.  A damaged file is
named and passed over, and the rest goes on.
"""

import zlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final, TypeVar

from pacsberry.archive.filestore import FileStore
from pacsberry.archive.holdings import Held, HeldAttachment, HeldInstance, Holdings
from pacsberry.archive.inventory import Entry
from pacsberry.archive.notes import all_notes
from pacsberry.archive.snapshots import Snapshots
from pacsberry.backup import layout
from pacsberry.backup.digests import DigestMap
from pacsberry.backup.lines import (
    AttachmentLine,
    InstanceLine,
    Line,
    NoteLine,
    PatientLine,
    SeriesLine,
    Stored,
    StudyLine,
)
from pacsberry.backup.manifest import MOST_FAILURES, ConfigurationCopy, Failure, Head, ListWriter
from pacsberry.backup.target import Target
from pacsberry.errors import DamagedFile, TargetFailed, UnknownResource
from pacsberry.model import Level

_TRIES: Final = 5  # for an object that is replaced or packed again and again while we look
_LONGEST_SHOWN: Final = 1024  # characters of a patient's name or number, which are there for people
_LONGEST_REASON: Final = 1000
_BAD_AT_ONCE: Final = 20  # objects that do not come back from the disk: it is failing, or smaller than it says
_LINES_WAITING: Final = 2000
_COUNTED: Final = {
    PatientLine: "patients",
    StudyLine: "studies",
    SeriesLine: "series",
    InstanceLine: "instances",
    AttachmentLine: "attachments",
    NoteLine: "notes",
}
_Found = TypeVar("_Found", HeldInstance, HeldAttachment)


@dataclass(frozen=True, slots=True)
class Copy:
    """A configuration file to put into a backup."""

    name: str  # layout.copy_name
    path: str  # where it is
    content: bytes
    is_blanked: bool


@dataclass(frozen=True, slots=True)
class About:
    """What a head says beside what was found."""

    program: str
    at: int  # UTC seconds
    server: str
    has_secrets: bool = False
    copies: tuple[Copy, ...] = ()
    left_out: tuple[str, ...] = ()


class BackupRun:
    """One backup.  Belongs to one thread."""

    def __init__(
        self, index: Snapshots, files: FileStore, target: Target, *, failed: Callable[[Failure], None]
    ) -> None:
        """`failed` is told of everything that cannot be saved."""
        self._index = index
        self._holdings = Holdings(index)
        self._files = files
        self._target = target
        self._largest = target.largest_file()
        self._failed = failed
        self._list = ListWriter(target.write_list)
        self._context: dict[Level, Line] = {}  # of the instance to come, as far as it is not written yet
        self._waiting: list[tuple[Line, Stored | None]] = []  # lines until their objects have been read back
        self._saved = DigestMap()  # the resources that are in the backup
        self._counts = dict.fromkeys(("patients", "studies", "series", "instances", "attachments", "notes"), 0)
        self._failures: list[Failure] = []
        self._failure_count = 0
        self._stored_bytes = 0

    def run(self, about: About) -> Head:
        """Do it; the head of the backup, which is complete now.  Raises TargetFailed, NoRoom."""
        for patient in self._holdings.patients():
            self._save_patient(patient)
        self._settle()
        for attachment in self._holdings.attachments():
            if attachment.entry.resource_id in self._saved:
                self._save_attachment(attachment)
        self._settle()
        with self._index.read() as connection:
            for note in all_notes(connection):
                if note.id in self._saved:  # the resource did not come too late for this backup
                    self._write(NoteLine(replace(note, attachments=())), None)
        self._list.finish()
        for copy in about.copies:
            self._target.add_copy(copy.name, copy.content)
        head = self._head(about)
        self._target.commit(head)
        return head

    def _save_patient(self, patient: Held) -> None:
        shown = [patient.tags.get(name, "")[:_LONGEST_SHOWN] for name in ("PatientID", "PatientName")]
        self._context[Level.PATIENT] = PatientLine(patient.id, *shown)
        for study in self._holdings.below(patient):
            self._context[Level.STUDY] = StudyLine(study.id, study.tags.get("StudyInstanceUID", "")[:_LONGEST_SHOWN])
            for series in self._holdings.below(study):
                self._context[Level.SERIES] = SeriesLine(series.id)
                for held in self._holdings.instances(series):
                    self._save_instance(held)

    def _save_instance(self, held: HeldInstance) -> None:
        saved = self._save(held, lambda one: self._holdings.instance(one.entry.resource_id))
        if saved is None:
            return
        now, stored = saved
        for level in sorted(self._context):
            self._wait(self._context[level], None)
        self._context.clear()
        self._wait(InstanceLine(now.entry.resource_id, stored, now.entry.received_at, now.receipt), stored)

    def _save_attachment(self, held: HeldAttachment) -> None:
        saved = self._save(held, lambda one: self._holdings.attachment(one.entry))
        if saved is not None:
            now, stored = saved
            entry = now.entry
            line = AttachmentLine(entry.level, entry.resource_id, entry.number, now.revision, entry.md5, stored)
            self._wait(line, stored)

    def _save(self, held: _Found, look_again: Callable[[_Found], _Found | None]) -> tuple[_Found, Stored] | None:
        """The object in the target, copied if need be, and what it is the object of by now; None when it cannot be."""
        for _ in range(_TRIES):
            entry = held.entry
            if not layout.is_object(entry.file):
                self._fail(entry, "this is no name of a file of the storage: the index is damaged")
                return None
            found = self._target.find(entry)
            if found is not None:
                return held, found
            if self._largest is not None and entry.bytes_on_card > self._largest:
                self._fail(entry, "the file system of the target takes no file so large (FAT32: less than 4 GB)")
                return None
            try:
                with self._files.open_stored(entry.file) as file:
                    return held, self._target.put(entry, file)
            except UnknownResource:
                reason = "its file is missing"
            except DamagedFile as error:
                reason = str(error)
            except PermissionError:
                raise  # none could be read; the command says which user may
            except OSError as error:
                reason = f"it cannot be opened: {error.strerror}"
            now = look_again(held)
            if now is None:  # deleted meanwhile
                return None
            if now.entry.file == entry.file:
                self._fail(entry, reason)
                return None
            held = now
        self._fail(held.entry, "it is changed faster than it can be read")
        return None

    def _wait(self, line: Line, stored: Stored | None) -> None:
        self._waiting.append((line, stored))
        if self._target.is_settling_due or len(self._waiting) >= _LINES_WAITING:
            self._settle()

    def _settle(self) -> None:
        """Write the lines of what came back from the disk as it should."""
        bad = self._target.settle()
        for line, stored in self._waiting:
            if stored is not None and stored.file in bad:
                self._note_failure(Failure(stored.file, "the target did not give back what was written to it"))
            else:
                self._write(line, stored)
        self._waiting.clear()
        if len(bad) >= _BAD_AT_ONCE:
            raise TargetFailed(
                f"The target does not give back what was written to it ({len(bad)} files at once): it is failing, or "
                "smaller than it says. Use another disk."
            )

    def _write(self, line: Line, stored: Stored | None) -> None:
        self._list.add(line)
        self._counts[_COUNTED[type(line)]] += 1
        if not isinstance(line, AttachmentLine | NoteLine):
            self._saved.add(line.id)
        if stored is not None:
            self._stored_bytes += stored.stored_size

    def _fail(self, entry: Entry, reason: str) -> None:
        what = f"{entry.level.title.lower()} {entry.resource_id}"
        self._note_failure(Failure(what, f"{entry.file}: {reason}"[:_LONGEST_REASON]))

    def _note_failure(self, failure: Failure) -> None:
        self._failure_count += 1
        if len(self._failures) < MOST_FAILURES:
            self._failures.append(failure)
        self._failed(failure)

    def _head(self, about: About) -> Head:
        copies = (
            ConfigurationCopy(copy.name, copy.path, len(copy.content), zlib.crc32(copy.content), copy.is_blanked)
            for copy in about.copies
        )
        return Head(
            name=self._target.name,
            program=about.program,
            at=about.at,
            server=about.server,
            has_secrets=about.has_secrets,
            counts=self._counts,
            stored_bytes=self._stored_bytes,
            list_size=self._list.size,
            list_sha256=self._list.sha256,
            configuration=tuple(copies),
            left_out=about.left_out,
            failures=tuple(self._failures),
            failure_count=self._failure_count,
        )
