"""How much room the file system has, and who is told when it gets low.

Two marks: below the **low mark** the recycler is woken, and goes to work while things still come in; below the
**reserve** nothing comes in, so that the index can still be written.  Beside them lies the **ballast**, a file that
takes up as much as the reserve and holds nothing: it is given up when the index cannot be written because others have
filled the file system to the last byte, so that something can still be deleted.  It is taken back when there is room.

Prepared pictures, which can be made again, borrow room above both marks and give it back before anything else goes.
"""

import contextlib
import logging
import os
import threading
import time
from collections.abc import Callable
from pathlib import Path

from pacsberry.errors import NoRoom

BALLAST_NAME = "pacsberry.reserve"
LOGGER = logging.getLogger("pacsberry.archive")

_MEGABYTE = 2**20
_ROOMY_BYTES = 2**30  # nobody fills so much between a stop and the next start
_RETRY_SECONDS = 60.0

GiveBack = Callable[[int, bool], int]
"""Frees so many bytes of what is borrowed if it can, by the rule of `call_in`; tells how many it has freed."""

MakeRoom = Callable[[int], str]
"""Makes room until so many bytes are free, waiting a bounded time; '' or why it could not."""


class Room:
    """Watches one file system; thread-safe."""

    def __init__(self, storage: Path, *, ballast: Path, reserve_bytes: int) -> None:
        """`ballast`: where that file lies, beside the index; `reserve_bytes` 0: neither reserve nor ballast."""
        self._storage = storage
        self._ballast = ballast
        self._reserve_bytes = reserve_bytes
        self._lock = threading.Lock()  # guards the ballast
        self._has_ballast = False
        self._retry_at = 0.0  # monotonic
        self._low_bytes = 0
        self._on_low: Callable[[], None] = _nobody
        self._make_room: MakeRoom | None = None
        self._give_back: GiveBack = lambda wanted_bytes, need: 0

    def free_bytes(self) -> int:
        """Free space for this user."""
        return _free_bytes(self._storage)

    def total_bytes(self) -> int:
        """The size of the file system."""
        facts = os.statvfs(self._storage)
        return facts.f_blocks * facts.f_frsize

    # --- what is borrowed ------------------------------------------------------------------------------------

    def lend(self, give_back: GiveBack) -> None:
        """Whom to ask for what is borrowed."""
        self._give_back = give_back

    def spare_bytes(self, *, is_little: bool = False) -> int:
        """How much more may be borrowed; less than 0 when some should be given back.

        `is_little`: of what is small and much used, which may go on in half of what is kept free: on a card that is
        full to the low mark, as it is after a year, there would be no other room.
        """
        low_bytes = self._low_bytes // 2 if is_little else self._low_bytes
        return self.free_bytes() - max(low_bytes, 2 * self._reserve_bytes)

    def call_in(self, wanted_bytes: int, *, need: bool) -> int:
        """Have so much of what is borrowed given back; returns how many bytes that were.

        `need`: or as much as there is; without it, what is little stays when it would not be enough anyway.
        """
        return self._give_back(wanted_bytes, need) if wanted_bytes > 0 else 0

    # --- the two marks ---------------------------------------------------------------------------------------

    def watch(self, on_low: Callable[[], None], make_room: MakeRoom) -> None:
        """`on_low` is told, often, while there is less than the low mark; `make_room` is called at the reserve."""
        self._on_low, self._make_room = on_low, make_room

    def set_low_mark(self, low_bytes: int) -> None:
        """From here down `on_low` is told."""
        self._low_bytes = low_bytes

    def look(self) -> None:
        """Tell `on_low` when it is time; a file system that cannot be asked is somebody else's to notice."""
        with contextlib.suppress(OSError):
            if self._low_bytes and self.free_bytes() < self._low_bytes:
                self._on_low()

    def require(self, expected_bytes: int = 0, *, may_wait: bool = True) -> None:
        """NoRoom unless the reserve stays whole with `expected_bytes` more.

        `may_wait`: first room is made, if it can be, for which the caller's thread waits.
        """
        free = self.free_bytes() - expected_bytes
        if free < self._low_bytes:
            self._on_low()
        if self._suffices(free):
            return
        if self.call_in(self._least_free() - free, need=True):
            free = self.free_bytes() - expected_bytes
            if self._suffices(free):
                return
        problem = ""
        if may_wait and self._make_room is not None:
            problem = self._make_room(self._least_free() + expected_bytes)
            free = self.free_bytes() - expected_bytes
            if self._suffices(free):
                return
        raise NoRoom(
            f"Refused: {max(0, free) // _MEGABYTE} MB are left on the storage, of which"
            f" {self._reserve_bytes // _MEGABYTE} MB are the reserve."
            f" {problem} Delete studies or use a larger card."
        )

    def _suffices(self, free: int) -> bool:
        if free < self._least_free():
            return False
        if not self._has_ballast and self._reserve_bytes:
            self._take_ballast()
        return True

    def _least_free(self) -> int:
        """The reserve, and where there is no ballast, room for one as well."""
        return self._reserve_bytes if self._has_ballast else 2 * self._reserve_bytes

    # --- the ballast -----------------------------------------------------------------------------------------

    def start(self) -> None:
        """Take up the ballast, or give it up at once when there is next to nothing beside it."""
        if self._reserve_bytes == 0:
            return
        self._ballast.parent.mkdir(parents=True, exist_ok=True)
        self._has_ballast = _size(self._ballast) == self._reserve_bytes
        free = _free_bytes(self._ballast.parent)
        if self._has_ballast and free < self._reserve_bytes // 2:
            self.give_up_ballast()
        elif not self._has_ballast and free >= 2 * self._reserve_bytes:
            self._take_ballast()

    def stop(self) -> None:
        """Leave the ballast where it may be needed at the next start, on a file system that is nearly full."""
        if self._has_ballast and _free_bytes(self._ballast.parent) > _ROOMY_BYTES:
            self._drop_ballast()

    def give_up_ballast(self) -> bool:
        """Free what it takes up; False when that has been done already."""
        if not self._drop_ballast():
            return False
        LOGGER.warning(
            "The file system is full: the %d MB that were held back for the index are used now.",
            self._reserve_bytes // _MEGABYTE,
        )
        return True

    def _drop_ballast(self) -> bool:
        with self._lock:
            if not self._has_ballast:
                return False
            self._has_ballast = False
            try:
                self._ballast.unlink(missing_ok=True)
            except OSError as error:
                LOGGER.error("%s cannot be removed: %s", self._ballast, error)
                return False
        return True

    def _take_ballast(self) -> None:
        """Try to; where that is not possible, the reserve is twice as large instead."""
        with self._lock:
            if self._has_ballast or time.monotonic() < self._retry_at:
                return
            try:
                descriptor = os.open(self._ballast, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o640)
                try:
                    os.posix_fallocate(descriptor, 0, self._reserve_bytes)
                finally:
                    os.close(descriptor)
            except OSError as error:
                with contextlib.suppress(OSError):
                    self._ballast.unlink(missing_ok=True)
                self._retry_at = time.monotonic() + _RETRY_SECONDS
                LOGGER.warning("Nothing can be held back for the index (%s); so more is left free.", error)
            else:
                self._has_ballast = True


def _free_bytes(folder: Path) -> int:
    facts = os.statvfs(folder)
    return facts.f_bavail * facts.f_frsize


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return -1


def _nobody() -> None:
    """Nobody watches."""
