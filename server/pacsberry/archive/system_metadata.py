"""System metadata, read from the columns that hold the facts: SQL for each, also to filter and order by."""

import sqlite3
from collections.abc import Mapping
from typing import Final

from pacsberry.archive.metadata_names import SystemMetadata
from pacsberry.archive.places import ALIASES
from pacsberry.model import Level, Origin


def moment(column: str) -> str:
    """SQL of 'YYYYMMDDTHHMMSS' in UTC, for a column of seconds."""
    return f"strftime('%Y%m%dT%H%M%S', {column}, 'unixepoch')"


def _origin(column: str, *, only_for: Origin | None = None) -> str:
    condition = "" if only_for is None else f" AND origin = '{only_for.value}'"
    return f"(SELECT {column} FROM origins WHERE origins.key = i.origin{condition})"


def _format(column: str) -> str:
    return f"(SELECT {column} FROM formats WHERE formats.key = i.format)"


_FIRST_SENDER: Final = """(SELECT remote_aet FROM instances JOIN origins ON origins.key = instances.origin
    WHERE instances.parent = e.key ORDER BY instances.key LIMIT 1)"""

# SQL over the names of places.ALIASES; NULL means that the resource has no such metadata.
SYSTEM_METADATA_SQL: Final[Mapping[Level, Mapping[int, str]]] = {
    Level.PATIENT: {
        SystemMetadata.LAST_UPDATE: moment("p.updated_at"),
        SystemMetadata.IS_PROTECTED: "CASE WHEN p.is_protected THEN 'true' END",
        # As in Orthanc, who is protected has no place in the order of recycling.
        SystemMetadata.PATIENT_RECYCLING_ORDER: "CASE WHEN NOT p.is_protected THEN CAST(p.arrival AS TEXT) END",
    },
    Level.STUDY: {
        SystemMetadata.LAST_UPDATE: moment("s.updated_at"),
        SystemMetadata.IS_PROTECTED: "CASE WHEN s.is_protected THEN 'true' END",
    },
    Level.SERIES: {
        SystemMetadata.REMOTE_AET: f"coalesce({_FIRST_SENDER}, '')",
        SystemMetadata.EXPECTED_NUMBER_OF_INSTANCES: "CAST(e.expected_instances AS TEXT)",
        SystemMetadata.LAST_UPDATE: moment("e.updated_at"),
        SystemMetadata.IS_PROTECTED: "CASE WHEN e.is_protected THEN 'true' END",
    },
    Level.INSTANCE: {
        SystemMetadata.INDEX_IN_SERIES: "CAST(i.index_in_series AS TEXT)",
        SystemMetadata.RECEPTION_DATE: moment("i.received_at"),
        SystemMetadata.REMOTE_AET: _origin("remote_aet"),
        SystemMetadata.ORIGIN: _origin("origin"),
        SystemMetadata.TRANSFER_SYNTAX: _format("transfer_syntax_uid"),
        SystemMetadata.SOP_CLASS_UID: _format("sop_class_uid"),
        SystemMetadata.REMOTE_IP: f"nullif({_origin('remote_ip')}, '')",
        SystemMetadata.CALLED_AET: _origin("called_aet", only_for=Origin.DICOM),
        SystemMetadata.HTTP_USERNAME: _origin("http_username", only_for=Origin.REST_API),
        SystemMetadata.PIXEL_DATA_OFFSET: "CAST(i.pixel_data_offset AS TEXT)",
        SystemMetadata.PIXEL_DATA_VR: "nullif(i.pixel_data_vr, '')",
    },
}

_SELECT: Final = {
    level: f"SELECT {', '.join(columns.values())} FROM {level.plural} {ALIASES[level]} WHERE {ALIASES[level]}.key = ?"
    for level, columns in SYSTEM_METADATA_SQL.items()
}


def system_values(connection: sqlite3.Connection, level: Level, key: int) -> dict[int, str]:
    """The system metadata of a row, by number."""
    row = connection.execute(_SELECT[level], (key,)).fetchone()
    return {int(number): text for number, text in zip(SYSTEM_METADATA_SQL[level], row, strict=True) if text is not None}


def metadata_sql(level: Level, number: int) -> str:
    """SQL of one metadata of a resource of `level`, the system's or a user's; NULL when it has none."""
    system = SYSTEM_METADATA_SQL[level].get(number)
    if system is not None:
        return system
    alias = ALIASES[level]
    return (
        f"(SELECT value FROM metadata WHERE level = {int(level)} AND metadata.key = {alias}.key AND type = {number:d})"
    )
