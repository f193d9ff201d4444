"""How full it is, for people and programs: the recycler's part of the status page, and its plan in plain words."""

from collections.abc import Iterator
from itertools import islice

from pacsberry.amounts import counted, megabytes
from pacsberry.archive.candidates import Candidate, Occupancy
from pacsberry.archive.times import utc_text
from pacsberry.recycler.diary import Diary
from pacsberry.recycler.keepfree import Measure
from pacsberry.recycler.plan import Limits, RecyclePlan

_NEXT = 5  # patients


def status(
    measured: Measure, patients: int, limits: Limits, diary: Diary, queue: Iterator[Candidate], *, rejects: bool
) -> dict[str, object]:
    """The part of the status JSON; sizes in bytes, times in UTC, 0 for a limit that is not set."""
    last = diary.last
    return {
        "TotalSize": measured.total_bytes,
        "FreeSize": measured.free_bytes,
        "ArchiveSize": measured.own_bytes,
        "CountPatients": patients,
        "KeepFreeSize": measured.keep_free_bytes,
        "MaximumStorageSize": limits.stored_bytes,
        "MaximumPatientCount": limits.patients,
        "MaximumStorageMode": "Reject" if rejects else "Recycle",
        "NextToGo": [
            {"ID": one.id, "CountInstances": one.instances, "Size": one.size, "LastUpdate": utc_text(one.updated_at)}
            for one in islice((one for one in queue if not one.is_protected), _NEXT)
        ],
        "Recycled": {
            "CountPatients": diary.count,
            "Size": diary.size,
            "Last": None
            if last is None
            else {
                "ID": last.patient,
                "CountInstances": last.instances,
                "Size": last.size,
                "At": utc_text(last.at),
            },
        },
    }


def plan_lines(measured: Measure, holds: Occupancy, limits: Limits, plan: RecyclePlan) -> Iterator[str]:
    """The plan, and what it is made from, a line at a time."""
    yield (
        f"The file system has {megabytes(measured.total_bytes)}, {megabytes(measured.free_bytes)} of them free;"
        f" {_kept_free(measured.keep_free_bytes)}."
    )
    allowed = [f"{megabytes(limits.stored_bytes)}"] if limits.stored_bytes else []
    allowed += [counted(limits.patients, "patient")] if limits.patients else []
    at_most = f", at most {' and '.join(allowed)} by the settings" if allowed else ""
    yield f"The archive holds {megabytes(holds.stored_bytes)} of {counted(holds.patients, 'patient')}{at_most}."
    if plan.problem:
        yield f"Nobody goes. {plan.problem}"
        return
    if not plan.going:
        yield "Nobody has to go."
        return
    yield f"To go: {counted(len(plan.going), 'patient')}, which gives back {megabytes(plan.freed_bytes)}:"
    for one in plan.going:
        what = f"{counted(one.instances, 'instance')}, {megabytes(one.size)}"
        yield f"  {one.id}  {what}, last received {utc_text(one.updated_at)}"


def _kept_free(size: int) -> str:
    return f"{megabytes(size)} are kept free" if size else "nothing is kept free"
