"""All routes of the REST API, gathered from the noun modules."""

from functools import partial

from pacsberry.http import (
    acceptance,
    archives,
    attachments,
    bulk,
    changes,
    content,
    labels,
    loglevels,
    measuring,
    metadata,
    page,
    resources,
    slices,
    system,
    tags,
    tools,
    uploads,
)
from pacsberry.http.answers import Answer
from pacsberry.http.context import Context
from pacsberry.http.request import Request
from pacsberry.http.routing import Route, children

_NOUNS = (
    system,
    tools,
    acceptance,
    loglevels,
    measuring,
    bulk,
    uploads,
    resources,
    tags,
    slices,
    content,
    labels,
    metadata,
    attachments,
    changes,
    archives,
    page,
)
_FOLDERS = ("/tools",)


def list_folder(request: Request, context: Context, *, names: list[str], **place: str) -> Answer:
    """The operations below a folder, as Orthanc lists them."""
    return Answer.json(names)


_TABLE: list[Route] = [route for noun in _NOUNS for route in noun.ROUTES]
ROUTES = [
    *_TABLE,
    *(Route("GET", folder, partial(list_folder, names=children(_TABLE, folder))) for folder in _FOLDERS),
]
