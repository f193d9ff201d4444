"""The state of the storage as one JSON object, in plain names that stay: for the route, the status page, an admin.

All moments are UTC as `YYYYMMDDTHHMMSS`, null for never; all sizes are bytes.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Any, Final

from pacsberry.archive import Archive, Recovery
from pacsberry.archive.room import Room
from pacsberry.archive.statistics import Statistics
from pacsberry.archive.times import utc_text
from pacsberry.model import Level
from pacsberry.upkeep.damaged import DamagedFolder
from pacsberry.upkeep.scrubber import Scrubber, ScrubStatus

MOST_DAMAGED: Final = 50  # named in the status, the newest first
_MOST_NAMES: Final = 50  # of what the last start lost
_NOTE_FACTS: Final = {  # of a note in the folder of damaged files: its name there and here
    "at": "At",
    "why": "Why",
    "kind": "Kind",
    "level": "Level",
    "id": "ID",
    "file": "File",
    "kept_as": "KeptAs",
    "tags": "Tags",
}

Part = Callable[[], Mapping[str, object] | None]


@dataclass(frozen=True, slots=True)
class StorageStatus:
    """Gathers the state; every part is asked when `tell` is called."""

    archive: Archive
    scrubber: Scrubber
    damaged: DamagedFolder
    recycling: Part  # the recycler's part
    prepared: Part  # that of prepared pictures
    last_backup: Part

    def tell(self) -> dict[str, object]:
        """All of it."""
        return {
            "Disk": disk(self.archive.room),
            "Archive": amounts(self.archive.statistics),
            "Recycling": self.recycling(),
            "Prepared": self.prepared(),
            "Scrub": scrub(self.scrubber.status()),
            "Damaged": damaged_files(self.damaged),
            "LastStart": last_start(self.archive.recovery),
            "LastBackup": self.last_backup(),
        }


def disk(room: Room) -> dict[str, object]:
    """The file system that holds the storage."""
    total, free = room.total_bytes(), room.free_bytes()
    return {"TotalSize": total, "FreeSize": free, "UsedSize": total - free}


def amounts(statistics: Statistics) -> dict[str, object]:
    """How much there is."""
    told = statistics.total()
    counts = {name: told[name] for name in (f"Count{level.plural.title()}" for level in Level)}
    sizes = {"StoredSize": "TotalDiskSize", "ContentSize": "TotalUncompressedSize"}
    return {**counts, **{name: int(str(told[theirs])) for name, theirs in sizes.items()}}


def damaged_files(damaged: DamagedFolder) -> dict[str, object]:
    """What has been set aside, and which files those are."""
    files = [
        {name: note.get(ours) for ours, name in _NOTE_FACTS.items()} for note in islice(damaged.notes(), MOST_DAMAGED)
    ]
    return {"Count": damaged.count(), "Files": files}


def scrub(status: ScrubStatus) -> dict[str, object]:
    """How far the reading of all files is."""
    record = status.record
    return {
        "IsEnabled": status.bytes_per_second > 0,
        "IsRunning": status.is_running,
        "BytesPerSecond": status.bytes_per_second,
        "BegunAt": _moment(record.begun_at),
        "CountFiles": record.files,
        "Size": record.content_bytes,
        "CountFound": record.found,
        "CompletedAt": _moment(record.completed_at),
        "CountFoundLast": record.found_last,
        "DueAt": _moment(status.due_at),
        "CountSetAside": status.set_aside,
        "Halted": status.halted or None,
    }


def last_start(found: Recovery | None) -> dict[str, Any] | None:
    """What the last start met."""
    if found is None:
        return None
    return {
        "WasClean": found.was_clean,
        "UpgradeSteps": list(found.migrations),
        "CountUnfinished": found.unfinished,
        "CountRecovered": found.recovered,
        "CountDuplicates": found.duplicates,
        "CountLost": len(found.lost),
        "Lost": found.lost[:_MOST_NAMES],
        "Unreadable": found.unreadable[:_MOST_NAMES],
        "IndexMadeAnew": list(found.rebuilt.lines()) if found.rebuilt is not None else None,
        "IndexMadeAnewAt": _moment(found.rebuilt_at),
    }


def _moment(seconds: int) -> str | None:
    return utc_text(seconds) if seconds else None
