"""Remembers the last backup in the storage folder, so that the server's status page can tell it.

`last-backup.json` is written by the command, under a passing name, synced, renamed: a power cut leaves the earlier one.
"""

import contextlib
import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

from pacsberry.archive.groupsync import GroupSync

NAME: Final = "last-backup.json"
_LARGEST: Final = 65536  # bytes
_LATEST: Final = 2**37  # UTC seconds; beyond, a date cannot be written


@dataclass(frozen=True, slots=True)
class LastBackup:
    """A backup that is complete, and was read back."""

    at: int  # UTC seconds of its begin
    target: str
    name: str
    patients: int
    instances: int
    bytes: int
    not_saved: int  # damaged or missing files


def note_last(storage: Path, last: LastBackup) -> None:
    """Write it.  OSError."""
    path = storage / NAME
    fresh = path.with_name(NAME + ".part")
    fresh.unlink(missing_ok=True)
    with fresh.open("x", encoding="utf-8") as file:  # new: root follows no link of the server's user
        with contextlib.suppress(OSError):  # root makes the backup, the server's user reads this and replaces it
            owner = storage.stat()
            os.chown(file.fileno(), owner.st_uid, owner.st_gid)
        os.fchmod(file.fileno(), 0o640)
        file.write(json.dumps(asdict(last), indent=1) + "\n")
        file.flush()
        os.fsync(file.fileno())
    fresh.rename(path)
    GroupSync(storage).after()


def read_last(storage: Path) -> LastBackup | None:
    """What was written; None when there is none, or nothing that makes sense."""
    try:
        with (storage / NAME).open("rb") as file:
            facts = json.loads(file.read(_LARGEST))
        kinds = LastBackup.__annotations__
        if any(type(facts[name]) is not kind for name, kind in kinds.items()):
            return None
        if not 0 <= facts["at"] <= _LATEST:
            return None
        return LastBackup(**{name: facts[name] for name in kinds})
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return None
