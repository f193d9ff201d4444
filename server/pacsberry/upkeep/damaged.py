"""The folder of files that were found bad: `<storage>/damaged`, each beside a note of what it was and why it is there.

    damaged/<uuid>.dcm     the file as it was found, whatever its form (.bin, .gz); .file when the name was not ours
    damaged/<uuid>.json    when, why, what was expected and found, whose it was

The order in which a file leaves the archive: 1. the note, synced; 2. rename, both folders synced; 3. its entry leaves
the index.  After a cut between 2 and 3 the entry has no file and is never served; the note says what to finish.  The
folder is bounded: the oldest go when it is full.
"""

import contextlib
import json
import logging
import os
import threading
import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from pacsberry.archive.forms import suffix_of, uuid_of
from pacsberry.archive.groupsync import GroupSync
from pacsberry.archive.times import utc_text
from pacsberry.archive.watchedfile import UNREADABLE

LOGGER = logging.getLogger("pacsberry.archive")

MOST_NOTES: Final = 1000  # kept; a note is one block on the card
_LARGEST_NOTE: Final = 2**18  # bytes read of one
_OURS: Final = (".dcm", ".bin")


class DamagedFolder:
    """Takes bad files and tells of them; thread-safe."""

    def __init__(self, folder: Path, *, maximum_bytes: int, now: Callable[[], float] = time.time) -> None:
        """`maximum_bytes`: of all files together; a larger one is not kept, only its note."""
        self._folder = folder
        self._maximum_bytes = maximum_bytes
        self._now = now
        self._lock = threading.Lock()  # guards the folder while something is put into it

    def put(self, path: Path, facts: Mapping[str, object]) -> None:
        """Move a file here, durably, with a note of `facts`; without the file when it is missing or too large.

        Raises OSError when that cannot be done; the file is then where it was.
        """
        with self._lock:
            self._make_folder()
            name = self._name_for(path)
            size = self._size(path)
            is_kept = os.path.lexists(path) and size <= self._maximum_bytes
            self._make_room(size if is_kept else 0)
            at = utc_text(int(self._now()))
            facts = {"at": at, **facts}
            self._write_note(name, {**facts, "kept_as": name if is_kept else None})
            if is_kept:
                self._move(path, name, facts)
            else:
                _remove(path)
            with contextlib.suppress(FileNotFoundError):
                GroupSync(path.parent).after()

    def notes(self, most: int = MOST_NOTES) -> Iterator[dict[str, Any]]:
        """The notes, the newest first, as they were written; what is no note is passed over."""
        for path in self._note_paths()[:most]:
            with contextlib.suppress(OSError, ValueError, RecursionError):
                with path.open("rb") as file:
                    note = json.loads(file.read(_LARGEST_NOTE))
                if isinstance(note, dict):
                    yield note

    def count(self) -> int:
        """How many files have been set aside and are remembered."""
        return len(self._note_paths())

    def _note_paths(self) -> list[Path]:
        try:
            entries = [entry for entry in os.scandir(self._folder) if entry.name.endswith(".json")]
            dated = sorted(((entry.stat().st_mtime_ns, entry.path) for entry in entries), reverse=True)
        except FileNotFoundError:
            return []
        return [Path(path) for _, path in dated]

    def _move(self, path: Path, name: str, facts: Mapping[str, object]) -> None:
        try:
            path.rename(self._folder / name)
        except OSError as error:
            if error.errno not in UNREADABLE:
                raise
            # Its inode is broken: no name can be taken from it. The file system wants its own repair (fsck).
            LOGGER.error("%s cannot be moved: %s. Have the file system checked: fsck", path, error.strerror)
            self._write_note(name, {**facts, "kept_as": None})
        else:
            GroupSync(self._folder).after()

    def _make_folder(self) -> None:
        if not self._folder.is_dir():
            self._folder.mkdir(parents=True)
            GroupSync(self._folder.parent).after()

    def _name_for(self, path: Path) -> str:
        stem, suffix = uuid_of(path.name), suffix_of(path.name)
        is_ours = suffix in _OURS and _is_uuid(stem)
        name = path.name if is_ours else f"{uuid.uuid4()}.file"
        if self._note_of(name).exists() or os.path.lexists(self._folder / name):
            name = f"{uuid.uuid4()}{suffix if is_ours else '.file'}"
        return name

    def _note_of(self, name: str) -> Path:
        return self._folder / f"{uuid_of(name)}.json"

    def _write_note(self, name: str, facts: Mapping[str, object]) -> None:
        with self._note_of(name).open("w", encoding="utf-8") as file:
            json.dump(facts, file, indent=1)
            file.flush()
            os.fsync(file.fileno())
        GroupSync(self._folder).after()

    def _make_room(self, size: int) -> None:
        """Remove the oldest until `size` more bytes and one more note fit."""
        notes = self._note_paths()[::-1]
        files = {
            uuid_of(entry.name): Path(entry.path)
            for entry in os.scandir(self._folder)
            if not entry.name.endswith(".json")
        }
        used = sum(self._size(path) for path in files.values())
        for position, note in enumerate(notes):
            if used + size <= self._maximum_bytes and len(notes) - position < MOST_NOTES:
                return
            kept = files.get(note.stem)
            if kept is not None:
                used -= self._size(kept)
                _remove(kept)
            _remove(note)

    @staticmethod
    def _size(path: Path) -> int:
        """Bytes of a file, or of a folder with what is in it; 0 when it is not there."""
        try:
            facts = path.lstat()
        except OSError:
            return 0
        if not path.is_dir() or path.is_symlink():
            return facts.st_size
        return sum(os.lstat(Path(folder) / name).st_size for folder, _, names in os.walk(path) for name in names)


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        import shutil  # with bz2 and lzma it takes more memory than all of this package

        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def _is_uuid(text: str) -> bool:
    try:
        return str(uuid.UUID(text)) == text
    except ValueError:
        return False
