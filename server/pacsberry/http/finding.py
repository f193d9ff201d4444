"""Reads the body of a search (S6, tools/find) into the archive's query."""

from collections.abc import Mapping
from typing import Any

from pacsberry.archive.queries import FindQuery, LabelsConstraint, OrderBy, OrderKind
from pacsberry.dicom.matching import Constraint
from pacsberry.errors import BadRequest
from pacsberry.http.context import Context
from pacsberry.http.viewing import parse_tag, texts_of
from pacsberry.model import Level

_LEVELS = {
    **{level.title.lower(): level for level in Level},
    **{level.plural: level for level in Level},
    "image": Level.INSTANCE,
    "images": Level.INSTANCE,
}
_PARENTS = {
    "ParentPatient": Level.PATIENT,
    "ParentStudy": Level.STUDY,
    "ParentSeries": Level.SERIES,
}
_DESCENDING = {"asc": False, "desc": True}
_METADATA_TAG, _METADATA_VR = 0x00000001, "LO"  # metadata are no DICOM tags; they match as text with wildcards does
_MOST_CONDITIONS = 256  # of one query: a data set for C-FIND has a few dozen


def parse_level(name: str) -> Level:
    """The level of a name as Orthanc reads them: 'Study', 'studies', 'IMAGE' …"""
    level = _LEVELS.get(name.strip().lower())
    if level is None:
        raise BadRequest(f"{name[:40]!r} is no level: use Patient, Study, Series or Instance.")
    return level


def query_of(body: Mapping[str, Any], context: Context) -> FindQuery:
    """The query of a /tools/find body; BadRequest says which field is wrong."""
    level, wanted = body.get("Level"), body.get("Query")
    if not isinstance(level, str):
        raise BadRequest("Level: one of Patient, Study, Series and Instance is expected.")
    if not isinstance(wanted, dict):
        raise BadRequest("Query: a JSON object {tag: value} is expected.")
    return FindQuery(
        parse_level(level),
        constraints=_constraints(wanted, context, case_sensitive=_flag(body, "CaseSensitive")),
        labels=_labels(body),
        labels_constraint=_labels_constraint(body.get("LabelsConstraint", "All")),
        metadata=_metadata(body.get("MetadataQuery", {}), context),
        parents=tuple((at, _text(body[name], name)) for name, at in _PARENTS.items() if name in body),
        order_by=_order(body.get("OrderBy", []), context),
        since=_number(body, "Since"),
        limit=_number(body, "Limit"),
    )


def _constraints(wanted: Mapping[str, object], context: Context, *, case_sensitive: bool) -> tuple[Constraint, ...]:
    if len(wanted) > _MOST_CONDITIONS:
        raise BadRequest(f"Query: at most {_MOST_CONDITIONS} tags are allowed.")
    constraints = []
    for name, value in wanted.items():
        tag = parse_tag(name, context.dictionary)
        vr = context.dictionary.vr(tag)
        constraints.append(Constraint.parse(tag, vr, _text(value, name), case_sensitive=case_sensitive))
    return tuple(constraints)


def _metadata(wanted: object, context: Context) -> tuple[tuple[int, Constraint], ...]:
    if not isinstance(wanted, dict) or len(wanted) > _MOST_CONDITIONS:
        raise BadRequest("MetadataQuery: a JSON object {name: value} is expected.")
    numbers = context.archive.metadata.names
    return tuple(
        (
            numbers.number(name),
            Constraint.parse(_METADATA_TAG, _METADATA_VR, _text(value, name), case_sensitive=True),
        )
        for name, value in wanted.items()
    )


def _order(keys: object, context: Context) -> tuple[OrderBy, ...]:
    if not isinstance(keys, list) or len(keys) > _MOST_CONDITIONS or not all(isinstance(key, dict) for key in keys):
        raise BadRequest("OrderBy: a list of objects {Type, Key, Direction} is expected.")
    return tuple(_order_key(key, context) for key in keys)


def _order_key(key: Mapping[str, object], context: Context) -> OrderBy:
    direction = _text(key.get("Direction"), "OrderBy.Direction").lower()
    if direction not in _DESCENDING:
        raise BadRequest("OrderBy.Direction: ASC or DESC is expected.")
    try:
        kind = OrderKind(key.get("Type"))
    except ValueError as error:
        known = ", ".join(kind.value for kind in OrderKind)
        raise BadRequest(f"OrderBy.Type: one of {known} is expected.") from error
    name = _text(key.get("Key"), "OrderBy.Key")
    is_metadata = kind.value.startswith("Metadata")
    number = context.archive.metadata.names.number(name) if is_metadata else parse_tag(name, context.dictionary)
    return OrderBy(kind, number, _DESCENDING[direction])


def _labels(body: Mapping[str, object]) -> tuple[str, ...]:
    labels = tuple(dict.fromkeys(texts_of(body, "Labels")))
    if len(labels) > _MOST_CONDITIONS:
        raise BadRequest(f"Labels: at most {_MOST_CONDITIONS} are allowed.")
    return labels


def _labels_constraint(value: object) -> LabelsConstraint:
    try:
        return LabelsConstraint(value)
    except ValueError as error:
        raise BadRequest("LabelsConstraint: All, Any or None is expected.") from error


def _text(value: object, name: str) -> str:
    if not isinstance(value, str):
        raise BadRequest(f"{name[:80]}: a string is expected.")
    return value


def _flag(body: Mapping[str, object], name: str) -> bool:
    value = body.get(name, False)
    if not isinstance(value, bool):
        raise BadRequest(f"{name}: true or false is expected.")
    return value


def _number(body: Mapping[str, object], name: str) -> int:
    value = body.get(name, 0)
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value < 2**63:
        raise BadRequest(f"{name}: a whole number from 0 on is expected.")
    return value
