"""Goal 1: what a server weighs before anybody called."""

import time

from tests.bench import servers
from tests.bench.bench import Bench
from tests.bench.figures import AtMost, Figure
from tests.bench.meters import MEBIBYTE

_QUIET_SECONDS = 3
_ALL_DOORS = Figure(
    1,
    "RSS before the first association, all doors up",
    "MiB",
    AtMost(28, worst=True),
    f"VmRSS of the process tree {_QUIET_SECONDS} s after GET /system answered and the DICOM port listened; Orthanc "
    "with its DICOMweb and worklist plugins.",
)
_BARE = Figure(
    1,
    "the same, Orthanc without plugins",
    "MiB",
    None,
    "As above; Pacsberry is the same as above, since it has no such switch.",
)
FIGURES = (_ALL_DOORS, _BARE)


def measure(bench: Bench) -> None:
    """Starts each server afresh for every sample; a first start warms the page cache."""
    for server in bench.servers:
        with bench.turn(server, FIGURES, "first start"):
            _rss_mebibytes(bench, server, plugins=True)
    for number, server in bench.turns():
        for figure, plugins in ((_ALL_DOORS, True), (_BARE, False)):
            with bench.turn(server, (figure,), figure.name):
                bench.results.add(figure, server, number, _rss_mebibytes(bench, server, plugins=plugins))


def _rss_mebibytes(bench: Bench, server: str, *, plugins: bool) -> float:
    with bench.storage() as storage, servers.answering(server, storage, bench.launch(server, plugins=plugins)) as one:
        time.sleep(_QUIET_SECONDS)
        return one.tree.rss_bytes() / MEBIBYTE
