"""The index is made anew from the files and the notes: after damage by itself at a start, or when somebody asks."""

import json
import os
import random
import shutil
import sqlite3
import subprocess
import tempfile
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import BinaryIO

import pytest

from pacsberry.archive import Archive, ArchiveSettings, Reading, notes_mirror, rebuilding
from pacsberry.archive.index_files import IndexFiles
from pacsberry.archive.note import Note, NotedFile
from pacsberry.archive.notes_file import NotesFile
from pacsberry.archive.rebuild_report import Rebuilt
from pacsberry.errors import IndexDamaged, IndexTooNew, NoRoom, UnknownResource
from pacsberry.model import Header, Level, OverwritePolicy
from tests.archive.keeping_aids import (
    SETTINGS,
    changes,
    counts,
    decode,
    encode,
    files_on_card,
    keep,
    make_header,
    open_archive,
)

IDS = make_header().identifiers
PATIENT, STUDY, SERIES, INSTANCE = (IDS.orthanc_id(level) for level in Level)
STRAY = "01234567-89ab-cdef-0123-456789abcdef"


@pytest.fixture(autouse=True)
def _hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(notes_mirror, "_GATHER_SECONDS", 0.0)


def fill(archive: Archive) -> None:
    """Three patients and facts of every kind."""
    for patient in range(3):
        for instance in range(4):
            keep(archive, make_header(f"Q{patient}", f"1.{patient}", f"1.{patient}.{instance % 2}", instance))
    keep(archive, make_header())
    archive.labels.add(Level.STUDY, STUDY, "exam")
    archive.labels.add(Level.INSTANCE, INSTANCE, "exam")
    for value in ("first", "second"):
        archive.metadata.put(Level.SERIES, SERIES, "1024", value)
    archive.index.write(
        lambda connection: connection.execute("INSERT INTO metadata VALUES (1, 1, 5, 'aaaaaaaa-0-0-0-1', 0)").close()
    )
    archive.protection.protect(Level.PATIENT, PATIENT, protected=True)
    archive.protection.protect(Level.SERIES, SERIES, protected=True)
    attach(archive, Level.STUDY, STUDY, b"report")


def attach(archive: Archive, level: Level, resource_id: str, content: bytes, number: int = 1025) -> None:
    with archive.spool() as spool:
        spool.write(content)
        archive.attachments.put(level, resource_id, str(number), spool)


def everything(archive: Archive) -> dict[str, object]:
    """All that can be read of an archive, in the order of its lists; but moments, and what only this run knows."""
    found: dict[str, object] = {"statistics": archive.statistics.total(), "labels": archive.labels.in_use()}
    for level in Level:
        listed = json.loads(b"".join(archive.resources.listing(level)))
        for one in listed:
            for moment in ("LastUpdate", "IsStable"):
                one.pop(moment, None)
            metadata = archive.metadata.all(level, one["ID"])
            facts = {
                number: (known.value, known.revision)
                for number, known in metadata.items()
                if number not in (2, 7, 19)  # ReceptionDate, LastUpdate, PatientRecyclingOrder
            }
            attached = [
                (each.number, each.file, each.size, each.revision, content(archive, each.file))
                for each in archive.attachments.all(level, one["ID"])
            ]
            found[one["ID"]] = (one, facts, attached)
    return found


def content(archive: Archive, file: str) -> bytes:
    with archive.files.open(file) as opened:
        return opened.read()


def filled(folder: Path, settings: ArchiveSettings = SETTINGS) -> dict[str, object]:
    """Make an archive in a folder; what is in it."""
    with open_archive(folder, settings) as archive:
        fill(archive)
        return everything(archive)


def lose_index(folder: Path) -> None:
    for path in folder.glob("index.sqlite3*"):
        path.unlink()


def rebuild(folder: Path, settings: ArchiveSettings = SETTINGS, *, checksums: bool = False) -> Rebuilt:
    """As `pacsberry rebuild-index`."""
    archive = Archive(storage=folder, index=folder / "index.sqlite3", settings=settings)
    return archive.rebuild_index(checksums=checksums)


@contextmanager
def started(folder: Path, settings: ArchiveSettings = SETTINGS) -> Iterator[tuple[Archive, Rebuilt | None]]:
    """An archive, and the rebuild that its start needed."""
    archive = Archive(storage=folder, index=folder / "index.sqlite3", settings=settings)
    found = archive.start()
    try:
        yield archive, found.rebuilt
    finally:
        archive.stop()


# --- by itself -----------------------------------------------------------------------------------------------


def _random_bytes(index: Path) -> None:
    with index.open("r+b") as file:
        for page in range(1, index.stat().st_size // 4096):
            file.seek(page * 4096)
            file.write(random.Random(page).randbytes(512))


def _random_header(index: Path) -> None:
    with index.open("r+b") as file:
        file.write(random.Random(1).randbytes(4096))


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


@pytest.mark.parametrize("harm", [_random_bytes, _random_header, _cut_short, _emptied, _foreign, _missing, _met_damage])
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


def wait_until(is_so: Callable[[], bool]) -> None:
    limit = time.monotonic() + 30
    while not is_so():
        assert time.monotonic() < limit
        time.sleep(0.01)


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


# --- asked for -----------------------------------------------------------------------------------------------


def test_a_sound_index_is_made_anew_as_it_was(storage: Path) -> None:
    before = filled(storage)

    first = rebuild(storage)
    second = rebuild(storage)

    assert first.is_complete
    assert first.found == {"patients": 4, "studies": 4, "series": 7, "instances": 13}
    assert second.old is not None
    assert list(storage.glob("index.sqlite3.old*")) == [second.old]
    assert sorted(path.name for path in storage.glob("index.sqlite3*")) == ["index.sqlite3", second.old.name]
    with started(storage) as (archive, rebuilt):
        assert rebuilt is None
        assert everything(archive) == before


def test_a_kill_before_the_rebuild_loses_nothing(tmp_path: Path, storage: Path) -> None:
    after = tmp_path / "after"
    with open_archive(storage, replace(SETTINGS, batch_seconds=3600)) as archive:
        fill(archive)
        archive._notes_mirror._chore.stop()
        archive.labels.add(Level.STUDY, STUDY, "not-in-the-notes-yet")
        keep(archive, make_header(instance=77))
        shutil.copytree(storage, after)
        before = everything(archive)

    assert rebuild(after).is_complete

    with open_archive(after) as archive:
        assert everything(archive) == before


def test_deleted_files_do_not_come_back_and_change_numbers_go_on(storage: Path) -> None:
    with open_archive(storage) as archive:
        fill(archive)
        archive._remover.stop()
        archive.delete(Level.PATIENT, PATIENT)
        last = archive.changes.page(last=True)["Last"]
        before = everything(archive)
    assert len(files_on_card(storage)) == 14

    found = rebuild(storage)

    assert found.deleted == 1
    with open_archive(storage) as archive:
        assert everything(archive) == before
        changes_now = archive.changes.page(limit=1)["Changes"]
        assert isinstance(changes_now, list)
        assert changes_now[0]["Seq"] > last
        wait_until(lambda: len(files_on_card(storage)) == 12)


def test_what_was_deleted_and_sent_again_does_not_get_its_old_notes(storage: Path) -> None:
    with open_archive(storage) as archive:
        fill(archive)
        archive.delete(Level.PATIENT, PATIENT)
        keep(archive, make_header())
        before = everything(archive)
    lose_index(storage)

    with open_archive(storage) as archive:
        assert everything(archive) == before
        assert archive.labels.in_use() == []


def test_the_order_of_reception_counts_not_the_order_of_files(storage: Path) -> None:
    received = [3, 0, 4, 1, 2]
    with open_archive(storage) as archive:
        for patient in range(5):
            keep(archive, make_header(f"P{patient}", f"1.{patient}", f"1.{patient}.1"))
            keep(archive, make_header(f"P{patient}", f"1.{patient}", f"1.{patient}.1", 2))
        for patient, moment in enumerate(received):
            for instance in archive.resources.instance_files(Level.PATIENT, patient_id(patient)):
                seconds = 1_600_000_000 + 1000 * moment + (1 if instance.main_tags[3]["InstanceNumber"] == "2" else 0)
                os.utime(archive.files.path(instance.file), ns=(0, seconds * 10**9))
    order = [patient_id(patient) for patient in sorted(range(5), key=lambda one: received[one])]

    rebuild(storage)

    with open_archive(storage) as archive:
        assert list(archive.resources.ids(Level.PATIENT)) == order
        with archive.index.read() as connection:
            assert [row[0] for row in connection.execute("SELECT id FROM patients ORDER BY arrival")] == order
        for place, one in enumerate(order):
            last = archive.resources.describe(Level.PATIENT, one)["LastUpdate"]
            assert last == time.strftime("%Y%m%dT%H%M%S", time.gmtime(1_600_000_001 + 1000 * place))
            dates = [
                archive.metadata.get(Level.INSTANCE, child, "ReceptionDate").value for child in children(archive, one)
            ]
            assert max(dates) == last
            assert min(dates) < last


@pytest.mark.parametrize(
    ("seconds", "told"), [(-(10**9), "19700101T000000"), (14 * 10**9, "24130823T005320"), (2**40, "99991231T235959")]
)
def test_a_card_whose_clock_was_wrong_is_indexed_all_the_same(seconds: int, told: str) -> None:
    with tempfile.TemporaryDirectory(dir="/dev/shm") as folder:  # tmpfs takes any time, and so may a card
        storage = Path(folder)
        before = filled(storage)
        os.utime(next(path for path in files_on_card(storage) if path.suffix == ".dcm"), (seconds, seconds))

        rebuild(storage)

        with open_archive(storage) as archive:
            assert sorted(everything(archive)) == sorted(before)
            instances = archive.resources.ids(Level.INSTANCE)
            assert told in [archive.metadata.get(Level.INSTANCE, one, "ReceptionDate").value for one in instances]
            for level in Level:
                for one in archive.resources.ids(level):
                    assert archive.resources.describe(level, one)


def patient_id(number: int) -> str:
    return make_header(f"P{number}").identifiers.orthanc_id(Level.PATIENT)


def children(archive: Archive, patient: str) -> list[str]:
    return list(archive.resources.children(Level.PATIENT, patient, Level.INSTANCE))


@pytest.mark.parametrize(("policy", "wins"), [(OverwritePolicy.NEVER, b"older"), (OverwritePolicy.ALWAYS, b"newer")])
def test_of_two_files_of_an_instance_the_one_stays_that_the_overwrite_policy_would_have_kept(
    storage: Path, policy: OverwritePolicy, wins: bytes
) -> None:
    settings = replace(SETTINGS, overwrite=policy)
    with open_archive(storage, settings) as archive:
        keep(archive, make_header(), encode(make_header()) + b"older")
    (first,) = files_on_card(storage)
    second = first.with_name(f"00000000{first.name[8:]}")  # before it in the folder
    second.write_bytes(encode(make_header()) + b"newer")
    os.utime(first, (1_600_000_000, 1_600_000_000))

    found = rebuild(storage, settings)

    assert found.duplicates == 1
    with open_archive(storage, settings) as archive:
        (kept,) = archive.resources.instance_files(Level.INSTANCE, INSTANCE)
        assert content(archive, kept.file).endswith(wins)
        wait_until(lambda: len(files_on_card(storage)) == 1)


def test_what_cannot_be_recovered_is_named_and_nothing_of_it_is_removed(storage: Path) -> None:
    filled(storage)
    lose_index(storage)
    bucket = storage / "files" / "00000000"
    (bucket / f"{STRAY}.dcm").write_bytes(b"holiday picture")
    (bucket / f"{STRAY}.bin").write_bytes(b"a report of nobody")
    with (storage / "notes.jsonl").open("a") as notes:
        notes.write('{"v":1,"level":"study","id":"41ed2c8e","labels":["exam"]}\n')
        notes.write(Note(Level.STUDY, "f" * 8 + "-00000000" * 4, labels=("gone",)).to_line() + "\n")
        lost = NotedFile(1024, f"00000000/{uuid.uuid4()}.bin", 3, "", None, None, 0)
        notes.write(Note(Level.PATIENT, PATIENT, protected=True, attachments=(lost,)).to_line() + "\n")
        notes.write('{"v":1,"level":"stu')
    said = (storage / "notes.jsonl").read_text()

    found = rebuild(storage)

    assert not found.is_complete
    assert found.unreadable.first == [f"00000000/{STRAY}.dcm"]
    assert found.unclaimed.first == [f"00000000/{STRAY}.bin"]
    last = len(said.splitlines())
    assert [line.split(":")[0] for line in found.bad_notes.first] == [f"line {last - 3}", f"line {last}"]
    assert found.gone.first == ["study ffffffff-00000000-00000000-00000000-00000000"]
    assert len(found.unlinked.first) == 1
    assert lost.file in found.unlinked.first[0]
    text = "\n".join(found.lines())
    for name in (f"{STRAY}.dcm", f"{STRAY}.bin", "ffffffff-", lost.file, f"line {last}"):
        assert name in text
    for _ in range(3):
        with open_archive(storage) as archive:
            keep(archive, make_header(instance=random.Random().randrange(100, 10**6)))
            assert archive.labels.of(Level.STUDY, STUDY) == ["exam"]
            assert archive.protection.is_protected(Level.PATIENT, PATIENT)
    assert (bucket / f"{STRAY}.dcm").exists()
    assert (bucket / f"{STRAY}.bin").exists()
    assert (storage / "notes.jsonl.old").read_text() == said
    assert rebuild(storage).gone.count == 0


def test_only_the_last_state_of_a_resource_counts(storage: Path) -> None:
    filled(storage)
    lose_index(storage)
    other = Note(Level.STUDY, STUDY, labels=("part-2",), metadata={1030: ("x", 3)}, more=True)
    with (storage / "notes.jsonl").open("a") as notes:
        notes.write(other.to_line() + "\n")  # of a state that a later line replaces
        notes.write(Note(Level.STUDY, STUDY, labels=("part-1",)).to_line() + "\n")
        notes.write(Note(Level.SERIES, SERIES).to_line() + "\n")
        notes.write(replace(other, metadata={1031: ("y", 0)}).to_line() + "\n")

    with open_archive(storage) as archive:
        assert archive.labels.of(Level.STUDY, STUDY) == ["part-1", "part-2"]
        named = archive.metadata.all(Level.STUDY, STUDY)
        assert named[1031].value == "y"
        assert 1030 not in named
        assert 5 not in named
        assert not archive.protection.is_protected(Level.SERIES, SERIES)


def test_checksums_are_read_only_when_asked_for(storage: Path) -> None:
    filled(storage)
    with closing(sqlite3.connect(storage / "index.sqlite3")) as connection:
        known = connection.execute("SELECT id, crc32 FROM instances ORDER BY id").fetchall()

    rebuild(storage)
    with closing(sqlite3.connect(storage / "index.sqlite3")) as connection:
        assert connection.execute("SELECT DISTINCT crc32 FROM instances").fetchall() == [(None,)]
    rebuild(storage, replace(SETTINGS, store_md5=True), checksums=True)

    with closing(sqlite3.connect(storage / "index.sqlite3")) as connection:
        assert connection.execute("SELECT id, crc32 FROM instances ORDER BY id").fetchall() == known
        assert connection.execute("SELECT min(length(md5)) FROM instances").fetchone() == (32,)


def test_progress_is_told_from_nothing_to_all(storage: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    filled(storage)
    monkeypatch.setattr(rebuilding, "_BATCH", 4)
    told: list[tuple[int, int, int]] = []

    archive = Archive(storage=storage, index=storage / "index.sqlite3", settings=SETTINGS)
    archive.rebuild_index(progress=lambda *amounts: told.append(amounts))

    total = sum(path.stat().st_size for path in files_on_card(storage) if path.suffix == ".dcm")
    assert [files for files, _, _ in told] == [0, 4, 8, 12, 13]
    assert told[0][1:] == (0, total)
    assert told[-1][1:] == (total, total)


def test_the_change_log_tells_of_everything_as_new(storage: Path) -> None:
    filled(storage)

    rebuild(storage)

    with open_archive(storage) as archive:
        assert changes(archive).count("NewInstance") == 13
        assert changes(archive).count("NewPatient") == 4


# --- in the middle -------------------------------------------------------------------------------------------


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
@pytest.mark.parametrize("harm", [None, _random_header])
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


# --- whatever happened before --------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(4))
def test_after_whatever_happened_everything_that_can_be_read_is_the_same(storage: Path, seed: int) -> None:
    _whatever_happens(storage, seed, steps=120)


@pytest.mark.proof
@pytest.mark.parametrize("seed", range(100, 112))
def test_after_much_that_happened_everything_that_can_be_read_is_the_same(storage: Path, seed: int) -> None:
    _whatever_happens(storage, seed, steps=800)


def is_tidy(archive: Archive) -> bool:
    """Whether the files of everything deleted are gone: without an index nobody knows that they should go."""
    return not archive.candidates.has_garbage()


def _whatever_happens(storage: Path, seed: int, steps: int) -> None:
    chance = random.Random(seed)
    settings = replace(SETTINGS, overwrite=chance.choice(list(OverwritePolicy)), compression=chance.random() < 0.5)
    archive = Archive(storage=storage, index=storage / "index.sqlite3", settings=settings)
    archive.start()
    for _ in range(steps):
        if chance.random() < 0.03:
            wait_until(partial(is_tidy, archive))
            archive.stop()
            if chance.random() < 0.3:
                lose_index(storage)
            elif chance.random() < 0.3:
                rebuild(storage, settings)
            archive = Archive(storage=storage, index=storage / "index.sqlite3", settings=settings)
            archive.start()
        _something_happens(archive, chance)
    before = everything(archive)
    wait_until(partial(is_tidy, archive))
    archive.stop()
    lose_index(storage)

    with started(storage, settings) as (archive, rebuilt):
        assert everything(archive) == before
        assert rebuilt is None or rebuilt.is_complete


def _something_happens(archive: Archive, chance: random.Random) -> None:
    patient, study, series = (chance.randrange(3) for _ in range(3))
    header = make_header(f"P{patient}", f"1.{patient}.{study}", f"1.{patient}.{study}.{series}", chance.randrange(1, 4))
    level = chance.choice(list(Level))
    resource_id = header.identifiers.orthanc_id(level)
    deed = chance.randrange(11)
    try:
        if deed < 4:
            keep(archive, header, encode(header) + chance.randbytes(3).hex().encode())
        elif deed == 4:
            archive.labels.add(level, resource_id, chance.choice(["exam", "week-1", "week-2"]))
        elif deed == 5:
            archive.labels.remove(level, resource_id, chance.choice(["exam", "week-1", "week-2"]))
        elif deed == 6:
            archive.metadata.put(level, resource_id, str(chance.randrange(1024, 1027)), f"value {chance.random()} é\n")
        elif deed == 7:
            attach(archive, level, resource_id, chance.randbytes(50), chance.randrange(1024, 1026))
        elif deed == 8 and level is not Level.INSTANCE:
            archive.protection.protect(level, resource_id, protected=chance.random() < 0.6)
        elif deed == 9:
            name = "dicom" if level is Level.INSTANCE and chance.random() < 0.7 else "1024"
            archive.repacking.change(level, resource_id, name, packed=chance.random() < 0.5)
        elif chance.random() < 0.4:
            archive.delete(level, resource_id)
        elif chance.random() < 0.5:
            archive.metadata.delete(level, resource_id, "1024")
        else:
            archive.attachments.delete(level, resource_id, "1024")
    except UnknownResource:
        pass
