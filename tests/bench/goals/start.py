"""Goals 1 and 15: what a server weighs before anybody called, and how soon it answers."""

import time

from tests.bench import dicom_clients, servers
from tests.bench.bench import Bench
from tests.bench.figures import AtMost, Figure
from tests.bench.meters import MEBIBYTE

_QUIET_SECONDS = 3
_IDLE = Figure(
    1,
    "RSS before the first association, all doors up",
    "MiB",
    AtMost(28, worst=True),
    f"VmRSS of the process tree {_QUIET_SECONDS} s after GET /system answered and the DICOM port listened; Orthanc "
    "with its DICOMweb and worklist plugins.",
)
_IDLE_BARE = Figure(
    1,
    "the same, Orthanc without plugins",
    "MiB",
    None,
    "As above; Pacsberry is the same as above, since it has no such switch.",
)
_BOTH = Figure(
    15,
    "start to HTTP 200 and then C-ECHO answered",
    "s",
    AtMost(0.5),
    "From just before the process is made to the success of a C-ECHO (pynetdicom, association included) that follows "
    "the first answer of GET /system, on an empty storage folder, files of the program in the page cache; Orthanc with "
    "both plugins.",
)
_HTTP = Figure(15, "start to HTTP 200", "s", None, "As above, up to the answer of GET /system.")
FIGURES = (_IDLE, _IDLE_BARE, _BOTH, _HTTP)


def measure(bench: Bench) -> None:
    """Starts each server afresh for every sample; the first start only warms the page cache."""
    for server in bench.servers:
        with bench.turn(server, FIGURES, "first start"):
            _start_once(bench, server)
    for number, server in bench.turns():
        with bench.turn(server, (_IDLE, _BOTH, _HTTP), "start and idle"):
            _measure_start(bench, server, number)
        with bench.turn(server, (_IDLE_BARE,), "start without plugins"):
            bench.results.add(_IDLE_BARE, server, number, _idle_megabytes(bench, server, plugins=False))


def _measure_start(bench: Bench, server: str, number: int) -> None:
    bench.results.add(_IDLE, server, number, _idle_megabytes(bench, server, plugins=True))
    with bench.storage() as storage, servers.answering(server, storage, bench.launch(server, plugins=True)) as one:
        http_seconds = time.monotonic() - one.begun_at
        answered_at = dicom_clients.echo(one)
    bench.results.add(_HTTP, server, number, http_seconds)
    bench.results.add(_BOTH, server, number, answered_at - one.begun_at)


def _idle_megabytes(bench: Bench, server: str, *, plugins: bool) -> float:
    with bench.storage() as storage, servers.answering(server, storage, bench.launch(server, plugins=plugins)) as one:
        time.sleep(_QUIET_SECONDS)
        return one.tree.rss_bytes() / MEBIBYTE


def _start_once(bench: Bench, server: str) -> None:
    with bench.storage() as storage, servers.answering(server, storage, bench.launch(server, plugins=True)):
        pass
