"""Takes away the files of deleted and replaced instances, in the background.

The thread "remover" sleeps until it is told that there is garbage.  The order that keeps every cut harmless:
1. sync the commit that made files garbage, so that no index entry is ever without its file;
2. remove the files;
3. sync their folders: a cut after 4. alone would bring a name back, and the next start would take the file in again;
4. forget them.
"""

import contextlib
import sqlite3

from pacsberry.archive.chore import Chore
from pacsberry.archive.filestore import FileStore
from pacsberry.archive.groupsync import GroupSync
from pacsberry.archive.index import Index

_FILES_PER_ROUND = 500


class Remover:
    """Owner of the thread "remover"."""

    def __init__(self, files: FileStore, index: Index) -> None:
        self._files = files
        self._index = index
        self._chore = Chore("remover", self._round, complaint="Files of deleted instances cannot be removed yet")

    def start(self) -> None:
        """Start the thread; it begins with what an earlier run left."""
        self._chore.start()

    def stop(self) -> None:
        """Stop after the current round; the next start goes on."""
        self._chore.stop()

    def wake(self) -> None:
        """There is garbage."""
        self._chore.wake()

    def _round(self) -> bool:
        """Remove some files; whether there may be more."""
        names = self._index.write(_next_garbage)
        for name in names:
            self._files.remove(name)
        for folder in {self._files.path(name).parent for name in names}:
            with contextlib.suppress(FileNotFoundError):
                GroupSync(folder).after()
        if names:
            self._index.write(lambda connection: _forget(connection, names))
        return len(names) == _FILES_PER_ROUND


def _next_garbage(connection: sqlite3.Connection) -> list[str]:
    names = [row[0] for row in connection.execute("SELECT file FROM garbage LIMIT ?", (_FILES_PER_ROUND,))]
    if names:
        # A write, however small, makes this transaction sync everything committed before it.
        connection.execute("UPDATE facts SET value = value WHERE name = 'open_bucket'")
    return names


def _forget(connection: sqlite3.Connection, names: list[str]) -> None:
    connection.executemany("DELETE FROM garbage WHERE file = ?", [(name,) for name in names])
