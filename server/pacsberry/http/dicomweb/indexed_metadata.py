"""WADO-RS metadata that the index has, no file being opened: what StudiesMetadata and SeriesMetadata allow."""

from collections.abc import Generator, Sequence
from contextlib import closing

from pacsberry.archive.queries import FindQuery
from pacsberry.errors import UnknownResource
from pacsberry.http.answers import Answer
from pacsberry.http.context import Context
from pacsberry.http.dicomweb.addresses import root_address
from pacsberry.http.dicomweb.columns import AVAILABLE_TRANSFER_SYNTAX, UIDS, columns_of
from pacsberry.http.dicomweb.media import ModelForm
from pacsberry.http.dicomweb.multipart import MultipartWriter
from pacsberry.http.dicomweb.objects import named_by
from pacsberry.http.dicomweb.results import Row, json_results, xml_results
from pacsberry.http.request import Request
from pacsberry.http.streams import streamed
from pacsberry.model import Level


def indexed_metadata(request: Request, context: Context, uids: Sequence[str], form: ModelForm) -> Answer:
    """The main tags of every instance of what the UIDs of the path name; UnknownResource."""
    wanted = columns_of(
        Level.INSTANCE, (AVAILABLE_TRANSFER_SYNTAX,), context.archive.search, context.dictionary, every=True
    )
    rows = _rows(context, uids, wanted)
    root = root_address(request, context)
    if form is ModelForm.JSON:
        return streamed(json_results(rows, wanted, Level.INSTANCE, root, context.dictionary), form.value)
    writer = MultipartWriter(form.value)
    chunks = xml_results(rows, wanted, Level.INSTANCE, root, context.dictionary, writer)
    return streamed(chunks, writer.content_type)


def _rows(context: Context, uids: Sequence[str], wanted: Sequence[int]) -> Generator[Row]:
    query = FindQuery(Level.INSTANCE, constraints=named_by(dict(zip(UIDS, uids, strict=False))))
    with closing(context.archive.search.rows(query, wanted)) as rows:
        first = next(rows, None)
        if first is None:
            raise UnknownResource(f"There is no {Level(len(uids)).title.lower()} {uids[-1][:80]!r}.")
        yield first
        yield from rows
