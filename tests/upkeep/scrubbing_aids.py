"""What the tests of the scrubber share: a calendar, a scrubber at work, and waiting for it."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from pacsberry.archive import Archive
from pacsberry.model import Clock
from pacsberry.upkeep.scrubber import Scrubber
from tests.upkeep.aids import damaged_folder

FAST = 10**12


class Calendar:
    """A wall clock that a test sets; the other one runs."""

    def __init__(self) -> None:
        self.ahead = 0.0

    def clock(self) -> Clock:
        return Clock(now=lambda: time.time() + self.ahead, monotonic=lambda: time.monotonic() + self.ahead)


@contextmanager
def scrubbing(
    archive: Archive, folder: Path, *, days: int = 31, speed: int = FAST, maximum_bytes: int = 10**9
) -> Iterator[Scrubber]:
    """A scrubber to which it is `days` later."""
    calendar = Calendar()
    calendar.ahead = days * 86400.0
    scrubber = Scrubber(
        archive,
        damaged_folder(folder, maximum_bytes),
        bytes_per_second=speed,
        every_days=30,
        clock=calendar.clock(),
    )
    scrubber.start()
    try:
        yield scrubber
    finally:
        scrubber.stop()


def until(condition: Callable[[], object]) -> None:
    deadline = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.005)


def completed(scrubber: Scrubber) -> bool:
    return scrubber.status().record.completed_at > 0


def flip(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)
