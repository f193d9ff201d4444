"""Makes an index anew from the files and the notes beside them, while nobody else uses the storage.

The order that lets the plug be pulled at any moment:
1. an earlier attempt is removed; the old index is asked what it still knows (salvage.py);
2. the new index is built as index.sqlite3.new: the instances in the order in which they were received, then the notes;
3. it is synced;
4. the old index gets a second name, index.sqlite3.old-DATE, and an older one of that kind goes;
5. the new one takes the name index.sqlite3, in one step.
Until 5 the old index is the index, and whoever starts then starts over.  Memory does not grow with the archive.
"""

import contextlib
import logging
import sqlite3
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Final

from pacsberry.archive.filestore import FileStore
from pacsberry.archive.forms import ATTACHED_SUFFIX, is_instance, suffix_of
from pacsberry.archive.index_files import IndexFiles, create_private
from pacsberry.archive.indexing import Indexer, KeptFile
from pacsberry.archive.last_notes import last_notes
from pacsberry.archive.migrations import migrate
from pacsberry.archive.note import Note
from pacsberry.archive.notes import write_note
from pacsberry.archive.notes_file import NotesFile
from pacsberry.archive.notes_mirror import Mirrored
from pacsberry.archive.rebuild_report import Rebuilt
from pacsberry.archive.rereading import kept_again
from pacsberry.archive.rows import fact, set_fact
from pacsberry.archive.salvage import salvage
from pacsberry.archive.settings import ArchiveSettings
from pacsberry.errors import DamagedFile, NoRoom, UnknownResource, UnreadableDicom
from pacsberry.model import Level, OverwritePolicy

LOGGER = logging.getLogger("pacsberry.archive")

_BATCH: Final = 500  # files in one transaction, and headers in memory
_LATEST_NS: Final = 2**63 - 1  # what SQLite can hold: the year 2262; a card may claim anything
_CACHE_KIB: Final = 16384
_FULL: Final = (sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR)

Progress = Callable[[int, int, int], None]
"""Is told files done, bytes done and bytes in all, after each batch; the first time when nothing is done."""


def rebuild(
    files: FileStore,
    index: Path,
    settings: ArchiveSettings,
    *,
    reason: str,
    now: int,
    checksums: bool = False,
    progress: Progress | None = None,
) -> Rebuilt:
    """Make the index anew; `files` is started, and nobody has the index open.

    `checksums`: read every file whole for its CRC-32, which the scrub computes otherwise.  Raises NoRoom and OSError;
    then everything is as it was.
    """
    ours = IndexFiles(index)
    found = Rebuilt(reason, now)
    ours.remove_unfinished()
    try:
        with contextlib.closing(_create(ours)) as connection:
            build = _Build(connection, files, settings, found, checksums=checksums)
            build.salvage(ours)
            build.instances(progress)
            build.notes()
            build.finish()
        found.old = ours.swap(now)
    except sqlite3.OperationalError as error:
        ours.remove_unfinished()
        if error.sqlite_errorcode & 0xFF in _FULL:
            raise NoRoom(
                f"There is no room to make the index anew ({error}). Delete files beside the storage."
            ) from error
        raise
    except BaseException:
        ours.remove_unfinished()
        raise
    return found


def _create(ours: IndexFiles) -> sqlite3.Connection:
    """An empty index of today's version, and beside it the list of files; neither is of use before it is complete."""
    ours.new.parent.mkdir(parents=True, exist_ok=True)
    create_private(ours.new)
    connection = sqlite3.connect(ours.new, isolation_level=None)
    try:
        connection.execute("PRAGMA journal_mode = OFF")
        connection.execute("PRAGMA synchronous = OFF")
        connection.execute("PRAGMA locking_mode = EXCLUSIVE")
        connection.execute(f"PRAGMA cache_size = -{_CACHE_KIB}")
        migrate(connection)
        connection.execute("ATTACH DATABASE ? AS scratch", (str(ours.scratch),))
        connection.execute("PRAGMA scratch.journal_mode = OFF")
        connection.execute("PRAGMA scratch.synchronous = OFF")
        connection.execute(
            """CREATE TABLE scratch.listed (received_ns INTEGER, file TEXT, size INTEGER,
               PRIMARY KEY (received_ns, file)) WITHOUT ROWID"""
        )
    except BaseException:
        connection.close()
        raise
    return connection


class _Build:
    """The steps that fill a new index."""

    def __init__(
        self,
        connection: sqlite3.Connection,
        files: FileStore,
        settings: ArchiveSettings,
        found: Rebuilt,
        *,
        checksums: bool,
    ) -> None:
        self._connection = connection
        self._files = files
        self._settings = settings
        self._found = found
        self._checksums = checksums

    def salvage(self, ours: IndexFiles) -> None:
        """Take over what only the old index knows."""
        with self._transaction():
            salvage(ours, self._files.storage, self._connection)

    def instances(self, progress: Progress | None) -> None:
        """Index every file of an instance, the one received first first, as they came."""
        with self._transaction():
            for bucket in self._files.bucket_numbers():
                self._connection.executemany("INSERT INTO scratch.listed VALUES (?, ?, ?)", self._listed(bucket))
        deleted = "SELECT count(*) FROM scratch.listed WHERE file IN (SELECT file FROM garbage)"
        self._found.deleted = self._number(deleted)
        total = self._number("SELECT coalesce(sum(size), 0) FROM scratch.listed")
        tell = progress or (lambda *amounts: None)
        tell(0, 0, total)
        indexer = Indexer()
        last, done_files, done_bytes = (-1, ""), 0, 0
        while page := self._connection.execute(
            f"SELECT received_ns, file, size FROM scratch.listed WHERE (received_ns, file) > (?, ?) LIMIT {_BATCH}",
            last,
        ).fetchall():
            batch = [kept for _, name, _ in page if (kept := self._read(name)) is not None]
            with self._transaction():
                before = self._number("SELECT count(*) FROM garbage")
                indexer.insert(self._connection, batch)
                self._found.duplicates += self._number("SELECT count(*) FROM garbage") - before
            last = page[-1][:2]
            done_files += len(page)
            done_bytes += sum(size for _, _, size in page)
            tell(done_files, done_bytes, total)

    def notes(self) -> None:
        """Write what the notes say in the end of each resource."""
        file = NotesFile(self._files.storage)
        state = file.state()
        found = self._found
        with self._transaction():
            for note in last_notes(file, self._connection, found.bad_notes.add):
                if not note.is_empty:
                    self._write(note)
        if not (found.bad_notes.count or found.gone.count or found.unlinked.count):
            with self._transaction():
                self._connection.execute("DELETE FROM notes_outbox")
                Mirrored(state, 0 if state is None else state.size).note(self._connection)

    def finish(self) -> None:
        """See what nobody claims, and note what a start wants to know."""
        found = self._found
        for bucket in self._files.bucket_numbers():
            for name in self._files.names_in(bucket):
                if suffix_of(name) == ATTACHED_SUFFIX and not self._is_claimed(name):
                    found.unclaimed.add(name)
        if found.unclaimed.count or found.unreadable.count:
            self._files.next_bucket()  # a start looks into the open ones and would take these files for unfinished
        with self._transaction():
            for name, value in (
                ("open_bucket", self._files.first_open_bucket()),
                ("clean", 1),
                ("starts", 1),
                ("rebuilt_at", found.at),
            ):
                set_fact(self._connection, name, value)
        for level in Level:
            found.found[level.plural] = fact(self._connection, level.plural)

    def _listed(self, bucket: int) -> Iterator[tuple[int, str, int]]:
        for name in self._files.names_in(bucket):
            if is_instance(name):
                with contextlib.suppress(FileNotFoundError):
                    facts = self._files.path(name).stat()
                    yield min(max(0, facts.st_mtime_ns), _LATEST_NS), name, facts.st_size

    def _read(self, name: str) -> KeptFile | None:
        """What is kept in a file; None when it was deleted, or cannot be read."""
        if self._connection.execute("SELECT 1 FROM garbage WHERE file = ?", (name,)).fetchone() is not None:
            return None
        try:
            kept = kept_again(self._files, self._settings, name, checksums=self._checksums)
        except (UnreadableDicom, DamagedFile, UnknownResource, OSError) as error:
            LOGGER.error("%s: %s", name, error)
            self._found.unreadable.add(name)
            return None
        return replace(kept, replaces=self._settings.overwrite is not OverwritePolicy.NEVER)

    def _write(self, note: Note) -> None:
        unlinked = write_note(self._connection, self._files, note, replace=False)
        what = f"{note.level.title.lower()} {note.id}"
        if unlinked is None:
            self._found.gone.add(what)
            return
        self._found.noted += not note.more
        for file in unlinked:
            self._found.unlinked.add(f"attachment {file.number} of {what}: {file.file}")

    def _is_claimed(self, name: str) -> bool:
        query = "SELECT 1 FROM attachments WHERE file = ?1 UNION ALL SELECT 1 FROM garbage WHERE file = ?1"
        return self._connection.execute(query, (name,)).fetchone() is not None

    def _number(self, query: str) -> int:
        return int(self._connection.execute(query).fetchone()[0])

    @contextlib.contextmanager
    def _transaction(self) -> Iterator[None]:
        """Without a journal there is no way back: whoever fails throws the new index away."""
        self._connection.execute("BEGIN")
        yield
        self._connection.execute("COMMIT")
