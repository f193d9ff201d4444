"""The files of the index, and how a new index takes the place of an old one.

index.sqlite3               the index; -wal and -shm beside it while it is open
index.sqlite3.damaged       somebody met damage in it: the next start makes it anew
index.sqlite3.new           being built (rebuilding.py)
index.sqlite3.old-DATE      what was there before the last rebuild, for who wants to look into it
"""

import contextlib
import os
import sqlite3
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from pacsberry.archive.groupsync import GroupSync

_BESIDE: Final = ("-wal", "-shm", "-journal")


class IndexFiles:
    """Names and moves the files; nobody has them open meanwhile."""

    def __init__(self, index: Path) -> None:
        self.index = index
        self.new = _named(index, ".new")
        self.scratch = _named(index, ".new-files")  # the list of files while the new index is built
        self._mark = _named(index, ".damaged")

    @property
    def is_missing(self) -> bool:
        """Whether there is no index; a file without content is what some file systems leave of a new one."""
        try:
            return self.index.stat().st_size == 0
        except FileNotFoundError:
            return True

    @property
    def is_marked(self) -> bool:
        """Whether damage was met."""
        return self._mark.exists()

    def mark(self, reason: str) -> None:
        """Have the next start make the index anew, as far as the card still takes a word."""
        with contextlib.suppress(OSError):
            self._mark.write_text(f"{reason}\n", encoding="utf-8")
            GroupSync(self._mark.parent).after()

    def remove_unfinished(self) -> None:
        """Remove what an earlier attempt left."""
        for path in (self.new, self.scratch):
            for name in ("", *_BESIDE):
                _named(path, name).unlink(missing_ok=True)

    @contextlib.contextmanager
    def old(self) -> Iterator[sqlite3.Connection | None]:
        """The old index, to be asked what it still knows; None when there is none.  It may raise sqlite3.Error.

        When it is sound, what its write-ahead log holds is in the one file afterwards.
        """
        if self.is_missing:
            yield None
            return
        connection = sqlite3.connect(self.index, isolation_level=None, timeout=5.0)
        try:
            yield connection
        finally:
            with contextlib.suppress(sqlite3.Error):
                connection.close()

    def swap(self, now: int) -> Path | None:
        """Put the new index, which is complete, in the place of the old one; where that is now, if there was one.

        A log that the old index has left goes first: SQLite would read it into the new one.
        """
        _sync(self.new)
        old = None
        if not self.is_missing:
            old = _named(self.index, time.strftime(".old-%Y%m%dT%H%M%SZ", time.gmtime(now)))
            old.unlink(missing_ok=True)
            try:
                os.link(self.index, old)
            except OSError:  # no hard links here: for a moment there is no index, and a start would make one
                self.index.rename(old)
        for name in _BESIDE:
            _named(self.index, name).unlink(missing_ok=True)
        GroupSync(self.index.parent).after()
        self.new.rename(self.index)
        self._mark.unlink(missing_ok=True)
        self.remove_unfinished()
        for path in self.index.parent.glob(f"{self.index.name}.old-*"):
            if old is None or not path.name.startswith(old.name):
                path.unlink()
        GroupSync(self.index.parent).after()
        return old


def create_private(path: Path) -> None:
    """Make an empty index unless there is one: nobody but the server's user and group reads the names of patients.

    SQLite gives what it puts beside an index the same mode.  OSError when this user may not write to it.
    """
    os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o640))


def _named(path: Path, suffix: str) -> Path:
    return path.with_name(path.name + suffix)


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
