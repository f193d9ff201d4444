"""Where a resource stands: its key in the index, its ancestors, what is below it.

Every table of a level has a short name in our SQL, and a chain of joins leads from a row to its ancestors.
"""

import sqlite3
from typing import Final

from pacsberry.errors import BadRequest, UnknownResource
from pacsberry.model import Level

ALIASES: Final = ("p", "s", "e", "i")  # patient, study, series (e as in echelon: s is taken), instance


def key_of(connection: sqlite3.Connection, level: Level, resource_id: str) -> int:
    """The row key of a resource; UnknownResource when it is not there."""
    row = connection.execute(f"SELECT key FROM {level.plural} WHERE id = ?", (resource_id,)).fetchone()
    if row is None:
        raise UnknownResource(f"There is no {level.title.lower()} {resource_id}.")
    return int(row[0])


def chain(lowest: Level, highest: Level) -> str:
    """SQL: the tables from `lowest` up to `highest`, joined, under the names of ALIASES.

    CROSS JOIN would fix the order of the loops; plain JOIN lets SQLite start at the level that an index narrows most.
    """
    tables = f"{lowest.plural} {ALIASES[lowest]}"
    for level in range(lowest - 1, highest - 1, -1):
        child, parent = ALIASES[level + 1], ALIASES[level]
        tables += f" JOIN {Level(level).plural} {parent} ON {parent}.key = {child}.parent"
    return tables


def below(level: Level, target: Level) -> str:
    """SQL that selects the keys of `target` resources at or below one resource of `level`; one '?' is its key."""
    if target is level:
        return "SELECT ?"
    if target < level:
        raise BadRequest(f"A {level.title.lower()} has no {target.plural} below it.")
    inner = "?"
    for step in range(level + 1, target + 1):
        selected = f"SELECT key FROM {Level(step).plural} WHERE parent "
        inner = selected + (f"= {inner}" if step == level + 1 else f"IN ({inner})")
    return inner
