"""What the tests of transcoding share: values that are hard to compress, and ways to compare."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

Pixels = NDArray[Any]


def noise(dtype: str, bits: int, *shape: int) -> Pixels:
    lowest = -(2 ** (bits - 1)) if dtype[0] == "i" else 0
    return np.asarray(np.random.default_rng(11).integers(0, 2**bits, shape) + lowest, dtype)


def slope(dtype: str, bits: int, rows: int, columns: int) -> Pixels:
    plane = (np.arange(rows)[:, None] * 3 + np.arange(columns) * 2) * (2**bits - 1) // (3 * rows + 2 * columns)
    return np.asarray(plane, dtype)
