"""Ahead of need: the oldest go while others come in, and what is kept free stays free."""

import os
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from pacsberry.archive.room import BALLAST_NAME
from pacsberry.errors import NoRoom
from pacsberry.model import Level
from tests.archive.keeping_aids import RECEIPT, counts, keep
from tests.flows.programs import wait_until
from tests.recycler.aids import MEGABYTE, RESERVED, keep_megabytes, of, patients, recycling
from tests.small_disk import fill, free_bytes, small_disk


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """64 MB, some 58 of them for files."""
    with small_disk(tmp_path, 64) as point:
        yield point


def test_what_is_kept_free_stays_free_while_patients_come_in(disk: Path) -> None:
    with recycling(disk, keep_free=16 * MEGABYTE) as (archive, recycler):
        for patient in range(30):
            keep_megabytes(archive, patient, 4)
            time.sleep(0.05)

        wait_until(lambda: free_bytes(disk) >= 16 * MEGABYTE)

        there = patients(archive)
        assert there == list(range(there[0], 30)), "the oldest went, and the newest are there"
        assert len(there) >= 6, "no more went than had to"
        assert recycler.diary.count == 30 - len(there)
        assert len(list((disk / "files").rglob("*.dcm"))) == 4 * len(there)
    with recycling(disk, keep_free=16 * MEGABYTE) as (archive, _):
        assert patients(archive) == there


def test_the_log_names_who_went_by_number_and_not_by_name(disk: Path, caplog: pytest.LogCaptureFixture) -> None:
    with recycling(disk, keep_free=16 * MEGABYTE) as (archive, recycler):
        for patient in range(13):
            keep_megabytes(archive, patient, 4)
            time.sleep(0.05)
        wait_until(lambda: recycler.diary.count > 0 and free_bytes(disk) >= 16 * MEGABYTE)
        oldest = of(0).identifiers.orthanc_id(Level.PATIENT)

    lines = [record.getMessage() for record in caplog.records if "Recycled" in record.getMessage()]
    assert oldest in lines[0]
    assert "4 instances, 4.0 MB" in lines[0]
    assert "16 MB are kept free" in lines[0]
    assert not any("NAME" in line for line in lines)


def test_a_start_makes_the_room_that_the_last_run_did_not(disk: Path) -> None:
    with recycling(disk, keep_free=0) as (archive, _):
        for patient in range(12):
            keep_megabytes(archive, patient, 4)
        assert len(patients(archive)) == 12

    with recycling(disk, keep_free=20 * MEGABYTE) as (archive, _):
        wait_until(lambda: free_bytes(disk) >= 20 * MEGABYTE)
        assert patients(archive)[-1] == 11


@pytest.mark.parametrize("level", [Level.PATIENT, Level.STUDY, Level.SERIES])
def test_the_protected_stay_and_the_next_in_line_go(disk: Path, level: Level) -> None:
    with recycling(disk, keep_free=16 * MEGABYTE) as (archive, _):
        keep_megabytes(archive, 0, 8)
        protect = f"UPDATE {level.plural} SET is_protected = 1"  # noqa: S608 - our names
        archive.index.write(lambda connection: connection.execute(protect))
        for patient in range(1, 20):
            keep_megabytes(archive, patient, 4)
            time.sleep(0.05)
        wait_until(lambda: free_bytes(disk) >= 16 * MEGABYTE)

        assert patients(archive)[0] == 0
        assert patients(archive)[1] > 1


def test_when_all_are_protected_nobody_goes_and_the_reserve_refuses(disk: Path) -> None:
    with recycling(disk, keep_free=16 * MEGABYTE) as (archive, recycler):
        for patient in range(9):
            keep_megabytes(archive, patient, 4)
            archive.index.write(lambda connection: connection.execute("UPDATE patients SET is_protected = 1"))
        with pytest.raises(NoRoom, match=r"\d+ are protected"):
            keep_megabytes(archive, 8, 40, first_instance=100)

        assert recycler.diary.count == 0
        assert 2 * MEGABYTE - 512 * 1024 <= free_bytes(disk) < 5 * MEGABYTE
        assert list((disk / "spool").iterdir()) == []


def test_the_arriving_patient_is_not_recycled_for_itself(disk: Path) -> None:
    with recycling(disk, keep_free=16 * MEGABYTE) as (archive, recycler):
        with pytest.raises(NoRoom, match="1 are receiving"):
            keep_megabytes(archive, 7, 100)

        assert recycler.diary.count == 0
        assert counts(archive)["instances"] >= 40
        assert list((disk / "spool").iterdir()) == []


def test_one_object_larger_than_what_is_kept_free_makes_the_room_it_needs_as_it_comes(disk: Path) -> None:
    with recycling(disk, keep_free=8 * MEGABYTE) as (archive, _):
        for patient in range(10):
            keep_megabytes(archive, patient, 4)
        time.sleep(1.1)  # all are stable
        with archive.spool() as spool:
            for _ in range(30):
                spool.write(bytes(MEGABYTE))
            archive.keep(spool, of(99), RECEIPT)

        assert patients(archive)[-1] == 99
        assert len(patients(archive)) > 1


def test_on_a_truly_full_disk_a_sender_waits_for_the_recycler_and_is_served(disk: Path) -> None:
    with recycling(disk, keep_free=8 * MEGABYTE) as (archive, _):
        for patient in range(5):
            keep_megabytes(archive, patient, 4)
        time.sleep(1.1)
        fill(disk, leave=0)

        keep(archive, of(50))

        assert patients(archive)[-1] == 50


def test_when_nobody_can_go_the_refusal_comes_soon_and_says_why(disk: Path) -> None:
    with recycling(disk, keep_free=8 * MEGABYTE) as (archive, _):
        others = fill(disk, leave=0)
        begun = time.monotonic()

        for _ in range(50):
            with pytest.raises(NoRoom, match="of the patients, 0 may go"):
                archive.spool()

        assert time.monotonic() - begun < 5
        assert list((disk / "spool").iterdir()) == []
        others.unlink()
        keep(archive, of(1))


@pytest.mark.parametrize(("keep_free", "rejects"), [(0, False), (16 * MEGABYTE, True)])
def test_nobody_goes_for_free_space_where_nobody_wants_that(disk: Path, keep_free: int, rejects: bool) -> None:
    with recycling(disk, keep_free=keep_free, rejects=rejects) as (archive, recycler):
        for patient in range(12):
            keep_megabytes(archive, patient, 4)
        wait_until(lambda: archive.stability.seconds_to_next() is None and counts(archive)["patients"] == 12)
        fill(disk, leave=0)

        with pytest.raises(NoRoom, match="Delete studies"):
            archive.spool()

        assert patients(archive) == list(range(12))
        assert recycler.recycle(4 * MEGABYTE)["CountPatients"] in (1, 2), "an admin asks for it"


def test_idle_it_sleeps_and_writes_nothing(disk: Path) -> None:
    with recycling(disk, keep_free=8 * MEGABYTE) as (archive, recycler):
        keep_megabytes(archive, 1, 4)
        time.sleep(1.2)
        wait_until(lambda: archive.stability.seconds_to_next() is None)
        archive.occupancy("", exactly=True)
        thread = next(one for one in threading.enumerate() if one.name == "recycler")
        before = _written(disk)
        rounds = recycler._rounds_begun

        time.sleep(1.0)

        assert thread.is_alive()
        assert recycler._rounds_begun == rounds
        assert _written(disk) == before


def test_it_stops_at_once(disk: Path) -> None:
    with recycling(disk, keep_free=8 * MEGABYTE) as (archive, recycler):
        keep(archive, of(1))
        begun = time.monotonic()
        recycler.stop()

        assert time.monotonic() - begun < 1
        assert not any(one.name == "recycler" for one in threading.enumerate())


def test_the_ballast_lies_beside_the_index_and_stays_where_there_is_little_room(disk: Path) -> None:
    with recycling(disk, keep_free=8 * MEGABYTE):
        facts = (disk / BALLAST_NAME).stat()
        assert facts.st_size == RESERVED.reserve_bytes
        assert facts.st_blocks * 512 >= RESERVED.reserve_bytes
    assert (disk / BALLAST_NAME).exists()


def _written(disk: Path) -> list[tuple[str, int, int]]:
    """Every file there with its size and time."""
    os.sync()
    paths = (
        path for path in disk.rglob("*") if not path.name.endswith("-shm")
    )  # shared memory, with a time of its own
    return sorted((str(path), path.stat().st_size, path.stat().st_mtime_ns) for path in paths)
