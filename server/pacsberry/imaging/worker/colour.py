"""Colour: everything becomes RGB of 8 bits (PS3.3 C.7.6.3.1.2, C.7.6.3.1.5, C.7.9)."""

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from pacsberry.errors import NotUnderstood
from pacsberry.imaging.worker.header import Values
from pacsberry.imaging.worker.layout import Layout
from pacsberry.imaging.worker.tables import read_palette

# ITU-R BT.601, rows R, G, B: what Y, Cb and Cr contribute. PARTIAL: luminance from 16 to 235, chrominance 16 to 240.
_FULL: Final = ((1.0, 0.0, 1.402), (1.0, -0.344136, -0.714136), (1.0, 1.772, 0.0))
_PARTIAL: Final = ((1.16438, 0.0, 1.59603), (1.16438, -0.39176, -0.81297), (1.16438, 2.01723, 0.0))
_ROWS_AT_ONCE: Final = 64  # bounds the floating point copies


def to_rgb(values: NDArray[Any], layout: Layout, *, is_rgb: bool) -> NDArray[np.uint8]:
    """Three samples a pixel as RGB of 8 bits; `is_rgb`: the codec has made RGB of them already."""
    if layout.is_float:
        raise NotUnderstood("Colours as floating point numbers are not shown.")
    bits = values.dtype.itemsize * 8 if layout.bits_stored > values.dtype.itemsize * 8 else layout.bits_stored
    samples = values.astype(np.uint8) if bits <= 8 else (values >> values.dtype.type(bits - 8)).astype(np.uint8)
    interpretation = layout.photometric_interpretation
    if interpretation == "HSV":
        raise NotUnderstood("Colours as hue, saturation and value, long retired, are not shown.")
    if is_rgb or not interpretation.startswith("YBR") or interpretation in ("YBR_RCT", "YBR_ICT"):
        return np.ascontiguousarray(samples)
    return _from_ybr(samples, is_partial="PARTIAL" in interpretation)


def through_palette(values: NDArray[Any], header: Values, layout: Layout) -> NDArray[np.uint8]:
    """Indices as the colours of the file's palette."""
    palette = read_palette(header, is_signed=layout.is_signed)
    places = np.clip(values.astype(np.int64) - palette.first, 0, len(palette.colours) - 1)
    return palette.colours[places]


def _from_ybr(samples: NDArray[np.uint8], *, is_partial: bool) -> NDArray[np.uint8]:
    matrix = np.array(_PARTIAL if is_partial else _FULL, np.float32).T
    offset = np.array([16 if is_partial else 0, 128, 128], np.float32)
    result = np.empty(samples.shape, np.uint8)
    for start in range(0, len(samples), _ROWS_AT_ONCE):
        some = slice(start, start + _ROWS_AT_ONCE)
        np.clip(np.rint((samples[some] - offset) @ matrix), 0, 255, out=result[some], casting="unsafe")
    return result
