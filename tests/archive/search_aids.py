"""What the tests of finds share: constraints, an archive, and what a find found."""

from pacsberry.archive import Archive
from pacsberry.archive.queries import FindQuery
from pacsberry.dicom.matching import Constraint
from pacsberry.dicom.names import parse_tag, vr_of
from pacsberry.model import Header, Level


def where(name: str, value: str, *, case_sensitive: bool = False) -> Constraint:
    tag = tag_of(name)
    return Constraint.parse(tag, vr_of(tag), value, case_sensitive=case_sensitive)


def tag_of(name: str) -> int:
    tag = parse_tag(name)
    assert tag is not None
    return tag


def ids(headers: list[Header], level: Level) -> list[str]:
    """The identifiers of a level in the order of arrival."""
    return list(dict.fromkeys(header.identifiers.orthanc_id(level) for header in headers))


def found(archive: Archive, query: FindQuery) -> list[str]:
    return [one.id for one in archive.search.find(query)]


def tags(**values: str | None) -> dict[str, str]:
    return {name: value for name, value in values.items() if value is not None}
