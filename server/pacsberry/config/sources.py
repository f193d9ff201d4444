"""Finds and reads what a configuration is made of: files, folders of files, secrets.

Everything is bounded: how many files, how large each (json_text), how large a secret.
"""

import stat
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

from pacsberry.config.json_text import LARGEST_BYTES, read_json
from pacsberry.config.node import Node
from pacsberry.errors import ConfigError

MOST_FILES = 256
LARGEST_SECRET_BYTES = 64 << 10


def read_all(
    paths: Iterable[Path], *, variables: Mapping[str, str], warn: Callable[[str], None]
) -> list[tuple[Path, Node]]:
    """The files of all paths, in order; a folder stands for its *.json, sorted by name, without subfolders."""
    found: list[Path] = []
    for path in paths:
        found += _found_at(path, warn)
        if len(found) > MOST_FILES:
            raise ConfigError(f"{path}: more than {MOST_FILES} configuration files. Is this the right folder?")
    return [(path, read_file(path, variables=variables, warn=warn)) for path in found]


def read_file(path: Path, *, variables: Mapping[str, str], warn: Callable[[str], None]) -> Node:
    """The object in one file."""
    folder = path.absolute().parent
    node = read_json(_bytes_of(path, LARGEST_BYTES), label=str(path), folder=folder, variables=variables, warn=warn)
    if not isinstance(node.value, dict):
        raise ConfigError(f"{node.origin}: found {node.shown()}, expected an object {{…}} that holds the settings.")
    return node


def read_secret(path: Path) -> str:
    """The text of a secret, without the newline editors put at its end."""
    try:
        return _bytes_of(path, LARGEST_SECRET_BYTES).decode("utf-8-sig").rstrip("\r\n")
    except UnicodeDecodeError:
        raise ConfigError(f"{path}: not UTF-8 text. A secret is a line of text.") from None


def files_of(folder: Path) -> list[Path]:
    """The files of a folder, sorted; a folder that is not there has none."""
    return sorted(path for path in folder.iterdir() if _is_file(path)) if folder.is_dir() else []


def _found_at(path: Path, warn: Callable[[str], None]) -> list[Path]:
    if not path.is_dir():
        return [path]
    try:
        files = sorted(
            entry
            for entry in path.iterdir()
            if entry.suffix == ".json" and not entry.name.startswith(".") and _is_file(entry)
        )
    except OSError as error:
        raise ConfigError(f"{path}: {error.strerror}. The folder of the configuration cannot be listed.") from None
    if not files:
        warn(f"{path}: the folder holds no *.json file.")
    return files


def _is_file(path: Path) -> bool:
    try:
        return stat.S_ISREG(path.stat().st_mode)
    except OSError:
        return False


def _bytes_of(path: Path, most: int) -> bytes:
    try:
        with path.open("rb") as file:
            raw = file.read(most + 1)
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else "not a path"
        raise ConfigError(f"{path}: {reason}. The file cannot be read.") from None
    if len(raw) > most:
        raise ConfigError(f"{path} is larger than {most >> 10} KB, the most that is read.")
    return raw
