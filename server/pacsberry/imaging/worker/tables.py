"""Look-up tables of a data set: the modality's, the viewer's, palettes (PS3.3 C.11.1, C.11.2, C.7.9)."""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from pacsberry.errors import NotUnderstood
from pacsberry.imaging.worker.header import Values

_DESCRIPTOR, _DATA = 0x00283002, 0x00283006
_PALETTE_DESCRIPTORS: Final = (0x00281101, 0x00281102, 0x00281103)
_PALETTES: Final = (0x00281201, 0x00281202, 0x00281203)
_SEGMENTED_PALETTES: Final = (0x00281221, 0x00281222, 0x00281223)
_MOST_ENTRIES: Final = 65536
_DISCRETE, _LINEAR, _INDIRECT = 0, 1, 2  # segments of a palette (PS3.3 C.7.9.2)


@dataclass(frozen=True, slots=True)
class Table:
    """Entries for the values from `first` on; values before and behind take the first and the last entry."""

    first: int
    bits: int  # of an entry
    entries: NDArray[np.uint16]

    def look_up(self, values: NDArray[np.generic]) -> NDArray[np.uint16]:
        """The entries for `values`."""
        return self.entries[np.clip(values.astype(np.int64) - self.first, 0, len(self.entries) - 1)]


@dataclass(frozen=True, slots=True)
class Palette:
    """Colours for the values from `first` on."""

    first: int
    colours: NDArray[np.uint8]  # (entries, 3)


def read_table(item: Values, *, is_signed: bool) -> Table:
    """The table in an item of ModalityLUTSequence or VOILUTSequence; NotUnderstood when it cannot be right."""
    count, first, bits = _described(item, _DESCRIPTOR, is_signed=is_signed)
    return Table(first, bits, _entries(item, _DATA, count, bits))


def read_palette(values: Values, *, is_signed: bool) -> Palette:
    """The palette of an image, its colours scaled to 8 bits; NotUnderstood when it is missing or cannot be right."""
    channels = []
    first = 0
    for channel, descriptor in enumerate(_PALETTE_DESCRIPTORS):
        if descriptor not in values:
            raise NotUnderstood("The palette that the image refers to is not in the file.")
        count, first, bits = _described(values, descriptor, is_signed=is_signed)
        if _SEGMENTED_PALETTES[channel] in values:
            entries = _expanded(_words(values, _SEGMENTED_PALETTES[channel]), count)
        else:
            entries = _entries(values, _PALETTES[channel], count, bits)
        # Some writers say 16 bits and use 8 of them.
        shift = 8 if bits > 8 and (int(entries.max()) > 255 or _SEGMENTED_PALETTES[channel] in values) else 0
        channels.append((entries >> np.uint16(shift)).astype(np.uint8))
    if len({len(channel) for channel in channels}) != 1:
        raise NotUnderstood("The three parts of the palette have different lengths.")
    return Palette(first, np.stack(channels, axis=1))


def _described(values: Values, tag: int, *, is_signed: bool) -> tuple[int, int, int]:
    """(entries, first value, bits of an entry) of a descriptor; the second is signed as the pixels are."""
    numbers = values.numbers(tag, is_signed=is_signed)
    if len(numbers) < 3:
        raise NotUnderstood("A look-up table of the file is not described completely.")
    count, first, bits = (int(number) for number in numbers[:3])
    count = count % _MOST_ENTRIES or _MOST_ENTRIES
    if not 1 <= bits <= 16:
        raise NotUnderstood(f"A look-up table of the file has entries of {bits} bits.")
    return count, first, bits


def _words(values: Values, tag: int) -> NDArray[np.uint16]:
    data = values.data(tag)
    order = ">" if data and values.encoding_is_big_endian(tag) else "<"
    return np.frombuffer(data[: len(data) // 2 * 2], f"{order}u2").astype(np.uint16)


def _entries(values: Values, tag: int, count: int, bits: int) -> NDArray[np.uint16]:
    words = _words(values, tag)
    if bits <= 8 and count > len(words) >= count // 2:  # two entries in each word (PS3.3 C.7.6.3.1.6)
        words = words.astype("<u2").view(np.uint8).astype(np.uint16)
    if not len(words):
        raise NotUnderstood("A look-up table of the file is empty.")
    return words[:count]


def _expanded(words: NDArray[np.uint16], count: int) -> NDArray[np.uint16]:
    """A segmented palette written out."""
    result: list[int] = []
    _expand([int(word) for word in words], 0, len(words), count, result, may_refer=True)
    if len(result) < count:
        raise NotUnderstood("The segmented palette is shorter than it says.")
    return np.array(result[:count], np.uint16)


def _expand(words: list[int], start: int, segments: int, count: int, result: list[int], *, may_refer: bool) -> None:
    """Append what up to `segments` segments from word `start` on give, until there are `count` entries."""
    place = start
    while segments and place + 1 < len(words) and len(result) < count:
        kind, length = words[place : place + 2]
        if kind == _DISCRETE and length:
            result += words[place + 2 : place + 2 + length]
            place += 2 + length
        elif kind == _LINEAR and length and result and place + 2 < len(words):
            result += np.rint(np.linspace(result[-1], words[place + 2], length + 1)[1:]).astype(int).tolist()
            place += 3
        elif kind == _INDIRECT and may_refer and place + 3 < len(words):
            # The offset counts bytes from the start of the data; what is copied may not refer further.
            offset = (words[place + 2] | words[place + 3] << 16) // 2
            _expand(words, offset, length, count, result, may_refer=False)
            place += 4
        else:
            raise NotUnderstood("The segmented palette is broken.")
        segments -= 1
