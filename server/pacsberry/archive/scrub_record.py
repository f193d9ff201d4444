"""How far the scrub has come, in the index: a few numbers, written seldom (upkeep/scrubber.py says when)."""

import sqlite3
from dataclasses import dataclass, fields
from typing import Self

from pacsberry.archive.rows import fact, set_fact
from pacsberry.archive.snapshots import Snapshots


@dataclass(frozen=True, slots=True)
class ScrubRecord:
    """The pass at hand and the last one; times are UTC seconds, 0 for never."""

    after_key: int = 0  # the instances up to this key have been read in this pass
    begun_at: int = 0  # the pass at hand; 0: none is
    files: int = 0  # read in this pass
    content_bytes: int = 0
    found: int = 0  # bad files in this pass
    completed_at: int = 0  # the last pass that came to its end
    found_last: int = 0  # bad files in that pass

    @classmethod
    def read(cls, index: Snapshots) -> Self:
        """As it was last written."""
        with index.read() as connection:
            return cls(**{field.name: fact(connection, f"scrub_{field.name}") for field in fields(cls)})

    def write(self, connection: sqlite3.Connection) -> None:
        """Within the caller's transaction."""
        for field in fields(self):
            set_fact(connection, f"scrub_{field.name}", getattr(self, field.name))
