"""Pixels that look and compress like those of a scanner, made without numpy.

A slice is a drawing of ellipses plus noise of a bell-shaped distribution that is correlated between neighbors, as
after a reconstruction filter, inside a round field of view. All 16-bit pixels of a slice are one big integer, so
that adding noise to a quarter of a million pixels is one addition.
"""

import random
from array import array
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

_PHANTOMS = 16  # distinct drawings; the noise of each slice is its own


@dataclass(frozen=True, slots=True)
class Ellipse:
    """A filled ellipse; lengths as fractions of the picture's side, `value` as stored."""

    x: float
    y: float
    half_width: float
    half_height: float
    value: int


CHEST = (
    Ellipse(0.50, 0.50, 0.38, 0.28, 1020),
    Ellipse(0.35, 0.47, 0.12, 0.16, 120),
    Ellipse(0.65, 0.47, 0.12, 0.16, 120),
    Ellipse(0.50, 0.42, 0.08, 0.10, 1060),
    Ellipse(0.50, 0.66, 0.05, 0.05, 1700),
)
HEAD = (
    Ellipse(0.50, 0.50, 0.34, 0.42, 620),
    Ellipse(0.50, 0.50, 0.31, 0.39, 240),
    Ellipse(0.44, 0.48, 0.06, 0.12, 90),
    Ellipse(0.56, 0.48, 0.06, 0.12, 90),
    Ellipse(0.50, 0.72, 0.18, 0.10, 300),
)


def slices(count: int, side: int, drawing: Sequence[Ellipse], seed: int) -> Iterator[bytes]:
    """`count` pictures of `side` x `side` unsigned 16-bit little-endian pixels, the same for the same seed."""
    chance = random.Random(seed)
    pixels = side * side
    nibble = _lanes(0x000F, pixels)
    view = int.from_bytes(_round_view(side), "little")
    drawn = [_draw(side, drawing, scale=0.8 + 0.2 * number / _PHANTOMS) for number in range(_PHANTOMS)]
    for number in range(count):
        bits = chance.getrandbits(16 * pixels)
        # Four uniform nibbles added make 0 to 60, nearly normal; adding the neighbor correlates and keeps it below 2^7.
        noise = (bits & nibble) + (bits >> 4 & nibble) + (bits >> 8 & nibble) + (bits >> 12 & nibble)
        noise += noise >> 16
        yield (drawn[number * _PHANTOMS // max(count, 1) % _PHANTOMS] + noise & view).to_bytes(2 * pixels, "little")


def _lanes(value: int, pixels: int) -> int:
    return int.from_bytes(value.to_bytes(2, "little") * pixels, "little")


def _round_view(side: int) -> bytes:
    """All bits set inside the circle that fills the picture; outside, scanners store one padding value."""
    rows = []
    for y in range(side):
        half = int(max(0.0, (side / 2) ** 2 - (y - (side - 1) / 2) ** 2) ** 0.5)
        outside = b"\0\0" * (side // 2 - half)
        rows.append(outside + b"\xff\xff" * (2 * half) + outside)
    return b"".join(rows)


def _draw(side: int, drawing: Sequence[Ellipse], *, scale: float) -> int:
    """The ellipses painted one over the other; `scale` (0 to 1) makes slices of one series differ."""
    picture = array("H", bytes(2 * side * side))
    for ellipse in drawing:
        center_x, center_y = int(ellipse.x * side), int(ellipse.y * side)
        half_height = int(ellipse.half_height * scale * side)
        for y in range(-half_height, half_height):
            half = int(ellipse.half_width * scale * side * (1 - (y / half_height) ** 2) ** 0.5)
            start = (center_y + y) * side + center_x - half
            picture[start : start + 2 * half] = array("H", [ellipse.value]) * (2 * half)
    return int.from_bytes(picture.tobytes(), "little")
