"""The table of the goals as Markdown: ours, Orthanc's, the ratio, the goal, whether it is met; how it was measured."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from statistics import median

from tests.bench.figures import AtLeastTimes, AtMost, AtMostTimes, Figure, Limit, Results, Verdict
from tests.bench.servers import ORTHANC, PACSBERRY

_NOISE = (
    "A cell is the median (lowest - highest) of the rounds; the ratio is ours divided by Orthanc's, taken round by "
    "round, because the servers take turns and share whatever disturbs a round. Memory is in MiB (2^20 bytes), as the "
    "goals were measured, and a goal in MiB is judged by the worst round, all others by the median. CPU time, memory "
    "and bytes written repeat within some 20 %; wall-clock rates swing by 2x on a shared machine. CPU comes in ticks "
    "of 10 ms."
)
_TITLES = {PACSBERRY: "Pacsberry", ORTHANC: "Orthanc"}


def report(
    figures: Sequence[Figure],
    results: Results,
    *,
    facts: Sequence[tuple[str, str]],
    notes: Sequence[str],
    profiles: Mapping[str, str],
) -> str:
    """The whole RESULTS.md."""
    parts = [
        "# Pacsberry beside Orthanc",
        "Written by `make bench`; see README.md in this folder. " + _NOISE,
        _facts(facts),
        "".join(f"- {note}\n" for note in notes).rstrip(),
        "## Goals",
        summary(figures, results),
        table(figures, results),
        "## Not measured, or not in every round",
        _missing(figures, results),
        "## How each figure is measured",
        _methods(figures),
        "## Missed goals: where it goes",
        _profiles(profiles),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def summary(figures: Iterable[Figure], results: Results) -> str:
    """One sentence: how many figures with a goal reach it."""
    verdicts = [results.verdict(figure) for figure in figures if figure.limit is not None]
    met, missed = verdicts.count(Verdict.MET), verdicts.count(Verdict.MISSED)
    return (
        f"{len(verdicts)} figures have a goal: {met} met, {missed} missed, {verdicts.count(Verdict.OPEN)} not measured."
    )


def table(figures: Iterable[Figure], results: Results) -> str:
    """A line for each figure, in the order of the goals."""
    lines = ["| # | figure | Pacsberry | Orthanc | ratio | goal | met |", "|---|---|---|---|---|---|---|"]
    for figure in figures:
        cells = (
            str(figure.goal),
            f"{figure.name}, {figure.unit}",
            _cell(results.of(figure, PACSBERRY).values()),
            _cell(results.of(figure, ORTHANC).values()),
            _cell(results.ratios(figure), times=True),
            limit_text(figure.limit, figure.unit),
            results.verdict(figure).value,
        )
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def limit_text(limit: Limit, unit: str) -> str:
    """A goal as performance tables write it."""
    match limit:
        case None:
            return "-"
        case AtMost(value):
            return f"<= {value:g} {unit}"
        case AtMostTimes(factor):
            return f"<= {factor:g}x"
        case AtLeastTimes(factor):
            return f">= {factor:g}x"


def number_text(value: float) -> str:
    """Three digits that mean something: 1234, 56.7, 0.123."""
    if value == 0 or abs(value) >= 100:
        return f"{value:.0f}"
    if abs(value) >= 10:
        return f"{value:.1f}"
    return f"{value:.2f}" if abs(value) >= 1 else f"{value:.3f}"


def _cell(values: Collection[float], *, times: bool = False) -> str:
    if not values:
        return "-"
    mark = "x" if times else ""
    middle = number_text(median(values)) + mark
    if len(values) == 1:
        return middle
    return f"{middle} ({number_text(min(values))} - {number_text(max(values))})"


def _facts(facts: Sequence[tuple[str, str]]) -> str:
    return "\n".join(["| | |", "|---|---|", *(f"| {name} | {value} |" for name, value in facts)])


def _missing(figures: Iterable[Figure], results: Results) -> str:
    """A line for each server and reason, with the figures it concerns."""
    concerned: dict[tuple[str, str], list[str]] = {}
    for figure in figures:
        for server, title in _TITLES.items():
            found, reason = results.of(figure, server), results.reason(figure, server)
            if found and reason:
                reason = f"not in every round: {reason}"
            if reason or not found:
                names = concerned.setdefault((title, reason or "not asked for in this run"), [])
                names.append(f"{figure.goal}. {figure.name}")
    if left_out := [title for server, title in _TITLES.items() if not results.knows(server)]:
        concerned = {key: names for key, names in concerned.items() if key[0] not in left_out}
        concerned |= {(title, "not part of this run"): ["all"] for title in left_out}
    lines = [f"- {title}: {reason} ({'; '.join(names)})" for (title, reason), names in concerned.items()]
    return "\n".join(lines) or "Everything was measured in every round."


def _methods(figures: Iterable[Figure]) -> str:
    """How each figure is measured; figures measured alike share a line."""
    alike: dict[tuple[int, str], list[str]] = {}
    for figure in figures:
        alike.setdefault((figure.goal, figure.how), []).append(figure.name)
    return "\n".join(f"- {goal}. **{'; '.join(names)}**: {how}" for (goal, how), names in alike.items())


def _profiles(profiles: Mapping[str, str]) -> str:
    if not profiles:
        return "No goal that was measured is missed, or the run was asked not to look for reasons."
    return "\n\n".join(f"### {title}\n\n{text}" for title, text in profiles.items())
