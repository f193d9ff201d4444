"""How the storage is: room, limits, what goes next, the scrub, damaged files, the last start, the last backup."""

from pacsberry.http.answers import Answer
from pacsberry.http.context import Context
from pacsberry.http.request import Request
from pacsberry.http.routing import Route


def get_storage(request: Request, context: Context) -> Answer:
    """The state of the storage; server/ARCHIVE.md says what each name means."""
    return Answer.json(context.storage())


ROUTES = [Route("GET", "/pacsberry/storage", get_storage)]
