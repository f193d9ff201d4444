"""What the tests of the rebuilding share: an archive with something of everything, and ways to lose its index."""

import json
import random
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from pacsberry.archive import Archive, ArchiveSettings
from pacsberry.archive.rebuild_report import Rebuilt
from pacsberry.model import Level
from tests.archive.keeping_aids import (
    SETTINGS,
    keep,
    make_header,
    open_archive,
)

IDS = make_header().identifiers
PATIENT, STUDY, SERIES, INSTANCE = (IDS.orthanc_id(level) for level in Level)


def fill(archive: Archive) -> None:
    """Three patients and facts of every kind."""
    for patient in range(3):
        for instance in range(4):
            keep(archive, make_header(f"Q{patient}", f"1.{patient}", f"1.{patient}.{instance % 2}", instance))
    keep(archive, make_header())
    archive.labels.add(Level.STUDY, STUDY, "exam")
    archive.labels.add(Level.INSTANCE, INSTANCE, "exam")
    for value in ("first", "second"):
        archive.metadata.put(Level.SERIES, SERIES, "1024", value)
    archive.index.write(
        lambda connection: connection.execute("INSERT INTO metadata VALUES (1, 1, 5, 'aaaaaaaa-0-0-0-1', 0)").close()
    )
    archive.protection.protect(Level.PATIENT, PATIENT, protected=True)
    archive.protection.protect(Level.SERIES, SERIES, protected=True)
    attach(archive, Level.STUDY, STUDY, b"report")


def attach(archive: Archive, level: Level, resource_id: str, content: bytes, number: int = 1025) -> None:
    with archive.spool() as spool:
        spool.write(content)
        archive.attachments.put(level, resource_id, str(number), spool)


def everything(archive: Archive) -> dict[str, object]:
    """All that can be read of an archive, in the order of its lists; but moments, and what only this run knows."""
    found: dict[str, object] = {"statistics": archive.statistics.total(), "labels": archive.labels.in_use()}
    for level in Level:
        listed = json.loads(b"".join(archive.resources.listing(level)))
        for one in listed:
            for moment in ("LastUpdate", "IsStable"):
                one.pop(moment, None)
            metadata = archive.metadata.all(level, one["ID"])
            facts = {
                number: (known.value, known.revision)
                for number, known in metadata.items()
                if number not in (2, 7, 19)  # ReceptionDate, LastUpdate, PatientRecyclingOrder
            }
            attached = [
                (each.number, each.file, each.size, each.revision, content(archive, each.file))
                for each in archive.attachments.all(level, one["ID"])
            ]
            found[one["ID"]] = (one, facts, attached)
    return found


def content(archive: Archive, file: str) -> bytes:
    with archive.files.open(file) as opened:
        return opened.read()


def filled(folder: Path, settings: ArchiveSettings = SETTINGS) -> dict[str, object]:
    """Make an archive in a folder; what is in it."""
    with open_archive(folder, settings) as archive:
        fill(archive)
        return everything(archive)


def lose_index(folder: Path) -> None:
    for path in folder.glob("index.sqlite3*"):
        path.unlink()


def rebuild(folder: Path, settings: ArchiveSettings = SETTINGS, *, checksums: bool = False) -> Rebuilt:
    """As `pacsberry rebuild-index`."""
    archive = Archive(storage=folder, index=folder / "index.sqlite3", settings=settings)
    return archive.rebuild_index(checksums=checksums)


@contextmanager
def started(folder: Path, settings: ArchiveSettings = SETTINGS) -> Iterator[tuple[Archive, Rebuilt | None]]:
    """An archive, and the rebuild that its start needed."""
    archive = Archive(storage=folder, index=folder / "index.sqlite3", settings=settings)
    found = archive.start()
    try:
        yield archive, found.rebuilt
    finally:
        archive.stop()


def random_header(index: Path) -> None:
    with index.open("r+b") as file:
        file.write(random.Random(1).randbytes(4096))


def wait_until(is_so: Callable[[], bool]) -> None:
    limit = time.monotonic() + 30
    while not is_so():
        assert time.monotonic() < limit
        time.sleep(0.01)
