"""Brings index and files together again, one found problem at a time; see consistency.py for the questions.

Every act is one synced transaction.  Nothing here removes a file: what leaves the index is moved aside by the caller
(upkeep), or becomes garbage that the remover takes away.
"""

import sqlite3
from collections.abc import Callable, Iterable
from functools import partial

from pacsberry.archive.consistency import (
    BROKEN_INSTANCES,
    BROKEN_PARENTS,
    EMPTY_PARENTS,
    orphan_facts,
    wrong_counters,
)
from pacsberry.archive.deletion import Deletion, delete
from pacsberry.archive.filestore import FileStore
from pacsberry.archive.index import Index
from pacsberry.archive.indexing import Indexer
from pacsberry.archive.inventory import Entry
from pacsberry.archive.rereading import kept_again
from pacsberry.archive.rows import log_change, set_fact
from pacsberry.archive.settings import ArchiveSettings
from pacsberry.model import Clock, Level


class Mending:
    """Writes what puts the index right; thread-safe."""

    def __init__(
        self,
        index: Index,
        files: FileStore,
        *,
        settings: ArchiveSettings,
        clock: Clock,
        on_deleted: Callable[[Deletion], None],
    ) -> None:
        """`on_deleted` is told when resources have left the index."""
        self._index = index
        self._files = files
        self._settings = settings
        self._clock = clock
        self._on_deleted = on_deleted

    def withdraw(self, entry: Entry) -> bool:
        """Take a file out of the index as if it were deleted, and leave it where it is.

        False when the index has another file for that resource by now, or none.
        """
        deletion = self._index.write(partial(_withdraw, entry, int(self._clock.now())))
        if deletion is None:
            return False
        self._on_deleted(deletion)
        return True

    def adopt(self, file: str) -> bool:
        """Index a file that lies in its bucket; False when its instance has another file meanwhile.

        Raises UnreadableDicom, DamagedFile, UnknownResource and OSError.
        """
        kept = kept_again(self._files, self._settings, file)
        return not self._index.write(lambda connection: Indexer().insert(connection, [kept])).garbage

    def drop_broken(self) -> None:
        """Forget instances, series and studies that hang in the air; the instances' files stay, to be adopted."""

        def act(connection: sqlite3.Connection) -> None:
            connection.execute(f"DELETE FROM instances WHERE key IN (SELECT instances.key {BROKEN_INSTANCES})")
            for level, condition in BROKEN_PARENTS.items():
                connection.execute(f"DELETE FROM {level.plural} WHERE {condition}")

        self._index.write(act)

    def drop_empty(self) -> list[str]:
        """Forget parents without a child, and metadata, labels and attachments of nothing; returns the attached files.

        For after everything that can be adopted has been.
        """

        def act(connection: sqlite3.Connection) -> list[str]:
            for level, condition in EMPTY_PARENTS.items():
                connection.execute(f"DELETE FROM {level.plural} WHERE {condition}")
            conditions = [*map(orphan_facts, Level), "level NOT IN (0, 1, 2, 3)"]
            files = [
                file
                for condition in conditions
                for (file,) in connection.execute(f"SELECT file FROM attachments WHERE {condition}")
            ]
            for table in ("metadata", "labels", "attachments"):
                for condition in conditions:
                    connection.execute(f"DELETE FROM {table} WHERE {condition}")
            return files

        return self._index.write(act)

    def forget_row(self, key: int) -> None:
        """Remove the row of one instance and nothing else: its file stays, `drop_empty` and `recount` follow."""
        self._index.write(lambda connection: connection.execute("DELETE FROM instances WHERE key = ?", (key,)).close())

    def recount(self) -> None:
        """Set every counter to what counting gives."""

        def act(connection: sqlite3.Connection) -> None:
            for counter in list(wrong_counters(connection)):
                set_fact(connection, counter.name, counter.counted)

        self._index.write(act)

    def discard(self, files: Iterable[str]) -> None:
        """Have the remover take these files away."""
        rows = [(file,) for file in files]
        self._index.write(lambda c: c.executemany("INSERT OR IGNORE INTO garbage VALUES (?)", rows).close())

    def spare(self, files: Iterable[str]) -> None:
        """Keep the remover from taking these files away."""
        rows = [(file,) for file in files]
        self._index.write(lambda c: c.executemany("DELETE FROM garbage WHERE file = ?", rows).close())

    def note_crc32(self, found: Iterable[tuple[Entry, int]]) -> None:
        """Write checksums of instances that had none, unless their file has changed meanwhile."""
        rows = [(crc32, entry.key, entry.file) for entry, crc32 in found]
        query = "UPDATE instances SET crc32 = ? WHERE key = ? AND file = ? AND crc32 IS NULL"
        self._index.write(lambda connection: connection.executemany(query, rows).close())


def _withdraw(entry: Entry, now: int, connection: sqlite3.Connection) -> Deletion | None:
    if entry.is_instance:
        row = connection.execute("SELECT file FROM instances WHERE key = ?", (entry.key,)).fetchone()
        if row is None or row[0] != entry.file:
            return None
        deletion = delete(connection, Level.INSTANCE, entry.resource_id, now)
        connection.execute("DELETE FROM garbage WHERE file = ?", (entry.file,))
        return deletion
    taken = connection.execute(
        "DELETE FROM attachments WHERE level = ? AND key = ? AND type = ? AND file = ?",
        (int(entry.level), entry.key, entry.number, entry.file),
    )
    if not taken.rowcount:
        return None
    log_change(connection, "UpdatedAttachment", entry.level, entry.key, now)
    return Deletion(None, (), ())
