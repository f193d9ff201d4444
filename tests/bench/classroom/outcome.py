"""What one run of the class gave: what the pupils saw, what the link carried, what the server spent."""

import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from types import TracebackType

from tests.bench.classroom.air import Carried
from tests.bench.classroom.load import Pupil
from tests.bench.failures import BenchFailure
from tests.bench.meters import Tree

_PERIOD_SECONDS = 0.1  # how often memory is looked at: a worker may live for seconds only


@dataclass(slots=True)
class Cost:
    """What the server spent, and its pixel workers beside it."""

    server_cpu_seconds: float = 0.0
    workers_cpu_seconds: float = 0.0
    server_peak_bytes: int = 0
    worker_peak_bytes: int = 0  # of the largest one
    workers: int = 0  # at most at once


@dataclass(slots=True)
class Outcome:
    """One class, one server, one road."""

    name: str
    slices: int  # of the series
    pupils: Sequence[Pupil] = ()
    carried: Carried = field(default_factory=lambda: Carried(0, 0, 0))  # for all pupils, stops included
    cost: Cost = field(default_factory=Cost)
    problem: str = ""

    @property
    def is_whole(self) -> bool:
        """Whether every pupil got the whole stack; otherwise figures of it are carried on from what they got."""
        return all(pupil.whole_stack is not None for pupil in self.pupils)

    def first_pictures(self) -> list[float]:
        """Seconds."""
        return [pupil.first_picture for pupil in self.pupils if pupil.first_picture is not None]

    def whole_stacks(self) -> list[float]:
        """Seconds.  Who has not got everything gets it when the whole class does, at the rate of what it got so far."""
        late = [pupil for pupil in self.pupils if pupil.whole_stack is None and pupil.slices]
        missing = sum(self._needed(pupil) - pupil.opened_bytes for pupil in late)
        rate = sum(pupil.opened_bytes / pupil.opened_seconds for pupil in late)
        return [
            pupil.opened_seconds + missing / rate if pupil.whole_stack is None else pupil.whole_stack
            for pupil in self.pupils
            if pupil.slices
        ]

    def stack_bytes(self) -> list[float]:
        """Carried for a pupil until the whole stack was there, or would have been; heads of HTTP included."""
        return [self._needed(pupil) for pupil in self.pupils if pupil.slices]

    def stops(self) -> list[float]:
        """Seconds until a slice was there at full depth, of all pupils and stops."""
        return [seconds for pupil in self.pupils for seconds in pupil.stops]

    def stop_bytes(self) -> list[float]:
        """Carried for one of these."""
        return [pupil.stops_bytes / len(pupil.stops) for pupil in self.pupils if pupil.stops]

    def _needed(self, pupil: Pupil) -> float:
        """Bytes for the whole stack, as many for each slice as for those that came."""
        if pupil.whole_stack is not None:
            return float(pupil.opened_bytes)
        return pupil.first_bytes + (self.slices - 1) * pupil.slices_bytes / pupil.slices


class Watch:
    """Measures a server and its workers while the block lasts, and until they are idle again."""

    def __init__(self, tree: Tree) -> None:
        self._tree = tree
        self._cost = Cost()
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="class-watcher", daemon=True)

    def __enter__(self) -> Cost:
        self._tree.reset_peak()
        self._before = self._tree.own_cpu_seconds(), self._tree.cpu_seconds()
        self._thread.start()
        return self._cost

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if kind is None:
                self._tree.settle()
                self._look()
                own, all_ = self._before
                self._cost.server_cpu_seconds = self._tree.own_cpu_seconds() - own
                self._cost.workers_cpu_seconds = self._tree.cpu_seconds() - all_ - self._cost.server_cpu_seconds
        finally:
            self._ended.set()
            self._thread.join()

    def _watch(self) -> None:
        while not self._ended.wait(_PERIOD_SECONDS):
            try:
                self._look()
            except BenchFailure:
                return  # the run itself tells it

    def _look(self) -> None:
        server, workers = self._tree.peaks()
        cost = self._cost
        cost.server_peak_bytes = max(cost.server_peak_bytes, server)
        cost.worker_peak_bytes = max(cost.worker_peak_bytes, *workers, 0)
        cost.workers = max(cost.workers, len(workers))


def percentile(values: Sequence[float], percent: int) -> float:
    """The smallest of the values that so many percent do not exceed; there has to be one."""
    ordered = sorted(values)
    return ordered[-(-len(ordered) * percent // 100) - 1]
