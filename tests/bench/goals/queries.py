"""Goals 7 (tiny objects), 8, 9 and 10: an archive of 20 000 studies is filled and asked."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from tests.bench import data, dicom_clients, servers
from tests.bench.bench import Bench, expect
from tests.bench.figures import AtMost, Figure
from tests.bench.http_client import HttpClient
from tests.bench.meters import MEBIBYTE, Phase
from tests.bench.servers import Server

_LOOKUP_CPU_SECONDS = 0.5  # look-ups are repeated until they have cost this much, 50 ticks of the clock
_LOOKUP_BATCH, _LOOKUP_MOST = 50, 2000
_FINDS_IN_ASSOCIATION, _FIND_ASSOCIATIONS = 500, 20
_LISTS = 5
_STEP = 7919  # a prime: look-ups wander through the whole archive

_WRITTEN = Figure(
    7,
    "written beyond the object, tiny (0.9 KB)",
    "KB",
    AtMost(8),
    "ru_oublock of the server's whole life, from its start on an empty folder to its orderly stop, less the size of "
    "the files, for each of 20 000 instances by POST /instances.",
)
_DEVICE = Figure(
    7, "the same of the block device, tiny", "KB", None, "Sectors written in /sys/dev/block, after a sync."
)
_BUILD = Figure(7, "CPU per tiny instance by HTTP upload", "ms", None, "User + system time of the tree over the same.")
_REST = Figure(
    8,
    "exact PatientID among 20 000 studies, tools/find",
    "ms",
    AtMost(0.5),
    "User + system time of the tree for each POST /tools/find on one keep-alive connection, PatientIDs spread over "
    "the archive, one hit each, repeated until 0.5 s of CPU is spent.",
)
_CFIND = Figure(
    8,
    "exact PatientID among 20 000 studies, C-FIND",
    "ms",
    AtMost(0.5),
    f"User + system time of the tree for each of {_FINDS_IN_ASSOCIATION} study-level C-FINDs, one hit each, that DCMTK "
    "findscu makes in one association, its set-up included.",
)
_CFIND_ALONE = Figure(
    8,
    "the same C-FIND in an association of its own",
    "ms",
    None,
    f"User + system time of the tree for each of {_FIND_ASSOCIATIONS} runs of findscu: mostly association set-up.",
)
_LIST_CPU = Figure(
    9,
    "GET /studies?expand of 20 000, CPU",
    "ms",
    AtMost(200),
    f"User + system time of the tree for each of {_LISTS} calls; the answer is read to its end and dropped, the first "
    "is parsed and counted.",
)
_LIST_GROWTH = Figure(
    9,
    "GET /studies?expand of 20 000, growth of RSS",
    "MiB",
    AtMost(2, worst=True),
    "VmHWM of the tree over the first such call, less VmRSS just before it; the server was restarted and had answered "
    "a page of 100 before.",
)
_ALL_CPU = Figure(
    10,
    "C-FIND of all 20 000, CPU",
    "s",
    AtMost(0.5),
    "User + system time of the tree; DCMTK findscu at study level with the six keys of a viewer's list; answers are "
    "counted.",
)
_ALL_GROWTH = Figure(
    10,
    "C-FIND of all 20 000, growth of RSS",
    "MiB",
    AtMost(4, worst=True),
    "VmHWM of the tree over the call, less VmRSS just before it; the server was restarted and had answered one C-FIND "
    "before.",
)
_ALL_PEAK = Figure(10, "C-FIND of all 20 000, peak RSS", "MiB", None, "VmHWM of the tree over the call.")
_ASKED = (_REST, _CFIND, _CFIND_ALONE, _LIST_CPU, _LIST_GROWTH, _ALL_CPU, _ALL_GROWTH, _ALL_PEAK)
FIGURES = (_WRITTEN, _DEVICE, _BUILD, *_ASKED)


def measure(bench: Bench) -> None:
    """Fills both servers once; then, round by round, restarts each before every kind of question."""
    with ExitStack() as stack:
        storages: dict[str, Path] = {}
        for server in bench.servers:
            with bench.turn(server, FIGURES, "filling with tiny studies"):
                storage = stack.enter_context(bench.storage())
                _fill(bench, server, storage)
                storages[server] = storage
        for number, server in bench.turns():
            if server in storages:
                _ask(bench, server, number, storages[server])


def _fill(bench: Bench, server: str, storage: Path) -> None:
    total_bytes = 0
    with servers.answering(server, storage, bench.launch(server)) as one:
        with Phase(one.tree, storage=storage) as cost, one.http() as http:
            for content in data.tiny_objects(bench.sizes.tiny):
                http.upload(content)
                total_bytes += len(content)
        expect(one.count("studies"), bench.sizes.tiny, "studies stored")
    count = bench.sizes.tiny
    bench.results.add(_WRITTEN, server, 0, (one.life.written_bytes - total_bytes) / count / 1e3)
    bench.results.add(_BUILD, server, 0, cost.cpu_seconds * 1e3 / count)
    if cost.device_bytes is not None:
        bench.results.add(_DEVICE, server, 0, (cost.device_bytes - total_bytes) / count / 1e3)


def _ask(bench: Bench, server: str, number: int, storage: Path) -> None:
    count = bench.sizes.tiny
    with _question(bench, server, storage, (_LIST_CPU, _LIST_GROWTH)) as one, one.http() as http:
        http.json("/studies?expand&since=0&limit=100")
        with Phase(one.tree) as cost:
            http.download("/studies?expand")
        growth = cost.peak_bytes - cost.rss_before_bytes
        expect(len(http.json("/studies?expand")), count, "studies listed")
        with Phase(one.tree) as cost:
            for _ in range(_LISTS):
                http.download("/studies?expand")
        bench.results.add(_LIST_CPU, server, number, cost.cpu_seconds * 1e3 / _LISTS)
        bench.results.add(_LIST_GROWTH, server, number, growth / MEBIBYTE)
    with _question(bench, server, storage, (_ALL_CPU, _ALL_GROWTH, _ALL_PEAK)) as one:
        expect(dicom_clients.find_patient(one, data.tiny_patient_id(0)), 1, "answers")
        with Phase(one.tree) as cost:
            expect(dicom_clients.find_all_studies(one), count, "answers")
        bench.results.add(_ALL_CPU, server, number, cost.cpu_seconds)
        bench.results.add(_ALL_GROWTH, server, number, (cost.peak_bytes - cost.rss_before_bytes) / MEBIBYTE)
        bench.results.add(_ALL_PEAK, server, number, cost.peak_bytes / MEBIBYTE)
    with _question(bench, server, storage, (_REST,)) as one:
        bench.results.add(_REST, server, number, _look_up(one, count))
    with _question(bench, server, storage, (_CFIND, _CFIND_ALONE)) as one:
        expect(dicom_clients.find_patient(one, data.tiny_patient_id(0)), 1, "answers")
        queries = data.make_queries(bench.folder / "queries", _wander(_FINDS_IN_ASSOCIATION, count))
        with Phase(one.tree) as cost:
            expect(dicom_clients.find_each(one, queries), len(queries), "answers")
        bench.results.add(_CFIND, server, number, cost.cpu_seconds * 1e3 / len(queries))
        with Phase(one.tree) as cost:
            for patient in _wander(_FIND_ASSOCIATIONS, count):
                expect(dicom_clients.find_patient(one, data.tiny_patient_id(patient)), 1, "answers")
        bench.results.add(_CFIND_ALONE, server, number, cost.cpu_seconds * 1e3 / _FIND_ASSOCIATIONS)


@contextmanager
def _question(bench: Bench, server: str, storage: Path, figures: tuple[Figure, ...]) -> Iterator[Server]:
    """A server restarted on the filled storage."""
    with (
        bench.turn(server, figures, figures[0].name),
        servers.answering(server, storage, bench.launch(server)) as one,
    ):
        yield one


def _look_up(server: Server, count: int) -> float:
    """CPU milliseconds of one exact look-up by REST."""
    with server.http() as http:
        for number in _wander(20, count):
            _find_patient(http, number)
        server.tree.settle()
        before = server.tree.cpu_seconds()
        calls, spent = 0, 0.0
        for number in _wander(_LOOKUP_MOST, count):
            _find_patient(http, number)
            calls += 1
            if calls % _LOOKUP_BATCH == 0 and (spent := server.tree.cpu_seconds() - before) >= _LOOKUP_CPU_SECONDS:
                break
        else:
            spent = server.tree.cpu_seconds() - before
    return spent * 1e3 / calls


def _find_patient(http: HttpClient, number: int) -> None:
    query = {"Level": "Study", "Query": {"PatientID": data.tiny_patient_id(number)}}
    expect(len(http.json("/tools/find", query)), 1, "studies found")


def _wander(calls: int, count: int) -> Iterator[int]:
    return (call * _STEP % count for call in range(1, calls + 1))
