"""The command line: one group, whose commands are imported when they are used.

`pacsberry --help` therefore starts nothing but click.
"""

import importlib
from typing import Any

import click

from pacsberry import __version__
from pacsberry.cli.exits import MEANINGS, exit_code
from pacsberry.errors import PacsberryError, in_words

# Each command: the module that has it, and its line in the help.
_COMMANDS = {
    "serve": ("pacsberry.cli.serve", "Start the server."),
    "config": ("pacsberry.cli.config", "Show the settings in effect and where each comes from."),
    "user": ("pacsberry.cli.user", "Add, change, list and remove accounts."),
    "status": ("pacsberry.cli.status", "Show how the storage is: room, checks, damage, backup."),
    "check": ("pacsberry.cli.check", "Compare index and files, and repair what is wrong."),
    "rebuild-index": ("pacsberry.cli.rebuild_index", "Make the index anew from the files."),
    "recycle": ("pacsberry.cli.recycle", "Make room now, or say who would go."),
    "pack": ("pacsberry.cli.pack", "Pack what is stored, or unpack it."),
    "backup": ("pacsberry.cli.backup", "Copy the archive to another disk or a stick."),
    "restore": ("pacsberry.cli.restore", "Bring back what a backup holds."),
    "import": ("pacsberry.cli.importing", "Bring folders, archives, an Orthanc's storage or another server."),
    "upload": ("pacsberry.cli.upload", "Send DICOM files to any server with Orthanc's REST API."),
    "demo": ("pacsberry.cli.demo", "Write the demo study into a folder."),
}
EXIT_CODES = "\b\nExit codes:\n" + "\n".join(f"  {code:<4} {meaning}" for code, meaning in MEANINGS.items())
_EPILOG = f"""\b
Examples:
  pacsberry serve --demo
  pacsberry serve /etc/pacsberry
  pacsberry config /etc/pacsberry
  pacsberry user add alice --file users.json

{EXIT_CODES}
"""


class LazyGroup(click.Group):
    """A group that knows the names and one line of each command without importing it."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The names, in the order of the help."""
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command of a name, imported now."""
        if cmd_name not in _COMMANDS:
            return None
        command = getattr(importlib.import_module(_COMMANDS[cmd_name][0]), "command")  # noqa: B009  its type is unknown
        return command if isinstance(command, click.Command) else None

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The part of the help that lists the commands."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, (_, text) in _COMMANDS.items()])

    def invoke(self, ctx: click.Context) -> Any:
        """Run a command; what it raises for the user becomes one sentence and an exit code."""
        try:
            return super().invoke(ctx)
        except BrokenPipeError:
            raise  # the reader of our output has seen enough, as `head` does: click ends quietly
        except (PacsberryError, OSError) as error:
            click.echo(f"pacsberry: {in_words(error)}", err=True)
            ctx.exit(exit_code(error))
        except KeyboardInterrupt as error:
            click.echo("pacsberry: interrupted.", err=True)
            ctx.exit(exit_code(error))


@click.group(cls=LazyGroup, epilog=_EPILOG, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="pacsberry")
def pacsberry() -> None:
    """Pacsberry, a classroom PACS: a small DICOM server with Orthanc's REST API."""
