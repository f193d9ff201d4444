"""A folder as source, with all that is below it; links are not followed, and only regular files are opened."""

import functools
import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from pacsberry.importing.archives import found_in_file, is_archive_name
from pacsberry.importing.files import open_file
from pacsberry.importing.items import Fate, Finding, Found, Item, printable

_KINDS = {
    stat.S_IFLNK: "A link; links are not followed.",
    stat.S_IFIFO: "A named pipe.",
    stat.S_IFSOCK: "A socket.",
    stat.S_IFBLK: "A device.",
    stat.S_IFCHR: "A device.",
}


@dataclass(frozen=True, slots=True)
class Entry:
    """Something in a folder; `problem` says why it cannot be looked at."""

    path: Path
    mode: int = 0
    size: int = 0  # bytes
    problem: str = ""


def entries(folder: Path) -> Iterator[Entry]:
    """Everything below a folder but the folders themselves, in no particular order; holds the names of folders only."""
    waiting = [str(folder)]
    while waiting:
        here = waiting.pop()
        try:
            with os.scandir(here) as found:
                for entry in found:
                    if entry.is_dir(follow_symlinks=False):
                        waiting.append(entry.path)
                    else:
                        yield _entry(entry)
        except OSError as error:
            yield Entry(Path(here), problem=_reason(error))


class Folder:
    """The source."""

    def __init__(self, path: Path) -> None:
        self.name = printable(str(path))
        self._path = path

    def total(self) -> int:
        """The bytes of all files; looks at every one."""
        return sum(entry.size for entry in entries(self._path) if stat.S_ISREG(entry.mode))

    def found(self) -> Iterator[Found]:
        """All files, and what is in archives among them."""
        for entry in entries(self._path):
            name = printable(str(entry.path))
            if entry.problem:
                yield Finding(Fate.UNREADABLE, name, entry.problem)
            elif not stat.S_ISREG(entry.mode):
                yield Finding(Fate.PASSED_OVER, name, _KINDS.get(stat.S_IFMT(entry.mode), "No regular file."))
            elif is_archive_name(name):
                try:
                    yield from found_in_file(entry.path, name)
                except OSError as error:
                    yield Finding(Fate.UNREADABLE, name, _reason(error), amount=entry.size)
            else:
                yield Item(name, entry.size, functools.partial(open_file, entry.path))


def _entry(entry: "os.DirEntry[str]") -> Entry:
    try:
        found = entry.stat(follow_symlinks=False)
    except OSError as error:
        return Entry(Path(entry.path), problem=_reason(error))
    return Entry(Path(entry.path), found.st_mode, found.st_size)


def _reason(error: OSError) -> str:
    return f"{error.strerror or error}."
