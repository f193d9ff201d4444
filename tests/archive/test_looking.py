"""Looking into an archive from another process: always possible, and never a byte written."""

import multiprocessing
import os
import shutil
import sqlite3
import stat
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing.synchronize import Event
from pathlib import Path

import pytest

from pacsberry.archive.looking import open_reading
from pacsberry.errors import IndexDamaged, IndexTooNew, IndexTooOld, NoArchive, StorageBusy
from tests.archive.keeping_aids import keep, make_header, open_archive

INDEX = "index.sqlite3"
NOBODY = 65534


def _serve(folder: Path, ready: Event, stop: Event) -> None:
    with open_archive(folder) as archive:
        number = 0
        while not stop.is_set():
            number += 1
            keep(archive, make_header(instance=number))
            if number == 3:
                archive.statistics.total()  # a reader makes the writer commit
                ready.set()
            if number % 20 == 0:
                archive.statistics.total()


@contextmanager
def a_server(folder: Path) -> Iterator[None]:
    """Another process that keeps instances all the time."""
    context = multiprocessing.get_context("spawn")
    ready, stop = context.Event(), context.Event()
    process = context.Process(target=_serve, args=(folder, ready, stop))
    process.start()
    try:
        assert ready.wait(30)
        yield
    finally:
        stop.set()
        process.join(30)
        assert process.exitcode == 0


def state(folder: Path) -> dict[str, tuple[int, int, int]]:
    """Inode, size and time of every file."""
    facts = {str(path.relative_to(folder)): path.stat() for path in folder.rglob("*")}
    return {name: (fact.st_ino, fact.st_size, fact.st_mtime_ns) for name, fact in facts.items()}


def look(folder: Path) -> list[int]:
    with open_reading(folder, folder / INDEX) as archive:
        entries = list(archive.inventory.entries())
        for entry in entries[:3]:
            assert archive.files.path(entry.file).stat().st_size == entry.bytes_on_card
        return [entry.key for entry in entries]


def seed(folder: Path) -> None:
    with open_archive(folder) as archive:
        for number in range(3):
            keep(archive, make_header(instance=number))


def killed(folder: Path, copy: Path) -> None:
    """What a server that was killed leaves behind."""
    with open_archive(folder) as archive:
        for number in range(3):
            keep(archive, make_header(instance=number))
        archive.statistics.total()
        shutil.copytree(folder, copy)


def test_a_running_server_is_looked_into_while_it_writes(tmp_path: Path) -> None:
    with a_server(tmp_path):
        seen = [len(look(tmp_path)) for _ in range(10)]
        while len(seen) < 1000 and seen[-1] == seen[0]:
            seen.append(len(look(tmp_path)))
        with open_reading(tmp_path, tmp_path / INDEX) as archive:
            assert int(str(archive.statistics.total()["CountInstances"])) >= seen[-1] >= 3

    assert seen == sorted(seen)
    assert seen[-1] > seen[0]


def test_a_server_that_stops_while_one_looks_is_not_held_up_and_the_snapshot_stays(tmp_path: Path) -> None:
    with a_server(tmp_path), open_reading(tmp_path, tmp_path / INDEX) as archive:
        reading = archive.index.read()
        connection = reading.__enter__()
        (before,) = connection.execute("SELECT count(*) FROM instances").fetchone()
    (after,) = connection.execute("SELECT count(*) FROM instances").fetchone()
    reading.__exit__(None, None, None)

    assert after == before
    assert len(look(tmp_path)) >= after


def test_after_a_clean_stop_nothing_is_created_beside_the_index(tmp_path: Path) -> None:
    seed(tmp_path)
    before = state(tmp_path)

    assert look(tmp_path) == [1, 2, 3]

    assert state(tmp_path) == before
    assert not list(tmp_path.glob("*-shm")) + list(tmp_path.glob("*-wal"))


def test_after_a_kill_the_log_is_read_and_left_as_it_is(tmp_path: Path) -> None:
    killed(tmp_path / "a", tmp_path / "b")
    before = state(tmp_path / "b")

    assert look(tmp_path / "b") == [1, 2, 3]

    assert state(tmp_path / "b") == before


def test_a_copy_without_the_shared_memory_is_read_with_its_log(tmp_path: Path) -> None:
    killed(tmp_path / "a", tmp_path / "b")
    (tmp_path / "b" / f"{INDEX}-shm").unlink()
    before = state(tmp_path / "b")

    assert look(tmp_path / "b") == [1, 2, 3]

    assert state(tmp_path / "b") == before


def test_a_read_that_a_starting_server_crossed_is_refused_not_believed(tmp_path: Path) -> None:
    seed(tmp_path)

    with open_reading(tmp_path, tmp_path / INDEX) as archive:
        reading = archive.index.read()
        reading.__enter__()
        with a_server(tmp_path):
            pass

        with pytest.raises(StorageBusy, match="try again"):
            reading.__exit__(None, None, None)

    assert len(look(tmp_path)) >= 3


def test_a_server_that_starts_and_stops_all_the_time_is_never_a_wrong_answer(tmp_path: Path) -> None:
    seed(tmp_path)
    stop = multiprocessing.get_context("spawn").Event()
    process = multiprocessing.get_context("spawn").Process(target=_start_and_stop, args=(tmp_path, stop))
    process.start()
    answers, refusals = 0, 0
    seen: set[bool] = set()
    try:
        while answers < 100 or len(seen) < 2:
            seen.add((tmp_path / f"{INDEX}-wal").exists())
            try:
                assert look(tmp_path) == [1, 2, 3]
                answers += 1
            except StorageBusy:
                refusals += 1
                assert refusals < 1000
    finally:
        stop.set()
        process.join(30)

    assert process.exitcode == 0


def _start_and_stop(folder: Path, stop: Event) -> None:
    while not stop.is_set():
        with open_archive(folder):
            pass


def test_a_folder_that_nobody_may_write_to_is_read(tmp_path: Path) -> None:
    for name in ("stopped", "killed"):
        folder = tmp_path / name
        if name == "stopped":
            seed(folder)
        else:
            killed(tmp_path / "a", folder)
        paths = [folder, *folder.rglob("*")]
        for path in paths:
            path.chmod(0o555 if path.is_dir() else 0o444)
        try:
            assert look(folder) == [1, 2, 3]
        finally:
            for path in paths:
                path.chmod(0o755 if path.is_dir() else 0o644)


@pytest.mark.skipif(os.geteuid() != 0, reason="becoming another user needs root")
@pytest.mark.parametrize("how", ["stopped", "killed", "running"])
def test_another_user_who_may_only_read_reads(tmp_path: Path, how: str) -> None:
    program = (
        "import os, sys; from pathlib import Path; from pacsberry.archive.looking import open_reading\n"
        f"os.setgid({NOBODY}); os.setuid({NOBODY}); folder = Path(sys.argv[1])\n"
        f"with open_reading(folder, folder / {INDEX!r}) as archive: print(len(list(archive.inventory.entries())))"
    )
    folder = tmp_path / "b"
    with contextmanager(_as_it_is)(how, tmp_path, folder):
        for path in (folder, *folder.rglob("*")):
            path.chmod(path.stat().st_mode | stat.S_IRGRP | stat.S_IROTH | (0o111 if path.is_dir() else 0))
        for path in tmp_path.parents:
            if path.stat().st_uid == 0 and path != Path("/"):
                path.chmod(path.stat().st_mode | 0o111)
        tmp_path.chmod(0o755)
        done = subprocess.run([sys.executable, "-c", program, folder], capture_output=True, text=True, check=False)

    assert (done.stdout, done.stderr) == ("3\n", "")


def _as_it_is(how: str, tmp_path: Path, folder: Path) -> Iterator[None]:
    if how == "stopped":
        seed(folder)
        yield
    elif how == "killed":
        killed(tmp_path / "a", folder)
        yield
    else:
        with open_archive(folder) as archive:
            for number in range(3):
                keep(archive, make_header(instance=number))
            archive.statistics.total()
            yield


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_who_may_not_read_is_told_so(tmp_path: Path) -> None:
    seed(tmp_path)
    (tmp_path / INDEX).chmod(0)

    with pytest.raises(PermissionError, match=INDEX):
        look(tmp_path)


def test_a_folder_without_an_index_is_named(tmp_path: Path) -> None:
    with pytest.raises(NoArchive, match=str(tmp_path)):
        look(tmp_path)

    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(("version", "error"), [(9999, IndexTooNew), (1, IndexTooOld)])
def test_an_index_of_another_version_is_refused(tmp_path: Path, version: int, error: type[Exception]) -> None:
    seed(tmp_path)
    connection = sqlite3.connect(tmp_path / INDEX)
    connection.execute(f"PRAGMA user_version = {version}")
    connection.close()

    with pytest.raises(error, match=str(version)):
        look(tmp_path)


def test_a_foreign_file_in_place_of_the_index_is_named_as_damage(tmp_path: Path) -> None:
    (tmp_path / INDEX).write_bytes(b"this is not a database" * 100)

    with pytest.raises(IndexDamaged, match="rebuild-index"):
        look(tmp_path)


def test_a_path_with_odd_characters_is_that_path(tmp_path: Path) -> None:
    folder = tmp_path / "50% of #1? yes & no"
    seed(folder)

    assert look(folder) == [1, 2, 3]


def test_a_path_that_is_no_text_is_read(tmp_path: Path) -> None:
    folder = Path(os.fsdecode(os.fsencode(tmp_path) + b"/st\xff"))
    folder.mkdir()
    seed(folder)

    assert look(folder)
