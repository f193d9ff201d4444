"""WADO-RS: DICOM files of a study, a series or an instance, as they are stored or transcoded (PS3.18 10.4)."""

import logging
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from contextlib import closing, nullcontext
from typing import BinaryIO

from pacsberry.errors import NoRoom, NotUnderstood, UnknownResource, UnreadableDicom
from pacsberry.http.answers import DICOM, Answer
from pacsberry.http.context import Context
from pacsberry.http.dicomfiles import dicom_attachment
from pacsberry.http.dicomweb.addresses import resource_path, root_address
from pacsberry.http.dicomweb.media import ObjectForm, object_forms
from pacsberry.http.dicomweb.multipart import MultipartWriter
from pacsberry.http.dicomweb.objects import StoredObject, one_object, stored_objects
from pacsberry.http.errors import NotAcceptable
from pacsberry.http.keptfiles import kept_answer
from pacsberry.http.request import Request
from pacsberry.http.streams import streamed
from pacsberry.http.transcoding import transcoded_answer
from pacsberry.imaging.limits import PixelsFailed, TooManyPictures
from pacsberry.imaging.targets import LOSSLESS, NATIVE

LOGGER = logging.getLogger("pacsberry.http")

_CHUNK_BYTES = 262_144


def retrieve(request: Request, context: Context, uids: Sequence[str]) -> Answer:
    """The files of what the UIDs of the path name: one to a part, or one alone where the client asks for that."""
    form = _form(request, context, uids)
    if not form.is_multipart:
        one = one_object(context, uids)
        answer = _single(request, context, one, form)
        return answer.with_filename(f"{one.uids[-1]}.dcm").with_header("Vary", "Accept")
    writer = MultipartWriter(DICOM)
    chunks = _parts(context, stored_objects(context, uids), writer, form, root_address(request, context))
    with request.waiting() if form.transfer_syntax != "*" else nullcontext():
        return streamed(chunks, writer.content_type).with_header("Vary", "Accept")


def _single(request: Request, context: Context, one: StoredObject, form: ObjectForm) -> Answer:
    """Alone; NotUnderstood when it cannot be had in the syntax that the client names."""
    attachment = dicom_attachment(context, one.id)
    if form.transfer_syntax not in ("*", one.transfer_syntax_uid):
        media_type = _media_type(form.transfer_syntax)
        try:
            return transcoded_answer(request, context, one.id, attachment, form.transfer_syntax, media_type)
        except NotUnderstood as error:
            if form.is_named:
                raise
            LOGGER.info("Instance %s is sent as it is stored: %s", one.id, error)
    return kept_answer(context, attachment, _media_type(one.transfer_syntax_uid))


def _form(request: Request, context: Context, uids: Sequence[str]) -> ObjectForm:
    """The first form that can be had, without making other objects of them; NotAcceptable."""
    forms = object_forms(request, DICOM, may_be_single=len(uids) == 3)
    for form in forms:
        if form.transfer_syntax in ("*", *NATIVE, *LOSSLESS):
            return form
        with closing(stored_objects(context, uids)) as stored:
            if all(one.transfer_syntax_uid == form.transfer_syntax for one in stored):
                return form
    raise NotAcceptable("Objects can be had as they are stored (transfer-syntax=*), or in a syntax that loses nothing.")


def _parts(
    context: Context, stored: Iterable[StoredObject], writer: MultipartWriter, form: ObjectForm, root: str
) -> Generator[bytes]:
    for one in stored:
        try:
            file, size, syntax = _opened(context, one, form.transfer_syntax)
        except UnknownResource:
            LOGGER.info("Instance %s was deleted while its study was sent.", one.id)
            continue
        with file:
            headers = [
                ("Content-Type", _media_type(syntax)),
                ("Content-Length", str(size)),
                ("Content-Location", root + resource_path(*one.uids)),
            ]
            yield writer.begin(headers)
            yield from _chunks(file.read, size)
    yield writer.end()


def _opened(context: Context, one: StoredObject, wanted: str) -> tuple[BinaryIO, int, str]:
    """(the file, its length, its syntax): the one wanted where that can be, else as it is stored."""
    if wanted not in ("*", one.transfer_syntax_uid):
        try:
            done = context.pictures.transcode(one.file, wanted, sop_uid=one.uids[-1], size=one.size)
        except (NotUnderstood, UnreadableDicom, PixelsFailed, TooManyPictures, NoRoom) as error:
            LOGGER.info("Instance %s is sent as it is stored: %s", one.id, error)
        else:
            return done.file, done.length, wanted
    return context.archive.files.open(one.file, one.size), one.size, one.transfer_syntax_uid


def _chunks(read: Callable[[int], bytes], size: int) -> Iterator[bytes]:
    while size > 0:
        chunk = read(min(_CHUNK_BYTES, size))
        if not chunk:
            raise EOFError(f"{size} bytes are missing at the end of a file.")
        size -= len(chunk)
        yield chunk


def _media_type(syntax: str) -> str:
    return f"{DICOM}; transfer-syntax={syntax}" if syntax else DICOM
