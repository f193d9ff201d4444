"""The DICOM JSON model (PS3.18 annex F) of a file."""

import base64
import json
import math
from collections.abc import Callable, Iterator, Mapping
from json.encoder import encode_basestring as _quote
from typing import Final

from pacsberry.dicom.names import TagDictionary
from pacsberry.dicom.native_model import NOTHING_TOLD, Attribute, ModelWriter, person_groups, write_model
from pacsberry.dicom.part10 import DicomFile

_INTEGERS: Final = frozenset(("IS", "SL", "SS", "SV", "UL", "US", "UV"))
_DECIMALS: Final = frozenset(("DS", "FD", "FL"))


def native_json(
    file: DicomFile,
    *,
    bulk_uri: Callable[[str], str],
    default_encoding: str,
    dictionary: TagDictionary,
    told: Mapping[int, str] = NOTHING_TOLD,
) -> Iterator[str]:
    """The JSON object of a data set in pieces; `bulk_uri` makes the address of a path below `/content`.

    `told`: see `write_model`.
    """
    return write_model(file, _JsonWriter(bulk_uri), default_encoding=default_encoding, dictionary=dictionary, told=told)


def json_writer(bulk_uri: Callable[[str], str]) -> ModelWriter:
    """Writes data sets that are no files, one after another."""
    return _JsonWriter(bulk_uri)


class _JsonWriter:
    """Writes members with a comma before all but the first of each object; fit for one data set after another."""

    def __init__(self, bulk_uri: Callable[[str], str]) -> None:
        self._bulk_uri = bulk_uri
        self._comma = ""

    def begin(self) -> str:
        self._comma = ""
        return "{"

    def empty(self, attribute: Attribute) -> str:
        return self._opening(attribute) + "}"

    def values(self, attribute: Attribute, values: list[str]) -> str:
        printed = ",".join(_value(attribute.vr, value) for value in values)
        return f'{self._opening(attribute)},"Value":[{printed}]}}'

    def binary(self, attribute: Attribute, value: bytes) -> str:
        return f'{self._opening(attribute)},"InlineBinary":"{base64.b64encode(value).decode()}"}}'

    def bulk(self, attribute: Attribute, path: str) -> str:
        return f'{self._opening(attribute)},"BulkDataURI":{_quote(self._bulk_uri(path))}}}'

    def begin_sequence(self, attribute: Attribute) -> str:
        return self._opening(attribute) + ',"Value":['

    def begin_item(self, number: int) -> str:
        self._comma = ""
        return "{" if number == 1 else ",{"

    def end_item(self) -> str:
        return "}"

    def end_sequence(self) -> str:
        self._comma = ","
        return "]}"

    def end(self) -> str:
        return "}\n"

    def _opening(self, attribute: Attribute) -> str:
        opening = f'{self._comma}\n"{attribute.tag:08X}":{{"vr":"{attribute.vr}"'
        self._comma = ","
        return opening


def _value(vr: str, value: str) -> str:
    if not value:
        return "null"  # F.2.5: an empty value among others
    if vr == "PN":
        return "{" + ",".join(f'"{group}":{_quote(text)}' for group, text in person_groups(value)) + "}"
    if vr in _INTEGERS or vr in _DECIMALS:
        return _number(vr, value)
    return _quote(value)


def _number(vr: str, text: str) -> str:
    """A JSON number, or a string when it is none or not finite (F.2.3.1)."""
    try:
        number = int(text) if vr in _INTEGERS and len(text) <= 20 else float(text)
    except ValueError:
        return _quote(text)
    return json.dumps(number) if math.isfinite(number) else _quote(text)
