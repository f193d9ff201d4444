"""`python -m tests.bench.classroom`: thirty clients open the same CT at once over one slow link, then scroll.

Each road to the pictures gets a server, a storage and a link of its own, in turn; where the whole stack takes too long
to be waited for, its time is carried on from what has come.
"""

import sys
import time
import zlib
from pathlib import Path

from tests.bench import data, machine, sections
from tests.bench.classroom import report
from tests.bench.classroom.outcome import Outcome, percentile
from tests.bench.classroom.runs import COMPARED, OURS, RUNS, Lesson, measure

_QUICK = Lesson(pupils=6, slices=40, longest_seconds=10, stops=2)


def tell(folder: Path, is_quick: bool) -> str:
    """Runs all, one after another."""
    lesson = _QUICK if is_quick else Lesson()
    begun = time.monotonic()
    images = data.make_stack(folder / "ct", lesson.slices)
    outcomes: dict[str, Outcome] = {}
    for number, run in enumerate(RUNS):
        outcomes[run.name] = outcome = measure(run, lesson, images, folder / f"run{number}")
        shown = outcome.problem or f"first picture p95 {percentile(outcome.first_pictures(), 95):.2f} s"
        print(f"  {run.name}: {shown}", file=sys.stderr, flush=True)
    told = dict(machine.describe(folder))
    packed = len(zlib.compress(images.files[0].read_bytes(), 6)) / images.files[0].stat().st_size
    parts = [
        f"{told['Date']}, {told['Machine']}, {told['System']}; Pacsberry {told['Pacsberry']}, {told['Orthanc']}. "
        f"{lesson.pupils} clients with at most six keep-alive connections each open one series of {lesson.slices} CT "
        f"slices ({images.total_bytes / 1e6:.0f} MB, 16 bits, made to compress like a patient's: gzip leaves "
        f"{packed * 100:.0f} %) at the same moment, over one link of 25 Mbit/s, which they share fairly, between two "
        "network namespaces. When all have the whole stack, or after "
        f"{lesson.longest_seconds:.0f} s, the class stops together at {lesson.stops} slices and wants them at full "
        "depth. `about`: not everything came in time, and the figure is carried on from what did. Clients take gzip, "
        "as browsers do, unless the column says otherwise. CPU is this machine's; a board's cores are taken to be 4 to "
        f"5 times slower. The run took {(time.monotonic() - begun) / 60:.0f} minutes.",
        report.table(list(outcomes.values())),
        report.problems(list(outcomes.values())),
        report.goals(outcomes[OURS.name], [outcomes[run.name] for run in COMPARED]),
        "\n".join(f"- **{run.name}**: {run.how}" for run in RUNS),
    ]
    return "\n\n".join(part for part in parts if part)


PROGRAM = sections.Program(
    module="tests.bench.classroom",
    title="A class of thirty",
    about=__doc__ or "",
    quick="six clients, a short series",
    folder="2 GB",
    report=tell,
    command="make bench-class",
)

if __name__ == "__main__":
    sys.exit(PROGRAM.run())
