"""Waits for the network, for all connections at once.

waitress asks every connection what it waits for each time anything happens, and hands the whole list to the kernel:
with the 180 connections of a class most of the door's time would go there. This is its map of connections, too, but one
that asks only those that something has happened to, and leaves the list with the kernel (epoll).

Used by the listening thread only, but for `look_again`. Written against waitress 3.0.2: `wasyncore.readwrite`, and that
connections enter and leave through the map, the latter before their socket is closed.
"""

import select
import time
from collections import deque
from collections.abc import Iterable
from contextlib import suppress
from typing import Final

from waitress import wasyncore
from waitress.wasyncore import dispatcher

_READ: Final = select.EPOLLIN | select.EPOLLPRI
_WRITE: Final = select.EPOLLOUT
_EVENTS: Final = 64  # handled before everything is looked at again
_ALL_SECONDS: Final = 1.0


class Loop(dict[int, dispatcher]):
    """What is waited for, by file descriptor."""

    def __init__(self) -> None:
        super().__init__()
        self._epoll = select.epoll()
        self._waited_for: dict[int, int] = {}  # what the kernel has been told
        self._changed: deque[int] = deque()  # those to be asked; any thread appends
        self._asked_all_at = 0.0  # monotonic

    def __setitem__(self, descriptor: int, one: dispatcher) -> None:
        super().__setitem__(descriptor, one)
        self._changed.append(descriptor)

    def __delitem__(self, descriptor: int) -> None:
        super().__delitem__(descriptor)
        if self._waited_for.pop(descriptor, 0):
            with suppress(OSError):
                self._epoll.unregister(descriptor)

    def look_again(self, descriptor: int) -> None:
        """Ask it what it waits for; by any thread, which then wakes the listening one."""
        self._changed.append(descriptor)

    def turn(self, seconds: float, always: Iterable[dispatcher] = ()) -> None:
        """Wait for something to happen, at most so long, and handle it; `always` are asked each time."""
        for one in always:
            self._ask(one.socket.fileno())
        now = time.monotonic()
        if now - self._asked_all_at > _ALL_SECONDS:  # time has passed for all of them
            self._asked_all_at = now
            self._changed.extend(self)
        while self._changed:
            self._ask(self._changed.popleft())
        for descriptor, events in self._epoll.poll(seconds, _EVENTS):
            found = self.get(descriptor)
            if found is not None:
                wasyncore.readwrite(found, events)
                self._changed.append(descriptor)

    def close(self) -> None:
        """Wait for nothing any more."""
        wasyncore.close_all(self, ignore_all=True)
        self._epoll.close()

    def _ask(self, descriptor: int) -> None:
        one = self.get(descriptor)
        if one is None:
            return
        wanted = (_READ if one.readable() else 0) | (_WRITE if one.writable() and not one.accepting else 0)
        before = self._waited_for.get(descriptor, 0)
        if wanted == before:
            return
        try:
            if not before:
                self._epoll.register(descriptor, wanted)
            elif wanted:
                self._epoll.modify(descriptor, wanted)
            else:
                self._epoll.unregister(descriptor)
        except OSError:
            one.handle_close()
            return
        if wanted:
            self._waited_for[descriptor] = wanted
        else:
            del self._waited_for[descriptor]
