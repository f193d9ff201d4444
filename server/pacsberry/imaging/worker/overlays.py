"""Overlays: planes of single bits that are drawn over an image (PS3.3 C.9.2)."""

from collections.abc import Iterator
from typing import Final

import numpy as np
from numpy.typing import NDArray

from pacsberry.imaging.worker.frame import Frame
from pacsberry.imaging.worker.layout import MOST_SAMPLES

_GROUPS: Final = range(0x6000, 0x6020, 2)
_ROWS, _COLUMNS, _FRAMES, _ORIGIN, _FIRST_FRAME, _BITS, _DATA = 0x10, 0x11, 0x15, 0x50, 0x51, 0x100, 0x3000
_WHITE: Final = 255


def draw_overlays(picture: NDArray[np.uint8], frame: Frame) -> NDArray[np.uint8]:
    """The picture of a frame with its overlays in white; those in unused bits of pixels, long retired, are left out."""
    drawn = picture.copy()
    for plane, top, left in _planes(frame):
        rows, columns = drawn.shape[:2]
        visible = plane[max(0, -top) : max(0, rows - top), max(0, -left) : max(0, columns - left)]
        if visible.size:
            start_row, start_column = max(0, top), max(0, left)
            window = drawn[start_row : start_row + visible.shape[0], start_column : start_column + visible.shape[1]]
            window[visible.astype(bool)] = _WHITE
    return drawn


def _planes(frame: Frame) -> Iterator[tuple[NDArray[np.uint8], int, int]]:
    """(bits, row and column of its first bit in the picture, from 0) of each overlay of this frame."""
    header = frame.header
    for group in (number << 16 for number in _GROUPS):
        if group | _DATA not in header or header.number(group | _BITS, 1) != 1:
            continue
        rows, columns = header.number(group | _ROWS, 0), header.number(group | _COLUMNS, 0)
        frames = max(1, header.number(group | _FRAMES, 1))
        place = frame.number + 1 - header.number(group | _FIRST_FRAME, 1)
        if frames == 1 and group | _FIRST_FRAME not in header:
            place = 0  # one plane for all frames
        if rows <= 0 or columns <= 0 or rows * columns > MOST_SAMPLES or not 0 <= place < frames:
            continue
        data = np.frombuffer(header.data(group | _DATA), np.uint8)
        start = place * rows * columns
        if len(data) * 8 < start + rows * columns:
            continue
        if header.encoding_is_big_endian(group | _DATA) and len(data) % 2 == 0:
            data = data.view(">u2").astype("<u2").view(np.uint8)
        bits = np.unpackbits(data[start // 8 : (start + rows * columns + 7) // 8], bitorder="little")
        plane = bits[start % 8 : start % 8 + rows * columns].reshape(rows, columns)
        origin = [*header.numbers(group | _ORIGIN, is_signed=True), 1.0, 1.0]
        yield plane, int(origin[0]) - 1, int(origin[1]) - 1
