"""`python -m tests.bench.packing`: what StorageCompression costs and gives, here and at Debian's Orthanc.

Both servers get the CT and the MR set by C-STORE, first as they are by default and then with StorageCompression, and
send the files of the second kind again to clients that take gzip and to clients that do not.
"""

import re
import sys
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from tests.bench import dicom_clients, machine, sections, servers, table
from tests.bench.bench import FULL, QUICK, Bench, expect
from tests.bench.figures import AtMostTimes, Figure, Limit, Results
from tests.bench.meters import MEBIBYTE, Cost, Phase
from tests.bench.servers import SERVERS, Launch, Server

_PACKING = 18  # after the goals of `make bench` and the wear of the card
_KINDS = ("CT", "MR")
_KEPT = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")

_HOW_CPU = (
    "User + system time of the tree until it is idle again, divided by the number of instances; DCMTK storescu without "
    "Nagle on loopback, one sender, everything counted afterwards; the server has answered a C-ECHO before."
)


def _figures(name: str, unit: str, limit: Limit | None, how: str) -> dict[str, Figure]:
    return {kind: Figure(_PACKING, name.format(kind), unit, limit, how) for kind in _KINDS}


_PLAIN_CPU = _figures("CPU per {} by C-STORE, not packed", "ms", None, f"{_HOW_CPU} StorageCompression is false.")
_CPU = _figures("CPU per {} by C-STORE, packed", "ms", AtMostTimes(0.3), f"{_HOW_CPU} StorageCompression is true.")
_RATIO = _figures(
    "ratio, {}",
    "times",
    None,
    "TotalUncompressedSize by TotalDiskSize in GET /statistics, of what each of the two sets adds.",
)
_WRITTEN = _figures(
    "written per {}, packed", "KB", AtMostTimes(1), "write_bytes of the tree from the first C-STORE until it is idle."
)
_FILES = Figure(
    _PACKING,
    "files per instance, packed",
    "",
    AtMostTimes(0.5),
    "Files below the storage folder whose name begins with a UUID, as both servers' do, divided by the instances.",
)
_PEAK = Figure(
    _PACKING, "peak RSS, packed", "MiB", AtMostTimes(1), "VmHWM of the tree over 1000 CT and then 1000 MR, one sender."
)
_HOW_GET = (
    "User + system time of the tree until it is idle again, divided by the number of downloads; every CT and MR in the "
    "order of GET /instances, on one keep-alive connection; {}"
)
_GET_PACKED = Figure(
    _PACKING,
    "CPU per GET of a file, client takes gzip",
    "ms",
    AtMostTimes(0.5),
    _HOW_GET.format("Accept-Encoding: gzip is sent, and what arrives is unpacked and counted."),
)
_AIR = Figure(_PACKING, "sent for it, of the size of the file", "%", None, "Content-Length by the size of the content.")
_GET_PLAIN = Figure(
    _PACKING,
    "CPU per GET of a file, client does not",
    "ms",
    AtMostTimes(1),
    _HOW_GET.format("the bytes are counted."),
)
FIGURES = (
    *_PLAIN_CPU.values(),
    *_CPU.values(),
    *_RATIO.values(),
    *_WRITTEN.values(),
    _FILES,
    _PEAK,
    _GET_PACKED,
    _AIR,
    _GET_PLAIN,
)


@dataclass(slots=True)
class _Stored:
    """What a server says it holds, in bytes."""

    on_disk: int = 0
    content: int = 0


def report(folder: Path, is_quick: bool) -> str:
    """The section."""
    sizes = QUICK if is_quick else replace(FULL, rounds=2)
    bench = Bench(folder, SERVERS, sizes, Results())
    for number, server in bench.turns():
        with bench.turn(server, [*_PLAIN_CPU.values()], "C-STORE, not packed"), bench.storage() as storage:
            _receive(bench, server, number, storage, _PLAIN_CPU, {})
        with bench.turn(server, FIGURES, "C-STORE and GET, packed"), bench.storage() as storage:
            _receive(bench, server, number, storage, _CPU, {"StorageCompression": True})
    told = dict(machine.describe(folder))
    return (
        f"{told['Date']}, {told['Machine']}, {told['System']}; Pacsberry {told['Pacsberry']}, {told['Orthanc']}. "
        f"{sizes.rounds} rounds of {sizes.slices} CT of 526 KB and as many MR of 135 KB, noise like a scanner's. "
        "SyncStorageArea is true, all else is each server's default.\n\n"
        f"{table.table(FIGURES, bench.results)}\n\n"
        + "\n".join(f"- **{figure.name}**: {figure.how}" for figure in FIGURES)
        + "".join(f"\n- {server}, {figure.name}: {why}" for (figure, server), why in bench.results.reasons.items())
    )


def _receive(
    bench: Bench,
    server: str,
    number: int,
    storage: Path,
    cpu: Mapping[str, Figure],
    settings: Mapping[str, object],
) -> None:
    """Both sets into a fresh server; when it packs them, everything else is measured as well."""
    results = bench.results
    is_packed = "StorageCompression" in settings
    # What is logged when everything has become stable belongs to no phase.
    launch = Launch(settings={**settings, "StableAge": 600})
    with servers.answering(server, storage, launch) as one:
        dicom_clients.echo(one)
        before, peaks = _Stored(), []
        sets = {"CT": bench.ct(), "MR": bench.mr()}
        for kind, images in sets.items():
            with Phase(one.tree) as cost:
                dicom_clients.send_all(one, images.folders)
            results.add(cpu[kind], server, number, _milliseconds(cost, images.count))
            if is_packed:
                after = _stored(one)
                content, on_disk = after.content - before.content, after.on_disk - before.on_disk
                results.add(_RATIO[kind], server, number, content / on_disk)
                results.add(_WRITTEN[kind], server, number, cost.written_bytes / images.count / 1e3)
                before = after
            peaks.append(cost.peak_bytes)
        expect(one.count(), sum(images.count for images in sets.values()), "instances stored")
        if is_packed:
            results.add(_PEAK, server, number, max(peaks) / MEBIBYTE)
            results.add(_FILES, server, number, _files(storage) / one.count())
            _download(bench, one, number)


def _download(bench: Bench, server: Server, number: int) -> None:
    with server.http() as http:
        sizes = {instance["ID"]: instance["FileSize"] for instance in http.json("/instances?expand")}
    expected = sum(sizes.values())
    for figure, takes_gzip in ((_GET_PACKED, True), (_GET_PLAIN, False)):
        content = sent = 0
        with Phase(server.tree) as cost, server.http() as http:
            for instance in sizes:
                length, carried = http.fetch(f"/instances/{instance}/file", takes_gzip=takes_gzip)
                content, sent = content + length, sent + carried
        expect(content, expected, "bytes downloaded")
        bench.results.add(figure, server.name, number, _milliseconds(cost, len(sizes)))
        if takes_gzip:
            bench.results.add(_AIR, server.name, number, sent / expected * 100)


def _milliseconds(cost: Cost, count: int) -> float:
    return cost.cpu_seconds * 1e3 / count


def _stored(server: Server) -> _Stored:
    with server.http() as http:
        told = http.json("/statistics")
    return _Stored(int(told["TotalDiskSize"]), int(told["TotalUncompressedSize"]))


def _files(storage: Path) -> int:
    return sum(1 for path in storage.rglob("*") if _KEPT.match(path.name))


PROGRAM = sections.Program(
    module="tests.bench.packing",
    title="Compression of stored files",
    about=__doc__ or "",
    quick="few slices, one round",
    folder="on the disk that counts",
    report=report,
)

if __name__ == "__main__":
    sys.exit(PROGRAM.run())
