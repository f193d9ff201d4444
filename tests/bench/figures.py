"""What is measured and against which goal: figures, their limits, the samples taken and the verdict.

A figure belongs to a numbered goal; a goal may have several. Samples are kept by server and round, because servers
are compared round by round: whatever disturbed the machine in a round disturbed both.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from statistics import median

from tests.bench.servers import ORTHANC, PACSBERRY

_NOTHING = 1e-9  # what differences of floating-point seconds leave behind


class Verdict(Enum):
    """Whether a figure reaches its goal."""

    MET = "yes"
    MISSED = "**no**"
    OPEN = "not measured"
    NO_GOAL = "-"


@dataclass(frozen=True, slots=True)
class AtMost:
    """Our own figure may not be higher; the worst round counts when `worst`, else the median."""

    value: float
    worst: bool = False


@dataclass(frozen=True, slots=True)
class AtMostTimes:
    """Our figure may be at most `factor` times Orthanc's, by the median of the rounds' ratios."""

    factor: float


@dataclass(frozen=True, slots=True)
class AtLeastTimes:
    """Our figure has to be at least `factor` times Orthanc's, by the median of the rounds' ratios."""

    factor: float


Limit = AtMost | AtMostTimes | AtLeastTimes | None


@dataclass(frozen=True, slots=True)
class Figure:
    """One line of the table."""

    goal: int  # 1 to 16
    name: str
    unit: str
    limit: Limit
    how: str  # how it is measured: a sentence for the reader of the table


@dataclass(slots=True)
class Results:
    """All samples of a run, and why others are missing."""

    samples: dict[tuple[Figure, str], dict[int, float]] = field(default_factory=dict)
    reasons: dict[tuple[Figure, str], str] = field(default_factory=dict)

    def add(self, figure: Figure, server: str, round_number: int, value: float) -> None:
        """Keeps the sample of a round."""
        self.samples.setdefault((figure, server), {})[round_number] = value

    def excuse(self, figure: Figure, server: str, reason: str) -> None:
        """Keeps the first reason why a figure has no sample in some round."""
        self.reasons.setdefault((figure, server), reason)

    def of(self, figure: Figure, server: str) -> Mapping[int, float]:
        """The samples by round."""
        return self.samples.get((figure, server), {})

    def reason(self, figure: Figure, server: str) -> str:
        """Why there is no sample, or not of every round."""
        return self.reasons.get((figure, server), "")

    def knows(self, server: str) -> bool:
        """Whether anything was tried with the server."""
        return any(name == server for _, name in (*self.samples, *self.reasons))

    def ratios(self, figure: Figure) -> list[float]:
        """Ours divided by Orthanc's, for each round that has both."""
        ours, theirs = self.of(figure, PACSBERRY), self.of(figure, ORTHANC)
        return [ours[number] / theirs[number] for number in sorted(ours) if theirs.get(number)]

    def verdict(self, figure: Figure) -> Verdict:
        """Whether the goal of the figure is met."""
        ours = list(self.of(figure, PACSBERRY).values())
        ratios = self.ratios(figure)
        match figure.limit:
            case None:
                return Verdict.NO_GOAL
            case AtMost(value, worst):
                known, is_met = bool(ours), bool(ours) and (max(ours) if worst else median(ours)) <= value + _NOTHING
            case AtMostTimes(factor):
                known, is_met = bool(ratios), bool(ratios) and median(ratios) <= factor + _NOTHING
            case AtLeastTimes(factor):
                known, is_met = bool(ratios), bool(ratios) and median(ratios) >= factor - _NOTHING
        if not known:
            return Verdict.OPEN
        return Verdict.MET if is_met else Verdict.MISSED
