"""A file while it is being received: written as the bytes come, then kept under its final name or discarded."""

import contextlib
import errno
import hashlib
import os
import zlib
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Self

from pacsberry.errors import NoRoom

HEAD_BYTES = 65536  # of a spooled file are held in memory, for its header
_RECEIPT_ATTRIBUTE = "user.pacsberry.receipt"  # extended attribute; lets recovery say who brought a file
_RECEIPT_MAXIMUM_BYTES = 128  # fits beside the inode; a longer one would cost a block of its own
_GAUGE_BYTES = 2**20  # between two looks at the free space
_TRIES = 3  # of a write, when room was made and others took it
_NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


class Spool:
    """A file while it is being received.  Belongs to one thread; discarded on leaving its context unless kept."""

    __slots__ = ("_descriptor", "_digest", "_gauge", "_gauge_at", "_head", "crc32", "path", "size")

    def __init__(self, path: Path, *, with_md5: bool, gauge: Callable[[], None] | None = None) -> None:
        """`gauge` is called now and then while a large file grows, and raises NoRoom when it may not go on."""
        self.path = path
        self.size = 0
        self._gauge = gauge
        self._gauge_at = _GAUGE_BYTES
        self.crc32 = 0  # of what was written (ISO 3309)
        self._head = bytearray()
        self._digest = hashlib.md5(usedforsecurity=False) if with_md5 else None
        self._descriptor = created(path)

    def write(self, data: bytes | bytearray | memoryview) -> None:
        """Append `data`; NoRoom when the card is full."""
        missing = HEAD_BYTES - len(self._head)
        if missing > 0:
            self._head += data[:missing]
        self.crc32 = zlib.crc32(data, self.crc32)
        if self._digest is not None:
            self._digest.update(data)
        self._store(data)
        self.size += len(data)
        if self._gauge is not None and self.size >= self._gauge_at:
            self._gauge_at = self.size + _GAUGE_BYTES
            self._gauge()

    def _write_rest(self, rest: memoryview) -> None:
        tries = _TRIES
        while rest:
            try:
                rest = rest[os.write(self._descriptor, rest) :]
            except OSError as error:
                tries -= 1
                if not tries:
                    raise no_room(error) from error
                self._make_room(error)

    def _make_room(self, error: OSError) -> None:
        """Return when room has been made after `error`; else NoRoom, or the error itself when it is another one."""
        refusal = no_room(error)
        if not isinstance(refusal, NoRoom) or self._gauge is None:
            raise refusal from error
        self._gauge()

    @property
    def head(self) -> bytes:
        """The first 64 KB, or less when the file is shorter."""
        return bytes(self._head)

    @property
    def stored_size(self) -> int | None:
        """Bytes of the file when it is packed; None when it is as it was received."""
        return None

    @property
    def bytes_on_card(self) -> int:
        """Bytes of the file, once it is finished."""
        return self.size if self.stored_size is None else self.stored_size

    @property
    def md5(self) -> str:
        """Hex MD5 of what was written; '' when it was not asked for."""
        return self._digest.hexdigest() if self._digest is not None else ""

    def open(self) -> BinaryIO:
        """What was received so far, from its first byte."""
        return self.path.open("rb")

    def finish(self) -> None:
        """Have everything in the file; nothing more can follow."""

    def note_receipt(self, text: str) -> None:
        """Write who brought the file beside it, where the file system can (extended attributes)."""
        value = text.encode()
        if len(value) <= _RECEIPT_MAXIMUM_BYTES:
            with contextlib.suppress(OSError):
                os.setxattr(self._descriptor, _RECEIPT_ATTRIBUTE, value)

    def date_after(self, older: Path) -> None:
        """Give the file a later time than `older` has, whatever the clock did meanwhile: recovery goes by it."""
        with contextlib.suppress(OSError):
            earliest = older.stat().st_mtime_ns + 1
            facts = os.fstat(self._descriptor)
            if facts.st_mtime_ns < earliest:
                os.utime(self._descriptor, ns=(facts.st_atime_ns, earliest))

    def date(self, seconds: int) -> None:
        """Give the file the time at which it was first received: recovery goes by it."""
        with contextlib.suppress(OSError, OverflowError):
            os.utime(self._descriptor, (seconds, seconds))

    def date_like(self, other: Path) -> None:
        """Give the file the time of another one."""
        with contextlib.suppress(OSError):
            moment = other.stat().st_mtime_ns
            os.utime(self._descriptor, ns=(moment, moment))

    def sync(self) -> None:
        """Return when the content is on the card."""
        try:
            os.fdatasync(self._descriptor)
        except OSError as error:
            raise no_room(error) from error

    def close(self) -> None:
        """Let go of the descriptor; the file stays."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1

    def discard(self) -> None:
        """Remove the file, unless it was kept (then its spool name is gone already)."""
        if self._descriptor >= 0:
            self.close()
            with contextlib.suppress(FileNotFoundError):
                self.path.unlink()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.discard()

    def _store(self, data: bytes | bytearray | memoryview) -> None:
        """Take what is received."""
        self._append(data)

    def _append(self, data: bytes | bytearray | memoryview) -> None:
        """Write to the file; NoRoom."""
        try:
            written = os.write(self._descriptor, data)
        except OSError as error:
            self._make_room(error)
            written = 0
        if written < len(data):
            self._write_rest(memoryview(data)[written:])


def created(path: Path) -> int:
    """The descriptor of a new file; NoRoom."""
    try:
        return os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o640)
    except OSError as error:
        raise no_room(error) from error


def read_receipt(path: Path) -> str:
    """What `Spool.note_receipt` wrote beside a kept file, or ''."""
    try:
        return os.getxattr(path, _RECEIPT_ATTRIBUTE).decode(errors="replace")
    except OSError:
        return ""


def no_room(error: OSError) -> Exception:
    """The error to raise for one of the file system: NoRoom when it is about space, else itself."""
    if error.errno in _NO_ROOM:
        return NoRoom(f"Refused: the storage is full ({error.strerror}). Delete studies or use a larger card.")
    return error
