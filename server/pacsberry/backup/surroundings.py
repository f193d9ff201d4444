"""What a target is: which file system, and whether it is a disk of its own."""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from pacsberry.errors import BadRequest

LARGEST_ON_FAT: Final = 2**32 - 1  # bytes of one file
_MOUNTS: Final = Path("/proc/self/mountinfo")
_FAT: Final = frozenset(("vfat", "msdos", "fuse.fusefat"))


@dataclass(frozen=True, slots=True)
class Mount:
    """The file system that holds a path."""

    point: str
    kind: str  # 'ext4', 'vfat', …; '' when nobody knows

    @property
    def largest_file(self) -> int | None:
        """The most bytes that one file may have; None without such a limit."""
        return LARGEST_ON_FAT if self.kind in _FAT else None


def mount_of(path: Path) -> Mount:
    """The file system that holds a path (proc(5), mountinfo)."""
    wanted = path.resolve()
    best = Mount("", "")
    try:
        lines = _MOUNTS.read_text(errors="replace").splitlines()
    except OSError:
        return best
    for line in lines:
        fields, _, rest = line.partition(" - ")
        point = _unescaped(fields.split(" ")[4])
        if wanted.is_relative_to(point) and len(point) >= len(best.point):
            best = Mount(point, rest.split(" ")[0])
    return best


def check_place(target: Path, storage: Path, *, may_share_disk: bool) -> None:
    """BadRequest when a backup in `target` would be lost together with what it is of.

    `may_share_disk`: the user has said that this is meant.
    """
    folder = target.absolute().parent
    if not folder.is_dir():
        raise BadRequest(f"There is no folder {folder}. Is the disk mounted?")
    place = target if target.is_dir() else folder
    if target.resolve().is_relative_to(storage.resolve()):
        raise BadRequest(f"{target} lies inside the storage itself; use another disk.")
    if not may_share_disk and place.stat().st_dev == storage.stat().st_dev:
        raise BadRequest(
            f"{target} is on the same disk as the storage and would be lost with it. Is the stick mounted? "
            "If you mean it, say --same-disk."
        )


def _unescaped(text: str) -> str:
    """A path as mountinfo writes it: blank, tab, newline and backslash are octal."""
    return os.fsdecode(os.fsencode(text).decode("unicode_escape").encode("latin-1", "replace"))
