"""Small pieces of SQL that more than one writer of the index needs."""

import sqlite3

from pacsberry.model import Level

BY_ID = "substr(id, 1, 8) = substr(?1, 1, 8) AND +id = ?1"
"""The condition of a query whose only parameter is an Orthanc identifier, in the form its index has.

The plus keeps SQLite from putting the parameter into the first half, too, which would then no longer match the index.
"""


def log_change(connection: sqlite3.Connection, change: str, level: Level, key: int, at: int) -> None:
    """Append to the change log (S10); `at` is UTC seconds."""
    connection.execute("INSERT INTO changes (type, level, key, at) VALUES (?, ?, ?, ?)", (change, int(level), key, at))


def count(connection: sqlite3.Connection, name: str, difference: int) -> None:
    """Add to one of the counters in `facts`."""
    if difference:
        connection.execute("UPDATE facts SET value = value + ? WHERE name = ?", (difference, name))


def fact(connection: sqlite3.Connection, name: str) -> int:
    """One number of `facts`; 0 when it is not there."""
    row = connection.execute("SELECT value FROM facts WHERE name = ?", (name,)).fetchone()
    return int(row[0]) if row is not None else 0


def set_fact(connection: sqlite3.Connection, name: str, value: int) -> None:
    """Write one number of `facts`."""
    connection.execute(
        "INSERT INTO facts VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value", (name, value)
    )
