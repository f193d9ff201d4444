"""A pack, read while it arrives."""

import struct

import pytest

from tests.bench.classroom.packs import PackReader
from tests.bench.failures import BenchFailure

_FACTS = b"{}  "
_ENTRIES = [(1, 5), (0, 3), (3, 0), (2, 4)]
_PACK = (
    b"PBPACK1\n"
    + struct.pack("<II", len(_FACTS), len(_ENTRIES))
    + b"".join(struct.pack("<II", *entry) for entry in _ENTRIES)
    + _FACTS
    + b"x" * 12
)


@pytest.mark.parametrize("step", [1, 7, len(_PACK)])
def test_pictures_are_told_with_their_last_byte(step: int) -> None:
    told: list[tuple[int, int]] = []
    reader = PackReader(lambda number, length: told.append((number, length)))
    told_at = {}

    for start in range(0, len(_PACK), step):
        reader.take(_PACK[start : start + step])
        told_at[start + step] = len(told)

    assert told == [(1, 5), (0, 3), (2, 4)]
    assert reader.first.is_set()
    if step == 1:
        assert [told_at[len(_PACK) - 12 + 5 + moved] for moved in (-1, 0, 2, 3)] == [0, 1, 1, 2]


def test_what_is_no_pack_is_a_failure() -> None:
    with pytest.raises(BenchFailure, match="no pack"):
        PackReader(lambda number, length: None).take(b"PBPICK")
