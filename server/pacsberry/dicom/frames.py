"""Where the frames of an image lie in its file: offsets and lengths, never decoded and never in memory.

Native pixel data is cut by arithmetic here, encapsulated pixel data in `fragments`.
"""

from array import array
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from pacsberry.dicom.elements import PIXEL_TAGS, Element, Kind
from pacsberry.dicom.fragments import FrameMap, Piece, map_fragments
from pacsberry.dicom.part10 import DicomFile, uid_text
from pacsberry.dicom.text import Charsets
from pacsberry.dicom.values import value_text
from pacsberry.errors import BadRequest

_PHOTOMETRIC_INTERPRETATION: Final = 0x00280004
_EXTENDED_OFFSETS: Final = 0x7FE00001
_EXTENDED_LENGTHS: Final = 0x7FE00002
_NUMBERS: Final = {  # tag -> VR
    0x00280002: "US",  # SamplesPerPixel
    0x00280008: "IS",  # NumberOfFrames
    0x00280010: "US",  # Rows
    0x00280011: "US",  # Columns
    0x00280100: "US",  # BitsAllocated
}
_SUBSAMPLED: Final = frozenset(("YBR_FULL_422", "YBR_PARTIAL_422"))  # two samples a pixel (PS3.3 C.7.6.3.1.2)
_MIMES: Final = {  # all other frames are application/octet-stream to Orthanc
    "1.2.840.10008.1.2.4.50": "image/jpeg",
    "1.2.840.10008.1.2.4.90": "image/jp2",
    "1.2.840.10008.1.2.4.91": "image/jp2",
}


@dataclass(frozen=True, slots=True)
class PixelDescription:
    """What a data set says of its pixels."""

    rows: int
    columns: int
    samples_per_pixel: int
    bits_allocated: int
    photometric_interpretation: str
    frames: int  # as claimed, 1 when nothing is
    pixels: Element | None
    extended_table: tuple[Element, Element] | None  # offsets and lengths (PS3.3 C.7.6.3.1.8)

    @property
    def frame_bits(self) -> int:
        """The bits of one native frame; 0 when the description is not complete."""
        samples = self.samples_per_pixel
        if samples == 3 and self.photometric_interpretation in _SUBSAMPLED:
            samples = 2
        return self.rows * self.columns * samples * self.bits_allocated


def describe_pixels(file: DicomFile) -> PixelDescription:
    """Read the description; UnreadableDicom when the data set is broken before its pixel data."""
    numbers: dict[int, int] = {}
    photometric_interpretation = ""
    tables: dict[int, Element] = {}
    pixels: Element | None = None
    for element in file.elements(nested=False):
        if element.tag in PIXEL_TAGS:
            pixels = element
            break
        if element.tag in _NUMBERS and 0 < element.length <= 16:
            raw = file.value(element)
            text = value_text(raw, _NUMBERS[element.tag], Charsets("ascii"), big_endian=element.encoding.big_endian)
            numbers[element.tag] = _count(text)
        elif element.tag == _PHOTOMETRIC_INTERPRETATION and element.length <= 64:
            photometric_interpretation = uid_text(file.value(element))
        elif element.tag in (_EXTENDED_OFFSETS, _EXTENDED_LENGTHS):
            tables[element.tag] = element
    has_table = len(tables) == 2
    return PixelDescription(
        samples_per_pixel=numbers.get(0x00280002, 1),
        frames=numbers.get(0x00280008, 0) or 1,
        rows=numbers.get(0x00280010, 0),
        columns=numbers.get(0x00280011, 0),
        bits_allocated=numbers.get(0x00280100, 0),
        photometric_interpretation=photometric_interpretation,
        pixels=pixels,
        extended_table=(tables[_EXTENDED_OFFSETS], tables[_EXTENDED_LENGTHS]) if has_table else None,
    )


def _count(text: str) -> int:
    text = text.partition("\\")[0].strip()
    return int(text) if text.isascii() and text.isdecimal() else 0


class Frames:
    """The frames of one open file, numbered from 0.  There are never more than the pixel data can hold."""

    def __init__(self, file: DicomFile) -> None:
        """UnreadableDicom when the data set is broken."""
        self._file = file
        self.description = describe_pixels(file)
        pixels = self.description.pixels
        self._native: _Native | None = None
        self._map: FrameMap | None = None
        self.mime = "application/octet-stream"
        if pixels is not None and pixels.kind == Kind.FRAGMENTS:
            self._map = map_fragments(file, pixels, self.description.frames, self.description.extended_table)
            self.mime = _MIMES.get(file.transfer_syntax_uid, self.mime)
        elif pixels is not None and self.description.frame_bits:
            self._map = self._native = _Native(pixels, self.description)

    @property
    def count(self) -> int:
        """How many frames there are; 0 without pixel data."""
        return self._map.count if self._map is not None else 0

    def length(self, number: int) -> int:
        """The bytes of a frame; BadRequest when there is no such frame."""
        if self._native is not None and self._native.shift(number):
            return (self._native.frame_bits + 7) // 8
        return sum(length for _, length in self.pieces(number))

    def pieces(self, number: int) -> list[Piece]:
        """Where a frame lies, in order; BadRequest when there is no such frame.

        Of single bits that do not begin at a byte these are the bytes they are in: `chunks` moves them to the front.
        """
        if self._map is None or not 0 <= number < self._map.count:
            raise BadRequest(f"There is no frame {number}: the file has {self.count}, counted from 0.")
        return self._map.pieces(number)

    def stretches(self, number: int) -> list[Piece] | None:
        """Where the bytes of `chunks` lie in the file as it is, in order; None when they have to be made."""
        pieces, native = self.pieces(number), self._native
        is_made = native is not None and (native.has_swapped_words or bool(native.frame_bits % 8))
        return None if is_made or self._file.is_deflated else pieces

    def stretch(self, number: int) -> Piece | None:
        """The same in one stretch; None when there are several or none."""
        found = self.stretches(number)
        return found[0] if found is not None and len(found) == 1 else None

    def chunks(self, number: int) -> Iterator[bytes]:
        """The bytes of a frame in pieces of 64 KB, while the file is open; BadRequest when there is no such frame.

        Words of a big endian file are turned into little endian, as Orthanc hands them out.
        """
        pieces = self.pieces(number)
        native = self._native
        if native is None or not (native.has_swapped_words or native.shift(number)):
            return (chunk for offset, length in pieces for chunk in self._file.chunks(offset, length))
        (offset, length), lead = pieces[0], 0
        if native.has_swapped_words:
            lead = (offset - native.start) % 2  # whole words are swapped
            chunks = _swapped(self._file.chunks(offset - lead, (lead + length + 1) // 2 * 2))
        else:
            chunks = self._file.chunks(offset, length)
        return _shifted(chunks, 8 * lead + native.shift(number), self.length(number))


class _Native:
    """Frames one behind the other, at bits when BitsAllocated is 1 (PS3.5 8.1.1)."""

    def __init__(self, pixels: Element, description: PixelDescription) -> None:
        self.frame_bits = description.frame_bits
        self.count = min(description.frames, pixels.length * 8 // self.frame_bits)
        self.start = pixels.value_offset
        self.has_swapped_words = pixels.encoding.big_endian and pixels.vr == "OW"

    def shift(self, number: int) -> int:
        """How many bits of its first byte belong to the frame before."""
        return number * self.frame_bits % 8

    def pieces(self, number: int) -> list[Piece]:
        """The bytes the frame is in."""
        first = number * self.frame_bits // 8
        behind = ((number + 1) * self.frame_bits + 7) // 8
        return [(self.start + first, behind - first)]


def _swapped(chunks: Iterator[bytes]) -> Iterator[bytes]:
    """Chunks of whole 16-bit words, the two bytes of each changed over."""
    for chunk in chunks:
        words = array("H", chunk[: len(chunk) // 2 * 2])
        words.byteswap()
        yield words.tobytes() + chunk[len(chunk) // 2 * 2 :]


def _shifted(chunks: Iterator[bytes], shift: int, length: int) -> Iterator[bytes]:
    """The bits of `chunks` from bit `shift` (of the first two bytes) on, `length` bytes; a byte begins with its lowest.

    One byte of each chunk is kept for the next, as its last bits may belong to both.
    """
    skip, shift = divmod(shift, 8)
    before = b""
    for chunk in chunks:
        data = before + chunk[skip:]
        skip = 0
        before = data[-1:]
        moved = (int.from_bytes(data, "little") >> shift).to_bytes(len(data), "little")[: len(data) - 1]
        yield moved[:length]
        length -= len(moved)
        if length <= 0:
            return
    if before:
        yield bytes([before[0] >> shift])
