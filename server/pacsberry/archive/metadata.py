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
from pacsberry.archive.times import utc_text
from pacsberry.errors import NotAllowed, TooLarge, UnknownResource
from pacsberry.model import Clock, Level, Origin

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
            raise UnknownResource(f"The {level.title.lower()} {resource_id} has no metadata {name}.")
        return found

    def put(
        self, level: Level, resource_id: str, name: str, value: str, *, if_match: str | None = None
    ) -> MetadataValue:
        """Write a user's metadata and return what is there now.

        Raises UnknownResource, NotAllowed for the system's own, Conflict, BadRequest (If-Match), TooLarge.
        """
        number = self._writable(name)
        if len(value.encode()) > MAXIMUM_VALUE_BYTES:
            raise TooLarge(f"Metadata {name} is over {MAXIMUM_VALUE_BYTES // 1024} KB; store it as an attachment.")

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
                raise UnknownResource(f"The {level.title.lower()} {resource_id} has no metadata {name}.")
            check(if_match, old.etag, is_required=self._check_revisions)
            connection.execute(
                "DELETE FROM metadata WHERE level = ? AND key = ? AND type = ?", (int(level), key, number)
            )
            self._log(connection, level, key)

        self._index.write(act)

    def of_key(self, connection: sqlite3.Connection, level: Level, key: int) -> dict[int, MetadataValue]:
        """Every metadata of a row, by number, ascending."""
        found = {int(number): MetadataValue(text) for number, text in self._system(connection, level, key).items()}
        for number, text, revision in connection.execute(
            "SELECT type, value, revision FROM metadata WHERE level = ? AND key = ?", (int(level), key)
        ):
            found[number] = MetadataValue(text, revision)
        return dict(sorted(found.items()))

    def named(self, values: Mapping[int, MetadataValue]) -> dict[str, str]:
        """Values by name, as Orthanc's `expand` shows them."""
        return {self.names.name(number): found.value for number, found in values.items()}

    def _system(self, connection: sqlite3.Connection, level: Level, key: int) -> dict[SystemMetadata, str]:
        found = _COLUMNS[level](connection, key)
        signature = self._signatures.get(level, "")
        if signature:
            found[SystemMetadata.MAIN_DICOM_TAGS_SIGNATURE] = signature
        return found

    def _writable(self, name: str) -> int:
        number = self.names.number(name)
        if number < FIRST_USER_NUMBER:
            raise NotAllowed(f"The metadata {name} belongs to the system; users' own start at {FIRST_USER_NUMBER}.")
        return number

    def _log(self, connection: sqlite3.Connection, level: Level, key: int) -> None:
        log_change(connection, "UpdatedMetadata", level, key, int(self._clock.now()))


def _stored(connection: sqlite3.Connection, level: Level, key: int, number: int) -> MetadataValue | None:
    row = connection.execute(
        "SELECT value, revision FROM metadata WHERE level = ? AND key = ? AND type = ?", (int(level), key, number)
    ).fetchone()
    return None if row is None else MetadataValue(*row)


def _of_patient(connection: sqlite3.Connection, key: int) -> dict[SystemMetadata, str]:
    updated_at, arrival, is_protected = connection.execute(
        "SELECT updated_at, arrival, is_protected FROM patients WHERE key = ?", (key,)
    ).fetchone()
    found = {SystemMetadata.LAST_UPDATE: utc_text(updated_at)}
    if is_protected:  # as Orthanc: who is protected has no place in the recycling order
        found[SystemMetadata.IS_PROTECTED] = "true"
    else:
        found[SystemMetadata.PATIENT_RECYCLING_ORDER] = str(arrival)
    return found


def _of_study(connection: sqlite3.Connection, key: int) -> dict[SystemMetadata, str]:
    (updated_at,) = connection.execute("SELECT updated_at FROM studies WHERE key = ?", (key,)).fetchone()
    return {SystemMetadata.LAST_UPDATE: utc_text(updated_at)}


def _of_series(connection: sqlite3.Connection, key: int) -> dict[SystemMetadata, str]:
    updated_at, expected, remote_aet = connection.execute(
        """SELECT updated_at, expected_instances, (SELECT remote_aet FROM origins WHERE origins.key = (
               SELECT origin FROM instances WHERE parent = series.key ORDER BY key LIMIT 1))
           FROM series WHERE key = ?""",
        (key,),
    ).fetchone()
    found = {SystemMetadata.REMOTE_AET: remote_aet or "", SystemMetadata.LAST_UPDATE: utc_text(updated_at)}
    if expected is not None:
        found[SystemMetadata.EXPECTED_NUMBER_OF_INSTANCES] = str(expected)
    return found


def _of_instance(connection: sqlite3.Connection, key: int) -> dict[SystemMetadata, str]:
    index, received_at, offset, vr, sop_class, syntax, origin, ip, remote_aet, called_aet, user = connection.execute(
        """SELECT index_in_series, received_at, pixel_data_offset, pixel_data_vr, sop_class_uid, transfer_syntax_uid,
                  origins.origin, remote_ip, remote_aet, called_aet, http_username
           FROM instances JOIN formats ON formats.key = instances.format JOIN origins ON origins.key = instances.origin
           WHERE instances.key = ?""",
        (key,),
    ).fetchone()
    found = {
        SystemMetadata.RECEPTION_DATE: utc_text(received_at),
        SystemMetadata.REMOTE_AET: remote_aet,
        SystemMetadata.ORIGIN: origin,
        SystemMetadata.TRANSFER_SYNTAX: syntax,
        SystemMetadata.SOP_CLASS_UID: sop_class,
    }
    if index is not None:
        found[SystemMetadata.INDEX_IN_SERIES] = str(index)
    if ip:
        found[SystemMetadata.REMOTE_IP] = ip
    if origin == Origin.DICOM.value:
        found[SystemMetadata.CALLED_AET] = called_aet
    if origin == Origin.REST_API.value:
        found[SystemMetadata.HTTP_USERNAME] = user
    if offset is not None:
        found[SystemMetadata.PIXEL_DATA_OFFSET] = str(offset)
    if vr:
        found[SystemMetadata.PIXEL_DATA_VR] = vr
    return found


_COLUMNS: Final = {
    Level.PATIENT: _of_patient,
    Level.STUDY: _of_study,
    Level.SERIES: _of_series,
    Level.INSTANCE: _of_instance,
}
