"""Where a goal's time or memory goes: its load once more, Pacsberry alone, under sampler.py, with small sizes."""

import json
import sys
import tempfile
from collections import defaultdict
from collections.abc import Collection
from pathlib import Path

from tests.bench.bench import QUICK, Bench
from tests.bench.figures import Figure, Results
from tests.bench.goals import Load
from tests.bench.servers import PACSBERRY
from tests.bench.table import number_text

_LINES_SHOWN = 15
_SAMPLER = Path(__file__).with_name("sampler.py")


def profile(load: Load, figures: Collection[Figure], folder: Path) -> str:
    """Markdown: the largest shares of CPU time, of memory, or of both, as the units of `figures` ask for."""
    modes = ["time"] if any(figure.unit != "MiB" for figure in figures) else []
    modes += ["imports", "lines"] if any(figure.unit == "MiB" for figure in figures) else []
    return "\n\n".join(_profile_once(load, mode, folder) for mode in modes)


def _profile_once(load: Load, mode: str, folder: Path) -> str:
    with tempfile.TemporaryDirectory(dir=folder) as own:
        out = Path(own)
        under = (sys.executable, "-P", str(_SAMPLER), mode, own)
        bench = Bench(out / "run", (PACSBERRY,), QUICK, Results(), under=under)
        bench.folder.mkdir()
        load.measure(bench)
        found = [json.loads(path.read_text()) for path in sorted(out.glob(f"{mode}-*.json"))]
    if not found:
        return f"The {mode} profile is empty: {next(iter(bench.results.reasons.values()), 'the server left nothing')}"
    return _combined(found, highest=mode != "time")


def _combined(found: Collection[dict[str, dict[str, float]]], *, highest: bool) -> str:
    """Time of all the servers a load started is added up; of memory, each line's highest is what matters."""
    parts = []
    for heading in next(iter(found)):
        amounts: defaultdict[str, float] = defaultdict(float)
        for one in found:
            for place, amount in one[heading].items():
                amounts[place] = max(amounts[place], amount) if highest else amounts[place] + amount
        lines = [f"{heading}, {'the highest' if highest else 'the sum'} of {len(found)} servers:", "", "```"]
        largest = sorted(amounts.items(), key=lambda item: -item[1])[:_LINES_SHOWN]
        lines += [f"{number_text(amount):>8}  {place}" for place, amount in largest]
        parts.append("\n".join([*lines, "```"]))
    return "\n\n".join(parts)
