"""`python -m tests.bench`: measures, prints the table and, after a complete run, writes RESULTS.md."""

import argparse
import dataclasses
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Collection, Sequence
from pathlib import Path

from tests.bench import machine, sections, table
from tests.bench.bench import FULL, QUICK, Bench
from tests.bench.failures import BenchFailure
from tests.bench.figures import Figure, Results, Verdict
from tests.bench.goals import FIGURES, LOADS
from tests.bench.profiles import profile
from tests.bench.programs import install_missing
from tests.bench.servers import SERVERS

_RESULTS = Path(__file__).with_name("RESULTS.md")
_GOALS = range(1, 17)
_LAST_ROUND_BEGINS_SECONDS = 18 * 60  # so that a run ends within 25 minutes, profiles of missed goals included


def main() -> int:
    """Runs what was asked for; 0 unless nothing could be measured."""
    options = _parser().parse_args()
    signal.signal(signal.SIGTERM, lambda number, _: sys.exit(128 + number))  # so that servers are stopped then too
    try:
        install_missing()
    except BenchFailure as failure:
        print(failure, file=sys.stderr)
        return 1
    folder = Path(tempfile.mkdtemp(prefix="pacsberry-bench-", dir=options.folder))
    try:
        if options.profile:
            print(
                "\n\n".join(f"{title}\n\n{text}" for title, text in _profiles(options.profile, FIGURES, folder).items())
            )
        else:
            _measure(options, folder)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return 0


def _measure(options: argparse.Namespace, folder: Path) -> None:
    begun = time.monotonic()
    facts = machine.describe(folder)
    sizes = QUICK if options.quick else FULL
    if options.rounds:
        sizes = dataclasses.replace(sizes, rounds=options.rounds)
    bench = Bench(folder, options.servers, sizes, Results(), deadline=begun + _LAST_ROUND_BEGINS_SECONDS)
    for load in LOADS:
        if any(figure.goal in options.only for figure in load.figures):
            print(load.name, file=sys.stderr, flush=True)
            load.measure(bench)
    figures = [figure for figure in FIGURES if figure.goal in options.only]
    missed = {figure.goal for figure in figures if bench.results.verdict(figure) is Verdict.MISSED}
    profiles = (
        _profiles(missed, [f for f in figures if bench.results.verdict(f) is Verdict.MISSED], folder)
        if options.profiles
        else {}
    )
    notes = [*_notes(bench, folder), f"The run took {(time.monotonic() - begun) / 60:.0f} minutes."]
    text = table.report(figures, bench.results, facts=facts, notes=notes, profiles=profiles)
    is_complete = sizes == FULL and len(options.only) == len(_GOALS) and set(options.servers) == set(SERVERS)
    output = options.output or (_RESULTS if is_complete else None)
    print(text)
    if output is not None:
        sections.replace_rest(output, text)
        print(f"Written to {output}", file=sys.stderr)


def _profiles(goals: Collection[int], figures: Sequence[Figure], folder: Path) -> dict[str, str]:
    """Each load that measures one of `goals` is profiled once, for all of them."""
    found = {}
    for load in LOADS:
        own = [figure for figure in load.figures if figure in figures and figure.goal in goals and figure.limit]
        if own:
            numbers = ", ".join(str(number) for number in sorted({figure.goal for figure in own}))
            print(f"profile of {load.name}", file=sys.stderr, flush=True)
            found[f"Goal {numbers}"] = profile(load, own, folder)
    return found


def _notes(bench: Bench, folder: Path) -> list[str]:
    """What a reader has to know to judge the figures."""
    sizes = bench.sizes
    notes = [
        f"{sizes.rounds} rounds (2 of goals 3 and 16; tiny studies are stored once and asked for in every round).",
        "Same durability: SyncStorageArea is true on both; every other setting is each server's default. "
        "TCP_NODELAY=1 is in the environment of both servers and of all DCMTK clients, which helps "
        "Orthanc; not for goal 6.",
        f"Data: {sizes.slices} CT slices of 512x512 and {sizes.slices} MR slices of 256x256 pixels of 16 bits, in four "
        f"studies each, one multi-frame object of {sizes.large_megabytes} MB, {sizes.tiny} studies of one 0.9 KB "
        "instance; Explicit VR Little Endian, noise like a scanner's, read from the page cache.",
    ]
    if sizes.slices != FULL.slices:
        notes.append("**A quick run with small sizes: its figures are not those the goals speak of.**")
    if bench.rounds_left_out:
        notes.append(f"{bench.rounds_left_out} rounds were left out to end in time.")
    if machine.is_memory_file_system(folder):
        notes.append("**The folder of the run is in memory: bytes written and syncs mean nothing; give --folder.**")
    return notes


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument(
        "--only", type=_goals, default=frozenset(_GOALS), metavar="4,5", help="measure these goals only"
    )
    parser.add_argument(
        "--quick", action="store_true", help="small sizes, one round: does it work, roughly what is it?"
    )
    parser.add_argument("--rounds", type=int, metavar="N", help="rounds instead of 3 (1 when quick)")
    parser.add_argument("--servers", type=_servers, default=SERVERS, metavar="NAME,NAME", help="of pacsberry, orthanc")
    parser.add_argument("--folder", type=Path, default=Path("/var/tmp"), help="where to work: on the disk that counts")  # noqa: S108
    parser.add_argument("--output", type=Path, help="write the report here; a complete run writes RESULTS.md anyway")
    parser.add_argument(
        "--profile", type=_goals, metavar="N", help="only show where the time and memory of goal N goes"
    )
    parser.add_argument(
        "--no-profiles", dest="profiles", action="store_false", help="do not profile the goals that are missed"
    )
    return parser


def _goals(text: str) -> frozenset[int]:
    numbers = frozenset(int(part) for part in text.split(","))
    if not numbers <= set(_GOALS):
        raise argparse.ArgumentTypeError("goals are 1 to 16")
    return numbers


def _servers(text: str) -> tuple[str, ...]:
    names = tuple(text.split(","))
    if not set(names) <= set(SERVERS):
        raise argparse.ArgumentTypeError(f"servers are {', '.join(SERVERS)}")
    return names


if __name__ == "__main__":
    sys.exit(main())
