"""Makes pictures larger or smaller."""

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from pacsberry.errors import BadRequest
from pacsberry.imaging.orders import Order

_LONGEST_SIDE: Final = 8192  # pixels
_MOST_PIXELS: Final = 16 << 20


def fitted(rows: int, columns: int, order: Order) -> tuple[int, int]:
    """(rows, columns) of the picture asked for, in proportion; BadRequest when it would be too large."""
    ratios = []
    if order.fit_width:
        ratios.append(order.fit_width / columns)
    if order.fit_height:
        ratios.append(order.fit_height / rows)
    if not ratios:
        return rows, columns
    ratio = min(ratios)
    wanted = max(1, round(rows * ratio)), max(1, round(columns * ratio))
    if max(wanted) > _LONGEST_SIDE or wanted[0] * wanted[1] > _MOST_PIXELS:
        raise BadRequest(
            f"The picture would have {wanted[1]} x {wanted[0]} pixels; at most {_LONGEST_SIDE} a side and "
            f"{_MOST_PIXELS >> 20} million in all are made."
        )
    return wanted


def resize(picture: NDArray[np.uint8], rows: int, columns: int, *, smooth: bool) -> NDArray[np.uint8]:
    """The picture in another size: the nearest pixel, or, when `smooth`, the mean or blend of all it covers."""
    if picture.shape[:2] == (rows, columns):
        return picture
    if not smooth:
        across = _nearest(picture.shape[1], columns)
        return np.asarray(picture[_nearest(picture.shape[0], rows)][:, across])
    resized = _resampled(_resampled(picture, rows).swapaxes(0, 1), columns).swapaxes(0, 1)
    return np.asarray(np.rint(np.clip(resized, 0, 255)), np.uint8)


def shrunk(picture: NDArray[np.uint8], width: int, height: int) -> NDArray[np.uint8]:
    """The picture made smaller until it fits, in proportion, each pixel the mean of those it covers; never larger."""
    rows, columns = picture.shape[:2]
    ratio = max(rows / height, columns / width)
    if ratio <= 1:
        return picture
    # Whole steps are many times faster, and the rest then works on few pixels.
    step = int(ratio) if ratio.is_integer() else int(ratio) // 2
    if step > 1 and min(rows, columns) >= step:
        picture = stepped(picture, step)
    wanted = max(1, round(rows / ratio)), max(1, round(columns / ratio))
    return np.ascontiguousarray(resize(picture, *wanted, smooth=True))


def stepped(picture: NDArray[np.uint8], step: int) -> NDArray[np.uint8]:
    """The means of squares of `step` pixels; what does not fill one at the right and at the bottom is left out."""
    rows, columns = picture.shape[0] // step, picture.shape[1] // step
    lines = np.zeros((rows, columns * step, *picture.shape[2:]), np.uint32)
    for place in range(step):
        lines += picture[place : rows * step : step, : columns * step]
    sums = np.zeros((rows, columns, *picture.shape[2:]), np.uint32)
    for place in range(step):
        sums += lines[:, place::step]
    return np.asarray((sums + step * step // 2) // (step * step), np.uint8)


def _nearest(length: int, wanted: int) -> NDArray[Any]:
    return np.asarray(np.minimum((np.arange(wanted) + 0.5) * (length / wanted), length - 1), np.intp)


def _resampled(lines: NDArray[Any], wanted: int) -> NDArray[Any]:
    """`wanted` lines out of those along the first axis, as 32-bit floats."""
    length = len(lines)
    if wanted < length:
        # Each new line is the mean of the stretch it covers: the difference of two running sums, its ends in between.
        sums = np.zeros((length + 1, *lines.shape[1:]), np.float64)
        np.cumsum(lines, axis=0, out=sums[1:])
        ends = np.linspace(0, length, wanted + 1)
        return np.asarray(np.diff(_between(sums, ends), axis=0) * (wanted / length), np.float32)
    centers = np.clip((np.arange(wanted) + 0.5) * (length / wanted) - 0.5, 0, length - 1)
    return _between(lines.astype(np.float32), centers)


def _between(lines: NDArray[Any], places: NDArray[Any]) -> NDArray[Any]:
    """Lines at fractional places, blended from the two around."""
    before = np.minimum(places.astype(np.intp), len(lines) - 2 if len(lines) > 1 else 0)
    share = (places - before).reshape(-1, *[1] * (lines.ndim - 1)).astype(lines.dtype)
    return np.asarray(lines[before] * (1 - share) + lines[np.minimum(before + 1, len(lines) - 1)] * share)
