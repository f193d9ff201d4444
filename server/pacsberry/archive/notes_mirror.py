"""Mirrors what lives only in the index into the file notes.jsonl, so that a rebuild from the files has it again.

Triggers of the index (schema/0003_notes.sql) put into its outbox whose facts have changed.  The thread "notes" then:
1. writes the whole state of these resources as lines;
2. syncs the file;
3. takes them out of the outbox, and notes in the same transaction how the file lies now.
A plug pulled before 3 has the lines written again.  A file that does not lie as noted (torn, lost, edited on a PC,
brought from elsewhere) is written anew: the index is right as long as there is one.
"""

import logging
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final

from pacsberry.archive.chore import Chore
from pacsberry.archive.index import Index
from pacsberry.archive.note import Note
from pacsberry.archive.notes import all_notes, notes_of
from pacsberry.archive.notes_file import FileState, NotesFile
from pacsberry.archive.rows import fact, set_fact
from pacsberry.errors import PacsberryError
from pacsberry.model import Level

LOGGER = logging.getLogger("pacsberry.archive")

_GATHER_SECONDS: Final = 2.0  # a teacher who labels one study after the other costs one write, not one each
_RESOURCES_PER_ROUND: Final = 500
_STALE_BYTES: Final = 2**20  # the file may hold as much again as when it was written anew, and this much more


@dataclass(frozen=True, slots=True)
class Mirrored:
    """How the file lies, as the index knows it."""

    state: FileState | None
    whole_size: int  # bytes it had when it was last written anew

    @classmethod
    def of(cls, connection: sqlite3.Connection) -> "Mirrored":
        """As it was noted last."""
        modified_ns = fact(connection, "notes_modified")
        state = FileState(fact(connection, "notes_size"), modified_ns) if modified_ns else None
        return cls(state, fact(connection, "notes_whole_size"))

    def note(self, connection: sqlite3.Connection) -> None:
        """Note it inside the caller's transaction."""
        set_fact(connection, "notes_size", self.state.size if self.state else 0)
        set_fact(connection, "notes_modified", self.state.modified_ns if self.state else 0)
        set_fact(connection, "notes_whole_size", self.whole_size)

    @property
    def is_mostly_stale(self) -> bool:
        """Whether so much was appended that writing anew what counts takes less."""
        return self.state is not None and self.state.size > 2 * self.whole_size + _STALE_BYTES

    def is_behind(self, state: FileState | None) -> bool:
        """Whether the file holds more than was noted: the index is of an earlier moment, as after a lost -wal."""
        return (
            self.state is not None
            and state is not None
            and state.size >= self.state.size
            and state.modified_ns > self.state.modified_ns
        )


class NotesMirror:
    """Owner of the thread "notes" and of the file."""

    def __init__(self, storage: Path, index: Index) -> None:
        self._file = NotesFile(storage)
        self._index = index
        self._chore = Chore(
            "notes",
            self.flush,
            complaint="Labels and metadata are safe in the index, and cannot be written beside the files yet",
            gather_seconds=_GATHER_SECONDS,
        )

    def start(self) -> None:
        """Start the thread; it begins with what an earlier run left."""
        self._chore.start()

    def stop(self) -> None:
        """Stop the thread and write what is left, while the index still runs."""
        self._chore.stop()
        try:
            while self.flush():
                pass
        except (OSError, sqlite3.Error, PacsberryError) as error:
            LOGGER.error("Labels and metadata are written beside the files at the next start: %s", error)

    def wake(self) -> None:
        """The index has changed."""
        self._chore.wake()

    def flush(self) -> bool:
        """Write some of what is in the outbox; whether there is more.  Raises NoRoom, OSError, IndexDamaged."""
        with self._index.read_committed() as connection:
            mirrored = Mirrored.of(connection)
            is_ours = self._file.state() == mirrored.state
            changed = connection.execute(
                "SELECT seq, level, id FROM notes_outbox ORDER BY seq LIMIT ?", (_RESOURCES_PER_ROUND,)
            ).fetchall()
            if is_ours and not changed:
                return False
            if is_ours and mirrored.state is not None and not mirrored.is_mostly_stale:
                done = changed[-1][0]
                mirrored = Mirrored(self._file.append(_states(connection, changed)), mirrored.whole_size)
            else:
                (done,) = connection.execute("SELECT coalesce(max(seq), 0) FROM notes_outbox").fetchone()
                state = self._file.rewrite(all_notes(connection), keep_old=not is_ours)
                mirrored = Mirrored(state, state.size)
        self._index.write(partial(_settle, done, mirrored))
        return True


def _states(connection: sqlite3.Connection, changed: list[tuple[int, int, str]]) -> Iterator[Note]:
    for level, resource_id in dict.fromkeys((Level(row[1]), row[2]) for row in changed):
        yield from notes_of(connection, level, resource_id)


def _settle(done: int, mirrored: Mirrored, connection: sqlite3.Connection) -> None:
    connection.execute("DELETE FROM notes_outbox WHERE seq <= ?", (done,))
    mirrored.note(connection)
