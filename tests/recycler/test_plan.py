"""Who goes: never the protected, never the arriving one, oldest first, enough but no more, or a reason."""

from collections.abc import Iterator

from hypothesis import given
from hypothesis import strategies as st

from pacsberry.archive.candidates import Candidate
from pacsberry.recycler.keepfree import KeepFree
from pacsberry.recycler.plan import Arrival, Limits, RecyclePlan, Usage, missing_now, plan_recycling

MEGABYTE = 2**20


def patient(number: int, size: int = MEGABYTE, *, is_protected: bool = False) -> Candidate:
    return Candidate(number, f"patient-{number}", number, 0, 1, size, is_protected)


@st.composite
def queues(draw: st.DrawFn) -> list[Candidate]:
    """Patients in the order of their arrival."""
    drawn = draw(st.lists(st.tuples(st.integers(0, 500), st.booleans()), max_size=12))
    return [patient(number, size, is_protected=protected) for number, (size, protected) in enumerate(drawn)]


amounts = st.integers(0, 3000)
usages = st.builds(Usage, stored_bytes=amounts, patients=st.integers(0, 15), free_bytes=amounts)
limits = st.builds(Limits, stored_bytes=amounts, patients=st.integers(0, 15), free_bytes=amounts)
arrivals = st.none() | st.builds(
    Arrival, patient=st.integers(0, 14).map("patient-{}".format), size=st.integers(0, 800), is_new=st.booleans()
)


def after(usage: Usage, gone: list[Candidate]) -> Usage:
    size = sum(candidate.size for candidate in gone)
    return Usage(usage.stored_bytes - size, usage.patients - len(gone), usage.free_bytes + size)


@given(queues(), usages, limits, arrivals, st.sets(st.integers(0, 11)))
def test_every_plan(
    queue: list[Candidate], usage: Usage, allowed: Limits, arrival: Arrival | None, receiving: set[int]
) -> None:
    plan = plan_recycling(queue, usage, allowed, arrival, is_arriving=lambda candidate: candidate.key in receiving)

    going = list(plan.going)
    may_go = [
        candidate
        for candidate in queue
        if not candidate.is_protected
        and candidate.key not in receiving
        and not (arrival is not None and candidate.id == arrival.patient)
    ]
    assert going == may_go[: len(going)], "only those who may go, and the oldest of them"
    if plan.problem:
        assert not going
        is_too_large = arrival is not None and 0 < allowed.stored_bytes < arrival.size
        assert is_too_large or missing_now(after(usage, may_go), allowed, arrival), "it says it cannot, and it could"
    else:
        assert not missing_now(after(usage, going), allowed, arrival), "it does not free enough"
        assert not going or missing_now(after(usage, going[:-1]), allowed, arrival), "it takes one too many"
    assert plan.freed_bytes == sum(candidate.size for candidate in going)


def test_nobody_goes_when_there_is_room() -> None:
    usage, allowed = Usage(stored_bytes=90, patients=3, free_bytes=50), Limits(100, 4, 10)

    assert plan_recycling([patient(1)], usage, allowed, Arrival("new", 10, is_new=True)) == RecyclePlan()


def test_no_more_of_the_queue_is_read_than_needed() -> None:
    read = []

    def queue() -> Iterator[Candidate]:
        for number in range(1000):
            read.append(number)
            yield patient(number)

    plan = plan_recycling(queue(), Usage(free_bytes=0), Limits(free_bytes=3 * MEGABYTE))

    assert len(plan.going) == len(read) == 3


def test_the_size_limit_counts_to_the_byte_and_the_count_to_the_patient() -> None:
    queue = [patient(1, 10), patient(2, 10)]

    assert not plan_recycling(queue, Usage(stored_bytes=90), Limits(100), Arrival("new", 10, is_new=True)).going
    assert plan_recycling(queue, Usage(stored_bytes=90), Limits(100), Arrival("new", 11, is_new=True)).going == (
        queue[0],
    )
    assert not plan_recycling(queue, Usage(patients=2), Limits(patients=3), Arrival("new", 1, is_new=True)).going
    assert plan_recycling(queue, Usage(patients=3), Limits(patients=3), Arrival("new", 1, is_new=True)).going == (
        queue[0],
    )


def test_a_lowered_count_keeps_nobody_from_sending_more_of_a_patient_who_is_there() -> None:
    assert not plan_recycling([], Usage(patients=9), Limits(patients=3), Arrival("patient-1", 1, is_new=False)).problem


def test_an_instance_larger_than_everything_allowed_recycles_nobody() -> None:
    queue = [patient(1, 60 * MEGABYTE), patient(2, 30 * MEGABYTE)]
    arrival = Arrival("new", 101 * MEGABYTE, is_new=True)

    plan = plan_recycling(queue, Usage(stored_bytes=90 * MEGABYTE), Limits(100 * MEGABYTE), arrival)

    assert not plan.going
    assert "it has 101 MB" in plan.problem
    assert "MaximumStorageSize allows 100 MB" in plan.problem


def test_a_plan_that_cannot_be_enough_says_what_is_missing_and_who_stands_in_the_way() -> None:
    queue = [patient(1, is_protected=True), patient(2), patient(3)]

    plan = plan_recycling(
        queue, Usage(free_bytes=0), Limits(free_bytes=9 * MEGABYTE), is_arriving=lambda candidate: candidate.key == 3
    )

    assert not plan.going
    assert "8.0 MB of free space" in plan.problem
    assert "1 may go, 1 are protected, 1 are receiving" in plan.problem


def test_the_larger_of_the_two_settings_is_kept_free() -> None:
    wish = KeepFree(512 * MEGABYTE, percent=5)

    def kept(gigabytes: float) -> int:
        total = int(gigabytes * 1024) * MEGABYTE
        return wish.free_bytes(total=total, free=total, own=0) // MEGABYTE

    assert [kept(size) for size in (0.5, 4, 8, 16, 32, 512)] == [256, 512, 512, 819, 1638, 26214]
    assert KeepFree(0, percent=0).free_bytes(total=100, free=50, own=50) == 0


def test_on_a_disk_full_of_other_things_no_more_than_half_of_what_the_archive_could_have_is_kept_free() -> None:
    wish = KeepFree(512 * MEGABYTE, percent=5)

    kept = wish.free_bytes(total=500 << 30, free=10 << 30, own=2 << 30)

    assert kept == 6 << 30
