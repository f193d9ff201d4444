"""Files attached to resources: the DICOM file of an instance, and what users put beside any resource.

Files are stored as received, so what Orthanc calls compressed and uncompressed are the same bytes here.
"""

from collections.abc import Callable
from functools import partial

from pacsberry.archive.attachments import Attachment
from pacsberry.errors import BadRequest
from pacsberry.http.answers import BINARY, Answer
from pacsberry.http.context import Context
from pacsberry.http.request import Request
from pacsberry.http.routing import Body, Route
from pacsberry.model import Level

_Fact = Callable[[Context, Attachment], str]


def list_attachments(request: Request, context: Context, level: Level, id: str) -> Answer:
    """Names, or with `full` names and numbers."""
    found = context.archive.attachments.all(level, id)
    if request.flag("full"):
        return Answer.json({one.name: one.number for one in found})
    return Answer.json([one.name for one in found])


def list_operations(request: Request, context: Context, level: Level, id: str, name: str) -> Answer:
    """What can be asked of one attachment."""
    return Answer.json(_OPERATIONS).with_header("ETag", _attachment(context, level, id, name).etag)


def put_attachment(request: Request, context: Context, level: Level, id: str, name: str) -> Answer:
    """Attach the body, in place of what was there."""
    content = request.spool or context.archive.spool()  # an empty body has no spool
    if_match = request.header("If-Match") or None
    with content:
        written = context.archive.attachments.put(level, id, name, content, if_match=if_match)
    return Answer.json({}).with_header("ETag", written.etag)


def delete_attachment(request: Request, context: Context, level: Level, id: str, name: str) -> Answer:
    """Remove a user's file."""
    context.archive.attachments.delete(level, id, name, if_match=request.header("If-Match") or None)
    return Answer.empty()


def get_data(request: Request, context: Context, level: Level, id: str, name: str) -> Answer:
    """The bytes under their media type, or a range of them."""
    attachment = _attachment(context, level, id, name)
    default = f"{id}.dcm" if attachment.name == "dicom" else attachment.uuid
    filename = request.arguments.get("filename") or default
    return _bytes(context, attachment, attachment.media_type).with_filename(filename)


def get_stored_data(request: Request, context: Context, level: Level, id: str, name: str) -> Answer:
    """The bytes as they are stored, or a range of them."""
    return _bytes(context, _attachment(context, level, id, name), BINARY)


def get_fact(request: Request, context: Context, level: Level, id: str, name: str, *, fact: _Fact) -> Answer:
    """One fact about the stored file, as text."""
    attachment = _attachment(context, level, id, name)
    return Answer.text(fact(context, attachment)).with_header("ETag", attachment.etag)


def get_info(request: Request, context: Context, level: Level, id: str, name: str) -> Answer:
    """All facts at once."""
    attachment = _attachment(context, level, id, name)
    return Answer.json(context.archive.attachments.info(attachment)).with_header("ETag", attachment.etag)


def verify(request: Request, context: Context, level: Level, id: str, name: str) -> Answer:
    """Read the file and compare its checksum."""
    context.archive.attachments.verify(_attachment(context, level, id, name))
    return Answer.json({})


def uncompress(request: Request, context: Context, level: Level, id: str, name: str) -> Answer:
    """Nothing is to be done: files are stored as received."""
    _attachment(context, level, id, name)
    return Answer.json({})


def compress(request: Request, context: Context, level: Level, id: str, name: str) -> Answer:
    """Refused: nothing would read it faster, and DICOM has its own compressed transfer syntaxes."""
    _attachment(context, level, id, name)
    raise BadRequest("Files are stored as they are received; compressing them in the storage is not offered.")


def _attachment(context: Context, level: Level, id: str, name: str) -> Attachment:
    return context.archive.attachments.get(level, id, name)


def _bytes(context: Context, attachment: Attachment, media_type: str) -> Answer:
    file = context.archive.files.open(attachment.file)
    return Answer.part(file, 0, attachment.size, media_type).with_header("ETag", attachment.etag)


def _size(context: Context, attachment: Attachment) -> str:
    return str(attachment.size)


def _md5(context: Context, attachment: Attachment) -> str:
    return context.archive.attachments.md5(attachment)


def _is_compressed(context: Context, attachment: Attachment) -> str:
    return "0"


_FACTS: dict[str, _Fact] = {
    "compressed-md5": _md5,
    "compressed-size": _size,
    "is-compressed": _is_compressed,
    "md5": _md5,
    "size": _size,
}
_ONE = "/<level:level>/<id>/attachments/<name>"
_BELOW = [
    Route("POST", f"{_ONE}/compress", compress),
    Route("GET", f"{_ONE}/compressed-data", get_stored_data),
    Route("GET", f"{_ONE}/data", get_data),
    Route("GET", f"{_ONE}/info", get_info),
    Route("POST", f"{_ONE}/uncompress", uncompress, reads=True),
    Route("POST", f"{_ONE}/verify-md5", verify, reads=True),
    *(Route("GET", f"{_ONE}/{name}", partial(get_fact, fact=fact)) for name, fact in _FACTS.items()),
]
_OPERATIONS = sorted(route.path.rpartition("/")[2] for route in _BELOW)
ROUTES = [
    Route("GET", "/<level:level>/<id>/attachments", list_attachments),
    Route("GET", _ONE, list_operations),
    Route("PUT", _ONE, put_attachment, body=Body.SPOOL),
    Route("DELETE", _ONE, delete_attachment),
    *_BELOW,
]
