"""A CT of an abdomen that nobody has, slice by slice: for what depends on how pictures compress with loss.

The drawings of `pixels` have a scanner's noise but next to nothing behind it, so that a small picture of them weighs a
twentieth of a patient's. Here organs, vessels, fat and bone come from random fields that change slowly from slice to
slice; they are tuned to leave what slices of real scanners do: gzip 41 %, JPEG-LS 27 %, some 5 KB as a preview of 256
pixels.
"""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

Field = NDArray[np.float32]

_EVERY = 12  # slices from one anatomy to the next
_AIR, _FAT, _MUSCLE, _ORGAN, _VESSEL, _BONE = 24, 924, 1064, 1094, 1220, 1500  # stored: Hounsfield units + 1024


def slices(count: int, side: int, seed: int) -> Iterator[bytes]:
    """`count` pictures of `side` x `side` unsigned little-endian pixels, 12 of 16 bits; the same for the same seed."""
    chance = np.random.default_rng(seed)
    y, x = np.mgrid[-1 : 1 : side * 1j, -1 : 1 : side * 1j].astype(np.float32)
    view = np.hypot(x, y) <= 1
    smoothness = (2.6, 2.0, 1.5)  # organs, vessels, the grain of tissue
    before = [_field(chance, side, power) for power in smoothness]
    for number in range(count):
        step = number % _EVERY
        if step == 0:
            behind = [_field(chance, side, power) for power in smoothness]
        angle = np.float32(step / _EVERY * np.pi / 2)
        organs, vessels, grain = (
            np.cos(angle) * one + np.sin(angle) * other for one, other in zip(before, behind, strict=True)
        )
        picture = _drawn(x, y, organs, vessels, grain)
        picture += _noise(chance, side) * (9 + 5 * (1 - np.hypot(x, y)))
        picture[~view] = 0
        yield np.clip(np.rint(picture), 0, 4095).astype("<u2").tobytes()
        if step == _EVERY - 1:
            before = behind


def _drawn(x: Field, y: Field, organs: Field, vessels: Field, grain: Field) -> Field:
    body = (x / 0.86) ** 2 + (y / 0.62) ** 2 + 0.02 * organs
    inner = (x / 0.76) ** 2 + (y / 0.50) ** 2 + 0.04 * organs
    tissue = np.select(
        [organs > 1.1, organs > 0.1, organs > -0.55],
        [_VESSEL - 60, _ORGAN, _MUSCLE],
        _FAT,
    ).astype(np.float32)
    tissue[vessels > 1.5] = _VESSEL
    tissue += 9 * grain
    picture = np.where(body < 1, np.float32(_FAT) + 4 * grain, np.float32(_AIR))
    picture = np.where((inner < 1.12) & (body < 1), np.float32(_MUSCLE) + 6 * grain, picture)
    picture = np.where(inner < 1, tissue, picture)
    spine = (x / 0.13) ** 2 + ((y - 0.30) / 0.13) ** 2
    picture = np.where(spine < 1, np.float32(_BONE - 250) + 60 * grain, picture)
    rim = (spine >= 1) & (spine < 1.3) | (np.abs(inner - 1.05) < 0.04) & (vessels > 0.4)
    return np.where(rim, np.float32(_BONE), picture)


def _field(chance: np.random.Generator, side: int, power: float) -> Field:
    """Random, of mean 0 and deviation 1; the larger `power`, the smoother."""
    spectrum = np.fft.rfft2(chance.standard_normal((side, side)))
    frequency = np.hypot(np.fft.fftfreq(side)[:, None], np.fft.rfftfreq(side)[None, :]) * side
    frequency[0, 0] = np.inf
    field = np.fft.irfft2(spectrum / np.maximum(frequency, 4) ** power, (side, side))
    normal: Field = ((field - field.mean()) / field.std()).astype(np.float32)
    return normal


def _noise(chance: np.random.Generator, side: int) -> Field:
    """Of deviation 1, correlated between neighbors as after a reconstruction filter."""
    white = chance.standard_normal((side + 2, side + 2), dtype=np.float32)
    smooth = white[1:-1, 1:-1] + 0.5 * (white[:-2, 1:-1] + white[2:, 1:-1] + white[1:-1, :-2] + white[1:-1, 2:])
    return (smooth / np.float32(np.sqrt(2))).astype(np.float32)
