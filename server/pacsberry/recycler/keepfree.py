"""How much of the file system the archive leaves free, and how full that is."""

from dataclasses import dataclass

from pacsberry.archive.candidates import Candidates
from pacsberry.archive.room import Room


@dataclass(frozen=True, slots=True)
class KeepFree:
    """What the settings ask for; the larger of the two holds."""

    size: int  # bytes: Pacsberry.KeepFreeMB
    percent: int  # of the file system: Pacsberry.KeepFreePercent

    @property
    def is_wanted(self) -> bool:
        """Whether anything is to be kept free."""
        return self.size > 0 or self.percent > 0

    def free_bytes(self, *, total: int, free: int, own: int) -> int:
        """The free space to be kept on a file system of `total` bytes, `free` of them free and `own` the archive's.

        Never more than half of what the archive could have: on a disk smaller than KeepFreeMB, or one that is full of
        other things, everything would have to go for a goal that is out of reach.
        """
        return min(max(self.size, total * self.percent // 100), (free + own) // 2)


@dataclass(frozen=True, slots=True)
class Measure:
    """How full the file system is."""

    total_bytes: int
    free_bytes: int  # garbage included: the remover is about to free it
    own_bytes: int  # what the archive takes up, garbage included
    keep_free_bytes: int


def measure(candidates: Candidates, room: Room, keep_free: KeepFree) -> Measure:
    """How full it is now."""
    # In this order a file that is removed meanwhile counts twice; in the other one it would count as still there, and
    # one patient too many would go.
    garbage = candidates.garbage_bytes()
    total, free = room.total_bytes(), room.free_bytes() + garbage
    own = candidates.occupancy().stored_bytes + garbage
    return Measure(total, free, own, keep_free.free_bytes(total=total, free=free, own=own))
