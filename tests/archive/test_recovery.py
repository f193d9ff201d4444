"""Starting after an unclean stop: everything acknowledged is there, nothing half-made is."""

import os
import shutil
import sqlite3
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from pacsberry.archive import Archive, filestore
from pacsberry.archive.inventory import Inventory
from pacsberry.errors import IndexTooNew
from pacsberry.model import Level, OverwritePolicy
from tests.archive.keeping_aids import (
    RECEIPT,
    SETTINGS,
    changes,
    counts,
    encode,
    files_on_card,
    keep,
    make_header,
    open_archive,
)


def pull_the_plug(archive: Archive, folder: Path, copy: Path) -> None:
    """What a card holds when the power goes now: a copy made while the archive runs."""
    shutil.copytree(folder, copy)


def test_kept_files_the_index_never_saw_are_found_with_their_sender(tmp_path: Path) -> None:
    before, after = tmp_path / "before", tmp_path / "after"
    with open_archive(before, replace(SETTINGS, batch_seconds=3600)) as archive:
        keep(archive, make_header(instance=1))
        assert counts(archive)["instances"] == 1
        keep(archive, make_header(instance=2))
        keep(archive, make_header(patient="P2", study="9.9", series="9.9.9"))
        pull_the_plug(archive, before, after)

    archive = Archive(storage=after, index=after / "index.sqlite3", settings=SETTINGS)
    found = archive.start()
    try:
        assert not found.was_clean
        assert found.recovered == 2
        assert counts(archive) == {"patients": 2, "studies": 2, "series": 2, "instances": 3}
        with archive.index.read() as connection:
            senders = connection.execute(
                "SELECT DISTINCT remote_ip, remote_aet FROM instances JOIN origins ON origins.key = instances.origin"
            ).fetchall()
        assert senders == [(RECEIPT.remote_ip, RECEIPT.remote_aet)]
        assert changes(archive).count("NewInstance") == 3
    finally:
        archive.stop()


def test_unfinished_files_are_removed(tmp_path: Path) -> None:
    before, after = tmp_path / "before", tmp_path / "after"
    with open_archive(before) as archive, archive.spool() as spool:
        spool.write(b"half")
        pull_the_plug(archive, before, after)

    archive = Archive(storage=after, index=after / "index.sqlite3", settings=SETTINGS)
    assert archive.start().unfinished == 1
    archive.stop()
    assert files_on_card(after) == []


def test_a_file_kept_twice_is_dropped_once(tmp_path: Path) -> None:
    with open_archive(tmp_path) as archive:
        keep(archive, make_header())
        (kept,) = files_on_card(tmp_path)
    shutil.copy(kept, kept.with_stem("00000000-copy"))
    _forget_clean_stop(tmp_path)

    archive = Archive(storage=tmp_path, index=tmp_path / "index.sqlite3", settings=SETTINGS)
    found = archive.start()
    assert (found.duplicates, found.recovered) == (1, 0)
    archive.stop()
    with open_archive(tmp_path) as archive:
        assert counts(archive)["instances"] == 1
    assert len(files_on_card(tmp_path)) == 1


def test_an_overwrite_that_was_acknowledged_wins_over_the_older_file(tmp_path: Path) -> None:
    before, after = tmp_path / "before", tmp_path / "after"
    settings = replace(SETTINGS, overwrite=OverwritePolicy.ALWAYS, batch_seconds=3600)
    newer = encode(make_header()) + b"newer"
    with open_archive(before, settings) as archive:
        keep(archive, make_header())
        assert counts(archive)["instances"] == 1
        keep(archive, make_header(), newer)
        pull_the_plug(archive, before, after)

    with open_archive(after, settings) as archive:
        with archive.index.read() as connection:
            ((file,),) = connection.execute("SELECT file FROM instances").fetchall()
        assert archive.files.path(file).read_bytes() == newer


def test_the_last_of_many_versions_wins_even_if_the_clock_went_back_meanwhile(tmp_path: Path) -> None:
    before, after = tmp_path / "before", tmp_path / "after"
    settings = replace(SETTINGS, overwrite=OverwritePolicy.ALWAYS, batch_seconds=3600)
    with open_archive(before, settings) as archive:
        keep(archive, make_header())
        (first,) = files_on_card(before)
        os.utime(first, (2**32, 2**32))
        for number in range(20):
            keep(archive, make_header(), encode(make_header()) + b"x" * number)
        pull_the_plug(archive, before, after)

    with open_archive(after, settings) as archive:
        (entry,) = Inventory(archive.index).entries()
        assert entry.size == len(encode(make_header())) + 19


def test_entries_whose_file_was_lost_are_removed_and_named(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    with open_archive(tmp_path) as archive:
        keep(archive, make_header(instance=1))
        keep(archive, make_header(instance=2))
    first, second = files_on_card(tmp_path)
    first.write_bytes(b"")
    second.unlink()
    _forget_clean_stop(tmp_path)

    with open_archive(tmp_path) as archive:
        assert counts(archive) == {"patients": 0, "studies": 0, "series": 0, "instances": 0}
    assert caplog.text.count("is lost") == 2


def test_a_file_that_is_no_dicom_stays_and_is_named(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    with open_archive(tmp_path) as archive:
        keep(archive, make_header())
    stray = tmp_path / "files" / "00000000" / "stray.dcm"
    stray.write_bytes(b"holiday picture")

    with open_archive(tmp_path) as archive:
        assert counts(archive)["instances"] == 1
    assert stray.exists()
    assert "stray.dcm" in caplog.text


def test_a_clean_start_looks_only_at_the_open_buckets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(filestore, "FILES_PER_BUCKET", 2)
    with open_archive(tmp_path) as archive:
        for number in range(9):
            keep(archive, make_header(instance=number))
    looked: list[int] = []
    names_in = filestore.FileStore.names_in

    def noted(self: filestore.FileStore, bucket: int) -> Iterator[str]:
        looked.append(bucket)
        return names_in(self, bucket)

    monkeypatch.setattr(filestore.FileStore, "names_in", noted)

    with open_archive(tmp_path):
        pass

    assert looked == [4]


def test_a_lost_index_is_made_anew_from_the_files(tmp_path: Path) -> None:
    with open_archive(tmp_path) as archive:
        for number in range(5):
            keep(archive, make_header(instance=number))
    for path in tmp_path.glob("index.sqlite3*"):
        path.unlink()

    with open_archive(tmp_path) as archive:
        assert counts(archive) == {"patients": 1, "studies": 1, "series": 1, "instances": 5}


def test_deleted_instances_do_not_come_back_when_the_plug_is_pulled_before_their_files_go(tmp_path: Path) -> None:
    before, after = tmp_path / "before", tmp_path / "after"
    with open_archive(before) as archive:
        archive._remover.stop()
        keep(archive, make_header())
        archive.delete(Level.PATIENT, make_header().identifiers.orthanc_id(Level.PATIENT))
        pull_the_plug(archive, before, after)
    assert len(files_on_card(after)) == 1

    with open_archive(after) as archive:
        assert counts(archive)["instances"] == 0
    with open_archive(after):
        pass
    assert files_on_card(after) == []


def test_an_index_of_a_later_version_is_refused_and_left_alone(tmp_path: Path) -> None:
    with open_archive(tmp_path) as archive:
        keep(archive, make_header())
    index = tmp_path / "index.sqlite3"
    connection = sqlite3.connect(index)
    connection.execute("PRAGMA user_version = 9999")
    connection.close()
    content = index.read_bytes()

    with pytest.raises(IndexTooNew, match="9999"), open_archive(tmp_path):
        pass
    assert index.read_bytes() == content


def _forget_clean_stop(folder: Path) -> None:
    connection = sqlite3.connect(folder / "index.sqlite3")
    connection.execute("UPDATE facts SET value = 0 WHERE name IN ('clean', 'open_bucket')")
    connection.commit()
    connection.close()
