"""`pacsberry upload`: sends files to any server with Orthanc's REST API, called as Orthanc's old import script was."""

import contextlib
import sys
from collections.abc import Sequence
from pathlib import Path

import click

from pacsberry.cli.importing import PASSWORD_VARIABLE, password_of
from pacsberry.cli.transfer import Transfer, transfer
from pacsberry.importing.importer import Wishes
from pacsberry.importing.remote import Address
from pacsberry.importing.server import Server
from pacsberry.importing.sources import local_source

_EPILOG = f"""\b
Examples:
  pacsberry upload localhost 8042 scans/            a folder with all below it
  pacsberry upload box 8042 study.zip ct.dcm        archives and single files
  pacsberry upload box 8042 scans/ alice secret     user and password, as the old script takes them
  pacsberry upload --user alice box 8042 scans/     asks for the password, or takes it from {PASSWORD_VARIABLE}
  pacsberry upload --https box 8043 scans/
  pacsberry upload --gzip box 8042 scans/           packed on their way, for a slow network

\b
The same sources, progress, report and exit codes as `pacsberry import`; the server may be an Orthanc.
A password on the command line can be seen by everybody on this machine.
"""


@click.command("upload", epilog=_EPILOG)
@click.argument("host")
@click.argument("port", type=click.IntRange(1, 65535))
@click.argument("sources", nargs=-1, required=True, metavar="SOURCE… [USER PASSWORD]")
@click.option("--dry-run", is_flag=True, help="Say what would be done, and send nothing.")
@click.option("--report", type=click.Path(dir_okay=False, path_type=Path), help="Write what became of each file.")
@click.option("--resend", is_flag=True, help="Send also what is there.")
@click.option("--user", default="", metavar="NAME", help="User on the server.")
@click.option("--https", is_flag=True, help="Use HTTPS; SSL_CERT_FILE names a certificate authority of your own.")
@click.option("--gzip", "packs", is_flag=True, help="Pack files on their way, for a slow network.")
@click.option(
    "--index",
    type=click.Path(dir_okay=False, exists=True, path_type=Path),
    help="Index of the Orthanc whose storage is a source, when it lies elsewhere.",
)
def command(
    host: str,
    port: int,
    sources: tuple[str, ...],
    dry_run: bool,
    report: Path | None,
    resend: bool,
    user: str,
    https: bool,
    packs: bool,
    index: Path | None,
) -> None:
    """Send DICOM files to the server at HOST and PORT, over HTTP."""
    paths, user, password = _user_behind(sources, user)
    address = Address("https" if https else "http", host, port, user=user)
    if user and not password:
        password = password_of(user, address.name)
    address = Address(address.scheme, host, port, user=user, password=password)
    work = Transfer(
        [local_source(path) for path in paths], Wishes(is_rehearsal=dry_run, sends_known=resend), report, index
    )
    with contextlib.closing(address.client()) as client:
        code = transfer(work, Server(client, packs=packs))
    sys.exit(code)


def _user_behind(sources: Sequence[str], user: str) -> tuple[Sequence[str], str, str]:
    """The paths, and user and password when the last two arguments are these: the old script had one path."""
    is_old_call = len(sources) == 3 and not user and not any(Path(one).exists() for one in sources[1:])
    return (sources[:1], sources[1], sources[2]) if is_old_call else (sources, user, "")
