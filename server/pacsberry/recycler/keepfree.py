"""How much of the file system the archive leaves free."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class KeepFree:
    """What the settings ask for; the larger of the two holds."""

    size: int  # bytes: Pacsberry.KeepFreeMB
    percent: int  # of the file system: Pacsberry.KeepFreePercent

    def free_bytes(self, *, total: int, free: int, own: int) -> int:
        """The free space to be kept on a file system of `total` bytes, `free` of them free and `own` the archive's.

        Never more than half of what the archive could have: on a disk smaller than KeepFreeMB, or one that is full of
        other things, everything would have to go for a goal that is out of reach.
        """
        return min(max(self.size, total * self.percent // 100), (free + own) // 2)
