"""An index that is damaged or missing is made anew by itself, when the server starts or in the middle of work."""

import os
import random
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing, suppress
from pathlib import Path

import pytest

from pacsberry.archive import Archive, notes_mirror
from pacsberry.archive.index_files import IndexFiles
from pacsberry.archive.notes_file import NotesFile
from pacsberry.errors import IndexDamaged, IndexTooNew, UnknownResource
from pacsberry.model import Level
from tests.archive.keeping_aids import (
    counts,
    keep,
    make_header,
    open_archive,
)
from tests.archive.rebuilding_aids import (
    SERIES,
    STUDY,
    attach,
    everything,
    fill,
    filled,
    lose_index,
    random_header,
    rebuild,
    started,
    wait_until,
)


@pytest.fixture(autouse=True)
def _hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(notes_mirror, "_GATHER_SECONDS", 0.0)


def _random_bytes(index: Path) -> None:
    with index.open("r+b") as file:
        for page in range(1, index.stat().st_size // 4096):
            file.seek(page * 4096)
            file.write(random.Random(page).randbytes(512))


def _cut_short(index: Path) -> None:
    os.truncate(index, index.stat().st_size // 3)


def _emptied(index: Path) -> None:
    os.truncate(index, 0)


def _foreign(index: Path) -> None:
    index.write_bytes(b"this is not a database" * 1000)


def _missing(index: Path) -> None:
    index.unlink()


def _met_damage(index: Path) -> None:
    IndexFiles(index).mark("A test says so.")


@pytest.mark.parametrize("harm", [_random_bytes, random_header, _cut_short, _emptied, _foreign, _missing, _met_damage])
def test_an_index_that_is_damaged_or_missing_is_made_anew_by_itself(
    storage: Path, caplog: pytest.LogCaptureFixture, harm: Callable[[Path], None]
) -> None:
    before = filled(storage)
    index = storage / "index.sqlite3"
    harm(index)
    harmed = index.read_bytes() if index.exists() else b""

    with started(storage) as (archive, rebuilt):
        assert everything(archive) == before
        assert rebuilt is not None
        assert rebuilt.is_complete
        assert rebuilt.noted == 5
        assert archive.recovery is not None
        assert archive.recovery.rebuilt_at == rebuilt.at
        assert not [name for name in open_files() if "(deleted)" in name or ".old-" in name]
        keep(archive, make_header(instance=77))
        archive.labels.add(Level.STUDY, STUDY, "later")

    assert "That is done now, from the files." in caplog.text
    if harmed:
        assert rebuilt.old is not None
        assert rebuilt.old.read_bytes() == harmed
        assert str(rebuilt.old) in caplog.text
    with started(storage) as (archive, rebuilt):
        assert rebuilt is None
        assert counts(archive)["instances"] == 14
        assert archive.labels.of(Level.STUDY, STUDY) == ["exam", "later"]
    assert not (storage / "notes.jsonl.old").exists()


def open_files() -> list[str]:
    found = []
    for path in Path("/proc/self/fd").iterdir():
        with suppress(FileNotFoundError):
            found.append(str(path.readlink()))
    return [name for name in found if "index.sqlite3" in name]


def test_damage_met_while_the_server_runs_is_told_once_and_healed_by_the_next_start(storage: Path) -> None:
    before = filled(storage)
    told: list[bool] = []
    with open_archive(storage) as archive:
        archive.when_damaged(lambda: told.append(True))
        with closing(sqlite3.connect(storage / "index.sqlite3", isolation_level=None)) as other:
            other.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        _random_bytes(storage / "index.sqlite3")
        for _ in range(2):
            with pytest.raises(IndexDamaged):
                list(archive.resources.listing(Level.INSTANCE))
        with pytest.raises((sqlite3.Error, IndexDamaged, UnknownResource)):
            archive.labels.add(Level.STUDY, STUDY, "lost")
        assert told == [True]
    assert (storage / "index.sqlite3.damaged").exists()

    with started(storage) as (archive, rebuilt):
        assert rebuilt is not None
        assert everything(archive) == before
    with started(storage) as (_, rebuilt):
        assert rebuilt is None


def test_an_empty_storage_gets_an_index_without_a_rebuild(storage: Path) -> None:
    with started(storage) as (archive, rebuilt):
        assert rebuilt is None
        assert counts(archive)["instances"] == 0


def test_an_index_of_a_later_version_is_replaced_only_when_somebody_asks(storage: Path) -> None:
    before = filled(storage)
    with closing(sqlite3.connect(storage / "index.sqlite3")) as connection:
        connection.execute("PRAGMA user_version = 9999")

    with pytest.raises(IndexTooNew), open_archive(storage):
        pass
    assert rebuild(storage).is_complete
    with open_archive(storage) as archive:
        assert everything(archive) == before


@pytest.mark.parametrize("is_asked_for", [False, True])
def test_an_index_that_lost_its_log_catches_up_with_files_and_notes(
    tmp_path: Path, storage: Path, is_asked_for: bool
) -> None:
    after = tmp_path / "after"
    with open_archive(storage) as archive:
        fill(archive)
    with open_archive(storage) as archive:
        archive.labels.add(Level.STUDY, STUDY, "later")
        archive.metadata.put(Level.SERIES, SERIES, "1024", "third")
        attach(archive, Level.STUDY, STUDY, b"a better report")
        keep(archive, make_header(instance=77))
        before = everything(archive)
        wait_for_notes(archive)
        shutil.copytree(storage, after)
    (after / "index.sqlite3-wal").unlink()
    (after / "index.sqlite3-shm").unlink()

    if is_asked_for:
        assert rebuild(after).is_complete
    with started(after) as (archive, rebuilt):
        assert rebuilt is None
        assert everything(archive) == before
    lose_index(after)
    with started(after) as (archive, rebuilt):
        assert rebuilt is not None
        assert everything(archive) == before


def test_lines_that_were_written_and_not_settled_take_nothing_back(tmp_path: Path, storage: Path) -> None:
    after = tmp_path / "after"
    with open_archive(storage) as archive:
        fill(archive)
        wait_for_notes(archive)
        archive._notes_mirror._chore.stop()
        archive.labels.add(Level.STUDY, STUDY, "second")
        NotesFile(storage).append([noted for noted in archive.notes.all() if noted.id == STUDY])
        archive.labels.remove(Level.STUDY, STUDY, "second")
        archive.labels.add(Level.STUDY, STUDY, "third")
        before = everything(archive)
        shutil.copytree(storage, after)

    with started(after) as (archive, rebuilt):
        assert rebuilt is None
        assert everything(archive) == before


def wait_for_notes(archive: Archive) -> None:
    """Until everything is mirrored."""

    def is_written() -> bool:
        with archive.index.read() as connection:
            return connection.execute("SELECT 1 FROM notes_outbox").fetchone() is None

    wait_until(is_written)


@pytest.mark.parametrize(
    "seed", [*range(12), *(pytest.param(seed, marks=pytest.mark.proof) for seed in range(12, 200))]
)
def test_a_server_starts_whatever_the_card_did_to_its_index(
    tmp_path: Path, after_a_power_cut: tuple[Path, dict[str, object]], seed: int
) -> None:
    original, before = after_a_power_cut
    storage = shutil.copytree(original, tmp_path / "storage")
    index = storage / "index.sqlite3"
    index.write_bytes(_harmed(index.read_bytes(), random.Random(seed)))

    for _ in range(2):
        with started(storage) as (archive, _):
            try:
                now = everything(archive)
            except IndexDamaged:
                continue  # which the next start heals
            assert now == before
            break
    else:
        pytest.fail("damage that was met is still there after a start")


def _harmed(content: bytes, chance: random.Random) -> bytes:
    """Sectors that were lost, written to the wrong place or filled with rubbish, or a file cut short."""
    harmed = bytearray(content)
    places = range(0, len(content), 512)
    for _ in range(chance.choice([1, 4, 40])):
        place = chance.choice(places)
        other = chance.choice(places)
        harmed[place : place + 512] = chance.choice(
            [bytes(512), b"\xff" * 512, chance.randbytes(512), content[other : other + 512]]
        )
    return bytes(harmed[: chance.randrange(len(content))] if chance.random() < 0.2 else harmed)


@pytest.fixture(scope="module")
def after_a_power_cut(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, object]]:
    """A stopped archive whose index says that it was not, and what is in it."""
    folder = tmp_path_factory.mktemp("filled")
    before = filled(folder)
    with closing(sqlite3.connect(folder / "index.sqlite3")) as connection:
        connection.execute("UPDATE facts SET value = 0 WHERE name = 'clean'")
        connection.commit()
    return folder, before


def test_one_changed_letter_in_the_names_of_the_index_is_damage(storage: Path) -> None:
    before = filled(storage)
    index = storage / "index.sqlite3"
    content = index.read_bytes()
    for name in (b"INSERT INTO notes_outbox (level", b"pixel_data_offset INTEGER", b"CREATE VIEW noted"):
        assert name in content
        index.write_bytes(content.replace(name, name[:-1] + b"\xcc"))

        with started(storage) as (archive, rebuilt):
            assert rebuilt is not None
            assert everything(archive) == before


def test_a_version_that_was_lost_is_damage(storage: Path) -> None:
    before = filled(storage)
    with closing(sqlite3.connect(storage / "index.sqlite3")) as connection:
        connection.execute("PRAGMA user_version = 0")

    with started(storage) as (archive, rebuilt):
        assert rebuilt is not None
        assert everything(archive) == before


def test_a_damaged_index_cannot_have_files_removed(storage: Path) -> None:
    before = filled(storage)
    with closing(sqlite3.connect(storage / "index.sqlite3")) as connection:
        connection.execute("INSERT INTO garbage SELECT file FROM instances")
        connection.commit()
        (root,) = connection.execute("SELECT rootpage FROM sqlite_schema WHERE name = 'changes'").fetchone()
    with (storage / "index.sqlite3").open("r+b") as file:
        file.seek((root - 1) * 4096)
        file.write(bytes(4096))

    assert rebuild(storage).deleted == 0

    with open_archive(storage) as archive:
        assert everything(archive) == before
