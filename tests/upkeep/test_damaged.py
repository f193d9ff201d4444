"""The folder of damaged files: bounded, durable, and safe from strange names."""

import errno
import json
import os
from pathlib import Path

import pytest

from pacsberry.upkeep import damaged as module
from pacsberry.upkeep.damaged import DamagedFolder

FIRST, SECOND, THIRD = (f"{digit * 8}-1111-4111-8111-111111111111" for digit in "123")


class Clock:
    def __init__(self) -> None:
        self.seconds = 1_790_000_000.0

    def now(self) -> float:
        self.seconds += 1
        return self.seconds


@pytest.fixture
def clock() -> Clock:
    return Clock()


def put(folder: DamagedFolder, place: Path, name: str, size: int, age: int = 0) -> None:
    path = place / name
    path.write_bytes(b"x" * size)
    folder.put(path, {"id": name})
    assert not path.exists()
    if age:
        note = place / "damaged" / f"{name.partition('.')[0]}.json"
        os.utime(note, (age, age))


def kept(place: Path) -> list[str]:
    return sorted(path.name for path in (place / "damaged").iterdir())


def test_a_file_lies_beside_its_note(tmp_path: Path, clock: Clock) -> None:
    folder = DamagedFolder(tmp_path / "damaged", maximum_bytes=1000, now=clock.now)

    put(folder, tmp_path, f"{FIRST}.dcm", 10)
    put(folder, tmp_path, f"{SECOND}.dcm.gz", 10)

    assert kept(tmp_path) == [f"{FIRST}.dcm", f"{FIRST}.json", f"{SECOND}.dcm.gz", f"{SECOND}.json"]
    assert json.loads((tmp_path / "damaged" / f"{FIRST}.json").read_text()) == {
        "at": "20260921T141321",
        "id": f"{FIRST}.dcm",
        "kept_as": f"{FIRST}.dcm",
    }
    assert {note["id"] for note in folder.notes()} == {f"{FIRST}.dcm", f"{SECOND}.dcm.gz"}
    assert folder.count() == 2


def test_the_oldest_go_when_the_folder_is_full(tmp_path: Path) -> None:
    folder = DamagedFolder(tmp_path / "damaged", maximum_bytes=100)
    put(folder, tmp_path, f"{FIRST}.dcm", 60, age=1)
    put(folder, tmp_path, f"{SECOND}.dcm", 30, age=2)

    put(folder, tmp_path, f"{THIRD}.dcm", 60)

    assert kept(tmp_path) == [f"{SECOND}.dcm", f"{SECOND}.json", f"{THIRD}.dcm", f"{THIRD}.json"]


def test_of_a_file_that_is_too_large_only_the_note_is_kept_and_it_pushes_nothing_out(tmp_path: Path) -> None:
    folder = DamagedFolder(tmp_path / "damaged", maximum_bytes=100)
    put(folder, tmp_path, f"{FIRST}.dcm", 60, age=1)

    put(folder, tmp_path, f"{SECOND}.dcm", 101)

    assert kept(tmp_path) == [f"{FIRST}.dcm", f"{FIRST}.json", f"{SECOND}.json"]
    assert next(folder.notes())["kept_as"] is None


def test_of_a_missing_file_there_is_a_note(tmp_path: Path) -> None:
    folder = DamagedFolder(tmp_path / "damaged", maximum_bytes=100)

    folder.put(tmp_path / "gone" / f"{FIRST}.dcm", {"id": "x"})

    assert kept(tmp_path) == [f"{FIRST}.json"]


def test_notes_are_bounded_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST_NOTES", 2)
    folder = DamagedFolder(tmp_path / "damaged", maximum_bytes=100)
    for age, name in enumerate((FIRST, SECOND, THIRD), start=1):
        put(folder, tmp_path, f"{name}.dcm", 1, age=age)

    assert kept(tmp_path) == [f"{SECOND}.dcm", f"{SECOND}.json", f"{THIRD}.dcm", f"{THIRD}.json"]


def test_a_second_file_of_the_same_name_gets_another_one(tmp_path: Path) -> None:
    folder = DamagedFolder(tmp_path / "damaged", maximum_bytes=100)
    put(folder, tmp_path, f"{FIRST}.dcm", 1)
    put(folder, tmp_path, f"{FIRST}.dcm", 2)

    assert folder.count() == 2
    assert sorted(path.stat().st_size for path in (tmp_path / "damaged").glob("*.dcm")) == [1, 2]


@pytest.mark.parametrize("name", ["x.json", "beach.jpg", ".dcm", f"{FIRST}.json", "..dcm", "\x1b.dcm"])
def test_strange_names_become_ours(tmp_path: Path, name: str) -> None:
    folder = DamagedFolder(tmp_path / "damaged", maximum_bytes=100)
    (tmp_path / name).write_bytes(b"strange")

    folder.put(tmp_path / name, {"file": name})

    (file,) = (tmp_path / "damaged").glob("*.file")
    assert file.read_bytes() == b"strange"
    assert next(folder.notes())["file"] == name
    assert len(kept(tmp_path)) == 2


def test_notes_that_are_none_are_passed_over(tmp_path: Path) -> None:
    folder = DamagedFolder(tmp_path / "damaged", maximum_bytes=100)
    put(folder, tmp_path, f"{FIRST}.dcm", 1)
    for name, content in (("a", b"\xff"), ("b", b"[]"), ("c", b"[" * 100_000), ("d", b"")):
        (tmp_path / "damaged" / f"{name}.json").write_bytes(content)
    (tmp_path / "damaged" / "e.json").mkdir()

    assert [note["id"] for note in folder.notes()] == [f"{FIRST}.dcm"]


def test_a_file_that_cannot_be_moved_any_more_is_noted_and_left(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(self: Path, target: Path) -> Path:
        raise OSError(errno.EUCLEAN, "Structure needs cleaning")

    path = tmp_path / f"{FIRST}.dcm"
    path.write_bytes(b"x")
    monkeypatch.setattr(Path, "rename", broken)
    folder = DamagedFolder(tmp_path / "damaged", maximum_bytes=100)

    folder.put(path, {"id": "x"})

    assert next(folder.notes())["kept_as"] is None
    assert path.exists()
    assert "fsck" in caplog.text
