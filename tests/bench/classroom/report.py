"""The table of the class as Markdown: a column for each run, the goals below it."""

from collections.abc import Callable, Sequence
from statistics import mean

from tests.bench.classroom.outcome import Outcome, percentile
from tests.bench.meters import MEBIBYTE
from tests.bench.table import number_text

_FIRST_SECONDS = 1.5
_STACK_FACTOR, _DEPTH_FACTOR = 0.1, 0.5
_PEAK_MEBIBYTES = 60.0

Cell = Callable[[Outcome], str]


def table(outcomes: Sequence[Outcome]) -> str:
    """A line for each figure."""
    lines = [f"| | {' | '.join(outcome.name for outcome in outcomes)} |", "|---|" + "---|" * len(outcomes)]
    for name, cell in _ROWS:
        cells = ("-" if outcome.problem else cell(outcome) for outcome in outcomes)
        lines.append(f"| {name} | {' | '.join(cells)} |")
    return "\n".join(lines)


def problems(outcomes: Sequence[Outcome]) -> str:
    """A line for each run that gave no figures."""
    return "\n".join(f"- {outcome.name}: {outcome.problem}" for outcome in outcomes if outcome.problem)


def goals(ours: Outcome, compared: Sequence[Outcome]) -> str:
    """A line for each goal, beside each of the outcomes that are Orthanc's."""
    if ours.problem:
        return "The goals are not measured."
    first = percentile(ours.first_pictures(), 95)
    peak = ours.cost.server_peak_bytes / MEBIBYTE
    lines = [
        _goal(f"first picture, p95 <= {_FIRST_SECONDS} s", f"{first:.2f} s", is_met=first <= _FIRST_SECONDS),
        _goal(f"peak RSS of the server <= {_PEAK_MEBIBYTES:.0f} MiB", f"{peak:.1f}", is_met=peak <= _PEAK_MEBIBYTES),
    ]
    for theirs in (one for one in compared if not one.problem):
        stack = percentile(ours.whole_stacks(), 95) / percentile(theirs.whole_stacks(), 95)
        lines.append(_beside(theirs, "time to the whole stack for everybody", _STACK_FACTOR, stack))
        if mean(theirs.stop_bytes()):  # nothing where the whole stack came before the class stopped
            depth = mean(ours.stop_bytes()) / mean(theirs.stop_bytes())
            lines.append(_beside(theirs, "bytes of a slice at full depth", _DEPTH_FACTOR, depth))
    return "Goals, of the first column:\n\n" + "\n".join(lines)


def _beside(theirs: Outcome, what: str, factor: float, found: float) -> str:
    return _goal(f"{what} <= {factor:g}x of `{theirs.name}`", f"{found:.3f}x", is_met=found <= factor)


def _goal(name: str, value: str, *, is_met: bool) -> str:
    return f"- {name}: {value}, {'met' if is_met else '**missed**'}"


def _seconds(of: Callable[[Outcome], list[float]]) -> Cell:
    def cell(outcome: Outcome) -> str:
        values = of(outcome)
        return f"{number_text(percentile(values, 50))} / {number_text(percentile(values, 95))}" if values else "-"

    return cell


def _carried_on(cell: Cell) -> Cell:
    return lambda outcome: ("" if outcome.is_whole else "about ") + cell(outcome)


def _over_the_air(outcome: Outcome) -> str:
    return number_text((outcome.carried.down_bytes + outcome.carried.up_bytes) / len(outcome.pupils) / 1e6)


def _cpu_of_a_slice(outcome: Outcome) -> str:
    shown = sum(pupil.slices + len(pupil.stops) for pupil in outcome.pupils)
    cost = outcome.cost
    return number_text((cost.server_cpu_seconds + cost.workers_cpu_seconds) * 1e3 / shown)


_ROWS: tuple[tuple[str, Cell], ...] = (
    ("first picture, s: p50 / p95", _seconds(Outcome.first_pictures)),
    ("whole stack to scroll, s: p50 / p95", _carried_on(_seconds(Outcome.whole_stacks))),
    (
        "carried for it, MB for each pupil",
        _carried_on(lambda outcome: number_text(mean(outcome.stack_bytes()) / 1e6)),
    ),
    ("a slice at full depth for everybody, s: p50 / p95", _seconds(Outcome.stops)),
    ("carried for it, KB", lambda outcome: number_text(mean(outcome.stop_bytes()) / 1e3)),
    ("over the air while it was measured, MB for each pupil", _over_the_air),
    ("CPU of the server, s", lambda outcome: number_text(outcome.cost.server_cpu_seconds)),
    ("CPU of its pixel workers, s", lambda outcome: number_text(outcome.cost.workers_cpu_seconds)),
    ("CPU for a slice that a pupil got, ms", _cpu_of_a_slice),
    ("peak RSS of the server, MiB", lambda outcome: number_text(outcome.cost.server_peak_bytes / MEBIBYTE)),
    (
        "pixel workers at once, peak RSS of one, MiB",
        lambda outcome: f"{outcome.cost.workers}, {number_text(outcome.cost.worker_peak_bytes / MEBIBYTE)}",
    ),
    ("connections for each pupil", lambda outcome: number_text(mean(pupil.connections for pupil in outcome.pupils))),
    ("packets lost on the link", lambda outcome: str(outcome.carried.lost_packets)),
)
