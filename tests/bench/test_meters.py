"""The meters against processes whose costs are known."""

import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.bench.failures import BenchFailure
from tests.bench.machine import is_memory_file_system
from tests.bench.meters import Phase, Tree, device_written_bytes, is_listening

_OBEDIENT = "import os, subprocess, sys, time\nfor line in sys.stdin:\n    exec(line)\n    print('done', flush=True)\n"
_BURN = "[0 for _ in iter(lambda: time.process_time() < 0.3, False)]"  # until 0.3 s of its life are used


class Subject:
    """A Python process that does what it is told, one line at a time."""

    def __init__(self) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", _OBEDIENT], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        self.tree = Tree(self.process.pid)
        self.do("pass")

    def do(self, code: str) -> None:
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(code + "\n")
        self.process.stdin.flush()
        assert self.process.stdout.readline() == "done\n"

    def do_in_child(self, code: str) -> None:
        """The same in a child that has ended when this returns."""
        self.do(f"subprocess.run([sys.executable, '-c', {'import time; ' + code!r}], check=True)")

    def end(self) -> None:
        with self.process:
            assert self.process.stdin is not None
            self.process.stdin.close()


@pytest.fixture
def subject() -> Iterator[Subject]:
    one = Subject()
    try:
        yield one
    finally:
        one.end()


def test_cpu_time_of_the_process_is_counted(subject: Subject) -> None:
    before = subject.tree.cpu_seconds()

    subject.do(_BURN)

    assert 0.15 <= subject.tree.cpu_seconds() - before <= 0.4


def test_cpu_time_of_a_child_that_has_ended_is_counted(subject: Subject) -> None:
    before = subject.tree.cpu_seconds()

    subject.do_in_child(_BURN)

    assert subject.tree.cpu_seconds() - before >= 0.25


def test_the_tree_holds_living_descendants(subject: Subject) -> None:
    subject.do("child = subprocess.Popen(['sleep', '60'])")

    pids = subject.tree.pids()

    subject.do("child.kill(); child.wait()")
    assert len(pids) == 2
    assert len(subject.tree.pids()) == 1


def test_memory_that_was_given_back_shows_in_the_peak_only(subject: Subject) -> None:
    with Phase(subject.tree) as cost:
        subject.do("block = bytearray(60_000_000); del block")

    assert cost.peak_bytes - cost.rss_before_bytes >= 55_000_000
    assert cost.rss_after_bytes - cost.rss_before_bytes <= 10_000_000


def test_the_peak_of_an_earlier_phase_is_forgotten(subject: Subject) -> None:
    subject.do("block = bytearray(60_000_000); del block")

    with Phase(subject.tree) as cost:
        subject.do("pass")

    assert cost.peak_bytes - cost.rss_before_bytes <= 10_000_000


def test_memory_of_a_child_that_ended_before_the_phase_did_is_in_the_peak(subject: Subject) -> None:
    with Phase(subject.tree) as cost:
        subject.do_in_child("block = bytearray(60_000_000); time.sleep(0.8)")

    assert cost.peak_bytes - cost.rss_before_bytes >= 55_000_000


def test_synced_bytes_are_counted_for_the_process_and_its_device(subject: Subject, tmp_path: Path) -> None:
    if is_memory_file_system(tmp_path) or device_written_bytes(tmp_path) is None:
        pytest.skip("the temporary folder is not on a disk of its own")

    with Phase(subject.tree, storage=tmp_path) as cost:
        subject.do(
            f"f = open({str(tmp_path / 'f')!r}, 'wb'); f.write(bytes(3_000_000)); f.flush(); os.fsync(f.fileno())"
        )

    assert 3_000_000 <= cost.written_bytes <= 3_200_000
    assert cost.device_bytes is not None
    assert cost.device_bytes >= 3_000_000


def test_a_process_that_has_ended_is_reported_as_a_reason() -> None:
    one = Subject()
    one.end()

    with pytest.raises(BenchFailure, match="ended by itself"):
        one.tree.cpu_seconds()


def test_a_port_counts_as_open_only_while_it_listens(subject: Subject) -> None:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port = listener.getsockname()[1]
        before = is_listening(subject.process.pid, port)
        listener.listen()
        after = is_listening(subject.process.pid, port)

    assert (before, after) == (False, True)
