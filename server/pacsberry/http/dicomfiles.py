"""Opens the kept file of an instance for handlers that look inside."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import BinaryIO

from pacsberry.archive.attachments import Attachment
from pacsberry.dicom.content import RawValue
from pacsberry.dicom.part10 import DicomFile
from pacsberry.http.answers import Answer
from pacsberry.http.context import Context
from pacsberry.model import Level


def dicom_attachment(context: Context, id: str) -> Attachment:
    """The facts of an instance's file; UnknownResource."""
    return context.archive.attachments.get(Level.INSTANCE, id, "dicom")


@contextmanager
def open_instance(context: Context, id: str) -> Iterator[DicomFile]:
    """The file of an instance while the block lasts; UnknownResource, UnreadableDicom."""
    with open_kept(context, dicom_attachment(context, id).file) as opened:
        yield opened


@contextmanager
def open_kept(context: Context, name: str) -> Iterator[DicomFile]:
    """A kept file by its name in the storage, while the block lasts; UnknownResource, UnreadableDicom."""
    with context.archive.files.open(name) as file:
        yield DicomFile.open(file)


def raw_answer(file: BinaryIO, value: RawValue, content_type: str) -> Answer:
    """Bytes inside an open file, which is closed when they are sent."""
    if value.file.is_deflated:
        return Answer.stream(closing_chunks(file, value.chunks()), content_type)
    return Answer.part(file, value.offset, value.length, content_type)


def closing_chunks(file: BinaryIO, chunks: Iterator[bytes]) -> Iterator[bytes]:
    """The chunks; then, or when the client leaves, the file is closed."""
    with file:
        yield from chunks
