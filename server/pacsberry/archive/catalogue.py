"""The studies as a page lists them: found by a few words, filtered, ordered, a page at a time, each with its series.

Words are looked for in several tags at once, as people search; a find of search.py asks each tag for itself.
"""

import json
import sqlite3
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any, Final

from pacsberry.archive.index import Index
from pacsberry.archive.metadata_names import CASE_TITLE, DISCARDED_AT
from pacsberry.archive.places import bindable, bounded, key_of, patient_tags
from pacsberry.dicom.person import without_person
from pacsberry.dicom.text import fold
from pacsberry.model import Level

MOST_LISTED: Final = 200  # studies of one page
_MOST_WORDS: Final = 8
_STUDY_TAGS: Final = ("StudyDescription", "AccessionNumber")
_PATIENT_TAGS: Final = ("PatientName", "PatientID")


class Order(Enum):
    """How a list is ordered; the newest of equals comes first."""

    NEWEST_STUDY = "-date"
    OLDEST_STUDY = "date"
    LAST_RECEIVED = "-received"
    NAME = "name"
    TITLE = "title"


_ORDERS: Final = {
    Order.NEWEST_STUDY: "s.study_date DESC, s.key DESC",
    Order.OLDEST_STUDY: "s.study_date, s.key DESC",
    Order.LAST_RECEIVED: "s.key DESC",
    Order.NAME: "p.name IS NULL, p.name, s.study_date DESC, s.key DESC",
    Order.TITLE: "t.value IS NULL, t.value COLLATE NOCASE, s.study_date DESC, s.key DESC",
}


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a page asks; all conditions hold together."""

    text: str = ""  # every word of it is somewhere in title, description, names and numbers
    modality: str = ""
    labels: tuple[str, ...] = ()  # all of them
    from_date: str = ""  # DICOM's form, YYYYMMDD
    to_date: str = ""
    shown_label: str | None = None  # only studies with this label, and no word is looked for in names
    without_label: str = ""  # only studies that do not have it
    order: Order = Order.NEWEST_STUDY
    since: int = 0
    limit: int = 50


@dataclass(frozen=True, slots=True)
class SeriesEntry:
    """One series of a listed study."""

    id: str
    modality: str
    instances: int
    tags: dict[str, str]


@dataclass(frozen=True, slots=True)
class StudyEntry:
    """One study of a list."""

    id: str
    title: str  # what the teacher calls it; '' for none
    tags: dict[str, str]
    patient_tags: dict[str, str]
    labels: tuple[str, ...]
    is_protected: bool
    updated_at: int  # UTC seconds
    series: tuple[SeriesEntry, ...]  # in the order of SeriesNumber


class Catalogue:
    """Asks the index; thread-safe."""

    def __init__(self, index: Index) -> None:
        self._index = index

    def studies(self, wanted: Wanted) -> tuple[list[StudyEntry], bool]:
        """One page, and whether there are more."""
        limit = min(max(wanted.limit, 1), MOST_LISTED)
        with self._index.read() as connection:
            keys = _page(connection, wanted, limit + 1)
            return [_entry(connection, key) for key in keys[:limit]], len(keys) > limit

    def study(self, study_id: str) -> StudyEntry:
        """One study.  Raises UnknownResource."""
        with self._index.read() as connection:
            return _entry(connection, key_of(connection, Level.STUDY, study_id))

    def discarded(self) -> list[str]:
        """The identifiers of studies that were deleted and can be had back, the last one first."""
        with self._index.read() as connection:
            query = """SELECT s.id FROM metadata m CROSS JOIN studies s ON s.key = m.key
                       WHERE m.level = ? AND m.type = ? ORDER BY m.value DESC, s.key DESC"""
            return [row[0] for row in connection.execute(query, (int(Level.STUDY), DISCARDED_AT))]

    def modalities(self, shown_label: str | None = None) -> list[str]:
        """All modalities in use, or those of the studies with a label."""
        condition, parameters = _labelled("e.parent", shown_label)
        with self._index.read() as connection:
            query = f"SELECT DISTINCT modality FROM series e WHERE modality <> ''{condition} ORDER BY modality"
            return [row[0] for row in connection.execute(query, parameters)]


def _page(connection: sqlite3.Connection, wanted: Wanted, count: int) -> list[int]:
    """The row keys of a page of `count`."""
    words = fold(wanted.text).split()[:_MOST_WORDS]
    sql, parameters = _select(wanted)
    if not words:
        rows = connection.execute(f"{sql} LIMIT ? OFFSET ?", (*parameters, count, bounded(wanted.since)))
        return [row[0] for row in rows]
    found: list[int] = []
    skipped = 0
    for key, title, tags, patient in connection.execute(sql, parameters):
        text = fold(" ".join(_searched(title, tags, patient, nameless=wanted.shown_label is not None)))
        if all(word in text for word in words):
            if skipped < wanted.since:
                skipped += 1
                continue
            found.append(key)
            if len(found) == count:
                break
    return found


def _select(wanted: Wanted) -> tuple[str, Sequence[object]]:
    conditions, parameters = "", [int(Level.STUDY), CASE_TITLE]
    values: list[object] = [*parameters]
    if wanted.from_date:
        conditions += " AND s.study_date >= ?"
        values.append(bindable(wanted.from_date))
    if wanted.to_date:
        conditions += " AND s.study_date <= ? AND s.study_date <> ''"
        values.append(bindable(wanted.to_date))
    if wanted.modality:
        conditions += " AND EXISTS (SELECT 1 FROM series WHERE parent = s.key AND modality = ?)"
        values.append(bindable(wanted.modality))
    for label in (*wanted.labels, wanted.shown_label):
        condition, more = _labelled("s.key", label)
        conditions += condition
        values.extend(more)
    if wanted.without_label:
        condition, more = _labelled("s.key", wanted.without_label)
        conditions += condition.replace("EXISTS", "NOT EXISTS", 1)
        values.extend(more)
    sql = f"""SELECT s.key, t.value, s.tags, {patient_tags()} FROM studies s
        CROSS JOIN patients p ON p.key = s.parent
        LEFT JOIN metadata t ON t.level = ? AND t.key = s.key AND t.type = ?
        WHERE NOT EXISTS (SELECT 1 FROM metadata WHERE level = {int(Level.STUDY)} AND key = s.key
            AND type = {DISCARDED_AT}){conditions} ORDER BY {_ORDERS[wanted.order]}"""
    return sql, values


def _labelled(key: str, label: str | None) -> tuple[str, list[object]]:
    if label is None:
        return "", []
    condition = f" AND EXISTS (SELECT 1 FROM labels WHERE level = ? AND key = {key} AND label = ?)"
    return condition, [int(Level.STUDY), bindable(label)]


def _searched(title: str | None, tags: str, patient: str, *, nameless: bool) -> Iterator[str]:
    yield title or ""
    study: dict[str, str] = json.loads(tags)
    person: dict[str, str] = json.loads(patient)
    if nameless:
        yield without_person(study.get("StudyDescription", ""), person)
        return
    yield from (study.get(name, "") for name in _STUDY_TAGS)
    yield from (person.get(name, "").replace("^", " ") for name in _PATIENT_TAGS)


def _entry(connection: sqlite3.Connection, key: int) -> StudyEntry:
    row = connection.execute(
        f"""SELECT s.id, s.tags, {patient_tags()}, s.is_protected OR p.is_protected, s.updated_at, t.value
            FROM studies s CROSS JOIN patients p ON p.key = s.parent
            LEFT JOIN metadata t ON t.level = ? AND t.key = s.key AND t.type = ? WHERE s.key = ?""",
        (int(Level.STUDY), CASE_TITLE, key),
    ).fetchone()
    labels = connection.execute(
        "SELECT label FROM labels WHERE level = ? AND key = ? ORDER BY label", (int(Level.STUDY), key)
    )
    return StudyEntry(
        id=row[0],
        title=row[5] or "",
        tags=json.loads(row[1]),
        patient_tags=json.loads(row[2]),
        labels=tuple(label for (label,) in labels),
        is_protected=bool(row[3]),
        updated_at=row[4],
        series=tuple(sorted(_series(connection, key), key=_number)),
    )


def _series(connection: sqlite3.Connection, key: int) -> Iterator[SeriesEntry]:
    for series_id, modality, tags, count in connection.execute(
        """SELECT id, modality, tags, (SELECT count(*) FROM instances WHERE parent = series.key)
           FROM series WHERE parent = ? ORDER BY key""",
        (key,),
    ):
        yield SeriesEntry(series_id, modality, count, json.loads(tags))


def _number(series: SeriesEntry) -> tuple[bool, Any]:
    try:
        return False, int(series.tags.get("SeriesNumber", ""))
    except ValueError:
        return True, 0
