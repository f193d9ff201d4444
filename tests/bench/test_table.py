"""Verdicts, and how they are written down."""

import pytest

from tests.bench.figures import AtLeastTimes, AtMost, AtMostTimes, Figure, Limit, Results, Verdict
from tests.bench.servers import ORTHANC, PACSBERRY
from tests.bench.table import number_text, report, summary, table


def _figure(limit: Limit, name: str = "weight") -> Figure:
    return Figure(4, name, "MB", limit, f"How {name} is measured.")


def _results(figure: Figure, ours: list[float], theirs: list[float]) -> Results:
    results = Results()
    for server, values in ((PACSBERRY, ours), (ORTHANC, theirs)):
        for number, value in enumerate(values):
            results.add(figure, server, number, value)
    return results


@pytest.mark.parametrize(
    ("limit", "ours", "theirs", "verdict"),
    [
        (AtMost(10), [9, 10, 30], [], Verdict.MET),
        (AtMost(10), [9, 11, 30], [], Verdict.MISSED),
        (AtMost(10, worst=True), [9, 10, 30], [], Verdict.MISSED),
        (AtMost(10, worst=True), [9, 10, 10], [], Verdict.MET),
        (AtMost(10), [], [5], Verdict.OPEN),
        (AtMostTimes(0.5), [1, 1], [2, 4], Verdict.MET),
        (AtMostTimes(1), [0.1 + 0.2], [0.3], Verdict.MET),
        (AtMostTimes(0.5), [3, 3], [2, 4], Verdict.MISSED),
        (AtMostTimes(0.5), [1], [], Verdict.OPEN),
        (AtLeastTimes(20), [400], [20], Verdict.MET),
        (AtLeastTimes(20), [399], [20], Verdict.MISSED),
        (None, [1], [1], Verdict.NO_GOAL),
    ],
)
def test_a_goal_is_judged_by_its_limit(limit: Limit, ours: list[float], theirs: list[float], verdict: Verdict) -> None:
    figure = _figure(limit)

    assert _results(figure, ours, theirs).verdict(figure) is verdict


def test_servers_are_compared_round_by_round() -> None:
    figure = _figure(AtMostTimes(0.5))
    results = _results(figure, [1, 10], [2, 40])
    results.add(figure, PACSBERRY, 2, 99)  # a round Orthanc has no sample of

    assert results.ratios(figure) == [0.5, 0.25]


def test_a_figure_of_zero_at_orthanc_has_no_ratio() -> None:
    figure = _figure(AtMostTimes(1))

    assert _results(figure, [1], [0]).ratios(figure) == []


def test_a_line_shows_median_and_spread_the_ratio_the_goal_and_the_verdict() -> None:
    figure = _figure(AtMostTimes(0.5))

    lines = table([figure], _results(figure, [1, 3, 2], [10, 10, 10])).splitlines()

    assert lines[-1] == (
        "| 4 | weight, MB | 2.00 (1.00 - 3.00) | 10.0 (10.0 - 10.0) | 0.200x (0.100 - 0.300) | <= 0.5x | yes |"
    )


def test_what_could_not_be_measured_stays_in_the_table_with_its_reason() -> None:
    figure, other = _figure(AtMost(1), "weight"), _figure(AtMost(1), "height")
    results = _results(other, [1], [])
    results.excuse(figure, PACSBERRY, "no such route")
    results.excuse(figure, PACSBERRY, "a later reason")

    text = report([figure, other], results, facts=[], notes=[], profiles={})

    assert "| 4 | weight, MB | - | - | - | <= 1 MB | not measured |" in text
    assert "- Pacsberry: no such route (4. weight)" in text
    assert "- Orthanc: not part of this run (all)" in text
    assert "a later reason" not in text


def test_a_figure_missing_in_one_round_says_so() -> None:
    figure = _figure(AtMost(1))
    results = _results(figure, [1], [1])
    results.excuse(figure, ORTHANC, "it broke off")

    text = report([figure], results, facts=[], notes=[], profiles={})

    assert "- Orthanc: not in every round: it broke off (4. weight)" in text


def test_the_summary_counts_figures_with_a_goal_only() -> None:
    figures = [_figure(AtMost(1), "a"), _figure(AtMost(1), "b"), _figure(AtMost(1), "c"), _figure(None, "d")]
    results = Results()
    for figure, value in ((figures[0], 1), (figures[1], 2), (figures[3], 1)):
        results.add(figure, PACSBERRY, 0, value)

    assert summary(figures, results) == "3 figures have a goal: 1 met, 1 missed, 1 not measured."


@pytest.mark.parametrize(
    ("value", "text"),
    [(0, "0"), (1234.5, "1234"), (56.78, "56.8"), (1.234, "1.23"), (0.1234, "0.123"), (-3.21, "-3.21")],
)
def test_numbers_have_three_digits_that_mean_something(value: float, text: str) -> None:
    assert number_text(value) == text
