"""The resources: what there is at each level, how they hang together, and what is known of one.

Long answers are iterators over one snapshot of the index; closing them, or reading them to the end, gives it back.
"""

import json
import sqlite3
from collections.abc import Generator, Iterable, Iterator, Mapping
from dataclasses import dataclass

from pacsberry.archive import listing
from pacsberry.archive.describing import Describer
from pacsberry.archive.index import Index
from pacsberry.archive.places import ALIASES, below, key_of, patient_tags, upwards
from pacsberry.archive.stability import Stability
from pacsberry.archive.views import View
from pacsberry.errors import BadRequest, UnknownResource
from pacsberry.model import Level

_DEFAULT_VIEW = View()


@dataclass(frozen=True, slots=True)
class InstanceFile:
    """One instance as those see it who send or pack files; the mappings are shared between instances."""

    id: str
    file: str  # for FileStore.open
    size: int  # bytes
    md5: str  # hex, or ''
    sop_class_uid: str
    transfer_syntax_uid: str
    main_tags: tuple[Mapping[str, str], Mapping[str, str], Mapping[str, str], Mapping[str, str]]  # by Level
    ids: tuple[str, str, str, str]  # Orthanc identifiers, by Level


class Resources:
    """Reads the four levels; thread-safe.  Methods that take an identifier raise UnknownResource."""

    def __init__(self, index: Index, *, stability: Stability, describer: Describer) -> None:
        self._index = index
        self._stability = stability
        self._describer = describer

    # --- lists ---------------------------------------------------------------------------------------------------

    def ids(self, level: Level, since: int = 0, limit: int = 0) -> Iterator[str]:
        """The identifiers of a level in the order of arrival; `limit` 0 is no limit."""
        with self._index.read() as connection:
            yield from listing.render_ids(connection, level, since, limit)

    def listing(self, level: Level, since: int = 0, limit: int = 0) -> Iterator[bytes]:
        """The same resources described as a whole JSON array in UTF-8, in chunks of about 64 KB."""
        with self._index.read() as connection:  # first: it has what is kept but not yet indexed become unstable
            unstable = () if level is Level.INSTANCE else self._stability.unstable_keys(level)
            yield from listing.render(connection, level, unstable, since, limit)

    def describe(self, level: Level, resource_id: str, view: View = _DEFAULT_VIEW) -> dict[str, object]:
        """What is known of one resource (S3)."""
        with self._index.read() as connection:
            return self._describer.describe(connection, level, resource_id, view)

    def describe_all(
        self, level: Level, resource_ids: Iterable[str], view: View = _DEFAULT_VIEW
    ) -> Iterator[dict[str, object]]:
        """The same of several resources; those that are gone are left out."""
        with self._index.read() as connection:
            for resource_id in resource_ids:
                try:
                    described = self._describer.describe(connection, level, resource_id, view)
                except UnknownResource:
                    continue
                yield described

    # --- places --------------------------------------------------------------------------------------------------

    def locate(self, level: Level, resource_id: str) -> int:
        """The row key of a resource."""
        with self._index.read() as connection:
            return key_of(connection, level, resource_id)

    def is_stable(self, level: Level, resource_id: str) -> bool:
        """Whether a patient, study or series has received nothing for StableAge seconds."""
        return self._stability.is_stable(level, self.locate(level, resource_id))

    def level_of(self, resource_id: str) -> Level:
        """The level at which an identifier is in use."""
        with self._index.read() as connection:
            for level in Level:
                try:
                    key_of(connection, level, resource_id)
                except UnknownResource:
                    continue
                return level
        raise UnknownResource(f"There is no resource {resource_id[:80]!r}.")

    def children(self, level: Level, resource_id: str, child_level: Level) -> Iterator[str]:
        """The identifiers of what is below a resource, sorted."""
        with self._index.read() as connection:
            key = key_of(connection, level, resource_id)
            if child_level <= level:
                raise BadRequest(f"A {level.title.lower()} has no {child_level.plural} below it.")
            selection = f"SELECT id FROM {child_level.plural} WHERE key IN ({below(level, child_level)}) ORDER BY id"
            for (child,) in connection.execute(selection, (key,)):
                yield child

    def ancestor(self, level: Level, resource_id: str, ancestor_level: Level) -> str:
        """The identifier of the patient, study or series that a resource belongs to."""
        return self.family(level, resource_id)[ancestor_level]

    def family(self, level: Level, resource_id: str) -> dict[Level, str]:
        """The identifiers of a resource and its ancestors, patient first."""
        aliases = ALIASES[: level + 1]
        with self._index.read() as connection:
            key = key_of(connection, level, resource_id)
            row = connection.execute(
                f"SELECT {', '.join(f'{alias}.id' for alias in aliases)} FROM {upwards(level)} "
                f"WHERE {ALIASES[level]}.key = ?",
                (key,),
            ).fetchone()
        return dict(zip(Level, row, strict=False))

    # --- files ---------------------------------------------------------------------------------------------------

    def instance_files(self, level: Level, resource_id: str) -> Generator[InstanceFile]:
        """Every instance of a resource, ordered by study, series and IndexInSeries."""
        with self._index.read() as connection:
            key = key_of(connection, level, resource_id)
            if level is Level.INSTANCE:
                yield from _files(connection, "i.key = ?", key)
                return
            for (series,) in connection.execute(
                f"SELECT key FROM series WHERE key IN ({below(level, Level.SERIES)}) ORDER BY parent, key", (key,)
            ):
                yield from _files(connection, "i.parent = ?", series)

    def count_instances(self, level: Level, resource_id: str) -> int:
        """How many instances a resource has."""
        with self._index.read() as connection:
            key = key_of(connection, level, resource_id)
            (number,) = connection.execute(f"SELECT count(*) FROM ({below(level, Level.INSTANCE)})", (key,)).fetchone()
            return int(number)


def _files(connection: sqlite3.Connection, condition: str, key: int) -> Iterator[InstanceFile]:
    """The files of one series, or of one instance; IndexInSeries comes sorted from the index on the parent."""
    series_key, ancestors = None, None
    for row in connection.execute(
        f"""SELECT i.parent, i.id, i.file, i.size, i.md5, f.sop_class_uid, f.transfer_syntax_uid, i.tags
            FROM instances i CROSS JOIN formats f ON f.key = i.format
            WHERE {condition} ORDER BY i.parent, i.index_in_series""",
        (key,),
    ):
        parent, instance_id, file, size, md5, sop_class, syntax, tags = row
        if ancestors is None or parent != series_key:
            series_key, ancestors = parent, _ancestors(connection, parent)
        (patient, study, series), (patient_id, study_id, series_id) = ancestors
        yield InstanceFile(
            instance_id,
            file,
            size,
            md5,
            sop_class,
            syntax,
            main_tags=(patient, study, series, json.loads(tags)),
            ids=(patient_id, study_id, series_id, instance_id),
        )


def _ancestors(
    connection: sqlite3.Connection, series: int
) -> tuple[tuple[Mapping[str, str], Mapping[str, str], Mapping[str, str]], tuple[str, str, str]]:
    row = connection.execute(
        f"SELECT {patient_tags()}, s.tags, e.tags, p.id, s.id, e.id FROM {upwards(Level.SERIES)} WHERE e.key = ?",
        (series,),
    ).fetchone()
    return (json.loads(row[0]), json.loads(row[1]), json.loads(row[2])), (row[3], row[4], row[5])
