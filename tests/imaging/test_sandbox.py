"""What a pixel worker may not do, tried in a process that has locked itself in."""

import platform
import subprocess
import sys
from pathlib import Path

import pytest

from pacsberry.imaging.worker.sandbox import _ARCHITECTURES

_CONFINED = """
import os, resource, signal, socket, subprocess, sys, time
from pacsberry.imaging.worker.sandbox import confine
written = os.memfd_create("product")
print(confine(memory_bytes=400 << 20, cpu_seconds=1, product_bytes=1000))
try:
    {deed}
except (OSError, MemoryError) as error:
    print(type(error).__name__)
else:
    print("done")
"""

has_filter = pytest.mark.skipif(platform.machine() not in _ARCHITECTURES, reason="no filter for this processor")


def _tried(deed: str) -> "subprocess.CompletedProcess[str]":
    server = Path(__file__).parents[2] / "server"
    return subprocess.run(
        [sys.executable, "-P", "-c", _CONFINED.format(deed=deed)],
        env={"PYTHONPATH": str(server)},
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )


@has_filter
@pytest.mark.parametrize(
    "deed",
    [
        "socket.socket()",
        "socket.socketpair()",
        "subprocess.run(['/bin/true'])",
        "os.execv('/bin/true', ['true'])",
        "os.fork()",
        "os.kill(os.getppid(), 0)",
        "open('/tmp/pacsberry-never', 'wb')",
        "os.open('/dev/null', os.O_WRONLY)",
        "os.open('/dev/null', os.O_RDWR)",
        "os.unlink('/nowhere')",
        "os.rename('/nowhere', '/else')",
        "os.mkdir('/tmp/pacsberry-never')",
        "os.chmod('/nowhere', 0)",
        "resource.prlimit(0, resource.RLIMIT_CPU, (5, 5))",
    ],
)
def test_network_processes_and_changes_to_files_are_refused(deed: str) -> None:
    assert _tried(deed).stdout.split() == ["True", "PermissionError"]


@pytest.mark.parametrize("deed", ["import decimal", "os.write(written, b'x' * 1000)", "bytearray(100 << 20)"])
def test_what_a_decoder_needs_is_allowed(deed: str) -> None:
    assert _tried(deed).stdout.split()[-1] == "done"


def test_memory_ends_at_the_limit() -> None:
    assert _tried("bytearray(400 << 20)").stdout.split()[-1] == "MemoryError"


def test_a_product_ends_at_the_limit() -> None:
    assert _tried("os.write(written, b'x' * 1000); os.write(written, b'x')").stdout.split()[-1] == "OSError"


def test_a_loop_without_end_is_killed() -> None:
    assert _tried("\n    while True: pass").returncode < 0
