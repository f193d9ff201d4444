"""What a rebuild asks of the index that it replaces, as far as that still answers."""

import contextlib
import logging
import sqlite3
from pathlib import Path

from pacsberry.archive.index_files import IndexFiles
from pacsberry.archive.migrations import check_version
from pacsberry.archive.notes import all_notes
from pacsberry.archive.notes_file import NotesFile
from pacsberry.archive.notes_mirror import Mirrored
from pacsberry.errors import IndexTooNew, IndexTooOld

LOGGER = logging.getLogger("pacsberry.archive")

_LOGS = ("changes", "exports")


def salvage(ours: IndexFiles, storage: Path, connection: sqlite3.Connection) -> None:
    """Take over from the old index, inside a transaction of the new one's `connection`:

    - files that were deleted and still lie there, so that they do not come back;
    - how far the change log had counted, so that no number is used twice;
    - notes that were not written beside the files yet, from an index that is sound: they go into notes.jsonl.
    """
    with contextlib.suppress(sqlite3.Error), ours.old() as old:
        if old is None:
            return
        for step in (_deleted_files, _counts):
            with contextlib.suppress(sqlite3.Error):
                step(old, connection)
        if _is_sound(old):
            _flush_notes(old, NotesFile(storage))


def _deleted_files(old: sqlite3.Connection, connection: sqlite3.Connection) -> None:
    for row in old.execute("SELECT file FROM garbage"):
        connection.execute("INSERT OR IGNORE INTO garbage VALUES (?)", row)


def _counts(old: sqlite3.Connection, connection: sqlite3.Connection) -> None:
    for log in _LOGS:
        for row in old.execute("SELECT name, seq FROM sqlite_sequence WHERE name = ?", (log,)):
            connection.execute("INSERT INTO sqlite_sequence (name, seq) VALUES (?, ?)", row)


def _is_sound(old: sqlite3.Connection) -> bool:
    try:
        check_version(old)
        return bool(old.execute("PRAGMA quick_check(1)").fetchone() == ("ok",))
    except (sqlite3.Error, IndexTooNew, IndexTooOld):
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
