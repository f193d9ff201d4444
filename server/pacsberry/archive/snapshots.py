"""What a noun that only reads needs of the index: the server's own (index.py), or a look from outside (looking.py)."""

import sqlite3
from contextlib import AbstractContextManager
from typing import Protocol


class Snapshots(Protocol):
    """Hands out read-only snapshots of the index."""

    def read(self) -> AbstractContextManager[sqlite3.Connection]:
        """A connection inside one read transaction; do not keep it longer than its context."""


class _Served(Protocol):
    """The server's own index."""

    def read_committed(self) -> AbstractContextManager[sqlite3.Connection]:
        """A snapshot for which the writer need not commit what was posted."""


class Committed:
    """Snapshots of what is committed, for who asks often and need not have the last seconds."""

    def __init__(self, index: _Served) -> None:
        self._index = index

    def read(self) -> AbstractContextManager[sqlite3.Connection]:
        """A read-only snapshot; the writer goes on with its batch."""
        return self._index.read_committed()
