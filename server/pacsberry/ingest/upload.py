"""Takes in what an upload brings: one DICOM file, one compressed with gzip, a ZIP of many, or a form with files.

What it is is told by its first bytes, never by a name or a type.  Everything is unpacked as a stream into spool files,
one at a time, so memory does not depend on sizes; every limit ends in TooLarge before the card is filled.
"""

import logging
from collections.abc import Callable, Iterable, Iterator
from typing import BinaryIO, Final

from pacsberry.archive import Spool
from pacsberry.dicom.part10 import has_preamble, may_be_dicom
from pacsberry.errors import BadRequest, TooLarge, UnreadableDicom
from pacsberry.ingest.gunzip import GZIP, gunzipped
from pacsberry.ingest.ingest import Ingest
from pacsberry.ingest.zipped import SIGNATURES, Member, ZippedFile
from pacsberry.model import Kept, Receipt

LOGGER = logging.getLogger("pacsberry.archive")

Report = Callable[[Kept], None]

_CHUNK: Final = 65536  # bytes
_MOST_FORM_PARTS: Final = 100_000


class Uploads:
    """Unpacks uploads and hands each file to `Ingest`; thread-safe."""

    def __init__(self, *, ingest: Ingest, spool: Callable[[], Spool], largest_member_bytes: int) -> None:
        """`spool` makes a new spool file; `largest_member_bytes` is the limit of a file that was packed."""
        self._ingest = ingest
        self._spool = spool
        self._largest_member_bytes = largest_member_bytes

    def take(self, spool: Spool, receipt: Receipt, report: Report, *, gzipped: bool = False) -> bool:
        """Take in one upload; `report` is told of each file once it is durable.  Returns whether it was a ZIP.

        `gzipped` is what Content-Encoding says.  UnreadableDicom, TooLarge or NoRoom; a ZIP is judged as a whole before
        the first of its files is kept, its members that are no DICOM are skipped.
        """
        if gzipped or (spool.head.startswith(GZIP) and not has_preamble(spool.head)):
            with self._gunzip(spool) as unpacked:
                return self._take_plain(unpacked, receipt, report)
        return self._take_plain(spool, receipt, report)

    def take_form(self, spool: Spool, boundary: str, receipt: Receipt, report: Report) -> None:
        """Take in the files of a multipart/form-data body; each may be whatever `take` takes."""
        with spool.open() as file:
            for chunks in _form_files(file, boundary):
                with self._spool() as part:
                    for chunk in chunks:
                        part.write(chunk)
                    if part.size:
                        self.take(part, receipt, report)

    def _take_plain(self, spool: Spool, receipt: Receipt, report: Report) -> bool:
        if spool.head.startswith(SIGNATURES) and not has_preamble(spool.head):
            self._take_zip(spool, receipt, report)
            return True
        report(self._ingest.accept(spool, receipt))
        return False

    def _take_zip(self, spool: Spool, receipt: Receipt, report: Report) -> None:
        with spool.open() as file:
            zipped = ZippedFile(file, size=spool.size)
            zipped.check(largest_member_bytes=self._largest_member_bytes)
            for member in zipped.members():
                if member.size and not member.is_dicomdir:
                    self._take_member(zipped, member, receipt, report)

    def _take_member(self, zipped: ZippedFile, member: Member, receipt: Receipt, report: Report) -> None:
        chunks = zipped.content(member)
        head = next(chunks, b"")
        if not may_be_dicom(head):
            return
        with self._spool() as unpacked:
            unpacked.write(head)
            for chunk in chunks:
                unpacked.write(chunk)
            try:
                kept = self._ingest.accept(unpacked, receipt)
            except UnreadableDicom as error:
                LOGGER.warning("Member %d of an uploaded ZIP is skipped: %s", member.number, error)
                return
        report(kept)

    def _gunzip(self, spool: Spool) -> Spool:
        """A new spool with what `spool` unpacks to."""
        unpacked = self._spool()
        try:
            with spool.open() as file:
                for chunk in gunzipped(file):
                    if unpacked.size + len(chunk) > self._largest_member_bytes:
                        raise TooLarge(
                            f"The file unpacks to more than the {self._largest_member_bytes / 2**20:g} MB of "
                            "MaximumFileSizeInArchiveMB."
                        )
                    unpacked.write(chunk)
        except BaseException:
            unpacked.discard()
            raise
        return unpacked


def _form_files(file: BinaryIO, boundary: str) -> Iterator[Iterable[bytes]]:
    """The files of a form, each as chunks; other fields are passed over.  Each must be consumed before the next."""
    from multipart import MultipartSegment

    events = _form_events(file, boundary)
    for event in events:
        if isinstance(event, MultipartSegment) and event.filename is not None:
            yield _until_end(events)


def _form_events(file: BinaryIO, boundary: str) -> Iterator[object]:
    """The beginnings, contents and ends (None) of the parts of a form."""
    from multipart import MultipartError, ParserLimitReached, PushMultipartParser

    try:
        with PushMultipartParser(boundary, max_segment_count=_MOST_FORM_PARTS) as parser:
            yield from parser.parse_blocking(file.read, _CHUNK)
    except ParserLimitReached as error:
        raise TooLarge(f"The form is over a limit: {error}.") from error
    except MultipartError as error:
        raise BadRequest(f"The form cannot be read: {error}.") from error


def _until_end(events: Iterator[object]) -> Iterator[bytes]:
    for event in events:
        if event is None:
            return
        if isinstance(event, bytes | bytearray):
            yield bytes(event)
