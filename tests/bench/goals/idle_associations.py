"""Goal 16: what associations cost that are open and say nothing."""

import time

from tests.bench import dicom_clients, servers
from tests.bench.bench import Bench
from tests.bench.figures import AtMost, Figure

_ASSOCIATIONS = 4
_ROUNDS = 2
_IDLE = Figure(
    16,
    f"CPU of {_ASSOCIATIONS} open idle associations",
    "% of a core",
    AtMost(0.05),
    "User + system time of the tree over 20 s in which four accepted associations stay silent; what can be seen is one "
    "tick of 10 ms, 0.05 %, so that is what counts as 0. The server's own housekeeping is included.",
)
_NONE = Figure(16, "CPU with none", "% of a core", None, "The same time without associations.")
FIGURES = (_IDLE, _NONE)


def measure(bench: Bench) -> None:
    """Two rounds at most: a quiet server without, then with associations."""
    for number, server in bench.turns(_ROUNDS):
        with (
            bench.turn(server, FIGURES, "idle associations"),
            bench.storage() as storage,
            servers.answering(server, storage, bench.launch(server)) as one,
        ):
            dicom_clients.echo(one)
            one.tree.settle()
            bench.results.add(_NONE, server, number, _percent_of_core(bench, one))
            with dicom_clients.idle_associations(one, _ASSOCIATIONS):
                one.tree.settle()
                bench.results.add(_IDLE, server, number, _percent_of_core(bench, one))


def _percent_of_core(bench: Bench, server: servers.Server) -> float:
    before = server.tree.cpu_seconds()
    time.sleep(bench.sizes.idle_seconds)
    return 100 * (server.tree.cpu_seconds() - before) / bench.sizes.idle_seconds
