"""Goals 11 and 12: files up and down by HTTP, one keep-alive connection."""

from tests.bench import servers
from tests.bench.bench import Bench, expect
from tests.bench.data import ImageSet
from tests.bench.figures import AtMostTimes, Figure
from tests.bench.meters import MEBIBYTE, Phase

_HOW_UP = (
    "User + system time of the tree until it is idle again, divided by the number of instances; POST /instances of one "
    "file after the other on one keep-alive connection, counted afterwards."
)
_UP = {
    "CT": Figure(11, "CPU per CT by HTTP upload", "ms", AtMostTimes(0.6), _HOW_UP),
    "MR": Figure(11, "CPU per MR by HTTP upload", "ms", None, _HOW_UP),
}
_DOWN = Figure(
    12,
    "CPU per GET /instances/{id}/file, 330 KB mean",
    "ms",
    AtMostTimes(1.0),
    "User + system time of the tree until it is idle again, divided by the number of downloads; every CT and MR just "
    "uploaded, in the order of GET /instances, on one keep-alive connection; the bytes are counted.",
)
_PEAK = Figure(12, "peak RSS over goals 11 and 12", "MiB", None, "VmHWM of the tree, worst phase.")
FIGURES = (*_UP.values(), _DOWN, _PEAK)


def measure(bench: Bench) -> None:
    """A fresh server for every round: CT up, MR up, all down."""
    for number, server in bench.turns():
        with (
            bench.turn(server, FIGURES, "HTTP up and down"),
            bench.storage() as storage,
            servers.answering(server, storage, bench.launch(server)) as one,
        ):
            peaks = []
            for kind, images in (("CT", bench.ct()), ("MR", bench.mr())):
                with Phase(one.tree) as cost:
                    _upload(one, images)
                bench.results.add(_UP[kind], server, number, cost.cpu_seconds * 1e3 / images.count)
                peaks.append(cost.peak_bytes)
            stored = bench.ct().count + bench.mr().count
            expect(one.count(), stored, "instances stored")
            with one.http() as http:
                ids = http.json("/instances")
            with Phase(one.tree) as cost, one.http() as http:
                size = sum(http.download(f"/instances/{instance}/file") for instance in ids)
            expect(size, bench.ct().total_bytes + bench.mr().total_bytes, "bytes downloaded")
            bench.results.add(_DOWN, server, number, cost.cpu_seconds * 1e3 / stored)
            bench.results.add(_PEAK, server, number, max(*peaks, cost.peak_bytes) / MEBIBYTE)


def _upload(server: servers.Server, images: ImageSet) -> None:
    with server.http() as http:
        for file in images.files:
            http.upload(file.read_bytes())
