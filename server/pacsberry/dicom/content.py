"""The raw value at a place inside a data set, as `/instances/{id}/content/…` addresses it.

A path alternates tags and item numbers: '0008-1140', '0', '0008-1155'.  A data set answers with its tags, a sequence
with the numbers of its items, pixel data with those of its fragments (the first is the basic offset table; native
pixels are one fragment), any other element with its bytes as they stand in the file, padding included.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from pacsberry.dicom.elements import PIXEL_TAGS, Element, Kind
from pacsberry.dicom.names import STANDARD, TagDictionary
from pacsberry.dicom.part10 import DicomFile, uid_text
from pacsberry.dicom.text import Charsets
from pacsberry.dicom.values import value_text
from pacsberry.errors import TooLarge, UnknownResource

MOST_CHILDREN: Final = 300_000

_ENCAPSULATED_DOCUMENT: Final = 0x00420011
_MIME_TYPE: Final = 0x00420012
_DOCUMENT_LENGTH: Final = 0x00420015
_BEGINNINGS: Final = frozenset((Kind.VALUE, Kind.SEQUENCE, Kind.FRAGMENTS))


@dataclass(frozen=True, slots=True)
class Children:
    """The next segments a path may have: 'gggg-eeee' or numbers."""

    names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class RawValue:
    """Bytes inside a file."""

    file: DicomFile
    offset: int  # from the start of the file; in a deflated one of the inflated data set
    length: int  # bytes

    def chunks(self) -> Iterator[bytes]:
        """The bytes in pieces of 64 KB, while the file is open."""
        return self.file.chunks(self.offset, self.length)


def read_content(file: DicomFile, path: Sequence[str], *, dictionary: TagDictionary = STANDARD) -> Children | RawValue:
    """What is at `path`; UnknownResource when nothing is, UnreadableDicom when the data set is broken."""
    elements = file.elements(vr_of=dictionary.vr)
    rest = [segment for segment in path if segment]
    depth = 0
    while rest:
        tag = dictionary.parse(rest.pop(0))
        element = None if tag is None else next(_in_this_dataset(elements, depth, tag), None)
        if element is None:
            raise _nothing(path)
        if element.kind == Kind.SEQUENCE:
            if not rest:
                return _numbers(_items(elements, depth + 1))
            if _nth(_items(elements, depth + 1), rest.pop(0)) is None:
                raise _nothing(path)
            depth += 1
            continue
        pieces = _pieces(element, elements)
        if pieces is not None:
            if not rest:
                return _numbers(pieces)
            element = _nth(pieces, rest.pop(0))
        if element is None or rest:
            raise _nothing(path)
        return RawValue(file, element.value_offset, element.length)
    return Children(_names(f"{e.tag >> 16:04x}-{e.tag & 0xFFFF:04x}" for e in _in_this_dataset(elements, depth, None)))


def find_pdf(file: DicomFile) -> RawValue | None:
    """The PDF that an Encapsulated PDF holds (PS3.3 C.24.2), without padding; None when there is none."""
    document: Element | None = None
    mime_type = ""
    length = 0
    for element in file.elements(nested=False):
        if element.tag == _ENCAPSULATED_DOCUMENT and element.kind == Kind.VALUE:
            document = element
        elif element.tag == _MIME_TYPE and element.length <= 256:
            mime_type = uid_text(file.value(element))
        elif element.tag == _DOCUMENT_LENGTH and element.length == 4:
            big_endian = element.encoding.big_endian
            length = int(value_text(file.value(element), "UL", Charsets("ascii"), big_endian=big_endian))
        elif element.tag > _DOCUMENT_LENGTH:
            break
    if document is None or mime_type.lower() != "application/pdf":
        return None
    if not 0 < length <= document.length:
        last = file.read(document.value_offset + document.length - 1, 1) if document.length else b""
        length = document.length - (last == b"\0")
    return RawValue(file, document.value_offset, length)


def _in_this_dataset(elements: Iterator[Element], depth: int, tag: int | None) -> Iterator[Element]:
    """The elements of the data set or item that the walk is in, only those with `tag` when given."""
    for element in elements:
        if element.depth == depth:
            if element.kind == Kind.ITEM_END:
                return
            if element.kind in _BEGINNINGS and (tag is None or element.tag == tag):
                yield element


def _items(elements: Iterator[Element], depth: int) -> Iterator[Element]:
    """The items of the sequence that has just begun; they are at `depth`."""
    for element in elements:
        if element.depth == depth and element.kind == Kind.ITEM:
            yield element
        elif element.depth == depth - 1 and element.kind == Kind.SEQUENCE_END:
            return


def _pieces(element: Element, elements: Iterator[Element]) -> Iterator[Element] | None:
    """The fragments of pixel data, native ones being one; None for any other element."""
    if element.kind == Kind.FRAGMENTS:
        return _fragments(elements)
    return iter((element,)) if element.tag in PIXEL_TAGS else None


def _fragments(elements: Iterator[Element]) -> Iterator[Element]:
    for element in elements:
        if element.kind != Kind.FRAGMENT:
            return
        yield element


def _nth(elements: Iterator[Element], number: str) -> Element | None:
    if not (number.isascii() and number.isdecimal() and len(number) < 10):
        return None
    wanted = int(number)
    return next((element for place, element in enumerate(elements) if place == wanted), None)


def _numbers(elements: Iterator[Element]) -> Children:
    return Children(_names(str(place) for place, _ in enumerate(elements)))


def _names(names: Iterator[str]) -> tuple[str, ...]:
    listed: list[str] = []
    for name in names:
        if len(listed) == MOST_CHILDREN:
            raise TooLarge(f"There are more than {MOST_CHILDREN} elements here; address one of them.")
        listed.append(name)
    return tuple(listed)


def _nothing(path: Sequence[str]) -> UnknownResource:
    return UnknownResource(f"The file has no content at {'/'.join(path)[:200]}.")
