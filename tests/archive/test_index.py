"""The index: batches, what readers see, writes that fail, one thread that writes."""

import sqlite3
import threading
from dataclasses import replace
from pathlib import Path

import pytest

from pacsberry.archive.indexing import Indexer, KeptFile
from pacsberry.errors import NoRoom, StorageBusy
from tests.archive.keeping_aids import SETTINGS, counts, keep, make_header, open_archive


def commits(path: Path) -> int:
    """Grows with each commit that another connection makes."""
    connection = sqlite3.connect(path)
    try:
        return int(connection.execute("SELECT value FROM facts WHERE name = 'arrival'").fetchone()[0])
    finally:
        connection.close()


def test_instances_are_committed_in_one_batch_when_nobody_looks(tmp_path: Path) -> None:
    with open_archive(tmp_path, replace(SETTINGS, batch_seconds=3600)) as archive:
        for number in range(50):
            keep(archive, make_header(instance=number))
        assert commits(tmp_path / "index.sqlite3") == 0

        counts(archive)

        assert commits(tmp_path / "index.sqlite3") == 1  # one patient, touched by one batch


def test_a_full_batch_is_committed_without_waiting(tmp_path: Path) -> None:
    with open_archive(tmp_path, replace(SETTINGS, batch_seconds=3600, batch_instances=10)) as archive:
        seen = threading.Event()
        on_indexed = archive.index._on_indexed

        def indexed(batch: list[KeptFile], garbage: bool) -> None:
            on_indexed(batch, garbage)
            seen.set()

        archive.index._on_indexed = indexed

        for number in range(10):
            keep(archive, make_header(instance=number))

        assert seen.wait(10)


def test_a_reader_sees_a_snapshot(tmp_path: Path) -> None:
    with open_archive(tmp_path) as archive:
        keep(archive, make_header(instance=1))
        with archive.index.read() as connection:
            assert connection.execute("SELECT count(*) FROM instances").fetchone() == (1,)
            keep(archive, make_header(instance=2))
            counts(archive)
            assert connection.execute("SELECT count(*) FROM instances").fetchone() == (1,)


def test_a_reader_cannot_write(tmp_path: Path) -> None:
    with (
        open_archive(tmp_path) as archive,
        archive.index.read() as connection,
        pytest.raises(sqlite3.OperationalError, match="readonly"),
    ):
        connection.execute("DELETE FROM facts")


def test_what_a_failing_write_did_is_undone_and_its_error_reaches_the_caller(tmp_path: Path) -> None:
    def act(connection: sqlite3.Connection) -> None:
        connection.execute("INSERT INTO labels VALUES (0, 1, 'half')")
        raise ValueError("changed my mind")

    with open_archive(tmp_path) as archive:
        with pytest.raises(ValueError, match="changed my mind"):
            archive.index.write(act)

        with archive.index.read() as connection:
            assert connection.execute("SELECT count(*) FROM labels").fetchone() == (0,)


def test_while_the_index_cannot_be_written_nothing_is_taken_in_and_nothing_is_lost(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    insert = Indexer.insert
    card_is_full = threading.Event()
    card_is_full.set()

    def failing(self: Indexer, connection: sqlite3.Connection, batch: object) -> object:
        if card_is_full.is_set():
            raise sqlite3.OperationalError("database or disk is full")
        return insert(self, connection, batch)  # type: ignore[arg-type]

    monkeypatch.setattr(Indexer, "insert", failing)
    monkeypatch.setattr("pacsberry.archive.index._RETRY_SECONDS", 0.01)
    with open_archive(tmp_path) as archive:
        keep(archive, make_header(instance=1))
        counts_before = archive.index
        with counts_before.read() as connection:
            assert connection.execute("SELECT count(*) FROM instances").fetchone() == (0,)
        with pytest.raises(NoRoom, match="index cannot be written"):
            keep(archive, make_header(instance=2))

        card_is_full.clear()
        while archive.index._failure is not None:
            threading.Event().wait(0.01)

        keep(archive, make_header(instance=2))
        assert counts(archive)["instances"] == 2


def test_after_the_stop_a_write_is_refused(tmp_path: Path) -> None:
    with open_archive(tmp_path) as archive:
        pass
    with pytest.raises(StorageBusy):
        archive.index.write(lambda connection: None)


def test_many_readers_and_writers_at_once_agree(tmp_path: Path) -> None:
    with open_archive(tmp_path, replace(SETTINGS, batch_instances=7)) as archive:
        errors: list[Exception] = []

        def work(number: int) -> None:
            try:
                for instance in range(20):
                    keep(archive, make_header(f"P{number}", f"1.{number}", f"1.{number}.1", instance))
                    with archive.index.read() as connection:
                        (seen,) = connection.execute(
                            """SELECT count(*) FROM instances JOIN series ON series.key = instances.parent
                               WHERE series.uid = ?""",
                            (f"1.{number}.1",),
                        ).fetchone()
                    if seen != instance + 1:
                        raise ValueError(f"kept {instance + 1}, saw {seen}")
            except Exception as error:  # noqa: BLE001 - shown by the assertion below
                errors.append(error)

        threads = [threading.Thread(target=work, args=(number,)) for number in range(6)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

        assert errors == []
        assert counts(archive) == {"patients": 6, "studies": 6, "series": 6, "instances": 120}


def test_only_the_servers_user_and_group_may_read_the_names_of_patients(tmp_path: Path) -> None:
    with open_archive(tmp_path) as archive:
        keep(archive, make_header(instance=1))
        counts(archive)
        before = {path.name: path.stat().st_mode & 0o007 for path in tmp_path.glob("index.sqlite3*")}
    (tmp_path / "index.sqlite3").unlink()  # it is made anew from the files
    with open_archive(tmp_path) as archive:
        counts(archive)
        after = {path.name: path.stat().st_mode & 0o007 for path in tmp_path.glob("index.sqlite3*")}

    assert before == after == {"index.sqlite3": 0, "index.sqlite3-wal": 0, "index.sqlite3-shm": 0}
