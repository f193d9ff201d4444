"""Asks the index whether it agrees with itself: counters, rows that hang in the air, the database file.

Each question is one read transaction, so nobody who writes meanwhile makes it wrong.  `mending` has the answers to
what is found here.
"""

import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from pacsberry.archive.inventory import INSTANCE_COLUMNS, Entry, instance_entry
from pacsberry.archive.rows import fact
from pacsberry.archive.snapshots import Snapshots
from pacsberry.model import Level

MOST: Final = 10_000  # problems listed of one kind; beyond, the index is better made anew
_MESSAGES: Final = 20  # of SQLite's own check
_FACTS: Final = ("metadata", "labels", "attachments")
_COUNTED: Final = {
    **{level.plural: f"SELECT count(*) FROM {level.plural}" for level in Level},
    "total_bytes": "SELECT coalesce(sum(size), 0) FROM instances",
    "stored_bytes": "SELECT coalesce(sum(coalesce(stored_size, size)), 0) FROM instances",
}

# Instances whose way up to a patient is broken, or whose origin or format is lost.
BROKEN_INSTANCES: Final = """FROM instances LEFT JOIN series ON series.key = instances.parent
    LEFT JOIN studies ON studies.key = series.parent LEFT JOIN patients ON patients.key = studies.parent
    LEFT JOIN origins ON origins.key = instances.origin LEFT JOIN formats ON formats.key = instances.format
    WHERE patients.key IS NULL OR origins.key IS NULL OR formats.key IS NULL"""

# Parents without a parent of their own, from above downwards, and without a child, from below upwards.
BROKEN_PARENTS: Final = {
    Level.STUDY: "parent NOT IN (SELECT key FROM patients)",
    Level.SERIES: "parent NOT IN (SELECT key FROM studies)",
}
EMPTY_PARENTS: Final = {
    Level.SERIES: "key NOT IN (SELECT parent FROM instances)",
    Level.STUDY: "key NOT IN (SELECT parent FROM series)",
    Level.PATIENT: "key NOT IN (SELECT parent FROM studies)",
}


def orphan_facts(level: Level) -> str:
    """SQL: the condition of rows of metadata, labels or attachments whose resource is gone."""
    return f"level = {int(level)} AND key NOT IN (SELECT key FROM {level.plural})"


@dataclass(frozen=True, slots=True)
class Counter:
    """A counter of the index that is not what counting gives."""

    name: str
    stored: int
    counted: int


class Consistency:
    """Questions about the index as a whole; they read all of it."""

    def __init__(self, index: Snapshots) -> None:
        self._index = index

    def problems_of_database(self) -> list[str]:
        """What SQLite finds wrong with the file (PRAGMA quick_check); empty when it is sound."""
        with self._index.read() as connection:
            messages = [row[0] for row in connection.execute(f"PRAGMA quick_check({_MESSAGES})")]
        return [] if messages == ["ok"] else messages

    def wrong_counters(self) -> list[Counter]:
        """Counters that are not the count or the sum they stand for."""
        with self._index.read() as connection:
            return list(wrong_counters(connection))

    def broken_instances(self) -> list[Entry]:
        """Instances that belong to no patient, or whose origin or format is not there; at most MOST + 1."""
        with self._index.read() as connection:
            columns = ", ".join(f"instances.{column.strip()}" for column in INSTANCE_COLUMNS.split(","))
            rows = connection.execute(f"SELECT {columns} {BROKEN_INSTANCES} LIMIT {MOST + 1}").fetchall()
        return [instance_entry(row) for row in rows]

    def orphan_rows(self) -> dict[str, int]:
        """How many rows belong to nothing, by table."""
        found = {}
        with self._index.read() as connection:
            for level, empty in EMPTY_PARENTS.items():
                broken = BROKEN_PARENTS.get(level, "FALSE")
                found[level.plural] = _count(connection, level.plural, f"{empty} OR {broken}")
            for table in _FACTS:
                found[table] = sum(_count(connection, table, orphan_facts(level)) for level in Level)
                found[table] += _count(connection, table, "level NOT IN (0, 1, 2, 3)")
        return {table: count for table, count in found.items() if count}

    def garbage_in_use(self) -> list[str]:
        """Files that the remover would take away though an instance or an attachment has them; at most MOST + 1."""
        with self._index.read() as connection:
            used = "SELECT file FROM instances UNION ALL SELECT file FROM attachments"
            if connection.execute("SELECT 1 FROM garbage LIMIT 1").fetchone() is None:
                return []
            rows = connection.execute(f"SELECT file FROM garbage WHERE file IN ({used}) LIMIT {MOST + 1}")
            return [row[0] for row in rows]

    def is_garbage(self, file: str) -> bool:
        """Whether the remover is about to take this file away."""
        with self._index.read() as connection:
            return connection.execute("SELECT 1 FROM garbage WHERE file = ?", (file,)).fetchone() is not None


def wrong_counters(connection: sqlite3.Connection) -> Iterator[Counter]:
    """The same inside a transaction of the caller."""
    for name, query in _COUNTED.items():
        (counted,) = connection.execute(query).fetchone()
        stored = fact(connection, name)
        if stored != counted:
            yield Counter(name, stored, counted)
    # `arrival` is only ever ahead of the patients: behind them, the next patient would be recycled before its turn.
    (latest,) = connection.execute("SELECT coalesce(max(arrival), 0) FROM patients").fetchone()
    stored = fact(connection, "arrival")
    if stored < latest:
        yield Counter("arrival", stored, latest)


def _count(connection: sqlite3.Connection, table: str, condition: str) -> int:
    (count,) = connection.execute(f"SELECT count(*) FROM {table} WHERE {condition}").fetchone()
    return int(count)
