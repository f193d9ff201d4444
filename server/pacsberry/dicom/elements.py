"""Walks the elements of a DICOM data set without reading their values and without recursion.

`walk` is a generator over a `Source`: each element, item and fragment with the place of its value.  It believes no
length: nesting, number of elements and every end are checked, and what cannot be right raises UnreadableDicom.
PS3.5 section 7 is the encoding; CP-246: UN of undefined length is a sequence in Implicit VR Little Endian.
"""

from collections.abc import Callable, Iterable, Iterator
from enum import IntEnum
from struct import Struct
from typing import Final, NamedTuple

from pacsberry.dicom.source import Source
from pacsberry.errors import UnreadableDicom

UNDEFINED: Final = 0xFFFFFFFF  # the length of what ends with a delimiter
PIXEL_DATA: Final = 0x7FE00010
# The three elements that may hold pixels (PS3.3 C.7.6.3, C.7.6.24, C.7.6.25); an image's header ends before them.
PIXEL_TAGS: Final = frozenset((0x7FE00008, 0x7FE00009, PIXEL_DATA))
MAXIMUM_DEPTH: Final = 64  # sequences in sequences
MAXIMUM_ELEMENTS: Final = 4_000_000  # of one data set, items included

ITEM: Final = 0xFFFEE000
ITEM_END: Final = 0xFFFEE00D
SEQUENCE_END: Final = 0xFFFEE0DD

# PS3.5 7.1.2: these have a 32-bit length after two reserved bytes; the others a 16-bit one.
_SHORT_TEXTS: Final = frozenset(
    [b"AE", b"AS", b"CS", b"DA", b"DS", b"DT", b"IS", b"LO", b"LT", b"PN", b"SH", b"ST", b"TM", b"UI"]
)
SHORT_VRS: Final = _SHORT_TEXTS | {b"AT", b"FD", b"FL", b"SL", b"SS", b"UL", b"US"}
LONG_VRS: Final = frozenset([b"OB", b"OD", b"OF", b"OL", b"OV", b"OW", b"SQ", b"SV", b"UC", b"UN", b"UR", b"UT", b"UV"])
_SHORT: Final = {vr: vr.decode() for vr in SHORT_VRS}
_LONG: Final = {vr: vr.decode() for vr in LONG_VRS}


class Truncated(UnreadableDicom):
    """The bytes end before the data set does."""


class Encoding(NamedTuple):
    """How elements are laid out."""

    explicit: bool = True
    big_endian: bool = False


IMPLICIT: Final = Encoding(explicit=False)


class Kind(IntEnum):
    """What `walk` met."""

    VALUE = 0
    SEQUENCE = 1
    SEQUENCE_END = 2
    ITEM = 3
    ITEM_END = 4
    FRAGMENTS = 5  # encapsulated pixel data (PS3.5 A.4)
    FRAGMENT = 6  # the first one is the basic offset table
    FRAGMENTS_END = 7


class Element(NamedTuple):
    """One thing met on a walk; offsets count from the start of the source."""

    kind: Kind
    tag: int  # of an item or fragment: that of its sequence
    vr: str  # '' in Implicit VR where nobody asked for it
    offset: int  # of the tag
    value_offset: int
    length: int  # of the value in bytes; UNDEFINED where a delimiter ends it
    depth: int  # how many sequences are around it; a fragment's is that of its element
    encoding: Encoding


_END_KIND: Final = {
    Kind.SEQUENCE: Kind.SEQUENCE_END,
    Kind.ITEM: Kind.ITEM_END,
    Kind.FRAGMENTS: Kind.FRAGMENTS_END,
}


class _Unpackers(NamedTuple):
    explicit: Callable[[bytes, int], tuple[int, int, bytes, int]]
    length: Callable[[bytes, int], tuple[int]]


_LITTLE: Final = _Unpackers(Struct("<HH2sH").unpack_from, Struct("<L").unpack_from)
_BIG: Final = _Unpackers(Struct(">HH2sH").unpack_from, Struct(">L").unpack_from)


def walk(
    source: Source,
    start: int,
    encoding: Encoding,
    *,
    nested: bool = True,
    vr_of: Callable[[int], str] | None = None,
) -> Iterator[Element]:
    """The elements from offset `start` to the end of the source, lazily.

    `nested`: also what is inside sequences; else a sequence is one element and its content is passed over.
    `vr_of` gives the VR of elements in Implicit VR; without it none has one, and sequences of known length there are
    taken for values.
    """
    return _Walk(source, start, encoding, nested, vr_of).run()


class _Container(NamedTuple):
    """A sequence, item or list of fragments that the walk is inside of."""

    kind: Kind  # SEQUENCE, ITEM or FRAGMENTS
    tag: int
    end: int  # offset; -1 until a delimiter
    depth: int  # of the elements inside
    encoding: Encoding

    def ended(self, position: int) -> Element:
        depth = self.depth if self.kind == Kind.ITEM else self.depth - 1
        return Element(_END_KIND[self.kind], self.tag, "", position, position, 0, depth, self.encoding)

    def __str__(self) -> str:
        kind = "an item of sequence" if self.kind == Kind.ITEM else "sequence"
        return f"{kind} {self.tag:08x}"


class _Walk:
    """The state of one walk."""

    __slots__ = (
        "_base", "_container", "_data", "_encoding", "_is_past_pixels", "_nested", "_outermost", "_position", "_source",
        "_stack", "_unpack", "_vr_of",
    )  # fmt: skip

    def __init__(
        self, source: Source, start: int, encoding: Encoding, nested: bool, vr_of: Callable[[int], str] | None
    ) -> None:
        self._source = source
        self._position = start
        self._nested = nested
        self._is_past_pixels = False  # of the data set, not of an icon inside
        self._vr_of = vr_of
        self._data = b""  # a block of the source
        self._base = 0  # offset of its first byte
        self._stack: list[_Container] = []
        self._container: _Container | None = None  # the innermost
        self._outermost = encoding
        self._use(encoding)

    def run(self) -> Iterator[Element]:
        nested = self._nested
        countdown = MAXIMUM_ELEMENTS
        while True:
            container = self._container
            while container is not None and 0 <= container.end <= self._position:
                ended = self._close(container, self._position)
                if nested or not ended.depth:
                    yield ended
                container = self._container
            available = self._fill()
            if not available:
                return
            countdown -= 1
            if countdown < 0:
                raise UnreadableDicom(f"The data set has more than {MAXIMUM_ELEMENTS} elements.")
            group, number, vr, length = self._unpack.explicit(self._data, self._position - self._base)
            if group == 0xFFFE:
                for met in self._delimiter(0xFFFE0000 | number):
                    if nested or not met.depth:
                        yield met
            else:
                met = self._element(group << 16 | number, vr, length, available)
                if nested or not met.depth:
                    yield met

    def _fill(self) -> int:
        """Have the next 12 bytes at hand; how many there are (8 at least), 0 at the end of the data set."""
        at = self._position - self._base
        if at < 0 or at + 12 > len(self._data):
            self._data, self._base = self._source.block(self._position, 12)
            at = self._position - self._base
        available = len(self._data) - at
        if self._container is None:
            if available <= 0:
                return 0
            if self._is_past_pixels and not any(self._data[at : at + 8]):
                return 0  # zeros that some writers pad files with; elsewhere they are a file gone bad
        if available < 8:
            raise self._ends_early(self._position + 8)
        return available

    def _use(self, encoding: Encoding) -> None:
        self._encoding = encoding
        self._unpack = _BIG if encoding.big_endian else _LITTLE

    def _open(self, container: _Container) -> None:
        if container.depth > MAXIMUM_DEPTH:
            raise UnreadableDicom(f"The data set nests deeper than {MAXIMUM_DEPTH} sequences.")
        self._stack.append(container)
        self._container = container
        self._use(container.encoding)

    def _close(self, container: _Container, position: int) -> Element:
        if 0 <= container.end < self._position:
            raise UnreadableDicom(f"An element crosses the end of {container} at byte {container.end}.")
        self._stack.pop()
        self._container = self._stack[-1] if self._stack else None
        self._use(self._container.encoding if self._container else self._outermost)
        return container.ended(position)

    def _ends_early(self, end: int) -> Truncated:
        inside = f", inside {self._container}" if self._container else ""
        missing = self._source.missing(end)
        return Truncated(f"The file ends {missing} or more bytes early{inside} (at byte {self._position}).")

    def _delimiter(self, tag: int) -> Iterable[Element]:
        """An item, a fragment, or the end of one or two containers."""
        start = self._position
        length = self._unpack.length(self._data, start - self._base + 4)[0]
        if tag == ITEM:
            return (self._item(start, length),)
        if tag not in (ITEM_END, SEQUENCE_END) or length:
            raise UnreadableDicom(f"Byte {start} holds no valid delimiter ({tag:08x}, length {length}).")
        self._position = start + 8
        return self._delimited(tag, start)

    def _delimited(self, tag: int, start: int) -> list[Element]:
        """What a delimiter ends; nothing when it is superfluous, as after items of known length."""
        ended: list[Element] = []
        while (container := self._container) is not None and container.end < 0:
            is_item = container.kind == Kind.ITEM
            if tag == ITEM_END and not is_item:
                break
            ended.append(self._close(container, start))
            if is_item == (tag == ITEM_END):
                break
            # A sequence's delimiter inside an item: the item's own was forgotten.
        return ended

    def _item(self, start: int, length: int) -> Element:
        container = self._container
        if container is None or container.kind == Kind.ITEM:
            raise UnreadableDicom(f"An item at byte {start} is in no sequence.")
        value = self._position = start + 8
        end = -1 if length == UNDEFINED else value + length
        if not self._source.reaches(end):
            raise self._ends_early(end)
        if container.kind == Kind.FRAGMENTS:
            if end < 0:
                raise UnreadableDicom(f"A fragment at byte {start} has no length.")
            self._position = end
            return Element(
                Kind.FRAGMENT, container.tag, "", start, value, length, container.depth - 1, container.encoding
            )
        self._open(_Container(Kind.ITEM, container.tag, end, container.depth, container.encoding))
        if end >= 0 and not self._nested:
            self._position = end  # nobody asked for what is inside
        return Element(Kind.ITEM, container.tag, "", start, value, length, container.depth, container.encoding)

    def _element(self, tag: int, vr_bytes: bytes, short_length: int, available: int) -> Element:
        start, container, encoding = self._position, self._container, self._encoding
        if tag < 0x10000:
            raise UnreadableDicom(f"There is no element at byte {start}, but {tag:08x}.")  # PS3.5 7.1: only in commands
        if container is not None and container.kind != Kind.ITEM:
            raise UnreadableDicom(f"Element {tag:08x} at byte {start} is where an item has to be.")
        depth = container.depth if container is not None else 0
        if tag >= PIXEL_DATA and not depth:
            self._is_past_pixels = True
        if encoding.explicit:
            short = _SHORT.get(vr_bytes)
            if short is not None:
                vr, value, length = short, start + 8, short_length
            else:
                vr, value, length = self._long_form(vr_bytes, short_length, available)
        else:
            vr = self._vr_of(tag) if self._nested and self._vr_of is not None else ""
            value = start + 8
            length = self._unpack.length(self._data, start - self._base + 4)[0]

        if length == UNDEFINED:
            kind = self._kind_without_length(tag, vr)
            vr = vr or "SQ"
            inner = IMPLICIT if vr == "UN" else encoding
            self._open(_Container(kind, tag, -1, depth + 1, inner))
            self._position = value
            return Element(kind, tag, vr, start, value, length, depth, encoding)
        end = value + length
        if not self._source.reaches(end):
            raise Truncated(f"The file ends {self._source.missing(end)} bytes early, inside element {tag:08x}.")
        kind = Kind.SEQUENCE if vr == "SQ" else Kind.VALUE
        if kind == Kind.SEQUENCE and self._nested:
            self._open(_Container(kind, tag, end, depth + 1, encoding))
            self._position = value
        else:
            self._position = end
        return Element(kind, tag, vr, start, value, length, depth, encoding)

    def _long_form(self, vr_bytes: bytes, short_length: int, available: int) -> tuple[str, int, int]:
        """(VR, value offset, length) of an element whose VR is not one of those with a 16-bit length."""
        start = self._position
        vr = _LONG.get(vr_bytes)
        if vr is None:
            vr = "UN"
            if not (vr_bytes.isalpha() and vr_bytes.isupper()):
                return vr, start + 8, short_length  # as DCMTK reads what cannot be a VR of a later standard
        if available < 12:
            raise self._ends_early(start + 12)
        return vr, start + 12, self._unpack.length(self._data, start - self._base + 8)[0]

    def _kind_without_length(self, tag: int, vr: str) -> Kind:
        if tag == PIXEL_DATA or vr in ("OB", "OW"):
            return Kind.FRAGMENTS
        if vr in ("SQ", "UN", "") or not self._encoding.explicit:
            return Kind.SEQUENCE
        raise UnreadableDicom(f"Element {tag:08x} at byte {self._position} has no length.")
