"""Figures of a class: carried on where not everything came, judged against the goals."""

import pytest

from tests.bench.classroom import report
from tests.bench.classroom.air import Carried
from tests.bench.classroom.load import Pupil
from tests.bench.classroom.outcome import Cost, Outcome, percentile


def _whole(seconds: float, *, stop_bytes: int = 500) -> Outcome:
    pupil = Pupil(1.0, 100, seconds, 10, 1000, seconds, 1100, stops=[0.5], stops_bytes=stop_bytes, connections=6)
    return Outcome("whole", 10, [pupil, pupil], Carried(2200, 100, 0), Cost(1.0, 0.5, 50 * 2**20))


def test_the_rest_of_the_stack_is_carried_on_from_what_came() -> None:
    # The first picture after 2 s and 300 bytes; 18 s later 900 bytes more, of which 4 slices of 200 are whole.
    quick = Pupil(2.0, 300, None, slices=4, slices_bytes=800, opened_seconds=20.0, opened_bytes=1200)
    slow = Pupil(9.0, 300, None, slices=1, slices_bytes=200, opened_seconds=20.0, opened_bytes=400)
    outcome = Outcome("cut short", 11, [quick, slow])
    needed = 300 + 10 * 200

    assert not outcome.is_whole
    assert outcome.stack_bytes() == [needed, needed]
    # Both at the same time, since they share the link: nobody is judged by a share that was small for a while.
    assert outcome.whole_stacks() == [pytest.approx(20.0 * 2 * needed / 1600)] * 2


def test_who_has_everything_is_not_carried_on() -> None:
    done = Pupil(1.0, 100, 12.5, 11, 1000, 12.5, 1100)
    late = Pupil(2.0, 300, None, slices=4, slices_bytes=800, opened_seconds=20.0, opened_bytes=1200)

    assert Outcome("mixed", 11, [done, late]).whole_stacks() == [12.5, pytest.approx(20.0 * 2300 / 1200)]


def test_percentiles_are_values_that_were_measured() -> None:
    values = [float(number) for number in range(1, 31)]

    assert [percentile(values, percent) for percent in (50, 95, 100)] == [15.0, 29.0, 30.0]
    assert percentile([7.0], 50) == 7.0


def test_goals_are_judged_beside_each_of_orthancs_roads() -> None:
    goals = report.goals(_whole(9.0), [_whole(100.0, stop_bytes=2000), _whole(50.0)])

    assert "first picture, p95 <= 1.5 s: 1.00 s, met" in goals
    assert "0.090x, met" in goals
    assert "0.180x, **missed**" in goals
    assert "full depth <= 0.5x of `whole`: 0.250x, met" in goals
    assert "full depth <= 0.5x of `whole`: 1.000x, **missed**" in goals


def test_a_run_that_failed_leaves_its_column_empty_and_says_why() -> None:
    failed = Outcome("failed", 10, problem="it fell over")

    table = report.table([_whole(9.0), failed])

    assert "| first picture, s: p50 / p95 | 1.00 / 1.00 | - |" in table
    assert report.problems([failed]) == "- failed: it fell over"
    assert "not measured" in report.goals(failed, [])


def test_a_figure_that_was_carried_on_says_so() -> None:
    cut_short = Outcome("x", 11, [Pupil(2.0, 300, None, 4, 800, 20.0, 1200, stops=[1.0], connections=1)])

    whole, carried_on = (
        next(line for line in report.table([outcome]).splitlines() if "whole stack" in line)
        for outcome in (_whole(9.0), cut_short)
    )

    assert "about" not in whole
    assert "about" in carried_on
