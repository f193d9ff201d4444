"""The runs of the class: which server, which road, prepared or not; each on a storage and a link of its own.

A server is filled over loopback as fast as it goes, stopped, and started again on the same storage at its end of the
link, so that its memory is that of a server which has just been switched on in the morning.
"""

import shutil
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from tests.bench import data, servers
from tests.bench.bench import expect
from tests.bench.classroom.air import Air, shared_air
from tests.bench.classroom.load import Plan, of_output
from tests.bench.classroom.outcome import Outcome, Watch
from tests.bench.classroom.ways import Series
from tests.bench.data import CT_SIDE, ImageSet
from tests.bench.failures import BenchFailure
from tests.bench.programs import run_program
from tests.bench.servers import ORTHANC, PACSBERRY, PLUGINS, Launch, Server

_STABLE_SECONDS = 180.0
_FULL_DEPTH_BYTES = 2 * CT_SIDE * CT_SIDE
_LOAD = ("-m", "tests.bench.classroom.load")


@dataclass(frozen=True, slots=True)
class Lesson:
    """How much is measured."""

    pupils: int = 30
    slices: int = 300
    longest_seconds: float = 60.0  # the rest of the stack is not waited for any longer
    stops: int = 5


@dataclass(frozen=True, slots=True)
class Run:
    """One column of the table."""

    name: str
    how: str  # a sentence for the reader of the table
    server: str
    way: str
    warm_up: bool = False  # one pupil looks at everything before the class comes
    is_prepared: bool = (
        False  # Pacsberry only: its pictures are waited for before the class comes, else they are taken away
    )
    takes_gzip: bool = True
    settings: Mapping[str, object] = field(default_factory=dict)


def _orthanc_with(plugin: str, **settings: object) -> Mapping[str, object]:
    return {"Plugins": [str(PLUGINS / f"lib{plugin}.so")], **settings}


_WITH_DICOMWEB = _orthanc_with("OrthancDicomWeb", DicomWeb={"Enable": True})
_WITH_WEB_VIEWER = _orthanc_with("OrthancWebViewer")

OURS = Run(
    "Pacsberry",
    "prepared pictures: the manifest, then the preview pack, shown while it arrives; where the class stops, that slice "
    "out of the pack of frames (JPEG-LS). Everything was prepared while nobody asked for anything",
    PACSBERRY,
    "prepared",
    is_prepared=True,
)
COMPARED = (
    Run(
        "Orthanc, frames, no gzip",
        "orthanc-dicomweb: the metadata of the series, then every frame as it is stored (WADO-RS), as OHIF does it, by "
        "clients that do not take gzip: what the goals were set beside",
        ORTHANC,
        "frames",
        takes_gzip=False,
        settings=_WITH_DICOMWEB,
    ),
    Run(
        "Orthanc, frames",
        "the same for clients that take gzip, as browsers do: Orthanc then packs every answer",
        ORTHANC,
        "frames",
        settings=_WITH_DICOMWEB,
    ),
)
RUNS = (
    OURS,
    Run(
        "Pacsberry, cold",
        "the same, nothing prepared: the first picture is drawn by the server, the packs are made while the class "
        "waits, and until that of the frames is there, they are fetched as stored",
        PACSBERRY,
        "prepared",
    ),
    Run(
        "Pacsberry, DICOMweb rendered",
        "each slice drawn by the server in 256x256 pixels (WADO-RS rendered), frames as stored where the class stops; "
        "nothing prepared",
        PACSBERRY,
        "rendered",
    ),
    Run(
        "Pacsberry, frames",
        "the metadata of the series, then every frame as it is stored, as for OHIF",
        PACSBERRY,
        "frames",
        is_prepared=True,
    ),
    *COMPARED,
    Run(
        "Orthanc, Web viewer",
        "orthanc-webviewer: JPEG of quality 95 and 512x512 pixels, deflated values where the class stops; one pupil "
        "has looked at the series before, so its cache is as full as it gets",
        ORTHANC,
        "web-viewer",
        warm_up=True,
        settings=_WITH_WEB_VIEWER,
    ),
    Run("Orthanc, Web viewer, cold", "the same, nothing cached", ORTHANC, "web-viewer", settings=_WITH_WEB_VIEWER),
)


def measure(run: Run, lesson: Lesson, images: ImageSet, folder: Path) -> Outcome:
    """One class. What goes wrong becomes the outcome's problem."""
    outcome = Outcome(run.name, lesson.slices)
    try:
        storage = folder / "storage"
        series = _filled(run, images, storage)
        with shared_air(lesson.pupils) as air, _at_the_link(run, storage, air) as server:
            plan = _plan(run, lesson, series, server, air)
            if run.warm_up:
                _attend(replace(plan, addresses=plan.addresses[:1]), air, folder)
                server.tree.settle()
            air.shape()
            with Watch(server.tree) as outcome.cost:
                before = air.carried()
                outcome.pupils = of_output(_attend(plan, air, folder))
                outcome.carried = air.carried().since(before)
            for pupil in outcome.pupils:
                if pupil.problem:
                    raise BenchFailure(pupil.problem)
    except BenchFailure as failure:
        outcome.problem = str(failure)
    return outcome


def _plan(run: Run, lesson: Lesson, series: Series, server: Server, air: Air) -> Plan:
    # From the end on, which nobody has come to who takes the slices one after another.
    stops = [lesson.slices - 1 - lesson.slices * number // (2 * lesson.stops) for number in range(lesson.stops)]
    return Plan(
        air.ends.server_address,
        server.http_port,
        run.way,
        air.clients,
        series,
        lesson.longest_seconds,
        stops,
        run.takes_gzip,
    )


def _attend(plan: Plan, air: Air, folder: Path) -> str:
    path = folder / "plan.json"
    path.write_text(plan.to_json())
    longest = plan.longest_seconds + 60 + 130 * len(plan.stops)
    return run_program((*air.client_inside, sys.executable, *_LOAD, str(path)), timeout_seconds=longest).output


@contextmanager
def _at_the_link(run: Run, storage: Path, air: Air) -> Iterator[Server]:
    launch = Launch(settings={"RemoteAccessAllowed": True, **run.settings}, inside=air.server_inside)
    with servers.answering(run.server, storage, launch) as server:
        yield server


def _filled(run: Run, images: ImageSet, storage: Path) -> Series:
    """The series is in the storage, and stable; the server has stopped."""
    with on_loopback(run, images, storage) as (server, series):
        with server.http() as http:
            _await(lambda: http.json(f"/series/{series.series}")["IsStable"], "the series is not stable")
            if run.is_prepared:
                _await(lambda: _is_prepared(http.json(f"/pacsberry/series/{series.series}/pictures")), "not prepared")
        server.tree.settle()
    if run.server == PACSBERRY and not run.is_prepared:
        shutil.rmtree(storage / "prepared", ignore_errors=True)
    return series


def _is_prepared(manifest: Mapping[str, Any]) -> bool:
    return all(manifest["Prepared"][kind]["State"] == "Ready" for kind in ("thumbnail", "preview", "frames"))


@contextmanager
def on_loopback(run: Run, images: ImageSet, storage: Path) -> Iterator[tuple[Server, Series]]:
    """A server that has just been given the series."""
    with servers.answering(run.server, storage, Launch(settings={**run.settings, "StableAge": 1})) as server:
        with server.http() as http:
            for file in images.files:
                http.upload(file.read_bytes())
            expect(server.count(), images.count, "instances stored")
            (series,) = http.json("/series")
            instances = http.json("/instances?expand")
        ids = {int(one["IndexInSeries"]) - 1: one["ID"] for one in instances}
        yield (
            server,
            Series(
                study_uid=images.study_uids[0],
                series_uid=data.series_uid_of_stack(),
                sop_uids=[data.sop_uid_of_stack(number) for number in range(images.count)],
                series=series,
                instances=[ids[number] for number in range(images.count)],
                frame_bytes=_FULL_DEPTH_BYTES,
            ),
        )


def _await(holds: Callable[[], bool], problem: str) -> None:
    deadline = time.monotonic() + _STABLE_SECONDS
    while not holds():
        if time.monotonic() > deadline:
            raise BenchFailure(f"{problem} after {_STABLE_SECONDS:.0f} s")
        time.sleep(0.2)
