"""STOW-RS: stores instances while they arrive (PS3.18 10.5).

Each part of the body goes into a spool file of its own; when its end has come, it is taken in and durable, before the
next one begins.  One that cannot be stored is told in the report and does not keep the others back.  What was stored
stays, whatever becomes of the rest of the request.
"""

import logging
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Final, Protocol

from pacsberry.archive import Spool
from pacsberry.dicom.part10 import read_meta
from pacsberry.errors import BadRequest, NoRoom, NotUnderstood, PacsberryError, TooLarge, UnreadableDicom
from pacsberry.http.answers import BINARY, DICOM, Answer
from pacsberry.http.body import too_large
from pacsberry.http.context import Context
from pacsberry.http.dicomweb.addresses import root_address
from pacsberry.http.dicomweb.media import MULTIPART, model_form
from pacsberry.http.dicomweb.parts import BadMultipart, Event, PartBegins, PartEnds, PartsReader
from pacsberry.http.dicomweb.storereport import StoreReport
from pacsberry.http.mediatypes import media_type
from pacsberry.http.request import Request
from pacsberry.http.streams import encoded, streamed

LOGGER = logging.getLogger("pacsberry.http")

_MOST_PARTS: Final = 100_000
_HEAD_BYTES: Final = 65536  # of a part that is not stored; its name is to be read from them
_ENCODINGS: Final = ("", "binary", "8bit", "7bit")  # that change nothing (RFC 2045 6.2)
_UID: Final = re.compile(r"[0-9.]{1,64}")


class _Reader(Protocol):
    """Tells the parts of a body."""

    def feed(self, data: bytes | bytearray) -> Iterator[Event]:
        """What the next bytes tell; BadMultipart."""

    def end(self) -> Iterator[Event]:
        """What the end tells; BadMultipart."""


@dataclass(slots=True)
class _Part:
    """A part on its way."""

    failure: Exception | None = None  # why it is not stored
    spool: Spool | None = None
    head: bytearray = field(default_factory=bytearray)


class Storing:
    """One request; a `piping.Consumer`."""

    def __init__(self, request: Request, context: Context, *, study_uid: str) -> None:
        """`study_uid`: the only study that is stored, '' for any.  Raises when the request cannot be served at all."""
        self._context = context
        self._receipt = request.receipt()
        self._study_uid = study_uid
        self._limit_bytes = context.settings.largest_body_bytes  # of an instance, and of what is read for nothing
        self._form = model_form(request)
        self._reader = _reader(request)
        self._report = StoreReport(self._form, root_address(request, context))
        self._part = _Part()
        self._parts = 0
        self._dropped_bytes = 0
        self._has_room = True  # as far as is known
        self._broken: BadMultipart | None = None
        self._is_told = False

    # ---- piping

    def take(self, data: bytes | bytearray) -> None:
        """Bytes of the body; raises when there is no point in sending more of it."""
        if self._broken is not None:
            self._drop(len(data), self._broken)
        else:
            self._follow(self._reader.feed(data))

    def close(self) -> None:
        """Forget what is not kept."""
        if self._part.spool is not None:
            self._part.spool.discard()
        if not self._is_told:  # else the answer closes it
            self._report.close()

    # ---- the handler

    def answer(self) -> Answer:
        """The report, once the whole body has been taken in."""
        if self._broken is None:
            self._follow(self._reader.end())
        if self._report.is_empty:
            raise BadRequest("There is no part in the body; DICOM files are expected.")
        status = self._report.status
        self._is_told = True
        pieces = self._report.pieces()
        told = streamed(encoded(pieces, pieces), self._form.value)
        return replace(told, status=status).with_header("Vary", "Accept")

    # ---- parts

    def _follow(self, events: Iterator[Event]) -> None:
        try:
            for event in events:
                if isinstance(event, PartBegins):
                    self._begin(event.headers)
                elif isinstance(event, PartEnds):
                    self._end()
                else:
                    self._write(event)
        except BadMultipart as error:
            if not self._report.has_stored:
                raise
            self._broken = error  # some are stored: the report has to say which
            self._fail(error)
            self._end()

    def _begin(self, headers: Mapping[str, str]) -> None:
        self._parts += 1
        if self._parts > _MOST_PARTS:
            raise TooLarge(f"The body has more than {_MOST_PARTS} parts; send several requests.")
        self._part = _Part(_unfit(headers))

    def _write(self, data: memoryview) -> None:
        part = self._part
        if part.failure is not None:
            if part.spool is None:
                part.head += data[: max(0, _HEAD_BYTES - len(part.head))]
            self._drop(len(data), part.failure)
            return
        try:
            if part.spool is None:
                part.spool = self._context.archive.spool(may_wait=self._has_room)
            if part.spool.size + len(data) > self._limit_bytes:
                raise too_large(self._limit_bytes)
            part.spool.write(data)
        except (PacsberryError, OSError) as error:
            if isinstance(error, TooLarge) and not self._report.has_stored:
                raise
            self._fail(error)
            if part.spool is None:
                part.head += data[:_HEAD_BYTES]

    def _end(self) -> None:
        part = self._part
        try:
            if part.failure is not None:
                raise part.failure
            if part.spool is None:
                raise UnreadableDicom("The part is empty.")
            kept = self._context.ingest.accept(part.spool, self._receipt, study_uid=self._study_uid)
            self._report.stored(kept)
            self._has_room = True
        except (PacsberryError, OSError) as error:
            LOGGER.info("An instance sent from %s is not stored: %s", self._receipt.remote_ip, error)
            self._report.failed(error, *_names(bytes(part.head) if part.spool is None else part.spool.head))
            self._has_room = not isinstance(error, NoRoom)  # the recycler is waited for once, not for each instance
        finally:
            if part.spool is not None:
                part.spool.discard()
            self._part = _Part()

    def _fail(self, error: Exception) -> None:
        self._part.failure = error
        if self._part.spool is not None:
            self._part.spool.discard()

    def _drop(self, length: int, error: Exception) -> None:
        """Read on for the sake of what is to come, but not for ever."""
        self._dropped_bytes += length
        if self._dropped_bytes > self._limit_bytes:
            raise error


class _Whole:
    """A body that is one file."""

    def __init__(self) -> None:
        self._has_begun = False

    def feed(self, data: bytes | bytearray) -> Iterator[Event]:
        if not self._has_begun:
            self._has_begun = True
            yield PartBegins({})
        yield memoryview(data)

    def end(self) -> Iterator[Event]:
        yield PartEnds.AT_BOUNDARY


def _reader(request: Request) -> _Reader:
    """A reader for the body, by its Content-Type; NotUnderstood, BadMultipart."""
    coding = request.header("Content-Encoding").strip().lower()
    if coding not in ("", "identity"):
        raise NotUnderstood(f"The body has the Content-Encoding {coding[:40]!r}; it is taken without one.")
    told = media_type(request.headers.get("CONTENT_TYPE", ""))
    if told.kind == DICOM:
        return _Whole()
    if told.kind != MULTIPART or told.inside not in ("", DICOM):
        inside = f" of {told.inside[:40]!r}" if told.kind == MULTIPART else ""
        raise NotUnderstood(f'The body is {told.kind[:40]!r}{inside}; {MULTIPART}; type="{DICOM}" is expected.')
    boundary = told.parameters.get("boundary", "")
    if not boundary:
        raise BadMultipart("Content-Type does not name the boundary between the parts.")
    return PartsReader(boundary)


def _unfit(headers: Mapping[str, str]) -> NotUnderstood | None:
    """Why a part with these headers cannot be stored, if so."""
    kind = media_type(headers.get("content-type", DICOM)).kind
    if kind not in (DICOM, BINARY):
        return NotUnderstood(f"The part is {kind[:40]!r}, not {DICOM}.")
    encoding = headers.get("content-transfer-encoding", "").lower()
    if encoding not in _ENCODINGS:
        return NotUnderstood(f"The part has the transfer encoding {encoding[:40]!r}.")
    return None


def _names(head: bytes) -> tuple[str, str]:
    """SOP class and instance UID that a file says it has; '' for what cannot be read."""
    try:
        meta = read_meta(head)
    except UnreadableDicom:
        return "", ""
    return _uid(meta.sop_class_uid), _uid(meta.sop_uid)


def _uid(text: str) -> str:
    return text if _UID.fullmatch(text) else ""
