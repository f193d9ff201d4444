"""Deletes resources from the index; their files become garbage that the remover takes away later.

Emptied parents go too (S15).  Runs on the index-writer inside one synced transaction: after it the resource is gone
for every reader, and a power cut brings it back neither in the index nor from the files.
"""

import sqlite3
from dataclasses import dataclass

from pacsberry.archive.places import key_of
from pacsberry.archive.rows import count
from pacsberry.model import Level

# The instances below a resource, for each level of the resource; one '?' stands for its key.
_INSTANCES_BELOW = {
    Level.INSTANCE: "SELECT key FROM instances WHERE key = ?",
    Level.SERIES: "SELECT key FROM instances WHERE parent = ?",
    Level.STUDY: """SELECT instances.key FROM series JOIN instances ON instances.parent = series.key
                    WHERE series.parent = ?""",
    Level.PATIENT: """SELECT instances.key FROM studies JOIN series ON series.parent = studies.key
                      JOIN instances ON instances.parent = series.key WHERE studies.parent = ?""",
}
_SERIES_BELOW = {
    Level.SERIES: "SELECT key FROM series WHERE key = ?",
    Level.STUDY: "SELECT key FROM series WHERE parent = ?",
    Level.PATIENT: "SELECT series.key FROM studies JOIN series ON series.parent = studies.key WHERE studies.parent = ?",
}
_STUDIES_BELOW = {
    Level.STUDY: "SELECT key FROM studies WHERE key = ?",
    Level.PATIENT: "SELECT key FROM studies WHERE parent = ?",
}


@dataclass(frozen=True, slots=True)
class Deletion:
    """What a deletion did."""

    remaining: tuple[Level, str] | None  # the closest surviving ancestor (level, id)
    gone: tuple[tuple[Level, int], ...]  # patients, studies and series that are no more
    series: tuple[str, ...]  # identifiers of the series that are no more, or have an instance less


def delete(connection: sqlite3.Connection, level: Level, resource_id: str, at: int) -> Deletion:
    """Delete one resource, what is below it and the parents it leaves empty; UnknownResource when it is not there.

    `at`: UTC seconds, the LastUpdate of the ancestors that remain.
    """
    key = key_of(connection, level, resource_id)
    gone: list[tuple[Level, int]] = []
    series = _series_of(connection, level, key)
    while True:
        parent = None if level is Level.PATIENT else _parent(connection, level, key)
        _delete_below(connection, level, key, gone)
        if parent is None:
            return Deletion(None, tuple(gone), series)
        level, key = Level(level - 1), parent
        child_table = Level(level + 1).plural
        if connection.execute(f"SELECT 1 FROM {child_table} WHERE parent = ? LIMIT 1", (key,)).fetchone() is not None:
            break
    remaining = _id(connection, level, key)
    _touch_upwards(connection, level, key, at)
    return Deletion((level, remaining), tuple(gone), series)


def _series_of(connection: sqlite3.Connection, level: Level, key: int) -> tuple[str, ...]:
    """The identifiers of the series at, below or above a resource."""
    keys = _SERIES_BELOW.get(level, "SELECT parent FROM instances WHERE key = ?")
    return tuple(row[0] for row in connection.execute(f"SELECT id FROM series WHERE key IN ({keys})", (key,)))


def _delete_below(connection: sqlite3.Connection, level: Level, key: int, gone: list[tuple[Level, int]]) -> None:
    below = _INSTANCES_BELOW[level]
    instances, size, stored_size = connection.execute(
        f"SELECT count(*), total(size), total(coalesce(stored_size, size)) FROM instances WHERE key IN ({below})",
        (key,),
    ).fetchone()
    connection.execute(f"INSERT OR IGNORE INTO garbage SELECT file FROM instances WHERE key IN ({below})", (key,))
    _delete_facts(connection, Level.INSTANCE, below, key)
    count(connection, "instances", -instances)
    count(connection, "total_bytes", -int(size))
    count(connection, "stored_bytes", -int(stored_size))
    if level is Level.INSTANCE:
        connection.execute("DELETE FROM instances WHERE key = ?", (key,))
        return
    connection.execute(f"DELETE FROM instances WHERE key IN ({below})", (key,))
    for at, selections in ((Level.SERIES, _SERIES_BELOW), (Level.STUDY, _STUDIES_BELOW)):
        if level <= at:
            keys = [row[0] for row in connection.execute(selections[level], (key,))]
            _delete_facts(connection, at, selections[level], key)
            connection.executemany(f"DELETE FROM {at.plural} WHERE key = ?", [(one,) for one in keys])
            count(connection, at.plural, -len(keys))
            gone.extend((at, one) for one in keys)
    if level is Level.PATIENT:
        _delete_facts(connection, level, "SELECT ?", key)
        connection.execute("DELETE FROM patients WHERE key = ?", (key,))
        count(connection, "patients", -1)
        gone.append((level, key))


def _delete_facts(connection: sqlite3.Connection, level: Level, selection: str, key: int) -> None:
    """Labels, metadata and attachments of the selected resources of one level."""
    attached = f"level = {int(level)} AND key IN ({selection})"
    connection.execute(f"INSERT OR IGNORE INTO garbage SELECT file FROM attachments WHERE {attached}", (key,))
    for table in ("metadata", "attachments", "labels"):
        connection.execute(f"DELETE FROM {table} WHERE {attached}", (key,))


def _parent(connection: sqlite3.Connection, level: Level, key: int) -> int:
    return int(connection.execute(f"SELECT parent FROM {level.plural} WHERE key = ?", (key,)).fetchone()[0])


def _id(connection: sqlite3.Connection, level: Level, key: int) -> str:
    return str(connection.execute(f"SELECT id FROM {level.plural} WHERE key = ?", (key,)).fetchone()[0])


def _touch_upwards(connection: sqlite3.Connection, level: Level, key: int, at: int) -> None:
    while True:
        connection.execute(f"UPDATE {level.plural} SET updated_at = ? WHERE key = ?", (at, key))
        if level is Level.PATIENT:
            return
        level, key = Level(level - 1), _parent(connection, level, key)
