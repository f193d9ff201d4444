"""What a backup will have to do, told before it begins."""

from collections.abc import Callable
from dataclasses import dataclass

from pacsberry.archive.inventory import Inventory
from pacsberry.backup.target import Target
from pacsberry.errors import NoRoom, TargetFailed

_LIST_BYTES = 120  # of a list, for each object
_OTHER_BYTES = 2**20  # of a backup: head, README, configuration


@dataclass(frozen=True, slots=True)
class Plan:
    """What is there and what is missing; bytes are those on the disk."""

    objects: int
    bytes: int
    missing: int
    missing_bytes: int
    room: int  # bytes that the backup will take in the target
    free: int | None  # bytes there; None when nobody knows

    def check(self, largest_file: int | None, *, is_one_file: bool) -> None:
        """NoRoom or TargetFailed when it cannot end well; `is_one_file`: everything goes into a ZIP."""
        if self.free is not None and self.room > self.free:
            raise NoRoom(
                f"The backup will take {_megabytes(self.room)} in the target, where {_megabytes(self.free)} are free. "
                "Use a larger disk, or make room there; earlier backups are as they were."
            )
        if is_one_file and largest_file is not None and self.room > largest_file:
            raise TargetFailed(
                f"The ZIP will have {_megabytes(self.room)}, and a file on FAT32 at most {_megabytes(largest_file)}. "
                "Back up to a folder on that disk, or format it as exFAT."
            )


def make_plan(inventory: Inventory, target: Target, count: Callable[[int], None]) -> Plan:
    """Compare the index with the target; `count` is told of each object."""
    objects = stored = missing = missing_bytes = room = 0
    for entries in (inventory.entries(), inventory.attachments()):
        for entry in entries:
            objects += 1
            stored += entry.bytes_on_card
            if not target.is_here(entry):
                missing += 1
                missing_bytes += entry.bytes_on_card
                room += target.room_for(entry)
            count(1)
    room += objects * _LIST_BYTES + _OTHER_BYTES
    return Plan(objects, stored, missing, missing_bytes, room, target.free_bytes())


def _megabytes(size: int) -> str:
    return f"{-(-size // 10**6)} MB"
