"""WADO-RS: values too long to stand in metadata, at the addresses that metadata name (PS3.18 10.4.1.1.5)."""

from collections.abc import Sequence
from contextlib import ExitStack

from pacsberry.dicom.content import Children, RawValue, read_content
from pacsberry.dicom.part10 import DicomFile
from pacsberry.errors import UnknownResource
from pacsberry.http.answers import BINARY, Answer
from pacsberry.http.context import Context
from pacsberry.http.dicomfiles import made_answer, raw_answer
from pacsberry.http.dicomweb.media import is_multipart
from pacsberry.http.dicomweb.multipart import MultipartWriter, one_part
from pacsberry.http.dicomweb.objects import one_object
from pacsberry.http.errors import NotAcceptable
from pacsberry.http.mediatypes import accepted_by
from pacsberry.http.request import Request


def get_bulk(request: Request, context: Context, uids: Sequence[str], path: str) -> Answer:
    """One value as it stands in the file, alone (ranges are answered), or as a part where the client asks for that."""
    wants_multipart = _wants_multipart(request)
    one = one_object(context, uids)
    with ExitStack() as stack:
        file = stack.enter_context(context.archive.files.open(one.file, one.size))
        value = _value(DicomFile.open(file), path, context)
        stack.pop_all()  # the answer closes the file
    if wants_multipart:
        writer = MultipartWriter(BINARY)
        return made_answer(file, one_part(writer, BINARY, value.chunks()), writer.content_type)
    return raw_answer(file, value, BINARY).with_header("Vary", "Accept")


def _value(file: DicomFile, path: str, context: Context) -> RawValue:
    segments = path.split("/")
    found = read_content(file, segments, dictionary=context.dictionary)
    if isinstance(found, Children) and found.names == ("0",):  # native pixels are one fragment
        found = read_content(file, [*segments, "0"], dictionary=context.dictionary)
    if isinstance(found, Children):
        raise UnknownResource(f"There is no single value at {path[:80]!r}; compressed pixels are had as frames.")
    return found


def _wants_multipart(request: Request) -> bool:
    for wanted in accepted_by(request):
        if is_multipart(wanted, BINARY):
            return True
        if wanted.kind in ("*/*", "application/*", BINARY):
            return False
    raise NotAcceptable(f"The value can be had as {BINARY}.")
