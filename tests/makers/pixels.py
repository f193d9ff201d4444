"""Pixels without numpy: a diagonal ramp that differs from instance to instance and from frame to frame."""

import sys
from array import array


def ramp(
    *, rows: int, columns: int, frames: int, bits_allocated: int, samples: int, seed: int, big_endian: bool
) -> bytes:
    """Native pixel data of even length; 16-bit samples stay within 12 bits and have the wanted byte order."""
    typecode, period = ("H", 4096) if bits_allocated == 16 else ("B", 256)
    row_samples = columns * samples
    ruler = array(typecode, (n % period for n in range(period + row_samples)))
    if bits_allocated == 16 and (sys.byteorder == "big") != big_endian:
        ruler.byteswap()
    whole = array(typecode)
    for frame in range(frames):
        for row in range(rows):
            start = (seed * 97 + frame * 31 + row) % period
            whole.extend(ruler[start : start + row_samples])
    data = whole.tobytes()
    return data + b"\x00" * (len(data) % 2)
