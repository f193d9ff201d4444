"""Reads paths below DICOMweb's root and calls the transaction that answers (PS3.18 10.1.1, table 10.1-1)."""

import re
from collections.abc import Callable
from typing import Final

from pacsberry.http.answers import Answer
from pacsberry.http.context import Context
from pacsberry.http.dicomweb import searching
from pacsberry.http.errors import UnknownUri
from pacsberry.http.request import Request
from pacsberry.model import Level

_Reader = Callable[..., Answer]

_STUDY: Final = "studies/(?P<study>[^/]+)"
_SERIES: Final = f"{_STUDY}/series/(?P<series>[^/]+)"


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


_READERS: Final[tuple[tuple[re.Pattern[str], _Reader], ...]] = tuple(
    (re.compile(pattern), reader)
    for pattern, reader in (
        ("studies", _searched(Level.STUDY)),
        ("series", _searched(Level.SERIES)),
        ("instances", _searched(Level.INSTANCE)),
        (f"{_STUDY}/series", _searched(Level.SERIES)),
        (f"{_STUDY}/instances", _searched(Level.INSTANCE)),
        (f"{_SERIES}/instances", _searched(Level.INSTANCE)),
    )
)
