"""Tells the log who was recycled, without a name, and remembers the last for the status page."""

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass

from pacsberry.amounts import megabytes
from pacsberry.archive.candidates import Candidate
from pacsberry.archive.times import utc_text

LOGGER = logging.getLogger("pacsberry.recycler")


@dataclass(frozen=True, slots=True)
class Recycled:
    """One patient that went."""

    patient: str  # Orthanc identifier
    instances: int
    size: int  # bytes
    at: int  # UTC seconds


class Diary:
    """Thread-safe."""

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self._lock = threading.Lock()  # guards the fields below
        self._last: Recycled | None = None
        self._count = 0
        self._size = 0

    def note(self, candidate: Candidate, reason: str) -> None:
        """A patient is gone."""
        LOGGER.warning(
            "Recycled patient %s (%d instances, %s, last received %s): %s.",
            candidate.id,
            candidate.instances,
            megabytes(candidate.size),
            utc_text(candidate.updated_at),
            reason,
        )
        with self._lock:
            self._last = Recycled(candidate.id, candidate.instances, candidate.size, int(self._now()))
            self._count += 1
            self._size += candidate.size

    @property
    def last(self) -> Recycled | None:
        """Who went last since the start."""
        with self._lock:
            return self._last

    @property
    def count(self) -> int:
        """How many went since the start."""
        with self._lock:
            return self._count

    @property
    def size(self) -> int:
        """How many bytes they were."""
        with self._lock:
            return self._size
