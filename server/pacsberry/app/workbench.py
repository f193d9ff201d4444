"""The parts of a server that commands need to work on the storage themselves, without its doors and threads."""

from dataclasses import dataclass
from pathlib import Path

from pacsberry.app import values
from pacsberry.app.upkeep import damaged_folder
from pacsberry.archive import Archive, Reading
from pacsberry.config import Settings
from pacsberry.ingest import Reader
from pacsberry.upkeep.damaged import DamagedFolder


@dataclass(frozen=True, slots=True)
class Workbench:
    """What lies on it; nothing is opened or started yet."""

    storage: Path
    index: Path
    reading: Reading
    archive: Archive
    damaged: DamagedFolder


def workbench(settings: Settings) -> Workbench:
    """Build the parts from the settings, as the server would."""
    storage, index = settings.path("StorageDirectory"), values.index_path(settings)
    names = values.dictionary(settings)
    tags = values.main_tags(settings, names)
    policy = values.policy(settings)
    reading = Reader(default_encoding=lambda: policy.default_encoding, main_tags=tags).reading
    archive = Archive(storage=storage, index=index, settings=values.archive(settings, reading, tags, names))
    return Workbench(storage, index, reading, archive, damaged_folder(settings))
