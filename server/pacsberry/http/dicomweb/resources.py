"""Reads paths below DICOMweb's root and calls the transaction that answers (PS3.18 10.1.1, table 10.1-1)."""

import re
from collections.abc import Callable
from typing import Final

from pacsberry.http.answers import Answer
from pacsberry.http.context import Context
from pacsberry.http.dicomweb import searching
from pacsberry.http.dicomweb.bulk import get_bulk
from pacsberry.http.dicomweb.frames import get_frames
from pacsberry.http.dicomweb.metadata import get_metadata
from pacsberry.http.dicomweb.retrieving import retrieve
from pacsberry.http.errors import UnknownUri
from pacsberry.http.request import Request
from pacsberry.model import Level

_Reader = Callable[..., Answer]

_STUDY: Final = "studies/(?P<study>[^/]+)"
_SERIES: Final = f"{_STUDY}/series/(?P<series>[^/]+)"
_INSTANCE: Final = f"{_SERIES}/instances/(?P<instance>[^/]+)"


def read(request: Request, context: Context, path: str) -> Answer:
    """The answer to GET; UnknownUri for a path that means nothing."""
    for pattern, reader in _READERS:
        match = pattern.fullmatch(path)
        if match is not None:
            return reader(request, context, **match.groupdict())
    raise UnknownUri


def _searched(level: Level) -> _Reader:
    def reader(request: Request, context: Context, **uids: str) -> Answer:
        return searching.search(request, context, level, tuple(uids.values()))

    return reader


def _retrieved(request: Request, context: Context, **uids: str) -> Answer:
    return retrieve(request, context, tuple(uids.values()))


def _metadata(request: Request, context: Context, **uids: str) -> Answer:
    return get_metadata(request, context, tuple(uids.values()))


def _bulk(request: Request, context: Context, path: str, **uids: str) -> Answer:
    return get_bulk(request, context, tuple(uids.values()), path)


def _frames(request: Request, context: Context, frames: str, **uids: str) -> Answer:
    return get_frames(request, context, tuple(uids.values()), frames)


_TABLE: Final[tuple[tuple[str, _Reader], ...]] = (
    ("studies", _searched(Level.STUDY)),
    ("series", _searched(Level.SERIES)),
    ("instances", _searched(Level.INSTANCE)),
    (f"{_STUDY}/series", _searched(Level.SERIES)),
    (f"{_STUDY}/instances", _searched(Level.INSTANCE)),
    (f"{_SERIES}/instances", _searched(Level.INSTANCE)),
    *((path, _retrieved) for path in (_STUDY, _SERIES, _INSTANCE)),
    *((f"{path}/metadata", _metadata) for path in (_STUDY, _SERIES, _INSTANCE)),
    (f"{_INSTANCE}/bulk/(?P<path>.+)", _bulk),
    (f"{_INSTANCE}/frames/(?P<frames>[^/]+)", _frames),
)
_READERS: Final = tuple((re.compile(pattern), reader) for pattern, reader in _TABLE)
