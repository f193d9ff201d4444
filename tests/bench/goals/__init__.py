"""The goals, grouped by the load that measures them; every module has FIGURES and measure(bench).

The order is the order of the run: short and quiet loads first.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from tests.bench.bench import Bench
from tests.bench.figures import Figure
from tests.bench.goals import (
    cstore,
    http_files,
    idle_associations,
    idle_memory,
    large_object,
    queries,
    retrieve,
    start_time,
    stock_sender,
    study_archive,
)


@dataclass(frozen=True, slots=True)
class Load:
    """One module of this package."""

    name: str
    figures: Sequence[Figure]
    measure: Callable[[Bench], None]


LOADS = tuple(
    Load(module.__name__.rpartition(".")[2], module.FIGURES, module.measure)
    for module in (
        idle_memory,
        start_time,
        cstore,
        stock_sender,
        http_files,
        retrieve,
        study_archive,
        large_object,
        queries,
        idle_associations,
    )
)

FIGURES = tuple(sorted((figure for load in LOADS for figure in load.figures), key=lambda figure: figure.goal))
