"""Verifies one file against its entry: is it there, of its size, and still the bytes that were kept?"""

import contextlib
import errno
import hashlib
import os
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import BinaryIO, Final, cast

from pacsberry.archive import FileStore
from pacsberry.archive.forms import is_packed
from pacsberry.archive.inventory import Entry
from pacsberry.archive.packedfile import PackedFile
from pacsberry.errors import DamagedFile
from pacsberry.upkeep.entry_findings import (
    BrokenPacking,
    ForbiddenFile,
    MissingFile,
    UnreadableFile,
    WrongChecksum,
    WrongSize,
)
from pacsberry.upkeep.finding import Finding

PIECE_BYTES: Final = 2**18
_FORBIDDEN: Final = (errno.EACCES, errno.EPERM)
_MISSING: Final = (errno.ENOENT, errno.ENOTDIR)


@dataclass(frozen=True, slots=True)
class Verified:
    """The outcome for one file."""

    finding: Finding | None
    crc32: int | None = None  # of the content, when it was read


def verify(
    files: FileStore, entry: Entry, *, read: bool, on_piece: Callable[[int], None] = lambda size: None
) -> Verified:
    """What is wrong with the file of `entry`, if anything.

    `read`: read all of it and compare the checksums the index has, and do not only ask for its size.  `on_piece` is
    told of every piece of content that was read, with its length in bytes.
    """
    try:
        size = files.path(entry.file).stat(follow_symlinks=False).st_size
        if size != entry.bytes_on_card:
            return Verified(WrongSize(entry, size))
        if not read:
            return Verified(None)
        with _opened(files, entry.file) as file:
            return _read(file, entry, on_piece)
    except DamagedFile as error:
        return Verified(BrokenPacking(entry, str(error)))
    except ValueError as error:  # a name with a zero byte in it: no file can have it
        return Verified(MissingFile(entry) if "null" in str(error) else UnreadableFile(entry, str(error)))
    except OSError as error:
        return Verified(_of_system(entry, error))


def forget_pages(files: FileStore, entry: Entry) -> None:
    """Let the system drop what was read of a file from its cache, where the class's images are."""
    with contextlib.suppress(OSError):
        descriptor = os.open(files.path(entry.file), os.O_RDONLY | os.O_CLOEXEC)
        try:
            os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)
        finally:
            os.close(descriptor)


def is_cached(files: FileStore, entry: Entry) -> bool:
    """Whether the beginning of a file is in the system's cache, because somebody else has looked at it."""
    try:
        descriptor = os.open(files.path(entry.file), os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        return bool(os.preadv(descriptor, [bytearray(1)], 0, os.RWF_NOWAIT))
    except OSError:  # EAGAIN: not in memory; or the file system cannot tell
        return False
    finally:
        os.close(descriptor)


def _opened(files: FileStore, name: str) -> BinaryIO:
    """The content, read without a report to whoever watches: that is who verifies."""
    file = files.path(name).open("rb")
    if not is_packed(name):
        return file
    try:
        return cast("BinaryIO", PackedFile(file, name))
    except BaseException:
        file.close()
        raise


def _read(file: BinaryIO, entry: Entry, on_piece: Callable[[int], None]) -> Verified:
    digest = hashlib.md5(usedforsecurity=False) if entry.md5 and entry.crc32 is None else None
    crc32 = size = 0
    while piece := file.read(PIECE_BYTES):
        crc32 = zlib.crc32(piece, crc32)
        size += len(piece)
        if digest is not None:
            digest.update(piece)
        on_piece(len(piece))
    if size != entry.size:
        reason = f"it holds {size} bytes instead of {entry.size}."
        return Verified(BrokenPacking(entry, reason) if is_packed(entry.file) else WrongSize(entry, size))
    if entry.crc32 is not None and crc32 != entry.crc32:
        return Verified(WrongChecksum(entry, "CRC-32", f"{entry.crc32:08x}", f"{crc32:08x}"))
    if digest is not None and digest.hexdigest() != entry.md5:
        return Verified(WrongChecksum(entry, "MD5", entry.md5, digest.hexdigest()))
    return Verified(None, crc32)


def _of_system(entry: Entry, error: OSError) -> Finding:
    reason = error.strerror or str(error)
    if error.errno in _MISSING:
        return MissingFile(entry)
    return ForbiddenFile(entry, reason) if error.errno in _FORBIDDEN else UnreadableFile(entry, reason)
