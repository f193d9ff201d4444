"""What a rebuild asks of the index that it replaces, as far as that still answers."""

import contextlib
import logging
import sqlite3
from pathlib import Path
from typing import Final

from pacsberry.archive.index_files import IndexFiles
from pacsberry.archive.migrations import check_version, is_intact
from pacsberry.archive.notes import all_notes
from pacsberry.archive.notes_file import NotesFile
from pacsberry.archive.notes_mirror import Mirrored
from pacsberry.errors import IndexTooNew, IndexTooOld

LOGGER = logging.getLogger("pacsberry.archive")

_LOGS: Final = ("changes", "exports")
_MOST: Final = 2**48  # changes that can have been; SQLite counts on to 2^63
_UNREADABLE: Final = (sqlite3.Error, UnicodeDecodeError)  # the latter from a message about a damaged name


def salvage(ours: IndexFiles, storage: Path, connection: sqlite3.Connection) -> None:
    """Take over from the old index, inside a transaction of the new one's `connection`:

    - how far the change log had counted, so that no number is used twice.
    From an index that is sound, for what a damaged one says could cost files:
    - files that were deleted and still lie there, so that they do not come back;
    - notes that were not written beside the files yet: they go into notes.jsonl.
    """
    with contextlib.suppress(*_UNREADABLE), ours.old() as old:
        if old is not None:
            _counts(old, connection)
            if _is_sound(old):
                _deleted_files(old, connection)
                _flush_notes(old, NotesFile(storage))


def _counts(old: sqlite3.Connection, connection: sqlite3.Connection) -> None:
    for log in _LOGS:
        for (number,) in old.execute("SELECT seq FROM sqlite_sequence WHERE name = ?", (log,)).fetchall():
            if type(number) is int and 0 <= number <= _MOST:
                connection.execute("INSERT INTO sqlite_sequence (name, seq) VALUES (?, ?)", (log, number))


def _deleted_files(old: sqlite3.Connection, connection: sqlite3.Connection) -> None:
    for row in old.execute("SELECT file FROM garbage"):
        connection.execute("INSERT OR IGNORE INTO garbage VALUES (?)", row)


def _is_sound(old: sqlite3.Connection) -> bool:
    try:
        check_version(old)
        return is_intact(old) and bool(old.execute("PRAGMA quick_check(1)").fetchone() == ("ok",))
    except (*_UNREADABLE, IndexTooNew, IndexTooOld):
        return False


def _flush_notes(old: sqlite3.Connection, file: NotesFile) -> None:
    """Write the notes anew when the index knows better; not when it has fallen behind what lies beside it."""
    mirrored, state = Mirrored.of(old), file.state()
    waits = old.execute("SELECT 1 FROM notes_outbox LIMIT 1").fetchone() is not None
    if mirrored.state == state:
        if waits:
            file.rewrite(all_notes(old), keep_old=False)
    elif not mirrored.is_behind(state):
        file.rewrite(all_notes(old), keep_old=True)
