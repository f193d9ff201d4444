"""`pacsberry serve`: reads its options, then becomes the server process (starting.py)."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from pacsberry import __version__
from pacsberry.cli.exits import MEANINGS
from pacsberry.cli.logs import LogOptions
from pacsberry.cli.main import EXIT_CODES
from pacsberry.cli.options import ServeOptions, with_container_variables
from pacsberry.cli.starting import become_server
from pacsberry.config.loading import CONTAINER_FOLDER, SECRETS_FOLDER
from pacsberry.logs import CATEGORIES

_F = TypeVar("_F", bound=Callable[..., Any])

_EPILOG = f"""\b
Examples:
  pacsberry serve                              defaults, data in ./OrthancStorage
  pacsberry serve --demo --data /tmp/pacs      a first look, with a demo study
  pacsberry serve --demo --people              the same with accounts: the start tells a set-up code
  pacsberry serve /etc/pacsberry               all *.json of a folder
  pacsberry serve a.json b.json --verbose      two files; no key may be in both
  pacsberry serve --trace-dicom --logfile=dicom.log site.json
  pacsberry serve --layered                    in a container, see CONFIGURATION.md
  pacsberry serve --config=pacsberry.json      a file to start from

The order of the log options counts: --verbose and --trace set all categories, also those set before.

{EXIT_CODES}
"""


def _log_options(function: _F) -> _F:
    # All of them fill one list, in the order they are typed.
    steps = [("verbose", "", "Say what happens."), ("trace", "", "Say everything, for finding errors.")]
    steps += [
        (level, category, f"{level.title()} for {category} only.")
        for category in CATEGORIES
        for level in ("verbose", "trace")
    ]
    for level, category, text in reversed(steps):
        name, value = (f"--{level}-{category}", f"{level}:{category}") if category else (f"--{level}", level)
        function = click.option(name, "levels", flag_value=value, multiple=True, help=text)(function)
    return function


def _now(act: Callable[[], str]) -> Callable[[click.Context, click.Parameter, bool], None]:
    def callback(ctx: click.Context, parameter: click.Parameter, value: bool) -> None:
        if value and not ctx.resilient_parsing:
            click.echo(act())
            ctx.exit()

    return callback


def _errors() -> str:
    return "\n".join(f"{code:<4} {meaning}" for code, meaning in MEANINGS.items())


def _write_defaults(ctx: click.Context, parameter: click.Parameter, value: str | None) -> None:
    if value is None or ctx.resilient_parsing:
        return
    from pacsberry.config.document import commented_defaults

    if value == "-":
        click.echo(commented_defaults(), nl=False)
    else:
        try:
            with Path(value).open("x", encoding="utf-8") as file:
                file.write(commented_defaults())
        except FileExistsError:
            raise click.BadParameter(f"{value} exists already and is left as it is.") from None
        except OSError as error:
            raise click.BadParameter(f"{value}: {error.strerror}.") from None
    ctx.exit()


@click.command("serve", epilog=_EPILOG)
@click.argument("config", nargs=-1, metavar="[CONFIG]…")
@click.option("--data", metavar="FOLDER", help="Where the DICOM files and the index go (StorageDirectory).")
@click.option("--http-port", type=click.IntRange(0, 65535), help="Port of HTTP (HttpPort); 0: any free one.")
@click.option("--dicom-port", type=click.IntRange(0, 65535), help="Port of DICOM (DicomPort); 0: any free one.")
@click.option("--demo", is_flag=True, help="Put a small demo study into an empty archive.")
@click.option(
    "--people",
    is_flag=True,
    help="Teachers and admins sign in, students see what they show. Accounts are kept in users.json beside the DICOM "
    "files; the first one is made with the set-up code that the start tells.",
)
@click.option(
    "--layered",
    is_flag=True,
    envvar="PACSBERRY_LAYERED",
    help=f"Merge files, later ones win; also read {SECRETS_FOLDER} and ORTHANC__… variables. "
    f"Without CONFIG: {CONTAINER_FOLDER}. Variable: PACSBERRY_LAYERED.",
)
@click.option("--secrets", default=str(SECRETS_FOLDER), metavar="FOLDER", help="Folder of secrets, with --layered.")
@_log_options
@click.option("--logfile", default="", metavar="FILE", help="Log to a file, which is rotated, not to standard error.")
@click.option("--logdir", default="", metavar="FOLDER", help="Log to pacsberry.log in a folder.")
@click.option("--logs-no-thread", is_flag=True, help="Leave the thread out of log lines.")
@click.option("--logs-no-context", is_flag=True, help="Leave place and category out of log lines.")
@click.option("--upgrade", is_flag=True, help="Accepted: an older index is upgraded anyway.")
@click.option("--no-jobs", is_flag=True, help="Do not go on with the jobs of the last run.")
@click.option(
    "--config",
    "write_config",
    metavar="FILE",
    is_eager=True,
    expose_value=False,
    callback=_write_defaults,
    help="Write all settings with their defaults to a new file ('-': print them) and exit.",
)
@click.option(
    "--errors",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=_now(_errors),
    help="Print the exit codes and exit.",
)
@click.version_option(__version__, prog_name="pacsberry")
def command(
    config: tuple[str, ...],
    data: str | None,
    http_port: int | None,
    dicom_port: int | None,
    demo: bool,
    people: bool,
    layered: bool,
    secrets: str,
    levels: tuple[str, ...],
    logfile: str,
    logdir: str,
    logs_no_thread: bool,
    logs_no_context: bool,
    upgrade: bool,
    no_jobs: bool,
) -> None:
    """Start the server, with the settings of zero or more files or folders."""
    import os

    if logfile and logdir:
        raise click.UsageError("--logfile and --logdir exclude each other.")
    given: dict[str, tuple[str, str | int | None]] = {
        "StorageDirectory": ("--data", data),
        "HttpPort": ("--http-port", http_port),
        "DicomPort": ("--dicom-port", dicom_port),
    }
    if people:
        users = str(Path(data or "OrthancStorage") / "users.json")
        given |= {
            "AuthenticationEnabled": ("--people", True),
            "Pacsberry.Guests": ("--people", True),
            "Pacsberry.UsersFile": ("--people", users),
        }
    options = ServeOptions(
        paths=config,
        layered=layered,
        secrets=secrets,
        settings={name: (option, value) for name, (option, value) in given.items() if value is not None},
        log=LogOptions(levels, logfile, logdir, not logs_no_thread, not logs_no_context),
        demo=demo,
        no_jobs=no_jobs,
        upgrade=upgrade,
    )
    become_server(with_container_variables(options, os.environ) if layered else options)
