"""The file notes.jsonl: what lives only in the index, written beside the files."""

import errno
import os
import re
import shutil
import sqlite3
import time
import tracemalloc
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from pacsberry.archive import Archive, migrations, notes_mirror
from pacsberry.archive.note import BadNote, Note
from pacsberry.archive.notes_file import NotesFile
from pacsberry.errors import NoRoom
from pacsberry.model import Level, OverwritePolicy
from tests.archive.keeping_aids import SETTINGS, keep, make_header, open_archive

IDS = make_header().identifiers
PATIENT, STUDY, SERIES, INSTANCE = (IDS.orthanc_id(level) for level in Level)


@pytest.fixture(autouse=True)
def _hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(notes_mirror, "_GATHER_SECONDS", 0.0)


@pytest.fixture
def archive(storage: Path) -> Iterator[Archive]:
    """An archive with two instances of one series."""
    with open_archive(storage) as opened:
        for number in (1, 2):
            keep(opened, make_header(instance=number))
        yield opened


def lines(storage: Path) -> list[Note]:
    """The file as it lies."""
    found = list(NotesFile(storage).read())
    assert not [one for one in found if isinstance(one, BadNote)]
    return [one for one in found if isinstance(one, Note)]


def states(storage: Path) -> dict[str, Note]:
    """What the file says in the end, patients first; who has nothing is left out."""
    last = {noted.id: noted for noted in lines(storage)}
    return {noted.id: noted for noted in sorted(last.values(), key=lambda one: one.level) if not noted.is_empty}


def wait_until(is_so: Callable[[], bool]) -> None:
    limit = time.monotonic() + 30
    while not is_so():
        assert time.monotonic() < limit
        time.sleep(0.01)


def flush(archive: Archive) -> None:
    """Wait until the thread has written everything."""

    def is_written() -> bool:
        with archive.index.read() as connection:
            return connection.execute("SELECT 1 FROM notes_outbox").fetchone() is None

    wait_until(is_written)


def test_every_fact_that_no_file_holds_is_in_the_notes_soon(archive: Archive, storage: Path) -> None:
    archive.labels.add(Level.STUDY, STUDY, "exam")
    archive.metadata.put(Level.SERIES, SERIES, "1024", "good")
    archive.protection.protect(Level.PATIENT, PATIENT, protected=True)
    with archive.spool() as spool:
        spool.write(b"report")
        archive.attachments.put(Level.INSTANCE, INSTANCE, "1025", spool)

    flush(archive)

    assert list(states(storage).values()) == list(archive.notes.all())
    assert len(states(storage)) == 4


def test_what_is_taken_back_is_taken_back_in_the_notes(archive: Archive, storage: Path) -> None:
    archive.labels.add(Level.STUDY, STUDY, "exam")
    archive.metadata.put(Level.SERIES, SERIES, "1024", "good")
    archive.protection.protect(Level.PATIENT, PATIENT, protected=True)
    flush(archive)

    archive.labels.remove(Level.STUDY, STUDY, "exam")
    archive.metadata.delete(Level.SERIES, SERIES, "1024")
    archive.protection.protect(Level.PATIENT, PATIENT, protected=False)
    flush(archive)

    assert states(storage) == {}


@pytest.mark.parametrize("level", Level)
def test_the_notes_of_what_is_deleted_go_with_it(archive: Archive, storage: Path, level: Level) -> None:
    for at in Level:
        archive.labels.add(at, IDS.orthanc_id(at), "exam")
        archive.metadata.put(at, IDS.orthanc_id(at), "1024", "good")
    archive.protection.protect(Level.PATIENT, PATIENT, protected=True)
    flush(archive)
    assert len(states(storage)) == 4

    archive.delete(level, IDS.orthanc_id(level))
    flush(archive)

    remaining = [PATIENT, STUDY, SERIES] if level is Level.INSTANCE else []  # emptied parents go, too
    assert list(states(storage)) == remaining
    keep(archive, make_header())
    flush(archive)
    assert list(states(storage).values()) == list(archive.notes.all())


def test_an_instance_that_is_overwritten_loses_its_notes(storage: Path) -> None:
    with open_archive(storage, replace(SETTINGS, overwrite=OverwritePolicy.ALWAYS)) as archive:
        keep(archive, make_header())
        archive.labels.add(Level.INSTANCE, INSTANCE, "exam")
        archive.labels.add(Level.STUDY, STUDY, "exam")
        keep(archive, make_header())
        flush(archive)

        assert set(states(storage)) == {STUDY}


def test_nothing_is_written_for_instances_nor_when_nothing_changes(archive: Archive, storage: Path) -> None:
    archive.labels.add(Level.STUDY, STUDY, "exam")
    flush(archive)
    time.sleep(0.1)
    before = [(path, path.stat().st_mtime_ns) for path in storage.glob("*")]

    archive._notes_mirror.wake()
    time.sleep(0.1)
    assert [(path, path.stat().st_mtime_ns) for path in storage.glob("*")] == before

    for number in range(10, 20):
        keep(archive, make_header(instance=number))
    with archive.index.read() as connection:
        assert connection.execute("SELECT count(*) FROM notes_outbox").fetchone() == (0,)
    assert len(lines(storage)) == 1


def test_an_archive_without_such_facts_has_no_file(storage: Path) -> None:
    with open_archive(storage) as archive:
        keep(archive, make_header())

    assert not (storage / "notes.jsonl").exists()


def test_what_waited_when_the_plug_was_pulled_is_written_after_the_next_start(tmp_path: Path, storage: Path) -> None:
    after = tmp_path / "after"
    with open_archive(storage) as archive:
        keep(archive, make_header())
        archive.labels.add(Level.STUDY, STUDY, "first")
        flush(archive)
        archive._notes_mirror._chore.stop()
        archive.labels.add(Level.STUDY, STUDY, "second")
        shutil.copytree(storage, after)
    assert states(after)[STUDY].labels == ("first",)

    with open_archive(after) as archive:
        flush(archive)
        assert states(after)[STUDY].labels == ("first", "second")


def test_a_stop_leaves_nothing_to_write(storage: Path) -> None:
    with open_archive(storage) as archive:
        keep(archive, make_header())
        archive._notes_mirror._chore.stop()
        archive.labels.add(Level.STUDY, STUDY, "exam")

    assert states(storage)[STUDY].labels == ("exam",)


@pytest.mark.parametrize("harm", ["torn", "cut", "edited", "lost", "a folder", "a link"])
def test_a_file_that_is_not_as_it_was_left_is_written_anew(tmp_path: Path, storage: Path, harm: str) -> None:
    with open_archive(storage) as archive:
        keep(archive, make_header())
        archive.labels.add(Level.STUDY, STUDY, "exam")
        archive.labels.add(Level.SERIES, SERIES, "exam")
    path = storage / "notes.jsonl"
    content = path.read_bytes()
    if harm == "torn":
        path.write_bytes(content + b'{"v":1,"level":"stu')
    elif harm == "cut":
        os.truncate(path, len(content) - 5)
    elif harm == "edited":
        path.write_bytes(content.replace(b"exam", b"test"))
        os.utime(path, ns=(0, 0))
    else:
        path.unlink()
        if harm == "a folder":
            path.mkdir()
        elif harm == "a link":
            (tmp_path / "elsewhere").write_bytes(content)
            path.symlink_to(tmp_path / "elsewhere")

    with open_archive(storage) as archive:
        wait_until(lambda: (storage / "notes.jsonl.old").exists() or harm == "lost")
        wait_until(lambda: path.is_file() and not path.is_symlink())
        assert list(states(storage).values()) == list(archive.notes.all())
        assert archive.labels.of(Level.STUDY, STUDY) == ["exam"]
    assert (storage / "notes.jsonl.old").exists() == (harm != "lost")
    if harm == "a link":
        assert (tmp_path / "elsewhere").read_bytes() == content


def test_the_file_is_written_anew_when_most_of_it_is_stale(
    archive: Archive, storage: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(notes_mirror, "_STALE_BYTES", 3000)
    longest = 0
    for number in range(60):
        archive.metadata.put(Level.STUDY, STUDY, "1024", f"{number:0200d}")
        flush(archive)
        longest = max(longest, (storage / "notes.jsonl").stat().st_size)

    assert 3000 < longest < 4500
    assert list(states(storage).values()) == list(archive.notes.all())
    assert not (storage / "notes.jsonl.old").exists()
    assert not (storage / "notes.jsonl.part").exists()


def test_a_full_card_harms_nothing_and_the_notes_follow_when_there_is_room(
    archive: Archive, storage: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    archive.labels.add(Level.STUDY, STUDY, "first")
    flush(archive)
    archive._notes_mirror._chore.stop()
    path = storage / "notes.jsonl"
    before = path.read_bytes(), path.stat().st_mtime_ns
    write = os.write

    def write_half(descriptor: int, data: bytes) -> int:
        if str(Path(f"/proc/self/fd/{descriptor}").readlink()).startswith(str(path)):
            write(descriptor, bytes(data)[: len(data) // 2])
            raise OSError(errno.ENOSPC, "No space left on device")
        return write(descriptor, data)

    for anew in (False, True):
        if anew:
            os.utime(path, ns=(0, 0))
            before = before[0], 0
        with monkeypatch.context() as full:
            full.setattr(os, "write", write_half)
            archive.labels.add(Level.STUDY, STUDY, f"second-{anew}")
            with pytest.raises(NoRoom):
                archive._notes_mirror.flush()
        assert (path.read_bytes(), path.stat().st_mtime_ns) == before
        assert not (storage / "notes.jsonl.part").exists()

        assert archive._notes_mirror.flush()
        assert not archive._notes_mirror.flush()
        before = path.read_bytes(), path.stat().st_mtime_ns
    assert states(storage)[STUDY].labels == ("first", "second-False", "second-True")


def test_a_hostile_file_is_read_line_by_line_in_bounded_memory(storage: Path) -> None:
    good = Note(Level.STUDY, STUDY, labels=("exam",))
    junk = [
        b"\0" * 1000,
        "[]".encode("utf-16"),
        b"[" * 100_000,
        b'{"v":1',
        b"\xff",
        b"",
        b'{"v":1,"level":"study","id":NaN}',
    ]
    with (storage / "notes.jsonl").open("wb") as file:
        for line in junk:
            file.write(line + b"\n" + good.to_line().encode() + b"\n")
        for _ in range(5):
            file.write(b'"' + b"x" * (12 * 2**20) + b"\n" + good.to_line().encode() + b"\n")
        file.write(good.to_line().encode()[:-5])
    tracemalloc.start()

    kinds = Counter(type(one) for one in NotesFile(storage).read() if one == good or isinstance(one, BadNote))

    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert kinds == {Note: len(junk) + 5, BadNote: len(junk) + 5 + 1}
    assert peak < 30 * 2**20


def test_a_pipe_in_the_place_of_the_file_holds_nobody_up(storage: Path) -> None:
    os.mkfifo(storage / "notes.jsonl")

    assert list(NotesFile(storage).read()) == []
    with open_archive(storage) as archive:
        keep(archive, make_header())
        archive.labels.add(Level.STUDY, STUDY, "exam")
    assert states(storage)[STUDY].labels == ("exam",)


def test_many_changes_are_written_in_rounds(archive: Archive, storage: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    archive.labels.add(Level.STUDY, STUDY, "first")
    flush(archive)
    archive._notes_mirror._chore.stop()
    monkeypatch.setattr(notes_mirror, "_RESOURCES_PER_ROUND", 3)
    for number in range(7):
        archive.labels.add(Level.SERIES, SERIES, f"l{number}")

    rounds = 0
    while archive._notes_mirror.flush():
        rounds += 1

    assert rounds == 3
    assert len(states(storage)[SERIES].labels) == 7
    assert len(lines(storage)) == 4


def test_an_index_from_before_the_notes_has_them_written(storage: Path) -> None:
    with open_archive(storage) as archive:
        keep(archive, make_header())
        archive.labels.add(Level.STUDY, STUDY, "exam")
        archive.protection.protect(Level.PATIENT, PATIENT, protected=True)
    wanted = states(storage)
    (storage / "notes.jsonl").unlink()
    step = dict(migrations.steps())[3]
    with closing(sqlite3.connect(storage / "index.sqlite3")) as connection:
        for kind, name in re.findall(r"^CREATE (TABLE|VIEW|TRIGGER|INDEX) (\w+)", step, re.MULTILINE):
            connection.execute(f"DROP {kind} IF EXISTS {name}")
        connection.execute("DELETE FROM facts WHERE name LIKE 'notes_%'")
        connection.executescript(step)

    with open_archive(storage) as archive:
        flush(archive)
        assert states(storage) == wanted
