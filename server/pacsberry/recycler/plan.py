"""Decides who goes to make room; decides only, so that the plan can be printed instead of carried out.

Oldest first, as they come; protected patients and those that are just arriving never; no more than needed; nobody when
even all that may go would not be enough.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from pacsberry.amounts import megabytes
from pacsberry.archive.candidates import Candidate


@dataclass(frozen=True, slots=True)
class Limits:
    """What must hold afterwards; 0 is no limit."""

    stored_bytes: int = 0  # MaximumStorageSize: of all files together, at most
    patients: int = 0  # MaximumPatientCount: at most
    free_bytes: int = 0  # on the file system, at least


@dataclass(frozen=True, slots=True)
class Usage:
    """How full it is now."""

    stored_bytes: int = 0
    patients: int = 0
    free_bytes: int = 0  # what the remover has still to give back included


@dataclass(frozen=True, slots=True)
class Arrival:
    """Who asks for room."""

    patient: str  # Orthanc identifier
    size: int  # bytes
    is_new: bool  # one patient more


@dataclass(frozen=True, slots=True)
class RecyclePlan:
    """Who goes, in this order; or why nobody does although there is no room."""

    going: tuple[Candidate, ...] = ()
    problem: str = ""

    @property
    def freed_bytes(self) -> int:
        """What that gives back."""
        return sum(candidate.size for candidate in self.going)


@dataclass(frozen=True, slots=True)
class Missing:
    """By how much each limit is broken; what is 0 or less is kept."""

    stored_bytes: int
    patients: int
    free_bytes: int

    def without(self, size: int, patients: int) -> "Missing":
        """What is still missing when a patient has gone."""
        return Missing(self.stored_bytes - size, self.patients - patients, self.free_bytes - size)

    def __bool__(self) -> bool:
        return self.stored_bytes > 0 or self.patients > 0 or self.free_bytes > 0


def plan_recycling(
    candidates: Iterable[Candidate],
    usage: Usage,
    limits: Limits,
    arrival: Arrival | None = None,
    is_arriving: Callable[[Candidate], bool] = lambda candidate: False,
) -> RecyclePlan:
    """Who of `candidates`, which come in the order in which they go, and are read no further than needed.

    `is_arriving`: whether somebody receives something at this moment and is spared for that; `arrival`'s patient is.
    """
    problem = never_fits(limits, arrival)
    if problem:
        return RecyclePlan(problem=problem)
    missing = missing_now(usage, limits, arrival)
    if not missing:
        return RecyclePlan()
    going: list[Candidate] = []
    protected = arriving = 0
    for candidate in candidates:
        if candidate.is_protected:
            protected += 1
        elif is_arriving(candidate) or (arrival is not None and candidate.id == arrival.patient):
            arriving += 1
        else:
            going.append(candidate)
            missing = missing.without(candidate.size, 1)
            if not missing:
                return RecyclePlan(tuple(going))
    return RecyclePlan(problem=_not_enough(missing, len(going), protected, arriving))


def missing_now(usage: Usage, limits: Limits, arrival: Arrival | None = None) -> Missing:
    """By how much the limits would be broken if `arrival` came in now; false when they would not."""
    size = arrival.size if arrival is not None else 0
    # A limit that was lowered below what is there stands in the way of nobody who does not add to that.
    counts_size = limits.stored_bytes and (arrival is None or arrival.size > 0)
    counts_patients = limits.patients and (arrival is None or arrival.is_new)
    return Missing(
        usage.stored_bytes + size - limits.stored_bytes if counts_size else 0,
        usage.patients + (arrival is not None) - limits.patients if counts_patients else 0,
        limits.free_bytes - (usage.free_bytes - size) if limits.free_bytes else 0,
    )


def never_fits(limits: Limits, arrival: Arrival | None) -> str:
    """Why no empty archive would be large enough; '' when one is."""
    if arrival is None or not limits.stored_bytes or arrival.size <= limits.stored_bytes:
        return ""
    return (
        f"it has {megabytes(arrival.size)}, and MaximumStorageSize allows {megabytes(limits.stored_bytes)} for"
        " everything together."
    )


def _not_enough(missing: Missing, could_go: int, protected: int, arriving: int) -> str:
    lacks = []
    if missing.stored_bytes > 0:
        lacks.append(f"{megabytes(missing.stored_bytes)} below MaximumStorageSize")
    if missing.patients > 0:
        lacks.append(f"room for {missing.patients} more below MaximumPatientCount")
    if missing.free_bytes > 0:
        lacks.append(f"{megabytes(missing.free_bytes)} of free space")
    who = [f"{could_go} may go"]
    if protected:
        who.append(f"{protected} are protected")
    if arriving:
        who.append(f"{arriving} are receiving images")
    return f"Recycling cannot give {' and '.join(lacks)}: of the patients, {', '.join(who)}."
