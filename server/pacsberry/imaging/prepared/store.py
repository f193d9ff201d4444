"""Keeps prepared files: beside the archive, never part of it, within a bound, and gone as soon as room is needed.

    <storage>/prepared/<first two digits>/<series>-<digest>.<kind>      digest: archive/contents.py
    <storage>/prepared/<first two digits>/<series>-<digest>.<kind>.<n>.part     being made

A series that has changed has another digest, so nothing old is ever found for it.  Who was not looked at for longest
goes first, the large kinds before the small ones; a file's date is the day it was last used.
"""

import contextlib
import heapq
import itertools
import logging
import os
import re
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO, Final, Protocol, Self

from pacsberry.errors import DamagedFile, NoRoom, in_words
from pacsberry.imaging.prepared.sealed import read_seal, seal

LOGGER = logging.getLogger("pacsberry.imaging")

NAME: Final = re.compile(r"([0-9a-f]{8}(?:-[0-9a-f]{8}){4})-([0-9a-f]{16})\.([a-z]+)")
_PART: Final = ".part"
_BLOCK: Final = 4096  # bytes of the card that a small file takes
_USED_AGAIN_SECONDS: Final = 86_400  # the date of a file is set so seldom: each time is a write
_MOST_VERIFIED: Final = 2048  # files whose content this process has seen to be whole
_LEAST_FREE: Final = 4 << 20  # bytes that stay free for whatever else is borrowed at the same time
_AT_ONCE: Final = 256  # files chosen to go before the next look


class Lender(Protocol):
    """The file system, as archive/room.py watches it."""

    def spare_bytes(self, *, is_little: bool = False) -> int:
        """How much more may be used; `is_little`: by what is small."""

    def total_bytes(self) -> int:
        """The size of the file system."""


@dataclass(frozen=True, slots=True)
class Address:
    """What a prepared file is of."""

    series: str  # Orthanc identifier
    digest: str
    kind: str

    @property
    def name(self) -> str:
        """Its path below the folder of the store."""
        return f"{self.series[:2]}/{self.series}-{self.digest}.{self.kind}"


@dataclass(frozen=True, slots=True)
class Opened:
    """A prepared file that is whole; who opened it closes it."""

    file: BinaryIO
    length: int  # bytes of content, from the beginning of the file
    facts: Mapping[str, Any]


class PreparedStore:
    """The folder of prepared files; thread-safe."""

    def __init__(
        self,
        folder: Path,
        room: Lender,
        *,
        percent: int,
        goes_first: Mapping[str, int],
        now: Callable[[], float] = time.time,
    ) -> None:
        """`percent` of the file system at most; `goes_first`: a rank of each kind, the lowest goes first."""
        self._folder = folder
        self._room = room
        self._percent = percent
        self._ranks = goes_first
        self._now = now
        self._numbers = itertools.count()
        self._run = os.urandom(4).hex()  # tells our half-made files from those of an earlier run
        self._lock = threading.Lock()  # guards the two fields below
        self._used: int | None = None  # bytes on the card; None: not counted yet
        self._verified: dict[str, int] = {}  # name: inode, of files seen to be whole
        self._dropping = threading.Lock()  # one chooses who goes at a time

    # --- what there is -------------------------------------------------------------------------------------------

    def open(self, address: Address) -> Opened | None:
        """A prepared file, None when it is not there; one that is torn is removed."""
        path = self._folder / address.name
        try:
            file = path.open("rb", buffering=0)
        except OSError:  # NotADirectoryError, too: whatever it is, it can be made again
            return None
        try:
            facts = os.fstat(file.fileno())
            found = read_seal(file, verify=self._verified.get(address.name) != facts.st_ino)
        except (DamagedFile, OSError) as error:
            file.close()
            LOGGER.warning("%s is removed and made again when it is needed: %s", path.name, in_words(error))
            self._remove(path)
            return None
        except BaseException:
            file.close()
            raise
        self._note_use(address.name, file, facts)
        return Opened(file, found.length, found.facts)

    def has(self, address: Address) -> bool:
        """Whether such a file lies there, whole or not."""
        return (self._folder / address.name).exists()

    def bytes_used(self) -> int:
        """What all of them take on the card; counted once, when somebody asks for the first time."""
        used = self._used
        if used is None:  # without the lock: a card with many files takes its time, and clients need not wait for it
            used = sum(_bytes_on_card(facts) for path, facts in self._files() if path.suffix != _PART)
            with self._lock:
                self._used = used
        return used

    @property
    def most_bytes(self) -> int:
        """What all of them may take."""
        return self._room.total_bytes() * self._percent // 100

    # --- new ones ------------------------------------------------------------------------------------------------

    def may_add(self, size: int, *, is_little: bool = False) -> bool:
        """Whether there is room for so many bytes without dropping anything; `is_little`: see archive/room.py."""
        return self.bytes_used() + size <= self.most_bytes and self.has_spare(size, is_little=is_little)

    def has_spare(self, size: int = 0, *, is_little: bool = False) -> bool:
        """Whether the file system has room for so many bytes that are only borrowed."""
        return self._room.spare_bytes(is_little=is_little) - size >= _LEAST_FREE

    def make_way(self, size: int, *, is_little: bool = False) -> None:
        """Drop what was not looked at for longest until there is room; NoRoom when that is not enough."""
        over = self.bytes_used() + size - self.most_bytes
        short = size + _LEAST_FREE - self._room.spare_bytes(is_little=is_little)
        if self._percent and max(over, short) > 0:
            self.give_back(max(over, short))
        if not self.may_add(size, is_little=is_little):
            raise NoRoom("There is no room for prepared pictures.")

    def begin(self, address: Address) -> "Draft":
        """A file to be written; NoRoom, OSError."""
        self.make_way(0, is_little=not self._goes_first(address.kind))
        path = self._folder / f"{address.name}.{self._run}{next(self._numbers)}{_PART}"
        path.parent.mkdir(parents=True, exist_ok=True)
        return Draft(self, address.name, path)

    def add(self, part: Path, name: str) -> None:
        """For drafts: give a file that is complete its name.  Raises OSError."""
        details = part.stat()
        self._remove(self._folder / name)
        part.rename(self._folder / name)
        with self._lock:
            if self._used is not None:
                self._used += _bytes_on_card(details)
            self._verify(name, details.st_ino)

    # --- what goes -----------------------------------------------------------------------------------------------

    def drop(self, address: Address) -> None:
        """Remove one file."""
        self._remove(self._folder / address.name)

    def forget(self, series: str, *, but: str = "") -> None:
        """Remove all of a series, except what belongs to the digest `but`."""
        bucket = self._folder / series[:2]
        with contextlib.suppress(OSError), os.scandir(bucket) as entries:
            for entry in entries:
                if entry.name.startswith(f"{series}-") and not (but and entry.name.startswith(f"{series}-{but}.")):
                    self._remove(bucket / entry.name)

    def give_back(self, wanted: int, need: bool = True) -> int:
        """Remove the least useful files until so many bytes are free; returns how many bytes that were.

        Without `need`, only those that go first when all together would not be enough: whoever asks then goes on to
        other means anyway, and a class would miss its previews for nothing.
        """
        freed = 0
        with self._dropping:
            if not need and self.bytes_used() < wanted:
                for rank, _, path in self._by_use():
                    freed += self._remove(Path(path)) if rank <= 0 else 0
                return freed
            while freed < wanted and self.bytes_used() > 0:
                before = freed
                for _, _, path in heapq.nsmallest(_AT_ONCE, self._by_use()):
                    freed += self._remove(Path(path))
                    if freed >= wanted:
                        break
                if freed == before:  # nothing is left, or nothing can be removed
                    break
        return freed

    def sweep(self, is_current: Callable[[str, str], bool]) -> None:
        """Remove what an earlier run left half-made, and what `is_current` (series, digest) says is of no use."""
        for path, _ in self._files():
            match = NAME.fullmatch(path.name)
            is_ours = match is None and path.name.endswith(_PART) and f".{self._run}" in path.name
            is_good = match is not None and path.name[:2] == path.parent.name and is_current(match[1], match[2])
            if not is_ours and not is_good:
                self._remove(path)
        with self._lock:
            self._used = None

    def clear(self) -> None:
        """Remove everything."""
        self.sweep(lambda series, digest: False)
        with contextlib.suppress(OSError):
            for bucket in list(self._folder.iterdir()):
                bucket.rmdir()
            self._folder.rmdir()

    # --- inside --------------------------------------------------------------------------------------------------

    def _files(self) -> Iterator[tuple[Path, os.stat_result]]:
        with contextlib.suppress(OSError), os.scandir(self._folder) as buckets:
            for bucket in buckets:
                with contextlib.suppress(OSError), os.scandir(bucket.path) as entries:
                    for entry in entries:
                        with contextlib.suppress(OSError):
                            yield Path(entry.path), entry.stat(follow_symlinks=False)

    def _by_use(self) -> Iterator[tuple[int, int, str]]:
        for path, facts in self._files():
            if path.suffix != _PART:
                yield self._ranks.get(path.suffix.removeprefix("."), -1), int(facts.st_mtime), str(path)

    def _goes_first(self, kind: str) -> bool:
        return self._ranks.get(kind, -1) <= 0

    def _remove(self, path: Path) -> int:
        """Remove a file; returns the bytes that are free now."""
        try:
            size = _bytes_on_card(path.lstat())
            path.unlink()
        except OSError:
            return 0
        with self._lock:
            if self._used is not None and path.suffix != _PART:
                self._used = max(0, self._used - size)
            self._verified.pop(f"{path.parent.name}/{path.name}", None)
        return size

    def _note_use(self, name: str, file: BinaryIO, facts: os.stat_result) -> None:
        with self._lock:
            self._verify(name, facts.st_ino)
        if abs(self._now() - facts.st_mtime) > _USED_AGAIN_SECONDS:
            with contextlib.suppress(OSError):
                os.utime(file.fileno())

    def _verify(self, name: str, inode: int) -> None:
        """With the lock held."""
        if len(self._verified) >= _MOST_VERIFIED:
            self._verified.clear()
        self._verified[name] = inode


class Draft:
    """A prepared file in the making; closing it without `keep` removes it."""

    def __init__(self, store: PreparedStore, name: str, path: Path) -> None:
        self._store = store
        self._name = name
        self._path = path
        self.file: BinaryIO = path.open("w+b", buffering=0)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def keep(self, facts: Mapping[str, Any]) -> None:
        """Seal it and give it its name.  Raises OSError."""
        seal(self.file, facts)
        self._store.add(self._path, self._name)

    def close(self) -> None:
        """Let it go."""
        self.file.close()
        with contextlib.suppress(OSError):
            self._path.unlink()


def _bytes_on_card(facts: os.stat_result) -> int:
    return -(-facts.st_size // _BLOCK) * _BLOCK
