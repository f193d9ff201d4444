"""The sampler inside a stand-in for Pacsberry that, like the real command, replaces its process by the server."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.bench import sampler

_COMMAND = """
import os, sys
os.execve(sys.executable, (sys.executable, "-P", "-OO", "-m", "pacsberry.server", sys.argv[1]), os.environ)
"""
_SERVER = """
import sys, threading, time
import email.mime.multipart

def wait():
    time.sleep(1.5)

def burn():
    while time.thread_time() < 0.5:
        pass

assert False, "not under -OO"
threading.Thread(target=wait, name="waiter").start()
worker = threading.Thread(target=burn, name="worker-3")
worker.start()
worker.join()
block = bytearray(30_000_000)
time.sleep(0.3)
sys.exit(0 if sys.argv[1] == "serve" else 1)
"""


def _run(mode: str, folder: Path) -> dict[str, dict[str, float]]:
    package = folder / "pacsberry"
    package.mkdir()
    for name, code in (("__init__", ""), ("__main__", _COMMAND), ("server", _SERVER)):
        (package / f"{name}.py").write_text(code)
    subprocess.run(
        [sys.executable, "-P", sampler.__file__, mode, str(folder), "serve"],
        check=True,
        timeout=30,
        env={**os.environ, "PYTHONPATH": str(folder)},
    )
    (found,) = folder.glob(f"{mode}-*.json")
    document: dict[str, dict[str, float]] = json.loads(found.read_text())
    return document


@pytest.fixture
def time_profile(tmp_path: Path) -> dict[str, dict[str, float]]:
    return _run("time", tmp_path)


def test_cpu_time_is_booked_under_the_function_that_used_it(time_profile: dict[str, dict[str, float]]) -> None:
    own = time_profile["CPU s in our function and all it calls"]

    burnt = sum(seconds for place, seconds in own.items() if place.endswith("burn"))
    waited = sum(seconds for place, seconds in own.items() if place.endswith("wait"))
    assert 0.35 <= burnt <= 0.6
    assert waited <= 0.05


def test_cpu_time_is_booked_under_the_kind_of_thread(time_profile: dict[str, dict[str, float]]) -> None:
    assert time_profile["CPU s by thread"]["worker"] >= 0.35


def test_memory_is_booked_under_imports(tmp_path: Path) -> None:
    (added,) = _run("imports", tmp_path).values()

    assert added["(interpreter and sampler)"] > 5
    assert any(name.startswith("email") for name in added)


def test_memory_is_booked_under_lines(tmp_path: Path) -> None:
    (lines,) = _run("lines", tmp_path).values()

    assert max(lines, key=lambda place: lines[place]).endswith("server.py:17")
