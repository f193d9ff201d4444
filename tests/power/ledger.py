"""What each thing was asked to become, and when that was acknowledged: what it may be after a cut at any moment.

A thing is whatever keeps a value: an instance (the SHA-256 of its data set), a label, a user's metadata. Each thing has
one writer, which waits for the answer before it asks again. Before the answer both the old and the new value are right
after a cut; after it only the new one.
"""

import threading
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import NamedTuple

NEVER = 2**63


class Thing(NamedTuple):
    """What keeps a value."""

    kind: str
    name: str


@dataclass(slots=True)
class Wish:
    """One request for a value; None: that the thing is gone."""

    value: str | None
    begun_ns: int
    told_ns: int = NEVER  # when its success was heard

    def told(self) -> None:
        """The server answered that it is done."""
        self.told_ns = time.monotonic_ns()


@dataclass(slots=True)
class Ledger:
    """All wishes in their order; thread-safe."""

    _wishes: dict[Thing, list[Wish]] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)  # guards the wishes

    def wish(self, kind: str, name: str, value: str | None) -> Wish:
        """To be noted just before the request is sent."""
        wish = Wish(value, time.monotonic_ns())
        with self._lock:
            self._wishes.setdefault(Thing(kind, name), []).append(wish)
        return wish

    def things(self, kind: str) -> list[str]:
        """The names of all things of a kind, in the order in which they were first asked for."""
        with self._lock:
            return [thing.name for thing in self._wishes if thing.kind == kind]

    def allowed(self, kind: str, name: str, at_ns: int) -> set[str | None]:
        """What the thing may be when the power goes at a moment."""
        right: set[str | None] = {None}
        for wish in self._of(kind, name):
            if wish.told_ns < at_ns:
                right = {wish.value}
            elif wish.begun_ns < at_ns:
                right.add(wish.value)
        return right

    def is_steady(self, kind: str, name: str, since_ns: int, until_ns: int) -> bool:
        """Whether nothing was asked of the thing between two moments, and everything before was answered by then."""
        return all(wish.told_ns < since_ns or wish.begun_ns >= until_ns for wish in self._of(kind, name))

    def told_moments(self) -> list[int]:
        """When successes were heard, ascending."""
        with self._lock:
            return sorted(
                wish.told_ns for wishes in self._wishes.values() for wish in wishes if 0 < wish.told_ns < NEVER
            )

    def _of(self, kind: str, name: str) -> Iterable[Wish]:
        with self._lock:
            return list(self._wishes.get(Thing(kind, name), ()))
