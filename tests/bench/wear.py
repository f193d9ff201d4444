"""`python -m tests.bench.wear`: what the card is made to write beyond the objects, by ours and by Debian's Orthanc.

Each server has an ext4 file system of its own, and bytes are counted at its block device, journal and metadata
included, because that is what wears a card out. Bytes do not depend on who else is at work, so both idle side by side.
"""

import sys
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path

from tests.bench import browsing, dicom_clients, machine, sections, servers, table
from tests.bench.bench import FULL, QUICK, Bench, expect
from tests.bench.card import fresh_card, written_bytes
from tests.bench.data import ImageSet, tiny_objects
from tests.bench.figures import AtMost, Figure, Results
from tests.bench.servers import SERVERS, Launch, Server

_SETTLED_SECONDS = 75.0  # StableAge is 60 s by default: what became stable is logged by then, and written
_WARM_SECONDS = 10.0  # of browsing before it counts: connections to the index are opened
_TINY = 2000
_RECYCLED_SHARE = 0.6
_ROUNDS = 2
_HOUR_SECONDS = 3600.0
_WEAR = 17  # after the goals of `make bench`


@dataclass(frozen=True, slots=True)
class _Times:
    """How long is watched what is extrapolated to an hour."""

    idle_seconds: float
    browsing_seconds: float


_FULL_TIMES, _QUICK_TIMES = _Times(600, 180), _Times(60, 30)

_INGEST = (
    "Sectors written to the loop device below an ext4 file system of the server's own (noatime), after a sync, from "
    "the first CT to the end of the server, less the bytes of the CT, for 1000 CT of 526 KB. {}"
)
_C_STORE = Figure(_WEAR, "beyond 1000 CT by C-STORE", "MB", None, _INGEST.format("One DCMTK storescu."))
_HTTP = Figure(_WEAR, "beyond 1000 CT by HTTP", "MB", None, _INGEST.format("One keep-alive connection."))
_PACKED = Figure(
    _WEAR,
    "in all, 1000 CT with compression",
    "MB",
    None,
    "As above with StorageCompression, the objects not taken off, since each server makes of them what it can.",
)
_RECYCLING = Figure(
    _WEAR,
    "beyond 1000 CT while recycling",
    "MB",
    None,
    _INGEST.format(f"MaximumStorageSize is {_RECYCLED_SHARE} of the set, so that old patients go while new ones come."),
)
_IDLE = Figure(
    _WEAR,
    "in an idle hour",
    "MB",
    AtMost(0),
    f"Sectors written in 10 minutes in which nobody asks for anything, times 6; 1000 MR and {_TINY} tiny studies are "
    f"stored, and {_SETTLED_SECONDS:.0f} s have gone by since. Both servers side by side, each on its own card.",
)
_BROWSING = Figure(
    _WEAR,
    f"in an hour of {browsing.CLIENTS} clients browsing",
    "MB",
    AtMost(0),
    f"Sectors written in 3 minutes, times 20, in which {browsing.CLIENTS} clients list, open, read tags, fetch files "
    f"and now and then a whole study, a request every {browsing.PACE_SECONDS:.0f} s each; {_WARM_SECONDS:.0f} s of it "
    "have gone by before: as root, SQLite writes 16 KB for each connection that is opened, 4 KB with a first read.",
)
FIGURES = (_C_STORE, _HTTP, _PACKED, _RECYCLING, _IDLE, _BROWSING)


def report(folder: Path, is_quick: bool) -> str:
    """The section."""
    sizes = replace(QUICK if is_quick else FULL, rounds=1 if is_quick else _ROUNDS)
    bench = Bench(folder, SERVERS, sizes, Results())
    begun = time.monotonic()
    _measure_ingest(bench)
    _measure_rest(bench, _QUICK_TIMES if is_quick else _FULL_TIMES)
    told = dict(machine.describe(folder))
    minutes = (time.monotonic() - begun) / 60
    return (
        f"{told['Date']}, {told['Machine']}, {told['System']}; Pacsberry {told['Pacsberry']}, {told['Orthanc']}. "
        f"{sizes.rounds} rounds of ingest, one of the rest, in {minutes:.0f} minutes. Each server has an empty ext4 "
        "file system of its own on a loop device, mounted noatime as the box mounts its card; what is counted is what "
        "that device was given to write: journal and metadata, too. SyncStorageArea is true, all else is each server's "
        "default. How much more a card writes inside for these bytes only a real card can show: it rewrites erase "
        "blocks of several MB, and small scattered writes cost it most.\n\n"
        f"{table.table(FIGURES, bench.results)}\n\n"
        + "\n".join(f"- **{figure.name}**: {figure.how}" for figure in FIGURES)
        + "".join(f"\n- {server}, {figure.name}: {why}" for (figure, server), why in bench.results.reasons.items())
    )


def _measure_ingest(bench: Bench) -> None:
    limit = max(1, int(bench.ct().total_bytes * _RECYCLED_SHARE) // 2**20)
    loads: tuple[tuple[Figure, Mapping[str, object], Callable[[Server, ImageSet], None]], ...] = (
        (_C_STORE, {}, _by_c_store),
        (_HTTP, {}, _by_http),
        (_PACKED, {"StorageCompression": True}, _by_c_store),
        (_RECYCLING, {"MaximumStorageSize": limit}, _by_c_store),
    )
    for number, server in bench.turns():
        for figure, settings, send in loads:
            with bench.turn(server, (figure,), figure.name):
                written = _ingest(bench, server, settings, send, keeps_all=figure is not _RECYCLING)
                objects = 0 if figure is _PACKED else bench.ct().total_bytes
                bench.results.add(figure, server, number, (written - objects) / 1e6 * 1000 / bench.ct().count)


def _measure_rest(bench: Bench, times: _Times) -> None:
    bench.mr()
    with ThreadPoolExecutor(len(bench.servers)) as pool:
        for one in [pool.submit(_rest, bench, server, times) for server in bench.servers]:
            one.result()


def _ingest(
    bench: Bench,
    server: str,
    settings: Mapping[str, object],
    send: Callable[[Server, ImageSet], None],
    *,
    keeps_all: bool,
) -> int:
    with bench.storage() as storage, fresh_card(storage.parent) as card:
        with servers.answering(server, card, Launch(settings=settings)) as one:
            before = written_bytes(card)
            send(one, bench.ct())
            if keeps_all:
                expect(one.count(), bench.ct().count, "instances stored")
        return written_bytes(card) - before


def _by_c_store(server: Server, images: ImageSet) -> None:
    dicom_clients.send_all(server, images.folders)


def _by_http(server: Server, images: ImageSet) -> None:
    with server.http() as http:
        for file in images.files:
            http.upload(file.read_bytes())


def _rest(bench: Bench, server: str, times: _Times) -> None:
    """A filled server left alone, then browsed."""
    with (
        bench.turn(server, (_IDLE, _BROWSING), "idle, then browsed"),
        bench.storage() as storage,
        fresh_card(storage.parent) as card,
        servers.answering(server, card) as one,
    ):
        dicom_clients.send_all(one, bench.mr().folders)
        with one.http() as http:
            for content in tiny_objects(_TINY):
                http.upload(content)
        expect(one.count(), bench.mr().count + _TINY, "instances stored")
        time.sleep(_SETTLED_SECONDS)
        _count(bench, _IDLE, server, card, times.idle_seconds, time.sleep)
        browsing.browse(one, bench.mr().study_uids, _WARM_SECONDS)
        _count(
            bench,
            _BROWSING,
            server,
            card,
            times.browsing_seconds,
            lambda seconds: browsing.browse(one, bench.mr().study_uids, seconds),
        )


def _count(
    bench: Bench, figure: Figure, server: str, card: Path, seconds: float, act: Callable[[float], object]
) -> None:
    before = written_bytes(card)
    act(seconds)
    written = written_bytes(card) - before
    bench.results.add(figure, server, 0, written / 1e6 * _HOUR_SECONDS / seconds)


PROGRAM = sections.Program(
    module="tests.bench.wear",
    title="Wear of the card",
    about=__doc__ or "",
    quick="few slices, a minute of idling",
    folder="where the cards lie",
    report=report,
)

if __name__ == "__main__":
    sys.exit(PROGRAM.run())
