"""What the tests of backups into a folder share."""

from pathlib import Path

from pacsberry.archive import Archive
from pacsberry.backup.backing_up import About, BackupRun
from pacsberry.backup.manifest import Failure, Head
from pacsberry.backup.target import Target
from pacsberry.model import Level
from tests.backup.aids import AT, tree


def run(archive: Archive, opened: Target, failures: list[Failure] | None = None) -> Head:
    told: list[Failure] = [] if failures is None else failures
    return BackupRun(archive.index, archive.files, opened, failed=told.append).run(About("1.0", AT, "a box"))


def objects(folder: Path) -> set[str]:
    return {name for name in tree(folder) if name.startswith("files/")}


def path_of(archive: Archive, instance_id: str) -> Path:
    return archive.files.path(archive.attachments.get(Level.INSTANCE, instance_id, "dicom").file)
