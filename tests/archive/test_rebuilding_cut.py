"""A rebuild may end in the middle, at any step, and for want of room: the old index stays, or the new one is there."""

import os
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import BinaryIO

import pytest

from pacsberry.archive import Archive, Reading, notes_mirror, rebuilding
from pacsberry.errors import NoRoom
from pacsberry.model import Header
from tests.archive.keeping_aids import (
    SETTINGS,
    counts,
    decode,
    files_on_card,
    open_archive,
)
from tests.archive.rebuilding_aids import everything, fill, filled, random_header, rebuild, started


@pytest.fixture(autouse=True)
def _hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(notes_mirror, "_GATHER_SECONDS", 0.0)


class PowerCut(BaseException):
    pass


@pytest.mark.parametrize("after", [0, 5, 12])
def test_a_rebuild_that_ends_in_the_middle_leaves_the_old_index(
    storage: Path, monkeypatch: pytest.MonkeyPatch, after: int
) -> None:
    before = filled(storage)
    monkeypatch.setattr(rebuilding, "_BATCH", 4)
    read = 0

    def cut(file: BinaryIO) -> Header:
        nonlocal read
        if read == after:
            raise PowerCut
        read += 1
        return decode(file)

    with pytest.raises(PowerCut):
        rebuild(storage, replace(SETTINGS, reading=Reading(cut, lambda file, tags: {})))

    assert [path.name for path in storage.glob("index.sqlite3*")] == ["index.sqlite3"]
    with started(storage) as (archive, rebuilt):
        assert rebuilt is None
        assert everything(archive) == before


def test_what_an_attempt_left_behind_is_in_nobodys_way(storage: Path) -> None:
    before = filled(storage)
    for name in ("new", "new-wal", "new-journal", "new-files", "new-files-journal"):
        (storage / f"index.sqlite3.{name}").write_bytes(b"half" * 1000)

    assert rebuild(storage).is_complete

    with open_archive(storage) as archive:
        assert everything(archive) == before
    assert sorted(path.suffix.split("-")[0] for path in storage.glob("index.sqlite3*")) == [".old", ".sqlite3"]


@pytest.mark.parametrize("step", ["link", "rename"])
@pytest.mark.parametrize("harm", [None, random_header])
def test_the_swap_may_be_cut_at_any_step(
    storage: Path, monkeypatch: pytest.MonkeyPatch, step: str, harm: Callable[[Path], None] | None
) -> None:
    before = filled(storage)
    if harm is not None:
        harm(storage / "index.sqlite3")
    (storage / "index.sqlite3-wal").write_bytes(b"a log of nothing")

    def cut(*arguments: object, **options: object) -> None:
        raise PowerCut

    with monkeypatch.context() as patch:
        patch.setattr(os if step == "link" else Path, step, cut)
        with pytest.raises(PowerCut):
            rebuild(storage)

    with open_archive(storage) as archive:
        assert everything(archive) == before


def test_the_log_of_an_index_that_is_gone_is_not_read_into_the_new_one(tmp_path: Path, storage: Path) -> None:
    after = tmp_path / "after"
    with open_archive(storage) as archive:
        fill(archive)
        shutil.copytree(storage, after)
    assert (after / "index.sqlite3-wal").stat().st_size > 100_000  # it holds all of the index that is gone
    (after / "index.sqlite3").unlink()
    next(path for path in files_on_card(after) if path.suffix == ".dcm").unlink()

    with started(after) as (archive, rebuilt):
        assert rebuilt is not None
        assert archive.recovery is not None
        assert archive.recovery.rebuilt_at == rebuilt.at  # as the new one says
        assert archive.recovery.lost == []
        assert counts(archive)["instances"] == 12
        with archive.index.read() as connection:
            assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)


def test_without_hard_links_the_old_index_is_renamed(storage: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = filled(storage)

    def refuse(*arguments: object) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(os, "link", refuse)

    found = rebuild(storage)

    assert found.old is not None
    assert found.old.exists()
    with open_archive(storage) as archive:
        assert everything(archive) == before


@pytest.mark.skipif(os.geteuid() != 0, reason="mounting needs root")
def test_a_card_without_room_for_the_new_index_keeps_the_old_one(tmp_path: Path, storage: Path) -> None:
    small = tmp_path / "small"
    small.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=300k", "tmpfs", str(small)], check=True)
    try:
        with open_archive(storage) as archive:
            fill(archive)
        shutil.copy(storage / "index.sqlite3", small)
        before = (small / "index.sqlite3").read_bytes()
        archive = Archive(storage=storage, index=small / "index.sqlite3", settings=SETTINGS)
        with pytest.raises(NoRoom, match="no room to make the index anew"):
            archive.rebuild_index()
        assert (small / "index.sqlite3").read_bytes() == before
        assert [path.name for path in small.iterdir()] == ["index.sqlite3"]
    finally:
        subprocess.run(["umount", str(small)], check=True)
