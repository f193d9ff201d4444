"""A file system that is full to the last byte, at every write: a clear refusal, nothing half-kept, and on it goes."""

import errno
import json
import logging
import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from pacsberry.archive import Archive, filestore
from pacsberry.archive.room import BALLAST_NAME
from pacsberry.cli.logs import _file_handler
from pacsberry.errors import NoRoom
from pacsberry.ingest import Quarantine
from pacsberry.model import KeepStatus, Level
from tests.archive.keeping_aids import RECEIPT, counts, encode, keep, open_archive
from tests.archive.seed import Series, seed, study
from tests.flows.programs import wait_until
from tests.recycler.aids import MEGABYTE, RESERVED, keep_megabytes, of
from tests.small_disk import fill, free_bytes, small_disk

UNHURRIED = replace(RESERVED, batch_seconds=3600.0)  # the index takes no room, and gives up no ballast, in between


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    with small_disk(tmp_path, 64) as point:
        yield point


def names(disk: Path) -> list[str]:
    """The files under final names, and what lies in the spool."""
    return sorted(path.name for folder in ("files", "spool") for path in (disk / folder).rglob("*") if path.is_file())


def whole(archive: Archive) -> int:
    """How many instances there are; each has its file, of its size, and there is no other file."""
    with archive.index.read() as connection:
        rows = connection.execute("SELECT file, size FROM instances").fetchall()
    assert [archive.files.path(name).stat().st_size for name, _ in rows] == [size for _, size in rows]
    assert len(names(archive.files.storage)) == len(rows)
    return len(rows)


def test_while_it_is_spooled(disk: Path) -> None:
    with open_archive(disk, RESERVED) as archive:
        keep(archive, of(1))
        with archive.spool() as spool:
            spool.write(bytes(100_000))
            others = fill(disk, leave=0)

            with pytest.raises(NoRoom, match="Delete studies"):
                spool.write(bytes(4_000_000))

        assert whole(archive) == 1
        others.unlink()
        assert keep(archive, of(2)).status is KeepStatus.SUCCESS


@pytest.mark.parametrize("call", ["fdatasync", "fsync"])
def test_while_it_is_synced(disk: Path, monkeypatch: pytest.MonkeyPatch, call: str) -> None:
    def full(descriptor: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with open_archive(disk, RESERVED) as archive:
        keep(archive, of(1))
        with monkeypatch.context() as patched:
            patched.setattr(os, call, full)
            with pytest.raises(NoRoom, match="full"):
                keep(archive, of(2))

        assert whole(archive) == 1
        assert keep(archive, of(2)).status is KeepStatus.SUCCESS
    with open_archive(disk, RESERVED) as archive:
        assert whole(archive) == 2


def test_when_a_new_bucket_is_needed(disk: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(filestore, "FILES_PER_BUCKET", 2)
    with open_archive(disk, UNHURRIED) as archive:
        keep(archive, of(1))
        keep(archive, of(2))
        with archive.spool() as spool:
            spool.write(encode(of(3)))
            others = fill(disk, leave=0)

            with pytest.raises(NoRoom):
                archive.keep(spool, of(3), RECEIPT)

        assert whole(archive) == 2
        others.unlink()
        keep(archive, of(3))
        assert whole(archive) == 3
        assert len(list((disk / "files").iterdir())) == 2


def test_when_the_index_is_committed(disk: Path) -> None:
    with open_archive(disk, UNHURRIED) as archive:
        for instance in range(1, 400):
            keep(archive, of(1, instance))
        fill(disk, leave=0)

        assert counts(archive)["instances"] == 399
        assert not (disk / BALLAST_NAME).exists()
        with pytest.raises(NoRoom):
            archive.spool()


def test_facts_of_users_are_kept_and_mirrored_when_there_is_room_again(disk: Path) -> None:
    patient = of(1).identifiers.orthanc_id(Level.PATIENT)
    with open_archive(disk, RESERVED) as archive:
        keep(archive, of(1))
        archive.index.write(lambda connection: None)
        others = fill(disk, leave=0)

        archive.protection.protect(Level.PATIENT, patient, protected=True)
        archive.labels.add(Level.PATIENT, patient, "exam")

        assert archive.protection.is_protected(Level.PATIENT, patient)
        others.unlink()
    with open_archive(disk, RESERVED) as archive:
        assert archive.protection.is_protected(Level.PATIENT, patient)
        assert archive.labels.of(Level.PATIENT, patient) == ["exam"]


def test_an_attachment_is_refused_and_leaves_nothing(disk: Path) -> None:
    patient = of(1).identifiers.orthanc_id(Level.PATIENT)
    with open_archive(disk, RESERVED) as archive:
        keep(archive, of(1))
        archive.index.write(lambda connection: None)
        with archive.spool() as spool:
            spool.write(b"report")
            fill(disk, leave=0)
            archive.room.give_up_ballast()
            fill(disk, leave=0, name="more")
            _eat_the_log(archive, disk)

            with pytest.raises(NoRoom):
                archive.attachments.put(Level.PATIENT, patient, "1024", spool)

        assert len(names(disk)) == 1
        assert archive.attachments.all(Level.PATIENT, patient) == []


def test_the_quarantine_keeps_both_files_or_none(disk: Path) -> None:
    with open_archive(disk, RESERVED) as archive:
        quarantine = Quarantine(disk / "quarantine", maximum_bytes=MEGABYTE)
        (disk / "quarantine").mkdir()
        with archive.spool() as spool:
            spool.write(b"no DICOM")
            others = fill(disk, leave=0)

            assert quarantine.put(spool, RECEIPT, "it is no DICOM") is None

        assert list((disk / "quarantine").iterdir()) == []
        assert names(disk) == []
        others.unlink()
        with archive.spool() as spool:
            spool.write(b"no DICOM")
            path = quarantine.put(spool, RECEIPT, "it is no DICOM")
        assert path is not None
        assert json.loads(path.with_suffix(".json").read_text())["reason"] == "it is no DICOM"


def test_the_log_waits_for_room_and_goes_on(disk: Path, capsys: pytest.CaptureFixture[str]) -> None:
    handler = _file_handler(disk / "log" / "pacsberry.log", maximum_bytes=10 * MEGABYTE, kept=1)
    logger = logging.getLogger("pacsberry.test_full_disk")
    logger.propagate = False
    logger.addHandler(handler)
    logger.warning("before")
    others = fill(disk, leave=0)

    for _ in range(200):
        logger.warning("x" * 1000)
    others.unlink()
    logger.warning("after")

    logger.removeHandler(handler)
    handler.close()
    assert "No space left" in capsys.readouterr().err
    lines = (disk / "log" / "pacsberry.log").read_text().splitlines()
    assert lines[0] == "before"
    assert lines[-1] == "after"


def test_a_large_patient_can_be_deleted_with_no_byte_left(disk: Path) -> None:
    headers = list(study("BIG", "1.2.3", series=[Series("CT", 1500)]))
    patient = headers[0].identifiers.orthanc_id(Level.PATIENT)
    with open_archive(disk, RESERVED) as archive:
        seed(archive, headers)
    with open_archive(disk, RESERVED) as archive:
        fill(disk, leave=0)
        assert free_bytes(disk) < 4096

        archive.delete(Level.PATIENT, patient)

        assert counts(archive) == {"patients": 0, "studies": 0, "series": 0, "instances": 0}


def test_the_deletion_needs_the_ballast(disk: Path) -> None:
    headers = list(study("BIG", "1.2.3", series=[Series("CT", 1500)]))
    patient = headers[0].identifiers.orthanc_id(Level.PATIENT)
    without = replace(RESERVED, reserve_bytes=0)
    with open_archive(disk, without) as archive:
        seed(archive, headers)
    with open_archive(disk, without) as archive:
        others = fill(disk, leave=0)

        with pytest.raises(NoRoom):
            archive.delete(Level.PATIENT, patient)

        assert counts(archive)["instances"] == 1500
        others.unlink()
        archive.delete(Level.PATIENT, patient)


def test_after_room_was_made_it_goes_on_and_holds_its_ballast_again(disk: Path) -> None:
    with open_archive(disk, RESERVED) as archive:
        keep_megabytes(archive, 1, 8)
        others = fill(disk, leave=0)
        with pytest.raises(NoRoom):
            archive.spool()
        archive.delete(Level.PATIENT, of(1).identifiers.orthanc_id(Level.PATIENT))
        others.unlink()

        keep(archive, of(2))

        wait_until(lambda: len(names(disk)) == 1)
        assert whole(archive) == 1
        assert (disk / BALLAST_NAME).stat().st_size == RESERVED.reserve_bytes


def test_a_start_on_a_full_disk_comes_up_to_delete_and_to_show(disk: Path) -> None:
    with open_archive(disk, RESERVED) as archive:
        keep_megabytes(archive, 1, 4)
        keep_megabytes(archive, 2, 4)
    fill(disk, leave=0)

    with open_archive(disk, RESERVED) as archive:
        assert whole(archive) == 8
        with pytest.raises(NoRoom):
            archive.spool()
        archive.delete(Level.PATIENT, of(1).identifiers.orthanc_id(Level.PATIENT))
        assert counts(archive)["patients"] == 1
        wait_until(lambda: free_bytes(disk) > 2 * RESERVED.reserve_bytes)
        keep(archive, of(3))


def _eat_the_log(archive: Archive, disk: Path) -> None:
    """Have the room that the write-ahead log still has used up, and what frees itself meanwhile."""
    for number in range(400):
        try:
            archive.index.write(
                lambda connection: connection.execute("INSERT INTO facts VALUES (?, ?)", (f"x{number}", "y" * 3000))  # noqa: B023 - run at once
            )
        except NoRoom:
            break
        fill(disk, leave=0, name="more")
