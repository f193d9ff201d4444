"""The file <storage>/notes.jsonl: notes as lines, appended to and now and then written anew.  One thread at a time."""

import contextlib
import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from pacsberry.archive.groupsync import GroupSync
from pacsberry.archive.note import LONGEST_LINE, BadNote, Note
from pacsberry.archive.spool import no_room

NAME: Final = "notes.jsonl"
_WRITTEN_AT_ONCE: Final = 2**16  # bytes gathered before they are written


@dataclass(frozen=True, slots=True)
class FileState:
    """What tells whether the file is as we left it."""

    size: int  # bytes
    modified_ns: int


class NotesFile:
    """Reads and writes the file.  Errors of the file system are NoRoom when they are about space, else OSError."""

    def __init__(self, storage: Path) -> None:
        self.path = storage / NAME

    def state(self) -> FileState | None:
        """As it lies; None when it is not there."""
        try:
            facts = self.path.lstat()
        except FileNotFoundError:
            return None
        return FileState(facts.st_size, facts.st_mtime_ns)

    def append(self, notes: Iterable[Note]) -> FileState:
        """Add lines, durably; when that fails, the file is what it was."""
        try:
            descriptor = os.open(self.path, os.O_WRONLY | os.O_APPEND | os.O_NOFOLLOW | os.O_CLOEXEC)
            try:
                before = os.fstat(descriptor)
                try:
                    return _write(descriptor, notes)
                except BaseException:
                    with contextlib.suppress(OSError):
                        os.ftruncate(descriptor, before.st_size)
                        os.utime(descriptor, ns=(before.st_atime_ns, before.st_mtime_ns))
                    raise
            finally:
                os.close(descriptor)
        except OSError as error:
            raise no_room(error) from error

    def rewrite(self, notes: Iterable[Note], *, keep_old: bool) -> FileState:
        """Replace the whole file: 1. write a new one beside it; 2. sync it; 3. rename it; 4. sync the folder.

        `keep_old`: the one that was there becomes notes.jsonl.old, in place of an earlier one.
        """
        new = self.path.with_name(NAME + ".part")
        try:
            descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o640)
            try:
                state = _write(descriptor, notes)
            except BaseException:
                with contextlib.suppress(OSError):
                    new.unlink()
                raise
            finally:
                os.close(descriptor)
            if keep_old:
                with contextlib.suppress(FileNotFoundError):
                    self.path.rename(self.path.with_name(NAME + ".old"))
            new.rename(self.path)
            GroupSync(self.path.parent).after()
        except OSError as error:
            raise no_room(error) from error
        return state

    def read(self) -> Iterator[Note | BadNote]:
        """The notes of the file in their order, and for a line that is none, why; nothing when there is no file.

        Memory holds one line at a time, and of one that is too long only the first part.
        """
        if not self.path.is_file():
            return
        with self.path.open("rb") as file:
            while line := file.readline(LONGEST_LINE + 1):
                if len(line) > LONGEST_LINE and not line.endswith(b"\n"):
                    while (rest := file.readline(LONGEST_LINE)) and not rest.endswith(b"\n"):
                        pass
                try:
                    yield Note.of_line(line)
                except BadNote as error:
                    yield error


def _write(descriptor: int, notes: Iterable[Note]) -> FileState:
    lines: list[bytes] = []
    gathered = 0
    for note in notes:
        line = note.to_line().encode() + b"\n"
        lines.append(line)
        gathered += len(line)
        if gathered >= _WRITTEN_AT_ONCE:
            _write_all(descriptor, b"".join(lines))
            lines, gathered = [], 0
    _write_all(descriptor, b"".join(lines))
    os.fsync(descriptor)
    facts = os.fstat(descriptor)
    return FileState(facts.st_size, facts.st_mtime_ns)


def _write_all(descriptor: int, data: bytes) -> None:
    rest = memoryview(data)
    while rest:
        rest = rest[os.write(descriptor, rest) :]
