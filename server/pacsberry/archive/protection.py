"""Protection of patients from the recycler."""

import sqlite3

from pacsberry.archive.index import Index
from pacsberry.archive.places import key_of
from pacsberry.archive.rows import count, fact
from pacsberry.model import Level


class Protection:
    """Reads and sets the protection of patients; thread-safe.  All methods raise UnknownResource."""

    def __init__(self, index: Index) -> None:
        self._index = index

    def is_protected(self, patient: str) -> bool:
        """Whether the recycler leaves a patient alone; `patient` is the Orthanc identifier."""
        with self._index.read() as connection:
            key = key_of(connection, Level.PATIENT, patient)
            (protected,) = connection.execute("SELECT is_protected FROM patients WHERE key = ?", (key,)).fetchone()
            return bool(protected)

    def protect(self, patient: str, *, protected: bool) -> None:
        """Set or end the protection; who loses it is recycled last, as if just received."""

        def act(connection: sqlite3.Connection) -> None:
            key = key_of(connection, Level.PATIENT, patient)
            (before,) = connection.execute("SELECT is_protected FROM patients WHERE key = ?", (key,)).fetchone()
            if bool(before) == protected:
                return
            connection.execute("UPDATE patients SET is_protected = ? WHERE key = ?", (int(protected), key))
            if not protected:
                count(connection, "arrival", 1)
                connection.execute("UPDATE patients SET arrival = ? WHERE key = ?", (fact(connection, "arrival"), key))

        self._index.write(act)
