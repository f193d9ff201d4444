"""The index is made anew from the files and the notes when somebody asks: nothing that can be known is lost."""

import os
import random
import shutil
import sqlite3
import tempfile
import time
import uuid
from contextlib import closing
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest

from pacsberry.archive import Archive, notes_mirror, rebuilding
from pacsberry.archive.note import Note, NotedFile
from pacsberry.errors import UnknownResource
from pacsberry.model import Level, OverwritePolicy
from tests.archive.keeping_aids import (
    SETTINGS,
    changes,
    encode,
    files_on_card,
    keep,
    make_header,
    open_archive,
)
from tests.archive.rebuilding_aids import (
    INSTANCE,
    PATIENT,
    SERIES,
    STUDY,
    attach,
    content,
    everything,
    fill,
    filled,
    lose_index,
    rebuild,
    started,
    wait_until,
)

STRAY = "01234567-89ab-cdef-0123-456789abcdef"


@pytest.fixture(autouse=True)
def _hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(notes_mirror, "_GATHER_SECONDS", 0.0)


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
