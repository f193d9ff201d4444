"""Labels: short words that users put on resources, to find them again."""

import re
import sqlite3
from typing import Final

from pacsberry.archive.index import Index
from pacsberry.archive.places import key_of
from pacsberry.errors import BadRequest
from pacsberry.model import Level

_LABEL: Final = re.compile(r"[A-Za-z0-9_-]{1,64}")


def is_label(label: str) -> bool:
    """Whether it is 1 to 64 letters, digits, hyphens and underscores."""
    return _LABEL.fullmatch(label) is not None


def checked_label(label: str) -> str:
    """`label` itself; BadRequest unless it can be one."""
    if not is_label(label):
        raise BadRequest(f"{label[:80]!r} is no label: use 1 to 64 of A-Z, a-z, 0-9, hyphen and underscore.")
    return label


class Labels:
    """Reads and writes labels; thread-safe.  All methods raise UnknownResource for a resource that is not there."""

    def __init__(self, index: Index) -> None:
        self._index = index

    def in_use(self) -> list[str]:
        """All labels that some resource has, sorted."""
        with self._index.read() as connection:
            return [row[0] for row in connection.execute("SELECT DISTINCT label FROM labels ORDER BY label")]

    def of(self, level: Level, resource_id: str) -> list[str]:
        """The labels of a resource, sorted."""
        with self._index.read() as connection:
            return labels_of_key(connection, level, key_of(connection, level, resource_id))

    def has(self, level: Level, resource_id: str, label: str) -> bool:
        """Whether a resource has a label.  Raises BadRequest for what cannot be one."""
        return checked_label(label) in self.of(level, resource_id)

    def add(self, level: Level, resource_id: str, label: str) -> None:
        """Put a label on a resource; it may be there already.  Raises BadRequest for what cannot be one."""
        checked_label(label)

        def act(connection: sqlite3.Connection) -> None:
            key = key_of(connection, level, resource_id)
            connection.execute(
                "INSERT OR IGNORE INTO labels (level, key, label) VALUES (?, ?, ?)", (int(level), key, label)
            )

        self._index.write(act)

    def remove(self, level: Level, resource_id: str, label: str) -> None:
        """Take a label off a resource; it may be off already.  Raises BadRequest for what cannot be one."""
        checked_label(label)

        def act(connection: sqlite3.Connection) -> None:
            key = key_of(connection, level, resource_id)
            connection.execute("DELETE FROM labels WHERE level = ? AND key = ? AND label = ?", (int(level), key, label))

        self._index.write(act)


def labels_of_key(connection: sqlite3.Connection, level: Level, key: int) -> list[str]:
    """The labels of a row, sorted."""
    query = "SELECT label FROM labels WHERE level = ? AND key = ? ORDER BY label"
    return [row[0] for row in connection.execute(query, (int(level), key))]
