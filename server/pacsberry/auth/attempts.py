"""Slows down whoever tries passwords, in bounded memory.

Failures are counted for a user at an address, and, five times as generously, for an address whatever the user: a class
behind one proxy shares an address, so a single forgetful student must not lock the others out.  All tablets of a
classroom share the 64 bits of a link-local network, so there each has an address of its own.
"""

import socket
import threading
from collections import OrderedDict
from collections.abc import Callable

WINDOW_SECONDS = 60.0
_MOST_KEYS = 1024
_USERS_PER_ADDRESS = 5


class FailedAttempts:
    """Counts failures of the last minute; thread-safe."""

    def __init__(self, *, most_per_minute: int, monotonic: Callable[[], float]) -> None:
        self._most = most_per_minute
        self._monotonic = monotonic
        self._lock = threading.Lock()  # guards _failures
        # (network, user or "") -> (when the minute began, failures since); the least recently failed first
        self._failures: OrderedDict[tuple[bytes, str], tuple[float, int]] = OrderedDict()

    def is_held(self, user: str, address: str) -> bool:
        """Whether the next try is refused without looking at its password."""
        network = _network(address)
        with self._lock:
            return self._count((network, user)) >= self._most or (
                self._count((network, "")) >= self._most * _USERS_PER_ADDRESS
            )

    def failed(self, user: str, address: str) -> bool:
        """Record a failure; True when it is the one from which on tries are refused."""
        network = _network(address)
        with self._lock:
            failures = self._add((network, user))
            all_failures = self._add((network, ""))
        return failures == self._most or all_failures == self._most * _USERS_PER_ADDRESS

    def succeeded(self, user: str, address: str) -> None:
        """Forget the failures of a user who remembered the password."""
        with self._lock:
            self._failures.pop((_network(address), user), None)

    def _count(self, key: tuple[bytes, str]) -> int:
        began, failures = self._failures.get(key, (0.0, 0))
        return failures if self._monotonic() - began < WINDOW_SECONDS else 0

    def _add(self, key: tuple[bytes, str]) -> int:
        failures = self._count(key)
        began = self._failures[key][0] if failures else self._monotonic()
        self._failures[key] = (began, failures + 1)
        self._failures.move_to_end(key)
        while len(self._failures) > _MOST_KEYS:
            self._failures.popitem(last=False)
        return failures + 1


def _network(address: str) -> bytes:
    """An IPv4 address, a local IPv6 one, or the 64 bits of one that belong to one customer; else the text itself."""
    for family, length in ((socket.AF_INET, 4), (socket.AF_INET6, 8)):
        try:
            raw = socket.inet_pton(family, address.partition("%")[0])
        except OSError:
            continue
        return raw if _is_local(raw) else raw[:length]
    return address.encode("utf-8", "replace")[:64]


def _is_local(raw: bytes) -> bool:
    """Whether an IPv6 address is of this network alone: fe80::/10 (RFC 4291), fc00::/7 (RFC 4193)."""
    return len(raw) == 16 and (raw[0] & 0xFE == 0xFC or (raw[0] == 0xFE and raw[1] & 0xC0 == 0x80))
