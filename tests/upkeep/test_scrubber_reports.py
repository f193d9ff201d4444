"""What a reader reports is verified at once; power cuts and a full card in the middle of setting a file aside."""

import os
import time
from pathlib import Path

import pytest

from pacsberry.errors import DamagedFile, UnknownResource
from pacsberry.model import Header, Level
from pacsberry.upkeep import examining, verifying
from pacsberry.upkeep import scrubber as module
from pacsberry.upkeep.damaged import DamagedFolder
from pacsberry.upkeep.scrubber import Scrubber
from tests.archive.keeping_aids import counts, encode, keep, make_header
from tests.upkeep.aids import attach, damaged_folder, file_of, files, fill, open_archive
from tests.upkeep.scrubbing_aids import Calendar, completed, flip, scrubbing, until


@pytest.fixture(autouse=True)
def _in_no_hurry_to_try_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_RETRY_SECONDS", 0.02)
    monkeypatch.setattr(module, "_BUSY_SECONDS", 0.02)


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
