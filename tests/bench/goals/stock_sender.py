"""Goal 6: a stock sender, Nagle's algorithm on, over an Ethernet's MTU."""

from tests.bench import dicom_clients, servers, wire
from tests.bench.bench import Bench
from tests.bench.figures import AtLeastTimes, Figure
from tests.bench.wire import Wire

_SHORTEST_SECONDS = 0.01  # a difference below is noise
_RATE = {
    kind: Figure(
        6,
        f"{kind} per second, Nagle on, MTU 1500",
        "/s",
        AtLeastTimes(20),
        "DCMTK storescu as it ships, to Orthanc as it ships, between two private network namespaces joined by a veth "
        "pair of MTU 1500. One study is sent, then three as large; the rate is what the second run had more of slices "
        "divided by what it took longer, so that the start of storescu does not count. storescu stops at the first "
        "refusal: its success means that all is stored.",
    )
    for kind in ("CT", "MR")
}
_RATE_LOOPBACK = {
    kind: Figure(6, f"{kind} per second, Nagle on, loopback", "/s", None, "The same over loopback, whose MTU is 64 KB.")
    for kind in ("CT", "MR")
}
FIGURES = (*_RATE.values(), *_RATE_LOOPBACK.values())


def measure(bench: Bench) -> None:
    """A fresh server for every kind, on the wire in every round, on loopback in one."""
    with wire.stretched() as cable:
        for number, server in bench.turns():
            for kind in ("CT", "MR"):
                if cable.problem:
                    bench.results.excuse(_RATE[kind], server, f"{cable.problem}; see loopback")
                else:
                    _measure_one(bench, server, number, kind, cable, _RATE[kind])
                if number == 0:
                    _measure_one(bench, server, number, kind, Wire(), _RATE_LOOPBACK[kind])


def _measure_one(bench: Bench, server: str, number: int, kind: str, cable: Wire, figure: Figure) -> None:
    images = bench.stock_ct() if kind == "CT" else bench.stock_mr()
    launch = bench.launch(server, nagle=True, inside=cable.server_inside)
    with (
        bench.turn(server, (figure,), f"stock sender, {kind}"),
        bench.storage() as storage,
        servers.answering(server, storage, launch) as one,
    ):
        dicom_clients.echo_from(one, cable.server_host, cable.client_inside)
        few, many = images.folders[:1], images.folders[1:]
        seconds = [
            dicom_clients.send_with_nagle(one, folders, cable.server_host, cable.client_inside).seconds
            for folders in (few, many)
        ]
        slices = images.count // len(images.folders)
        more = slices * (len(many) - len(few))
        bench.results.add(figure, server, number, more / max(seconds[1] - seconds[0], _SHORTEST_SECONDS))
