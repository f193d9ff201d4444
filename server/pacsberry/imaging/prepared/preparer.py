"""Decides when something is prepared, and by which thread.

`preparer`, with the least priority, makes everything for each series that has become stable, one after another and only
while nothing arrives; after a start it looks for what is missing, the newest series first, and removes what is of no
use any more.  `preparer-now` makes what somebody waits for.  Neither exists while there is nothing for it to do, and
nothing is written down of what is to be done: what is missing tells that.
"""

import logging
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING, Final

from pacsberry.errors import PacsberryError, UnknownResource, in_words
from pacsberry.imaging.prepared.kinds import KINDS, PLACES, NotPrepared
from pacsberry.imaging.prepared.store import Address, PreparedStore
from pacsberry.priority import be_least

if TYPE_CHECKING:
    from pacsberry.archive import Archive
    from pacsberry.imaging.prepared.making import Maker

LOGGER = logging.getLogger("pacsberry.imaging")

_QUIET_SECONDS: Final = 2.0  # nothing has arrived for so long
_MOST_STABLE: Final = 4096  # series that wait; more are found by looking for what is missing
_MOST_DEMANDED: Final = 64  # series at once; who asks for more asks again
_MOST_PROBLEMS: Final = 256
_REMEMBERED: Final = 256  # series whose files lie in one folder, a few of each
_PROBLEM_SECONDS: Final = 60.0  # what could not be made is not tried again for so long


class Stopping(Exception):
    """The server stops while something is being made."""


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a series is."""

    done: int
    total: int  # 0: it has not begun


class Preparer:
    """Owner of the threads "preparer" and "preparer-now"; thread-safe."""

    def __init__(
        self,
        archive: "Archive",
        store: PreparedStore,
        make_maker: "Callable[[], Maker]",
        *,
        is_on: bool = True,
        kinds: Collection[str] = KINDS,
        quiet_seconds: float = _QUIET_SECONDS,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """`make_maker` is called when something is to be made, and may import what that takes.

        `is_on` false: nothing is prepared, nor left lying; `kinds`: what is made at all.
        """
        self.store = store
        self.is_on = is_on
        self._kinds = kinds
        self._archive = archive
        self._make_maker = make_maker
        self._quiet_seconds = quiet_seconds
        self._monotonic = monotonic
        self._condition = threading.Condition()  # guards everything below
        self._stable: OrderedDict[int, None] = OrderedDict()  # row keys
        self._changed: set[str] = set()  # series whose files are of no use any more
        self._demanded: OrderedDict[str, set[str]] = OrderedDict()  # series: kinds
        self._progress: dict[str, Progress] = {}  # of the series being made or waiting for that
        self._problems: OrderedDict[str, tuple[float, str]] = OrderedDict()  # series and digest: until when, why
        self._is_to_look = False  # for what is missing
        self._stopping = True  # until it is started
        self._quiet_since = -1  # files that had been handed to the index when nothing had arrived for a moment
        self._posted = 0  # files that had been handed to the index when we last looked
        self._threads: dict[str, threading.Thread] = {}
        archive.watch_series(self._on_stable, self._on_changed)
        archive.room.lend(store.give_back)

    # --- life ----------------------------------------------------------------------------------------------------

    def start(self, *, looks: bool = True) -> None:
        """Be ready, and look for what is missing; the archive is open.  `looks` false: only when somebody asks."""
        with self._condition:
            self._stopping = False
            self._is_to_look = looks
            if looks:
                self._wake("preparer", self._prepare)

    def halt(self) -> None:
        """Begin nothing more; returns at once."""
        with self._condition:
            self._stopping = True
            self._condition.notify_all()

    def stop(self) -> None:
        """Return when the threads have ended, with their frame; what was being made is made at another time."""
        self.halt()
        for thread in list(self._threads.values()):
            thread.join()

    # --- for who wants something ---------------------------------------------------------------------------------

    def demand(self, series: str, digest: str, kinds: Collection[str]) -> None:
        """Have it made soon; returns at once.  Without effect for what could not be made a short time ago."""
        wanted = [kind for kind in kinds if kind in self._kinds]
        if not self.is_on or not wanted or self.problem(series, digest):
            return
        with self._condition:
            if self._stopping or (series not in self._demanded and len(self._demanded) >= _MOST_DEMANDED):
                return
            self._demanded.setdefault(series, set()).update(wanted)
            self._progress.setdefault(series, Progress(0, 0))
            self._wake("preparer-now", self._serve)

    def progress(self, series: str) -> Progress | None:
        """How far a series is; None when nobody is about to make anything of it."""
        return self._progress.get(series)

    def problem(self, series: str, digest: str) -> str:
        """Why something could not be made of a series a short time ago; ''."""
        with self._condition:
            until, why = self._problems.get(f"{series}-{digest}", (0.0, ""))
        return why if self._monotonic() < until else ""

    def status(self) -> dict[str, object]:
        """For the status of the storage, as JSON."""
        with self._condition:
            waiting = len(self._stable) + len(self._demanded)
            making = [series for series, progress in self._progress.items() if progress.total]
        return {
            "IsEnabled": self.is_on,
            "Size": self.store.bytes_used(),
            "MaximumSize": self.store.most_bytes,
            "CountWaiting": waiting,
            "Making": making,
            "CountProblems": len(self._problems),
        }

    # --- what the archive tells ----------------------------------------------------------------------------------

    def _on_stable(self, keys: list[int]) -> None:
        if not keys or not self.is_on:
            return
        with self._condition:
            for key in keys:
                self._stable[key] = None
            if len(self._stable) > _MOST_STABLE:
                self._stable.clear()
                self._is_to_look = True
            self._wake("preparer", self._prepare)

    def _on_changed(self, series: tuple[str, ...]) -> None:
        if not series:
            return
        with self._condition:
            self._changed.update(series)
            self._wake("preparer", self._prepare)

    # --- threads -------------------------------------------------------------------------------------------------

    def _wake(self, name: str, run: Callable[[], None]) -> None:
        """With the condition held: have the thread of that name look at what there is to do."""
        self._condition.notify_all()
        if name not in self._threads and not self._stopping:
            thread = threading.Thread(target=self._run, args=(name, run), name=name)
            self._threads[name] = thread
            thread.start()

    def _run(self, name: str, run: Callable[[], None]) -> None:
        try:
            run()
        except Stopping:
            pass
        except Exception:  # the top of the thread; the next waking starts another
            LOGGER.exception("The thread %s failed", name)
        finally:
            with self._condition:
                if self._threads.get(name) is threading.current_thread():
                    del self._threads[name]

    def _serve(self) -> None:
        """What somebody waits for, first come first served."""
        while True:
            with self._condition:
                if self._stopping or not self._demanded:
                    del self._threads["preparer-now"]
                    return
                series = next(iter(self._demanded))
                kinds = set(self._demanded[series])
            try:
                self._make(series, kinds, self._on_demand)
            finally:
                with self._condition:
                    left = self._demanded[series]
                    left -= kinds
                    if not left:
                        del self._demanded[series]
                        self._progress.pop(series, None)

    def _prepare(self) -> None:
        """All the rest."""
        be_least()
        while True:
            with self._condition:
                if self._stopping:
                    return
                changed, self._changed = self._changed, set()
                key = None if changed or not self._stable else self._stable.popitem(last=False)[0]
                is_to_look = self._is_to_look and not changed and key is None
                if is_to_look:
                    self._is_to_look = False
                elif not changed and key is None:
                    del self._threads["preparer"]
                    return
            for series in changed:
                self.store.forget(series)
            if key is not None:
                self._prepare_series(key)
            elif is_to_look:
                self._look()

    def _prepare_series(self, key: int) -> None:
        try:
            series = self._archive.contents.id_of(key)
        except UnknownResource:
            return
        self._wait_until_quiet()
        self._make(series, self._kinds, self._in_idle_time)

    def _look(self) -> None:
        """Remove what is of no use, and make what is missing."""
        if not self.is_on:
            self.store.clear()
            return
        self.store.sweep(lru_cache(_REMEMBERED)(self._is_current))
        for series in self._missing():
            if not self.store.may_add(0, is_little=True):
                return
            self._wait_until_quiet()
            self._make(series, self._kinds, self._in_idle_time, may_drop=False)
            with self._condition:
                if self._changed or self._stable:  # they come first; then from the beginning
                    self._is_to_look = True
                    return

    def _missing(self) -> Iterator[str]:
        for series, digest in self._archive.contents.newest_first():
            if not self.store.has(Address(series, digest, PLACES)) and not self.problem(series, digest):
                yield series

    def _is_current(self, series: str, digest: str) -> bool:
        return self._stopping or self._archive.contents.is_current(series, digest)

    @cached_property
    def _maker(self) -> "Maker":
        return self._make_maker()

    def _make(self, series: str, kinds: Collection[str], pace: Callable[[], None], *, may_drop: bool = True) -> None:
        """Make it, or note why that cannot be."""

        def between(done: int, total: int) -> None:
            with self._condition:
                self._progress[series] = Progress(done, total)
            pace()

        try:
            is_urgent = pace == self._on_demand
            self._maker.make(series, kinds, between, may_drop=may_drop, is_urgent=is_urgent)
        except UnknownResource:
            pass
        except (PacsberryError, OSError) as error:
            if self._stopping:
                return
            if not isinstance(error, NotPrepared):
                LOGGER.warning("Series %s is not prepared now: %s", series, in_words(error))
            self._note_problem(series, in_words(error))
        except Stopping:
            raise
        except Exception:  # one series must not keep the thread from the others
            LOGGER.exception("Series %s cannot be prepared", series)
            self._note_problem(series, "It failed; the log says why.")
        finally:
            with self._condition:
                if series not in self._demanded:
                    self._progress.pop(series, None)

    def _note_problem(self, series: str, why: str) -> None:
        try:
            digest = self._archive.contents.digest(series)
        except UnknownResource:
            return
        with self._condition:
            self._problems[f"{series}-{digest}"] = (self._monotonic() + _PROBLEM_SECONDS, why)
            if len(self._problems) > _MOST_PROBLEMS:
                self._problems.popitem(last=False)

    # --- pace ----------------------------------------------------------------------------------------------------

    def _on_demand(self) -> None:
        if self._stopping:
            raise Stopping

    def _in_idle_time(self) -> None:
        """Between two frames: wait while somebody waits for something else, and a moment when something arrives."""
        posted = self._archive.index.posted_count
        with self._condition:
            if posted != self._posted and not self._stopping:
                self._posted = posted
                self._condition.wait(self._quiet_seconds)
            while self._demanded and not self._stopping:
                self._condition.wait(1.0)
            if self._stopping:
                raise Stopping

    def _wait_until_quiet(self) -> None:
        """Return when nothing has arrived, and nobody has waited for pictures, for a moment."""
        while True:
            posted = self._archive.index.posted_count
            if posted == self._quiet_since and not self._demanded:
                return
            with self._condition:
                if self._stopping:
                    raise Stopping
                self._condition.wait(self._quiet_seconds)
                if self._stopping:
                    raise Stopping
                if not self._demanded and self._archive.index.posted_count == posted:
                    self._quiet_since = posted
                    return
