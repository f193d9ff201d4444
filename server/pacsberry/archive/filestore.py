"""Keeps files on disk.  A file under its final name is complete.

    <storage>/spool/<uuid>.part            being received; whatever is left of it at start was never acknowledged
    <storage>/files/<bucket>/<uuid>.dcm    kept for good; forms.py says how names end

Buckets are numbered folders of at most 1000 files, filled in order, so that a start after a pulled plug looks at
the last one or two and not at the whole card, and so that the names of one study lie side by side.
"""

import contextlib
import fcntl
import functools
import hashlib
import io
import os
import threading
import uuid
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO, cast

from pacsberry.archive.forms import PACKED_SUFFIX, is_packed
from pacsberry.archive.groupsync import GroupSync
from pacsberry.archive.packedfile import PackedFile
from pacsberry.archive.room import BALLAST_NAME, Room
from pacsberry.archive.spool import Spool, no_room, read_receipt
from pacsberry.archive.watchedfile import WatchedFile
from pacsberry.errors import DamagedFile, StorageBusy, UnknownResource

FILES_PER_BUCKET = 1000
_READ_BYTES = 2**18
_CHANGES_REMEMBERED = 4096  # a download reads the names of a series before it sends the files


class _Bucket:
    """One numbered folder; `unindexed` counts its files that the index may not hold yet."""

    __slots__ = ("count", "number", "path", "sync", "unindexed")

    def __init__(self, number: int, path: Path, count: int) -> None:
        self.number = number
        self.path = path
        self.count = count
        self.unindexed = 0
        self.sync = GroupSync(path)


class FileStore:
    """The folder of files; thread-safe."""

    def __init__(
        self,
        storage: Path,
        *,
        sync_files: bool,
        with_md5: bool,
        reserve_bytes: int,
        packs: bool = False,
        ballast: Path | None = None,
    ) -> None:
        """`packs`: whether what is received is packed where that pays; `reserve_bytes` and `ballast`: see room.py."""
        self.storage = storage
        self.packs = packs
        self.room = Room(storage, ballast=ballast or storage / BALLAST_NAME, reserve_bytes=reserve_bytes)
        self._files = storage / "files"
        self._spool = storage / "spool"
        self._sync_files = sync_files
        self._with_md5 = with_md5
        self._lock = threading.Lock()  # guards the buckets and their counts
        self._buckets: dict[int, _Bucket] = {}  # those with files the index may not hold, and the current one
        self._current: _Bucket | None = None
        self._changed: dict[str, str] = {}  # old name: new name, of files whose form was changed lately
        self._guard = -1
        self._reporter: Callable[[str], None] = lambda name: None
        self.opens = 0  # of files, by anybody: a sign of how busy the archive is, no exact count

    def start(self) -> None:
        """Make the folders and take the storage for this process; StorageBusy when another one has it."""
        for folder in (self.storage, self._files, self._spool):
            folder.mkdir(parents=True, exist_ok=True)
        self._guard = os.open(self.storage / "pacsberry.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o640)
        try:
            fcntl.flock(self._guard, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            os.close(self._guard)
            self._guard = -1
            raise StorageBusy(f"Another Pacsberry uses {self.storage}; stop it, or set StorageDirectory.") from error
        numbers = self.bucket_numbers()
        last = numbers[-1] if numbers else 0
        path = self._files / f"{last:08d}"
        path.mkdir(exist_ok=True)
        with self._lock:
            self._current = _Bucket(last, path, sum(1 for _ in os.scandir(path)))
            self._buckets = {last: self._current}
        self.room.start()

    def stop(self) -> None:
        """Release the storage."""
        if self._guard >= 0:
            self.room.stop()
            os.close(self._guard)
            self._guard = -1

    def spool(self, *, expected_bytes: int = 0, may_wait: bool = True, packed: bool | None = None) -> Spool:
        """A new file to receive into; NoRoom when the card is nearly full and nobody makes room.

        `expected_bytes`: what will come, as far as that is known; `may_wait`: whether this thread may wait for room;
        `packed`: the form that the file shall have, None for the one that pays.
        """
        self.room.require(expected_bytes, may_wait=may_wait)
        gauge = functools.partial(self.room.require, may_wait=may_wait)
        path = self._spool / f"{uuid.uuid4()}.part"
        if packed is False or not (packed or self.packs):
            return Spool(path, with_md5=self._with_md5, gauge=gauge)
        from pacsberry.archive.packing import pays
        from pacsberry.archive.packingspool import PackingSpool

        worth = (lambda head: True) if packed else pays
        return PackingSpool(path, with_md5=self._with_md5, gauge=gauge, worth=worth)

    def keep(self, spool: Spool, suffix: str) -> str:
        """Move a spooled file to its final name, durably, and return that name ('bucket/uuid.suffix', see forms.py).

        The order that makes success mean durable:
        1. sync the content; 2. rename; 3. sync the folder that now holds the name.
        The caller reports the name with `indexed` once the index holds it.
        """
        spool.finish()
        if self._sync_files:
            spool.sync()
        if spool.stored_size is not None:
            suffix += PACKED_SUFFIX
        bucket = self._take_place()
        name = f"{bucket.number:08d}/{spool.path.stem}{suffix}"
        try:
            spool.path.rename(self._files / name)
            if self._sync_files:
                bucket.sync.after()
        except OSError as error:
            with contextlib.suppress(OSError):
                (self._files / name).unlink()
            self.indexed([name])
            raise no_room(error) from error
        spool.close()
        return name

    def indexed(self, names: list[str]) -> None:
        """The index holds these files now (or they are gone)."""
        with self._lock:
            for name in names:
                bucket = self._buckets.get(int(name[:8]))
                if bucket is None:
                    continue
                bucket.unindexed -= 1
                if bucket.unindexed <= 0 and bucket is not self._current:
                    del self._buckets[bucket.number]

    def first_open_bucket(self) -> int:
        """Every file in a bucket below this number is in the index."""
        with self._lock:
            return min(
                (number for number, bucket in self._buckets.items() if bucket.unindexed > 0), default=self._last()
            )

    def path(self, name: str) -> Path:
        """Where a kept file lies, in the form in which it lies there: for copying, checking, measuring.

        Who wants the content uses `open`.
        """
        return self._files / name

    def open(self, name: str, size: int | None = None) -> BinaryIO:
        """The content of a kept file, whatever its form: seekable, for one thread.

        `size`: bytes of content that the index says it has.  UnknownResource when the file has been removed meanwhile;
        DamagedFile, here or at a read, when it has another size, cannot be unpacked, or the card does not give it.
        """
        try:
            file = self.open_stored(name, None if is_packed(name) else size)
        except UnknownResource:
            if name not in self._changed:
                raise
            return self.open(self._changed[name], size)
        if not is_packed(name):
            return file
        try:
            packed = PackedFile(file, name, self.report)
            if size is not None and packed.size != size:
                raise self._damaged(name, f"it holds {packed.size} bytes instead of {size}.")
            return cast("BinaryIO", packed)
        except BaseException:
            file.close()
            raise

    def open_stored(self, name: str, stored_size: int | None = None) -> BinaryIO:
        """A kept file as it lies, packed or not.

        `stored_size`: bytes that the index says it takes.  UnknownResource when it has been removed meanwhile,
        DamagedFile, here or at a read, when it has another size or the card does not give it.
        """
        try:
            file = io.BufferedReader(WatchedFile(self._files / name, name, self.report))
        except FileNotFoundError as error:
            if name not in self._changed:
                self.report(name)
            raise UnknownResource(f"The file {name} is not in the storage any more.") from error
        self.opens += 1
        if stored_size is not None:
            try:
                self._check_start(name, file, stored_size)
            except BaseException:
                file.close()
                raise
        return cast("BinaryIO", file)

    def _check_start(self, name: str, file: "io.BufferedReader[WatchedFile]", stored_size: int) -> None:
        """Whether a file has its size and can be read, before anybody is told that it comes: some 3 µs."""
        found = os.fstat(file.fileno()).st_size
        if found != stored_size:
            raise self._damaged(name, f"it has {found} bytes instead of {stored_size}.")
        file.peek(1)  # DamagedFile when the card does not give the first bytes

    def report_to(self, report: Callable[[str], None]) -> None:
        """Have `report`, which returns at once, called with the name of a file that turns out missing or damaged."""
        self._reporter = report

    def report(self, name: str) -> None:
        """Say that a kept file turned out missing or damaged; returns at once."""
        self._reporter(name)

    def _damaged(self, name: str, reason: str) -> DamagedFile:
        self.report(name)
        return DamagedFile(f"The stored file {name} is damaged: {reason}")

    def changed_form(self, old: str, new: str) -> None:
        """The content of `old` is in `new` from now on: `open` and `exists` know it by both names for a while."""
        with self._lock:
            self._changed[old] = new
            if len(self._changed) > _CHANGES_REMEMBERED:
                del self._changed[next(iter(self._changed))]

    def stored_size(self, name: str) -> int | None:
        """Bytes that a packed file takes on the card; None when it is not packed.  FileNotFoundError."""
        return self.path(name).stat().st_size if is_packed(name) else None

    def exists(self, name: str) -> bool:
        """Whether a kept file is there."""
        return (self._files / name).exists() or (name in self._changed and self.exists(self._changed[name]))

    def remove(self, name: str) -> None:
        """Remove a kept file; it may be gone already."""
        with contextlib.suppress(FileNotFoundError):
            (self._files / name).unlink()

    def md5(self, name: str) -> str:
        """Hex MD5 of the content of a kept file, read from the card now."""
        with self.open(name) as file:
            return _md5(file)

    def stored_md5(self, name: str) -> str:
        """Hex MD5 of a kept file as it lies, read from the card now."""
        with self.open_stored(name) as file:
            return _md5(file)

    def crc32(self, name: str) -> int:
        """CRC-32 of the content of a kept file, read from the card now."""
        value = 0
        with self.open(name) as file:
            while piece := file.read(_READ_BYTES):
                value = zlib.crc32(piece, value)
        return value

    def receipt_text(self, name: str) -> str:
        """What `Spool.note_receipt` wrote, or ''."""
        return read_receipt(self._files / name)

    def bucket_numbers(self) -> list[int]:
        """The numbers of the buckets there are, ascending."""
        return sorted(int(entry.name) for entry in os.scandir(self._files) if entry.name.isdigit() and entry.is_dir())

    def names_in(self, bucket: int) -> Iterator[str]:
        """The names of the files in one bucket."""
        with contextlib.suppress(FileNotFoundError), os.scandir(self._files / f"{bucket:08d}") as entries:
            for entry in entries:
                if entry.is_file(follow_symlinks=False):
                    yield f"{bucket:08d}/{entry.name}"

    def remove_unfinished(self) -> int:
        """Remove what an unclean stop left in the spool; returns how many files that were."""
        removed = 0
        for entry in os.scandir(self._spool):
            if entry.name.endswith(".part"):
                Path(entry.path).unlink()
                removed += 1
        return removed

    def _last(self) -> int:
        return self._current.number if self._current is not None else 0

    def next_bucket(self) -> None:
        """Put what comes from now on into a new bucket: starts look no more into those before it."""
        with self._lock:
            if self._current is not None:
                self._open_after(self._current)

    def _open_after(self, bucket: _Bucket) -> _Bucket:
        """With the lock held: the bucket after `bucket` becomes the current one.  Raises NoRoom."""
        number = bucket.number + 1
        path = self._files / f"{number:08d}"
        try:
            path.mkdir(exist_ok=True)
            GroupSync(self._files).after()
        except OSError as error:
            raise no_room(error) from error
        if bucket.unindexed <= 0:
            del self._buckets[bucket.number]
        self._current = self._buckets[number] = _Bucket(number, path, 0)
        return self._current

    def _take_place(self) -> _Bucket:
        with self._lock:
            bucket = self._current
            if bucket is None:
                raise StorageBusy("The storage is not open.")
            if bucket.count >= FILES_PER_BUCKET:
                bucket = self._open_after(bucket)
            bucket.count += 1
            bucket.unindexed += 1
            return bucket


def _md5(file: BinaryIO) -> str:
    digest = hashlib.md5(usedforsecurity=False)
    while piece := file.read(_READ_BYTES):
        digest.update(piece)
    return digest.hexdigest()
