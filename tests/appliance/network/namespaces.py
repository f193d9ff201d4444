"""A box and a tablet, each with a network of its own, and a cable between them: two namespaces and a veth pair.

The tablet's side is a program of its own (`tablet.py`), because the tests themselves never leave loopback.
"""

import contextlib
import itertools
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

TABLET = Path(__file__).with_name("tablet.py")
ADDRESS = "10.42.0.1"
_NUMBERS = itertools.count()


@dataclass(frozen=True, slots=True)
class Cable:
    """The names of both ends."""

    box: str  # namespace; its interface is called box0
    tablet: str  # namespace; its interface is called tab0

    def in_box(self, *words: str) -> str:
        """Run something at the box."""
        return _run("ip", "netns", "exec", self.box, *words)

    def in_tablet(self, *words: str, text: str = "") -> str:
        """Run something at the tablet."""
        return _run("ip", "netns", "exec", self.tablet, *words, text=text)

    def tablet_says(self, *words: str, text: str = "") -> Any:
        """What the tablet's program found."""
        return json.loads(self.in_tablet(sys.executable, str(TABLET), *words, text=text))

    @contextlib.contextmanager
    def started_in_box(self, *words: str, until: str = "") -> Iterator[Path]:
        """A program at the box, stopped at the end; gives the file of what it says. `until`: wait for this in it."""
        with tempfile.NamedTemporaryFile() as said:
            program = subprocess.Popen(
                ["ip", "netns", "exec", self.box, *words], stdout=said, stderr=subprocess.STDOUT, start_new_session=True
            )
            try:
                end = time.monotonic() + 10
                while until not in Path(said.name).read_text(errors="replace"):
                    if program.poll() is not None or time.monotonic() > end:
                        raise AssertionError(f"{words[0]} did not start: {Path(said.name).read_text()}")
                    time.sleep(0.02)
                yield Path(said.name)
            finally:
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(program.pid, signal.SIGTERM)
                program.wait(10)


@contextlib.contextmanager
def cable() -> Iterator[Cable]:
    """Box and tablet, plugged together; the box has its address, the tablet none."""
    if os.geteuid() != 0 or shutil.which("ip") is None:
        pytest.skip("only root may make a network namespace")
    name = f"pb{os.getpid()}-{next(_NUMBERS)}"
    made = Cable(f"{name}-box", f"{name}-tab")
    try:
        for namespace in (made.box, made.tablet):
            ran = subprocess.run(["ip", "netns", "add", namespace], capture_output=True, text=True, check=False)
            if ran.returncode != 0:
                pytest.skip(f"no network namespace can be made here: {ran.stderr.strip()}")
        made.in_box("ip", "link", "add", "box0", "type", "veth", "peer", "name", "tab0", "netns", made.tablet)
        for namespace, interface in ((made.box, "box0"), (made.tablet, "tab0")):
            for link in ("lo", interface):
                _run("ip", "-n", namespace, "link", "set", link, "up")
        made.in_box("ip", "address", "add", f"{ADDRESS}/22", "dev", "box0")
        yield made
    finally:
        for namespace in (made.box, made.tablet):
            subprocess.run(["ip", "netns", "delete", namespace], capture_output=True, check=False)


def give_tablet_an_address(made: Cable, address: str = "10.42.0.50") -> None:
    """What a lease would give it."""
    made.in_tablet("ip", "address", "add", f"{address}/22", "dev", "tab0")
    made.in_tablet("ip", "route", "add", "default", "via", ADDRESS)


def _run(*words: str, text: str = "") -> str:
    done = subprocess.run(words, input=text, capture_output=True, text=True, timeout=60, check=False)
    if done.returncode != 0:
        raise AssertionError(f"{' '.join(words)}: {done.stdout}{done.stderr}")
    return done.stdout
