"""What has been let in and is not in the index yet, so that limits hold while several senders arrive at once.

Something is on its way from the moment it is let in until the index has committed it, or until it was not kept after
all.  Without an admission, which is without limits, nothing is counted and everything may come in.
"""

import contextlib
import threading
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Protocol

from pacsberry.archive.indexing import KeptFile
from pacsberry.model import Header, Level


class Admission(Protocol):
    """Decides whether something may come in, and makes room for it."""

    def admit(self, patient: str, growth: int) -> None:
        """Have `growth` more bytes of a patient (Orthanc identifier) expected, once there is room.  Raises NoRoom."""


@dataclass(frozen=True, slots=True)
class Expected:
    """What is on its way at one moment."""

    size: int  # bytes
    patients: frozenset[str]  # Orthanc identifiers


NOTHING = Expected(0, frozenset())


class Arriving:
    """The amounts on their way; thread-safe."""

    def __init__(self) -> None:
        self.admission: Admission | None = None  # set before the start
        self._condition = threading.Condition()  # guards the two fields below
        self._size = 0
        self._patients: Counter[str] = Counter()

    @contextlib.contextmanager
    def let_in(self, header: Header, growth: int) -> Iterator[None]:
        """Have an instance let in, to be kept inside this context and told of by `landed` after it.  Raises NoRoom."""
        if self.admission is None:
            yield
            return
        patient = header.identifiers.orthanc_id(Level.PATIENT)
        self.admission.admit(patient, growth)
        try:
            yield
        except BaseException:
            self._take_off([(patient, growth)])
            raise

    @contextlib.contextmanager
    def let_in_attachment(self, patient: str, growth: int) -> Iterator[None]:
        """The same for an attachment, which is in the index when this context ends."""
        if self.admission is None:
            yield
            return
        self.admission.admit(patient, growth)
        try:
            yield
        finally:
            self._take_off([(patient, growth)])

    def landed(self, batch: Iterable[KeptFile]) -> None:
        """These are in the index now."""
        if self.admission is not None:
            self._take_off((kept.header.identifiers.orthanc_id(Level.PATIENT), kept.growth) for kept in batch)

    def expect(self, patient: str, growth: int) -> None:
        """For the admission: it lets this in."""
        with self._condition:
            self._size += growth
            self._patients[patient] += 1

    def now(self) -> Expected:
        """What is on its way."""
        with self._condition:
            return Expected(self._size, frozenset(self._patients))

    def wait_for_change(self, before: Expected, seconds: float) -> None:
        """Return when something has landed since `before`, or after `seconds`."""
        with self._condition:
            self._condition.wait_for(
                lambda: self._size != before.size or frozenset(self._patients) != before.patients, seconds
            )

    def _take_off(self, arrivals: Iterable[tuple[str, int]]) -> None:
        with self._condition:
            for patient, growth in arrivals:
                self._size -= growth
                self._patients[patient] -= 1
                if self._patients[patient] <= 0:
                    del self._patients[patient]
            self._condition.notify_all()
