"""Puts the slices of a series in order: along the normal of their common plane, else by their number.

Plain geometry of the image plane (PS3.3 C.7.6.2): the normal is the cross product of the two direction cosines of
ImageOrientationPatient, a slice's place is the projection of ImagePositionPatient on it.
"""

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass

_EPSILON = 1e-6  # of cosines and of millimeters: closer is the same direction, the same place

Vector = tuple[float, float, float]


@dataclass(frozen=True, slots=True)
class Slice:
    """One instance of a series, with the text of the tags that place it; '' when absent."""

    id: str
    position: str = ""  # ImagePositionPatient
    orientation: str = ""  # ImageOrientationPatient
    index: int | None = None  # IndexInSeries
    frames: int = 1


@dataclass(frozen=True, slots=True)
class Ordered:
    """The slices in order; `is_volume` when they are parallel and lie at different places."""

    is_volume: bool
    slices: Sequence[Slice]


def order(slices: Sequence[Slice]) -> Ordered:
    """Sort the slices of one series; those without a number come last, in the order given."""
    places = _places(slices)
    if places is not None:
        by_place = sorted(range(len(slices)), key=places.__getitem__)
        return Ordered(is_volume=True, slices=[slices[at] for at in by_place])
    by_number = sorted(slices, key=lambda one: (one.index is None, one.index or 0))
    return Ordered(is_volume=False, slices=by_number)


def _places(slices: Sequence[Slice]) -> list[float] | None:
    """Where each slice lies along the common normal; None when they make no volume."""
    if len(slices) < 2:
        return None
    normals = [_normal(one.orientation) for one in slices if one.orientation]
    if not normals or normals[0] is None:
        return None
    normal = normals[0]
    if not all(other is not None and _is_parallel(normal, other) for other in normals):
        return None
    places = []
    for one in slices:
        position = _numbers(one.position, 3)
        if position is None:
            return None
        places.append(sum(a * b for a, b in zip(position, normal, strict=True)))
    distinct = sorted(places)
    if any(after - before < _EPSILON for before, after in itertools.pairwise(distinct)):
        return None
    return places


def _normal(orientation: str) -> Vector | None:
    """The unit normal of the plane; None when the six cosines span none."""
    cosines = _numbers(orientation, 6)
    if cosines is None:
        return None
    rx, ry, rz, cx, cy, cz = cosines
    x, y, z = ry * cz - rz * cy, rz * cx - rx * cz, rx * cy - ry * cx
    length = math.sqrt(x * x + y * y + z * z)
    if not math.isfinite(length) or length < _EPSILON:
        return None
    return x / length, y / length, z / length


def _is_parallel(one: Vector, other: Vector) -> bool:
    """Whether two unit normals point along one line, in the same or in the opposite direction."""
    return abs(abs(sum(a * b for a, b in zip(one, other, strict=True))) - 1) < _EPSILON


def _numbers(text: str, count: int) -> list[float] | None:
    """Exactly `count` finite numbers joined by backslashes (VR DS), else None."""
    parts = text.split("\\")
    if len(parts) != count:
        return None
    try:
        numbers = [float(part) for part in parts]
    except ValueError:
        return None
    return numbers if all(map(math.isfinite, numbers)) else None
