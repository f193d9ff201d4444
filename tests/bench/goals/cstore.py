"""Goals 2, 4, 5 and 7: CT and MR series by C-STORE, from one sender and from four at once."""

from tests.bench import dicom_clients, servers
from tests.bench.bench import Bench, expect
from tests.bench.data import ImageSet
from tests.bench.failures import BenchFailure
from tests.bench.figures import AtMost, AtMostTimes, Figure, Limit
from tests.bench.meters import MEBIBYTE, Cost, Phase

_SENT = "DCMTK storescu without Nagle on loopback, every instance acknowledged and counted afterwards"
_SENDERS = (1, 4)


def _peak(senders: int) -> Figure:
    how = f"VmHWM of the tree over 1000 CT and then 1000 MR into a fresh server; {_SENT}. The worst round counts."
    return Figure(2, f"peak RSS, CT + MR from {_people(senders)}", "MiB", AtMost(52, worst=True), how)


def _cpu(goal: int, kind: str, senders: int, limit: Limit) -> Figure:
    how = (
        "User + system time of the tree until it is idle again, divided by the number of instances; the server has "
        f"answered a C-ECHO before, so what it loads for its first association does not count; {_SENT}."
    )
    return Figure(goal, f"CPU per {kind} by C-STORE, {_people(senders)}", "ms", limit, how)


def _written(kind: str) -> Figure:
    how = (
        "write_bytes of the tree from the first C-STORE until it is idle, plus this share of what it writes until it "
        "has stopped in order, less the size of the files sent, for each instance; one sender."
    )
    return Figure(7, f"written beyond the object, {kind}", "KB", AtMost(8), how)


def _rate(kind: str, senders: int) -> Figure:
    how = f"Wall time of the senders, which on a shared machine swings by 2x; {_SENT}."
    return Figure(4 if kind == "CT" else 5, f"{kind} per second, {_people(senders)}", "/s", None, how)


def _people(senders: int) -> str:
    return "1 sender" if senders == 1 else f"{senders} senders"


_PEAK = {senders: _peak(senders) for senders in _SENDERS}
_LEAN_PEAK = Figure(
    2,
    "the same from 1 sender, Orthanc with its cache off",
    "MiB",
    None,
    "As above, one round, with MaximumStorageCacheSize 0 and HttpThreadsCount 5: Orthanc's most frugal self.",
)
_CPU = {
    **{("CT", senders): _cpu(4, "CT", senders, AtMostTimes(0.5)) for senders in _SENDERS},
    **{("MR", senders): _cpu(5, "MR", senders, AtMostTimes(0.6)) for senders in _SENDERS},
}
_RATE = {(kind, senders): _rate(kind, senders) for kind in ("CT", "MR") for senders in _SENDERS}
_WRITTEN = {kind: _written(kind) for kind in ("CT", "MR")}
_DEVICE = {
    kind: Figure(
        7, f"the same of the block device, {kind}", "KB", None, "Sectors written in /sys/dev/block, after a sync."
    )
    for kind in ("CT", "MR")
}
FIGURES = (*_PEAK.values(), _LEAN_PEAK, *_CPU.values(), *_RATE.values(), *_WRITTEN.values(), *_DEVICE.values())


def measure(bench: Bench) -> None:
    """A fresh server for every round and number of senders: the CT set, then the MR set."""
    for senders in _SENDERS:
        for number, server in bench.turns():
            figures = [_PEAK[senders], *(_CPU[kind, senders] for kind in ("CT", "MR"))]
            if senders == 1:
                figures += [*_WRITTEN.values(), *_DEVICE.values()]
            with bench.turn(server, figures, f"C-STORE, {_people(senders)}"):
                _measure_one(bench, server, number, senders)
    for number, server in bench.turns(1):
        with bench.turn(server, (_LEAN_PEAK,), "C-STORE, cache off"), bench.storage() as storage:
            if server != servers.ORTHANC:
                raise BenchFailure("its cache is not one that can be switched off")
            with servers.answering(server, storage, bench.launch(server, lean=True)) as one, Phase(one.tree) as cost:
                _send(one, bench.ct(), 1)
                _send(one, bench.mr(), 1)
            bench.results.add(_LEAN_PEAK, server, number, cost.peak_bytes / MEBIBYTE)


def _measure_one(bench: Bench, server: str, number: int, senders: int) -> None:
    costs: dict[str, Cost] = {}
    sets = {"CT": bench.ct(), "MR": bench.mr()}
    with bench.storage() as storage:
        with servers.answering(server, storage, bench.launch(server)) as one:
            dicom_clients.echo(one)
            for kind, images in sets.items():
                with Phase(one.tree, storage=storage) as costs[kind]:
                    seconds = _send(one, images, senders)
                bench.results.add(_RATE[kind, senders], server, number, images.count / seconds)
            stored = sum(images.count for images in sets.values())
            expect(one.count(), stored, "instances stored")
            written_so_far = one.tree.written_bytes()
        at_stop = max(0, one.life.written_bytes - written_so_far)
    bench.results.add(_PEAK[senders], server, number, max(cost.peak_bytes for cost in costs.values()) / MEBIBYTE)
    for kind, images in sets.items():
        cost = costs[kind]
        bench.results.add(_CPU[kind, senders], server, number, cost.cpu_seconds * 1e3 / images.count)
        if senders == 1:
            beyond = (cost.written_bytes - images.total_bytes) / images.count + at_stop / stored
            bench.results.add(_WRITTEN[kind], server, number, beyond / 1e3)
            if cost.device_bytes is not None:
                device = (cost.device_bytes - images.total_bytes) / images.count
                bench.results.add(_DEVICE[kind], server, number, device / 1e3)


def _send(server: servers.Server, images: ImageSet, senders: int) -> float:
    """Wall seconds. One sender takes study after study in one association; four take a study each."""
    if senders == 1:
        return dicom_clients.send_all(server, images.folders).seconds
    return dicom_clients.send_at_once(server, [[folder] for folder in images.folders]).seconds
