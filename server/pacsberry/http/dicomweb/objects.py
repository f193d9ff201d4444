"""The instances that a path of DICOMweb names, by the UIDs of study, series and instance.

Instances are listed a series at a time: nothing of the index is held while a slow client is sent what they contain.
"""

import logging
from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from itertools import groupby

from pacsberry.archive.queries import FindQuery
from pacsberry.archive.resources import InstanceFile
from pacsberry.dicom.matching import Constraint, Match
from pacsberry.errors import UnknownResource
from pacsberry.http.context import Context
from pacsberry.http.dicomweb.columns import UIDS
from pacsberry.model import Level

LOGGER = logging.getLogger("pacsberry.http")

_MOST_NAMESAKES = 64  # resources with one UID: the same study sent under several patients


@dataclass(frozen=True, slots=True)
class StoredObject:
    """One instance and its file."""

    id: str  # Orthanc identifier
    file: str  # for FileStore.open
    size: int  # bytes
    transfer_syntax_uid: str
    uids: tuple[str, str, str]  # of study, series and instance
    series: str  # Orthanc identifier


def stored_objects(context: Context, uids: Sequence[str]) -> Generator[StoredObject]:
    """Every instance of what `uids`, one to three, name; UnknownResource, before the first, when there is none.

    What is deleted while they are listed is left out.
    """
    level = Level(len(uids))
    found = ids_of(context, level, dict(zip(UIDS, uids, strict=False)))
    if not found:
        raise UnknownResource(f"There is no {level.title.lower()} {uids[-1][:80]!r}.")
    return _objects(context, level, found)


def middle_objects(context: Context, uids: Sequence[str]) -> Generator[StoredObject]:
    """The instance in the middle of each series, which shows most of it; UnknownResource as `stored_objects`."""
    return _middles(stored_objects(context, uids))


def one_object(context: Context, uids: Sequence[str]) -> StoredObject:
    """The instance that three UIDs name; UnknownResource."""
    with closing(stored_objects(context, uids)) as found:
        for one in found:
            return one
    raise UnknownResource(f"There is no instance {uids[-1][:80]!r} any more.")


def ids_of(context: Context, level: Level, uids: Mapping[int, str]) -> list[str]:
    """The Orthanc identifiers of the resources of `level` with these UIDs, by tag; several when UIDs are used twice."""
    query = FindQuery(level, constraints=named_by(uids), limit=_MOST_NAMESAKES)
    return [found.id for found in context.archive.search.find(query)]


def named_by(uids: Mapping[int, str]) -> tuple[Constraint, ...]:
    """The constraints that only what has these UIDs, by tag, fulfils; UnknownResource for what can be nobody's UID.

    In a search a blank means everything, and a backslash a list: not so in an address.
    """
    constraints = tuple(Constraint.parse(tag, "UI", uid, case_sensitive=True) for tag, uid in uids.items())
    for constraint, uid in zip(constraints, uids.values(), strict=True):
        if constraint.kind is not Match.EXACT:
            raise UnknownResource(f"{uid[:80]!r} is no UID.")
    return constraints


def series_of(context: Context, uids: Sequence[str]) -> list[str]:
    """The Orthanc identifiers of the series of a study, or of a series, by UIDs; in the order of `stored_objects`."""
    level = Level(len(uids))
    ids = ids_of(context, level, dict(zip(UIDS, uids, strict=False)))
    if level is Level.SERIES:
        return ids
    children = context.archive.resources.children
    try:
        return [series for id in ids for series in children(Level.STUDY, id, Level.SERIES)]
    except UnknownResource:
        return []


def _objects(context: Context, level: Level, found: Sequence[str]) -> Generator[StoredObject]:
    for id in found:
        try:
            at, resources = level, [id]
            if level is Level.STUDY:
                at, resources = Level.SERIES, list(context.archive.resources.children(level, id, Level.SERIES))
            for resource in resources:
                yield from [_object(one) for one in _files(context, at, resource)]
        except UnknownResource as error:
            LOGGER.info("Deleted while it was read: %s", error)


def _middles(stored: Generator[StoredObject]) -> Generator[StoredObject]:
    with closing(stored):
        for _, of_series in groupby(stored, key=lambda one: one.uids[1]):
            series = list(of_series)
            yield series[len(series) // 2]


def _files(context: Context, level: Level, id: str) -> Iterator[InstanceFile]:
    return context.archive.resources.instance_files(level, id)


def _object(one: InstanceFile) -> StoredObject:
    study, series, instance = one.main_tags[1:]
    uids = (
        study.get("StudyInstanceUID", ""),
        series.get("SeriesInstanceUID", ""),
        instance.get("SOPInstanceUID", ""),
    )
    return StoredObject(one.id, one.file, one.size, one.transfer_syntax_uid, uids, one.ids[Level.SERIES])
