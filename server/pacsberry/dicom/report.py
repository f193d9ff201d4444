"""A structured report as plain lines: the content tree of PS3.3 C.17.3, an item a line, what it contains further in."""

from collections.abc import Iterator, Mapping
from typing import Final, NamedTuple, cast

from pacsberry.dicom.names import STANDARD, TagDictionary
from pacsberry.dicom.part10 import DicomFile
from pacsberry.dicom.tagjson import Json, TagForm, dataset_json

_CONTENT: Final = "0040,a730"  # ContentSequence
_VALUE_TYPE: Final = "0040,a040"
_CONCEPT_NAME: Final = "0040,a043"  # ConceptNameCodeSequence
_CONCEPT: Final = "0040,a168"  # ConceptCodeSequence
_MEASURED: Final = "0040,a300"  # MeasuredValueSequence
_NUMERIC: Final = "0040,a30a"
_UNITS: Final = "0040,08ea"  # MeasurementUnitsCodeSequence
_REFERENCED: Final = "0008,1199"  # ReferencedSOPSequence
_REFERENCED_CLASS: Final = "0008,1150"
_CODE: Final = "0008,0100"
_MEANING: Final = "0008,0104"
_PLAIN: Final = {  # value type -> where its value is
    "TEXT": "0040,a160",
    "PNAME": "0040,a123",
    "DATE": "0040,a121",
    "TIME": "0040,a122",
    "DATETIME": "0040,a120",
    "UIDREF": "0040,a124",
    "SCOORD": "0070,0023",  # GraphicType
    "SCOORD3D": "0070,0023",
    "TCOORD": "0040,a130",  # TemporalRangeType
}
_TEXT_VALUE: Final = 0x0040A160
_TOP: Final = frozenset((0x00080005, 0x0040A040, 0x0040A043, 0x0040A730))


class ReportLine(NamedTuple):
    """One content item."""

    depth: int
    kind: str  # its value type: CONTAINER, TEXT, NUM, CODE …
    name: str  # what it is about
    value: str


_Tags = Mapping[str, Json]


def report_lines(
    file: DicomFile, *, default_encoding: str = "Latin1", dictionary: TagDictionary = STANDARD
) -> Iterator[ReportLine]:
    """The lines of a report; none when the file holds no content tree.  UnreadableDicom, TooLarge."""
    tree = dataset_json(
        file,
        TagForm.SHORT,
        only=_TOP,
        ignore_length=(_TEXT_VALUE,),
        default_encoding=default_encoding,
        dictionary=dictionary,
    )
    if _CONTENT not in tree:
        return
    waiting: list[tuple[int, _Tags]] = [(0, tree)]
    while waiting:  # depth first, without recursion: the file says how deep it is
        depth, item = waiting.pop()
        kind = _text(item, _VALUE_TYPE)
        yield ReportLine(depth, kind, _meaning(item, _CONCEPT_NAME), _value(item, kind))
        waiting.extend((depth + 1, child) for child in reversed(_items(item, _CONTENT)))


def _value(item: _Tags, kind: str) -> str:
    if kind in _PLAIN:
        return _text(item, _PLAIN[kind])
    if kind == "CODE":
        return _meaning(item, _CONCEPT)
    if kind == "NUM":
        measured = next(iter(_items(item, _MEASURED)), {})
        units = next(iter(_items(measured, _UNITS)), {})
        unit = _text(units, _CODE)
        return " ".join(part for part in (_text(measured, _NUMERIC), "" if unit == "1" else unit) if part)
    referenced = next(iter(_items(item, _REFERENCED)), {})
    return _text(referenced, _REFERENCED_CLASS)


def _meaning(item: _Tags, sequence: str) -> str:
    code = next(iter(_items(item, sequence)), {})
    return _text(code, _MEANING) or _text(code, _CODE)


def _items(item: _Tags, sequence: str) -> list[_Tags]:
    found = item.get(sequence)
    return [cast(_Tags, one) for one in found if isinstance(one, dict)] if isinstance(found, list) else []


def _text(item: _Tags, tag: str) -> str:
    found = item.get(tag)
    return found.strip() if isinstance(found, str) else ""
