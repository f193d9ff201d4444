"""Builds what looks after the storage, and the status that tells of it."""

from dataclasses import asdict
from typing import Any

from pacsberry.archive import Archive
from pacsberry.archive.times import utc_text
from pacsberry.backup.last import read_last
from pacsberry.config import Settings
from pacsberry.model import Clock
from pacsberry.recycler import Recycler
from pacsberry.upkeep.damaged import DamagedFolder
from pacsberry.upkeep.scrubber import Scrubber
from pacsberry.upkeep.status import StorageStatus

_MEGABYTE = 2**20


def damaged_folder(settings: Settings) -> DamagedFolder:
    """The folder of files that were found damaged."""
    maximum_bytes = settings.number("Pacsberry.DamagedMaximumMB") * _MEGABYTE
    return DamagedFolder(settings.path("StorageDirectory") / "damaged", maximum_bytes=maximum_bytes)


def scrubber(settings: Settings, archive: Archive, damaged: DamagedFolder, *, reads: bool) -> Scrubber:
    """The reader of all files; `reads` false: it only verifies what is reported."""
    return Scrubber(
        archive,
        damaged,
        bytes_per_second=settings.number("Pacsberry.ScrubMBPerSecond") * _MEGABYTE if reads else 0,
        every_days=settings.number("Pacsberry.ScrubEveryDays"),
        clock=Clock(),
    )


def storage_status(
    settings: Settings, archive: Archive, recycler: Recycler, scrubber: Scrubber, damaged: DamagedFolder
) -> StorageStatus:
    """What GET /pacsberry/storage tells."""

    def recycling() -> dict[str, Any]:
        last = recycler.diary.last
        return {
            "Mode": "Reject" if recycler.rejects else "Recycle",
            "MaximumStorageBytes": recycler.limits.stored_bytes,
            "MaximumPatients": recycler.limits.patients,
            "KeepFreeBytes": recycler.measure().keep_free_bytes,
            "RecycledSinceStart": recycler.diary.count,
            "LastRecycled": None
            if last is None
            else {
                "Patient": last.patient,
                "Instances": last.instances,
                "StoredBytes": last.size,
                "At": utc_text(last.at),
            },
        }

    return StorageStatus(archive, scrubber, damaged, recycling, lambda: last_backup(settings))


def last_backup(settings: Settings) -> dict[str, object] | None:
    """The last backup that is complete."""
    last = read_last(settings.path("StorageDirectory"))
    if last is None:
        return None
    told = {name.title().replace("_", ""): value for name, value in asdict(last).items()}
    return {**told, "At": utc_text(last.at)}
