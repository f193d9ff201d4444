"""The one file with all settings of the box, `box.json`, and what has been seen of the files on the boot partition.

Written as a whole and synced. What is made of it (profiles, names, firewall) is made anew at each boot.
"""

import json
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from typing import Any

from pacsberry_appliance.box.settings import Band, Mode, PortalMode, RadioChoice, Settings
from pacsberry_appliance.errors import UnreadableSettings
from pacsberry_appliance.system import files

_FORMAT = 1
_LARGEST_BYTES = 256 << 10
_KINDS: dict[str, type[Mode] | type[Band] | type[PortalMode] | type[RadioChoice]] = {
    "mode": Mode,
    "band": Band,
    "portal": PortalMode,
    "radio": RadioChoice,
}


@dataclass(frozen=True, slots=True)
class Stored:
    """What the file holds."""

    settings: Settings = Settings()  # noqa: RUF009  frozen: all may share one
    seen: tuple[str, ...] = ()  # digests of the boot partition's files that have been taken


def load(path: Path) -> Stored:
    """The stored settings; those of a new box when there is no file. UnreadableSettings when it is damaged or newer."""
    raw = files.read_small(path, _LARGEST_BYTES + 1)
    if raw is None:
        return Stored()
    try:
        content = json.loads(raw)
        if content["format"] > _FORMAT:
            raise UnreadableSettings(f"{path} was written by a later version of Pacsberry. Install that version again.")
        return Stored(
            settings=of_json(content["settings"]), seen=tuple(str(digest) for digest in content.get("seen", ()))
        )
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise UnreadableSettings(
            f"{path} is damaged ({error}). Move it away; the box then asks for its settings anew."
        ) from error


def save(path: Path, stored: Stored) -> bool:
    """Write it, readable by root only; False when it says that already."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.parent.chmod(0o755)
    content = {"format": _FORMAT, "settings": as_json(stored.settings), "seen": list(stored.seen)}
    return files.replace(path, json.dumps(content, indent=2, ensure_ascii=False) + "\n", mode=0o600)


def as_json(settings: Settings) -> dict[str, Any]:
    """The settings that are not the default, so that a better default of a later version takes effect."""
    defaults = asdict(Settings())
    return {key: value for key, value in asdict(settings).items() if value != defaults[key]}


def of_json(values: dict[str, Any]) -> Settings:
    """The way back. Unknown names are of a version that is gone, and passed over; a wrong kind of value is an error."""
    known = {field.name: field.default for field in fields(Settings)}
    taken: dict[str, Any] = {}
    for key, value in values.items():
        if key not in known:
            continue
        if key in _KINDS:
            taken[key] = _KINDS[key](value)
        elif key == "ssh_keys":
            taken[key] = tuple(str(line) for line in value)
        elif type(value) is type(known[key]):
            taken[key] = value
        else:
            raise ValueError(f"{key} has a wrong kind of value")
    return replace(Settings(), **taken)
