"""Reads the arguments of a search (PS3.18 8.3.4, 10.6.1.2) into the archive's query."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final

from pacsberry.archive.queries import FindQuery
from pacsberry.dicom.matching import Constraint
from pacsberry.errors import BadRequest
from pacsberry.http.context import Context
from pacsberry.http.dicomweb.columns import UIDS, columns_of
from pacsberry.http.dicomweb.objects import named_by
from pacsberry.http.request import Request
from pacsberry.model import Level

_RESERVED: Final = frozenset(
    ("accept", "emptyvaluematching", "fuzzymatching", "limit", "multiplevaluematching", "offset", "_method")
)
_MOST_FIELDS: Final = 256
_LISTED_BY_COMMA: Final = frozenset(("CS", "UI"))  # no value of these has a comma in it (PS3.5 6.2)
_UNFIT_FOR_WARNINGS: Final = re.compile(r"[^A-Za-z0-9.,\-]")


@dataclass(frozen=True, slots=True)
class Question:
    """What a search asks."""

    query: FindQuery  # limit 0: no limit
    wanted: tuple[int, ...]  # tags to answer
    warnings: tuple[str, ...]  # what was not done as asked


@dataclass(slots=True)
class _Fields:
    """The arguments that name attributes."""

    constraints: list[Constraint] = field(default_factory=list)
    included: list[int] = field(default_factory=list)
    every: bool = False
    unused: list[str] = field(default_factory=list)


def read_question(request: Request, context: Context, level: Level, uids: Sequence[str]) -> Question:
    """The question of a request; `uids`: of the path, from the study down.  Raises BadRequest, UnknownResource.

    Arguments that cannot be used are left out and told in a warning (PS3.4 C.2.2.1.3), as C-FIND does.
    """
    search = context.archive.search
    fields = _read_fields(request, context, level)
    of_path = named_by(dict(zip(UIDS, uids, strict=False)))
    asked = [constraint.tag for constraint in fields.constraints] + fields.included
    warnings = []
    if fields.unused:
        warnings.append(f"The following parameters are not supported and were ignored: {', '.join(fields.unused)}")
    return Question(
        FindQuery(
            level,
            constraints=(*of_path, *fields.constraints),
            since=request.integer("offset") or 0,
            limit=search.limits.lowered(level, request.integer("limit") or 0),
        ),
        columns_of(level, asked, search, context.dictionary, every=fields.every),
        tuple(warnings),
    )


def _read_fields(request: Request, context: Context, level: Level) -> _Fields:
    fields = _Fields()
    is_fuzzy = request.arguments.get("fuzzymatching", "").lower() == "true"
    for name, value in request.all_arguments:
        if name == "includefield":
            _include(fields, value.split(","), context)
        elif name.lower() not in _RESERVED:
            constraint = _constraint(name, value, context, is_fuzzy=is_fuzzy)
            if constraint is None or not context.archive.search.may_filter(level, constraint.tag):
                fields.unused.append(_plain(name))
            else:
                fields.constraints.append(constraint)
    return fields


def _include(fields: _Fields, names: Iterable[str], context: Context) -> None:
    for name in names:
        tag = context.dictionary.parse(name)
        if name.strip().lower() == "all":
            fields.every = True
        elif tag is not None:
            fields.included.append(tag)
        elif name.strip():
            fields.unused.append(_plain(name))
        if len(fields.included) + len(fields.unused) > _MOST_FIELDS:
            raise BadRequest(f"includefield: at most {_MOST_FIELDS} attributes can be asked for at once.")


def _constraint(name: str, value: str, context: Context, *, is_fuzzy: bool) -> Constraint | None:
    """The constraint on one attribute; None for what is none, or is inside of a sequence."""
    tag = context.dictionary.parse(name)
    if tag is None:
        return None
    vr = context.dictionary.vr(tag)
    if vr == "SQ":
        return None
    if is_fuzzy and vr == "PN":
        return Constraint.fuzzy(tag, value)
    if vr in _LISTED_BY_COMMA:
        value = value.replace(",", "\\")
    case_sensitive = vr != "PN" and context.settings.dicomweb.case_sensitive
    return Constraint.parse(tag, vr, value, case_sensitive=case_sensitive)


def _plain(name: str) -> str:
    return _UNFIT_FOR_WARNINGS.sub("?", name[:64])
