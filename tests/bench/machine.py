"""What the figures were measured on and with: for the head of the table."""

import os
import platform
import subprocess
import time
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from tests.bench.failures import BenchFailure
from tests.bench.programs import CHECKOUT, find_program


def describe(folder: Path) -> list[tuple[str, str]]:
    """Pairs of name and value; what cannot be found out is left empty."""
    return [
        ("Date", time.strftime("%Y-%m-%d", time.gmtime())),
        ("Machine", f"{os.cpu_count()} cores, {_processor()}, {_memory_gigabytes():.0f} GB RAM, {_board()}"),
        ("System", f"{_system_name()}, Linux {platform.release()}"),
        ("Disk", f"{_file_system(folder)} at the folder of the run"),
        ("Pacsberry", f"{_package('pacsberry')} ({_commit()}), Python {platform.python_version()}"),
        ("With", ", ".join(f"{name} {_package(name)}" for name in ("pynetdicom", "pydicom", "bottle", "waitress"))),
        ("Orthanc", _first_line("Orthanc", "--version")),
        ("DCMTK", _first_line("storescu", "--version")),
        ("Load when it began", f"{os.getloadavg()[0]:.2f} (1 minute)"),
    ]


def is_memory_file_system(folder: Path) -> bool:
    """Whether nothing below `folder` reaches a disk, so that written bytes and syncs mean nothing."""
    return _file_system(folder) in ("tmpfs", "ramfs")


def _processor() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith(("model name", "Model")):
            return line.partition(":")[2].strip()
    return platform.machine()


def _board() -> str:
    model = Path("/proc/device-tree/model")
    if model.exists():
        return model.read_text().rstrip("\0")
    return "virtual machine" if "hypervisor" in Path("/proc/cpuinfo").read_text() else "physical machine"


def _memory_gigabytes() -> float:
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9


def _system_name() -> str:
    try:
        return platform.freedesktop_os_release()["PRETTY_NAME"]
    except (OSError, KeyError):
        return platform.system()


def _file_system(folder: Path) -> str:
    """The type of the mount that holds `folder`, from /proc/mounts."""
    best, kind = "", "unknown"
    for line in Path("/proc/mounts").read_text().splitlines():
        _, point, found, *_ = line.split()
        if folder.resolve().is_relative_to(point) and len(point) >= len(best):
            best, kind = point, found
    return kind


def _package(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "from the checkout"


def _commit() -> str:
    command = ["git", "-C", str(CHECKOUT), "describe", "--always", "--dirty"]
    try:
        return subprocess.run(command, check=True, capture_output=True, text=True, timeout=10).stdout.strip()
    except (OSError, subprocess.SubprocessError):
        return "no git"


def _first_line(program: str, option: str) -> str:
    try:
        done = subprocess.run([find_program(program), option], check=False, capture_output=True, text=True, timeout=10)
    except (BenchFailure, OSError, subprocess.SubprocessError):
        return "not installed"
    return done.stdout.strip().splitlines()[0].strip("$ ") if done.stdout.strip() else "unknown"
