"""Keeping instances: durable, found at once, kept once, replaced when the policy says so."""

import hashlib
import os
import threading
import zlib
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import ParamSpec, TypeVar

import pytest

from pacsberry.archive import ArchiveSettings, filestore
from pacsberry.archive.spool import HEAD_BYTES
from pacsberry.errors import NoRoom, StorageBusy
from pacsberry.model import KeepStatus, Level, OverwritePolicy
from tests.archive.keeping_aids import (
    RECEIPT,
    SETTINGS,
    StoppedClock,
    changes,
    counts,
    encode,
    files_on_card,
    keep,
    make_header,
    open_archive,
    with_expected,
)

P = ParamSpec("P")
T = TypeVar("T")


def test_a_kept_instance_is_found_at_once_with_its_parents_and_its_bytes(tmp_path: Path) -> None:
    with open_archive(tmp_path, replace(SETTINGS, batch_seconds=3600, store_md5=True)) as archive:
        header = make_header()

        kept = keep(archive, header)

        assert kept.status is KeepStatus.SUCCESS
        assert counts(archive) == {"patients": 1, "studies": 1, "series": 1, "instances": 1}
        with archive.index.read() as connection:
            file, size, md5, crc32 = connection.execute("SELECT file, size, md5, crc32 FROM instances").fetchone()
        with archive.files.open(file) as stored:
            assert stored.read() == encode(header)
        assert size == len(encode(header))
        assert md5 == archive.files.md5(file) == hashlib.md5(encode(header), usedforsecurity=False).hexdigest()
        assert crc32 == archive.files.crc32(file) == zlib.crc32(encode(header))


def test_changes_of_a_fresh_upload_come_in_orthancs_order(tmp_path: Path) -> None:
    with open_archive(tmp_path) as archive:
        keep(archive, make_header(instance=1))
        keep(archive, make_header(instance=2))

        assert changes(archive) == ["NewInstance", "NewSeries", "NewStudy", "NewPatient", "NewInstance"]


def test_a_series_is_completed_when_its_expected_indices_are_there(tmp_path: Path) -> None:
    with open_archive(tmp_path) as archive:
        keep(archive, with_expected(make_header(instance=1), 2))
        assert "CompletedSeries" not in changes(archive)

        keep(archive, with_expected(make_header(instance=2), 2))

        assert changes(archive)[-1] == "CompletedSeries"


def test_the_same_instance_is_kept_once_and_leaves_no_file(tmp_path: Path) -> None:
    with open_archive(tmp_path) as archive:
        keep(archive, make_header())

        again = keep(archive, make_header(), b"something else")

        assert again.status is KeepStatus.ALREADY_STORED
        assert counts(archive)["instances"] == 1
        assert len(files_on_card(tmp_path)) == 1


def test_always_overwriting_replaces_the_file_and_removes_the_old_one(tmp_path: Path) -> None:
    with open_archive(tmp_path, replace(SETTINGS, overwrite=OverwritePolicy.ALWAYS)) as archive:
        keep(archive, make_header(), b"old")
        keep(archive, make_header(instance=2))

        again = keep(archive, make_header(), b"new")

        assert again.status is KeepStatus.SUCCESS
        assert counts(archive)["instances"] == 2
        with archive.index.read() as connection:
            (file,) = connection.execute("SELECT file FROM instances ORDER BY key DESC LIMIT 1").fetchone()
        assert archive.files.path(file).read_bytes() == b"new"
    with open_archive(tmp_path):
        pass  # the remover has had its time
    assert b"old" not in [path.read_bytes() for path in files_on_card(tmp_path)]


@pytest.mark.parametrize("store_md5", [True, False])
def test_overwriting_if_changed_compares_the_content(tmp_path: Path, store_md5: bool) -> None:
    settings = replace(SETTINGS, overwrite=OverwritePolicy.IF_CHANGED, store_md5=store_md5)
    with open_archive(tmp_path, settings) as archive:
        keep(archive, make_header(), b"one")

        assert keep(archive, make_header(), b"one").status is KeepStatus.ALREADY_STORED
        assert keep(archive, make_header(), b"two").status is KeepStatus.SUCCESS


def test_an_instance_whose_file_has_vanished_is_taken_in_again(tmp_path: Path) -> None:
    with open_archive(tmp_path) as archive:
        keep(archive, make_header())
        with archive.index.read() as connection:
            (file,) = connection.execute("SELECT file FROM instances").fetchone()
        archive.files.path(file).unlink()

        assert keep(archive, make_header()).status is KeepStatus.SUCCESS
        assert counts(archive)["instances"] == 1


def test_senders_of_the_same_instance_at_once_leave_one_file_and_one_success(tmp_path: Path) -> None:
    with open_archive(tmp_path) as archive:
        statuses: list[KeepStatus] = []
        start = threading.Barrier(8)

        def send() -> None:
            start.wait()
            statuses.append(keep(archive, make_header()).status)

        threads = [threading.Thread(target=send) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

        assert sorted(status.value for status in statuses) == ["AlreadyStored"] * 7 + ["Success"]
        assert counts(archive)["instances"] == 1
        assert len(files_on_card(tmp_path)) == 1


def test_success_is_said_after_content_name_and_folder_are_synced(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with open_archive(tmp_path) as archive:
        steps: list[str] = []
        for name in ("fdatasync", "fsync"):
            monkeypatch.setattr(os, name, _noting(steps, name, getattr(os, name)))
        monkeypatch.setattr(Path, "rename", _noting(steps, "rename", Path.rename))

        keep(archive, make_header())

        assert steps == ["fdatasync", "rename", "fsync"]


def _noting(steps: list[str], name: str, act: Callable[P, T]) -> Callable[P, T]:
    def noted(*args: P.args, **kwargs: P.kwargs) -> T:
        steps.append(name)
        return act(*args, **kwargs)

    return noted


def test_a_discarded_spool_leaves_nothing(tmp_path: Path) -> None:
    with open_archive(tmp_path) as archive:
        with archive.spool() as spool:
            spool.write(b"half of a data set")

        assert files_on_card(tmp_path) == []


def test_below_the_reserve_nothing_is_taken_in(tmp_path: Path) -> None:
    with (
        open_archive(tmp_path, replace(SETTINGS, reserve_bytes=2**62)) as archive,
        pytest.raises(NoRoom, match="reserve"),
    ):
        archive.spool()


def test_the_head_of_a_spool_is_its_first_64_kilobytes(tmp_path: Path) -> None:
    with open_archive(tmp_path) as archive, archive.spool() as spool:
        for piece in (b"a" * 1000, b"b" * 70_000, b"c" * 1000):
            spool.write(memoryview(piece))

        assert spool.head == (b"a" * 1000 + b"b" * 70_000)[:HEAD_BYTES]
        assert spool.size == 72_000
        with spool.open() as received:
            assert len(received.read()) == 72_000


def test_buckets_hold_a_thousand_files_and_the_index_knows_which_are_open(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(filestore, "FILES_PER_BUCKET", 3)
    with open_archive(tmp_path) as archive:
        for number in range(8):
            keep(archive, make_header(instance=number))
        assert counts(archive)["instances"] == 8

        assert archive.files.bucket_numbers() == [0, 1, 2]
        assert archive.files.first_open_bucket() == 2


def test_a_second_process_is_refused_the_storage(tmp_path: Path) -> None:
    with open_archive(tmp_path), pytest.raises(StorageBusy, match="Another Pacsberry"), open_archive(tmp_path):
        pass


def test_parents_become_stable_after_the_stable_age_and_say_so_once(tmp_path: Path) -> None:
    time = StoppedClock()
    settings: ArchiveSettings = replace(SETTINGS, stable_age_seconds=60)
    with open_archive(tmp_path, settings, time.clock()) as archive:
        keep(archive, make_header(instance=1))
        assert "StableStudy" not in changes(archive)
        (study,) = archive.stability.unstable_keys(Level.STUDY)
        assert not archive.stability.is_stable(Level.STUDY, study)

        time.advance(59)
        keep(archive, make_header(instance=2))
        counts(archive)
        time.advance(59)
        archive.index.write(lambda connection: None)
        assert "StableStudy" not in changes(archive)
        time.advance(1)
        archive.index.write(lambda connection: None)
        archive.index.write(lambda connection: None)

        assert changes(archive)[-3:] == ["StablePatient", "StableStudy", "StableSeries"]
        assert changes(archive).count("StableStudy") == 1
        assert archive.stability.is_stable(Level.STUDY, study)


def test_a_receipt_travels_with_the_instance(tmp_path: Path) -> None:
    with open_archive(tmp_path) as archive:
        keep(archive, make_header())

        with archive.index.read() as connection:
            row = connection.execute("SELECT origin, remote_ip, remote_aet, called_aet FROM origins").fetchone()
        assert row == (RECEIPT.origin.value, RECEIPT.remote_ip, RECEIPT.remote_aet, RECEIPT.called_aet)
