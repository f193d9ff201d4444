"""The reading of every kept file in the background: what it finds, what it leaves alone, what it writes."""

import os
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from pacsberry.archive import Archive
from pacsberry.archive.scrub_record import ScrubRecord
from pacsberry.errors import DamagedFile, UnknownResource
from pacsberry.model import Clock, Header, KeepStatus, Level
from pacsberry.upkeep import examining, verifying
from pacsberry.upkeep import scrubber as module
from pacsberry.upkeep.damaged import DamagedFolder
from pacsberry.upkeep.scrubber import Scrubber
from tests.archive.keeping_aids import StoppedClock, counts, encode, keep, make_header
from tests.upkeep.aids import INDEX, attach, damaged_folder, execute, file_of, files, fill, open_archive

MONTH = 30 * 86400
FAST = 10**12


class Calendar:
    """A wall clock that a test sets; the other one runs."""

    def __init__(self) -> None:
        self.ahead = 0.0

    def clock(self) -> Clock:
        return Clock(now=lambda: time.time() + self.ahead, monotonic=lambda: time.monotonic() + self.ahead)


@contextmanager
def scrubbing(
    archive: Archive, folder: Path, *, days: int = 31, speed: int = FAST, maximum_bytes: int = 10**9
) -> Iterator[Scrubber]:
    """A scrubber to which it is `days` later."""
    calendar = Calendar()
    calendar.ahead = days * 86400.0
    scrubber = Scrubber(
        archive,
        damaged_folder(folder, maximum_bytes),
        bytes_per_second=speed,
        every_days=30,
        clock=calendar.clock(),
    )
    scrubber.start()
    try:
        yield scrubber
    finally:
        scrubber.stop()


def until(condition: Callable[[], object]) -> None:
    deadline = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.005)


def completed(scrubber: Scrubber) -> bool:
    return scrubber.status().record.completed_at > 0


def flip(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)


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


def test_what_a_reader_reports_is_verified_at_once_also_with_the_scrub_switched_off(tmp_path: Path) -> None:
    headers = fill(tmp_path, 3)
    path = file_of(tmp_path, headers[0])
    os.truncate(path, 100)
    name = str(path.relative_to(tmp_path / "files"))
    with open_archive(tmp_path) as archive, scrubbing(archive, tmp_path, speed=0, days=0) as scrubber:
        with pytest.raises(DamagedFile, match="100 bytes instead of"):
            archive.files.open(name, len(encode(headers[0])))
        until(lambda: scrubber.status().set_aside == 1)

        with pytest.raises(UnknownResource):
            archive.resources.describe(Level.INSTANCE, headers[0].identifiers.orthanc_id(Level.INSTANCE))
        assert counts(archive)["instances"] == 2


def test_a_false_report_changes_nothing(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    headers = fill(tmp_path, 3)
    name = str(file_of(tmp_path, headers[0]).relative_to(tmp_path / "files"))
    with open_archive(tmp_path) as archive, scrubbing(archive, tmp_path, speed=0) as scrubber:
        scrubber.suspect(name)
        scrubber.suspect("00000000/nobody.dcm")
        until(lambda: "is good" in caplog.text)

        assert scrubber.status().set_aside == 0
        assert counts(archive)["instances"] == 3


def test_a_power_cut_between_the_move_and_the_index_is_finished_at_the_next_start(tmp_path: Path) -> None:
    headers = fill(tmp_path, 3)
    path = file_of(tmp_path, headers[1])
    name = str(path.relative_to(tmp_path / "files"))
    identifier = headers[1].identifiers.orthanc_id(Level.INSTANCE)
    damaged_folder(tmp_path).put(path, {"file": name, "id": identifier})

    with open_archive(tmp_path) as archive:
        with pytest.raises(UnknownResource):
            archive.files.open(name)
        with scrubbing(archive, tmp_path, speed=0):
            until(lambda: counts(archive)["instances"] == 2)


def test_a_power_cut_after_the_note_leaves_the_file_where_it_is(tmp_path: Path) -> None:
    headers = fill(tmp_path, 3)
    path = file_of(tmp_path, headers[1])
    folder = damaged_folder(tmp_path)
    folder.put(path, {"file": str(path.relative_to(tmp_path / "files")), "id": _id(headers[1])})
    (tmp_path / "damaged" / path.name).rename(path)

    with open_archive(tmp_path) as archive:
        with scrubbing(archive, tmp_path, speed=0):
            time.sleep(0.1)
        assert counts(archive)["instances"] == 3


def test_when_the_card_is_full_the_file_stays_and_is_tried_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    headers = fill(tmp_path, 3)
    flip(file_of(tmp_path, headers[1]))
    tries: list[int] = []
    write_note = DamagedFolder._write_note

    def full(self: DamagedFolder, name: str, facts: dict[str, object]) -> None:
        tries.append(1)
        if len(tries) < 3:
            raise OSError(28, "No space left on device")
        write_note(self, name, facts)

    monkeypatch.setattr(DamagedFolder, "_write_note", full)
    with open_archive(tmp_path) as archive:
        with scrubbing(archive, tmp_path) as scrubber:
            until(lambda: completed(scrubber))
        assert counts(archive)["instances"] == 2
    assert caplog.text.count("No space left") == 2


def test_what_was_in_memory_before_stays_there_and_the_rest_is_dropped(tmp_path: Path) -> None:
    headers = fill(tmp_path, 3)
    with open_archive(tmp_path) as archive:
        entries = {entry.resource_id: entry for entry in archive.inventory.entries()}
        looked_at, other, third = (entries[_id(header)] for header in headers)
        for entry in entries.values():
            descriptor = os.open(archive.files.path(entry.file), os.O_RDONLY)
            os.fsync(descriptor)
            os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)
            os.close(descriptor)
        if verifying.is_cached(archive.files, third):  # to ask has the system read it in
            pytest.skip("this file system keeps what it holds in memory")
        with archive.files.open(looked_at.file) as file:
            file.read()
        with scrubbing(archive, tmp_path) as scrubber:
            until(lambda: completed(scrubber))

        assert verifying.is_cached(archive.files, looked_at)
        assert not verifying.is_cached(archive.files, other)


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


def _id(header: Header) -> str:
    return header.identifiers.orthanc_id(Level.INSTANCE)


def test_one_attached_to_what_was_set_aside_goes_with_it(tmp_path: Path) -> None:
    header = make_header()
    with open_archive(tmp_path) as archive:
        keep(archive, header)
        attach(archive, header, level=Level.INSTANCE)
        archive.statistics.total()
        flip(files(tmp_path)[0])
        with scrubbing(archive, tmp_path) as scrubber:
            until(lambda: completed(scrubber))
        assert counts(archive)["instances"] == 0
        until(lambda: files(tmp_path, "*.bin") == [])


def test_what_is_reported_does_not_wait_for_the_end_of_a_pass(tmp_path: Path) -> None:
    headers = fill(tmp_path, 6)
    path = file_of(tmp_path, headers[5])
    size = path.stat().st_size
    os.truncate(path, 100)
    with open_archive(tmp_path) as archive, scrubbing(archive, tmp_path, speed=size * 5) as scrubber:
        until(lambda: scrubber.status().is_running)

        scrubber.suspect(str(path.relative_to(tmp_path / "files")))

        until(lambda: scrubber.status().set_aside)
        assert scrubber.status().record.files < 5


def test_reports_are_bounded_and_a_halt_is_said_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(examining, "_MOST_SET_ASIDE", 0)
    monkeypatch.setattr(module, "_MOST_SUSPECTS", 2)
    fill(tmp_path, 4)
    names = [str(path.relative_to(tmp_path / "files")) for path in files(tmp_path)]
    for path in files(tmp_path):
        flip(path)
    with open_archive(tmp_path) as archive:
        scrubber = Scrubber(
            archive, damaged_folder(tmp_path), bytes_per_second=0, every_days=30, clock=Calendar().clock()
        )
        for name in names:
            scrubber.suspect(name)
        assert len(scrubber._suspects) == 2
        scrubber.start()
        until(lambda: not scrubber._suspects)
        scrubber.stop()

        assert counts(archive)["instances"] == 4
    assert caplog.text.count("look at the card") == 1
    assert caplog.text.count("is good") == 0
    assert scrubber._examiner is not None
    assert scrubber._examiner.set_aside == 0
