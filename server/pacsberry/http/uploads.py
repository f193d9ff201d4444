"""POST /instances: a DICOM file, a gzip file, a ZIP, or a form with files (S2)."""

import tempfile
from collections.abc import Iterator
from typing import IO

from pacsberry.auth import Action
from pacsberry.errors import BadRequest
from pacsberry.http.answers import Answer
from pacsberry.http.context import Context
from pacsberry.http.jsontext import json_text
from pacsberry.http.request import Request
from pacsberry.http.routing import Body, Route
from pacsberry.ingest.upload import Uploads
from pacsberry.model import Kept, Level

_IN_MEMORY_BYTES = 2**18  # of an answer about a ZIP; one about 20 000 files is 6 MB and goes to a temporary file
_CHUNK = 65536  # bytes


def post_instances(request: Request, context: Context) -> Answer:
    """Keep what the body holds; an object for a file, an array for a ZIP, nothing for a form."""
    upload = request.upload
    uploads = Uploads(
        ingest=context.ingest,
        spool=context.archive.spool,
        largest_member_bytes=context.settings.largest_member_bytes,
    )
    boundary = _form_boundary(request)
    if boundary:
        uploads.take_form(upload, boundary, request.receipt(), lambda kept: None)
        return Answer.empty()
    told = _Told()
    try:
        gzipped = request.header("Content-Encoding").strip().lower() in ("gzip", "x-gzip")
        if uploads.take(upload, request.receipt(), told.add, gzipped=gzipped):
            return Answer.json_items(told.chunks())
        told.close()
        return Answer.json(describe(told.last)) if told.last is not None else Answer.empty()
    except BaseException:
        told.close()
        raise


def describe(kept: Kept) -> dict[str, object]:
    """What became of one instance (S2)."""
    instance, series, study, patient = (kept.identifiers.orthanc_id(level) for level in reversed(Level))
    return {
        "ID": instance,
        "ParentPatient": patient,
        "ParentSeries": series,
        "ParentStudy": study,
        "Path": f"/instances/{instance}",
        "Status": kept.status.value,
    }


class _Told:
    """The growing JSON array about the files of a ZIP."""

    def __init__(self) -> None:
        self.last: Kept | None = None
        self._text: IO[bytes] = tempfile.SpooledTemporaryFile(_IN_MEMORY_BYTES)  # noqa: SIM115  # closed by `close`

    def add(self, kept: Kept) -> None:
        """One more file is durable."""
        self._text.write(b"[\n" if self.last is None else b",\n")
        self._text.write(json_text(describe(kept)).encode())
        self.last = kept

    def chunks(self) -> Iterator[bytes]:
        """The array in chunks; closes at the end."""
        try:
            self._text.write(b"[]" if self.last is None else b"\n]")
            self._text.seek(0)
            while chunk := self._text.read(_CHUNK):
                yield chunk
        finally:
            self.close()

    def close(self) -> None:
        """Forget the text."""
        self._text.close()


def _form_boundary(request: Request) -> str:
    """The boundary of a multipart/form-data body, '' when the body is something else."""
    content_type = request.headers.get("CONTENT_TYPE", "")
    if not content_type.lower().startswith("multipart/form-data"):
        return ""
    from multipart import parse_options_header

    _, options = parse_options_header(content_type)
    boundary = options.get("boundary", "")
    if not boundary:
        raise BadRequest("The form does not say its boundary.")
    return boundary


ROUTES = [Route("POST", "/instances", post_instances, body=Body.SPOOL, needs=Action.STORE)]
