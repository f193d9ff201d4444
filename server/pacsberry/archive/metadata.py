"""Metadata of the resources (S13): what the system knows of each, and what users write beside it.

System metadata are not stored twice: they are read from the columns that hold the facts.  Users' metadata are rows
with a revision, written with full sync and told in the change log.
"""

import hashlib
import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from pacsberry.archive.index import Index
from pacsberry.archive.metadata_names import FIRST_USER_NUMBER, MetadataNames, SystemMetadata
from pacsberry.archive.places import key_of
from pacsberry.archive.revisions import check, etag
from pacsberry.archive.rows import log_change
from pacsberry.archive.system_metadata import system_values
from pacsberry.errors import BadRequest, NotAllowed, TooLarge, UnknownResource
from pacsberry.model import Clock, Level

MAXIMUM_VALUE_BYTES: Final = 2**20


@dataclass(frozen=True, slots=True)
class MetadataValue:
    """One value and its revision."""

    value: str
    revision: int = 0

    @property
    def etag(self) -> str:
        """The entity tag of S13."""
        return etag(self.revision, hashlib.md5(self.value.encode(), usedforsecurity=False).hexdigest())


class Metadata:
    """Reads and writes metadata; thread-safe."""

    def __init__(
        self,
        index: Index,
        *,
        names: MetadataNames,
        signatures: Mapping[Level, str],
        check_revisions: bool,
        clock: Clock,
    ) -> None:
        """`signatures`: MainDicomTagsSignature of each level; `check_revisions`: the option CheckRevisions."""
        self.names = names
        self._index = index
        self._signatures = signatures
        self._check_revisions = check_revisions
        self._clock = clock

    def all(self, level: Level, resource_id: str) -> dict[int, MetadataValue]:
        """Every metadata of a resource by number, ascending.  Raises UnknownResource."""
        with self._index.read() as connection:
            return self.of_key(connection, level, key_of(connection, level, resource_id))

    def get(self, level: Level, resource_id: str, name: str) -> MetadataValue:
        """One metadata by name or number.  Raises UnknownResource, also when the resource has none of that name."""
        number = self.names.number(name)
        found = self.all(level, resource_id).get(number)
        if found is None:
            raise UnknownResource(f"The {level.title.lower()} {resource_id} has no metadata {name[:80]!r}.")
        return found

    def put(
        self, level: Level, resource_id: str, name: str, value: str, *, if_match: str | None = None
    ) -> MetadataValue:
        """Write a user's metadata and return what is there now.

        Raises UnknownResource, NotAllowed for the system's own, Conflict, BadRequest (If-Match), TooLarge.
        """
        number = self._writable(name)
        if _size(value) > MAXIMUM_VALUE_BYTES:
            raise TooLarge(
                f"Metadata {name[:80]!r} is over {MAXIMUM_VALUE_BYTES // 1024} KB; store it as an attachment."
            )

        def act(connection: sqlite3.Connection) -> MetadataValue:
            key = key_of(connection, level, resource_id)
            old = _stored(connection, level, key, number)
            check(if_match, old.etag if old else None, is_required=self._check_revisions)
            new = MetadataValue(value, old.revision + 1 if old else 0)
            connection.execute(
                "INSERT OR REPLACE INTO metadata (level, key, type, value, revision) VALUES (?, ?, ?, ?, ?)",
                (int(level), key, number, new.value, new.revision),
            )
            self._log(connection, level, key)
            return new

        return self._index.write(act)

    def delete(self, level: Level, resource_id: str, name: str, *, if_match: str | None = None) -> None:
        """Remove a user's metadata.  Raises UnknownResource, NotAllowed, Conflict, BadRequest (If-Match)."""
        number = self._writable(name)

        def act(connection: sqlite3.Connection) -> None:
            key = key_of(connection, level, resource_id)
            old = _stored(connection, level, key, number)
            if old is None:
                raise UnknownResource(f"The {level.title.lower()} {resource_id} has no metadata {name[:80]!r}.")
            check(if_match, old.etag, is_required=self._check_revisions)
            connection.execute(
                "DELETE FROM metadata WHERE level = ? AND key = ? AND type = ?", (int(level), key, number)
            )
            self._log(connection, level, key)

        self._index.write(act)

    def of_key(self, connection: sqlite3.Connection, level: Level, key: int) -> dict[int, MetadataValue]:
        """Every metadata of a row, by number, ascending."""
        found = {number: MetadataValue(text) for number, text in system_values(connection, level, key).items()}
        if self._signatures.get(level):
            found[SystemMetadata.MAIN_DICOM_TAGS_SIGNATURE] = MetadataValue(self._signatures[level])
        for number, text, revision in connection.execute(
            "SELECT type, value, revision FROM metadata WHERE level = ? AND key = ?", (int(level), key)
        ):
            found[number] = MetadataValue(text, revision)
        return dict(sorted(found.items()))

    def named(self, values: Mapping[int, MetadataValue]) -> dict[str, str]:
        """Values by name, as Orthanc's `expand` shows them."""
        return {self.names.name(number): found.value for number, found in values.items()}

    def _writable(self, name: str) -> int:
        number = self.names.number(name)
        if number < FIRST_USER_NUMBER:
            raise NotAllowed(
                f"The metadata {name[:80]!r} belongs to the system; users' own start at {FIRST_USER_NUMBER}."
            )
        return number

    def _log(self, connection: sqlite3.Connection, level: Level, key: int) -> None:
        log_change(connection, "UpdatedMetadata", level, key, int(self._clock.now()))


def _stored(connection: sqlite3.Connection, level: Level, key: int, number: int) -> MetadataValue | None:
    row = connection.execute(
        "SELECT value, revision FROM metadata WHERE level = ? AND key = ? AND type = ?", (int(level), key, number)
    ).fetchone()
    return None if row is None else MetadataValue(*row)


def _size(value: str) -> int:
    try:
        return len(value.encode())
    except UnicodeEncodeError as error:  # JSON can spell half a character
        raise BadRequest("The value is not valid Unicode text.") from error
