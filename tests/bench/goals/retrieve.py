"""Goal 13: studies out by C-MOVE and by C-GET."""

from tests.bench import dicom_clients, servers
from tests.bench.bench import Bench, expect
from tests.bench.data import ImageSet
from tests.bench.figures import AtMostTimes, Figure
from tests.bench.meters import MEBIBYTE, Phase

_HOW = (
    "User + system time of the tree until it is idle again, divided by the number of instances; every study of the set "
    "in turn, an association each, {peer}, files in the page cache."
)
_MOVE_PEER = "DCMTK movescu to a storescp sink that keeps nothing and whose log is counted"
_GET_PEER = "DCMTK getscu that keeps nothing, its success meaning that all sub-operations succeeded"
_KINDS = ("CT", "MR")


def _figure(kind: str, verb: str, peer: str) -> Figure:
    limit = AtMostTimes(1.0) if kind == "CT" else None
    return Figure(13, f"CPU per {kind} by {verb}", "ms", limit, _HOW.format(peer=peer))


_MOVE = {kind: _figure(kind, "C-MOVE", _MOVE_PEER) for kind in _KINDS}
_GET = {kind: _figure(kind, "C-GET", _GET_PEER) for kind in _KINDS}
_PEAK = Figure(13, "peak RSS over C-MOVE and C-GET", "MiB", None, "VmHWM of the tree, worst phase.")
FIGURES = (*_MOVE.values(), *_GET.values(), _PEAK)


def measure(bench: Bench) -> None:
    """A fresh server for every round, filled, then restarted so that receiving leaves nothing in its memory."""
    for number, server in bench.turns():
        with bench.turn(server, FIGURES, "C-MOVE and C-GET"), bench.storage() as storage:
            sets = {"CT": bench.ct(), "MR": bench.mr()}
            with servers.answering(server, storage, bench.launch(server)) as one:
                for images in sets.values():
                    dicom_clients.send_all(one, images.folders)
            with servers.answering(server, storage, bench.launch(server)) as one:
                _measure_filled(bench, one, number, sets)


def _measure_filled(bench: Bench, server: servers.Server, number: int, sets: dict[str, ImageSet]) -> None:
    dicom_clients.echo(server)  # what a server loads for its first association is not a cost of retrieving
    peak_bytes = 0
    for kind, images in sets.items():
        with bench.turn(server.name, (_MOVE[kind],), f"C-MOVE of {kind}"):
            with dicom_clients.sink(server) as log, Phase(server.tree) as cost:
                dicom_clients.move(server, images.study_uids)
            expect(log.read_text().count("Received Store Request"), images.count, "instances received by the sink")
            bench.results.add(_MOVE[kind], server.name, number, cost.cpu_seconds * 1e3 / images.count)
            peak_bytes = max(peak_bytes, cost.peak_bytes)
        with bench.turn(server.name, (_GET[kind],), f"C-GET of {kind}"):
            with Phase(server.tree) as cost:
                dicom_clients.get(server, images.study_uids)
            bench.results.add(_GET[kind], server.name, number, cost.cpu_seconds * 1e3 / images.count)
            peak_bytes = max(peak_bytes, cost.peak_bytes)
    if peak_bytes:
        bench.results.add(_PEAK, server.name, number, peak_bytes / MEBIBYTE)
