"""The scrubber reads everything once a month, gently, and writes nothing in between."""

import os
import sqlite3
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from pacsberry.archive.scrub_record import ScrubRecord
from pacsberry.model import KeepStatus, Level
from pacsberry.upkeep import examining, verifying
from pacsberry.upkeep import scrubber as module
from pacsberry.upkeep.scrubber import Scrubber
from tests.archive.keeping_aids import StoppedClock, counts, keep
from tests.upkeep.aids import INDEX, damaged_folder, execute, file_of, files, fill, open_archive
from tests.upkeep.scrubbing_aids import FAST, completed, flip, scrubbing, until

MONTH = 30 * 86400


@pytest.fixture(autouse=True)
def _in_no_hurry_to_try_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_RETRY_SECONDS", 0.02)
    monkeypatch.setattr(module, "_BUSY_SECONDS", 0.02)


def test_a_sound_archive_is_read_once_and_then_left_alone_for_a_month(tmp_path: Path) -> None:
    fill(tmp_path, 5, attachments=2)
    with open_archive(tmp_path) as archive:
        with scrubbing(archive, tmp_path) as scrubber:
            until(lambda: completed(scrubber))
            status = scrubber.status()
        assert (status.record.files, status.record.found, status.is_running) == (7, 0, False)
        assert status.record.content_bytes == sum(path.stat().st_size for path in files(tmp_path, "*.*"))
        assert status.due_at - status.record.completed_at == MONTH

        with scrubbing(archive, tmp_path, days=60) as scrubber:
            time.sleep(0.1)
            assert scrubber.status().record == status.record
        with scrubbing(archive, tmp_path, days=62) as scrubber:
            until(lambda: scrubber.status().record.completed_at > status.record.completed_at)


def test_what_has_just_been_received_is_not_read_yet(tmp_path: Path) -> None:
    fill(tmp_path)
    with open_archive(tmp_path) as archive, scrubbing(archive, tmp_path, days=29) as scrubber:
        time.sleep(0.1)

        assert scrubber.status().record == ScrubRecord()
        assert not scrubber.status().is_running


@pytest.mark.parametrize("harm", [flip, lambda path: os.truncate(path, 3), Path.unlink], ids=["flip", "cut", "gone"])
def test_a_bad_file_leaves_the_index_and_the_same_instance_can_be_sent_again(
    tmp_path: Path, harm: Callable[[Path], object], caplog: pytest.LogCaptureFixture
) -> None:
    headers = fill(tmp_path)
    path = file_of(tmp_path, headers[2])
    harm(path)
    with open_archive(tmp_path) as archive:
        with scrubbing(archive, tmp_path) as scrubber:
            until(lambda: completed(scrubber))
            assert (scrubber.status().set_aside, scrubber.status().record.found_last) == (1, 1)
        assert counts(archive)["instances"] == 3
        assert counts(archive)["patients"] == 2
        assert not path.exists()
        (note,) = damaged_folder(tmp_path).notes()
        assert note["id"] == headers[2].identifiers.orthanc_id(Level.INSTANCE)
        assert note["tags"]["PatientName"] == "NAME^P3"
        assert (tmp_path / "damaged" / path.name).exists() is (harm is not Path.unlink)
        assert note["id"] in caplog.text

        assert keep(archive, headers[2]).status is KeepStatus.SUCCESS
        assert counts(archive)["instances"] == 4


def test_a_bad_attachment_leaves_its_resource_and_nothing_else_does(tmp_path: Path) -> None:
    headers = fill(tmp_path, attachments=2)
    (first,) = (path for path in files(tmp_path, "*.bin") if path.read_bytes() == b"attached 1024")
    flip(first)

    with open_archive(tmp_path) as archive:
        with scrubbing(archive, tmp_path) as scrubber:
            until(lambda: completed(scrubber))
        patient = headers[0].identifiers.orthanc_id(Level.PATIENT)
        assert [found.number for found in archive.attachments.all(Level.PATIENT, patient)] == [1025]
        assert counts(archive)["instances"] == 4


def test_missing_checksums_are_filled_in(tmp_path: Path) -> None:
    fill(tmp_path, 4)
    execute(tmp_path, "UPDATE instances SET crc32 = NULL WHERE key < 4")

    with open_archive(tmp_path) as archive:
        with scrubbing(archive, tmp_path) as scrubber:
            until(lambda: completed(scrubber))
        for entry in archive.inventory.entries():
            assert entry.crc32 == archive.files.crc32(entry.file)


def test_a_stop_in_the_middle_is_prompt_and_the_next_start_goes_on_there(tmp_path: Path) -> None:
    fill(tmp_path, 6)
    size = files(tmp_path)[0].stat().st_size
    with open_archive(tmp_path) as archive:
        with scrubbing(archive, tmp_path, speed=size) as scrubber:  # a second for each
            until(lambda: scrubber.status().record.files >= 1)
            before = time.monotonic()
        assert time.monotonic() - before < 0.8
        done = ScrubRecord.read(archive.index)
        assert 1 <= done.files < 6

    with open_archive(tmp_path) as archive, scrubbing(archive, tmp_path, speed=FAST) as scrubber:
        until(lambda: completed(scrubber))
        assert scrubber.status().record.files == 6


def test_it_reads_no_faster_than_it_may(tmp_path: Path) -> None:
    fill(tmp_path, 5)
    size = files(tmp_path)[0].stat().st_size
    with open_archive(tmp_path) as archive:
        before = time.monotonic()
        with scrubbing(archive, tmp_path, speed=size * 20) as scrubber:
            until(lambda: completed(scrubber))

    assert time.monotonic() - before >= 0.25


def test_it_waits_while_others_use_the_archive(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_BUSY_SECONDS", 0.3)
    fill(tmp_path, 6)
    name = files(tmp_path)[0].relative_to(tmp_path / "files")
    stop = threading.Event()
    with open_archive(tmp_path) as archive:

        def use() -> None:
            while not stop.wait(0.001):
                archive.files.open(str(name)).close()

        user = threading.Thread(target=use)
        user.start()
        until(archive.activity)
        try:
            with scrubbing(archive, tmp_path) as scrubber:
                time.sleep(0.7)
                assert scrubber.status().record.files == 0
                stop.set()
                until(lambda: completed(scrubber))
        finally:
            stop.set()
            user.join()


def test_nothing_is_written_while_nothing_is_to_be_read(tmp_path: Path) -> None:
    fill(tmp_path)
    with open_archive(tmp_path) as archive:
        with scrubbing(archive, tmp_path) as scrubber:
            until(lambda: completed(scrubber))
        time.sleep(0.1)
        wal = tmp_path / f"{INDEX}-wal"
        before = (wal.stat().st_size, wal.stat().st_mtime_ns)

        with scrubbing(archive, tmp_path, days=40) as scrubber:
            time.sleep(0.1)

        assert (wal.stat().st_size, wal.stat().st_mtime_ns) == before


def test_the_place_is_noted_once_an_hour(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fill(tmp_path, 6)
    noted: list[int] = []
    write = ScrubRecord.write

    def counted(self: ScrubRecord, connection: sqlite3.Connection) -> None:
        noted.append(self.files)
        write(self, connection)

    monkeypatch.setattr(ScrubRecord, "write", counted)
    with open_archive(tmp_path) as archive:
        with scrubbing(archive, tmp_path) as scrubber:
            until(lambda: completed(scrubber))
        assert noted == [6]

    monkeypatch.setattr(module, "_NOTE_SECONDS", 0.0)
    noted.clear()
    with open_archive(tmp_path) as archive:
        with scrubbing(archive, tmp_path, days=80) as scrubber:
            until(lambda: len(noted) >= 7)
        assert noted == [1, 2, 3, 4, 5, 6, 6]


def test_a_card_on_which_everything_is_bad_is_not_emptied(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(examining, "_MOST_SET_ASIDE", 3)
    fill(tmp_path, 8)
    for path in files(tmp_path):
        flip(path)

    with open_archive(tmp_path) as archive:
        with scrubbing(archive, tmp_path) as scrubber:
            until(lambda: scrubber.status().halted)
        assert counts(archive)["instances"] == 5
    assert caplog.text.count("look at the card") == 1


def test_a_folder_that_vanished_is_no_reason_to_empty_the_index(tmp_path: Path) -> None:
    fill(tmp_path, 4)
    with open_archive(tmp_path) as archive:
        (tmp_path / "files" / "00000000").rename(tmp_path / "elsewhere")
        with scrubbing(archive, tmp_path) as scrubber:
            until(lambda: scrubber.status().halted)
        assert counts(archive)["instances"] == 4
        (tmp_path / "elsewhere").rename(tmp_path / "files" / "00000000")


def test_a_file_that_is_deleted_while_it_is_read_is_no_finding(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    headers = fill(tmp_path, 3)
    gone = headers[1].identifiers.orthanc_id(Level.INSTANCE)
    verify = verifying.verify
    with open_archive(tmp_path) as archive:

        def deleted_first(files: object, entry: object, **options: object) -> object:
            if getattr(entry, "resource_id", "") == gone:
                archive.delete(Level.INSTANCE, gone)
                until(lambda: not archive.files.exists(getattr(entry, "file", "")))
            return verify(files, entry, **options)  # type: ignore[arg-type]

        monkeypatch.setattr(examining, "verify", deleted_first)
        with scrubbing(archive, tmp_path) as scrubber:
            until(lambda: completed(scrubber))
            assert scrubber.status().set_aside == 0
    assert "left the index" not in caplog.text


def test_an_error_that_goes_away_at_the_second_look_is_no_finding(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(tmp_path, 3)
    opened = verifying._opened
    failures = [OSError(5, "Input/output error")]

    def shaky(files: object, name: str) -> object:
        if failures:
            raise failures.pop()
        return opened(files, name)  # type: ignore[arg-type]

    monkeypatch.setattr(verifying, "_opened", shaky)
    with open_archive(tmp_path) as archive:
        with scrubbing(archive, tmp_path) as scrubber:
            until(lambda: completed(scrubber))
            assert scrubber.status().set_aside == 0
        assert counts(archive)["instances"] == 3


def test_the_clock_of_a_box_without_one_may_stand_anywhere(tmp_path: Path) -> None:
    fill(tmp_path)
    clock = StoppedClock()
    clock.seconds = 0.0
    with open_archive(tmp_path) as archive:
        scrubber = Scrubber(
            archive, damaged_folder(tmp_path), bytes_per_second=FAST, every_days=30, clock=clock.clock()
        )
        scrubber.start()
        time.sleep(0.05)
        scrubber.stop()

        assert not completed(scrubber)
