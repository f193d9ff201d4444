"""Opens the index at a start; one that is missing or damaged is made anew from the files, without asking anybody.

A classroom box has nobody who could.  The damaged index is kept aside, and the log and the status tell of it.
What only a rebuild needs is imported for it: a server that starts as always does without that memory.
"""

import logging
import sqlite3
import time
from pathlib import Path
from typing import Final

from pacsberry.archive.filestore import FileStore
from pacsberry.archive.index import Index
from pacsberry.archive.index_files import IndexFiles
from pacsberry.archive.notes import write_note
from pacsberry.archive.notes_file import NotesFile
from pacsberry.archive.notes_mirror import Mirrored
from pacsberry.archive.recovery import Recovery, recover
from pacsberry.archive.rows import fact
from pacsberry.archive.settings import ArchiveSettings
from pacsberry.errors import IndexDamaged

LOGGER = logging.getLogger("pacsberry.archive")

_SECONDS_BETWEEN_WORDS: Final = 10.0
_CHECKED_BYTES: Final = 2**28


def open_index(index: Index, path: Path, files: FileStore, settings: ArchiveSettings, now: int) -> Recovery:
    """Open, upgrade and recover the index at `path`; `files` is started.

    Raises NoRoom, OSError, IndexTooNew and StorageBusy.
    """
    reason = _why_anew(IndexFiles(path), files)
    if reason is None:
        try:
            return _open(index, path, files, settings, now)
        except IndexDamaged as error:
            index.close()
            reason = str(error)
    from pacsberry.archive.rebuilding import rebuild

    LOGGER.error("%s That is done now, from the files.", reason)
    rebuilt = rebuild(files, path, settings, reason=reason, now=now, progress=_Telling().tell)
    rebuilt.log()
    found = _open(index, path, files, settings, now)
    found.rebuilt = rebuilt
    return found


def _why_anew(ours: IndexFiles, files: FileStore) -> str | None:
    """Why the index has to be made anew, or None."""
    if ours.is_marked:
        return f"Damage was met in the index {ours.index}. It has to be made anew."
    if ours.is_missing and any(next(files.names_in(bucket), None) for bucket in files.bucket_numbers()):
        return f"There are files, and no index {ours.index}. It has to be made."
    return None


def _open(index: Index, path: Path, files: FileStore, settings: ArchiveSettings, now: int) -> Recovery:
    migrations = index.open()
    index.prepare(lambda connection: _check(connection, path))
    found = index.prepare(lambda connection: recover(connection, files, settings, now))
    index.prepare(lambda connection: _catch_up(connection, files))
    found.migrations = [] if 1 in migrations else migrations
    return found


def _check(connection: sqlite3.Connection, path: Path) -> None:
    """After a power cut, read the index through: IndexDamaged when SQLite finds it unsound.

    36 MB, 20 000 patients, take 0.1 s (x86-64); a larger index than what is read here tells when it is used.
    """
    if fact(connection, "clean") or not fact(connection, "starts") or path.stat().st_size > _CHECKED_BYTES:
        return
    ((found, *_), *_) = connection.execute("PRAGMA integrity_check(1)").fetchall()
    if found != "ok":
        raise IndexDamaged(f"The index {path} is damaged ({found}). It has to be made anew.")


def _catch_up(connection: sqlite3.Connection, files: FileStore) -> None:
    """Take notes from the file that the index has forgotten, as when its write-ahead log was lost.

    Whose facts wait to be written has later ones in the index.
    """
    file = NotesFile(files.storage)
    if not Mirrored.of(connection).is_behind(file.state()):
        return
    from pacsberry.archive.last_notes import last_notes

    waiting = set(connection.execute("SELECT level, id FROM notes_outbox"))
    connection.execute("BEGIN IMMEDIATE")
    try:
        for note in last_notes(file, connection):
            if (int(note.level), note.id) not in waiting:
                write_note(connection, files, note, replace=True)
        connection.execute("COMMIT")
    except BaseException:
        connection.execute("ROLLBACK")
        raise


class _Telling:
    """Says in the log how far it is, now and then."""

    def __init__(self) -> None:
        self._told = time.monotonic()

    def tell(self, files: int, done: int, total: int) -> None:
        """As rebuilding.Progress."""
        if time.monotonic() - self._told >= _SECONDS_BETWEEN_WORDS:
            self._told = time.monotonic()
            LOGGER.warning("The index is being made anew: %d files so far, %d %%.", files, 100 * done // (total or 1))
