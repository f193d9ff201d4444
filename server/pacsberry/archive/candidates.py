"""Who could go to make room, and how much the archive holds: what the recycler asks of the index.

The order is Orthanc's: who received an instance longest ago comes first.  A patient goes whole, in one transaction:
37 ms for 5000 instances in a cold index of 155 000 (x86-64), so nobody ever sees one that is half gone.
"""

import contextlib
import sqlite3
from collections.abc import Container, Iterator
from dataclasses import dataclass

from pacsberry.archive.arriving import NOTHING, Expected
from pacsberry.archive.deletion import Deletion, delete
from pacsberry.archive.filestore import FileStore
from pacsberry.archive.rows import BY_ID, fact
from pacsberry.archive.snapshots import Snapshots
from pacsberry.model import Level

_PAGE = 64  # patients read in one short transaction
_SERIES_OF = "SELECT key FROM series WHERE parent IN (SELECT key FROM studies WHERE parent = ?1)"
_ATTACHED_TO = f"""(level = 0 AND key = ?1)
    OR (level = 1 AND key IN (SELECT key FROM studies WHERE parent = ?1))
    OR (level = 2 AND key IN ({_SERIES_OF}))
    OR (level = 3 AND key IN (SELECT key FROM instances WHERE parent IN ({_SERIES_OF})))"""
_IS_PROTECTED = """SELECT (SELECT is_protected FROM patients WHERE key = ?1)
    OR EXISTS (SELECT 1 FROM studies WHERE parent = ?1 AND is_protected)
    OR EXISTS (SELECT 1 FROM studies JOIN series ON series.parent = studies.key
               WHERE studies.parent = ?1 AND series.is_protected)"""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A patient in the queue of those that may have to go."""

    key: int
    id: str  # Orthanc identifier
    arrival: int  # grows with each reception, of whichever patient
    updated_at: int  # UTC seconds of the last reception
    instances: int
    size: int  # bytes on the card: its instances and users' attachments; 0, as instances, of whoever does not go
    is_protected: bool  # itself, or one of its studies or series; only itself, of whoever is spared


@dataclass(frozen=True, slots=True)
class Occupancy:
    """How full the archive is, with what has been let in and is on its way."""

    stored_bytes: int  # of all instances and attachments, as they lie on the card
    patients: int
    has_patient: bool  # the one that was asked for is among them
    expected: Expected  # the part that is on its way


class Candidates:
    """The queue of patients, and the sums; thread-safe."""

    def __init__(self, index: Snapshots, files: FileStore) -> None:
        """`index`: one that does not make the writer commit for each of our questions."""
        self._index = index
        self._files = files

    def in_order(self, spared: Container[int] = ()) -> Iterator[Candidate]:
        """Every patient, the one that received nothing for longest first; read as the caller goes on.

        `spared`: keys of patients that do not go anyway, so that nobody has to know how large they are.
        """
        arrival, key = -1, -1
        while True:
            with self._index.read() as connection:
                page = connection.execute(
                    f"""SELECT key, id, arrival, updated_at, is_protected FROM patients
                        WHERE (arrival, key) > (?, ?) ORDER BY arrival, key LIMIT {_PAGE}""",
                    (arrival, key),
                ).fetchall()
            for key, patient, arrival, updated_at, is_protected in page:
                if key in spared:
                    yield Candidate(key, patient, arrival, updated_at, 0, 0, bool(is_protected))
                else:
                    yield Candidate(key, patient, arrival, updated_at, *self._amounts(key))
            if len(page) < _PAGE:
                return

    def occupancy(self) -> Occupancy:
        """What is committed, which may be some seconds behind."""
        with self._index.read() as connection:
            return occupancy_of(connection, NOTHING)

    def has_garbage(self) -> bool:
        """Whether the remover has something to do."""
        with self._index.read() as connection:
            return connection.execute("SELECT 1 FROM garbage LIMIT 1").fetchone() is not None

    def garbage_bytes(self) -> int:
        """What the remover has still to give back."""
        with self._index.read() as connection:
            names = [row[0] for row in connection.execute("SELECT file FROM garbage")]
        total = 0
        for name in names:
            with contextlib.suppress(FileNotFoundError):
                total += self._files.path(name).stat().st_size
        return total

    def _amounts(self, patient: int) -> tuple[int, int, bool]:
        """Instances and bytes of a patient, and whether it is protected (then nobody counts them)."""
        with self._index.read() as connection:
            if connection.execute(_IS_PROTECTED, (patient,)).fetchone()[0]:
                return 0, 0, True
            instances, size = connection.execute(
                f"SELECT count(*), total(coalesce(stored_size, size)) FROM instances WHERE parent IN ({_SERIES_OF})",
                (patient,),
            ).fetchone()
            if connection.execute("SELECT 1 FROM attachments LIMIT 1").fetchone() is not None:
                (attached,) = connection.execute(
                    f"SELECT total(coalesce(stored_size, size)) FROM attachments WHERE {_ATTACHED_TO}", (patient,)
                ).fetchone()
                size += attached
        return instances, int(size), False


def occupancy_of(connection: sqlite3.Connection, expected: Expected, patient: str = "") -> Occupancy:
    """What one connection sees, with what is on its way; what has just been committed may count twice in the bytes."""
    (attached,) = connection.execute("SELECT total(coalesce(stored_size, size)) FROM attachments").fetchone()
    strangers = {
        one
        for one in expected.patients | {patient}
        if connection.execute(f"SELECT 1 FROM patients WHERE {BY_ID}", (one,)).fetchone() is None
    }
    return Occupancy(
        stored_bytes=fact(connection, "stored_bytes") + int(attached) + expected.size,
        patients=fact(connection, "patients") + len(strangers & expected.patients),
        has_patient=patient not in strangers or patient in expected.patients,
        expected=expected,
    )


def take_out(connection: sqlite3.Connection, candidate: Candidate, at: int) -> Deletion | None:
    """Delete a patient, if that may still be: None when it was protected or has received something meanwhile."""
    row = connection.execute("SELECT arrival FROM patients WHERE key = ?", (candidate.key,)).fetchone()
    if row is None or row[0] != candidate.arrival:
        return None
    if connection.execute(_IS_PROTECTED, (candidate.key,)).fetchone()[0]:
        return None
    return delete(connection, Level.PATIENT, candidate.id, at)
