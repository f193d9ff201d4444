"""The tags of a file as the lines of a table: what is inside sequences stands below them, further in.

Made for people to look at: long values are cut short, binary ones told by their size, and pixels end the table.
"""

from collections.abc import Iterator
from typing import Final, NamedTuple

from pacsberry.dicom.elements import PIXEL_TAGS, UNDEFINED, Element, Kind
from pacsberry.dicom.names import STANDARD, TagDictionary, is_private, is_private_creator, tag_text
from pacsberry.dicom.part10 import DicomFile, uid_text
from pacsberry.dicom.student_view import shows_sequence, shows_value
from pacsberry.dicom.text import Charsets
from pacsberry.dicom.values import BINARY_VRS, value_text

LONGEST: Final = 400  # characters of a value
_LONGEST_READ: Final = 4096  # bytes of one that is looked at
_SPECIFIC_CHARACTER_SET: Final = 0x00080005


class TagRow(NamedTuple):
    """One line."""

    depth: int  # sequences around it
    tag: str  # 'gggg,eeee'; '' for an item
    name: str  # keyword, '' when nobody knows it
    vr: str
    value: str  # of an item its number, from 1 on
    size: int  # bytes; 0 when it is not known beforehand


def tag_rows(
    file: DicomFile,
    *,
    for_students: bool,
    default_encoding: str = "Latin1",
    dictionary: TagDictionary = STANDARD,
) -> Iterator[TagRow]:
    """The lines in the order of the file; UnreadableDicom when it is broken."""
    return _Rows(file, for_students, Charsets.named(default_encoding), default_encoding, dictionary).run()


class _Level:
    """A data set or an item while it is read."""

    __slots__ = ("charsets", "creators", "items")

    def __init__(self, charsets: Charsets) -> None:
        self.charsets = charsets
        self.creators: dict[int, str] = {}  # first tag of a private block -> creator
        self.items: list[int] = []  # of the open sequences


class _Rows:
    """The state of one reading."""

    def __init__(
        self, file: DicomFile, for_students: bool, charsets: Charsets, default_encoding: str, dictionary: TagDictionary
    ) -> None:
        self._file = file
        self._for_students = for_students
        self._default_encoding = default_encoding
        self._dictionary = dictionary
        self._levels = [_Level(charsets)]

    def run(self) -> Iterator[TagRow]:
        hidden = -1  # depth of the sequence that is passed over
        for element in self._file.elements(vr_of=self._vr):
            kind = element.kind
            if hidden >= 0:
                if kind is Kind.SEQUENCE_END and element.depth == hidden:
                    hidden = -1
            elif kind is Kind.SEQUENCE:
                if self._for_students and not shows_sequence(element.tag):
                    hidden = element.depth
                else:
                    self._levels[-1].items.append(0)
                    yield self._row(element, "SQ", "")
            elif kind is Kind.SEQUENCE_END:
                self._levels[-1].items.pop()
            elif kind is Kind.ITEM:
                outer = self._levels[-1]
                outer.items[-1] += 1
                self._levels.append(_Level(outer.charsets))
                yield TagRow(element.depth, "", "", "", str(outer.items[-1]), 0)
            elif kind is Kind.ITEM_END:
                self._levels.pop()
            elif element.tag in PIXEL_TAGS and not element.depth:
                return
            elif kind is Kind.VALUE:
                row = self._value(element)
                if row is not None:
                    yield row

    def _vr(self, tag: int) -> str:
        return self._dictionary.vr(tag, self._creator(tag))

    def _creator(self, tag: int) -> str:
        return self._levels[-1].creators.get(tag & 0xFFFFFF00, "") if is_private(tag) else ""

    def _row(self, element: Element, vr: str, value: str) -> TagRow:
        tag = element.tag
        name = self._dictionary.keyword(tag, self._creator(tag))
        size = 0 if element.length == UNDEFINED else element.length
        return TagRow(element.depth, tag_text(tag), name, vr, value, size)

    def _value(self, element: Element) -> TagRow | None:
        """The line of a value; None when students do not see it."""
        tag, level = element.tag, self._levels[-1]
        if not tag & 0xFFFF:  # the length of a group
            return None
        vr = element.vr
        if vr in ("", "UN") and (not is_private(tag) or is_private_creator(tag)):
            vr = self._dictionary.vr(tag)  # writers that do not know a tag say UN
        text = ""
        if vr not in BINARY_VRS:
            raw = self._file.read(element.value_offset, min(element.length, _LONGEST_READ))
            if tag == _SPECIFIC_CHARACTER_SET:
                level.charsets = Charsets.of(uid_text(raw), self._default_encoding)
            text = value_text(raw, vr, level.charsets, big_endian=element.encoding.big_endian).strip()
            if is_private_creator(tag):
                level.creators[tag & 0xFFFF0000 | (tag & 0xFF) << 8] = text
        if self._for_students and not shows_value(tag, text):
            return None
        return self._row(element, vr, text if len(text) <= LONGEST else f"{text[:LONGEST]}…")
