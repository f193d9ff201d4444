"""The pixel workers: started when there is something to do, at most as many as allowed, sent away when idle.

A thread `pixel-workers`, which exists as long as there are workers, looks after the idle ones.
"""

import logging
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from pacsberry.imaging.limits import Limits, NoWorker, PixelsFailed, TooManyPictures

if TYPE_CHECKING:
    from pacsberry.imaging.process import WorkerProcess

LOGGER = logging.getLogger("pacsberry.imaging")

_STOP_SECONDS: Final = 5.0


class WorkerPool:
    """Hands out workers; thread-safe."""

    def __init__(
        self,
        limits: Limits,
        *,
        start: "Callable[[Limits], WorkerProcess] | None" = None,
        clock: Callable[[], float] = time.monotonic,
        when_idle: Callable[[], None] = lambda: None,
    ) -> None:
        """`start` makes a worker; `clock` counts seconds; `when_idle` is called when the last one has left."""
        self._limits = limits
        self._start = start or _started
        self._clock = clock
        self._when_idle = when_idle
        self._changed = threading.Condition()  # guards all below; notified when a worker is free, or has gone
        self._count = 0  # of workers, those in use and those being started included
        self._busy: set[WorkerProcess] = set()
        self._idle: list[tuple[float, WorkerProcess]] = []  # (since when, worker), the longest idle first
        self._keeper: threading.Thread | None = None
        self._stopped = False

    @property
    def most(self) -> int:
        """How many workers there may be."""
        return self._limits.workers

    @property
    def count(self) -> int:
        """How many workers there are."""
        return self._count

    @contextmanager
    def worker(self) -> "Iterator[WorkerProcess]":
        """A worker of one's own while the block lasts; waits for a free one, TooManyPictures when none comes free.

        When the block raises PixelsFailed the worker is gone, on any other error it is sent away.
        """
        found = self._take()
        with self._changed:
            self._busy.add(found)
        try:
            yield found
        except PixelsFailed:
            self._lost(found)
            raise
        except BaseException:
            self._dismiss(found)
            raise
        if found.is_spent or self._stopped:
            self._dismiss(found)
            return
        with self._changed:
            self._busy.discard(found)
            self._idle.append((self._clock(), found))
            self._changed.notify_all()

    def stop(self) -> None:
        """Send all away, those in use as well, whose users are told that they failed.  None is started any more."""
        with self._changed:
            self._stopped = True
            for worker in self._busy:
                worker.kill()
            self._changed.notify_all()
            keeper = self._keeper
        if keeper is not None:
            keeper.join(_STOP_SECONDS)

    def _take(self) -> "WorkerProcess":
        with self._changed:
            if not self._changed.wait_for(self._may_go_on, self._limits.waiting_seconds):
                raise TooManyPictures(
                    f"No process for pictures came free in {self._limits.waiting_seconds:g} seconds; try again later."
                )
            if self._stopped:
                raise NoWorker("The server is stopping.")
            if self._idle:
                return self._idle.pop()[1]  # the one used last: the others become idle long enough to leave
            self._count += 1
            if self._keeper is None:
                self._keeper = threading.Thread(target=self._keep, name="pixel-workers", daemon=True)
                self._keeper.start()
        try:
            return self._start(self._limits)
        except BaseException:
            self._lost(None)
            raise

    def _may_go_on(self) -> bool:
        return bool(self._idle) or self._count < self._limits.workers or self._stopped

    def _lost(self, worker: "WorkerProcess | None") -> None:
        with self._changed:
            self._count -= 1
            if worker is not None:
                self._busy.discard(worker)
            self._changed.notify_all()

    def _dismiss(self, worker: "WorkerProcess") -> None:
        try:
            worker.dismiss()
        finally:
            self._lost(worker)

    def _keep(self) -> None:
        while True:
            with self._changed:
                if not self._count:
                    self._keeper = None
                    break
                now = self._clock()
                leaving = [
                    worker for since, worker in self._idle if self._stopped or now >= since + self._limits.idle_seconds
                ]
                del self._idle[: len(leaving)]
                if not leaving:
                    wait = self._idle[0][0] + self._limits.idle_seconds - now if self._idle else None
                    self._changed.wait(wait)
                    continue
            for worker in leaving:
                LOGGER.info("Pixel worker %d was idle and leaves.", worker.pid)
                self._dismiss(worker)
        self._when_idle()


def _started(limits: Limits) -> "WorkerProcess":
    from pacsberry.imaging.process import WorkerProcess  # only a server that is asked for pictures pays for it

    return WorkerProcess(limits)
