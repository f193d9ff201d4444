"""Protection from the recycler: of a patient as in Orthanc, and of a study or series, which keeps its whole patient."""

import sqlite3
from typing import Final

from pacsberry.archive.index import Index
from pacsberry.archive.places import ALIASES, key_of, upwards
from pacsberry.archive.rows import count, fact
from pacsberry.errors import BadRequest
from pacsberry.model import Level

PROTECTED_LEVELS: Final = (Level.PATIENT, Level.STUDY, Level.SERIES)


class Protection:
    """Reads and sets the protection of patients, studies and series; thread-safe.

    All methods raise UnknownResource, and BadRequest for an instance.
    """

    def __init__(self, index: Index) -> None:
        self._index = index

    def is_protected(self, level: Level, resource_id: str) -> bool:
        """Whether the resource itself is protected, whatever is above and below it."""
        _check(level)
        with self._index.read() as connection:
            return _is_protected(connection, level, key_of(connection, level, resource_id))

    def protect(self, level: Level, resource_id: str, *, protected: bool) -> None:
        """Set or end the protection; whose protection ends is recycled last, as if just received."""
        _check(level)

        def act(connection: sqlite3.Connection) -> None:
            key = key_of(connection, level, resource_id)
            if _is_protected(connection, level, key) == protected:
                return
            connection.execute(f"UPDATE {level.plural} SET is_protected = ? WHERE key = ?", (int(protected), key))
            if not protected:
                count(connection, "arrival", 1)
                patient = f"SELECT p.key FROM {upwards(level)} WHERE {ALIASES[level]}.key = ?"
                connection.execute(
                    f"UPDATE patients SET arrival = ? WHERE key = ({patient})", (fact(connection, "arrival"), key)
                )

        self._index.write(act)


def _check(level: Level) -> None:
    if level not in PROTECTED_LEVELS:
        raise BadRequest("Patients, studies and series can be protected, instances cannot.")


def _is_protected(connection: sqlite3.Connection, level: Level, key: int) -> bool:
    (protected,) = connection.execute(f"SELECT is_protected FROM {level.plural} WHERE key = ?", (key,)).fetchone()
    return bool(protected)
