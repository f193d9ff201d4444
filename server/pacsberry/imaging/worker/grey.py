"""Grey values: from stored ones through the modality's and the viewer's tables to 8 bits (PS3.3 C.11, C.7.5.1.1.2)."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from pacsberry.imaging.orders import Order
from pacsberry.imaging.worker.frame import Frame
from pacsberry.imaging.worker.header import Values
from pacsberry.imaging.worker.tables import Table, read_table

_INTERCEPT, _SLOPE, _MODALITY_TABLES = 0x00281052, 0x00281053, 0x00283000
_CENTER, _WIDTH, _FUNCTION, VALUE_TABLES = 0x00281050, 0x00281051, 0x00281056, 0x00283010
_PADDING, _PADDING_LIMIT = 0x00280120, 0x00280121
_WHITE: Final = 255.0
_NARROWEST: Final = 1e-9  # of windows: avoids the division by zero
_TABLE_BITS: Final = 16  # values of so many bits are turned into grey by a table of all of them


@dataclass(frozen=True, slots=True)
class Modality:
    """What stored values mean: slope and intercept, or a table."""

    slope: float
    intercept: float
    table: Table | None

    def apply(self, values: NDArray[Any]) -> NDArray[Any]:
        """The values in the modality's unit, as 32-bit floats."""
        if self.table is not None:
            return self.table.look_up(values).astype(np.float32)
        return np.asarray(values.astype(np.float32) * np.float32(self.slope) + np.float32(self.intercept))


@dataclass(frozen=True, slots=True)
class Window:
    """The values that are shown between black and white."""

    center: float
    width: float
    function: str  # VOILUTFunction: LINEAR, LINEAR_EXACT or SIGMOID

    def apply(self, values: NDArray[Any]) -> NDArray[Any]:
        """Grey levels, not yet whole (PS3.3 C.11.2.1.2, C.11.2.1.3)."""
        width = max(self.width, _NARROWEST)
        # LINEAR has no width below 1; who writes one, for values of small fractions, cannot have meant that formula.
        is_linear = self.function == "LINEAR" and width >= 1
        if self.function == "SIGMOID":
            return np.asarray(_WHITE / (1 + np.exp(np.clip(-4 * (values - self.center) / width, -80, 80))))
        if is_linear and width > 1:
            return np.asarray(((values - (self.center - 0.5)) / (width - 1) + 0.5) * _WHITE)
        if is_linear:
            return np.where(values > self.center - 0.5, _WHITE, 0.0)
        return np.asarray(((values - self.center) / width + 0.5) * _WHITE)


def modality_of(header: Values, *, is_signed: bool) -> Modality:
    """The modality's transformation; the identity when the file names none."""
    item = header.item(_MODALITY_TABLES)
    slope, intercept = header.numbers(_SLOPE), header.numbers(_INTERCEPT)
    return Modality(
        slope=slope[0] if slope and slope[0] and np.isfinite(slope[0]) else 1.0,
        intercept=intercept[0] if intercept and np.isfinite(intercept[0]) else 0.0,
        table=read_table(item, is_signed=is_signed) if item is not None and not slope else None,
    )


def preview(frame: Frame) -> NDArray[np.uint8]:
    """The stored values present stretched over all grey levels, padding black; MONOCHROME1 inverted."""
    lowest, highest = _range(shown_values(frame))
    scale = _WHITE / (highest - lowest) if highest > lowest else 0.0
    return _through(frame, lambda values: np.rint((values - lowest) * np.float32(scale)))


def rendered(frame: Frame, order: Order) -> NDArray[np.uint8]:
    """Through the window asked for, else the file's, else its table, else one that holds all values."""
    modality = modality_of(frame.header, is_signed=frame.layout.is_signed)
    window = window_of_file(frame.header)
    if order.window_center is not None or order.window_width is not None:
        basis = window or _window_of_all(frame, modality)
        window = Window(
            basis.center if order.window_center is None else order.window_center,
            basis.width if order.window_width is None else order.window_width,
            order.window_function,
        )
    if window is None:
        tables = frame.header.item(VALUE_TABLES)
        if tables is not None:
            # The first value mapped has the sign that comes out of the modality's transformation.
            table = read_table(tables, is_signed=frame.layout.is_signed or modality.intercept < 0)
            white = np.float32(_WHITE / (2**table.bits - 1))
            return _through(frame, lambda values: table.look_up(np.rint(modality.apply(values))) * white)
    chosen = window or _window_of_all(frame, modality)
    return _through(frame, lambda values: chosen.apply(modality.apply(values)))


def clamped(values: NDArray[Any], number_type: str) -> NDArray[Any]:
    """Stored values in a smaller type, those outside its range at its ends."""
    limits = np.iinfo(number_type)
    whole = np.nan_to_num(np.rint(values)) if values.dtype.kind == "f" else values
    return np.asarray(np.clip(whole, limits.min, limits.max), number_type)


def window_of_file(header: Values) -> Window | None:
    """The first window that the file names; None when it names none, or none that can be."""
    centers, widths = header.numbers(_CENTER), header.numbers(_WIDTH)
    if not centers or not widths or not np.isfinite(centers[0]) or not 0 < widths[0] < np.inf:
        return None
    return Window(centers[0], widths[0], header.text(_FUNCTION) or "LINEAR")


def _window_of_all(frame: Frame, modality: Modality) -> Window:
    """From the smallest to the largest value of the frame, padding left out."""
    lowest, highest = _range(modality.apply(np.array(_range(shown_values(frame)))))
    return Window((lowest + highest) / 2, max(highest - lowest, _NARROWEST), "LINEAR_EXACT")


def _through(frame: Frame, transform: Callable[[NDArray[Any]], NDArray[Any]]) -> NDArray[np.uint8]:
    """The picture: `transform` turns values into grey levels; padding is black, and MONOCHROME1 inverted before."""
    values = frame.values
    bits = values.dtype.itemsize * 8
    is_inverted = frame.layout.photometric_interpretation == "MONOCHROME1"
    if values.dtype.kind == "f" or bits > _TABLE_BITS:
        return _levels(transform(np.nan_to_num(values)), _is_padding(frame, values), is_inverted=is_inverted)
    lowest, highest = int(values.min()), int(values.max())
    every = np.arange(lowest, highest + 1)
    table = _levels(transform(every), _is_padding(frame, every), is_inverted=is_inverted)
    # The distance from the lowest value fits into as many bits as the value, without a sign, and is right modulo those.
    unsigned = np.dtype(f"u{values.dtype.itemsize}").type
    return np.asarray(table[values.view(unsigned) - unsigned(lowest % 2**bits)])


def _levels(levels: NDArray[Any], padding: NDArray[np.bool_] | None, *, is_inverted: bool) -> NDArray[np.uint8]:
    grey: NDArray[np.uint8] = np.clip(levels, 0, _WHITE).astype(np.uint8)
    if is_inverted:
        np.subtract(255, grey, out=grey)
    if padding is not None:
        grey[padding] = 0
    return grey


def _is_padding(frame: Frame, values: NDArray[Any]) -> NDArray[np.bool_] | None:
    """Where `values` are PixelPaddingValue, or between it and PixelPaddingRangeLimit; None when there is no padding."""
    first = frame.header.numbers(_PADDING, is_signed=frame.layout.is_signed)
    if not first:
        return None
    last = frame.header.numbers(_PADDING_LIMIT, is_signed=frame.layout.is_signed) or first
    low, high = sorted((first[0], last[0]))
    return np.asarray((values >= low) & (values <= high))


def shown_values(frame: Frame) -> NDArray[Any]:
    """The values that are no padding, all when there are no others."""
    padding = _is_padding(frame, frame.values)
    shown = frame.values if padding is None else frame.values[~padding]
    return shown if shown.size else frame.values


def _range(values: NDArray[Any]) -> tuple[float, float]:
    if values.dtype.kind == "f":
        values = values[np.isfinite(values)]
    return (float(values.min()), float(values.max())) if values.size else (0.0, 0.0)
