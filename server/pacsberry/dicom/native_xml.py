"""The native DICOM model in XML (PS3.19 annex A.1) of a file."""

import base64
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Final

from pacsberry.dicom.names import TagDictionary
from pacsberry.dicom.native_model import NOTHING_TOLD, Attribute, ModelWriter, person_groups, write_model
from pacsberry.dicom.part10 import DicomFile

_NAME_PARTS: Final = ("FamilyName", "GivenName", "MiddleName", "NamePrefix", "NameSuffix")
_NOT_XML: Final = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")  # XML 1.0, 2.2


def native_xml(
    file: DicomFile,
    *,
    bulk_uri: Callable[[str], str],
    default_encoding: str,
    dictionary: TagDictionary,
    told: Mapping[int, str] = NOTHING_TOLD,
) -> Iterator[str]:
    """The XML document of a data set in pieces; `bulk_uri` makes the address of a path below `/content`.

    `told`: see `write_model`.
    """
    return write_model(file, _XmlWriter(bulk_uri), default_encoding=default_encoding, dictionary=dictionary, told=told)


def xml_writer(bulk_uri: Callable[[str], str]) -> ModelWriter:
    """Writes data sets that are no files, each as a document of its own."""
    return _XmlWriter(bulk_uri)


class _XmlWriter:
    """Writes elements one to a line."""

    def __init__(self, bulk_uri: Callable[[str], str]) -> None:
        self._bulk_uri = bulk_uri

    def begin(self) -> str:
        return (
            '<?xml version="1.0" encoding="UTF-8"?>\n'
            '<NativeDicomModel xmlns="http://dicom.nema.org/PS3.19/models/NativeDICOM" xml:space="preserve">\n'
        )

    def empty(self, attribute: Attribute) -> str:
        return _opening(attribute)[:-1] + "/>\n"

    def values(self, attribute: Attribute, values: list[str]) -> str:
        numbered = ((number, value) for number, value in enumerate(values, start=1) if value)
        if attribute.vr == "PN":
            inside = "".join(_person(number, name) for number, name in numbered)
        else:
            inside = "".join(f'<Value number="{number}">{_text(value)}</Value>' for number, value in numbered)
        return f"{_opening(attribute)}{inside}</DicomAttribute>\n"

    def binary(self, attribute: Attribute, value: bytes) -> str:
        encoded = base64.b64encode(value).decode()
        return f"{_opening(attribute)}<InlineBinary>{encoded}</InlineBinary></DicomAttribute>\n"

    def bulk(self, attribute: Attribute, path: str) -> str:
        return f"{_opening(attribute)}<BulkData uri={_attribute(self._bulk_uri(path))}/></DicomAttribute>\n"

    def begin_sequence(self, attribute: Attribute) -> str:
        return _opening(attribute) + "\n"

    def begin_item(self, number: int) -> str:
        return f'<Item number="{number}">\n'

    def end_item(self) -> str:
        return "</Item>\n"

    def end_sequence(self) -> str:
        return "</DicomAttribute>\n"

    def end(self) -> str:
        return "</NativeDicomModel>\n"


def _opening(attribute: Attribute) -> str:
    further = ""
    if attribute.keyword:
        further += f" keyword={_attribute(attribute.keyword)}"
    if attribute.creator:
        further += f" privateCreator={_attribute(attribute.creator)}"
    return f'<DicomAttribute tag="{attribute.tag:08X}" vr="{attribute.vr}"{further}>'


def _person(number: int, name: str) -> str:
    groups = "".join(f"<{group}>{_name_parts(text)}</{group}>" for group, text in person_groups(name))
    return f'<PersonName number="{number}">{groups}</PersonName>'


def _name_parts(text: str) -> str:
    return "".join(
        f"<{part}>{_text(value)}</{part}>" for part, value in zip(_NAME_PARTS, text.split("^"), strict=False) if value
    )


def _text(value: str) -> str:
    return _clean(value).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace("\r", "&#13;")


def _attribute(value: str) -> str:
    """A value between quotes, as an attribute of an XML element has it."""
    escaped = _text(value).replace('"', "&quot;").replace("\n", "&#10;").replace("\t", "&#9;")
    return f'"{escaped}"'


def _clean(value: str) -> str:
    return _NOT_XML.sub("\N{REPLACEMENT CHARACTER}", value)
