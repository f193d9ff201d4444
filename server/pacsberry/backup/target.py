"""What a backup writes to, and what it asks there: a folder (folder.py) or a ZIP (zipped_target.py)."""

from collections.abc import Callable
from typing import BinaryIO, Protocol

from pacsberry.archive.inventory import Entry
from pacsberry.backup.layout import BackupName
from pacsberry.backup.lines import Stored
from pacsberry.backup.manifest import Head

Advance = Callable[[int], None]  # told of bytes that are done


class Target(Protocol):
    """One backup on its way; all methods raise TargetFailed and NoRoom.  Belongs to one thread."""

    name: BackupName  # of the backup that is being made

    def is_here(self, entry: Entry) -> bool:
        """Whether an object seems to be there already, told without reading it."""

    def room_for(self, entry: Entry) -> int:
        """The bytes an object will take."""

    def free_bytes(self) -> int | None:
        """Free room; None when nobody knows."""

    def largest_file(self) -> int | None:
        """The most bytes that one file may have; None without a limit."""

    def find(self, entry: Entry) -> Stored | None:
        """The object if it is there and can be trusted."""

    def put(self, entry: Entry, file: BinaryIO) -> Stored:
        """Copy a kept file, which is read from its start; DamagedFile when it is not what the index says."""

    @property
    def is_settling_due(self) -> bool:
        """Whether so much was put that `settle` should be called."""

    def settle(self) -> frozenset[str]:
        """Sync what was put and read it back from the disk; the objects that did not come back as they were written."""

    def add_copy(self, copy: str, content: bytes) -> None:
        """Put a configuration file beside the objects."""

    def write_list(self, data: bytes) -> None:
        """Append to the list of the backup."""

    def commit(self, head: Head) -> None:
        """Make the backup complete: from here on it counts."""

    def close(self) -> None:
        """Let go; a backup that was not committed leaves no trace but objects that the next one will use."""
