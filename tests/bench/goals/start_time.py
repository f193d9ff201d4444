"""Goal 15: how soon a server answers."""

import time

from tests.bench import dicom_clients, servers
from tests.bench.bench import Bench
from tests.bench.figures import AtMost, Figure

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
FIGURES = (_BOTH, _HTTP)


def measure(bench: Bench) -> None:
    """Starts each server afresh for every sample; a first start warms the page cache."""
    for server in bench.servers:
        with bench.turn(server, FIGURES, "first start"):
            _start(bench, server)
    for number, server in bench.turns():
        with bench.turn(server, FIGURES, "start"):
            http_seconds, both_seconds = _start(bench, server)
            bench.results.add(_HTTP, server, number, http_seconds)
            bench.results.add(_BOTH, server, number, both_seconds)


def _start(bench: Bench, server: str) -> tuple[float, float]:
    """Seconds to the answer by HTTP, and to that of the C-ECHO made then."""
    with bench.storage() as storage, servers.answering(server, storage, bench.launch(server, plugins=True)) as one:
        http_at = time.monotonic()
        echo_at = dicom_clients.echo(one)
    return http_at - one.begun_at, echo_at - one.begun_at
