"""WADO-RS: DICOM files of a study, a series or an instance, in the transfer syntax they are stored in (PS3.18 10.4)."""

import logging
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from contextlib import closing

from pacsberry.errors import UnknownResource
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

LOGGER = logging.getLogger("pacsberry.http")

_CHUNK_BYTES = 262_144


def retrieve(request: Request, context: Context, uids: Sequence[str]) -> Answer:
    """The files of what the UIDs of the path name: one to a part, or one alone where the client asks for that."""
    form = _form(request, context, uids)
    if not form.is_multipart:
        one = one_object(context, uids)
        media_type = _media_type(one)
        answer = kept_answer(context, dicom_attachment(context, one.id), media_type)
        return answer.with_filename(f"{one.uids[-1]}.dcm").with_header("Vary", "Accept")
    writer = MultipartWriter(DICOM)
    chunks = _parts(context, stored_objects(context, uids), writer, root_address(request, context))
    return streamed(chunks, writer.content_type).with_header("Vary", "Accept")


def _form(request: Request, context: Context, uids: Sequence[str]) -> ObjectForm:
    """The first form the client takes that needs no transcoding; NotAcceptable."""
    forms = object_forms(request, DICOM, may_be_single=len(uids) == 3)
    for form in forms:
        if form.transfer_syntax in ("", "*"):
            return form
        with closing(stored_objects(context, uids)) as stored:
            if all(one.transfer_syntax_uid == form.transfer_syntax for one in stored):
                return form
    raise NotAcceptable("Objects can be had in the transfer syntax they are stored in: transfer-syntax=*.")


def _parts(context: Context, stored: Iterable[StoredObject], writer: MultipartWriter, root: str) -> Generator[bytes]:
    for one in stored:
        try:
            file = context.archive.files.open(one.file, one.size)
        except UnknownResource:
            LOGGER.info("Instance %s was deleted while its study was sent.", one.id)
            continue
        with file:
            headers = [
                ("Content-Type", _media_type(one)),
                ("Content-Length", str(one.size)),
                ("Content-Location", root + resource_path(*one.uids)),
            ]
            yield writer.begin(headers)
            yield from _chunks(file.read, one.size)
    yield writer.end()


def _chunks(read: Callable[[int], bytes], size: int) -> Iterator[bytes]:
    while size > 0:
        chunk = read(min(_CHUNK_BYTES, size))
        if not chunk:
            raise EOFError(f"{size} bytes are missing at the end of a file.")
        size -= len(chunk)
        yield chunk


def _media_type(one: StoredObject) -> str:
    return f"{DICOM}; transfer-syntax={one.transfer_syntax_uid}" if one.transfer_syntax_uid else DICOM
