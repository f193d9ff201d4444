"""Reads everything in a folder of backups and compares it with what was written."""

from collections.abc import Callable
from dataclasses import dataclass

from pacsberry.backup.catalog import lines_of
from pacsberry.backup.digests import digest
from pacsberry.backup.folder import FolderTarget
from pacsberry.backup.lines import AttachmentLine, InstanceLine
from pacsberry.backup.manifest import Head
from pacsberry.errors import BadBackup


@dataclass(slots=True)
class Verified:
    """What was found."""

    objects: int = 0
    bytes: int = 0


def verify_all(target: FolderTarget, advance: Callable[[int], None]) -> Verified:
    """Read every object that some backup names, each once; the bad ones go into `target.damaged`.

    A backup made after this copies them again, if the archive still has them.
    """
    found = Verified()
    seen: set[int] = set()
    for head in reversed(target.catalog.heads):
        try:
            _verify(target, head, seen, found, advance)
        except BadBackup as error:
            target.warnings.append(f"The backup {head.name.text} cannot be verified: {error}")
    return found


def _verify(target: FolderTarget, head: Head, seen: set[int], found: Verified, advance: Callable[[int], None]) -> None:
    for line in lines_of(target.disk, head):
        if not isinstance(line, InstanceLine | AttachmentLine):
            continue
        stored, mark = line.stored, digest(line.stored.file)
        if mark in seen:
            continue
        seen.add(mark)
        found.objects += 1
        found.bytes += stored.stored_size
        if not target.objects.is_as_written(stored):
            target.damaged.add(stored.file)
        advance(stored.stored_size)
