"""`pacsberry backup`: a copy of the archive on another disk, made while the server runs or not."""

import contextlib
import os
import platform
import time
from pathlib import Path

import click

from pacsberry import __version__
from pacsberry.amounts import counted, size
from pacsberry.backup.backing_up import About, BackupRun
from pacsberry.backup.folder import FolderTarget
from pacsberry.backup.last import LastBackup, note_last
from pacsberry.backup.manifest import Head
from pacsberry.backup.planning import Plan, make_plan
from pacsberry.backup.pruning import prune
from pacsberry.backup.surroundings import check_place
from pacsberry.backup.verifying import verify_all
from pacsberry.backup.zipped_target import ZipTarget
from pacsberry.cli.box import box_options
from pacsberry.cli.copies import Copies, copies_of
from pacsberry.cli.exits import Exit
from pacsberry.cli.progress import Progress
from pacsberry.cli.telling import Teller, holdings
from pacsberry.config import Settings
from pacsberry.errors import BadBackup, PeerFailed, in_words
from pacsberry.model import Level
from pacsberry.upkeep.damaged import DamagedFolder

_EPILOG = """\b
Examples:
  pacsberry backup /media/stick/pacsberry                     the first time everything, then what is new
  pacsberry backup /media/stick/pacsberry --prune 7           keep the last seven
  pacsberry backup /media/stick/pacsberry --verify-all        read all of it back, not only what is new
  pacsberry backup /media/stick/term.zip                      everything, in one file
  pacsberry backup /media/stick/pacsberry --dry-run           what would be done, and whether there is room

The server may go on working. What it had acknowledged before is in the backup. Everything that is written is
read back and compared. A stick that is pulled in the middle leaves earlier backups as they were; the next one goes on.
Restore with: pacsberry restore TARGET

\b
The exit code is 7 when something could not be saved (it is named, the rest is saved), 5 when there is no room.
"""


@click.command("backup", epilog=_EPILOG)
@click.argument("target", type=click.Path(path_type=Path))
@click.option("--with-secrets", is_flag=True, help="Take passwords, accounts and private keys along.")
@click.option(
    "--prune", "keep", type=click.IntRange(1), metavar="N", help="Remove all but the last N backups after it."
)
@click.option("--verify-all", "verify", is_flag=True, help="Read back what earlier backups wrote, too; repair it.")
@click.option("--same-disk", is_flag=True, help="Allow a TARGET on the disk that holds the storage.")
@click.option("--dry-run", is_flag=True, help="Say what would be copied, and whether there is room.")
@box_options
def command(
    target: Path,
    with_secrets: bool,
    keep: int | None,
    verify: bool,
    same_disk: bool,
    dry_run: bool,
    settings: Settings,
) -> None:
    """Copy the archive to TARGET: a folder, a folder on a stick, or a file that ends in .zip."""
    from pacsberry.app.values import control_socket, index_path
    from pacsberry.archive.looking import open_reading

    storage = settings.path("StorageDirectory")
    is_zip = target.suffix.lower() == ".zip"
    if is_zip and (keep is not None or verify):
        raise click.UsageError(
            "A ZIP is written anew and read back as a whole: --prune and --verify-all are for folders."
        )
    server = f"{settings.text('Name')} on {platform.node()}"
    _have_written(control_socket(settings))
    with open_reading(storage, index_path(settings)) as archive:
        check_place(target, storage, may_share_disk=same_disk)
        _be_modest()
        copies = copies_of(settings, with_secrets=with_secrets)
        at = time.time()
        teller = Teller("not saved", "further files that could not be saved are named in the backup only.")
        with contextlib.closing(_open(target, at, teller, is_zip=is_zip)) as opened:
            for warning in opened.warnings:
                click.echo(f"pacsberry: {warning}", err=True)
            if verify and isinstance(opened, FolderTarget):
                _verify(opened)
            total = int(str(archive.statistics.total()["CountInstances"]))
            with Progress("Comparing", total) as progress:
                plan = make_plan(archive.inventory, opened, progress.advance)
            _tell_plan(plan)
            plan.check(opened.largest_file(), is_one_file=is_zip)
            if dry_run:
                return
            run = BackupRun(archive.index, archive.files, opened, failed=teller.failed)
            with Progress("Copying", plan.missing_bytes, of_bytes=True) as progress:
                teller.progress = progress
                head = run.run(
                    About(__version__, int(at), server, with_secrets, copies=copies.copies, left_out=copies.left_out)
                )
            if keep is not None and isinstance(opened, FolderTarget):
                _prune(opened, server, keep, _set_aside(storage))
            damaged = sorted(opened.damaged) if isinstance(opened, FolderTarget) else []
    _note(storage, target, head)
    _tell_end(target, head, copies, with_secrets=with_secrets)
    for name in damaged:
        click.echo(f"pacsberry: {name} in the target is damaged, and the archive has it no more.", err=True)
    if head.failure_count or damaged:
        raise click.exceptions.Exit(Exit.FINDINGS)


def _open(target: Path, at: float, teller: Teller, *, is_zip: bool) -> FolderTarget | ZipTarget:
    kind = ZipTarget if is_zip else FolderTarget
    return kind(target, at=at, advance=teller.advance)


def _have_written(socket: Path) -> None:
    """Have a server that runs write down what it has acknowledged; whoever may not ask it waits for its two seconds."""
    from pacsberry.peers.http_client import HttpClient, UnixConnection

    with contextlib.suppress(PeerFailed), contextlib.closing(HttpClient(UnixConnection(socket), name="")) as client:
        client.request("GET", "/statistics")


def _be_modest() -> None:
    """The server, and whoever works with it, goes first."""
    import psutil

    with contextlib.suppress(OSError, psutil.Error):
        os.nice(10)
        psutil.Process().ionice(psutil.IOPRIO_CLASS_IDLE)


def _verify(target: FolderTarget) -> None:
    total = sum(amount for _, amount in target.objects.all())
    with Progress("Verifying", total, of_bytes=True) as progress:
        found = verify_all(target, progress.advance)
    click.echo(f"Verified {counted(found.objects, 'file')} of earlier backups; damaged: {len(target.damaged)}.")


def _tell_plan(plan: Plan) -> None:
    free = "" if plan.free is None else f", {size(plan.free)} are free"
    click.echo(
        f"{counted(plan.objects, 'file')}, {size(plan.bytes)}; to copy: {plan.missing}, {size(plan.missing_bytes)} "
        f"(room needed: {size(plan.room)}{free})."
    )


def _set_aside(storage: Path) -> list[str]:
    """The instances that were found damaged; those that came back are in the new backup."""
    notes = DamagedFolder(storage / "damaged", maximum_bytes=0).notes()
    ids = [note.get("id") for note in notes if note.get("level") == Level.INSTANCE.title]
    return [one for one in ids if isinstance(one, str)]


def _prune(target: FolderTarget, server: str, keep: int, lost: list[str]) -> None:
    try:
        pruned = prune(target.disk, server, keep, lost=lost)
    except BadBackup as error:
        click.echo(f"pacsberry: {error}", err=True)
        return
    removed = f"{counted(pruned.backups, 'backup')} and {counted(pruned.objects, 'file')}"
    click.echo(f"Removed {removed}, {size(pruned.bytes)}.")


def _note(storage: Path, target: Path, head: Head) -> None:
    try:
        note_last(
            storage,
            LastBackup(
                at=head.at,
                target=str(target.absolute()),
                name=head.name.text,
                patients=head.counts["patients"],
                instances=head.counts["instances"],
                bytes=head.stored_bytes,
                not_saved=head.failure_count,
            ),
        )
    except OSError as error:
        click.echo(f"pacsberry: the status page will not tell of this backup: {in_words(error)}", err=True)


def _tell_end(target: Path, head: Head, copies: Copies, *, with_secrets: bool) -> None:
    counts = head.counts
    click.echo(
        f"Backup {head.name.text} in {target}: {holdings(counts)}, "
        f"{size(head.stored_bytes)}. Everything new was read back and compared."
    )
    if with_secrets:
        click.echo("It holds passwords: keep it where nobody else can read it.")
    elif copies.left_out:
        click.echo(
            f"Left out of the configuration as secret: {len(copies.left_out)} (--with-secrets takes them along)."
        )
    if head.failure_count:
        click.echo(f"NOT SAVED: {head.failure_count}. Check the storage with: pacsberry check", err=True)
