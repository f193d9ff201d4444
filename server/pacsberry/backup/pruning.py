"""Removes old backups from a folder, and the objects that none of the others names.

1. read the lists of all backups that stay: if one cannot be, nothing is removed, because nobody knows what it names;
2. remove the heads of those that go, and sync: they do not count any more, whatever happens next;
3. remove their lists and configuration, and the objects that step 1 did not meet.
"""

from collections.abc import Collection
from dataclasses import dataclass

from pacsberry.backup import layout
from pacsberry.backup.catalog import lines_of, read_catalog
from pacsberry.backup.digests import DigestMap
from pacsberry.backup.disk import Disk
from pacsberry.backup.lines import AttachmentLine, InstanceLine
from pacsberry.backup.manifest import Head
from pacsberry.backup.objects import Objects
from pacsberry.errors import BadBackup


@dataclass(slots=True)
class Pruned:
    """What was removed."""

    backups: int = 0
    objects: int = 0
    bytes: int = 0


def prune(disk: Disk, server: str, keep: int, *, lost: Collection[str] = ()) -> Pruned:
    """Keep the last `keep` backups of a server, at least one, and all of other servers.

    `lost`: instances (Orthanc identifiers) that were damaged in the archive.  Raises BadBackup when a backup cannot be
    read, or one that would go is the only one to hold a lost instance: then nothing was removed.
    """
    catalog = read_catalog(disk)
    if catalog.broken:
        raise BadBackup(
            f"Nothing was removed, because one of the backups cannot be read: {catalog.broken[0]} "
            f"If nobody needs it, remove its file in {layout.BACKUPS}/ by hand."
        )
    ours = [head for head in catalog.heads if head.server == server]
    going = ours[: -max(1, keep)]
    named, missed = DigestMap(), set(lost)
    for head in catalog.heads:
        if head not in going:
            _add_named(disk, head, named, missed)
    for head in reversed(going) if missed else ():
        _check_none_of(disk, head, missed)
    for head in going:
        disk.remove(layout.head_path(head.name.text))
    disk.sync()
    pruned = Pruned(backups=len(going))
    staying = {head.name.text for head in catalog.heads if head not in going}
    for file in disk.listing(layout.BACKUPS):
        if file.endswith(layout.LIST) and file.removesuffix(layout.LIST) not in staying:
            disk.remove(f"{layout.BACKUPS}/{file}")
    for folder in disk.folders(layout.CONFIGURATION):
        if layout.BackupName.of(folder) is not None and folder not in staying:
            _remove_copies(disk, folder)
    objects = Objects(disk)
    for name, size in objects.all():
        if name not in named:
            objects.remove(name)
            pruned.objects += 1
            pruned.bytes += size
    disk.sync()
    return pruned


def _check_none_of(disk: Disk, head: Head, missed: Collection[str]) -> None:
    count = sum(1 for line in lines_of(disk, head) if isinstance(line, InstanceLine) and line.id in missed)
    if count:
        raise BadBackup(
            f"Nothing was removed: {count} images that were found damaged in the archive are whole in backup "
            f"{head.name.number}. Bring them back first: pacsberry restore {disk.path} --backup {head.name.number}"
        )


def _add_named(disk: Disk, head: Head, named: DigestMap, missed: set[str]) -> None:
    try:
        for line in lines_of(disk, head):
            if isinstance(line, InstanceLine | AttachmentLine):
                named.add(line.stored.file)
            if isinstance(line, InstanceLine):
                missed.discard(line.id)
    except BadBackup as error:
        raise BadBackup(f"Nothing was removed, because the backup {head.name.text} cannot be read: {error}") from error


def _remove_copies(disk: Disk, backup: str) -> None:
    folder = f"{layout.CONFIGURATION}/{backup}"
    for file in disk.listing(folder):
        if layout.is_copy(file):
            disk.remove(f"{folder}/{file}")
    disk.remove_folder(folder)
