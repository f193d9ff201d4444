"""Metadata of the resources: what the system notes, and what users write beside it (S13)."""

from pacsberry.errors import BadRequest
from pacsberry.http.answers import Answer
from pacsberry.http.context import Context
from pacsberry.http.request import Request
from pacsberry.http.routing import Route
from pacsberry.model import Level


def list_metadata(request: Request, context: Context, level: Level, id: str) -> Answer:
    """Names, or with `expand` names and values; with `numeric` numbers instead of names."""
    metadata = context.archive.metadata
    found = metadata.all(level, id)
    is_numeric = request.flag("numeric")
    if request.truth("expand", absent=False):
        name = str if is_numeric else metadata.names.name
        return Answer.json({name(number): value.value for number, value in found.items()})
    return Answer.json(list(found) if is_numeric else [metadata.names.name(number) for number in found])


def get_metadata(request: Request, context: Context, level: Level, id: str, name: str) -> Answer:
    """One value as text."""
    value = context.archive.metadata.get(level, id, name)
    return Answer.text(value.value).with_header("ETag", value.etag)


def put_metadata(request: Request, context: Context, level: Level, id: str, name: str) -> Answer:
    """Write a user's value; the body is taken as it is, white space included."""
    written = context.archive.metadata.put(level, id, name, _text(request.body), if_match=_if_match(request))
    return Answer.empty().with_header("ETag", written.etag)


def delete_metadata(request: Request, context: Context, level: Level, id: str, name: str) -> Answer:
    """Delete a user's value."""
    context.archive.metadata.delete(level, id, name, if_match=_if_match(request))
    return Answer.empty()


def _text(body: bytes) -> str:
    try:
        return body.decode()
    except UnicodeDecodeError as error:
        raise BadRequest(f"Metadata are UTF-8 text, and byte {error.start} is none; store it as attachment.") from error


def _if_match(request: Request) -> str | None:
    return request.header("If-Match") or None


_ONE = "/<level:level>/<id>/metadata/<name>"
ROUTES = [
    Route("GET", "/<level:level>/<id>/metadata", list_metadata),
    Route("GET", _ONE, get_metadata),
    Route("PUT", _ONE, put_metadata),
    Route("DELETE", _ONE, delete_metadata),
]
