"""The whole plan as it would be made now: for printing."""

from pacsberry.archive.candidates import Candidates
from pacsberry.recycler.keepfree import Measure
from pacsberry.recycler.plan import Limits, RecyclePlan, Usage, plan_recycling


def plan_all(candidates: Candidates, measured: Measure, limits: Limits, *, wanted_bytes: int = 0) -> RecyclePlan:
    """Who goes for the limits, for what is kept free, and until `wanted_bytes` are; nobody is arriving."""
    holds = candidates.occupancy()
    usage = Usage(holds.stored_bytes, holds.patients, measured.free_bytes)
    target = max(measured.keep_free_bytes, wanted_bytes)
    return plan_recycling(candidates.in_order(), usage, Limits(limits.stored_bytes, limits.patients, target))
