"""What a noun that only reads needs of the index: the server's own (index.py), or a look from outside (looking.py)."""

import sqlite3
from contextlib import AbstractContextManager
from typing import Protocol


class Snapshots(Protocol):
    """Hands out read-only snapshots of the index."""

    def read(self) -> AbstractContextManager[sqlite3.Connection]:
        """A connection inside one read transaction; do not keep it longer than its context."""
