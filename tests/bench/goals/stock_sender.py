"""Goal 6: a stock sender, Nagle's algorithm on, over an Ethernet's MTU."""

from tests.bench import dicom_clients, servers, wire
from tests.bench.bench import Bench
from tests.bench.figures import AtLeastTimes, Figure
from tests.bench.wire import Wire

_RATE = {
    kind: Figure(
        6,
        f"{kind} per second, Nagle on, MTU 1500",
        "/s",
        AtLeastTimes(20),
        "Wall time of DCMTK storescu as it ships, its start included, and of Orthanc as it ships, between two private "
        "network namespaces joined by a veth pair of MTU 1500; storescu stops at the first refusal, so its success "
        "means that all is stored.",
    )
    for kind in ("CT", "MR")
}
_RATE_LOOPBACK = {
    kind: Figure(6, f"{kind} per second, Nagle on, loopback", "/s", None, "The same over loopback, whose MTU is 64 KB.")
    for kind in ("CT", "MR")
}
FIGURES = (*_RATE.values(), *_RATE_LOOPBACK.values())


def measure(bench: Bench) -> None:
    """A fresh server for every round and kind, on the wire and on loopback."""
    with wire.stretched() as cable:
        for number, server in bench.turns():
            for kind in ("CT", "MR"):
                if cable.problem:
                    bench.results.excuse(_RATE[kind], server, f"{cable.problem}; see loopback")
                else:
                    _measure_one(bench, server, number, kind, cable, _RATE[kind])
                _measure_one(bench, server, number, kind, Wire(), _RATE_LOOPBACK[kind])


def _measure_one(bench: Bench, server: str, number: int, kind: str, cable: Wire, figure: Figure) -> None:
    images = bench.stock_ct() if kind == "CT" else bench.stock_mr()
    launch = bench.launch(server, nagle=True, inside=cable.server_inside)
    with (
        bench.turn(server, (figure,), f"stock sender, {kind}"),
        bench.storage() as storage,
        servers.answering(server, storage, launch) as one,
    ):
        sent = dicom_clients.send_with_nagle(one, images.folders, cable.server_host, cable.client_inside)
        bench.results.add(figure, server, number, images.count / sent.seconds)
