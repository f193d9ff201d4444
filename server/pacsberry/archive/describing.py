"""Describes one resource as Orthanc's clients know it (S3)."""

import json
import sqlite3
from typing import Final

from pacsberry.archive.attachments import Attachments
from pacsberry.archive.forms import uuid_of
from pacsberry.archive.labels import labels_of_key
from pacsberry.archive.listing import series_status
from pacsberry.archive.metadata import Metadata
from pacsberry.archive.metadata_names import SystemMetadata
from pacsberry.archive.outside_tags import OutsideTags
from pacsberry.archive.places import ALIASES, key_of, patient_tags, upwards
from pacsberry.archive.stability import Stability
from pacsberry.archive.tag_sources import file_sql, source_of
from pacsberry.archive.times import utc_text
from pacsberry.archive.views import Content, TagWriter, View
from pacsberry.dicom.main_tags import MainTags
from pacsberry.dicom.names import TagDictionary, tag_text
from pacsberry.model import Level

_ORIGINS: Final = {"AnonymizedFrom": SystemMetadata.ANONYMIZED_FROM, "ModifiedFrom": SystemMetadata.MODIFIED_FROM}
_CHILDREN: Final = {Level.PATIENT: "Studies", Level.STUDY: "Series", Level.SERIES: "Instances"}


class Describer:
    """Builds descriptions inside a read that the caller holds open."""

    def __init__(
        self,
        *,
        stability: Stability,
        metadata: Metadata,
        attachments: Attachments,
        main_tags: MainTags,
        dictionary: TagDictionary,
        outside: OutsideTags,
    ) -> None:
        """`outside`: for requested tags that the index does not hold."""
        self._stability = stability
        self._metadata = metadata
        self._attachments = attachments
        self._main_tags = main_tags
        self._dictionary = dictionary
        self._outside = outside
        self._writer = TagWriter(main_tags)

    def describe(self, connection: sqlite3.Connection, level: Level, resource_id: str, view: View) -> dict[str, object]:
        """Everything that `view` asks of one resource.  Raises UnknownResource."""
        key = key_of(connection, level, resource_id)
        found: dict[str, object] = {"ID": resource_id, "Type": level.title}
        found.update(self._of_level(connection, level, key, view))
        content = view.content
        if Content.CHILDREN in content and level in _CHILDREN:
            found[_CHILDREN[level]] = _children(connection, level, key)
        if Content.LABELS in content:
            found["Labels"] = labels_of_key(connection, level, key)
        if Content.IS_STABLE in content and level is not Level.INSTANCE:
            found["IsStable"] = self._stability.is_stable(level, key)
        if Content.METADATA_LEGACY in content:
            found.update(_origins(connection, level, key))
        if Content.METADATA in content:
            found["Metadata"] = self._metadata.named(self._metadata.of_key(connection, level, key))
        if Content.ATTACHMENTS in content:
            attached = self._attachments.of_key(connection, level, key)
            found["Attachments"] = [attachment.facts(attachment.md5) for attachment in attached]
        if view.requested_tags:
            found["RequestedTags"] = self._writer.write(
                self._requested(connection, level, key, view.requested_tags), view.form
            )
        return found

    def _of_level(self, connection: sqlite3.Connection, level: Level, key: int, view: View) -> dict[str, object]:
        """What is told of this level only."""
        if level is Level.PATIENT:
            return self._patient(connection, key, view)
        if level is Level.STUDY:
            return self._study(connection, key, view)
        if level is Level.SERIES:
            return self._series(connection, key, view)
        return self._instance(connection, key, view)

    def _tags(self, text: str, view: View) -> dict[str, object]:
        return self._writer.write(json.loads(text), view.form)

    def _patient(self, connection: sqlite3.Connection, key: int, view: View) -> dict[str, object]:
        tags, updated_at, is_protected = connection.execute(
            "SELECT tags, updated_at, is_protected FROM patients WHERE key = ?", (key,)
        ).fetchone()
        found: dict[str, object] = {}
        if Content.MAIN_DICOM_TAGS in view.content:
            found["MainDicomTags"] = self._tags(tags, view)
        if Content.IS_PROTECTED in view.content:
            found["IsProtected"] = bool(is_protected)
        if Content.METADATA_LEGACY in view.content:
            found["LastUpdate"] = utc_text(updated_at)
        return found

    def _study(self, connection: sqlite3.Connection, key: int, view: View) -> dict[str, object]:
        tags, updated_at, is_protected, parent, parent_tags = connection.execute(
            f"""SELECT s.tags, s.updated_at, s.is_protected, p.id, {patient_tags()}
                FROM studies s JOIN patients p ON p.key = s.parent WHERE s.key = ?""",
            (key,),
        ).fetchone()
        found: dict[str, object] = {}
        if Content.MAIN_DICOM_TAGS in view.content:
            found["MainDicomTags"] = self._tags(tags, view)
            found["PatientMainDicomTags"] = self._tags(parent_tags, view)
        if is_protected and Content.IS_PROTECTED in view.content:
            found["IsProtected"] = True
        if Content.METADATA_LEGACY in view.content:
            found["LastUpdate"] = utc_text(updated_at)
        if Content.PARENT in view.content:
            found["ParentPatient"] = parent
        return found

    def _series(self, connection: sqlite3.Connection, key: int, view: View) -> dict[str, object]:
        tags, updated_at, is_protected, expected, status, parent = connection.execute(
            f"""SELECT e.tags, e.updated_at, e.is_protected, e.expected_instances, {series_status("e")}, s.id
                FROM series e JOIN studies s ON s.key = e.parent WHERE e.key = ?""",
            (key,),
        ).fetchone()
        found: dict[str, object] = {}
        if Content.MAIN_DICOM_TAGS in view.content:
            found["MainDicomTags"] = self._tags(tags, view)
        if is_protected and Content.IS_PROTECTED in view.content:
            found["IsProtected"] = True
        if Content.STATUS in view.content:
            found["Status"] = status
        if Content.METADATA_LEGACY in view.content:
            found["ExpectedNumberOfInstances"] = expected
            found["LastUpdate"] = utc_text(updated_at)
        if Content.PARENT in view.content:
            found["ParentStudy"] = parent
        return found

    def _instance(self, connection: sqlite3.Connection, key: int, view: View) -> dict[str, object]:
        tags, index, size, file, parent = connection.execute(
            """SELECT i.tags, i.index_in_series, i.size, i.file, e.id FROM instances i JOIN series e ON e.key = i.parent
               WHERE i.key = ?""",
            (key,),
        ).fetchone()
        found: dict[str, object] = {}
        if Content.MAIN_DICOM_TAGS in view.content:
            found["MainDicomTags"] = self._tags(tags, view)
        if Content.ATTACHMENTS_LEGACY in view.content:
            found["FileSize"] = size
            found["FileUuid"] = uuid_of(file)
        if Content.METADATA_LEGACY in view.content:
            found["IndexInSeries"] = index
        if Content.PARENT in view.content:
            found["ParentSeries"] = parent
        return found

    def _requested(
        self, connection: sqlite3.Connection, level: Level, key: int, tags: tuple[int, ...]
    ) -> dict[str, str]:
        """The values of tags by name; those that the resource has not are left out."""
        sources = {tag: source_of(self._main_tags, tag, level) for tag in tags}
        columns = {tag: source.answer() for tag, source in sources.items() if source is not None}
        outside = frozenset(tag for tag, source in sources.items() if source is None)
        row = connection.execute(
            f"SELECT {file_sql(level)}, {', '.join(['NULL', *(source.sql for source in columns.values())])} "
            f"FROM {upwards(level)} WHERE {ALIASES[level]}.key = ?",
            (key,),
        ).fetchone()
        values = dict(zip(columns, row[2:], strict=True))
        if self._outside.may_answer:
            values.update(self._outside.read(row[0], outside))
        return {self.name_of(tag): value for tag in tags if (value := values.get(tag)) is not None}

    def name_of(self, tag: int) -> str:
        """The name of a tag in JSON: its keyword, or 'gggg,eeee' without one."""
        return self._main_tags.name_of(tag) or self._dictionary.keyword(tag) or tag_text(tag)


def _children(connection: sqlite3.Connection, level: Level, key: int) -> list[str]:
    query = f"SELECT id FROM {Level(level + 1).plural} WHERE parent = ? ORDER BY id"
    return [row[0] for row in connection.execute(query, (key,))]


def _origins(connection: sqlite3.Connection, level: Level, key: int) -> dict[str, object]:
    """ModifiedFrom and AnonymizedFrom, where they are known."""
    query = "SELECT type, value FROM metadata WHERE level = ? AND key = ? AND type IN (5, 6)"
    values = dict(connection.execute(query, (int(level), key)))
    return {name: values[number] for name, number in _ORIGINS.items() if number in values}
