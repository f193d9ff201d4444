"""A small archive, backups of it, and what is in them."""

import contextlib
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from pacsberry.archive import Archive
from pacsberry.archive.inventory import Inventory
from pacsberry.backup.backing_up import About, BackupRun, Copy
from pacsberry.backup.catalog import Place, lines_of, read_catalog
from pacsberry.backup.disk import Disk
from pacsberry.backup.folder import FolderTarget
from pacsberry.backup.lines import AttachmentLine, InstanceLine, Line
from pacsberry.backup.manifest import Failure, Head
from pacsberry.backup.objects import Objects
from pacsberry.backup.planning import Plan, make_plan
from pacsberry.backup.source import open_source
from pacsberry.backup.zipped_target import ZipTarget
from pacsberry.model import Level
from tests.archive.keeping_aids import keep, make_header

AT = 1_764_000_000
SERVER = "a box"


def fill(archive: Archive, count: int = 6, patient: str = "P1") -> list[str]:
    """Instances of one patient; their Orthanc identifiers."""
    return [
        keep(
            archive, make_header(patient, f"1.2.{patient[1:]}", f"1.2.{patient[1:]}.1", number)
        ).identifiers.orthanc_id(Level.INSTANCE)
        for number in range(1, count + 1)
    ]


def attach(archive: Archive, level: Level, resource_id: str, number: int, content: bytes) -> None:
    """Attach a file to a resource."""
    with archive.spool() as spool:
        spool.write(content)
        archive.attachments.put(level, resource_id, str(number), spool)


@contextlib.contextmanager
def target(path: Path, at: int = AT) -> Iterator[FolderTarget | ZipTarget]:
    """The target of one backup."""
    kind = ZipTarget if path.suffix == ".zip" else FolderTarget
    with contextlib.closing(kind(path, at=at, advance=lambda amount: None)) as opened:
        yield opened


def back_up(
    archive: Archive,
    path: Path,
    *,
    at: int = AT,
    server: str = SERVER,
    failures: list[Failure] | None = None,
    copies: tuple[Copy, ...] = (),
) -> Head:
    """Make a backup."""
    told: list[Failure] = []
    with target(path, at) as opened:
        head = BackupRun(archive.index, archive.files, opened, failed=told.append).run(
            About("1.0", at, server, copies=copies)
        )
    if failures is not None:
        failures += told
    else:
        assert told == []
    return head


def plan(archive: Archive, path: Path) -> Plan:
    """What a backup would have to do."""
    with target(path) as opened:
        return make_plan(Inventory(archive.index), opened, lambda count: None)


def heads(path: Path) -> tuple[Head, ...]:
    """The complete backups in a place."""
    with open_source(path) as place:
        return read_catalog(place).heads


def lines(path: Path, head: Head) -> list[Line]:
    """What a backup holds."""
    with open_source(path) as place:
        return list(lines_of(place, head))


def saved(path: Path, head: Head) -> dict[str, bytes]:
    """{identifier: bytes as they lie} of every instance and attachment of a backup, each as it was written."""
    found: dict[str, bytes] = {}
    with open_source(path) as place:
        for line in lines_of(place, head):
            if isinstance(line, InstanceLine | AttachmentLine):
                found[line.id] = read(place, f"files/{line.stored.file}")
                if isinstance(place, Disk):
                    assert Objects(place).is_as_written(line.stored)
    return found


def read(place: Place, path: str) -> bytes:
    """The content of a file in a place."""
    content = b""
    with place.open(path) as file:
        while piece := file.read(65536):
            content += piece
    return content


def wait_for(condition: Callable[[], bool]) -> None:
    """Wait until something holds, ten seconds at most."""
    deadline = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def tree(path: Path) -> set[str]:
    """The files below a folder."""
    return {str(file.relative_to(path)) for file in path.rglob("*") if file.is_file()}
