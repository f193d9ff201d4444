"""`pacsberry import`: brings folders, archives, the storage of an Orthanc or another server into this one."""

import contextlib
import os
import sys
from pathlib import Path

import click

from pacsberry.cli.box import box_options
from pacsberry.cli.house import house
from pacsberry.cli.transfer import Transfer, transfer
from pacsberry.config import Settings
from pacsberry.importing.importer import Wishes
from pacsberry.importing.remote import Address
from pacsberry.importing.server import Server
from pacsberry.importing.sources import Source, is_url, local_source, remote_source

PASSWORD_VARIABLE = "PACSBERRY_PASSWORD"  # noqa: S105  # its name, no password

_EPILOG = f"""\b
Examples:
  pacsberry import /media/stick                     a folder with all below it
  pacsberry import study.zip scans.tar.gz ct.dcm    archives and single files
  pacsberry import /var/lib/orthanc/db              the storage of an Orthanc, which need not run
  pacsberry import http://old-server:8042           another Orthanc or Pacsberry
  pacsberry import --user alice http://old:8042     asks for the password, or takes it from {PASSWORD_VARIABLE}
  pacsberry import --dry-run /media/stick           only say what would be done
  pacsberry import --report done.csv /media/stick   one line for each file; .jsonl for JSON lines

\b
It works while the server runs, and without it. What is there already is not sent again, so an import that was
interrupted goes on with the same command. Links are not followed. The exit code is 7 when a file was refused or
could not be read, 5 when the storage became full.
"""


@click.command("import", epilog=_EPILOG)
@click.argument("sources", nargs=-1, required=True, metavar="SOURCE…")
@click.option("--dry-run", is_flag=True, help="Say what would be done, and do nothing.")
@click.option("--report", type=click.Path(dir_okay=False, path_type=Path), help="Write what became of each file.")
@click.option("--resend", is_flag=True, help="Send also what is there: OverwriteInstances decides what happens to it.")
@click.option("--user", default="", metavar="NAME", help="User on the server that a URL names.")
@click.option(
    "--index",
    type=click.Path(dir_okay=False, exists=True, path_type=Path),
    help="Index of the Orthanc, when its IndexDirectory is not its StorageDirectory.",
)
@box_options
def command(
    sources: tuple[str, ...],
    dry_run: bool,
    report: Path | None,
    resend: bool,
    user: str,
    index: Path | None,
    settings: Settings,
) -> None:
    """Bring DICOM files from folders, archives, an Orthanc's storage or another server."""
    wishes = Wishes(is_rehearsal=dry_run, sends_known=resend, default_encoding=settings.text("DefaultEncoding"))
    work = Transfer([_source(text, user) for text in sources], wishes, report, index)
    with house(settings) as client:
        code = transfer(work, Server(client))
    sys.exit(code)


def _source(text: str, user: str) -> Source:
    if not is_url(text):
        return local_source(text)
    address = Address.of(text)
    name = address.user or user
    if not name or address.password:
        return remote_source(text, user=user)
    return remote_source(text, user=name, password=password_of(name, address.name))


def password_of(user: str, where: str) -> str:
    """The password of a user: from the environment, else asked for."""
    with contextlib.suppress(KeyError):
        return os.environ[PASSWORD_VARIABLE]
    return str(click.prompt(f"Password of {user} at {where}", hide_input=True, err=True))
