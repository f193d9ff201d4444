"""The standard's and the makers' dictionaries of tags, out of the files that pydicom has them in.

Only the two tables are loaded, each when it is first asked for: 2 MB each, where pydicom itself takes 10 MB of this
process.  What they hold is told as pydicom.datadict tells it; a test compares the two for every tag.
"""

import importlib.util
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Final

_STANDARD: Final = "_dicom_dict"
_OF_MAKERS: Final = "_private_dict"

Entry = tuple[str, str, str, str, str]  # VR, VM, name, 'Retired' or '', keyword


def standard_entry(tag: int) -> Entry | None:
    """The entry of a standard tag, those of repeating groups included; None when it has none."""
    table = _table(_STANDARD)
    entry: Entry | None = table.DicomDictionary.get(tag)
    if entry is None:
        found = next((pattern for pattern, (value, mask) in _masks().items() if (tag ^ value) & mask == 0), None)
        entry = None if found is None else table.RepeatersDictionary[found]
    return entry


def standard_tag(keyword: str) -> int | None:
    """The tag of a keyword; None when there is none."""
    return _keywords().get(keyword)


def entry_of_maker(tag: int, creator: str) -> tuple[str, str, str, str] | None:
    """VR, VM, name and 'Retired' of a private tag; None when nobody knows the creator or the tag."""
    entries: dict[str, tuple[str, str, str, str]] = _table(_OF_MAKERS).private_dictionaries.get(creator, {})
    group, element = f"{tag >> 16:04X}", f"{tag & 0xFFFF:04X}"
    forms = (group + element, f"{group}xx{element[2:]}", f"{group[:2]}xxxx{element[2:]}")  # x: any block
    return next((entries[form] for form in forms if form in entries), None)


@cache
def _table(name: str) -> ModuleType:
    package = importlib.util.find_spec("pydicom")  # finds it, and does not import it
    places = package.submodule_search_locations if package is not None else None
    if not places:
        raise ImportError("pydicom is missing: the dictionaries of DICOM tags are in it.")
    spec = importlib.util.spec_from_file_location(f"{__name__}.{name}", Path(places[0]) / f"{name}.py")
    if spec is None or spec.loader is None:
        raise ImportError(f"pydicom has no {name}.")
    table = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(table)
    return table


@cache
def _keywords() -> dict[str, int]:
    return {entry[4]: tag for tag, entry in _table(_STANDARD).DicomDictionary.items()}


@cache
def _masks() -> dict[str, tuple[int, int]]:
    """For each pattern such as '60xx3000' the digits that are told, and where they are."""
    return {
        pattern: (int(pattern.replace("x", "0"), 16), int("".join("0" if char == "x" else "F" for char in pattern), 16))
        for pattern in _table(_STANDARD).RepeatersDictionary
    }
