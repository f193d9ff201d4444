"""The abdomen of the class bench compresses as slices of real scanners do."""

import zlib

import imagecodecs
import numpy as np
from numpy.typing import NDArray

from tests.bench import anatomy

_SIDE = 512


def _picture(data: bytes) -> NDArray[np.uint16]:
    return np.frombuffer(data, "<u2").reshape(_SIDE, _SIDE)


def test_it_is_the_same_at_every_run_and_another_in_every_slice() -> None:
    first, second = list(anatomy.slices(2, 64, seed=1)), list(anatomy.slices(2, 64, seed=1))

    assert first == second
    assert first[0] != first[1]
    assert all(len(one) == 64 * 64 * 2 for one in first)


def test_it_compresses_like_a_patient() -> None:
    (data,) = anatomy.slices(1, _SIDE, seed=4)
    picture = _picture(data)
    shown = np.clip((picture.astype(float) - 864) / 400 * 255, 0, 255).reshape(256, 2, 256, 2).mean((1, 3))
    preview = imagecodecs.webp_encode(shown.astype(np.uint8)[..., None].repeat(3, 2), 75, lossless=False)

    assert picture.max() < 4096
    assert 0.38 < len(zlib.compress(data, 6)) / len(data) < 0.44
    assert 0.25 < len(imagecodecs.jpegls_encode(picture)) / len(data) < 0.30
    assert 4000 < len(preview) < 6000
