"""The programs the bench runs: DCMTK's, Debian's Orthanc and our own server; where they are and how clients run.

A Python environment may hold pynetdicom's storescu or echoscu under DCMTK's names, so the folder of the running
interpreter is left out of the search.
"""

import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.bench.failures import BenchFailure

CHECKOUT = Path(__file__).resolve().parents[2]


def find_program(name: str) -> str:
    """The path of a system program. Raises BenchFailure when it is not installed."""
    own = Path(sys.executable).parent
    folders = [entry for entry in os.environ.get("PATH", os.defpath).split(os.pathsep) if Path(entry) != own]
    path = shutil.which(name, path=os.pathsep.join([*folders, "/usr/sbin", "/sbin"]))
    if path is None:
        raise BenchFailure(f"{name} is not installed")
    return path


def install_missing() -> None:
    """Lets .ci/system-packages install what is absent (root on Debian) or print the line to type."""
    try:
        subprocess.run([CHECKOUT / ".ci" / "system-packages", "bench"], check=True, timeout=900)
    except (OSError, subprocess.SubprocessError) as error:
        raise BenchFailure(f"programs are missing: {error}") from error


@dataclass(frozen=True, slots=True)
class Finished:
    """Clients that ended well, started together."""

    seconds: float  # from the start of the first to the end of the last
    output: str


def run_program(command: Sequence[str], *, timeout_seconds: float, **environment: str) -> Finished:
    """Runs a client to its end. Raises BenchFailure when it fails or takes too long; then it has been stopped."""
    return run_together([command], timeout_seconds=timeout_seconds, **environment)


def run_together(commands: Sequence[Sequence[str]], *, timeout_seconds: float, **environment: str) -> Finished:
    """Runs clients side by side; `environment` is added to the bench's own."""
    begun = time.monotonic()
    running: list[subprocess.Popen[bytes]] = []
    with tempfile.TemporaryFile() as output:
        try:
            for command in commands:
                running.append(
                    subprocess.Popen(
                        command,
                        stdin=subprocess.DEVNULL,
                        stdout=output,
                        stderr=subprocess.STDOUT,
                        env={**os.environ, **environment},
                    )
                )
            for process in running:
                process.wait(max(0.1, begun + timeout_seconds - time.monotonic()))
        except subprocess.TimeoutExpired as error:
            raise BenchFailure(f"{_name(commands[0])} took more than {timeout_seconds:.0f} s") from error
        finally:
            for process in running:
                if process.poll() is None:
                    process.kill()
                    process.wait()
        seconds = time.monotonic() - begun
        output.seek(0)
        text = output.read().decode(errors="replace")
    for process in running:
        if process.returncode != 0:
            raise BenchFailure(f"{_name(commands[0])} ended with status {process.returncode}: {_last_line(text)}")
    return Finished(seconds, text)


def _name(command: Sequence[str]) -> str:
    return Path(command[0]).name


def _last_line(text: str) -> str:
    lines = text.strip().splitlines()
    return lines[-1][:200] if lines else "no output"
