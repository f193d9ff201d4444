"""Finds resources: for C-FIND, /tools/find, /tools/count-resources and QIDO.

Answers are streamed from one snapshot of the index; nothing is gathered in memory, whatever the number of answers.
"""

import logging
from collections.abc import Generator, Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import replace
from itertools import islice
from typing import Final

from pacsberry.archive.index import Index
from pacsberry.archive.outside_tags import OutsideTags
from pacsberry.archive.places import ALIASES
from pacsberry.archive.queries import FindLimits, FindQuery, Found
from pacsberry.archive.search_sql import Statement, compile_find
from pacsberry.archive.tag_sources import Source, file_sql, source_of
from pacsberry.dicom.main_tags import MainTags
from pacsberry.dicom.names import tag_text
from pacsberry.errors import BadRequest
from pacsberry.model import Level

LOGGER = logging.getLogger("pacsberry.archive")

_Row = tuple[str | None, ...]
_Rows = Generator[_Row, None, None]


class Search:
    """Answers finds; thread-safe.

    Its iterators hold one reader of the index until they are read to the end or closed.
    """

    def __init__(self, index: Index, *, main_tags: MainTags, outside: OutsideTags, limits: FindLimits) -> None:
        """`outside`: for tags that the index does not hold; `limits`: what `find` lowers its limit to."""
        self.limits: Final = limits
        self._index = index
        self._main_tags = main_tags
        self._outside = outside

    def is_indexed(self, level: Level, tag: int) -> bool:
        """Whether a find at `level` filters and answers `tag` without opening files."""
        return source_of(self._main_tags, tag, level) is not None

    def main_tags(self, level: Level) -> frozenset[int]:
        """The main tags that the index holds of a resource of `level` and of those above it."""
        return frozenset(tag for at in Level if at <= level for tag in self._main_tags.levels[at])

    def may_filter(self, level: Level, tag: int) -> bool:
        """Whether a find at `level` can filter on `tag`; where it cannot, nothing fulfils a constraint on it.

        C-FIND and QIDO ignore keys that are not supported (PS3.4 C.2.2.1.3): they leave such constraints out.
        """
        return self._outside.may_filter or self.is_indexed(level, tag)

    def find(self, query: FindQuery) -> Iterator[Found]:
        """The resources that fulfil the query; a limit over the configured one is lowered silently.

        Raises BadRequest, before the first answer, for what cannot be asked.
        """
        level = query.level
        lowered = replace(query, limit=self.limits.lowered(level, query.limit))
        return _found(level, self._select(lowered, [Source(f"{ALIASES[level]}.id", level)]))

    def count(self, query: FindQuery) -> int:
        """How many resources fulfil the query; its page and order do not matter.  Raises BadRequest."""
        statement = self._compile(replace(query, order_by=(), since=0, limit=0), [])
        if not statement.is_paged:
            return sum(1 for _ in self._run(statement, 0, None))
        with self._index.read() as connection:
            row = connection.execute(f"SELECT count(*) FROM ({statement.sql})", statement.parameters).fetchone()
            return int(row[0])

    def rows(self, query: FindQuery, wanted: Sequence[int]) -> Generator[_Row, None, None]:
        """The values of the tags `wanted`, in their order, of each resource; None where it has none.

        Several values are joined by backslashes (ModalitiesInStudy).  Tags outside the index are read from a file of
        the resource where StorageAccessOnFind allows it.  Raises BadRequest before the first answer.
        """
        sources = [source_of(self._main_tags, tag, query.level) for tag in wanted]
        columns = [source.answer() if source else Source("NULL", query.level) for source in sources]
        outside = frozenset(tag for tag, source in zip(wanted, sources, strict=True) if source is None)
        if outside and self._outside.may_answer:
            columns.append(Source(file_sql(query.level), query.level))
            return self._completed(self._select(query, columns), wanted, outside)
        return self._select(query, columns)

    def _select(self, query: FindQuery, columns: Sequence[Source]) -> _Rows:
        statement = self._compile(query, columns)
        if statement.is_paged:
            return self._run(statement, 0, None)
        return self._run(statement, query.since, query.since + query.limit if query.limit else None)

    def _compile(self, query: FindQuery, columns: Iterable[Source]) -> Statement:
        statement = compile_find(query, columns, self._main_tags)
        if statement.outside and query.since:
            raise BadRequest(
                f"Since cannot be used with {tag_text(statement.outside[0].tag)}, which only the files have; "
                "list it in ExtraMainDicomTags, or leave Since out."
            )
        return statement

    def _run(self, statement: Statement, start: int, stop: int | None) -> _Rows:
        with self._index.read() as connection:
            cursor = connection.execute(statement.sql, statement.parameters)
            if statement.is_paged:
                yield from cursor
            else:
                yield from islice(self._passing(cursor, statement), start, stop)

    def _passing(self, rows: Iterable[_Row], statement: Statement) -> Iterator[_Row]:
        """The rows that pass all checks, without the columns that only the checks need."""
        checks, outside, width = statement.checks, statement.outside, statement.width
        tags = frozenset(constraint.tag for constraint in outside)
        if outside and not self._outside.may_filter:
            LOGGER.warning("Nothing is found by %s: only files have it.", ", ".join(map(tag_text, sorted(tags))))
            return
        for row in rows:
            for check in checks:
                if not check.passes(row):
                    break
            else:
                values = self._outside.read(row[-1], tags)
                if all(constraint.matches(values.get(constraint.tag)) for constraint in outside):
                    yield row[:width]

    def _completed(self, rows: _Rows, wanted: Sequence[int], outside: frozenset[int]) -> _Rows:
        """Rows, whose last column is a file, with the values of the tags that only files have."""
        places = [(place, tag) for place, tag in enumerate(wanted) if tag in outside]
        with closing(rows):
            for row in rows:
                completed = list(row[:-1])
                values = self._outside.read(row[-1], outside)
                for place, tag in places:
                    completed[place] = values.get(tag)
                yield tuple(completed)


def _found(level: Level, rows: _Rows) -> Iterator[Found]:
    with closing(rows):
        for row in rows:
            yield Found(level, str(row[0]))
