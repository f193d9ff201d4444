"""Renders whole levels of the archive as the JSON that Orthanc's clients know, inside SQLite.

20 000 studies never become Python objects: the database joins the texts, `tags` is stored indented for its place, and
the chunks go to the client as they come.  `resources.describe` says the same for one resource; a test compares them.
"""

import json
import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from json.encoder import encode_basestring as _quote

from pacsberry.archive.metadata_names import SystemMetadata
from pacsberry.archive.places import bounded, patient_tags
from pacsberry.archive.system_metadata import moment
from pacsberry.model import Level

CHUNK_BYTES = 65536  # a chunk of a list is about so long, or one resource when that is longer


def tags_text(tags: Mapping[str, str]) -> str:
    """Main DICOM tags as the index keeps them: sorted JSON, indented for its place in a list of resources."""
    if not tags:
        return "{}"
    return "{" + ",".join(f"\n         {_quote(name)} : {_quote(tags[name])}" for name in sorted(tags)) + "\n      }"


def render(
    connection: sqlite3.Connection, level: Level, unstable: Iterable[int], since: int, limit: int
) -> Iterator[bytes]:
    """The expanded array of a level in the order of arrival, as UTF-8 chunks; `limit` 0 is no limit.

    `unstable`: keys of the resources that still receive instances.
    """
    cursor = connection.execute(
        f"SELECT {_RESOURCES[level]} ORDER BY r.key LIMIT :limit OFFSET :since",
        {"unstable": json.dumps(list(unstable)), "limit": bounded(limit) or -1, "since": bounded(since)},
    )
    return _chunks(row[0] for row in cursor)


def render_ids(connection: sqlite3.Connection, level: Level, since: int, limit: int) -> Iterator[str]:
    """The identifiers of a level in the order of arrival; `limit` 0 is no limit."""
    for (resource_id,) in connection.execute(
        f"SELECT id FROM {level.plural} ORDER BY key LIMIT ? OFFSET ?", (bounded(limit) or -1, bounded(since))
    ):
        yield resource_id


def _chunks(texts: Iterable[str]) -> Iterator[bytes]:
    pieces: list[str] = []
    length = 0
    opening = "["
    for text in texts:
        pieces.append(opening)
        pieces.append(text)
        opening = ","
        length += len(text)
        if length >= CHUNK_BYTES:
            yield "".join(pieces).encode()
            pieces.clear()
            length = 0
    pieces.append("[]\n" if opening == "[" else "\n]\n")
    yield "".join(pieces).encode()


# --- SQL that prints one resource; `r` is its row ---------------------------------------------------------------


def _member(name: str, expression: str, *, last: bool = False) -> str:
    """SQL of one member of the object; `expression` is SQL that yields JSON."""
    return f"""'      "{name}" : ' || {expression} || '{"" if last else ","}\n'"""


def _optional(name: str, expression: str) -> str:
    """The same for a member that is left out when `expression` is NULL."""
    return f"""coalesce('      "{name}" : "' || {expression} || '",\n', '')"""


def _string(expression: str) -> str:
    return f"""'"' || {expression} || '"'"""


def _array(values: str) -> str:
    """SQL of an array of strings; `values` selects them, sorted, as x."""
    opening, separator, closing = "[\n         ", ",\n         ", "\n      ]"
    joined = f"""SELECT group_concat('"' || x || '"', '{separator}') FROM ({values})"""
    return f"coalesce('{opening}' || ({joined}) || '{closing}', '[]')"


def _metadata(level: Level, number: int) -> str:
    return f"(SELECT value FROM metadata WHERE level = {int(level)} AND metadata.key = r.key AND type = {number:d})"


def series_status(series: str) -> str:
    """SQL of the Status of S14; `series` names the row in the query."""
    return f"""CASE WHEN {series}.expected_instances IS NULL THEN 'Unknown' ELSE (
        SELECT CASE
            WHEN min(index_in_series) < 1 OR max(index_in_series) > {series}.expected_instances
                OR count(DISTINCT index_in_series) < count(index_in_series) THEN 'Inconsistent'
            WHEN count(index_in_series) = {series}.expected_instances THEN 'Complete'
            ELSE 'Missing' END
        FROM instances WHERE instances.parent = {series}.key) END"""


def _resource(level: Level) -> str:
    """SQL of the text of one resource, members in the order of their names, and the tables it reads."""
    members = [_optional("AnonymizedFrom", _metadata(level, SystemMetadata.ANONYMIZED_FROM))]
    if level is Level.SERIES:
        members.append(_member("ExpectedNumberOfInstances", "coalesce(r.expected_instances, 'null')"))
    if level is Level.INSTANCE:
        members.append(_member("FileSize", "r.size"))
        members.append(_member("FileUuid", _string(file_uuid("r.file"))))
    members.append(_member("ID", _string("r.id")))
    if level is Level.INSTANCE:
        members.append(_member("IndexInSeries", "coalesce(r.index_in_series, 'null')"))
    if level is Level.SERIES:
        members.append(_member("Instances", _array("SELECT id AS x FROM instances WHERE parent = r.key ORDER BY id")))
    if level is Level.PATIENT:
        members.append(_member("IsProtected", "CASE r.is_protected WHEN 0 THEN 'false' ELSE 'true' END"))
    elif level is not Level.INSTANCE:  # Orthanc protects patients only: the member is there when it says something
        members.append("""CASE r.is_protected WHEN 0 THEN '' ELSE '      "IsProtected" : true,\n' END""")
    if level is not Level.INSTANCE:
        unstable = "r.key IN (SELECT value FROM json_each(:unstable))"
        members.append(_member("IsStable", f"CASE WHEN {unstable} THEN 'false' ELSE 'true' END"))
    labels = f"SELECT label AS x FROM labels WHERE level = {int(level)} AND labels.key = r.key ORDER BY label"
    members.append(_member("Labels", _array(labels)))
    if level is not Level.INSTANCE:
        members.append(_member("LastUpdate", _string(moment("r.updated_at"))))
    members.append(_member("MainDicomTags", "r.tags"))
    members.append(_optional("ModifiedFrom", _metadata(level, SystemMetadata.MODIFIED_FROM)))
    if level is not Level.PATIENT:
        members.append(_member(f"Parent{Level(level - 1).title}", _string("p.id")))
    if level is Level.STUDY:
        members.append(_member("PatientMainDicomTags", patient_tags("r")))
        members.append(_member("Series", _array("SELECT id AS x FROM series WHERE parent = r.key ORDER BY id")))
    if level is Level.SERIES:
        members.append(_member("Status", _string(series_status("r"))))
    if level is Level.PATIENT:
        members.append(_member("Studies", _array("SELECT id AS x FROM studies WHERE parent = r.key ORDER BY id")))
    members.append(_member("Type", f"""'"{level.title}"'""", last=True))
    tables = f"{level.plural} r"
    if level is not Level.PATIENT:
        tables += f" CROSS JOIN {Level(level - 1).plural} p ON p.key = r.parent"
    text = " || ".join(members)
    return f"'\n   {{\n' || {text} || '   }}' FROM {tables}"


def file_uuid(column: str) -> str:
    """SQL of the UUID in a file's name: 36 characters after 'bucket/'."""
    return f"substr({column}, instr({column}, '/') + 1, 36)"


_RESOURCES = {level: _resource(level) for level in Level}
