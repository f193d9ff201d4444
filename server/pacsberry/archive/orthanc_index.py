"""Reads what users have added to an Orthanc from its SQLite index (database version 6, of 0.9.5 and later).

Nothing is written, not even beside the index: without a journal it is opened as immutable, with one a copy is read.
The file is a stranger's: what it says is checked before it is used, and one that cannot be read is IndexDamaged.
"""

import contextlib
import os
import re
import shutil
import sqlite3
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

from pacsberry.archive.attachment_names import FIRST_USER_NUMBER, LAST_USER_NUMBER
from pacsberry.archive.forms import UUID
from pacsberry.archive.labels import is_label
from pacsberry.errors import IndexDamaged
from pacsberry.model import ORTHANC_ID, Level

_VERSION: Final = "6"
_LONGEST_VALUE: Final = 2**20  # characters of a metadata value
_TABLES: Final = frozenset({"Resources", "Metadata", "AttachedFiles", "PatientRecyclingOrder", "GlobalProperties"})
_UUID: Final = re.compile(UUID)
_STEPS: Final = 50_000_000  # of SQLite's machine for one query; an index of a million instances needs a tenth


@dataclass(frozen=True, slots=True)
class Added:
    """What users have added to one resource."""

    level: Level
    resource: str  # its Orthanc identifier, the same there and here
    is_protected: bool = False
    labels: tuple[str, ...] = ()
    metadata: Mapping[int, str] = field(default_factory=dict)
    attachments: Mapping[int, str] = field(default_factory=dict)  # number: UUID of the file


class OrthancIndex:
    """An open index; belongs to one thread.  All methods raise IndexDamaged."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._has_labels = "Labels" in self._tables()

    @classmethod
    @contextlib.contextmanager
    def open(cls, path: Path) -> Iterator["OrthancIndex"]:
        """The index; IndexDamaged when it is none, broken, or of another version."""
        with contextlib.ExitStack() as opened:
            try:
                journals = [Path(f"{path}{suffix}") for suffix in ("-wal", "-journal")]
                if any(journal.exists() and journal.stat().st_size for journal in journals):
                    folder = Path(opened.enter_context(tempfile.TemporaryDirectory(prefix="pacsberry-")))
                    for one in (path, *journals):
                        if one.exists():
                            shutil.copyfile(one, folder / one.name, follow_symlinks=False)
                    uri = f"file:{quote(os.fsencode(folder / path.name))}"
                else:
                    uri = f"file:{quote(os.fsencode(path))}?mode=ro&immutable=1"
                connection = opened.enter_context(contextlib.closing(sqlite3.connect(uri, uri=True)))
                connection.execute("PRAGMA trusted_schema = OFF")
                connection.execute("PRAGMA cell_size_check = ON")
                connection.text_factory = lambda raw: raw.decode("utf-8", "replace")
                index = cls(connection)
                index.check()
            except (sqlite3.Error, OSError) as error:
                raise IndexDamaged(f"The index {path} cannot be read ({error}).") from error
            yield index

    def check(self) -> None:
        """IndexDamaged unless it is an index of the version we know."""
        missing = _TABLES - self._tables()
        if missing:
            raise IndexDamaged(f"It is no index of an Orthanc: it has no table {min(missing)}.")
        version = self._rows("SELECT value FROM GlobalProperties WHERE property = 1")
        if [row[0] for row in version] != [_VERSION]:
            raise IndexDamaged("It is the index of another version of Orthanc; version 6 is read, of 0.9.5 and later.")

    def users_files(self) -> frozenset[str]:
        """The UUIDs of the files that users attached."""
        rows = self._rows("SELECT uuid FROM AttachedFiles WHERE fileType >= ?", FIRST_USER_NUMBER)
        return frozenset(row[0] for row in rows if _is(_UUID, row[0]))

    def added(self) -> Iterator[Added]:
        """Every resource to which users have added something, in no particular order."""
        labelled = " UNION SELECT id FROM Labels" if self._has_labels else ""
        unprotected = "SELECT patientId FROM PatientRecyclingOrder"
        query = (
            "SELECT internalId, resourceType, publicId FROM Resources WHERE internalId IN ("
            "SELECT id FROM Metadata WHERE type >= ?1 UNION SELECT id FROM AttachedFiles WHERE fileType >= ?1"
            f"{labelled}) OR (resourceType = 1 AND internalId NOT IN ({unprotected}))"
        )
        for key, kind, resource in self._rows(query, FIRST_USER_NUMBER):
            if kind in (1, 2, 3, 4) and _is(ORTHANC_ID, resource):
                yield self._added(key, Level(kind - 1), resource)

    def _added(self, key: int, level: Level, resource: str) -> Added:
        first = FIRST_USER_NUMBER
        labels = self._rows("SELECT label FROM Labels WHERE id = ?", key) if self._has_labels else ()
        metadata = self._rows("SELECT type, value FROM Metadata WHERE id = ? AND type >= ?", key, first)
        files = self._rows("SELECT fileType, uuid FROM AttachedFiles WHERE id = ? AND fileType >= ?", key, first)
        waiting = self._rows("SELECT 1 FROM PatientRecyclingOrder WHERE patientId = ?", key)
        return Added(
            level,
            resource,
            is_protected=level is Level.PATIENT and not list(waiting),
            labels=tuple(sorted(label for (label,) in labels if isinstance(label, str) and is_label(label))),
            metadata={
                number: value
                for number, value in metadata
                if _is_users(number) and isinstance(value, str) and len(value) <= _LONGEST_VALUE
            },
            attachments={number: name for number, name in files if _is_users(number) and _is(_UUID, name)},
        )

    def _tables(self) -> set[str]:
        return {row[0] for row in self._rows("SELECT name FROM sqlite_master WHERE type = 'table'")}

    def _rows(self, query: str, *values: object) -> Iterator[tuple[Any, ...]]:
        """The rows of a query, which ends after so many steps: a hostile index may hold views and loops."""
        try:
            self._connection.set_progress_handler(lambda: 1, _STEPS)
            yield from self._connection.execute(query, values)
        except sqlite3.Error as error:
            raise IndexDamaged(f"The index cannot be read ({error}).") from error


def _is(pattern: re.Pattern[str], value: object) -> bool:
    return isinstance(value, str) and pattern.fullmatch(value) is not None


def _is_users(number: object) -> bool:
    return isinstance(number, int) and FIRST_USER_NUMBER <= number <= LAST_USER_NUMBER
