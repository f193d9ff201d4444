"""A plain Debian in a folder, the playbook run on it, and the same folder started under a real systemd.

Everything here needs root, mmdebstrap and systemd-nspawn; Debian's packages are fetched once a week.
"""

import datetime
import os
import platform
import re
import shutil
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

from tests.conftest import ROOT

PACKAGES = "ca-certificates,dbus,libpam-systemd,netbase,python3,systemd,systemd-sysv,udev"
PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
PYTHON = "3.13"
"""Debian 13's."""


def run(*command: str | Path, seconds: float = 900, **more: str) -> str:
    """What a program says; it has to succeed."""
    ran = subprocess.run(
        command, capture_output=True, text=True, timeout=seconds, check=False, env=dict(os.environ) | more
    )
    assert ran.returncode == 0, f"{command}: {ran.stdout[-3000:]}{ran.stderr[-3000:]}"
    return ran.stdout


def unpack(folder: Path) -> None:
    """Make `folder` a Debian 13 that has just been installed."""
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "pacsberry-tests"
    year, week, _ = datetime.datetime.now(datetime.UTC).isocalendar()
    archive = cache / f"debian-trixie-{platform.machine()}-{year}-{week}.tar"
    if not archive.exists():
        cache.mkdir(parents=True, exist_ok=True)
        fresh = archive.with_suffix(f".{os.getpid()}.tar")
        run("mmdebstrap", "--quiet", "--variant=minbase", f"--include={PACKAGES}", "trixie", fresh)
        fresh.rename(archive)
    folder.mkdir()
    run("tar", "-C", folder, "-xf", archive)
    shutil.copy("/etc/resolv.conf", folder / "etc/resolv.conf")


def bundle(folder: Path) -> Path:
    """The program for the Debian of `unpack`."""
    run(ROOT / "ansible/bundle", platform.machine(), PYTHON, folder)
    return folder


@dataclass(frozen=True)
class Play:
    """What a run of the playbook did."""

    told: str

    @property
    def changed(self) -> list[str]:
        """Titles of the tasks that changed something."""
        return re.findall(
            r"^(?:TASK|RUNNING HANDLER) \[(.+?)\] \**\n(?:.*\n)*?changed:", self._paragraphs, re.MULTILINE
        )

    @property
    def _paragraphs(self) -> str:
        return "\n\n".join(part for part in self.told.split("\n\n") if "\nchanged:" in part)


def play(root: Path, program: Path, **variables: str) -> Play:
    """Run the playbook in a folder."""
    given = variables | {"pacsberry_server_bundle": str(program)}
    text = " ".join(f"{name}={value}" for name, value in given.items())
    return Play(run(ROOT / "ansible/in-root", root, "--extra-vars", text, ANSIBLE_NOCOLOR="1"))


class Booted:
    """The folder as a running computer: systemd as its first process, no network but its own loopback."""

    def __init__(self, root: Path, log: Path) -> None:
        self._root = root
        with log.open("wb") as out:
            self._process = subprocess.Popen(
                [
                    *("systemd-nspawn", "--quiet", "--register=no", "--keep-unit", "--private-network", "--boot"),
                    *("--console=pipe", "--directory", root),
                ],
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=subprocess.STDOUT,
            )

    def ask(self, command: str, seconds: float = 120) -> str:
        """What a shell command in it says; it has to succeed."""
        inside = ("nsenter", "-t", self._first(), "-m", "-u", "-i", "-n", "-p")
        return run(*inside, "env", "-i", f"PATH={PATH}", "HOME=/root", "bash", "-c", command, seconds=seconds).strip()

    def wait(self, command: str, seconds: float = 60) -> None:
        """Wait until a command succeeds."""
        end = time.monotonic() + seconds
        while True:
            try:
                self.ask(command)
            except AssertionError:
                if time.monotonic() > end:
                    raise
                time.sleep(0.5)
            else:
                return

    def stop(self) -> None:
        """Pull its plug."""
        subprocess.run(["kill", "-KILL", self._first()], check=False)
        self._process.wait(60)

    def _first(self) -> str:
        end = time.monotonic() + 30
        while True:
            ran = subprocess.run(["pgrep", "-P", str(self._process.pid)], capture_output=True, text=True, check=False)
            if ran.stdout.strip():
                return ran.stdout.split()[0]
            assert time.monotonic() < end
            assert self._process.poll() is None, "it ended"
            time.sleep(0.2)
