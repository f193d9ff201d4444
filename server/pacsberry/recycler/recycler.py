"""Makes room ahead of need, so that no sender waits for it: the thread "recycler".

It sleeps until something that came in has left less than KeepFree; then prepared pictures go, and when that is not
enough patients, one at a time; it looks again when the remover has taken their files away.  Who is receiving is spared:
first everybody who is not stable yet (StableAge), and if that leaves too few, everybody who received something a moment
before the last.

When the file system is truly full, senders wait for a round of it (`make_room`), a bounded time.  Without KeepFree, and
where MaximumStorageMode is Reject, nobody goes for free space unless an admin asks for it.
"""

import functools
import logging
import threading
import time
from collections.abc import Callable

from pacsberry.amounts import megabytes
from pacsberry.archive import Archive
from pacsberry.archive.candidates import Candidate
from pacsberry.errors import PacsberryError
from pacsberry.model import Level
from pacsberry.recycler.admission import Admission
from pacsberry.recycler.diary import Diary
from pacsberry.recycler.keepfree import KeepFree, Measure, measure
from pacsberry.recycler.plan import Limits, RecyclePlan, Usage, plan_recycling
from pacsberry.recycler.status import status

LOGGER = logging.getLogger("pacsberry.recycler")

_PATIENCE_SECONDS = 15.0  # a sender waits so long for room
_PROBLEM_SECONDS = 1.0  # and senders are told at once
_PAUSE_SECONDS = 5.0  # after a round in which nobody may go
_REMOVER_SECONDS = 60.0  # for the files of one round to be removed
_LOOK_SECONDS = 0.02  # between two looks, of who waits


class Recycler:
    """Owner of the thread "recycler"."""

    def __init__(
        self,
        archive: Archive,
        *,
        keep_free: KeepFree,
        limits: Limits,
        rejects: bool,
        moment_seconds: float = 3.0,
        now: Callable[[], float] = time.time,
    ) -> None:
        """`limits`: MaximumStorageSize and MaximumPatientCount; `rejects`: MaximumStorageMode is Reject, nobody goes.

        `moment_seconds`: who received something so long before the last reception is receiving; batches come every 2 s.
        """
        self._archive = archive
        self._keep_free = keep_free if not rejects else KeepFree(0, 0)
        self._limits = limits
        self._rejects = rejects
        self.diary = Diary(now)
        self._moment_seconds = moment_seconds
        self._admission: Admission | None = None
        if limits.stored_bytes or limits.patients:
            self._admission = Admission(archive, limits, rejects=rejects, diary=self.diary)
            archive.admit_with(self._admission)
        self._condition = threading.Condition()  # guards everything below
        self._is_low = False
        self._is_to_settle = True  # limits may have been lowered since the last run
        self._wanted_bytes = 0  # senders wait for so much free space
        self._rounds_begun = self._rounds_ended = 0
        self._problem = ""  # why nobody went in the last round
        self._problem_until = 0.0  # monotonic: so long senders are told that without another round
        self._pause_until = 0.0  # monotonic
        self._stopping = False
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Begin to watch; the first round is now, since the last run may have left too little."""
        if self._keep_free.is_wanted:
            self._archive.room.watch(self.wake, self.make_room)
        self._is_low = True
        self._thread = threading.Thread(target=self._run, name="recycler")
        self._thread.start()

    def stop(self) -> None:
        """End with the patient that is going."""
        with self._condition:
            self._stopping = True
            self._condition.notify_all()
        if self._thread is not None:
            self._thread.join()
            self._thread = None

    def wake(self) -> None:
        """There is less than the low mark; told often, and heard at once or after a pause."""
        if not self._is_low:
            with self._condition:
                self._is_low = True
                self._condition.notify_all()

    def make_room(self, wanted_bytes: int) -> str:
        """Return '' when so much is free, or why it is not, after one round or a bounded time."""
        deadline = time.monotonic() + _PATIENCE_SECONDS
        with self._condition:
            if time.monotonic() < self._problem_until:
                return self._problem
            mine = self._ask(wanted_bytes)
            while self._archive.room.free_bytes() < wanted_bytes:
                if self._stopping or time.monotonic() >= deadline:
                    return "Room is being made: try again in a minute."
                if self._rounds_ended >= mine:
                    if self._problem:
                        return self._problem
                    mine = self._ask(wanted_bytes)  # others took the room that was made
                self._condition.wait(_LOOK_SECONDS)
        return ""

    def _ask(self, wanted_bytes: int) -> int:
        """With the condition held: have a round run; returns its number."""
        self._wanted_bytes = max(self._wanted_bytes, wanted_bytes)
        self._condition.notify_all()
        return self._rounds_begun + 1

    def recycle(self, wanted_bytes: int = 0) -> dict[str, object]:
        """Have done now what would be done ahead of need, and more until `wanted_bytes` are free; waits a bounded time.

        Tells as JSON how many patients went meanwhile and how much they were, and why nobody did although they should.
        """
        deadline = time.monotonic() + _REMOVER_SECONDS
        count, size = self.diary.count, self.diary.size
        with self._condition:
            mine = self._ask(max(1, wanted_bytes))
            self._is_to_settle = True
            while self._rounds_ended < mine and not self._stopping and time.monotonic() < deadline:
                self._condition.wait(_LOOK_SECONDS)
            problem = self._problem if self._rounds_ended >= mine else "It goes on in the background."
        return {
            "CountPatients": self.diary.count - count,
            "Size": self.diary.size - size,
            "FreeSize": self._archive.room.free_bytes(),
            "Problem": problem,
        }

    def measure(self) -> Measure:
        """How full the file system is now."""
        return measure(self._archive.candidates, self._archive.room, self._keep_free)

    def status(self) -> dict[str, object]:
        """How full it is, what is allowed, who goes next and who went last, as JSON."""
        candidates = self._archive.candidates
        patients = candidates.occupancy().patients
        return status(self.measure(), patients, self._limits, self.diary, candidates.in_order(), rejects=self._rejects)

    # --- the thread ------------------------------------------------------------------------------------------

    def _run(self) -> None:
        while True:
            with self._condition:
                while not self._is_due():
                    self._condition.wait(self._seconds_of_pause() if self._is_low else None)
                if self._stopping:
                    return
                wanted, self._wanted_bytes = self._wanted_bytes, 0
                self._is_low = False
                is_to_settle, self._is_to_settle = self._is_to_settle, False
                self._rounds_begun += 1
            if is_to_settle and self._admission is not None:
                self._guarded(self._settle)
            problem = self._guarded(functools.partial(self._round, wanted))
            with self._condition:
                now = time.monotonic()
                self._problem, self._rounds_ended = problem, self._rounds_begun
                self._pause_until = now + _PAUSE_SECONDS if problem else now
                self._problem_until = now + _PROBLEM_SECONDS if problem else now
                self._condition.notify_all()

    def _is_due(self) -> bool:
        return self._stopping or self._wanted_bytes > 0 or (self._is_low and self._seconds_of_pause() <= 0)

    def _seconds_of_pause(self) -> float:
        return self._pause_until - time.monotonic()

    def _guarded(self, act: Callable[[], str]) -> str:
        """What `act` says; an error is logged and said, and the thread lives on."""
        try:
            return act()
        except PacsberryError as error:
            LOGGER.error("No room can be made now: %s", error)
            return f"No room can be made now: {error}"
        except Exception:  # the top of the thread
            LOGGER.exception("No room can be made now")
            return "No room can be made now; the log says why."

    def _settle(self) -> str:
        if self._admission is not None:
            self._admission.settle()
        return ""

    def _round(self, wanted: int) -> str:
        """Make room once, ahead of need or for senders that wait for `wanted` bytes; says why that cannot be."""
        measured = self.measure()
        self._archive.room.set_low_mark(measured.keep_free_bytes)
        target = max(measured.keep_free_bytes, wanted)
        if self._archive.room.call_in(target - measured.free_bytes, need=False):  # before any patient goes
            measured = self.measure()
        plan = self._plan(measured, target)
        if plan.problem and wanted:  # what is kept free is out of reach; what is needed now may not be
            target = wanted
            plan = self._plan(measured, target)
        if plan.problem:
            if not self._problem:
                LOGGER.warning("%s are free on the storage. %s", megabytes(measured.free_bytes), plan.problem)
            return plan.problem
        self._carry_out(plan, target)
        self._archive.room.look()
        return ""

    def _plan(self, measured: Measure, target: int) -> RecyclePlan:
        usage, limits = Usage(free_bytes=measured.free_bytes), Limits(free_bytes=target)
        stability = self._archive.stability
        plan = RecyclePlan()
        for spared in (
            stability.unstable_keys(Level.PATIENT),
            stability.received_lately(Level.PATIENT, self._moment_seconds),
        ):
            plan = plan_recycling(
                self._archive.candidates.in_order(spared), usage, limits, is_arriving=_is_one_of(spared)
            )
            if not plan.problem:
                break
        return plan

    def _carry_out(self, plan: RecyclePlan, target: int) -> None:
        for number, candidate in enumerate(plan.going):
            if self._stopping or (number and self.measure().free_bytes >= target):
                break
            if not self._archive.recycle(candidate):
                break  # protected or received something meanwhile: the next round has a new plan
            self.diary.note(candidate, f"{megabytes(target)} are kept free")
        deadline = time.monotonic() + _REMOVER_SECONDS
        while self._archive.candidates.has_garbage() and not self._stopping and time.monotonic() < deadline:
            time.sleep(_LOOK_SECONDS)


def _is_one_of(keys: frozenset[int]) -> Callable[[Candidate], bool]:
    return lambda candidate: candidate.key in keys
