"""What the archive does first: find everything that was acknowledged, and nothing half-made.

1. What lies in the spool was never acknowledged: it is removed.
2. Files in the open buckets without an index entry were kept, and the plug was pulled before the index's commit: they
   are indexed now.  A file that is already indexed under another name is a duplicate and becomes garbage.
3. Entries of the open buckets whose file is missing or cut short (possible only without SyncStorageArea, or on a card
   that lies about syncing) are removed, and named in the log: what is served is whole.
"""

import logging
import sqlite3
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from pacsberry.archive.deletion import delete
from pacsberry.archive.filestore import FileStore
from pacsberry.archive.forms import is_instance
from pacsberry.archive.indexing import Indexer
from pacsberry.archive.rereading import kept_again
from pacsberry.archive.rows import BY_ID, fact, set_fact
from pacsberry.archive.settings import ArchiveSettings
from pacsberry.errors import DamagedFile, UnreadableDicom
from pacsberry.model import Level, OverwritePolicy

if TYPE_CHECKING:
    from pacsberry.archive.rebuild_report import Rebuilt

LOGGER = logging.getLogger("pacsberry.archive")

_RECENT_ROWS = 5000  # more than the open buckets hold; what they hold beyond it is looked up by its header


@dataclass(slots=True)
class Recovery:
    """What a start found; the log and the health page tell it."""

    was_clean: bool = True
    migrations: list[int] = field(default_factory=list)
    unfinished: int = 0  # spool files removed
    recovered: int = 0  # kept files that got their index entry now
    duplicates: int = 0  # kept twice: the copy goes
    lost: list[str] = field(default_factory=list)  # instance ids whose file is missing or cut short
    unreadable: list[str] = field(default_factory=list)  # files under a final name that are no DICOM
    rebuilt: "Rebuilt | None" = None  # the index was missing or damaged and was made anew first
    rebuilt_at: int = 0  # UTC seconds, of the last time it was made anew, at this start or another; 0: never

    def log(self) -> None:
        """Say it in the log."""
        if self.migrations:
            LOGGER.warning("The index was upgraded: steps %s.", ", ".join(map(str, self.migrations)))
        if self.was_clean and not (self.unfinished or self.recovered or self.lost or self.unreadable):
            return
        LOGGER.warning(
            "The last stop was %s: %d received files were unfinished and removed, %d kept instances were found without "
            "an index entry and recovered, %d duplicates dropped, %d entries had lost their file.",
            "clean" if self.was_clean else "unclean (power cut or kill)",
            self.unfinished,
            self.recovered,
            self.duplicates,
            len(self.lost),
        )
        for instance_id in self.lost:
            LOGGER.error("Instance %s is lost: its file is missing or cut short.", instance_id)
        for name in self.unreadable:
            LOGGER.error("The stored file %s is not readable as DICOM; it stays, outside the index.", name)


def recover(connection: sqlite3.Connection, files: FileStore, settings: ArchiveSettings, now: int) -> Recovery:
    """Bring files and index together; runs before any other thread, in transactions of its own."""
    found = Recovery(was_clean=bool(fact(connection, "clean")) or fact(connection, "instances") == 0)
    found.unfinished = files.remove_unfinished()
    found.rebuilt_at = fact(connection, "rebuilt_at")
    first = fact(connection, "open_bucket")
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("BEGIN IMMEDIATE")
    try:
        if not found.was_clean:
            _remove_lost(connection, files, first, now, found)
        _index_found(connection, files, settings, first, found)
        set_fact(connection, "open_bucket", files.first_open_bucket())
        set_fact(connection, "clean", 0)
        set_fact(connection, "starts", fact(connection, "starts") + 1)
        connection.execute("COMMIT")
    except BaseException:
        connection.execute("ROLLBACK")
        raise
    return found


def note_clean_stop(connection: sqlite3.Connection, files: FileStore) -> None:
    """Everything kept is in the index, and the process is about to end."""
    set_fact(connection, "open_bucket", files.first_open_bucket())
    set_fact(connection, "clean", 1)


def _remove_lost(connection: sqlite3.Connection, files: FileStore, first: int, now: int, found: Recovery) -> None:
    recent = connection.execute(
        "SELECT id, file, coalesce(stored_size, size) FROM instances ORDER BY key DESC LIMIT ?", (_RECENT_ROWS,)
    ).fetchall()
    for instance_id, name, size in recent:
        if int(name[:8]) < first:
            continue
        path = files.path(name)
        if not path.exists() or path.stat().st_size != size:
            delete(connection, Level.INSTANCE, instance_id, now)
            found.lost.append(instance_id)


def _index_found(
    connection: sqlite3.Connection, files: FileStore, settings: ArchiveSettings, first: int, found: Recovery
) -> None:
    known = {
        row[0] for row in connection.execute("SELECT file FROM instances ORDER BY key DESC LIMIT ?", (_RECENT_ROWS,))
    }
    known.update(row[0] for row in connection.execute("SELECT file FROM garbage"))
    known.update(row[0] for row in connection.execute("SELECT file FROM attachments"))
    indexer = Indexer()
    for bucket in files.bucket_numbers():
        if bucket < first:
            continue
        unknown = [name for name in files.names_in(bucket) if name not in known]
        # Of several versions of one instance the last is valid (keeping.py dates it so).
        for name in sorted(unknown, key=lambda name: files.path(name).stat().st_mtime_ns):
            _index_one(connection, files, settings, indexer, name, found)


def _index_one(
    connection: sqlite3.Connection,
    files: FileStore,
    settings: ArchiveSettings,
    indexer: Indexer,
    name: str,
    found: Recovery,
) -> None:
    if not is_instance(name):
        if fact(connection, "starts"):  # in a new index every attachment is unknown: those files stay
            connection.execute("INSERT OR IGNORE INTO garbage VALUES (?)", (name,))  # nobody was told of this one
        return
    try:
        kept = kept_again(files, settings, name)
    except (UnreadableDicom, DamagedFile) as error:
        LOGGER.error("%s: %s", name, error)
        found.unreadable.append(name)
        return
    row = connection.execute(
        f"SELECT file, size, crc32 FROM instances WHERE {BY_ID}", (kept.header.identifiers.orthanc_id(Level.INSTANCE),)
    ).fetchone()
    if row is not None and row[0] == name:
        return
    stale = (
        row is not None
        and (
            not files.exists(row[0])
            # The same content is the same version: left of a change of its form (repacking.py), or sent twice.
            or (settings.overwrite is not OverwritePolicy.NEVER and row[1:] != (kept.size, kept.crc32))
        )
    )
    indexer.insert(connection, [replace(kept, replaces=stale)])
    if row is not None and not stale:
        found.duplicates += 1
    else:
        found.recovered += 1
