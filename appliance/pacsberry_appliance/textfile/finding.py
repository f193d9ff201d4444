"""Which file on the boot partition is `pacsberry.txt`, of those that editors and people make of it.

Windows hides what follows the last dot: people make "pacsberry.txt.txt" and see "pacsberry.txt". Where both say
something, the one that the box has not seen yet counts, and the other is named.
"""

import hashlib
from collections.abc import Collection
from dataclasses import dataclass, field
from pathlib import Path

from pacsberry_appliance.system import files
from pacsberry_appliance.textfile.decoding import LARGEST_BYTES
from pacsberry_appliance.textfile.reading import Reading, read
from pacsberry_appliance.words import Message, say

_NAMES = ("pacsberry.txt.txt", "pacsberry.txt")
# What TextEdit and word processors make of it unless they are told otherwise.
_NO_TEXT = {".rtf", ".doc", ".docx", ".odt", ".html", ".htm"}


@dataclass(frozen=True, slots=True)
class Found:
    """The file, what it says, and what has to be said about the others."""

    path: Path
    raw: bytes | None  # None: there is none
    reading: Reading = field(default_factory=Reading)
    digests: tuple[str, ...] = ()  # of all that were looked at
    remarks: tuple[Message, ...] = ()


def digest(raw: bytes | None) -> str:
    """By which the box knows a file again."""
    return hashlib.sha256(raw).hexdigest() if raw is not None else "none"


def find(folder: Path, seen: Collection[str]) -> Found:
    """The file to go by; `seen` are the digests of earlier boots. Never raises: what cannot be read is named."""
    remarks: list[Message] = []
    there: list[tuple[Path, bytes, Reading]] = []
    for name in _NAMES:
        try:
            raw = files.read_small(folder / name, LARGEST_BYTES + 1)
        except OSError as error:
            remarks.append(say("file_unreadable", file=name, reason=error.strerror))
            continue
        if raw is not None:
            there.append((folder / name, raw, read(raw)))
    digests = [digest(raw) for _, raw, _ in there] or [digest(None)]
    for path in _others(folder):
        remarks.append(say("file_ignored", file=path.name))
        digests.append(digest(path.name.encode()))
    if not there:
        return Found(folder / _NAMES[-1], None, Reading(), tuple(digests), tuple(remarks))
    speaking = [each for each in there if not each[2].is_empty] or there[-1:]
    path, raw, reading = next((each for each in speaking if digest(each[1]) not in seen), speaking[0])
    remarks += [say("file_passed_over", file=other.name, taken=path.name) for other, _, _ in speaking if other != path]
    return Found(path, raw, reading, tuple(digests), tuple(remarks))


def _others(folder: Path) -> list[Path]:
    try:
        return sorted(
            path
            for path in folder.iterdir()
            if path.name.casefold().startswith("pacsberry") and path.suffix.casefold() in _NO_TEXT
        )
    except OSError:
        return []
