"""All routes of the REST API, gathered from the noun modules."""

from pacsberry.http import (
    acceptance,
    annotations,
    archives,
    arrays,
    attachments,
    box,
    bulk,
    capturing,
    catalogue,
    changes,
    content,
    documents,
    known,
    labels,
    loglevels,
    measuring,
    metadata,
    naming,
    page,
    pictures,
    prepared,
    resources,
    restoring,
    session,
    slices,
    storage,
    storedframes,
    system,
    tags,
    thumbnails,
    tools,
    uploads,
    users,
)
from pacsberry.http.answers import Answer
from pacsberry.http.context import Context
from pacsberry.http.dicomfiles import dicom_attachment
from pacsberry.http.dicomweb.routes import dicomweb_routes
from pacsberry.http.request import Request
from pacsberry.http.routing import Route, children
from pacsberry.http.settings import HttpSettings

_NOUNS = (
    system,
    storage,
    box,
    tools,
    acceptance,
    loglevels,
    measuring,
    bulk,
    uploads,
    capturing,
    known,
    resources,
    tags,
    slices,
    content,
    pictures,
    prepared,
    thumbnails,
    storedframes,
    documents,
    arrays,
    labels,
    metadata,
    attachments,
    changes,
    archives,
    restoring,
    session,
    users,
    catalogue,
    annotations,
    naming,
    page,
)
_TABLE = [route for noun in _NOUNS for route in noun.ROUTES]


def list_tools(request: Request, context: Context) -> Answer:
    """The operations below /tools, as Orthanc lists them."""
    return Answer.json(children(_TABLE, "/tools"))


def list_frame_operations(request: Request, context: Context, id: str, frame: int) -> Answer:
    """What can be asked of one frame."""
    dicom_attachment(context, id)
    return Answer.json(sorted([*children(_TABLE, _FRAME), *pictures.NAMES]))


_FRAME = "/instances/<id>/frames/<frame:int>"
ROUTES = [*_TABLE, Route("GET", "/tools", list_tools), Route("GET", _FRAME, list_frame_operations)]


def routes_of(settings: HttpSettings) -> list[Route]:
    """The table of a server: the REST API, and DICOMweb where the settings have it."""
    return [*ROUTES, *dicomweb_routes(settings.dicomweb)]
