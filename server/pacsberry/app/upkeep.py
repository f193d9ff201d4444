"""Builds what looks after the storage, and the status that tells of it."""

from pacsberry.archive import Archive
from pacsberry.archive.times import utc_text
from pacsberry.backup.last import read_last
from pacsberry.config import Settings
from pacsberry.imaging.prepared.preparer import Preparer
from pacsberry.model import Clock
from pacsberry.recycler import Recycler
from pacsberry.upkeep.damaged import DamagedFolder
from pacsberry.upkeep.discarded import Discarded
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


def discarded(settings: Settings, archive: Archive) -> Discarded:
    """Studies that teachers have deleted and may have back."""
    return Discarded(
        archive,
        seconds=settings.number("Pacsberry.UndoMinutes") * 60.0,
        shown_label=settings.text("Pacsberry.GuestLabel"),
    )


def storage_status(
    settings: Settings,
    archive: Archive,
    recycler: Recycler,
    scrubber: Scrubber,
    damaged: DamagedFolder,
    preparer: Preparer,
) -> StorageStatus:
    """What GET /pacsberry/storage tells."""
    return StorageStatus(archive, scrubber, damaged, recycler.status, preparer.status, lambda: last_backup(settings))


def last_backup(settings: Settings) -> dict[str, object] | None:
    """The last backup that is complete."""
    last = read_last(settings.path("StorageDirectory"))
    if last is None:
        return None
    return {
        "At": utc_text(last.at),
        "Target": last.target,
        "Name": last.name,
        "CountPatients": last.patients,
        "CountInstances": last.instances,
        "Size": last.bytes,
        "CountNotSaved": last.not_saved,
    }
