"""`pacsberry recycle`: says who would go to make room, or has them go."""

import click

from pacsberry.cli.box import box_options
from pacsberry.cli.exits import Exit
from pacsberry.cli.main import EXIT_CODES
from pacsberry.config import Settings

_MEGABYTE = 2**20
_EPILOG = f"""\b
Examples:
  pacsberry recycle --dry-run              who would go now; writes nothing, the server may run
  pacsberry recycle --free 4000 --dry-run  who would go for 4 GB
  pacsberry recycle --free 4000            make that room before a lesson

The server does this by itself, ahead of need (Pacsberry.KeepFreeMB, Pacsberry.KeepFreePercent, MaximumStorageSize and
MaximumPatientCount). Who received something longest ago goes first; who is protected never goes.

{EXIT_CODES}
"""


@click.command("recycle", epilog=_EPILOG)
@box_options
@click.option("--dry-run", is_flag=True, help="Print the plan; no more.")
@click.option(
    "--free",
    "free_mb",
    type=click.IntRange(0, 2**30),
    default=0,
    metavar="MB",
    help="Until so much is free on the disk.",
)
def command(settings: Settings, dry_run: bool, free_mb: int) -> None:
    """Make room by letting the oldest patients go."""
    is_possible = _told_plan(settings, free_mb) if dry_run else _made_room(settings, free_mb)
    click.get_current_context().exit(Exit.OK if is_possible else Exit.NO_ROOM)


def _told_plan(settings: Settings, free_mb: int) -> bool:
    """Print who would go now; whether that would be enough."""
    from pacsberry.app import values
    from pacsberry.archive.candidates import Candidates
    from pacsberry.archive.looking import open_reading
    from pacsberry.recycler import KeepFree, Limits
    from pacsberry.recycler.keepfree import measure
    from pacsberry.recycler.planning import plan_all
    from pacsberry.recycler.status import plan_lines

    with open_reading(settings.path("StorageDirectory"), values.index_path(settings)) as archive:
        candidates = Candidates(archive.index, archive.files)
        is_rejecting = settings.text("MaximumStorageMode") == "Reject"  # then nobody goes but for --free
        limits = values.limits(settings)
        keep_free = KeepFree(0, 0) if is_rejecting else values.keep_free(settings)
        measured = measure(candidates, archive.files.room, keep_free)
        plan = plan_all(candidates, measured, Limits() if is_rejecting else limits, wanted_bytes=free_mb * _MEGABYTE)
        for line in plan_lines(measured, candidates.occupancy(), limits, plan):
            click.echo(line)
    return not plan.problem


def _made_room(settings: Settings, free_mb: int) -> bool:
    """Have the server make room, or do it here; whether there is enough now."""
    import json

    from pacsberry.amounts import counted, megabytes
    from pacsberry.app.values import index_path
    from pacsberry.cli.house import house
    from pacsberry.errors import NoArchive, PacsberryError

    if not index_path(settings).is_file():  # `house` would make a new archive there
        raise NoArchive(f"There is no index at {index_path(settings)}. Name the right folder with --data.")
    with house(settings) as client:
        answer = client.request("POST", "/pacsberry/recycle", json.dumps({"FreeMB": free_mb}).encode())
        if not answer.is_success:
            raise PacsberryError(f"{client.name} refused: {answer.reason}")
        told = answer.json()
    gone = f"{counted(told['CountPatients'], 'patient')}, {megabytes(told['Size'])}"
    click.echo(f"Gone: {gone}; {megabytes(told['FreeSize'])} are free now.")
    if told["Problem"]:
        click.echo(f"pacsberry: {told['Problem']}", err=True)
    return not told["Problem"]
