"""`pacsberry config`: the settings in effect, where each comes from, and what the log would say about them."""

import json
import os
from pathlib import Path

import click

from pacsberry.config import Settings, load
from pacsberry.config.loading import SECRETS_FOLDER

_EPILOG = """\b
Examples:
  pacsberry config                       every setting with its default
  pacsberry config /etc/pacsberry        ... with the files of a folder
  pacsberry config --set site.json       only what somebody has set
  pacsberry config --json site.json      for a program
  pacsberry config --markdown            the tables of CONFIGURATION.md

Passwords are not shown. The exit code is 3 when the configuration cannot be used.
"""


@click.command("config", epilog=_EPILOG)
@click.argument("config", nargs=-1, metavar="[CONFIG]…")
@click.option("--set", "only_set", is_flag=True, help="Leave out what is at its default because nobody set it.")
@click.option("--json", "as_json", is_flag=True, help="Print {name: {value, origin}}.")
@click.option("--markdown", is_flag=True, help="Print the table of all settings and exit.")
@click.option("--layered", is_flag=True, envvar="PACSBERRY_LAYERED", help="Merge files and variables as serve does.")
@click.option("--secrets", default=str(SECRETS_FOLDER), metavar="FOLDER", help="Folder of secrets, with --layered.")
def command(
    config: tuple[str, ...], only_set: bool, as_json: bool, markdown: bool, layered: bool, secrets: str
) -> None:
    """Show the settings in effect and where each comes from.

    CONFIG are files or folders, as for `pacsberry serve`.
    """
    if markdown:
        from pacsberry.config.document import markdown as document

        click.echo(document(), nl=False)
        return
    settings = load(
        [Path(path) for path in config],
        folder=Path.cwd(),
        environ=os.environ,
        layered=layered,
        secrets=Path(secrets),
    )
    names = [name for name in settings if settings.is_set(name) or not only_set]
    click.echo(_as_json(settings, names) if as_json else _as_lines(settings, names))
    for note in settings.notes:
        click.echo(note, err=True)


def _as_json(settings: Settings, names: list[str]) -> str:
    shown = {name: {"value": settings.shown(name), "origin": settings.origin(name)} for name in names}
    return json.dumps(shown, indent=2, ensure_ascii=False)


def _as_lines(settings: Settings, names: list[str]) -> str:
    lines = [f"{name} = {json.dumps(settings.shown(name), ensure_ascii=False)}" for name in names]
    width = min(max(map(len, lines), default=0), 60)
    return "\n".join(f"{line:<{width}}  # {settings.origin(name)}" for name, line in zip(names, lines, strict=True))
