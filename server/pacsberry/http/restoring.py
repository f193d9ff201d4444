"""Takes in what comes out of a backup, as it was: with its date of reception, who brought it, and its notes.

Only from this machine's admin, by the control socket (`pacsberry restore`): what is said here of an instance is
believed, so nobody who comes over the network may say it, whatever the password.
"""

from typing import Any, Final
from urllib.parse import unquote

from pacsberry.archive.note import LONGEST_LINE, BadNote, Note
from pacsberry.archive.receipts import receipt_of
from pacsberry.archive.spool import Spool
from pacsberry.auth import Action
from pacsberry.errors import BadRequest, NotAllowed, TooLarge, UnknownResource, UnreadableDicom
from pacsberry.http.answers import Answer
from pacsberry.http.context import Context
from pacsberry.http.request import Request
from pacsberry.http.routing import Body, Route
from pacsberry.http.uploads import describe
from pacsberry.ingest.gunzip import gunzipped
from pacsberry.model import ORTHANC_ID, Level

_MOST_ASKED: Final = 1000  # instances, or attachments, in one question
_LATEST: Final = 2**40  # UTC seconds that a date of reception may be
_LARGEST: Final = 2**62


def missing(request: Request, context: Context) -> Answer:
    """Of instances, and of attachments as [level, id, number, revision], those that a restore would bring."""
    _only_here(request)
    asked = request.json_object
    instances, attachments = _asked(asked, "instances"), _asked(asked, "attachments")
    if not all(type(one) is str and ORTHANC_ID.fullmatch(one) for one in instances):
        raise BadRequest("instances should hold identifiers.")
    return Answer.json(
        {
            "instances": context.archive.lookup.missing(instances),
            "attachments": [one for one in attachments if _is_missing(one, context)],
        }
    )


def restore_instance(request: Request, context: Context) -> Answer:
    """Keep an instance, unless it is there; the body is its file, packed when Content-Encoding says gzip.

    Headers: X-Pacsberry-Received (UTC seconds), -Receipt (archive/receipts.py, percent-encoded), -Size and -Crc32 of
    the content.
    """
    _only_here(request)
    received_at = _number(request, "X-Pacsberry-Received", _LATEST)
    receipt = receipt_of(unquote(request.header("X-Pacsberry-Receipt")))
    with _content(request, context) as spool:
        return Answer.json(describe(context.ingest.accept(spool, receipt, restored_from=received_at)))


def restore_attachment(request: Request, context: Context, level: Level, id: str, number: int) -> Answer:
    """Attach a file, unless one of the same or a later revision is there (409); headers as of an instance.

    X-Pacsberry-Revision: the revision it had.
    """
    _only_here(request)
    revision = _number(request, "X-Pacsberry-Revision", _LARGEST)
    with _content(request, context) as spool:
        context.archive.attachments.restore(level, id, number, spool, revision)
    return Answer.empty()


def restore_note(request: Request, context: Context) -> Answer:
    """Merge a note (archive/note.py), without attachments; 404 when its resource is not there."""
    _only_here(request)
    with request.upload.open() as file:
        line = file.read(LONGEST_LINE + 1)
    try:
        note = Note.of_line(line)
    except BadNote as error:
        raise BadRequest(f"The note cannot be read: {error}") from error
    if note.attachments:
        raise BadRequest("The files that users attached are restored one by one, with their content.")
    if not context.archive.notes.apply(note):
        raise UnknownResource(f"There is no {note.level.title.lower()} {note.id}.")
    return Answer.empty()


def _only_here(request: Request) -> None:
    if not request.is_local:
        raise NotAllowed("Backups are restored on the machine itself: pacsberry restore SOURCE")


def _asked(asked: dict[str, Any], name: str) -> list[Any]:
    found = asked.get(name, [])
    if type(found) is not list or len(found) > _MOST_ASKED:
        raise BadRequest(f"{name} should be a list of at most {_MOST_ASKED}.")
    return found


def _is_missing(asked: Any, context: Context) -> bool:
    match asked:
        case [str(plural), str(resource_id), int(number), int(revision)]:
            level = next((level for level in Level if level.plural == plural), None)
            if level is not None:
                try:
                    return context.archive.attachments.get(level, resource_id, str(number)).revision < revision
                except UnknownResource:
                    return True
    raise BadRequest("attachments should hold lists of level, identifier, number and revision.")


def _number(request: Request, name: str, most: int) -> int:
    text = request.header(name)
    if not (text.isascii() and text.isdigit() and len(text) < 20 and int(text) <= most):
        raise BadRequest(f"The header {name} should be a whole number from 0.")
    return int(text)


def _content(request: Request, context: Context) -> Spool:
    """The body unpacked and compared with what is said of it; UnreadableDicom, TooLarge."""
    size = _number(request, "X-Pacsberry-Size", _LARGEST)
    crc32 = _number(request, "X-Pacsberry-Crc32", 2**32 - 1)
    spool = request.upload
    if request.header("Content-Encoding").strip().lower() == "gzip":
        spool = _unpacked(spool, size, context)
    if (spool.size, spool.crc32) != (size, crc32):
        spool.discard()
        raise UnreadableDicom("The file is damaged: its size or checksum is not that of the backup.")
    return spool


def _unpacked(packed: Spool, size: int, context: Context) -> Spool:
    unpacked = context.archive.spool()
    try:
        with packed.open() as file:
            for chunk in gunzipped(file):
                if unpacked.size + len(chunk) > size:
                    raise TooLarge("The file unpacks to more than the backup says.")
                unpacked.write(chunk)
    except BaseException:
        unpacked.discard()
        raise
    return unpacked


ROUTES = [
    Route("POST", "/pacsberry/restore/missing", missing, reads=True, needs=Action.ADMINISTER),
    Route("POST", "/pacsberry/restore/instances", restore_instance, body=Body.SPOOL, needs=Action.ADMINISTER),
    Route(
        "POST",
        "/pacsberry/restore/<level:level>/<id>/attachments/<number:int>",
        restore_attachment,
        body=Body.SPOOL,
        needs=Action.ADMINISTER,
    ),
    Route("POST", "/pacsberry/restore/notes", restore_note, body=Body.SPOOL, needs=Action.ADMINISTER),
]
