"""Profiles in NetworkManager's keyfile form (nm-settings-keyfile(5)), with its escaping."""

import uuid
from collections.abc import Mapping

# Any name space will do, as long as it stays the same: a profile keeps its id over all boots.
_NAME_SPACE = uuid.UUID("5a1f0c52-4c5e-4d0b-9f4e-7a4c0b6d2e11")


def profile(name: str, kind: str, sections: Mapping[str, Mapping[str, str]], **connection: str) -> str:
    """The text of a profile."""
    head = {"id": name, "uuid": str(uuid.uuid5(_NAME_SPACE, name)), "type": kind, **connection}
    lines = ["# Made by pacsberry-firstboot at each boot; changes here are lost. Use pacsberry-box or pacsberry.txt."]
    for section, values in {"connection": head, **sections}.items():
        lines.append(f"\n[{section}]")
        lines += [f"{key.replace('_', '-')}={value}" for key, value in values.items()]
    return "\n".join(lines) + "\n"


def text(value: str) -> str:
    """A value as GKeyFile reads it back: backslashes, line ends and a blank at the beginning are escaped."""
    escaped = value.replace("\\", "\\\\").replace("\n", "\\n").replace("\t", "\\t").replace("\r", "\\r")
    return "\\s" + escaped[1:] if escaped.startswith(" ") else escaped


def wifi_name(value: str) -> str:
    """A Wi-Fi name as a list of bytes, which has no characters with a meaning."""
    return "".join(f"{byte};" for byte in value.encode())
