"""The options that every command about the storage shares: which configuration, which folder."""

import functools
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from pacsberry.config import Settings, load
from pacsberry.config.loading import SECRETS_FOLDER

_F = TypeVar("_F", bound=Callable[..., Any])


def box_options(function: _F) -> _F:
    """Give a command --config, --data and --layered, and as its argument `settings` what they lead to.

    The variable PACSBERRY_CONFIG holds one or more paths for --config, with colons between them, so that an admin on a
    box need not type them.
    """

    @click.option(
        "--config",
        "paths",
        multiple=True,
        type=click.Path(),  # so the variable is split at colons, and a path may have blanks
        metavar="PATH",
        envvar="PACSBERRY_CONFIG",
        help="File or folder of settings, as for `pacsberry serve`; may be repeated. Variable: PACSBERRY_CONFIG.",
    )
    @click.option("--data", metavar="FOLDER", help="The storage (StorageDirectory).")
    @click.option(
        "--layered", is_flag=True, envvar="PACSBERRY_LAYERED", help="Merge files and variables as serve does."
    )
    @functools.wraps(function)
    def with_settings(*args: Any, paths: tuple[str, ...], data: str | None, layered: bool, **rest: Any) -> Any:
        return function(*args, settings=_settings(paths, data, layered=layered), **rest)

    return with_settings  # type: ignore[return-value]  # a command's arguments are filled in by click


def _settings(paths: tuple[str, ...], data: str | None, *, layered: bool) -> Settings:
    return load(
        [Path(path) for path in paths],
        folder=Path.cwd(),
        environ=os.environ,
        layered=layered,
        secrets=SECRETS_FOLDER,
        options={"StorageDirectory": ("--data", data)} if data is not None else {},
    )
