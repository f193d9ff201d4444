"""A run of the bench: its sizes, its data, its folders, the order in which servers take turns, its results.

Every module in goals/ has the same shape: FIGURES, and measure(bench), which takes turns over the servers and adds
samples. What fails inside `bench.turn` becomes the reason shown for the figures of that turn; the run goes on.
"""

import shutil
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tests.bench import data
from tests.bench.failures import BenchFailure
from tests.bench.figures import Figure, Results
from tests.bench.servers import PACSBERRY, Launch


@dataclass(frozen=True, slots=True)
class Sizes:
    """How much is measured."""

    slices: int  # CT, and as many MR
    stock_slices: int  # sent with Nagle on, at 15 a second to Orthanc
    large_megabytes: int
    tiny: int  # one-instance studies
    idle_seconds: float
    rounds: int


FULL = Sizes(slices=1000, stock_slices=200, large_megabytes=300, tiny=20_000, idle_seconds=20, rounds=3)
QUICK = Sizes(slices=200, stock_slices=40, large_megabytes=60, tiny=2000, idle_seconds=5, rounds=1)


@dataclass(slots=True)
class Bench:
    """What a goal's `measure` is given."""

    folder: Path  # on the disk to be measured; removed at the end
    servers: Sequence[str]
    sizes: Sizes
    results: Results
    under: Sequence[str] = ()  # a profiler's command to run Pacsberry under
    deadline: float = float("inf")  # time.monotonic() after which no further round is begun
    rounds_left_out: int = 0
    _sets: dict[str, data.ImageSet] = field(default_factory=dict)
    _folders: int = 0

    def turns(self, rounds: int | None = None) -> Iterator[tuple[int, str]]:
        """Round 0: A, B; round 1: A, B; and so on. The first is always begun, others only before the deadline."""
        for number in range(self.sizes.rounds if rounds is None else min(rounds, self.sizes.rounds)):
            if number and time.monotonic() > self.deadline:
                self.rounds_left_out += 1
                continue
            for server in self.servers:
                yield number, server

    @contextmanager
    def turn(self, server: str, figures: Sequence[Figure], what: str) -> Iterator[None]:
        """One measurement of one server; what is raised in it becomes the excuse of `figures`."""
        begun = time.monotonic()
        problem = ""
        try:
            yield
        except Exception as failure:  # noqa: BLE001 (the top of a measurement: the others go on)
            problem = str(failure) if isinstance(failure, BenchFailure) else repr(failure)
            for figure in figures:
                self.results.excuse(figure, server, problem)
        print(f"  {server:10} {what} {time.monotonic() - begun:.1f} s {problem}".rstrip(), file=sys.stderr, flush=True)

    def launch(
        self, server: str, *, plugins: bool = False, lean: bool = False, nagle: bool = False, inside: Sequence[str] = ()
    ) -> Launch:
        """How a server is to be started in this run."""
        under = self.under if server == PACSBERRY else ()
        return Launch(plugins=plugins, lean=lean, inside=inside, nagle=nagle, under=under)

    @contextmanager
    def storage(self) -> Iterator[Path]:
        """An empty folder for a server, removed afterwards with what lies beside it."""
        self._folders += 1
        parent = self.folder / f"server{self._folders}"
        try:
            yield parent / "storage"
        finally:
            shutil.rmtree(parent, ignore_errors=True)

    def ct(self) -> data.ImageSet:
        """The CT set, made when first asked for."""
        return self._set("ct", lambda folder: data.make_ct(folder, self.sizes.slices))

    def mr(self) -> data.ImageSet:
        """The MR set."""
        return self._set("mr", lambda folder: data.make_mr(folder, self.sizes.slices))

    def stock_ct(self) -> data.ImageSet:
        """A small CT set in one folder's worth of studies, for the slow stock sender."""
        return self._set("stock-ct", lambda folder: data.make_ct(folder, self.sizes.stock_slices))

    def stock_mr(self) -> data.ImageSet:
        """The same of MR."""
        return self._set("stock-mr", lambda folder: data.make_mr(folder, self.sizes.stock_slices))

    def large(self) -> data.ImageSet:
        """The multi-frame object."""
        return self._set("large", lambda folder: data.make_large(folder, self.sizes.large_megabytes))

    def _set(self, name: str, make: Callable[[Path], data.ImageSet]) -> data.ImageSet:
        if name not in self._sets:
            self._sets[name] = make(self.folder / name)
        return self._sets[name]


def expect(found: int, expected: int, what: str) -> None:
    """Raises BenchFailure when a load did not do what it is measured for."""
    if found != expected:
        raise BenchFailure(f"{what}: {found} instead of {expected}")
