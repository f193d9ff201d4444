"""A finished product, as whoever asked for it gets it."""

from dataclasses import dataclass
from typing import BinaryIO


@dataclass(frozen=True, slots=True)
class Made:
    """A finished product, in a file without name that is gone when it is closed: in memory, not in this process."""

    file: BinaryIO
    length: int  # bytes
    shape: tuple[int, ...]  # of numbers: rows, columns, samples
    number_type: str  # of numbers, as '<i2'
    frames: int  # of the image
