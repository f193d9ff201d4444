"""The file of an instance and what is inside: raw values, frames as they are stored, an encapsulated PDF."""

import zlib
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import BinaryIO

from pacsberry.archive.attachments import Attachment
from pacsberry.dicom.content import Children, find_pdf, read_content
from pacsberry.dicom.frames import Frames
from pacsberry.dicom.native_json import native_json
from pacsberry.dicom.native_xml import native_xml
from pacsberry.dicom.part10 import DicomFile
from pacsberry.errors import TooLarge
from pacsberry.http.answers import BINARY, DICOM, Answer
from pacsberry.http.context import Context
from pacsberry.http.dicomfiles import dicom_attachment, frame_answer, made_answer, open_instance, raw_answer
from pacsberry.http.keptfiles import kept_answer
from pacsberry.http.request import Request
from pacsberry.http.routing import Route
from pacsberry.http.streams import json_array
from pacsberry.model import Level

_GZIP_LEVEL = 1
_MOST_FRAMES = 1_000_000  # listed in one answer

_Model = Callable[..., Iterator[str]]
_MODELS: dict[str, _Model] = {"application/dicom+json": native_json, "application/dicom+xml": native_xml}


def get_file(request: Request, context: Context, id: str) -> Answer:
    """The DICOM file, stored or transcoded, or its data set as DICOM JSON or XML, as the client asks."""
    attachment = dicom_attachment(context, id)
    media_type = _model_wanted(request)
    if media_type:
        return _model(request, context, id, attachment, media_type)
    return _file(request, context, id, attachment).with_filename(request.arguments.get("filename") or f"{id}.dcm")


def get_content(request: Request, context: Context, id: str, path: str = "") -> Answer:
    """The raw value at a path of tags and item numbers, or the list of what is below."""
    with ExitStack() as stack:
        file = stack.enter_context(_open(context, id))
        found = read_content(DicomFile.open(file), path.split("/"), dictionary=context.dictionary)
        if isinstance(found, Children):
            return Answer.json(list(found.names))
        stack.pop_all()  # the answer closes the file
        return raw_answer(file, found, BINARY)


def get_pdf(request: Request, context: Context, id: str) -> Answer | None:
    """The PDF in an encapsulated document; 404 when there is none."""
    with ExitStack() as stack:
        file = stack.enter_context(_open(context, id))
        document = find_pdf(DicomFile.open(file))
        if document is None:
            return None
        stack.pop_all()
        return raw_answer(file, document, "application/pdf")


def list_frames(request: Request, context: Context, id: str) -> Answer:
    """The numbers of the frames; an object without pixel data has one all the same, as in Orthanc."""
    with open_instance(context, id) as file:
        count = Frames(file).count
    if count > _MOST_FRAMES:
        raise TooLarge(f"The instance has {count} frames; at most {_MOST_FRAMES} are listed.")
    return Answer.json_items(json_array(iter(range(max(1, count)))))


def get_raw_frame(request: Request, context: Context, id: str, frame: int) -> Answer:
    """The bytes of one frame as they are stored, not decoded."""
    with ExitStack() as stack:
        file = stack.enter_context(_open(context, id))
        frames = Frames(DicomFile.open(file))
        frames.pieces(frame)  # before the answer takes the file over: there may be no such frame
        stack.pop_all()
        return frame_answer(file, frames, frame, frames.mime)


def get_gzipped_frame(request: Request, context: Context, id: str, frame: int) -> Answer:
    """The same, packed with gzip."""
    with ExitStack() as stack:
        file = stack.enter_context(_open(context, id))
        chunks = Frames(DicomFile.open(file)).chunks(frame)
        stack.pop_all()
        return made_answer(file, _gzip(chunks), "application/gzip")


def _open(context: Context, id: str) -> BinaryIO:
    attachment = dicom_attachment(context, id)
    return context.archive.files.open(attachment.file, attachment.size)


def _model_wanted(request: Request) -> str:
    """The form of DICOM's model that the client prefers to the file; '' for the file."""
    weights = dict(request.accepted)
    wanted = max(_MODELS, key=lambda media_type: weights.get(media_type, 0.0))
    weight = weights.get(wanted, 0.0)
    return wanted if weight > 0 and weight >= weights.get(DICOM, 0.0) else ""


def _model(request: Request, context: Context, id: str, attachment: Attachment, media_type: str) -> Answer:
    def bulk_uri(path: str) -> str:
        return request.address(f"/instances/{id}/content/{path}")

    with ExitStack() as stack:
        file = stack.enter_context(context.archive.files.open(attachment.file, attachment.size))
        pieces = _MODELS[media_type](
            DicomFile.open(file),
            bulk_uri=bulk_uri,
            default_encoding=context.policy.default_encoding,
            dictionary=context.dictionary,
        )
        stack.pop_all()
        encoded = (piece.encode(errors="replace") for piece in pieces)
        return made_answer(file, encoded, media_type)


def _file(request: Request, context: Context, id: str, attachment: Attachment) -> Answer:
    """As it is stored, or in the transfer syntax that the client asks for."""
    if "transcode" in request.arguments:
        from pacsberry.http.transcoding import asked_syntax, transcoded_answer  # few ask for that

        wanted = asked_syntax(request.arguments["transcode"])
        if wanted and wanted != context.archive.metadata.get(Level.INSTANCE, id, "TransferSyntax").value:
            return transcoded_answer(request, context, id, attachment, wanted)
    return kept_answer(context, attachment, DICOM)


def _gzip(chunks: Iterator[bytes]) -> Iterator[bytes]:
    packer = zlib.compressobj(_GZIP_LEVEL, zlib.DEFLATED, 31)
    for chunk in chunks:
        packed = packer.compress(chunk)
        if packed:
            yield packed
    yield packer.flush()


_FRAME = "/instances/<id>/frames/<frame:int>"
ROUTES = [
    Route("GET", "/instances/<id>/file", get_file),
    Route("GET", "/instances/<id>/content", get_content),
    Route("GET", "/instances/<id>/content/<path:path>", get_content),
    Route("GET", "/instances/<id>/pdf", get_pdf),
    Route("GET", "/instances/<id>/frames", list_frames),
    Route("GET", f"{_FRAME}/raw", get_raw_frame),
    Route("GET", f"{_FRAME}/raw.gz", get_gzipped_frame),
]
