"""Packs of pictures: their form, the order in it, and files that are none."""

import io
import tempfile
from itertools import pairwise
from pathlib import Path
from typing import BinaryIO

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pacsberry.errors import DamagedFile
from pacsberry.imaging.prepared.packfile import Pack, PackWriter, coarse_to_fine


def write_pack(file: BinaryIO, pictures: dict[int, bytes], count: int, holes: dict[int, str] | None = None) -> None:
    writer = PackWriter(file, count)
    for number, picture in pictures.items():
        writer.append(number, io.BytesIO(picture), len(picture))
    writer.finish({"Kind": "preview"}, holes or {})


@pytest.mark.parametrize("count", [0, 1, 2, 3, 4, 7, 8, 9, 300, 1001])
def test_each_picture_comes_once_the_middle_first_and_then_the_ends(count: int) -> None:
    order = list(coarse_to_fine(count))

    assert sorted(order) == list(range(count))
    assert order[:3] == list(dict.fromkeys([count // 2, 0, count - 1]))[: len(order[:3])]


def test_at_any_moment_what_has_arrived_is_spread_over_the_stack() -> None:
    order = list(coarse_to_fine(300))

    for arrived in (10, 40, 80, 160):
        places = sorted(order[:arrived])
        gaps = [after - before for before, after in pairwise(places)]
        assert max(gaps) <= 4 * 300 / arrived


def test_pictures_are_found_again_whatever_follows_the_pack(tmp_path: Path) -> None:
    with (tmp_path / "pack").open("w+b", buffering=0) as file:
        write_pack(file, {1: b"middle", 0: b"first"}, 4, {3: "no pixels"})
        length = file.seek(0, 2)
        file.write(b"a seal")

        pack = Pack.read(file)

        assert pack.length == length
        assert {number: _at(file, place) for number, place in pack.places.items()} == {1: b"middle", 0: b"first"}
        assert pack.facts == {"Kind": "preview", "Pictures": 4, "Holes": [{"Reason": "no pixels", "Pictures": [3]}]}


def _at(file: BinaryIO, place: tuple[int, int]) -> bytes:
    file.seek(place[0])
    return file.read(place[1])


def test_the_pictures_lie_in_the_order_of_the_entries(tmp_path: Path) -> None:
    with (tmp_path / "pack").open("w+b") as file:
        write_pack(file, {2: b"cc", 0: b"a", 1: b"bbb"}, 3)

        offsets = list(Pack.read(file).places.values())

    assert [length for _, length in offsets] == [2, 1, 3]
    assert [offset for offset, _ in offsets] == sorted(offset for offset, _ in offsets)


def test_a_pack_of_nothing_but_reasons_has_room_for_them(tmp_path: Path) -> None:
    holes = {number: f'{number} "\\\n\0 é' * 100 for number in range(20_000)}
    with (tmp_path / "pack").open("w+b") as file:
        write_pack(file, {}, 20_000, holes)

        told = Pack.read(file).facts["Holes"]

    assert sorted(number for reason in told for number in reason["Pictures"]) == list(range(20_000))
    assert len(told) == 9


def test_reasons_take_little_room_whatever_is_in_them(tmp_path: Path) -> None:
    holes = {number: chr(0x20AC) * 10 + str(number) + '\0"\\' * 900 for number in range(9)}
    with (tmp_path / "pack").open("w+b") as file:
        write_pack(file, {}, 9, holes)

        reasons = [hole["Reason"] for hole in Pack.read(file).facts["Holes"]]

    assert reasons[0].startswith("??????????0?")
    assert max(map(len, reasons)) == 200


def test_a_pack_cut_anywhere_is_no_pack(tmp_path: Path) -> None:
    path = tmp_path / "pack"
    with path.open("w+b") as file:
        write_pack(file, {0: b"a picture", 1: b"another"}, 2)
    whole = path.read_bytes()

    for length in (0, 7, 15, 16, 25, 40, 1000, len(whole) - 8, len(whole) - 1):
        path.write_bytes(whole[:length])
        with path.open("rb") as file, pytest.raises(DamagedFile):
            Pack.read(file)


def test_a_pack_that_was_not_finished_is_no_pack(tmp_path: Path) -> None:
    with (tmp_path / "pack").open("w+b", buffering=0) as file:
        PackWriter(file, 3).append(0, io.BytesIO(b"abc"), 3)

        with pytest.raises(DamagedFile):
            Pack.read(file)


@given(st.binary(max_size=60), st.integers(0, 2**32 - 1), st.integers(0, 2**32 - 1))
def test_anything_else_is_no_pack_or_points_inside_the_file(tail: bytes, facts: int, count: int) -> None:
    data = b"PBPACK1\n" + facts.to_bytes(4, "little") + count.to_bytes(4, "little") + tail
    with tempfile.TemporaryFile() as file:
        file.write(data)
        file.flush()
        try:
            pack = Pack.read(file)
        except DamagedFile:
            return
        assert all(offset + length <= len(data) for offset, length in pack.places.values())


def test_a_picture_shorter_than_said_and_a_full_disk_are_errors() -> None:
    with Path("/dev/full").open("wb", buffering=0) as full, pytest.raises(OSError, match="No space"):
        PackWriter(full, 3)
    with pytest.raises(OSError, match="shorter"):
        PackWriter(io.BytesIO(), 1).append(0, io.BytesIO(b"abc"), 4)
