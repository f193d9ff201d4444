"""Turns a find into one SELECT and the checks that remain for Python.

SQL narrows by what the index can decide alone (folded identifiers, dates, labels, literal pieces of wildcards) and
never loses a resource; `Constraint.matches` then decides on the values that came along.  We fix the order of the loops
ourselves (CROSS JOIN): first the level whose condition narrows most, from there down to the level asked for, then up
to the ancestors.
"""

import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final

from pacsberry.archive.places import ALIASES, bindable, bounded, upwards
from pacsberry.archive.queries import FindQuery, LabelsConstraint, OrderBy, OrderKind
from pacsberry.archive.system_metadata import metadata_sql
from pacsberry.archive.tag_sources import Source, file_sql, source_of
from pacsberry.dicom.main_tags import MainTags
from pacsberry.dicom.matching import Constraint, Match
from pacsberry.dicom.names import tag_text
from pacsberry.dicom.text import fold
from pacsberry.errors import BadRequest
from pacsberry.model import Level

_WILDCARDS: Final = re.compile(r"([*?]+)")
_AFTER_EVERYTHING: Final = "\U0010ffff"  # sorts behind every other character


@dataclass(frozen=True, slots=True)
class _Column:
    """A column that holds an identifier beside the JSON of the main tags."""

    level: Level
    name: str
    rank: int  # the lower, the fewer rows an exact value leaves
    is_folded: bool = True
    tail: str = ""  # what its index holds of a value, when that is not all of it
    is_vague: bool = False  # NULL when several values are possible: such rows are left to Constraint.matches

    def condition(self, wanted: str, name: str) -> str:
        """SQL that lets through what fulfils `wanted`, and what may; `name` is the column in the query."""
        return f"({wanted} OR {name} IS NULL)" if self.is_vague else wanted


_SCANNED: Final = 50  # the column has no index, but starting there is better than anywhere else
_UNHELPFUL: Final = 99
_TAIL: Final = "substr({}, -12)"  # as in the schema
_COLUMNS: Final = {
    0x00080018: _Column(Level.INSTANCE, "uid", 0, tail=_TAIL),  # SOPInstanceUID
    0x0020000E: _Column(Level.SERIES, "uid", 1, tail=_TAIL),  # SeriesInstanceUID
    0x0020000D: _Column(Level.STUDY, "uid", 2, tail=_TAIL),  # StudyInstanceUID
    0x00080050: _Column(Level.STUDY, "accession", 3),  # AccessionNumber
    0x00100020: _Column(Level.PATIENT, "uid", 4),  # PatientID
    0x00080020: _Column(Level.STUDY, "study_date", 5, is_folded=False),  # StudyDate
    0x00100010: _Column(Level.PATIENT, "name", _SCANNED, is_vague=True),  # PatientName
}
_LABELS_RANK: Final = 4
_PREFIX_PENALTY: Final = 6  # a prefix or range leaves more rows than a value
_MOST_PIECES: Final = 8  # of a wildcard, looked for by SQL; the others are left to Constraint.matches
_MODALITIES: Final = frozenset((0x00080060, 0x00080061))  # Modality, ModalitiesInStudy
_ANY_MODALITY: Final = r"""EXISTS (SELECT 1 FROM series WHERE series.parent = s.key AND (
    upper(modality) IN (SELECT value FROM json_each(?)) OR instr(modality, '\')))"""


@dataclass(frozen=True, slots=True)
class Check:
    """A constraint on the value in one column of the result."""

    column: int
    constraint: Constraint
    separator: str  # '' unless the value is several, one of which is enough

    def passes(self, row: Sequence[str | None]) -> bool:
        """Whether the row fulfils it."""
        value = row[self.column]
        if value is None or not self.separator:
            return self.constraint.matches(value)
        return any(self.constraint.matches(part) for part in value.split(self.separator))


@dataclass(frozen=True, slots=True)
class Statement:
    """The SELECT of a find: the columns asked for, those that only the checks need, and a file where one is needed."""

    sql: str
    width: int  # columns asked for
    parameters: tuple[object, ...]
    checks: tuple[Check, ...]
    outside: tuple[Constraint, ...]  # on tags that only the files have; then the last column is a file
    is_paged: bool  # since and limit are in the SQL already


def compile_find(query: FindQuery, wanted: Iterable[Source], main_tags: MainTags) -> Statement:
    """The statement whose first columns are the values of `wanted`.  Raises BadRequest for what cannot be asked."""
    selection = _Selection(query.level)
    columns: list[Source] = list(wanted)
    width = len(columns)
    checks: list[Check] = []
    outside: list[Constraint] = []

    def check(source: Source, constraint: Constraint) -> None:
        if source not in columns:
            columns.append(source)
        checks.append(Check(columns.index(source), constraint, source.separator))

    for constraint in query.constraints:
        if constraint.kind is Match.UNIVERSAL:
            continue
        source = source_of(main_tags, constraint.tag, query.level)
        if source is None:
            outside.append(constraint)
            continue
        selection.narrow(constraint, source)
        check(source, constraint)
    for number, constraint in query.metadata:
        check(Source(metadata_sql(query.level, number), query.level), constraint)
    for level, resource_id in query.parents:
        selection.below(level, resource_id)
    selection.labelled(query.labels, query.labels_constraint)
    order = [_order(one, query.level, main_tags) for one in query.order_by]
    is_paged = not checks and not outside
    if outside:
        columns.append(Source(file_sql(query.level), query.level))
    sql, parameters = _select(query, selection, columns, order, is_paged=is_paged)
    return Statement(sql, width, parameters, tuple(checks), tuple(outside), is_paged)


@dataclass(slots=True)
class _Selection:
    """The conditions of a WHERE clause, and the level whose condition narrows most."""

    level: Level
    conditions: list[str] = field(default_factory=list)
    parameters: list[object] = field(default_factory=list)
    highest: Level = field(default=Level.INSTANCE)
    driver: Level = field(default=Level.INSTANCE)
    rank: int = _UNHELPFUL

    def __post_init__(self) -> None:
        self.highest = self.driver = self.level

    def add(self, condition: str, *parameters: object, level: Level, rank: int = _UNHELPFUL) -> None:
        """A condition on the table of `level`; the lowest rank decides where the loops start."""
        self.conditions.append(condition)
        self.parameters.extend(parameters)
        self.highest = min(self.highest, level)
        if rank < self.rank:
            self.rank, self.driver = rank, level

    def narrow(self, constraint: Constraint, source: Source) -> None:
        """Keep what can fulfil the constraint on `source`, as far as a column of its own tells."""
        if constraint.tag in _MODALITIES and source.separator:
            self._narrow_modality(constraint)
        column = _COLUMNS.get(constraint.tag)
        if column is None or column.level is not source.level:  # ExtraMainDicomTags may hold it at another level, too
            return
        name = f"{ALIASES[column.level]}.{column.name}"
        if constraint.exact_values is not None:
            self._narrow_values(name, column, constraint.exact_values)
        elif constraint.range is not None and not column.is_folded:
            low, high = constraint.range
            self.add(f"{name} >= ?", bindable(low), level=column.level, rank=column.rank + _PREFIX_PENALTY)
            if high:
                self.add(f"{name} <= ?", bindable(high), level=column.level)
        elif constraint.kind is Match.WILDCARD and column.is_folded:
            self._narrow_pattern(name, column, constraint.values[0])

    def _narrow_values(self, name: str, column: _Column, values: tuple[str, ...]) -> None:
        if column.is_folded:
            values = tuple(fold(value) for value in values)
        elif any(value.upper() != value.lower() for value in values):
            return  # letters: other spellings of the value may match, and this column is as received
        if column.name == "accession" and all(values):
            self.add(f"{name} <> ''", level=column.level)  # what its partial index needs to see
        if len(values) == 1:
            only = bindable(values[0])
            if column.tail:
                self.add(f"{column.tail.format(name)} = {column.tail.format('?')}", only, level=column.level)
                name = f"+{name}"  # see rows.BY_ID
            self.add(column.condition(f"{name} = ?", name), only, level=column.level, rank=column.rank)
        else:
            listed = json.dumps([bindable(value) for value in values])
            if column.tail:
                tails = f"SELECT {column.tail.format('value')} FROM json_each(?)"
                self.add(f"{column.tail.format(name)} IN ({tails})", listed, level=column.level)
            condition = column.condition(f"{name} IN (SELECT value FROM json_each(?))", name)
            self.add(condition, listed, level=column.level, rank=column.rank)

    def _narrow_pattern(self, name: str, column: _Column, pattern: str) -> None:
        """The literal pieces of a wildcard, folded, are in the folded value; the first piece is where it begins."""
        for place, piece in enumerate(_WILDCARDS.split(pattern)[: 2 * _MOST_PIECES]):
            literal = bindable(fold(piece)) if place % 2 == 0 else ""
            if literal and place == 0:
                from_literal = column.condition(f"{name} >= ?", name)
                self.add(from_literal, literal, level=column.level, rank=column.rank + _PREFIX_PENALTY)
                beyond = literal + _AFTER_EVERYTHING
                self.add(column.condition(f"{name} < ?", name), beyond, level=column.level)
            elif literal:
                condition = column.condition(f"instr({name}, ?)", name)
                self.add(condition, literal, level=column.level, rank=_SCANNED)

    def _narrow_modality(self, constraint: Constraint) -> None:
        values = constraint.exact_values
        if values is not None and all(value.isascii() for value in values):
            # upper() of SQLite knows ASCII only, which is what code strings consist of (PS3.5 6.2)
            listed = json.dumps([value.upper() for value in values])
            self.add(_ANY_MODALITY, listed, level=Level.STUDY)

    def below(self, level: Level, resource_id: str) -> None:
        """Keep what belongs to an ancestor."""
        if level >= self.level:
            raise BadRequest(f"A {self.level.title.lower()} has no parent {level.title.lower()}.")
        name, wanted = f"{ALIASES[level]}.id", bindable(resource_id)
        self.add(f"substr({name}, 1, 8) = substr(?, 1, 8)", wanted, level=level)
        self.add(f"+{name} = ?", wanted, level=level, rank=int(Level.SERIES - level))

    def labelled(self, labels: tuple[str, ...], how: LabelsConstraint) -> None:
        """Keep what has all, any or none of the labels."""
        if not labels:
            return
        listed = json.dumps(sorted({bindable(label) for label in labels}))
        selected = (
            f"SELECT labels.key FROM labels WHERE labels.level = {int(self.level)} "
            "AND label IN (SELECT value FROM json_each(?))"
        )
        if how is LabelsConstraint.ALL:
            selected += f" GROUP BY labels.key HAVING count(*) = {len(set(labels))}"
        key = f"{ALIASES[self.level]}.key"
        if how is LabelsConstraint.NONE:
            self.add(f"{key} NOT IN ({selected})", listed, level=self.level)
        else:
            self.add(f"{key} IN ({selected})", listed, level=self.level, rank=_LABELS_RANK)

    def tables(self, highest: Level) -> str:
        """SQL of the joins: the driver, down to the level asked for, then up from the driver to `highest`."""
        tables = f"{self.driver.plural} {ALIASES[self.driver]}"
        for level in range(self.driver + 1, self.level + 1):
            child, parent = ALIASES[level], ALIASES[level - 1]
            tables += f" CROSS JOIN {Level(level).plural} {child} ON {child}.parent = {parent}.key"
        for level in range(self.driver - 1, highest - 1, -1):
            child, parent = ALIASES[level + 1], ALIASES[level]
            tables += f" CROSS JOIN {Level(level).plural} {parent} ON {parent}.key = {child}.parent"
        return tables


def _order(order: OrderBy, level: Level, main_tags: MainTags) -> tuple[str, Level]:
    """SQL of one key of the order, and the highest level it reads."""
    if order.kind in (OrderKind.METADATA, OrderKind.METADATA_AS_INT, OrderKind.METADATA_AS_FLOAT):
        source = Source(metadata_sql(level, order.number), level)
    else:
        found = source_of(main_tags, order.number, level)
        if found is None:
            raise BadRequest(f"OrderBy: {tag_text(order.number)} is not in the index at the {level.title} level.")
        source = found
    sql = source.sql
    if order.kind in (OrderKind.DICOM_TAG_AS_INT, OrderKind.METADATA_AS_INT):
        sql = f"CAST({sql} AS INTEGER)"
    elif order.kind in (OrderKind.DICOM_TAG_AS_FLOAT, OrderKind.METADATA_AS_FLOAT):
        sql = f"CAST({sql} AS REAL)"
    else:
        sql = f"{sql} COLLATE NOCASE"
    return f"{sql} {'DESC' if order.descending else 'ASC'} NULLS LAST", source.level


def _select(
    query: FindQuery, selection: _Selection, columns: list[Source], order: list[tuple[str, Level]], *, is_paged: bool
) -> tuple[str, tuple[object, ...]]:
    """SQL and parameters; without an order asked for, resources come in the order of arrival."""
    key = f"{ALIASES[query.level]}.key"
    where = f" WHERE {' AND '.join(selection.conditions)}" if selection.conditions else ""
    parameters = list(selection.parameters)
    page = " LIMIT -1"
    if is_paged and (query.since or query.limit):
        page = " LIMIT ? OFFSET ?"
        parameters += [bounded(query.limit) or -1, bounded(query.since)]
    listed = ", ".join(column.sql for column in columns) or "NULL"
    highest = min((selection.highest, *(column.level for column in columns)))
    if not order and selection.rank == _UNHELPFUL:  # the table is read in the order of its keys anyway
        tables = selection.tables(highest)
        return f"SELECT {listed} FROM {tables}{where} ORDER BY {key}{page}", tuple(parameters)
    # Only keys go through the sorter; the values, which are far longer, are fetched in order afterwards.
    # Without its LIMIT, SQLite would leave out the inner ORDER BY.
    reach = min((selection.highest, *(level for _, level in order)))
    keys = (
        f"SELECT {key} AS key FROM {selection.tables(reach)}{where} "
        f"ORDER BY {', '.join([*(sql for sql, _ in order), key])}{page}"
    )
    first = f"{query.level.plural} {ALIASES[query.level]}"
    others = upwards(query.level, highest).removeprefix(first)
    tables = f"ordered CROSS JOIN {first} ON {key} = ordered.key{others}"
    return f"WITH ordered AS MATERIALIZED ({keys}) SELECT {listed} FROM {tables}", tuple(parameters)
