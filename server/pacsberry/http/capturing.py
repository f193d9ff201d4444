"""POST /pacsberry/captures: a JPEG, PNG or PDF becomes a DICOM object that is kept like any other.

The address tells what the teacher says: `batch` names what is uploaded together and becomes one study, `patient` is a
label, `title`, `date` (YYYYMMDD), `number`.  The same file sent twice with the same words is kept once.
"""

import hashlib
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, BinaryIO, Final

from pacsberry.auth import Action
from pacsberry.errors import BadRequest, NotUnderstood, TooLarge
from pacsberry.http.answers import Answer
from pacsberry.http.context import Context
from pacsberry.http.request import Request
from pacsberry.http.routing import Body, Route
from pacsberry.http.uploads import describe

if TYPE_CHECKING:
    from pacsberry.archive import Spool
    from pacsberry.dicom.captures import Caption

_CHUNK: Final = 262_144  # bytes
_MOST_DOCUMENT_BYTES: Final = 100 << 20
_PDF, _PDF_END = b"%PDF-", b"%%EOF"
_END_BYTES: Final = 2048  # at the end of a PDF, where its end is told
_JPEG, _PNG = b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n"
_BATCH: Final = re.compile(r"[A-Za-z0-9-]{16,64}")
_DATE: Final = re.compile(r"(?:[0-9]{8})?")
_NUMBER: Final = re.compile(r"[1-9][0-9]{0,5}")
_LONGEST: Final = 64  # characters of a text (PS3.5 table 6.2-1, LO and PN)
_QUALITY: Final = 92  # of JPEG


def post_capture(request: Request, context: Context) -> Answer:
    """Keep what the body holds; an object, as of POST /instances."""
    upload = request.upload
    arguments = dict(request.all_arguments)
    caption, number = _caption(arguments), _number(arguments)
    with upload.open() as file:
        digest = _digest(file)
        file.seek(0)
        if upload.head.startswith(_PDF):
            made = _document(file, upload.size, context, caption, digest, number)
        elif upload.head.startswith((_JPEG, _PNG)):
            made = _picture(file, upload.head.startswith(_JPEG), request, context, caption, digest, number)
        else:
            raise NotUnderstood("A JPEG, PNG or PDF is expected; this is none.")
    with made:
        return Answer.json(describe(context.ingest.accept(made, request.receipt())))


def _digest(file: BinaryIO) -> str:
    digest = hashlib.sha256()
    while chunk := file.read(_CHUNK):
        digest.update(chunk)
    return digest.hexdigest()


def _picture(
    file: BinaryIO, is_jpeg: bool, request: Request, context: Context, caption: "Caption", digest: str, number: int
) -> "Spool":
    """A photograph stays a JPEG, made anew; a drawing or screenshot keeps every pixel."""
    from pacsberry.dicom.captures import JPEG_BASELINE, JPEG_LS, Stream, picture_around
    from pacsberry.imaging.orders import Order, Product

    syntax = JPEG_BASELINE if is_jpeg else JPEG_LS
    order = Order(Product.CAPTURE, transfer_syntax=syntax, quality=_QUALITY)
    with request.waiting():
        product, reply = context.pictures.work("an uploaded picture", order, file)
    made, length = product.finished()
    with made:
        shape = reply.shape
        if len(shape) != 3 or not all(0 < side < 65536 for side in shape[:2]) or shape[2] not in (1, 3) or not length:
            raise NotUnderstood("The picture cannot be read.")  # whatever the worker says is not believed
        stream = Stream(syntax, *shape, length)
        return _spooled(context, *picture_around(caption, digest, number, stream), made, length)


def _document(file: BinaryIO, size: int, context: Context, caption: "Caption", digest: str, number: int) -> "Spool":
    from pacsberry.dicom.captures import document_around

    if size > _MOST_DOCUMENT_BYTES:
        raise TooLarge(f"The document is larger than {_MOST_DOCUMENT_BYTES >> 20} MB.")
    file.seek(max(0, size - _END_BYTES))
    if _PDF_END not in file.read(_END_BYTES):
        raise NotUnderstood("The PDF is cut short: its end is missing.")
    file.seek(0)
    return _spooled(context, *document_around(caption, digest, number, size), file, size)


def _spooled(context: Context, before: bytes, behind: bytes, content: BinaryIO, length: int) -> "Spool":
    spool = context.archive.spool(expected_bytes=len(before) + length + len(behind))
    try:
        spool.write(before)
        while chunk := content.read(_CHUNK):
            spool.write(chunk)
        spool.write(behind)
    except BaseException:
        spool.discard()
        raise
    return spool


def _caption(arguments: Mapping[str, str]) -> "Caption":
    from pacsberry.dicom.captures import Caption

    batch, date = arguments.get("batch", ""), arguments.get("date", "")
    if not _BATCH.fullmatch(batch):
        raise BadRequest("batch: 16 to 64 letters and digits are expected.")
    if not _DATE.fullmatch(date):
        raise BadRequest("date: a date as YYYYMMDD is expected.")
    return Caption(batch, _text(arguments, "patient"), _text(arguments, "title"), date)


def _number(arguments: Mapping[str, str]) -> int:
    text = arguments.get("number", "1")
    if not _NUMBER.fullmatch(text):
        raise BadRequest("number: a number from 1 on is expected.")
    return int(text)


def _text(arguments: Mapping[str, str], name: str) -> str:
    """A line without what separates values in DICOM (PS3.5 6.2)."""
    text = arguments.get(name, "").strip()
    if len(text) > _LONGEST or not text.isprintable():
        raise BadRequest(f"{name}: a line of at most {_LONGEST} characters is expected.")
    return text.replace("\\", "/").replace("=", "-")


ROUTES = [
    Route("POST", "/pacsberry/captures", post_capture, body=Body.SPOOL, needs=Action.STORE),
]
