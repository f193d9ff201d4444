"""Writes the data set of a file anew, in another encoding or with a few elements changed, in pieces while it is read.

Where source and target lay elements out in the same way (Explicit VR Little Endian, as all compressed syntaxes) what
does not change is copied byte by byte.  Else every element is written anew, sequences and items with delimiters instead
of lengths.  Group lengths (retired, PS3.5 7.2) are left out, as they would be wrong.  The pixel data are not written
here: `head` ends before them, `tail` begins behind them.
"""

from array import array
from collections.abc import Iterator, Mapping
from typing import Final

from pacsberry.dicom.elements import LONG_VRS, PIXEL_TAGS, UNDEFINED, Element, Kind
from pacsberry.dicom.encoding import ElementLayout, QueryElement, encode_elements
from pacsberry.dicom.names import STANDARD, TagDictionary
from pacsberry.dicom.part10 import DicomFile
from pacsberry.dicom.syntax import encoding_of

Changes = Mapping[int, QueryElement | None]
"""Outermost elements by tag: what each becomes, or None for one that is left out; in ASCII."""

_ICON: Final = 0x00880200
_PIXEL_REPRESENTATION: Final = 0x00280103
_LONGEST_SHORT: Final = 0xFFFE  # bytes of a value with a 16-bit length
_BEGIN: Final = (Kind.VALUE, Kind.SEQUENCE, Kind.FRAGMENTS)
_ENDS: Final = (Kind.SEQUENCE_END, Kind.FRAGMENTS_END)
_WORDS: Final = {2: "H", 4: "I", 8: "Q"}  # typecodes of `array`
_NUMBER_BYTES: Final = {
    **dict.fromkeys(("US", "SS", "OW", "AT"), 2),
    **dict.fromkeys(("UL", "SL", "FL", "OL", "OF"), 4),
    **dict.fromkeys(("FD", "OD", "OV", "SV", "UV"), 8),
}
# PS3.5 A.1: what Implicit VR has as words, though the dictionary's first VR is OB; and what has the pixels' sign.
_WORDS_WHEN_IMPLICIT: Final = frozenset((0x7FE00010, 0x54000110, 0x54000112, 0x5400100A, 0x54001010))
_SIGNED_LIKE_PIXELS: Final = frozenset(
    (
        *(0x00280106, 0x00280107, 0x00280108, 0x00280109, 0x00280110, 0x00280111, 0x00280120, 0x00280121),
        *(0x00281101, 0x00281102, 0x00281103, 0x00283002, 0x00409211, 0x00409216, 0x00603004, 0x00603006),
    )
)
_END_OF_ITEM: Final = 0xE00D
_END_OF_SEQUENCE: Final = 0xE0DD


def swapped(chunk: bytes, number_bytes: int) -> bytes:
    """The bytes of each number turned round; a rest that is no whole number stays as it is."""
    if number_bytes < 2:
        return chunk
    whole = len(chunk) // number_bytes * number_bytes
    numbers = array(_WORDS[number_bytes], chunk[:whole])
    numbers.byteswap()
    return numbers.tobytes() + chunk[whole:]


def number_bytes_of(vr: str) -> int:
    """How long the numbers of a value are whose bytes depend on the byte order; 1 for texts and bytes."""
    return _NUMBER_BYTES.get(vr, 1)


class Rewriting:
    """One file in one other form; the file stays open meanwhile."""

    def __init__(
        self,
        file: DicomFile,
        transfer_syntax_uid: str,
        changes: Changes,
        *,
        keeps_fragments: bool = True,
        dictionary: TagDictionary = STANDARD,
    ) -> None:
        """`keeps_fragments`: whether compressed icons may stay, which native syntaxes have no place for."""
        self._file = file
        self._target = encoding_of(transfer_syntax_uid)
        self._layout = ElementLayout(transfer_syntax_uid)
        self._is_turned = self._target.big_endian != file.encoding.big_endian
        self._dictionary = dictionary
        self._is_signed = False
        self._changes = dict(changes)
        if not keeps_fragments and self._has_compressed_icon():
            self._changes[_ICON] = None
        self._waiting = sorted(tag for tag, change in self._changes.items() if change is not None)

    def head(self) -> Iterator[bytes]:
        """All elements before the pixel data, and what is added there; UnreadableDicom."""
        return self._written(None)

    def tail(self, pixels: Element) -> Iterator[bytes]:
        """All elements behind the pixel data; UnreadableDicom."""
        elements = self._file.elements(nested=False, start=pixels.offset)
        next(elements)
        after = next((element.offset for element in elements if element.kind in _BEGIN and not element.depth), None)
        return iter(()) if after is None else self._written(after)

    def _written(self, start: int | None) -> Iterator[bytes]:
        if self._file.encoding == self._target:
            return self._copied(start)
        return self._converted(start)

    def _copied(self, start: int | None) -> Iterator[bytes]:
        """Stretches of the file as they are, between what changes."""
        begin = -1  # of the stretch, -1: none
        end = 0  # of the last element
        for element in self._file.elements(nested=False, start=start):
            if element.depth or element.kind not in _BEGIN:
                if not element.depth and element.kind in _ENDS:
                    end = element.offset + 8
                continue
            added = self._due_before(element.tag)
            is_gone = self._is_gone(element)
            if begin >= 0 and (added or is_gone):
                yield from self._file.chunks(begin, element.offset - begin)
                begin = -1
            yield from added
            if element.tag in PIXEL_TAGS and start is None:
                break
            if begin < 0 and not is_gone:
                begin = element.offset
            end = element.value_offset + element.length if element.length != UNDEFINED else end
        else:
            if begin >= 0:
                yield from self._file.chunks(begin, end - begin)
            yield from self._due_before(None)
            return
        if begin >= 0:
            yield from self._file.chunks(begin, element.offset - begin)

    def _converted(self, start: int | None) -> Iterator[bytes]:
        """Element by element."""
        is_skipping = False
        for element in self._file.elements(vr_of=self._vr_of, start=start):
            is_outermost = not element.depth and element.kind in _BEGIN
            if is_outermost:
                yield from self._due_before(element.tag)
                if element.tag in PIXEL_TAGS and start is None:
                    return
                is_skipping = self._is_gone(element)
            if is_skipping:
                continue
            if element.kind == Kind.VALUE:
                if element.tag & 0xFFFF or not element.depth:
                    yield from self._value(element)
            elif element.kind == Kind.SEQUENCE:
                yield self._layout.prefix(element.tag, "SQ") + self._layout.long_length(UNDEFINED)
            elif element.kind == Kind.ITEM:
                yield self._layout.item(UNDEFINED)
            elif element.kind == Kind.ITEM_END:
                yield self._layout.delimiter(_END_OF_ITEM)
            elif element.kind == Kind.SEQUENCE_END:
                yield self._layout.delimiter(_END_OF_SEQUENCE)
        yield from self._due_before(None)

    def _value(self, element: Element) -> Iterator[bytes]:
        if element.tag == _PIXEL_REPRESENTATION and element.length == 2:
            self._is_signed = any(self._file.value(element))
        vr, length = element.vr or "UN", element.length
        if length > _LONGEST_SHORT and not self._layout.has_long_length(vr):
            vr = "OW" if vr in ("US", "SS") else "UN"  # PS3.5 6.2.2: too long for its own VR
        padding = length % 2
        yield self._layout.start(element.tag, vr, length + padding)
        number_bytes = number_bytes_of(element.vr) if self._is_turned else 1
        for chunk in self._file.chunks(element.value_offset, length):
            yield swapped(chunk, number_bytes)
        if padding:
            yield b"\0" if vr.encode() in LONG_VRS or vr == "UI" else b" "

    def _vr_of(self, tag: int) -> str:
        """Of an element in Implicit VR."""
        if tag in _SIGNED_LIKE_PIXELS:
            return "SS" if self._is_signed else "US"
        if tag in _WORDS_WHEN_IMPLICIT or (tag & 0xFF01FFFF == 0x60003000):  # overlay data
            return "OW"
        return self._dictionary.vr(tag)

    def _is_gone(self, element: Element) -> bool:
        """Whether an outermost element is not written from the file."""
        return element.tag in self._changes or not element.tag & 0xFFFF

    def _due_before(self, tag: int | None) -> list[bytes]:
        """The changed elements whose turn it is when `tag` comes, None at the end."""
        due = [one for one in self._waiting if tag is None or one <= tag]
        if due:
            del self._waiting[: len(due)]
        changed = {one: change for one in due if (change := self._changes[one]) is not None}
        return [encode_elements(changed, self._layout)] if changed else []

    def _has_compressed_icon(self) -> bool:
        for element in self._file.elements(nested=False):
            if element.tag >= _ICON and element.kind in _BEGIN and not element.depth:
                return element.tag == _ICON and self._holds_fragments(element)
        return False

    def _holds_fragments(self, sequence: Element) -> bool:
        elements = self._file.elements(start=sequence.offset, vr_of=self._dictionary.vr)
        next(elements)
        for element in elements:
            if not element.depth:
                return False
            if element.kind == Kind.FRAGMENTS:
                return True
        return False
