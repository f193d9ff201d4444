"""MaximumStorageSize and MaximumPatientCount hold when the answer is given, whoever arrives at the same time."""

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from pacsberry.archive import Archive, ArchiveSettings, Spool
from pacsberry.errors import NoRoom
from pacsberry.model import Header, KeepStatus, Kept, Level, OverwritePolicy
from pacsberry.recycler import KeepFree, Limits, Recycler
from tests.archive.keeping_aids import RECEIPT, SETTINGS, counts, encode, files_on_card, keep, make_header, open_archive

ASIDE = replace(SETTINGS, batch_seconds=3600.0)  # nothing is committed unless somebody looks


@contextmanager
def limited(
    folder: Path, *, size: int = 0, patients: int = 0, rejects: bool = False, settings: ArchiveSettings = ASIDE
) -> Iterator[Archive]:
    """An archive with explicit limits; `size` in bytes."""
    with open_archive(folder, settings) as archive:
        recycler = Recycler(archive, keep_free=KeepFree(0, 0), limits=Limits(size, patients), rejects=rejects)
        recycler.start()
        try:
            yield archive
        finally:
            recycler.stop()


def of(patient: str, instance: int = 1) -> Header:
    return make_header(patient, f"1.2.{patient}", f"1.2.{patient}.1", instance)


SIZE = len(encode(of("1")))


def patients(archive: Archive) -> list[str]:
    """PatientIDs in the order in which they go."""
    with archive.index.read() as connection:
        return [row[0] for row in connection.execute("SELECT uid FROM patients ORDER BY arrival")]


def patient_id(patient: str) -> str:
    return of(patient).identifiers.orthanc_id(Level.PATIENT)


def test_the_oldest_patient_goes_for_a_new_one(tmp_path: Path) -> None:
    with limited(tmp_path, patients=3) as archive:
        for patient in ("1", "2", "3", "4", "5"):
            keep(archive, of(patient))
            assert counts(archive)["patients"] <= 3

        assert patients(archive) == ["3", "4", "5"]


def test_who_receives_something_goes_last(tmp_path: Path) -> None:
    with limited(tmp_path, patients=2) as archive:
        keep(archive, of("1"))
        keep(archive, of("2"))
        keep(archive, of("1", instance=2))
        keep(archive, of("3"))

        assert patients(archive) == ["1", "3"]
        assert counts(archive)["instances"] == 3


def test_the_size_holds_to_the_byte(tmp_path: Path) -> None:
    with limited(tmp_path, size=3 * SIZE) as archive:
        for patient in ("1", "2", "3"):
            keep(archive, of(patient))
        assert patients(archive) == ["1", "2", "3"]

        keep(archive, of("4"))

        assert patients(archive) == ["2", "3", "4"]
        assert archive.occupancy("", exactly=True).stored_bytes == 3 * SIZE


def test_the_arriving_patient_is_spared_although_it_is_the_oldest(tmp_path: Path) -> None:
    with limited(tmp_path, size=3 * SIZE) as archive:
        for patient in ("1", "2", "3"):
            keep(archive, of(patient))

        keep(archive, of("1", instance=2))

        assert patients(archive) == ["3", "1"]


def test_a_patient_alone_that_fills_everything_is_refused_more_and_keeps_what_it_has(tmp_path: Path) -> None:
    with limited(tmp_path, size=2 * SIZE) as archive:
        keep(archive, of("1", 1))
        keep(archive, of("1", 2))

        with pytest.raises(NoRoom, match="MaximumStorageSize"):
            keep(archive, of("1", 3))

        assert counts(archive)["instances"] == 2
        assert len([path for path in files_on_card(tmp_path) if path.suffix == ".dcm"]) == 2


def test_an_instance_larger_than_the_limit_is_refused_and_nobody_goes_for_it(tmp_path: Path) -> None:
    with limited(tmp_path, size=3 * SIZE) as archive:
        keep(archive, of("1"))

        with pytest.raises(NoRoom, match="for everything together"):
            keep(archive, of("2"), bytes(4 * SIZE))

        assert patients(archive) == ["1"]


@pytest.mark.parametrize("level", [Level.PATIENT, Level.STUDY, Level.SERIES])
def test_the_protected_never_go(tmp_path: Path, level: Level) -> None:
    with limited(tmp_path, patients=2) as archive:
        keep(archive, of("1"))
        keep(archive, of("2"))
        protect_first = f"UPDATE {level.plural} SET is_protected = 1 WHERE key = 1"  # noqa: S608 - our names
        archive.index.write(lambda connection: connection.execute(protect_first))

        keep(archive, of("3"))
        assert patients(archive) == ["1", "3"]
        archive.index.write(lambda connection: connection.execute("UPDATE patients SET is_protected = 1"))

        with pytest.raises(NoRoom, match="2 are protected"):
            keep(archive, of("4"))
        keep(archive, of("3", instance=2))
        assert patients(archive) == ["1", "3"]


def test_what_is_there_already_is_there_already_however_full_it_is(tmp_path: Path) -> None:
    with limited(tmp_path, patients=1, size=SIZE, rejects=True) as archive:
        keep(archive, of("1"))

        assert keep(archive, of("1")).status is KeepStatus.ALREADY_STORED


def test_rejecting_refuses_only_new_patients_at_the_count(tmp_path: Path) -> None:
    with limited(tmp_path, patients=2, rejects=True) as archive:
        keep(archive, of("1"))
        keep(archive, of("2"))

        with pytest.raises(NoRoom, match=r"2 of 2 patients .* Reject"):
            keep(archive, of("3"))

        keep(archive, of("1", instance=2))
        assert patients(archive) == ["2", "1"]


def test_rejecting_refuses_what_would_pass_the_size(tmp_path: Path) -> None:
    with limited(tmp_path, size=2 * SIZE + 10, rejects=True) as archive:
        keep(archive, of("1"))
        keep(archive, of("2"))

        with pytest.raises(NoRoom, match=r"MaximumStorageSize.* Reject"):
            keep(archive, of("1", instance=2))

        assert counts(archive)["instances"] == 2
        archive.delete(Level.PATIENT, patient_id("1"))
        keep(archive, of("3"))


def test_limits_that_were_lowered_hold_after_the_start(tmp_path: Path) -> None:
    with open_archive(tmp_path) as archive:
        for patient in "12345":
            keep(archive, of(patient))

    with limited(tmp_path, patients=2) as archive:
        wait_for(lambda: counts(archive)["patients"] == 2)
        assert patients(archive) == ["4", "5"]


def test_a_replacement_counts_with_what_it_adds(tmp_path: Path) -> None:
    settings = replace(ASIDE, overwrite=OverwritePolicy.ALWAYS)
    with limited(tmp_path, size=3 * SIZE, settings=settings) as archive:
        for patient in ("1", "2", "3"):
            keep(archive, of(patient))

        keep(archive, of("3"), encode(of("3"))[::-1])

        assert patients(archive) == ["1", "2", "3"]
        keep(archive, of("3"), bytes(SIZE + 1))
        assert patients(archive) == ["2", "3"]


def test_an_attachment_counts_and_makes_room_too(tmp_path: Path) -> None:
    with limited(tmp_path, size=3 * SIZE) as archive:
        keep(archive, of("1"))
        keep(archive, of("2"))
        with archive.spool() as spool:
            spool.write(bytes(SIZE + 1))
            archive.attachments.put(Level.PATIENT, patient_id("2"), "1024", spool)

        assert patients(archive) == ["2"]
        assert archive.occupancy("", exactly=True).stored_bytes == 2 * SIZE + 1
        with archive.spool() as spool:
            spool.write(bytes(3 * SIZE))
            with pytest.raises(NoRoom):
                archive.attachments.put(Level.PATIENT, patient_id("2"), "1025", spool)


@pytest.mark.parametrize("limit", [1, 3])
def test_new_patients_that_come_at_once_are_never_more_than_the_limit(tmp_path: Path, limit: int) -> None:
    with limited(tmp_path, patients=limit) as archive:
        most = []

        def send(number: int) -> Kept:
            kept = keep(archive, of(str(number)))
            most.append(counts(archive)["patients"])
            return kept

        with ThreadPoolExecutor(8) as pool:
            kept = list(pool.map(send, range(40)))

        assert len(kept) == 40
        assert max(most) <= limit
        assert counts(archive)["patients"] == limit
        assert archive.arriving.now().patients == frozenset()
        assert archive.arriving.now().size == 0


def test_senders_at_the_size_limit_at_once_never_pass_it(tmp_path: Path) -> None:
    with limited(tmp_path, size=20 * SIZE + 100) as archive:
        seen = []

        def send(number: int) -> None:
            for instance in range(1, 16):
                keep(archive, of(str(number), instance))
                seen.append(archive.occupancy("", exactly=True).stored_bytes)

        with ThreadPoolExecutor(4) as pool:
            list(pool.map(send, range(8)))

        assert max(seen) <= 20 * SIZE + 100
        assert counts(archive)["instances"] >= 1


def test_at_once_in_reject_mode_exactly_as_many_come_in_as_fit(tmp_path: Path) -> None:
    with limited(tmp_path, size=10 * SIZE + SIZE // 2, rejects=True) as archive:

        def send(number: int) -> bool:
            try:
                keep(archive, of(str(number)))
            except NoRoom:
                return False
            return True

        with ThreadPoolExecutor(8) as pool:
            told = list(pool.map(send, range(1, 10))) + list(pool.map(send, range(10, 40)))

        assert sum(told) == counts(archive)["instances"] == 10


def test_a_patient_on_its_way_is_waited_for_not_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with limited(tmp_path, patients=1) as archive:
        first_is_inside, may_go_on = threading.Event(), threading.Event()
        real = archive.files.keep

        def slow(spool: Spool, suffix: str) -> str:
            monkeypatch.setattr(archive.files, "keep", real)
            first_is_inside.set()
            assert may_go_on.wait(10)
            return real(spool, suffix)

        monkeypatch.setattr(archive.files, "keep", slow)
        with ThreadPoolExecutor(2) as pool:
            first = pool.submit(keep, archive, of("1"))
            assert first_is_inside.wait(10)
            second = pool.submit(keep, archive, of("2"))
            threading.Event().wait(0.2)
            assert not second.done()
            may_go_on.set()
            assert first.result(10).status is second.result(10).status is KeepStatus.SUCCESS

        assert patients(archive) == ["2"]


def test_an_old_patient_that_receives_something_right_now_is_spared(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with limited(tmp_path, patients=3) as archive:
        for patient in ("1", "2", "3"):
            keep(archive, of(patient))
        is_inside, may_go_on = threading.Event(), threading.Event()
        real = archive.files.keep

        def slow(spool: Spool, suffix: str) -> str:
            monkeypatch.setattr(archive.files, "keep", real)
            is_inside.set()
            assert may_go_on.wait(10)
            return real(spool, suffix)

        monkeypatch.setattr(archive.files, "keep", slow)
        with ThreadPoolExecutor(1) as pool:
            more = pool.submit(keep, archive, of("1", instance=2))
            assert is_inside.wait(10)
            keep(archive, of("4"))
            may_go_on.set()
            more.result(10)

        assert patients(archive) == ["3", "4", "1"]
        assert counts(archive)["instances"] == 4


def test_who_was_planned_to_go_stays_when_more_has_come_meanwhile(tmp_path: Path) -> None:
    with open_archive(tmp_path) as archive:
        keep(archive, of("1"))
        counts(archive)
        oldest = next(archive.candidates.in_order())

        keep(archive, of("1", instance=2))

        assert not archive.recycle(oldest)
        assert counts(archive)["instances"] == 2
        assert archive.recycle(next(archive.candidates.in_order()))
        assert counts(archive)["patients"] == 0


def test_what_cannot_be_kept_after_all_leaves_its_place_to_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(spool: Spool, suffix: str) -> str:
        raise NoRoom("the card is full")

    with limited(tmp_path, size=SIZE, rejects=True) as archive:
        with monkeypatch.context() as patched:
            patched.setattr(archive.files, "keep", full)
            with pytest.raises(NoRoom, match="the card"):
                keep(archive, of("1"))

        assert keep(archive, of("2")).status is KeepStatus.SUCCESS


def wait_for(condition: Callable[[], bool]) -> None:
    pause = threading.Event()
    for _ in range(500):
        if condition():
            return
        pause.wait(0.01)
    pytest.fail("it did not happen in time")


def test_everything_comes_in_without_limits(tmp_path: Path) -> None:
    with limited(tmp_path) as archive:
        with archive.spool() as spool:
            spool.write(b"x")
            archive.keep(spool, of("1"), RECEIPT)

        assert archive.arriving.admission is None
