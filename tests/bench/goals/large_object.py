"""Goal 3: one object of 300 MB, in and out, by C-STORE, C-GET and HTTP."""

from collections.abc import Callable
from pathlib import Path

from tests.bench import dicom_clients, servers
from tests.bench.bench import Bench, expect
from tests.bench.data import ImageSet
from tests.bench.failures import BenchFailure
from tests.bench.figures import AtMost, Figure
from tests.bench.meters import MEBIBYTE, Phase
from tests.bench.servers import Server

_LIMIT = AtMost(52, worst=True)
_ROUNDS = 2


def _figure(name: str, peer: str) -> Figure:
    how = f"VmHWM of the tree of a server just started, over {peer}; what arrived is compared by its size."
    return Figure(3, f"peak RSS, 300 MB {name}", "MiB", _LIMIT, how)


_STORE = _figure("in by C-STORE", "DCMTK storescu of one multi-frame object")
_GET = _figure("out by C-GET", "DCMTK getscu straight to disk")
_POST = _figure("in by HTTP", "POST /instances streamed from disk")
_FILE = _figure("out by HTTP", "GET /instances/{id}/file, read and dropped")
_STORE_WRITTEN = Figure(3, "written for it, C-STORE", "% of it", None, "write_bytes of the tree over the same phase.")
_POST_WRITTEN = Figure(3, "written for it, HTTP", "% of it", None, "write_bytes of the tree over the same phase.")
FIGURES = (_STORE, _GET, _POST, _FILE, _STORE_WRITTEN, _POST_WRITTEN)


def measure(bench: Bench) -> None:
    """Two rounds at most: in by one protocol, restart, out by it; then the other on an empty folder."""
    for number, server in bench.turns(_ROUNDS):
        for incoming, written, outgoing, put, take in (
            (_STORE, _STORE_WRITTEN, _GET, _store, _get),
            (_POST, _POST_WRITTEN, _FILE, _post, _download),
        ):
            with bench.storage() as storage:
                _measure_way(bench, server, number, storage, (incoming, written), put)
                _measure_way(bench, server, number, storage, (outgoing, None), take)


def _measure_way(
    bench: Bench,
    server: str,
    number: int,
    storage: Path,
    figures: tuple[Figure, Figure | None],
    act: Callable[[Server, ImageSet], None],
) -> None:
    peak, written = figures
    large = bench.large()
    wanted = [figure for figure in figures if figure is not None]
    with (
        bench.turn(server, wanted, peak.name),
        servers.answering(server, storage, bench.launch(server)) as one,
    ):
        with Phase(one.tree) as cost:
            act(one, large)
        expect(one.count(), 1, "instances stored")
        bench.results.add(peak, server, number, cost.peak_bytes / MEBIBYTE)
        if written is not None:
            bench.results.add(written, server, number, 100 * cost.written_bytes / large.total_bytes)


def _store(server: Server, large: ImageSet) -> None:
    dicom_clients.send_all(server, large.folders)


def _get(server: Server, large: ImageSet) -> None:
    size = dicom_clients.get_to_disk(server, large.study_uids[0])
    if abs(size - large.total_bytes) > 1000:  # the receiver writes file meta information of its own
        raise BenchFailure(f"C-GET brought {size} bytes of {large.total_bytes}")


def _post(server: Server, large: ImageSet) -> None:
    with server.http() as http, large.files[0].open("rb") as file:
        http.upload_file(file, large.total_bytes)


def _download(server: Server, large: ImageSet) -> None:
    with server.http() as http:
        instance = http.json("/instances")[0]
        expect(http.download(f"/instances/{instance}/file"), large.total_bytes, "bytes downloaded")
