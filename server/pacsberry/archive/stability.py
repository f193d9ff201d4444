"""Which patients, studies and series still receive instances (S11).

Kept in memory: a resource is unstable from each new instance until StableAge seconds pass without another; after a
restart everything counts as stable.  The index-writer marks and settles; anybody may ask.
"""

import threading
from collections.abc import Callable

from pacsberry.model import Level


class Stability:
    """Deadlines of the unstable resources, oldest first; thread-safe."""

    def __init__(self, stable_age_seconds: float, monotonic: Callable[[], float]) -> None:
        self._age = stable_age_seconds
        self._monotonic = monotonic
        self._lock = threading.Lock()  # guards the deadlines
        self._deadlines: dict[tuple[Level, int], float] = {}
        self.when_settled: Callable[[list[tuple[Level, int]]], None] = lambda keys: None  # set before the start

    def touch(self, keys: list[tuple[Level, int]]) -> None:
        """These resources have just received an instance."""
        deadline = self._monotonic() + self._age
        with self._lock:
            for key in keys:
                self._deadlines.pop(key, None)
                self._deadlines[key] = deadline

    def forget(self, level: Level, key: int) -> None:
        """The resource was deleted."""
        with self._lock:
            self._deadlines.pop((level, key), None)

    def seconds_to_next(self) -> float | None:
        """How long until a resource becomes stable; None when all are."""
        with self._lock:
            first = next(iter(self._deadlines.values()), None)
        return None if first is None else max(0.0, first - self._monotonic())

    def due(self) -> list[tuple[Level, int]]:
        """The resources whose time has come, oldest first; they stay unstable until `settle`."""
        now = self._monotonic()
        found = []
        with self._lock:
            for key, deadline in self._deadlines.items():
                if deadline > now:
                    break
                found.append(key)
        return found

    def settle(self, keys: list[tuple[Level, int]]) -> None:
        """Their Stable… change is committed."""
        with self._lock:
            for key in keys:
                self._deadlines.pop(key, None)
        self.when_settled(keys)

    def is_stable(self, level: Level, key: int) -> bool:
        """Whether the resource has been quiet for StableAge seconds."""
        with self._lock:
            return (level, key) not in self._deadlines

    def received_lately(self, level: Level, seconds: float) -> frozenset[int]:
        """The row keys of the resources of one level that received something so long before the very last, or later."""
        with self._lock:
            earliest = next(reversed(self._deadlines.values()), 0.0) - seconds
            return frozenset(
                key for (at, key), deadline in self._deadlines.items() if at == level and deadline >= earliest
            )

    def unstable_keys(self, level: Level) -> frozenset[int]:
        """The row keys of the unstable resources of one level."""
        with self._lock:
            return frozenset(key for at, key in self._deadlines if at == level)
