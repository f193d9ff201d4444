"""The values of a data set that say how its pixels are to be read and shown (PS3.3 C.7.6.3, C.11.1, C.11.2, C.9.2).

Those of enhanced objects lie in the functional groups (C.7.6.16): what is shared by all frames first, then the frame's.
"""

from collections.abc import Iterator
from typing import Final

from pacsberry.dicom.elements import PIXEL_TAGS, UNDEFINED, Element, Kind
from pacsberry.dicom.names import STANDARD
from pacsberry.dicom.part10 import DicomFile
from pacsberry.dicom.text import Charsets
from pacsberry.dicom.values import value_text

SHARED_GROUPS: Final = 0x52009229
FRAME_GROUPS: Final = 0x52009230
_LARGEST_VALUE: Final = 4 << 20  # bytes; look-up tables have 128 KB, overlays of large images 2 MB
_LARGEST_TEXT: Final = 4096  # bytes; numbers as text
_ITEM_BYTES: Final = {False: b"\xfe\xff\x00\xe0", True: b"\xff\xfe\xe0\x00"}  # the tag of an item
_PLAIN_ASCII: Final = Charsets("ascii")


class Values:
    """Elements by their tag, of one data set or of one item of a sequence."""

    def __init__(self, file: DicomFile, elements: dict[int, Element]) -> None:
        self._file = file
        self._elements = elements

    def __contains__(self, tag: int) -> bool:
        return tag in self._elements

    def encoding_is_big_endian(self, tag: int) -> bool:
        """The byte order of an element that is there."""
        return self._elements[tag].encoding.big_endian

    def data(self, tag: int) -> bytes:
        """The bytes of a value; b'' when it is absent or larger than any table or overlay."""
        element = self._elements.get(tag)
        return self._file.value(element) if element is not None and element.length <= _LARGEST_VALUE else b""

    def text(self, tag: int) -> str:
        """A code string; '' when absent."""
        element = self._elements.get(tag)
        if element is None or element.length > _LARGEST_TEXT:
            return ""
        return self._file.value(element).partition(b"\0")[0].decode("ascii", "replace").strip()

    def numbers(self, tag: int, *, is_signed: bool = False) -> list[float]:
        """Numbers, binary or as text; empty when absent or not to be read.

        `is_signed` settles the VR of elements that are US or SS by PixelRepresentation (PS3.5 A.1).
        """
        element = self._elements.get(tag)
        if element is None or not 0 < element.length <= _LARGEST_TEXT:
            return []
        vr = element.vr or STANDARD.vr(tag)
        if vr not in ("DS", "IS", "US", "SS", "UL", "SL", "FL", "FD"):
            vr = "SS" if is_signed else "US"
        text = value_text(self._file.value(element), vr, _PLAIN_ASCII, big_endian=element.encoding.big_endian)
        try:
            return [float(part) for part in text.split("\\") if part.strip()]
        except ValueError:
            return []

    def number(self, tag: int, default: int, *, is_signed: bool = False) -> int:
        """The first number as a whole one; `default` when there is none."""
        numbers = self.numbers(tag, is_signed=is_signed)
        return int(numbers[0]) if numbers and abs(numbers[0]) < 2**53 else default

    def item(self, tag: int, number: int = 0) -> "Values | None":
        """What is in an item of a sequence, whatever its depth there; None when there is no such item.

        Of elements with the same tag the first one counts.
        """
        sequence = self._elements.get(tag)
        if sequence is None:
            return None
        found = {element.tag: element for element in reversed(list(_inside(self._file, sequence, number)))}
        return Values(self._file, found) if found else None

    def over(self, other: "Values | None") -> "Values":
        """These values, and of `other` what is not among them."""
        return self if other is None else Values(self._file, {**other._elements, **self._elements})


def read_values(file: DicomFile) -> Values:
    """The outermost elements before the pixel data, and the first behind it; UnreadableDicom."""
    elements: dict[int, Element] = {}
    for element in file.elements(nested=False):
        if element.kind in (Kind.VALUE, Kind.SEQUENCE):
            elements.setdefault(element.tag, element)
        if element.tag in PIXEL_TAGS:
            break
    return Values(file, elements)


def of_frame(values: Values, frame: int) -> Values:
    """The values that hold for one frame: its functional groups, the shared ones, the data set's own."""
    shared = values.item(SHARED_GROUPS)
    own = values.item(FRAME_GROUPS, frame)
    groups = own.over(shared) if own is not None else shared
    return groups.over(values) if groups is not None else values


def _inside(file: DicomFile, sequence: Element, number: int) -> Iterator[Element]:
    """The elements of an item of `sequence`, nested ones included."""
    place = _place_of(file, sequence, number)
    if place is not None:
        start, end = place
        for element in file.elements(vr_of=STANDARD.vr, start=start):
            if element.offset >= end:
                return
            if element.kind in (Kind.VALUE, Kind.SEQUENCE):
                yield element
        return
    item = -1
    for element in file.elements(vr_of=STANDARD.vr, start=sequence.offset):
        if element.kind == Kind.ITEM and element.depth == 1:
            item += 1
        if item > number or (element.kind == Kind.SEQUENCE_END and element.depth == 0) or element.tag in PIXEL_TAGS:
            return
        if item == number and element.kind in (Kind.VALUE, Kind.SEQUENCE):
            yield element


def _place_of(file: DicomFile, sequence: Element, number: int) -> tuple[int, int] | None:
    """Where the content of an item begins and ends; None when that takes a walk, as some item before has no length.

    As many items as frames, thousands at times: to hop from one to the next is far faster than to walk.
    """
    is_big = sequence.encoding.big_endian
    end = sequence.value_offset + sequence.length if sequence.length != UNDEFINED else file.size
    start = place = sequence.value_offset
    for _ in range(number + 1):
        head = file.read(place, 8)
        length = int.from_bytes(head[4:], "big" if is_big else "little")
        start, place = place + 8, place + 8 + length
        if head[:4] != _ITEM_BYTES[is_big] or length == UNDEFINED or place > end or sequence.vr == "UN":
            return None
    return start, place
