"""Files attached to resources: the DICOM file of an instance, and what users put beside any resource.

What Orthanc calls compressed is a file as it is stored: packed with gzip, or as it was received.
"""

from collections.abc import Callable
from functools import partial

from pacsberry.archive.attachments import Attachment
from pacsberry.http.answers import BINARY, Answer
from pacsberry.http.context import Context
from pacsberry.http.keptfiles import kept_answer
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
    return kept_answer(context, attachment, attachment.media_type).with_filename(filename)


def get_stored_data(request: Request, context: Context, level: Level, id: str, name: str) -> Answer:
    """The bytes as they are stored, or a range of them; of a packed file they are gzip."""
    attachment = _attachment(context, level, id, name)
    file = context.archive.files.open_stored(attachment.file, attachment.bytes_on_card)
    return Answer.part(file, 0, attachment.bytes_on_card, BINARY).with_header("ETag", attachment.etag)


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
    """Store the file as it was received."""
    context.archive.repacking.change(level, id, name, packed=False)
    return Answer.json({})


def compress(request: Request, context: Context, level: Level, id: str, name: str) -> Answer:
    """Store the file packed, even where that does not pay."""
    context.archive.repacking.change(level, id, name, packed=True)
    return Answer.json({})


def _attachment(context: Context, level: Level, id: str, name: str) -> Attachment:
    return context.archive.attachments.get(level, id, name)


def _size(context: Context, attachment: Attachment) -> str:
    return str(attachment.size)


def _md5(context: Context, attachment: Attachment) -> str:
    return context.archive.attachments.md5(attachment)


def _stored_size(context: Context, attachment: Attachment) -> str:
    return str(attachment.bytes_on_card)


def _stored_md5(context: Context, attachment: Attachment) -> str:
    return context.archive.attachments.stored_md5(attachment)


def _is_compressed(context: Context, attachment: Attachment) -> str:
    return "1" if attachment.is_packed else "0"


_FACTS: dict[str, _Fact] = {
    "compressed-md5": _stored_md5,
    "compressed-size": _stored_size,
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
    Route("POST", f"{_ONE}/uncompress", uncompress),
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
