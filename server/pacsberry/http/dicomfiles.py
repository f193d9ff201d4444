"""Opens the kept file of an instance for handlers that look inside."""

from collections.abc import Generator, Iterator
from contextlib import contextmanager
from typing import BinaryIO

from pacsberry.archive.attachments import Attachment
from pacsberry.dicom.content import RawValue
from pacsberry.dicom.frames import Frames
from pacsberry.dicom.part10 import DicomFile
from pacsberry.errors import UnreadableDicom
from pacsberry.http.answers import Answer
from pacsberry.http.context import Context
from pacsberry.http.streams import streamed
from pacsberry.model import Level


def dicom_attachment(context: Context, id: str) -> Attachment:
    """The facts of an instance's file; UnknownResource."""
    return context.archive.attachments.get(Level.INSTANCE, id, "dicom")


@contextmanager
def open_instance(context: Context, id: str) -> Iterator[DicomFile]:
    """The file of an instance while the block lasts; UnknownResource, UnreadableDicom."""
    attachment = dicom_attachment(context, id)
    with open_kept(context, attachment.file, attachment.size) as opened:
        yield opened


@contextmanager
def open_kept(context: Context, name: str, size: int) -> Iterator[DicomFile]:
    """A kept file by its name in the storage and its size; UnknownResource, UnreadableDicom, DamagedFile."""
    with context.archive.files.open(name, size) as file:
        try:
            yield DicomFile.open(file)
        except UnreadableDicom:
            context.archive.files.report(name)  # it could be read when it came: its checksum tells whether it changed
            raise


def raw_answer(file: BinaryIO, value: RawValue, content_type: str) -> Answer:
    """Bytes inside an open file, which is closed when they are sent."""
    if value.file.is_deflated:
        return made_answer(file, value.chunks(), content_type)
    return Answer.part(file, value.offset, value.length, content_type)


def frame_answer(file: BinaryIO, frames: Frames, frame: int, content_type: str) -> Answer:
    """One frame (counted from 0) of an open file, which is closed when it is sent; BadRequest when there is none."""
    stretch = frames.stretch(frame)
    if stretch is not None:
        return Answer.part(file, *stretch, content_type)
    return made_answer(file, frames.chunks(frame), content_type)


def made_answer(file: BinaryIO, chunks: Iterator[bytes], content_type: str) -> Answer:
    """Bytes made from an open file, which is closed with them; a single chunk needs no place among the downloads."""
    return streamed(_closing(file, chunks), content_type)


def _closing(file: BinaryIO, chunks: Iterator[bytes]) -> Generator[bytes]:
    with file:
        yield from chunks
