"""Holds MaximumStorageSize and MaximumPatientCount while things come in: they hold when the sender gets its answer.

One sender at a time has its turn, and waits for the index-writer inside it, which never waits for a turn.  Mostly a sum
that counts rather too much than too little says that there is room, and nobody waits for anything.  Else:

1. the exact sum, on the index-writer's thread: what was posted before is committed, what is still on its way is known;
2. the plan; patients on their way are spared, and waited for when nobody else may go;
3. each patient of the plan goes in a transaction that looks once more whether it may;
4. from the beginning, until there is room.
"""

import threading
import time

from pacsberry.amounts import megabytes
from pacsberry.archive import Archive
from pacsberry.archive.candidates import Occupancy
from pacsberry.errors import NoRoom
from pacsberry.recycler.diary import Diary
from pacsberry.recycler.plan import Arrival, Limits, RecyclePlan, Usage, missing_now, never_fits, plan_recycling

_PATIENCE_SECONDS = 20.0  # for others that are on their way
_LOOK_SECONDS = 0.02  # between two looks at them


class Admission:
    """Lets in what fits, and recycles or refuses for what does not; thread-safe."""

    def __init__(self, archive: Archive, limits: Limits, *, rejects: bool, diary: Diary) -> None:
        """`rejects`: MaximumStorageMode is Reject."""
        self._archive = archive
        self._limits = limits
        self._rejects = rejects
        self._diary = diary
        self._turn = threading.Lock()  # one decision at a time, so that two senders never count on the same room

    def admit(self, patient: str, growth: int) -> None:
        """Have `growth` more bytes of a patient (Orthanc identifier) expected, once there is room.  Raises NoRoom."""
        with self._turn:
            deadline = time.monotonic() + _PATIENCE_SECONDS
            while not self._has_room(patient, growth):
                self._make_room(patient, growth, deadline)
            self._archive.arriving.expect(patient, growth)

    def settle(self) -> None:
        """Recycle down to limits that were lowered since the last run."""
        if self._rejects:
            return
        with self._turn:
            occupancy = self._archive.candidates.occupancy()
            usage = Usage(stored_bytes=occupancy.stored_bytes, patients=occupancy.patients)
            self._carry_out(plan_recycling(self._archive.candidates.in_order(), usage, self._limits))

    def _has_room(self, patient: str, growth: int) -> bool:
        """Whether there is room for certain."""
        usage, arrival = _seen(self._archive.occupancy(patient, exactly=False), patient, growth)
        return not missing_now(usage, self._limits, arrival)

    def _make_room(self, patient: str, growth: int, deadline: float) -> None:
        """Take one step towards room, unless there is some; NoRoom when there is no such step."""
        occupancy = self._archive.occupancy(patient, exactly=True)
        usage, arrival = _seen(occupancy, patient, growth)
        if not missing_now(usage, self._limits, arrival):
            return
        problem = never_fits(self._limits, arrival)
        if problem or self._rejects:
            raise NoRoom(f"Refused: {problem or self._full(usage, arrival)}")
        on_their_way = occupancy.expected.patients - {patient}
        plan = plan_recycling(
            self._archive.candidates.in_order(),
            usage,
            self._limits,
            arrival,
            is_arriving=lambda candidate: candidate.id in on_their_way,
        )
        if not plan.problem:
            self._carry_out(plan)
        elif on_their_way and time.monotonic() < deadline:
            self._archive.arriving.wait_for_change(occupancy.expected, _LOOK_SECONDS)
        else:
            raise NoRoom(f"Refused. {plan.problem}")

    def _carry_out(self, plan: RecyclePlan) -> None:
        for candidate in plan.going:
            if not self._archive.recycle(candidate):
                return  # somebody protected it, sent more or was faster: a new plan is due
            self._diary.note(candidate, self._reason())

    def _reason(self) -> str:
        limits = []
        if self._limits.stored_bytes:
            limits.append(f"MaximumStorageSize is {megabytes(self._limits.stored_bytes)}")
        if self._limits.patients:
            limits.append(f"MaximumPatientCount is {self._limits.patients}")
        return " and ".join(limits)

    def _full(self, usage: Usage, arrival: Arrival) -> str:
        used = (
            f"{megabytes(usage.stored_bytes)} of {megabytes(self._limits.stored_bytes)} (MaximumStorageSize)"
            if missing_now(usage, self._limits, arrival).stored_bytes > 0
            else f"{usage.patients} of {self._limits.patients} patients (MaximumPatientCount)"
        )
        return f"the archive is full, {used} are there, and MaximumStorageMode is Reject. Delete studies."


def _seen(occupancy: Occupancy, patient: str, growth: int) -> tuple[Usage, Arrival]:
    """The plan's words for it."""
    usage = Usage(stored_bytes=occupancy.stored_bytes, patients=occupancy.patients)
    return usage, Arrival(patient, growth, is_new=not occupancy.has_patient)
