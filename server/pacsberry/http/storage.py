"""How the storage is: room, limits, what goes next, the scrub, damaged files, the last start, the last backup.

And making room in it.
"""

from pacsberry.auth import Action
from pacsberry.errors import BadRequest
from pacsberry.http.answers import Answer
from pacsberry.http.context import Context
from pacsberry.http.request import Request
from pacsberry.http.routing import Route

_MOST_MB = 2**30


def get_storage(request: Request, context: Context) -> Answer:
    """The state of the storage; server/ARCHIVE.md says what each name means."""
    return Answer.json(context.storage())


def recycle(request: Request, context: Context) -> Answer:
    """Make the room now that is made ahead of need, or as much as the body's FreeMB says; tells what that did."""
    free_mb = request.json_object_or_nothing.get("FreeMB", 0)
    if not isinstance(free_mb, int) or isinstance(free_mb, bool) or not 0 <= free_mb <= _MOST_MB:
        raise BadRequest(f"FreeMB: a whole number from 0 to {_MOST_MB} is expected.")
    return Answer.json(context.recycle(free_mb << 20))


ROUTES = [
    Route("GET", "/pacsberry/storage", get_storage),
    Route("POST", "/pacsberry/recycle", recycle, needs=Action.ADMINISTER),
]
