"""Turns uncompressed pixel data into numbers (PS3.5 8.1 and annex D)."""

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from pacsberry.dicom.elements import Element
from pacsberry.dicom.syntax import GE_PRIVATE
from pacsberry.errors import NotUnderstood
from pacsberry.imaging.worker.layout import Layout

_SUBSAMPLED: Final = ("YBR_FULL_422", "YBR_PARTIAL_422")


def decode(data: bytes, transfer_syntax_uid: str, pixels: Element, layout: Layout) -> NDArray[Any]:
    """The samples of one frame; NotUnderstood when there are too few.

    `data` is what `dicom.frames` gives: 16-bit words of VR OW in little endian, single bits from the first bit on.
    """
    count = layout.rows * layout.columns * layout.samples
    is_subsampled = layout.samples == 3 and layout.photometric_interpretation in _SUBSAMPLED
    stored = count // 3 * 2 if is_subsampled else count
    if len(data) * 8 < stored * layout.bits_allocated:
        raise NotUnderstood("The pixel data is shorter than the size that the file claims.")
    if layout.bits_allocated == 1:
        numbers: NDArray[Any] = np.unpackbits(np.frombuffer(data, np.uint8), count=count, bitorder="little")
    else:
        is_big = transfer_syntax_uid == GE_PRIVATE or (pixels.encoding.big_endian and pixels.vr != "OW")
        kind = "f" if layout.is_float else "i" if layout.is_signed else "u"
        numbers = np.frombuffer(data, f"{'>' if is_big else '<'}{kind}{layout.bits_allocated // 8}", stored)
        if layout.bits_allocated == 32 and pixels.encoding.big_endian and not is_big:
            # Two words, each turned into little endian, the higher one still first.
            numbers = numbers.view("<u2").reshape(-1, 2)[:, ::-1].copy().view(numbers.dtype).reshape(-1)
        numbers = stored_bits(numbers.astype(numbers.dtype.newbyteorder("="), copy=False), layout)
    if is_subsampled:
        return _spread(numbers, layout)
    if layout.samples == 3 and layout.is_planar:
        return np.moveaxis(numbers.reshape(3, layout.rows, layout.columns), 0, 2)
    return numbers.reshape(layout.shape)


def stored_bits(numbers: NDArray[Any], layout: Layout) -> NDArray[Any]:
    """Without the bits around the stored ones, which may hold overlays, and with the sign the file gives them."""
    unused = layout.bits_allocated - layout.bits_stored
    if layout.is_float or not unused:
        return numbers
    above = layout.bits_allocated - 1 - layout.high_bit
    # To the left until the stored bits are the highest, and back: the sign comes along, or zeros do.
    kind = numbers.dtype.type
    return np.asarray((numbers << kind(above)) >> kind(unused))


def _spread(numbers: NDArray[Any], layout: Layout) -> NDArray[Any]:
    """YBR_FULL_422, uncompressed: two luminances, then the chrominances both pixels share (PS3.3 C.7.6.3.1.2)."""
    if layout.columns % 2:
        raise NotUnderstood("An odd number of columns cannot share chrominances in pairs.")
    pairs = numbers.reshape(-1, 4)
    pixels = np.empty((len(pairs), 2, 3), numbers.dtype)
    pixels[:, :, 0] = pairs[:, :2]
    pixels[:, :, 1:] = pairs[:, np.newaxis, 2:]
    return pixels.reshape(layout.shape)
