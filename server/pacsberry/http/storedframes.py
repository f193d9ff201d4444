"""One frame as it is stored, for viewers: with media type and transfer syntax, kept by browsers for a day.

Uncompressed frames are told as Explicit VR Little Endian, whatever the file is in.
"""

from contextlib import ExitStack
from typing import Final

from pacsberry.http import shown
from pacsberry.http.answers import BINARY, Answer
from pacsberry.http.context import Context
from pacsberry.http.dicomfiles import dicom_attachment, frame_answer
from pacsberry.http.pictures import etag_of
from pacsberry.http.rendering import is_known
from pacsberry.http.request import Request
from pacsberry.http.routing import Route
from pacsberry.model import Level

_EXPLICIT: Final = "1.2.840.10008.1.2.1"
_KEPT: Final = "private, max-age=86400"  # the same address may once mean another file, when the instance is sent anew


def get_stored_frame(request: Request, context: Context, id: str, frame: int) -> Answer:
    """A frame, counted from 0; 400 when there is none of that number."""
    from pacsberry.dicom.frames import Frames
    from pacsberry.dicom.part10 import DicomFile
    from pacsberry.dicom.syntax import DEFLATED, UNCOMPRESSED_SYNTAXES
    from pacsberry.http.dicomweb.frame_types import MEDIA_TYPES

    attachment = dicom_attachment(context, id)
    etag = etag_of(attachment.uuid, "stored", frame)
    if is_known(f'"{etag}"', request):
        return Answer.empty().with_etag(etag).with_header("Cache-Control", _KEPT)
    with ExitStack() as stack:
        file = stack.enter_context(context.archive.files.open(attachment.file, attachment.size))
        opened = DicomFile.open(file)
        stored = opened.transfer_syntax_uid
        syntax = _EXPLICIT if stored in UNCOMPRESSED_SYNTAXES | {DEFLATED, ""} else stored
        content_type = f"{MEDIA_TYPES.get(syntax, BINARY)}; transfer-syntax={syntax}"
        answer = frame_answer(file, Frames(opened), frame, content_type)
        stack.pop_all()  # the answer closes the file
    return answer.with_etag(etag).with_header("Cache-Control", _KEPT)


ROUTES = [
    Route(
        "GET",
        "/pacsberry/instances/<id>/frames/<frame:int>",
        get_stored_frame,
        shown=shown.resource(Level.INSTANCE),
    )
]
