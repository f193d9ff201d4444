"""`pacsberry restore`: what a backup holds, back into the archive, whether the server runs or not."""

import os
from pathlib import Path

import click

from pacsberry.amounts import counted, size
from pacsberry.backup import layout
from pacsberry.backup.catalog import Place, lines_of, read_catalog, read_copy
from pacsberry.backup.lines import InstanceLine, PatientLine, StudyLine
from pacsberry.backup.manifest import Head
from pacsberry.backup.restoring import RestorePlan, Restoring
from pacsberry.backup.source import open_source
from pacsberry.cli.box import box_options
from pacsberry.cli.exits import Exit
from pacsberry.cli.house import house
from pacsberry.cli.progress import Progress
from pacsberry.cli.telling import Teller, holdings, shown
from pacsberry.config import Settings
from pacsberry.errors import BadBackup, BadRequest, NoRoom

_EPILOG = """\b
Examples:
  pacsberry restore /media/stick/pacsberry --list            which backups there are, and the patients of the latest
  pacsberry restore /media/stick/pacsberry                   everything of the latest backup
  pacsberry restore /media/stick/pacsberry --patient 4711    one patient; may be repeated
  pacsberry restore /media/stick/pacsberry --backup 2026-11-20
  pacsberry restore /media/stick/term.zip --dry-run          what would be restored
  pacsberry restore /media/stick/pacsberry --configuration /root/old-settings

The server may go on working. What the archive has already stays as it is, and so does what is newer there; the same
command again goes on where the last one was broken off. Dates of reception, senders, labels, metadata, protection and
attachments come back, too.

\b
The exit code is 7 when something could not be restored (it is named, the rest is restored), 5 when there is no room.
"""


@click.command("restore", epilog=_EPILOG)
@click.argument("source", type=click.Path(path_type=Path))
@click.option("--list", "is_list", is_flag=True, help="Show which backups are there, and the patients of one; no more.")
@click.option("--backup", "wanted", metavar="DATE", help="Which backup: a date, the beginning of one, or its number.")
@click.option("--patient", "patients", multiple=True, metavar="ID", help="PatientID or Orthanc identifier.")
@click.option("--study", "studies", multiple=True, metavar="UID", help="StudyInstanceUID or Orthanc identifier.")
@click.option("--dry-run", is_flag=True, help="Say what would be restored; no more.")
@click.option(
    "--make-room", is_flag=True, help="Let the oldest patients of the archive be recycled for what comes back."
)
@click.option(
    "--configuration",
    "folder",
    type=click.Path(file_okay=False, path_type=Path),
    metavar="FOLDER",
    help="Write the configuration files of the backup into FOLDER, for you to put in their places; no more.",
)
@box_options
def command(
    source: Path,
    is_list: bool,
    wanted: str | None,
    patients: tuple[str, ...],
    studies: tuple[str, ...],
    dry_run: bool,
    make_room: bool,
    folder: Path | None,
    settings: Settings,
) -> None:
    """Bring back what the backup in SOURCE holds: a folder, or a file that ends in .zip."""
    with open_source(source) as place:
        catalog = read_catalog(place)
        for sentence in catalog.broken:
            click.echo(f"pacsberry: {sentence}", err=True)
        head = _chosen(source, catalog.heads, wanted)
        if is_list:
            _list(place, catalog.heads, head)
        elif folder is not None:
            _write_configuration(place, head, folder)
        else:
            _restore(place, head, patients, studies, settings, dry_run=dry_run, make_room=make_room)


def _chosen(source: Path, heads: tuple[Head, ...], wanted: str | None) -> Head:
    if not heads:
        below = sorted(str(path.parent) for path in source.glob(f"*/{layout.BACKUPS}"))
        hint = f" Did you mean {below[0]}?" if below else ""
        raise BadBackup(f"There is no complete backup in {source}.{hint}")
    if wanted is None:
        return heads[-1]
    for head in reversed(heads):
        names = (head.date, head.date.replace("T", " "), head.name.text.partition("-")[2])
        if any(name.startswith(wanted) for name in names) or wanted in (str(head.name.number), head.name.text):
            return head
    raise BadRequest(f"There is no backup {wanted!r} in {source}. To see which there are: --list")


def _list(place: Place, heads: tuple[Head, ...], chosen: Head) -> None:
    for head in heads:
        lacking = f", NOT SAVED: {head.failure_count}" if head.failure_count else ""
        click.echo(
            f"{head.name.number:>5}  {head.date}  {shown(head.server)}: {holdings(head.counts)}, "
            f"{size(head.stored_bytes)}{lacking}"
        )
    click.echo(f"\nPatients in {chosen.name.number}, {chosen.date}:")
    patient: PatientLine | None = None
    studies = instances = amount = 0
    for line in lines_of(place, chosen):
        if isinstance(line, PatientLine):
            _list_patient(patient, studies, instances, amount)
            patient, studies, instances, amount = line, 0, 0, 0
        elif isinstance(line, StudyLine):
            studies += 1
        elif isinstance(line, InstanceLine):
            instances += 1
            amount += line.stored.stored_size
    _list_patient(patient, studies, instances, amount)


def _list_patient(patient: PatientLine | None, studies: int, instances: int, amount: int) -> None:
    if patient is not None:
        what = f"{shown(patient.patient_id)}  {shown(patient.name)}"
        click.echo(f"  {what}: {counted(studies, 'study')}, {counted(instances, 'instance')}, {size(amount)}")


def _restore(
    place: Place,
    head: Head,
    patients: tuple[str, ...],
    studies: tuple[str, ...],
    settings: Settings,
    *,
    dry_run: bool,
    make_room: bool,
) -> None:
    teller = Teller("not restored", "further failures are counted only.")
    with house(settings) as client:
        restoring = Restoring(
            place, head, client, patients=patients, studies=studies, failed=teller.failed, advance=teller.advance
        )
        plan = restoring.plan()
        click.echo(
            f"Backup {head.name.number} of {head.date}, {shown(head.server)}: {counted(plan.patients, 'patient')}, "
            f"{counted(plan.objects, 'file')}; missing in the archive: {plan.missing}, {size(plan.missing_bytes)}."
        )
        if dry_run:
            return
        if not make_room:
            _check_room(plan, restoring.room_left())
        with Progress("Restoring", plan.missing_bytes, of_bytes=True) as progress:
            teller.progress = progress
            done = restoring.run()
    click.echo(
        f"Restored {counted(done.instances, 'instance')}, {counted(done.attachments, 'attachment')}, labels and "
        f"metadata of {counted(done.notes, 'resource')}; files that were there already: {done.skipped}."
    )
    if head.failure_count:
        click.echo(f"When the backup was made, files that could not be saved: {head.failure_count}.", err=True)
    if done.failures:
        click.echo(f"NOT RESTORED: {done.failures}.", err=True)
        raise click.exceptions.Exit(Exit.FINDINGS)


def _check_room(plan: RestorePlan, room: int) -> None:
    if plan.missing_bytes > room:
        raise NoRoom(
            f"{size(plan.missing_bytes)} are missing in the archive, and {size(room)} fit in before the oldest "
            "patients are recycled. Restore single patients with --patient, use a larger card, or say --make-room."
        )


def _write_configuration(place: Place, head: Head, folder: Path) -> None:
    """Each file under the name it has in the backup; none that is there is touched."""
    folder.mkdir(exist_ok=True)
    for copy in head.configuration:
        content = read_copy(place, head, copy)
        path = folder / copy.copy
        try:
            descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        except FileExistsError:
            raise BadRequest(f"{path} is there already and is left as it is; name an empty folder.") from None
        with os.fdopen(descriptor, "wb") as out:
            out.write(content)
        blanked = ", without secrets and comments" if copy.is_blanked else ""
        click.echo(f"{path}: was {shown(copy.path)}{blanked}")
    for left in head.left_out:
        click.echo(f"not in the backup: {shown(left)}")
