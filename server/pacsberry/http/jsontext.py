"""Prints JSON the way Orthanc does: sorted keys, an indent of three, ' : ' between name and value (S8).

`json.dumps` with an indent runs in Python, value by value; this prints texts with the standard
library's C encoder and is several times faster on the objects the REST API answers.
"""

import json
from collections.abc import Mapping
from json.encoder import encode_basestring as _quote

DEEPEST = 128  # levels; DICOM sequences are limited to fewer by dicom/


def json_text(value: object) -> str:
    """`value` as text: scalars, mappings with string keys, lists, tuples; ValueError when nested too deeply."""
    pieces: list[str] = []
    _print(value, "\n", pieces, 0)
    return "".join(pieces)


def _print(value: object, newline: str, pieces: list[str], depth: int) -> None:
    if isinstance(value, str):
        pieces.append(_quote(value))
    elif isinstance(value, Mapping):
        _print_members(value, newline, pieces, depth)
    elif isinstance(value, list | tuple):
        _print_items(value, newline, pieces, depth)
    elif value is None or isinstance(value, bool | int | float):
        pieces.append(json.dumps(value, allow_nan=False))
    else:
        raise TypeError(f"{type(value).__name__} is no JSON value")


def _print_members(value: Mapping[str, object], newline: str, pieces: list[str], depth: int) -> None:
    if not value:
        pieces.append("{}")
        return
    if depth >= DEEPEST:
        raise ValueError(f"more than {DEEPEST} levels")
    inner = newline + "   "
    opening = "{" + inner
    for name in sorted(value):
        member = value[name]
        if isinstance(member, str):
            pieces.append(f"{opening}{_quote(name)} : {_quote(member)}")
        else:
            pieces.append(f"{opening}{_quote(name)} : ")
            _print(member, inner, pieces, depth + 1)
        opening = "," + inner
    pieces.append(newline + "}")


def _print_items(value: list[object] | tuple[object, ...], newline: str, pieces: list[str], depth: int) -> None:
    if not value:
        pieces.append("[]")
        return
    if depth >= DEEPEST:
        raise ValueError(f"more than {DEEPEST} levels")
    inner = newline + "   "
    opening = "[" + inner
    for item in value:
        pieces.append(opening)
        _print(item, inner, pieces, depth + 1)
        opening = "," + inner
    pieces.append(newline + "]")
