"""Sets one bad file aside, so that it is never served and can be sent again; see damaged.py for the order."""

import logging

from pacsberry.archive import Archive
from pacsberry.archive.inventory import Entry
from pacsberry.errors import UnknownResource
from pacsberry.model import Level
from pacsberry.upkeep.damaged import DamagedFolder
from pacsberry.upkeep.entry_findings import (
    DamagedContent,
    EntryFinding,
)

LOGGER = logging.getLogger("pacsberry.archive")


def set_aside(archive: Archive, damaged: DamagedFolder, finding: EntryFinding) -> bool:
    """Move the file of a finding to the folder of damaged files and take its entry out of the index.

    False when the index has another file for that resource by now.  Raises OSError and NoRoom.
    """
    entry = finding.entry
    damaged.put(archive.files.path(entry.file), _facts(archive, finding))
    is_withdrawn = archive.mending.withdraw(entry)
    LOGGER.error("%s It has left the index; send or restore it again.", finding.words)
    return is_withdrawn


def finish_interrupted(archive: Archive, damaged: DamagedFolder) -> int:
    """Take out of the index what a power cut left there after its file was moved; returns how many."""
    count = 0
    for note in damaged.notes():
        entry = _entry_of(archive, note.get("id"), note.get("file"))
        if entry is not None and not archive.files.exists(entry.file):
            count += archive.mending.withdraw(entry)
    return count


def _entry_of(archive: Archive, resource_id: object, file: object) -> Entry | None:
    if not isinstance(resource_id, str) or not isinstance(file, str):
        return None
    return next((entry for entry in archive.inventory.of_instance(resource_id) if entry.file == file), None)


def _facts(archive: Archive, finding: EntryFinding) -> dict[str, object]:
    entry = finding.entry
    facts: dict[str, object] = {
        "file": entry.file,
        "why": finding.words,
        "kind": type(finding).__name__,
        "level": entry.level.title,
        "id": entry.resource_id,
        "attachment": entry.number,
        "size": entry.size,
        "stored_size": entry.stored_size,
        "received_at": entry.received_at,
        "tags": _tags(archive, entry),
    }
    if isinstance(finding, DamagedContent):
        facts.update(expected=finding.expected, found=finding.found)
    return facts


def _tags(archive: Archive, entry: Entry) -> dict[str, str]:
    """What people know the instance by."""
    if not entry.is_instance:
        return {}
    try:
        found = list(archive.resources.instance_files(Level.INSTANCE, entry.resource_id))
    except UnknownResource:
        return {}
    return {name: value for instance in found for tags in instance.main_tags for name, value in tags.items()}
