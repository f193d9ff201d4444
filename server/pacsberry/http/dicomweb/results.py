"""Prints the rows of a search as DICOM JSON (PS3.18 F.2) or as one XML document each (PS3.19 A.1)."""

from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass

from pacsberry.dicom.names import TagDictionary
from pacsberry.dicom.native_json import json_writer
from pacsberry.dicom.native_model import Attribute, ModelWriter, write_text
from pacsberry.dicom.native_xml import xml_writer
from pacsberry.http.dicomweb.addresses import resource_path
from pacsberry.http.dicomweb.columns import CHARACTER_SET, RETRIEVE_URL, UIDS
from pacsberry.http.dicomweb.media import ModelForm
from pacsberry.http.dicomweb.multipart import MultipartWriter
from pacsberry.http.streams import encoded
from pacsberry.model import Level

Row = tuple[str | None, ...]


def json_results(
    rows: Generator[Row], wanted: Sequence[int], level: Level, root: str, dictionary: TagDictionary
) -> Generator[bytes]:
    """A JSON array in chunks of about 64 KB; `rows` is closed with it."""
    return encoded(_json_pieces(rows, _Printer(json_writer(_no_bulk), wanted, level, root, dictionary)), rows)


def xml_results(
    rows: Generator[Row],
    wanted: Sequence[int],
    level: Level,
    root: str,
    dictionary: TagDictionary,
    parts: MultipartWriter,
) -> Generator[bytes]:
    """A multipart body likewise, with a document for each row."""
    return encoded(_xml_pieces(rows, _Printer(xml_writer(_no_bulk), wanted, level, root, dictionary), parts), rows)


def _json_pieces(rows: Iterator[Row], printer: "_Printer") -> Iterator[str]:
    separator = "["
    for row in rows:
        yield separator
        yield printer.text(row)
        separator = ","
    yield "[]" if separator == "[" else "]"


def _xml_pieces(rows: Iterator[Row], printer: "_Printer", parts: MultipartWriter) -> Iterator[str]:
    for row in rows:
        yield parts.begin([("Content-Type", ModelForm.XML.value)]).decode()
        yield printer.text(row)
    yield parts.end().decode()


@dataclass(slots=True)
class _Column:
    attribute: Attribute
    place: int  # in the row
    constant: str | None = None


class _Printer:
    """Prints row after row."""

    def __init__(
        self, writer: ModelWriter, wanted: Sequence[int], level: Level, root: str, dictionary: TagDictionary
    ) -> None:
        self._writer = writer
        self._root = root
        self._uids = [wanted.index(tag) for tag in UIDS[:level]]
        columns = [_Column(_attribute(tag, dictionary), place) for place, tag in enumerate(wanted)]
        columns.append(_Column(_attribute(CHARACTER_SET, dictionary), 0, "ISO_IR 192"))  # both forms are UTF-8
        columns.append(_Column(_attribute(RETRIEVE_URL, dictionary), len(wanted)))
        self._columns = sorted(columns, key=lambda column: column.attribute.tag)

    def text(self, row: Row) -> str:
        """One result; an attribute that the resource does not have is left out, one without value is empty."""
        writer = self._writer
        url = self._root + resource_path(*(row[place] or "" for place in self._uids))
        row = (*row, url)
        pieces = [writer.begin()]
        for column in self._columns:
            value = row[column.place] if column.constant is None else column.constant
            if value is not None:
                pieces.append(write_text(writer, column.attribute, value))
        pieces.append(writer.end())
        return "".join(pieces)


def _attribute(tag: int, dictionary: TagDictionary) -> Attribute:
    return Attribute(tag, dictionary.vr(tag), dictionary.keyword(tag), "")


def _no_bulk(path: str) -> str:
    return path
