"""Looks into an archive from another process, while the server runs or not, without writing a single byte.

How SQLite is asked depends on what lies beside the index, and is decided anew for each read:

    -wal and -shm   the server runs, or was killed: `readonly_shm` joins what is there and creates nothing
    no -wal         a clean stop: everything is in the one file; `immutable` keeps SQLite from creating a -wal
    -wal, no -shm   a copy, or after a power cut: the log is read into memory, without locks

The latter two hold only while no server starts; when the file has changed after a read, the reader is told instead of
being given what may be torn.  Never look from the process that serves the archive: SQLite shares its view of -shm
within a process, and the server would find it read-only.
"""

import contextlib
import os
import sqlite3
import time
from collections.abc import Generator
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import quote

from pacsberry.archive.filestore import FileStore
from pacsberry.archive.inventory import Inventory
from pacsberry.archive.migrations import check_version
from pacsberry.archive.snapshots import Snapshots
from pacsberry.archive.statistics import Statistics
from pacsberry.errors import IndexDamaged, NoArchive, StorageBusy

_TRIES: Final = 20  # the server may start or stop in the moment we open
_RETRY_SECONDS: Final = 0.05
_BUSY: Final = (sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_BUSY, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_PROTOCOL)
_DAMAGED: Final = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)
_JOINED: Final = "mode=ro&readonly_shm=1"
_AT_REST: Final = "mode=ro&immutable=1"
_LEFT_BEHIND: Final = "mode=ro&vfs=unix-none"

_State = tuple[int, int, int]  # inode, size and time of a file


@dataclass(frozen=True, slots=True)
class ReadingArchive:
    """The parts of an archive that can be asked from outside; what was kept in the last two seconds may be missing."""

    index: Snapshots
    files: FileStore  # not started: for open, path and the names in buckets
    inventory: Inventory
    statistics: Statistics


@contextlib.contextmanager
def open_reading(storage: Path, index_path: Path) -> Generator[ReadingArchive]:
    """The archive in `storage`, read-only.

    Raises NoArchive, IndexTooNew, IndexTooOld, IndexDamaged and OSError (not readable for this user).
    """
    index = LookingIndex(index_path)
    with index.read() as connection:
        check_version(connection)
    files = FileStore(storage, sync_files=False, with_md5=False, reserve_bytes=0)
    yield ReadingArchive(index, files, Inventory(index), Statistics(index))


class LookingIndex:
    """Snapshots of an index that belongs to somebody else; each read opens it and closes it."""

    def __init__(self, path: Path) -> None:
        self._path = path

    @contextlib.contextmanager
    def read(self) -> Generator[sqlite3.Connection]:
        """A snapshot of what is committed.  Raises NoArchive, IndexDamaged, StorageBusy, OSError."""
        connection, before = self._open()
        try:
            yield connection
        except sqlite3.DatabaseError as error:
            if before not in (None, self._state()):
                raise self._changed() from error
            raise self._translated(error) from error
        finally:
            connection.close()
        if before not in (None, self._state()):
            raise self._changed()

    def _open(self) -> tuple[sqlite3.Connection, _State | None]:
        """A connection in a read transaction, and the file's state where it trusts that no server starts."""
        for remaining in reversed(range(_TRIES)):
            how = self._how()
            before = None if how is _JOINED else self._state()
            try:
                return self._connect(how), before
            except sqlite3.DatabaseError as error:
                if not remaining or _code(error) not in _BUSY:
                    raise self._translated(error) from error
            time.sleep(_RETRY_SECONDS)
        raise self._changed()

    def _how(self) -> str:
        if not self._path.is_file():
            raise NoArchive(
                f"There is no index at {self._path}. Name the right folder with --data; if the files are there, make "
                "it with: pacsberry rebuild-index"
            )
        with self._path.open("rb"):
            pass  # whoever may not read it is told so by the system, which knows better than SQLite
        log, shared = (self._path.with_name(self._path.name + suffix) for suffix in ("-wal", "-shm"))
        if not log.exists() or log.stat().st_size == 0:
            return _AT_REST
        return _JOINED if shared.exists() else _LEFT_BEHIND

    def _connect(self, how: str) -> sqlite3.Connection:
        uri = f"file:{quote(os.fsencode(self._path.absolute()))}?{how}"
        connection = sqlite3.connect(uri, uri=True, isolation_level=None, timeout=10.0)
        try:
            if how is _LEFT_BEHIND:
                connection.execute("PRAGMA locking_mode = EXCLUSIVE")  # the index of the log stays in memory
            connection.execute("BEGIN")
            connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()
        except BaseException:
            connection.close()
            raise
        return connection

    def _state(self) -> _State:
        facts = self._path.stat()
        return facts.st_ino, facts.st_size, facts.st_mtime_ns

    def _translated(self, error: sqlite3.DatabaseError) -> Exception:
        if _code(error) in _DAMAGED:
            return IndexDamaged(
                f"The index {self._path} is damaged ({error}). Make it anew from the files: pacsberry rebuild-index"
            )
        if _code(error) in _BUSY:
            return StorageBusy(f"The index {self._path} cannot be read now: {error}.")
        return error

    def _changed(self) -> StorageBusy:
        return StorageBusy(f"The server started or stopped while {self._path} was being read; try again.")


def _code(error: sqlite3.DatabaseError) -> int:
    """The primary result code: the last byte of the extended one."""
    return int(getattr(error, "sqlite_errorcode", 0)) & 0xFF
