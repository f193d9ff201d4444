"""A small class, on a real link and on loopback, at real servers."""

import asyncio
import os
import subprocess
import time
from dataclasses import replace
from pathlib import Path

import pytest

from tests.bench import data
from tests.bench.classroom import load, runs
from tests.bench.classroom.air import shared_air
from tests.bench.data import ImageSet
from tests.bench.failures import BenchFailure
from tests.bench.programs import find_program, run_program

needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="network namespaces need root")
_LESSON = runs.Lesson(pupils=2, slices=4, longest_seconds=20, stops=1)


@pytest.fixture(scope="module")
def images(tmp_path_factory: pytest.TempPathFactory) -> ImageSet:
    return data.make_stack(tmp_path_factory.mktemp("stack") / "ct", _LESSON.slices)


def _namespaces() -> set[str]:
    listed = subprocess.run([find_program("ip"), "netns", "list"], check=True, capture_output=True, text=True).stdout
    return {line.split()[0] for line in listed.splitlines() if str(os.getpid()) in line}


@needs_root
def test_the_air_is_as_slow_as_said_and_gone_afterwards() -> None:
    sender = "import socket; s = socket.create_server(('192.0.2.1', 9)); c, a = s.accept(); c.sendall(bytes(10**6))"
    taker = (
        "import socket; c = socket.create_connection(('192.0.2.1', 9), 5, ('192.0.2.11', 0))\nwhile c.recv(65536): pass"
    )
    python = find_program("python3")
    with shared_air(2) as air:
        assert len(air.clients) == 2
        assert len(_namespaces()) == 2
        air.shape()
        with subprocess.Popen([*air.server_inside, python, "-c", sender]):
            _await_listening(air.ends.server)
            begun = time.monotonic()
            run_program([*air.client_inside, python, "-c", taker], timeout_seconds=30)
            seconds = time.monotonic() - begun
        carried = air.carried()

    assert 0.3 < seconds < 3  # 1 MB at 25 Mbit/s take 0.32 s
    assert 10**6 < carried.down_bytes < 1.2 * 10**6
    assert 0 < carried.up_bytes < 10**5
    assert _namespaces() == set()


def _await_listening(namespace: str) -> None:
    command = [find_program("ip"), "netns", "exec", namespace, "cat", "/proc/net/tcp"]
    deadline = time.monotonic() + 10
    while " 0A " not in subprocess.run(command, check=True, capture_output=True, text=True).stdout:
        assert time.monotonic() < deadline
        time.sleep(0.02)


@needs_root
def test_the_air_is_gone_when_the_class_fails() -> None:
    with pytest.raises(BenchFailure, match="out"), shared_air(1):
        raise BenchFailure("out")

    assert _namespaces() == set()


@needs_root
def test_a_class_is_measured_at_our_server_over_the_air(images: ImageSet, tmp_path: Path) -> None:
    outcome = runs.measure(runs.OURS, _LESSON, images, tmp_path)

    assert outcome.problem == ""
    assert outcome.is_whole
    assert [pupil.slices for pupil in outcome.pupils] == [4, 4]
    assert all(len(pupil.stops) == 1 for pupil in outcome.pupils)
    assert outcome.carried.down_bytes > sum(outcome.stop_bytes())
    assert outcome.cost.server_peak_bytes > 10 * 2**20
    assert _namespaces() == set()


@pytest.mark.parametrize("run", {(run.server, run.way): run for run in runs.RUNS}.values(), ids=lambda run: run.name)
def test_every_road_gets_the_whole_stack(run: runs.Run, images: ImageSet, tmp_path: Path) -> None:
    for plugin in run.settings.get("Plugins", []):  # type: ignore[attr-defined]  # a list of paths
        if not Path(plugin).exists():
            pytest.skip(f"{Path(plugin).name} is not installed")
    with runs.on_loopback(run, images, tmp_path / "storage") as (server, series):
        plan = load.Plan("127.0.0.1", server.http_port, run.way, ["127.0.0.1"] * 2, series, 20, [3])
        pupils = asyncio.run(load.attend(plan))
        late = asyncio.run(load.attend(replace(plan, longest_seconds=0.0)))

    assert [pupil.problem for pupil in pupils] == ["", ""]
    assert [pupil.slices for pupil in pupils] == [4, 4]
    assert all(pupil.first_picture is not None and pupil.whole_stack is not None for pupil in pupils)
    assert all(pupil.slices_bytes <= pupil.opened_bytes for pupil in pupils)
    assert all("no picture within" in pupil.problem for pupil in late)
