"""Draws a chest from ellipses, as a stack of CT slices and as a radiograph.

Lengths are millimetres, x to the patient's left, y to the back, z to the head, (0, 0, 0) in the middle of the chest.
"""

from array import array
from collections.abc import Iterator
from dataclasses import dataclass
from math import sqrt

CT_SIZE = 128  # pixels a side
CT_SPACING = 2.75  # mm between pixels
CT_SLICES = 12
CT_SLICE_SPACING = 20.0  # mm
CT_INTERCEPT = -1024  # stored value 0 in Hounsfield units
CR_ROWS, CR_COLUMNS = 160, 176
CR_SPACING = 2.0
CR_WHITEST = 4095
_AIR = 0


@dataclass(frozen=True, slots=True)
class Ellipsoid:
    """A part of the body: center, half axes in mm, Hounsfield units. Later ones lie over earlier ones."""

    x: float
    y: float
    z: float
    a: float
    b: float
    c: float
    hounsfield: int


BODY = (
    Ellipsoid(0, 0, 0, 165, 105, 400, -90),  # skin and fat
    Ellipsoid(0, 0, 0, 152, 93, 400, 45),  # muscle
    Ellipsoid(-72, -8, 0, 58, 74, 118, -830),  # right lung
    Ellipsoid(72, -8, 0, 56, 74, 118, -830),  # left lung
    Ellipsoid(24, -18, -40, 52, 46, 62, 40),  # heart
    Ellipsoid(30, -14, -44, 26, 22, 36, 190),  # blood with contrast agent
    Ellipsoid(-60, 4, -135, 85, 78, 52, 60),  # liver under the right lung
    Ellipsoid(-6, 2, 20, 12, 12, 110, 180),  # aorta
    Ellipsoid(0, -14, 95, 9, 8, 70, -980),  # windpipe
    Ellipsoid(0, 66, 0, 20, 20, 400, 420),  # spine
    Ellipsoid(0, 74, 0, 8, 8, 400, 20),  # spinal canal
    Ellipsoid(0, -90, 10, 17, 6, 100, 350),  # breastbone
    Ellipsoid(-88, 14, 44, 11, 11, 13, 55),  # the nodule to be found in the right lung
)


def ct_slices() -> Iterator[bytes]:
    """The pixels of each slice, feet to head: 16 bits little endian, the value Hounsfield units less the intercept."""
    for index in range(CT_SLICES):
        yield _slice(slice_z(index))


def slice_z(index: int) -> float:
    """Where a slice lies; the stack is centered on the chest."""
    return (index - (CT_SLICES - 1) / 2) * CT_SLICE_SPACING


def _slice(z: float) -> bytes:
    pixels = array("H", [_AIR]) * (CT_SIZE * CT_SIZE)
    for part in BODY:
        shrink = 1 - ((z - part.z) / part.c) ** 2
        if shrink <= 0:
            continue
        a, b = part.a * sqrt(shrink), part.b * sqrt(shrink)
        value = array("H", [part.hounsfield - CT_INTERCEPT])
        for row in range(CT_SIZE):
            y = (row - (CT_SIZE - 1) / 2) * CT_SPACING
            first, last = _span(part.x, part.y, a, b, y, CT_SIZE, CT_SPACING)
            if first < last:
                pixels[row * CT_SIZE + first : row * CT_SIZE + last] = value * (last - first)
    return _little_endian(pixels)


def radiograph() -> bytes:
    """The pixels seen from the front: 16 bits little endian, white where much is in the way."""
    depths = [0.0] * (CR_ROWS * CR_COLUMNS)
    for part, density in _absorbers():
        for row in range(CR_ROWS):
            z = ((CR_ROWS - 1) / 2 - row) * CR_SPACING
            first, last = _span(part.x, part.z, part.a, part.c, z, CR_COLUMNS, CR_SPACING)
            left = 1 - ((z - part.z) / part.c) ** 2
            for column in range(first, last):
                x = (column - (CR_COLUMNS - 1) / 2) * CR_SPACING
                depth = left - ((x - part.x) / part.a) ** 2
                if depth > 0:
                    depths[row * CR_COLUMNS + column] += density * part.b * sqrt(depth)
    most = max(depths)
    return _little_endian(array("H", (int(max(depth, 0.0) / most * CR_WHITEST) for depth in depths)))


def _absorbers() -> Iterator[tuple[Ellipsoid, float]]:
    # A part takes the place of the tissue it lies in: only the difference counts.
    yield BODY[0], 1.0
    for part in BODY[2:]:
        yield part, (part.hounsfield - 45) / 1000


def _span(x: float, y: float, a: float, b: float, at_y: float, size: int, spacing: float) -> tuple[int, int]:
    """The pixels [first, last) of a row that lie inside an ellipse; empty when the row misses it."""
    inside = 1 - ((at_y - y) / b) ** 2
    if inside <= 0:
        return 0, 0
    half = a * sqrt(inside)
    middle = (size - 1) / 2
    first = int((x - half) / spacing + middle) + 1
    last = int((x + half) / spacing + middle) + 1
    return max(first, 0), min(last, size)


def _little_endian(pixels: "array[int]") -> bytes:
    import sys

    if sys.byteorder == "big":
        pixels.byteswap()
    return pixels.tobytes()
