"""One value of a configuration and where it was written, so that every message can say which line to change.

A tree of nodes is what reading a file, a variable or a secret gives; merging works on it; kinds turn it into values.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

Json = bool | int | float | str | list[Any] | dict[str, Any] | None
SHOWN_CHARACTERS = 80


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a value comes from: a line of a file, a variable, a secret, or the table of defaults."""

    label: str
    folder: Path  # relative paths written here start from this folder
    line: int = 0  # 1 is the first; 0: the origin has no lines

    def __str__(self) -> str:
        return f"{self.label}:{self.line}" if self.line else self.label


@dataclass(frozen=True, slots=True)
class Node:
    """A JSON value whose members and items are nodes too."""

    value: "bool | int | float | str | list[Node] | dict[str, Node] | None"
    origin: Origin

    def plain(self) -> Json:
        """The value without its origins. Depth is bounded by the reader (json_text.DEEPEST)."""
        if isinstance(self.value, dict):
            return {key: member.plain() for key, member in self.value.items()}
        if isinstance(self.value, list):
            return [item.plain() for item in self.value]
        return self.value

    def shown(self) -> str:
        """The value as JSON in at most 80 characters, for messages."""
        import json

        text = json.dumps(self.plain(), ensure_ascii=False)
        return text if len(text) <= SHOWN_CHARACTERS else text[: SHOWN_CHARACTERS - 3] + "..."


def planted(value: Json, origin: Origin) -> Node:
    """The tree of a plain JSON value, all of it from one origin."""
    if isinstance(value, dict):
        return Node({key: planted(member, origin) for key, member in value.items()}, origin)
    if isinstance(value, list):
        return Node([planted(item, origin) for item in value], origin)
    return Node(value, origin)
