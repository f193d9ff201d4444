"""Where a resource stands: its key in the index, its ancestors, what is below it.

Every table of a level has a short name in our SQL.
"""

import sqlite3
from typing import Final

from pacsberry.archive.rows import BY_ID
from pacsberry.errors import BadRequest, UnknownResource
from pacsberry.model import Level

_LARGEST: Final = 2**62
ALIASES: Final = ("p", "s", "e", "i")  # patient, study, series (e as in echelon: s is taken), instance


def key_of(connection: sqlite3.Connection, level: Level, resource_id: str) -> int:
    """The row key of a resource; UnknownResource when it is not there."""
    row = None
    if resource_id.isascii():
        row = connection.execute(f"SELECT key FROM {level.plural} WHERE {BY_ID}", (resource_id,)).fetchone()
    if row is None:
        raise UnknownResource(f"There is no {level.title.lower()} {resource_id[:80]!r}.")
    return int(row[0])


def upwards(level: Level, highest: Level = Level.PATIENT) -> str:
    """SQL: a level and its ancestors up to `highest`, under the names of ALIASES; the loops run in this order."""
    tables = f"{level.plural} {ALIASES[level]}"
    for at in range(level - 1, highest - 1, -1):
        tables += f" CROSS JOIN {Level(at).plural} {ALIASES[at]} ON {ALIASES[at]}.key = {ALIASES[at + 1]}.parent"
    return tables


def patient_tags(study: str = "s") -> str:
    """SQL of the patient's main tags as they came with a study, which `study` names in the query, as `p` its patient.

    Anonymized files often share a PatientID: each study keeps its name, as in Orthanc.
    """
    return f"coalesce({study}.patient_tags, p.tags)"


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


def bindable(text: str) -> str:
    """`text` as SQLite can take it: half characters, which JSON can spell, become question marks."""
    return text.encode("utf-8", "replace").decode()


def bounded(number: int) -> int:
    """A count asked from outside, cut to what SQLite can take."""
    return min(number, _LARGEST)
