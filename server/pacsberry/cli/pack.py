"""`pacsberry pack`: packs what was kept before StorageCompression was switched on, or unpacks it again."""

import tempfile
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain
from typing import IO, TYPE_CHECKING

import click

from pacsberry.amounts import counted, size
from pacsberry.cli.box import box_options
from pacsberry.cli.exits import Exit
from pacsberry.cli.main import EXIT_CODES
from pacsberry.cli.progress import Progress
from pacsberry.config import Settings
from pacsberry.errors import DamagedFile, NoRoom, UnknownResource

if TYPE_CHECKING:
    from pacsberry.archive.inventory import Entry
    from pacsberry.archive.looking import ReadingArchive
    from pacsberry.cli.house import HouseClient

_HEAD_BYTES = 65536  # from which the archive decides, see packing.pays
_GONE = (404, 409)  # deleted or replaced meanwhile
_NO_ROOM = 507
_EPILOG = f"""\b
Examples:
  pacsberry pack --dry-run    how many files that would be; writes nothing
  pacsberry pack              pack what is there, after setting StorageCompression to true
  pacsberry pack --undo       unpack it again, after setting it to false

The server may run, and nobody notices: each file keeps its content, and one of its two forms is there at every moment.
It can be interrupted and started again. What does not get smaller by a tenth stays as it is.

{EXIT_CODES}
"""


@dataclass(slots=True)
class _Todo:
    """Files whose form is to be changed: a line for each in a file of its own, however many they are."""

    lines: IO[str]
    count: int = 0
    bytes: int = 0

    def add(self, entry: "Entry") -> None:
        self.lines.write(f"{entry.level.plural} {entry.resource_id} {entry.number} {entry.size}\n")
        self.count += 1
        self.bytes += entry.size

    def __iter__(self) -> Iterator[tuple[str, int]]:
        """The address of each below '/', and its size in bytes."""
        self.lines.seek(0)
        for line in self.lines:
            level, resource_id, number, amount = line.split()
            yield f"/{level}/{resource_id}/attachments/{number}", int(amount)


@click.command("pack", epilog=_EPILOG)
@box_options
@click.option("--undo", is_flag=True, help="Unpack instead.")
@click.option("--dry-run", is_flag=True, help="Say how many files it would be; no more.")
def command(settings: Settings, undo: bool, dry_run: bool) -> None:
    """Pack what is stored, or unpack it."""
    from pacsberry.app.values import index_path
    from pacsberry.archive.looking import open_reading

    with tempfile.TemporaryFile("w+") as lines:
        todo = _Todo(lines)
        with open_reading(settings.path("StorageDirectory"), index_path(settings)) as archive:
            for entry in chain(archive.inventory.entries(), archive.inventory.attachments()):
                if _is_wanted(archive, entry, packed=not undo):
                    todo.add(entry)
        if dry_run or not todo.count:
            form = "unpacked" if undo else "packed"
            click.echo(f"{counted(todo.count, 'file')} would be {form}; the content is {size(todo.bytes)}.")
            return
        is_well = _change(settings, todo, packed=not undo)
    click.get_current_context().exit(Exit.OK if is_well else Exit.FINDINGS)


def _is_wanted(archive: "ReadingArchive", entry: "Entry", *, packed: bool) -> bool:
    """Whether a file has the other form, and this one is good for it; what cannot be read is `pacsberry check`'s."""
    from pacsberry.archive.packing import MOST_BYTES, pays

    if (entry.stored_size is not None) == packed:
        return False
    if not packed:
        return True
    try:
        with archive.files.open(entry.file) as file:
            return entry.size <= MOST_BYTES and pays(file.read(_HEAD_BYTES))
    except PermissionError:  # not the server's user: "0 files would be packed" would be wrong
        raise
    except (UnknownResource, DamagedFile, OSError):
        return False


def _change(settings: Settings, todo: _Todo, *, packed: bool) -> bool:
    """Have the server, or the storage opened here, do it; whether everything went well."""
    from pacsberry.cli.house import house

    act, done = ("compress", "packed") if packed else ("uncompress", "unpacked")
    counts: Counter[str] = Counter()
    with house(settings) as client:
        before = _bytes_on_card(client)
        with Progress("Packing" if packed else "Unpacking", todo.bytes, of_bytes=True) as progress:
            for place, amount in todo:
                answer = client.request("POST", f"{place}/{act}", b"")
                if answer.is_success:
                    counts[done] += 1
                elif answer.status == _NO_ROOM:
                    raise NoRoom(f"{counted(counts[done], 'file')} {done}, then: {answer.reason}")
                elif answer.status not in _GONE:
                    counts["failed"] += 1
                    click.echo(f"pacsberry: {place}: {answer.reason}", err=True)
                progress.advance(amount)
        after = _bytes_on_card(client)
    click.echo(
        f"{counted(counts[done], 'file')} {done}. The archive took {size(before)} of the disk and takes {size(after)}."
    )
    if counts["failed"]:
        click.echo(f"{counts['failed']} could not be and stay as they are; see pacsberry check --checksums.", err=True)
    return not counts["failed"]


def _bytes_on_card(client: "HouseClient") -> int:
    return int(client.request("GET", "/statistics").json()["TotalDiskSize"])
