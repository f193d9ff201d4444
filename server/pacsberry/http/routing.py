"""The one table of routes, and the bottle application made from it.

Each noun module exports its part:

    ROUTES = [
        Route("GET", "/<level:level>", list_level),
        Route("GET", "/<level:level>/<id>", describe),
        Route("GET", "/<level:level:patients|studies|series>/<id>/shared-tags", shared_tags),
        Route("POST", "/tools/find", find, reads=True),
        Route("PUT", "/<level:level>/<id>/attachments/<name>", put_attachment, body=Body.SPOOL),
    ]

A handler gets the request, the context and what the path holds, by name.  It answers, or returns None when there is
nothing to answer (a bare 404, or 400 for POST, S8), or raises an error of `pacsberry.errors`:

    def describe(request: Request, context: Context, level: Level, id: str) -> Answer:
        return Answer.json(context.archive.resources.describe(level, id, view_of(request)))

Paths are bottle's rules: `<name>` is one segment, `<name:path>` the rest of the path, `<name:int>` a number,
`<name:level>` the plural of a level, handed over as `model.Level`.  A path without wildcards wins over one with; else
the first in the table wins.  Write `<level:level>` rather than four routes: bottle compiles the rules of a method anew
for each one added.
"""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

import bottle

from pacsberry.auth import Action
from pacsberry.errors import BadRequest, ConfigError
from pacsberry.http.answers import Answer
from pacsberry.http.errors import UnknownUri
from pacsberry.model import Level

if TYPE_CHECKING:
    from pacsberry.http.piping import Consumer

Handler = Callable[..., Answer | None]

_LEVELS = {level.plural: level for level in Level}


class Body(Enum):
    """Where the body of a request goes while it arrives."""

    MEMORY = "memory"  # `request.body`, up to HttpSettings.small_body_bytes
    SPOOL = "spool"  # a file in the storage folder, `request.spool`, up to MaximumRequestBodySizeMB
    PIPE = "pipe"  # taken in piece by piece by what the route's `consumer` makes, `request.consumer`


@dataclass(frozen=True, slots=True)
class Route:
    """One method on one path."""

    method: str
    path: str
    handler: Handler
    body: Body = Body.MEMORY
    consumer: "Callable[..., Consumer] | None" = None  # of a Body.PIPE; takes what a handler takes
    waits: bool = False  # for a pixel worker: the request then has a thread beside those of all others
    reads: bool = False  # a POST that changes nothing, so it is allowed in read-only mode
    needs: Action | None = None  # what the role of the user must allow; None: by the method, see `action`
    shown: Callable[..., bool] | None = None  # whether students may see what the path names; None: nothing of it
    is_public: bool = False  # also for who has not signed in where everybody has to

    @property
    def writes(self) -> bool:
        """Whether the request changes the archive or the server."""
        return self.method != "GET" and not self.reads

    @property
    def action(self) -> Action:
        """What the role of the user must allow."""
        if self.needs is not None:
            return self.needs
        if not self.writes:
            return Action.READ
        return Action.DELETE if self.method == "DELETE" else Action.CHANGE


class WrongMethod(Exception):
    """The path exists, for other methods: those in `allow`."""

    def __init__(self, allow: str) -> None:
        super().__init__(allow)
        self.allow = allow


class _Router(bottle.Router):
    """bottle's router, for a table that is built once.

    A whole Bottle keeps settings for each route, and bottle compiles all rules of a method anew for each one added:
    0.8 MB at the start of a server.  Written against bottle 0.13: `_compile` is called by `add`.
    """

    def finish(self) -> None:
        """Compile what was added, and drop what only building needs."""
        for method in self.dyna_routes:
            super()._compile(method)
        self.builder.clear()

    def _compile(self, method: str) -> None:
        """Wait for `finish`."""


class Routes:
    """All routes, compiled and matched by bottle.  Thread-safe once built."""

    def __init__(self, table: Iterable[Route]) -> None:
        self.table: Sequence[Route] = tuple(table)
        self._router = _Router()
        self._router.add_filter("level", _level_filter)
        known: set[tuple[str, str]] = set()
        for route in self.table:
            if (route.method, route.path) in known:
                raise ConfigError(
                    f"Two things would be served at {route.path}: set another DicomWeb.Root or DicomWeb.WadoRoot."
                )
            known.add((route.method, route.path))
            self._router.add(route.path, route.method, route)
        self._router.finish()
        re.purge()  # re keeps what it compiled last

    def match(self, method: str, path: str) -> tuple[Route, Mapping[str, object]]:
        """The route of a request, and what its path holds.

        Raises UnknownUri, WrongMethod, or BadRequest when a part of the path is no number though it should be.
        """
        try:
            return self._router.match({"REQUEST_METHOD": method, "PATH_INFO": path})
        except bottle.HTTPError as error:
            if error.status_code == 405:
                raise WrongMethod(error.headers["Allow"]) from error
            if error.status_code == 404:
                raise UnknownUri from error
            raise BadRequest("A number in the address cannot be read.") from error

    def find(self, method: str, path: str) -> Route | None:
        """The route of a request; None when there is none with that method and path."""
        try:
            return self.match(method, path)[0]
        except (UnknownUri, WrongMethod, BadRequest):
            return None


def children(table: Iterable[Route], path: str) -> list[str]:
    """The names one segment below `path`, sorted: how Orthanc answers GET on a folder of operations (`/tools`)."""
    prefix = path.rstrip("/") + "/"
    names = {route.path.removeprefix(prefix).split("/")[0] for route in table if route.path.startswith(prefix)}
    return sorted(name for name in names if "<" not in name)


def _level_filter(choice: str | None) -> tuple[str, Callable[[str], object], Callable[[object], str]]:
    """Bottle's filter `<name:level>`: pattern, text to value, value to text."""
    plurals: Mapping[str, Level] = {name: _LEVELS[name] for name in (choice or "|".join(_LEVELS)).split("|")}
    return "|".join(plurals), plurals.__getitem__, str
