"""Reads a data set as the "native model" that DICOM's JSON and XML forms share (PS3.18 annex F, PS3.19 annex A).

`write_model` walks a file and tells a `ModelWriter` what it meets, value by value; nothing but the value at hand is in
memory.  What is too long to stand inside is told as bulk data, with the path it can be read at below `/content`.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final, Protocol

from pacsberry.dicom.elements import Element, Kind
from pacsberry.dicom.names import TagDictionary, is_private
from pacsberry.dicom.part10 import DicomFile
from pacsberry.dicom.text import Charsets
from pacsberry.dicom.values import BINARY_VRS, value_text

LONGEST_INLINE: Final = 4096  # bytes of a binary value that stands inside, encoded as Base64
LONGEST_TEXT: Final = 262_144  # bytes of any other value that stands inside
CHUNK_CHARACTERS: Final = 65536
NOTHING_TOLD: Final[Mapping[int, str]] = MappingProxyType({})

_CHARSET: Final = 0x00080005
_PIXEL_DATA: Final = 0x7FE00010
_LAST_TAG: Final = 0xFFFFFFFF
_BEGINNINGS: Final = (Kind.VALUE, Kind.SEQUENCE, Kind.FRAGMENTS)
_SINGLE_VALUED: Final = frozenset(("LT", "ST", "UR", "UT"))  # PS3.5 6.2: a backslash is text there
_PERSON_GROUPS: Final = ("Alphabetic", "Ideographic", "Phonetic")  # PS3.5 6.2.1.2


@dataclass(frozen=True, slots=True)
class Attribute:
    """What an attribute is, before its value."""

    tag: int
    vr: str
    keyword: str  # '' when the dictionary has none
    creator: str  # of a private attribute, '' when unknown


class ModelWriter(Protocol):
    """Turns what it is told into text; each method returns the next piece."""

    def begin(self) -> str:
        """The data set begins."""

    def empty(self, attribute: Attribute) -> str:
        """An attribute without value."""

    def values(self, attribute: Attribute, values: list[str]) -> str:
        """An attribute with its values as text."""

    def binary(self, attribute: Attribute, value: bytes) -> str:
        """An attribute with few bytes."""

    def bulk(self, attribute: Attribute, path: str) -> str:
        """An attribute whose value is read elsewhere; `path` is its place below /content."""

    def begin_sequence(self, attribute: Attribute) -> str:
        """A sequence begins."""

    def begin_item(self, number: int) -> str:
        """An item begins; the first has the number 1."""

    def end_item(self) -> str:
        """The innermost item ends."""

    def end_sequence(self) -> str:
        """The innermost sequence ends."""

    def end(self) -> str:
        """The data set ends."""


@dataclass(slots=True)
class _Level:
    """The data set, or an item of a sequence, that the walk is inside of."""

    charsets: Charsets
    path: str  # below /content, with a slash at its end
    creators: dict[int, str] = field(default_factory=dict)  # of private blocks, by group and block
    sequence: str = ""  # path of the sequence being read
    items: int = 0  # of that sequence, so far


def write_model(
    file: DicomFile,
    writer: ModelWriter,
    *,
    default_encoding: str,
    dictionary: TagDictionary,
    told: Mapping[int, str] = NOTHING_TOLD,
) -> Iterator[str]:
    """The whole data set in pieces of about 64 KB.  Raises UnreadableDicom in the middle when the file is broken.

    `told`: values of text that stand in the place of the file's own, or are added, by tag.
    """
    return _chunks(_Reader(file, writer, default_encoding, dictionary, told).pieces())


def person_groups(name: str) -> list[tuple[str, str]]:
    """The groups of a person name that are not empty: ('Alphabetic', 'DOE^JOHN') …"""
    return [(group, text) for group, text in zip(_PERSON_GROUPS, name.split("="), strict=False) if text]


def write_text(writer: ModelWriter, attribute: Attribute, text: str) -> str:
    """An attribute whose values are joined by backslashes, as `value_text` and the index have them."""
    if attribute.vr in _SINGLE_VALUED:
        return writer.values(attribute, [text]) if text else writer.empty(attribute)
    if attribute.vr == "AT":
        text = text.replace(",", "").upper()
    values = [value.strip(" ") for value in text.split("\\")]
    return writer.values(attribute, values) if any(values) else writer.empty(attribute)


class _Reader:
    """The state of one walk."""

    def __init__(
        self,
        file: DicomFile,
        writer: ModelWriter,
        default_encoding: str,
        dictionary: TagDictionary,
        told: Mapping[int, str],
    ) -> None:
        self._file = file
        self._told = sorted(told.items(), reverse=True)  # the next one is the last
        self._writer = writer
        self._default_encoding = default_encoding
        self._dictionary = dictionary
        self._levels = [_Level(Charsets.of("", default_encoding), "")]

    def pieces(self) -> Iterator[str]:
        writer = self._writer
        yield writer.begin()
        for element in self._file.elements(vr_of=self._dictionary.vr):
            kind = element.kind
            if self._told and len(self._levels) == 1 and kind in _BEGINNINGS:
                yield from self._told_up_to(element.tag - 1)
            if kind is Kind.VALUE:
                if element.tag & 0xFFFF:  # group lengths are not part of the model
                    yield self._instead(element) if self._is_told(element) else self._value(element)
            elif kind is Kind.SEQUENCE:
                level = self._levels[-1]
                level.sequence, level.items = level.path + _segment(element.tag), 0
                yield writer.begin_sequence(self._attribute(element))
            elif kind is Kind.ITEM:
                level = self._levels[-1]
                self._levels.append(_Level(level.charsets, f"{level.sequence}/{level.items}/"))
                level.items += 1
                yield writer.begin_item(level.items)
            elif kind is Kind.ITEM_END:
                self._levels.pop()
                yield writer.end_item()
            elif kind is Kind.SEQUENCE_END:
                yield writer.end_sequence()
            elif kind is Kind.FRAGMENTS:
                yield writer.bulk(self._attribute(element), self._levels[-1].path + _segment(element.tag))
        yield from self._told_up_to(_LAST_TAG)
        yield writer.end()

    def _is_told(self, element: Element) -> bool:
        return len(self._levels) == 1 and bool(self._told) and self._told[-1][0] == element.tag

    def _instead(self, element: Element) -> str:
        """What is to be told of an attribute that the file has, too; its character set holds for the file anyway."""
        if element.tag == _CHARSET and element.length <= LONGEST_TEXT:
            level = self._levels[-1]
            level.charsets = Charsets.of(
                value_text(self._file.value(element), "CS", level.charsets), self._default_encoding
            )
        return "".join(self._told_up_to(element.tag))

    def _told_up_to(self, tag: int) -> Iterator[str]:
        """What is to be told of attributes up to `tag`: the model is in the order of tags (PS3.18 F.2.2)."""
        while self._told and self._told[-1][0] <= tag:
            told, text = self._told.pop()
            vr, keyword = self._dictionary.vr(told), self._dictionary.keyword(told)
            yield write_text(self._writer, Attribute(told, vr, keyword, ""), text)

    def _attribute(self, element: Element) -> Attribute:
        tag = element.tag
        creator = self._levels[-1].creators.get(_block(tag), "") if is_private(tag) else ""
        vr = element.vr
        if element.kind in (Kind.SEQUENCE, Kind.FRAGMENTS):
            vr = "OB" if element.kind is Kind.FRAGMENTS else "SQ"
        elif creator and vr in ("", "UN") and not element.encoding.explicit:
            vr = self._dictionary.vr(tag, creator)
        return Attribute(tag, vr or "UN", self._dictionary.keyword(tag, creator), creator)

    def _value(self, element: Element) -> str:
        attribute, level, writer = self._attribute(element), self._levels[-1], self._writer
        if not element.length:
            return writer.empty(attribute)
        is_binary = attribute.vr in BINARY_VRS
        if element.length > (LONGEST_INLINE if is_binary else LONGEST_TEXT) or element.tag == _PIXEL_DATA:
            fragment = "/0" if element.tag == _PIXEL_DATA else ""
            return writer.bulk(attribute, level.path + _segment(element.tag) + fragment)
        raw = self._file.value(element)
        if is_binary:
            return writer.binary(attribute, raw)
        text = value_text(raw, attribute.vr, level.charsets, big_endian=element.encoding.big_endian)
        if element.tag == _CHARSET:
            level.charsets = Charsets.of(text, self._default_encoding)
        elif is_private(element.tag) and 0x10 <= element.tag & 0xFFFF <= 0xFF:
            level.creators[element.tag] = text.strip()
        return write_text(writer, attribute, text)


def _segment(tag: int) -> str:
    return f"{tag >> 16:04x}-{tag & 0xFFFF:04x}"


def _block(tag: int) -> int:
    """The tag of the private creator that reserved the block of a private tag (PS3.5 7.8.1)."""
    return tag & 0xFFFF0000 | (tag >> 8 & 0xFF)


def _chunks(pieces: Iterator[str]) -> Iterator[str]:
    waiting: list[str] = []
    length = 0
    for piece in pieces:
        waiting.append(piece)
        length += len(piece)
        if length >= CHUNK_CHARACTERS:
            yield "".join(waiting)
            waiting.clear()
            length = 0
    if waiting:
        yield "".join(waiting)
