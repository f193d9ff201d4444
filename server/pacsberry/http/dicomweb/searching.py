"""QIDO-RS: searches for studies, series and instances (PS3.18 10.6).

Rows come out of one snapshot of the index and leave as text; nothing is gathered, whatever the number of answers.
"""

from collections.abc import Generator, Sequence
from contextlib import closing
from dataclasses import replace
from itertools import islice

from pacsberry.archive.queries import FindQuery
from pacsberry.archive.search import Search
from pacsberry.http.answers import Answer
from pacsberry.http.context import Context
from pacsberry.http.dicomweb.addresses import root_address
from pacsberry.http.dicomweb.media import ModelForm, model_form
from pacsberry.http.dicomweb.multipart import MultipartWriter
from pacsberry.http.dicomweb.questions import Question, read_question
from pacsberry.http.dicomweb.results import Row, json_results, xml_results
from pacsberry.http.request import Request
from pacsberry.http.streams import streamed
from pacsberry.model import Level


def search(request: Request, context: Context, level: Level, uids: Sequence[str]) -> Answer:
    """The resources of `level` below what the UIDs of the path name, that fulfil the constraints of the address."""
    form = model_form(request)
    question = read_question(request, context, level, uids)
    archive_search = context.archive.search
    warnings = list(question.warnings)
    if _has_more(archive_search, question.query):
        warnings.append("There are additional results that can be requested")
    rows = _rows(archive_search, question)
    root = root_address(request, context)
    if form is ModelForm.JSON:
        answer = streamed(json_results(rows, question.wanted, level, root, context.dictionary), form.value)
    else:
        writer = MultipartWriter(form.value)
        chunks = xml_results(rows, question.wanted, level, root, context.dictionary, writer)
        answer = streamed(chunks, writer.content_type)
    for warning in warnings:
        answer = answer.with_header("Warning", f'299 Pacsberry "{warning}"')
    return answer.with_header("Vary", "Accept")


def _rows(archive_search: Search, question: Question) -> Generator[Row]:
    query, skipped = question.query, 0
    if not _is_paged_by_index(archive_search, query):
        query, skipped = _from_the_first(query), query.since
    with closing(archive_search.rows(query, question.wanted)) as rows:
        yield from islice(rows, skipped, None)


def _has_more(archive_search: Search, query: FindQuery) -> bool:
    """Whether there are results beyond the page; a header says so, hence before the first result."""
    if not query.limit:
        return False
    beyond, skipped = replace(query, since=query.since + query.limit, limit=1), 0
    if not _is_paged_by_index(archive_search, query):
        beyond, skipped = _from_the_first(beyond), beyond.since
    with closing(archive_search.rows(beyond, ())) as rows:
        return next(islice(rows, skipped, None), None) is not None


def _is_paged_by_index(archive_search: Search, query: FindQuery) -> bool:
    """Whether the archive can begin in the middle: not when files decide what fulfils the query."""
    return all(archive_search.is_indexed(query.level, constraint.tag) for constraint in query.constraints)


def _from_the_first(query: FindQuery) -> FindQuery:
    return replace(query, since=0, limit=query.since + query.limit if query.limit else 0)
