"""The configuration as a backup takes it along: the files, and the settings in effect for people to read."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from pacsberry.backup.backing_up import Copy
from pacsberry.backup.layout import copy_name
from pacsberry.backup.manifest import LARGEST_COPY
from pacsberry.config import Settings
from pacsberry.config.secrets import PUBLIC_FILES, SECRET_FILES, settings_without_secrets, without_secrets
from pacsberry.errors import ConfigError

_EFFECTIVE = "settings-in-effect.json"


@dataclass(frozen=True, slots=True)
class Copies:
    """What goes into the backup, and what does not."""

    copies: tuple[Copy, ...]
    left_out: tuple[str, ...]  # each a file or a setting, with the reason


def copies_of(settings: Settings, *, with_secrets: bool) -> Copies:
    """The configuration that led to `settings`; without secrets unless they are asked for."""
    copies: list[Copy] = []
    left_out: list[str] = []

    def add(path: Path, content: bytes, *, is_blanked: bool) -> None:
        copies.append(Copy(copy_name(len(copies) + 1, path.name), str(path), content, is_blanked))

    for given, is_secret, is_settings in _files(settings):
        path = given.absolute()
        if is_secret and not with_secrets:
            left_out.append(f"{path}: secret")
            continue
        try:
            content = _read(path)
            if is_settings and not with_secrets:
                blanked = without_secrets(content)
                left_out += [f"{name} ({path}): secret" for name in blanked.names]
                add(path, blanked.text.encode(), is_blanked=True)
            else:
                add(path, content, is_blanked=False)
        except (OSError, ConfigError) as error:
            left_out.append(f"{path}: {error.strerror if isinstance(error, OSError) else error}")
    effective = _with_secrets(settings) if with_secrets else settings_without_secrets(settings)
    text = json.dumps(effective, indent=2, ensure_ascii=False)
    add(Path(_EFFECTIVE), text.encode(errors="replace"), is_blanked=not with_secrets)
    return Copies(tuple(copies), tuple(left_out))


def _files(settings: Settings) -> Iterator[tuple[Path, bool, bool]]:
    """Each file of the configuration; whether it is secret as a whole, and whether it is one of settings."""
    for path in settings.files:
        yield path, False, True
    for name in (*SECRET_FILES, *PUBLIC_FILES):
        path = settings[name]
        if path is not None and settings.is_set(name):
            yield path, name in SECRET_FILES, False


def _read(path: Path) -> bytes:
    with path.open("rb") as file:
        content = file.read(LARGEST_COPY + 1)
    if len(content) > LARGEST_COPY:
        raise ConfigError(f"larger than {LARGEST_COPY >> 20} MB")
    return content


def _with_secrets(settings: Settings) -> dict[str, object]:
    return {
        name: {"value": settings.values_by_name[name].plain, "origin": settings.origin(name)}
        for name in settings
        if settings.is_set(name)
    }
