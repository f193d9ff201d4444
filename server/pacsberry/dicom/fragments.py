"""Where the frames of encapsulated pixel data lie (PS3.5 A.4): from the tables of the file, or from its fragments.

In this order: the extended offset table, the basic offset table, one fragment per frame, the marks that compressed
pictures begin with.  A table that cannot be right is passed over.
"""

from array import array
from collections.abc import Iterator
from typing import Final, Protocol

from pacsberry.dicom.elements import Element, Kind
from pacsberry.dicom.part10 import DicomFile
from pacsberry.errors import UnreadableDicom

MOST_FRAGMENTS: Final = 1_000_000
_VIDEO: Final = "1.2.840.10008.1.2.4.10"  # .100 to .108: one stream, whose pictures cannot be cut out
# What a compressed picture begins with: JPEG and JPEG-LS, JPEG 2000 and its file, JPEG XL and its file.
_MARKS: Final = (b"\xff\xd8\xff", b"\xff\x4f\xff\x51", b"\0\0\0\x0cjP  ", b"\xff\x0a", b"\0\0\0\x0cJXL ")

Piece = tuple[int, int]  # (offset, length) in bytes


class FrameMap(Protocol):
    """Knows where each frame lies."""

    count: int

    def pieces(self, number: int) -> list[Piece]:
        """Where frame `number`, below `count`, lies."""


def map_fragments(
    file: DicomFile, pixels: Element, frames: int, extended_table: tuple[Element, Element] | None
) -> FrameMap:
    """The frames in `pixels`, of which the file claims `frames`."""
    walk = _fragments(file, pixels)
    basic_table = next(walk, None)
    if basic_table is None:
        return _ByFragment(array("Q"), array("Q"), [0], 0)
    first = basic_table.value_offset + basic_table.length
    if not file.transfer_syntax_uid.startswith(_VIDEO):
        if extended_table is not None:
            by_lengths = _ByExtendedTable(file, first, extended_table)
            if by_lengths.count == frames:
                return by_lengths
        by_offsets = _ByBasicTable(file, first, basic_table)
        if by_offsets.count >= frames and by_offsets.is_plausible():
            by_offsets.count = frames
            return by_offsets
    offsets, lengths = array("Q"), array("Q")
    for fragment in walk:
        if len(offsets) == MOST_FRAGMENTS:
            raise UnreadableDicom(f"The pixel data has more than {MOST_FRAGMENTS} fragments.")
        offsets.append(fragment.value_offset)
        lengths.append(fragment.length)
    return _ByFragment(offsets, lengths, _borders(file, offsets, frames), frames)


def _fragments(file: DicomFile, pixels: Element) -> Iterator[Element]:
    """The fragments, the basic offset table first."""
    elements = file.elements(nested=False, start=pixels.offset)
    next(elements)
    for element in elements:
        if element.kind != Kind.FRAGMENT:
            return
        yield element


def _borders(file: DicomFile, offsets: "array[int]", frames: int) -> list[int]:
    """The fragments that frames begin with, and the one behind the last frame."""
    if frames == 1 or file.transfer_syntax_uid.startswith(_VIDEO):
        return [0, len(offsets)] if offsets else [0]
    if len(offsets) > frames:
        marked = [place for place, offset in enumerate(offsets) if file.read(offset, 8).startswith(_MARKS)]
        if marked and marked[0] == 0:
            return [*marked, len(offsets)]
    return list(range(min(frames, len(offsets)) + 1))


class _ByFragment:
    """Frames as runs of fragments."""

    def __init__(self, offsets: "array[int]", lengths: "array[int]", borders: list[int], frames: int) -> None:
        self._offsets = offsets
        self._lengths = lengths
        self._borders = borders
        self.count = min(frames, len(borders) - 1)

    def pieces(self, number: int) -> list[Piece]:
        begin, end = self._borders[number : number + 2]
        return list(zip(self._offsets[begin:end], self._lengths[begin:end], strict=True))


class _ByBasicTable:
    """Frames at the offsets of the basic offset table, which is the first fragment."""

    def __init__(self, file: DicomFile, first: int, table: Element) -> None:
        self._file = file
        self._first = first  # offset of the first fragment's item
        self._table = table
        self.count = table.length // 4

    def is_plausible(self) -> bool:
        """Whether the first and the last entry point at fragments."""
        if not self.count or self._entry(0):
            return False
        return _item_at(self._file, self._first + self._entry(self.count - 1)) is not None

    def pieces(self, number: int) -> list[Piece]:
        is_last = (number + 1) * 4 >= self._table.length
        position = self._first + self._entry(number)
        end = None if is_last else self._first + self._entry(number + 1)
        pieces: list[Piece] = []
        while position != end:
            item = _item_at(self._file, position)
            if item is None:
                if end is None and pieces:
                    break  # the sequence delimiter behind the last frame
                raise UnreadableDicom(f"The basic offset table is wrong about frame {number}.")
            pieces.append(item)
            if len(pieces) > MOST_FRAGMENTS:
                raise UnreadableDicom(f"A frame has more than {MOST_FRAGMENTS} fragments.")
            position = item[0] + item[1]
        return pieces

    def _entry(self, number: int) -> int:
        return int.from_bytes(self._file.read(self._table.value_offset + 4 * number, 4), "little")


class _ByExtendedTable:
    """Frames of one fragment each, at the offsets and with the lengths of two tables."""

    def __init__(self, file: DicomFile, first: int, tables: tuple[Element, Element]) -> None:
        self._file = file
        self._first = first
        self._offsets, self._lengths = tables
        self.count = min(self._offsets.length, self._lengths.length) // 8

    def pieces(self, number: int) -> list[Piece]:
        item = _item_at(self._file, self._first + self._entry(self._offsets, number))
        length = self._entry(self._lengths, number)
        if item is None or length > item[1]:
            raise UnreadableDicom(f"The extended offset table is wrong about frame {number}.")
        return [(item[0], length)]

    def _entry(self, table: Element, number: int) -> int:
        return int.from_bytes(self._file.read(table.value_offset + 8 * number, 8), "little")


_ITEM_BYTES: Final = b"\xfe\xff\x00\xe0"


def _item_at(file: DicomFile, offset: int) -> Piece | None:
    """The value of the fragment whose item tag is at `offset`; None when there is none."""
    header = file.read(offset, 8)
    if len(header) < 8 or header[:4] != _ITEM_BYTES:
        return None
    length = int.from_bytes(header[4:], "little")
    return (offset + 8, length) if offset + 8 + length <= file.size else None
