"""Frames of packed objects: a worker goes on where it was, and never mixes up files."""

import gzip
import os
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from pacsberry.archive.forms import PACKED_SUFFIX
from pacsberry.errors import DamagedFile
from pacsberry.imaging.limits import Limits
from pacsberry.imaging.orders import Order, Product
from pacsberry.imaging.pictures import Pictures
from pacsberry.imaging.prepared.packfile import coarse_to_fine
from pacsberry.imaging.worker.packed import PackedFiles
from tests.imaging.aids import Folder, content
from tests.makers.images import make_image


def _frames(count: int, seed: int) -> list[NDArray[np.uint16]]:
    random = np.random.default_rng(seed)
    return [random.integers(0, 4000, (64, 64), dtype="u2") for _ in range(count)]


def test_frames_of_packed_files_come_in_any_order_and_turn_by_turn(folder: Folder) -> None:
    pictures = Pictures(folder, Limits(workers=1, idle_seconds=30))
    stacks = {f"{seed}.dcm": _frames(20, seed) for seed in (1, 2)}
    names = {name: folder.put(name + PACKED_SUFFIX, gzip.compress(make_image(stacks[name]))) for name in stacks}
    plain = folder.put("plain.dcm", make_image(stacks["1.dcm"]))

    for number in [*coarse_to_fine(20), 3, 2, 19, 0]:
        for name, file in names.items():
            numbers = content(pictures.make(file, Order(Product.NUMBERS, frame=number)))
            assert numbers == stacks[name][number].tobytes()
        assert content(pictures.make(plain, Order(Product.NUMBERS, frame=number))) == stacks["1.dcm"][number].tobytes()
    pictures.stop()


def test_a_file_is_unpacked_a_few_times_for_all_of_its_frames(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    data = os.urandom(12 << 20)
    path = tmp_path / "a"
    path.write_bytes(gzip.compress(data, 1))
    read = 0
    pread = os.pread

    def counted(descriptor: int, size: int, offset: int) -> bytes:
        nonlocal read
        read += size
        return pread(descriptor, size, offset)

    monkeypatch.setattr(os, "pread", counted)
    files = PackedFiles()
    with path.open("rb") as file:
        for number in range(120):
            opened = files.open(file.fileno())
            opened.seek(0)
            assert opened.read(100) == data[:100]
            opened.seek(number * 100_000)
            assert opened.read(1000) == data[number * 100_000 :][:1000]
    files.close()

    assert read < 3 * len(data)  # and not 60 times


def test_another_file_under_the_same_descriptor_is_another_file(tmp_path: Path) -> None:
    files = PackedFiles()
    for number in range(3):
        path = tmp_path / str(number)
        path.write_bytes(gzip.compress(bytes([number]) * 1000))
        with path.open("rb") as file:
            assert files.open(file.fileno()).read(3) == bytes([number]) * 3
    files.close()
    files.close()


def test_what_is_no_packed_file_is_damaged_and_holds_nothing_open(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"no gzip at all, by far not")
    before = len(list(Path("/proc/self/fd").iterdir()))

    with (tmp_path / "a").open("rb") as file, pytest.raises(DamagedFile):
        PackedFiles().open(file.fileno())

    assert len(list(Path("/proc/self/fd").iterdir())) == before
