"""What the two logs (changes and exports) have in common: numbered rows, read a page at a time."""

import sqlite3
from typing import Final

from pacsberry.errors import BadRequest

DEFAULT_LIMIT: Final = 100  # of Orthanc
_MAXIMUM_LIMIT: Final = 5000  # rows held in memory at once, about 5 MB; Done tells a client to go on


def page_limit(limit: int) -> int:
    """How many rows a page holds when a client asks for `limit`; 0 asks for as many as possible."""
    if limit < 0:
        raise BadRequest(f"limit should not be negative, and it is {limit}.")
    return min(limit, _MAXIMUM_LIMIT) or _MAXIMUM_LIMIT


def last_number(connection: sqlite3.Connection, table: str) -> int:
    """The highest number a row of the log ever had; 0 when there never was one."""
    row = connection.execute("SELECT seq FROM sqlite_sequence WHERE name = ?", (table,)).fetchone()
    return 0 if row is None else int(row[0])
