"""Many pictures in one file, which can be shown while it still arrives.  PICTURES.md describes it for those who read it.

The index comes first, then the pictures, coarse to fine: the middle one, the ends, and then always the middles between.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, BinaryIO, Self


@dataclass(frozen=True, slots=True)
class Pack:
    """The index of a pack."""

    facts: Mapping[str, Any]  # the JSON at its head
    places: Mapping[int, tuple[int, int]]  # picture, counted from 0: offset in the file and length, in bytes
    length: int  # of the whole file, bytes

    @classmethod
    def read(cls, file: BinaryIO) -> Self:
        """The index of an open pack; DamagedFile when it is none."""
        raise NotImplementedError
