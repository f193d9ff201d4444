"""A file system of its own, small enough to be filled: an image in a file, mounted over a loop device.

with small_disk(tmp_path, 64) as disk:
    fill(disk, leave=0)
"""

import contextlib
import os
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest


@contextlib.contextmanager
def small_disk(folder: Path, megabytes: int) -> Iterator[Path]:
    """An empty ext4 of that size without blocks kept for root; the test is skipped where nothing may be mounted."""
    if os.geteuid() != 0:
        pytest.skip("only root may mount a file system")
    image, point = folder / "disk.img", folder / "disk"
    with image.open("wb") as file:
        file.truncate(megabytes * 2**20)
    point.mkdir()
    subprocess.run(["mkfs.ext4", "-q", "-F", "-m", "0", "-O", "^resize_inode", str(image)], check=True)
    mounted = subprocess.run(
        ["mount", "-o", "loop,noatime", str(image), str(point)], capture_output=True, text=True, check=False
    )
    if mounted.returncode != 0:
        pytest.skip(f"no file system can be mounted here: {mounted.stderr.strip()}")
    try:
        yield point
    finally:
        _unmount(point)
        image.unlink()


def free_bytes(disk: Path) -> int:
    """What is free on it."""
    facts = os.statvfs(disk)
    return facts.f_bavail * facts.f_frsize


def fill(disk: Path, *, leave: int, name: str = "others") -> Path:
    """Have others fill it until no more than `leave` bytes are free; returns their file."""
    path = disk / name
    with path.open("ab", buffering=0) as file:
        step = 2**20
        while (room := free_bytes(disk) - leave) > 0 and step >= 1:
            try:
                file.write(bytes(min(step, room)))
            except OSError:
                step //= 16
    return path


def _unmount(point: Path) -> None:
    for _ in range(50):
        if subprocess.run(["umount", str(point)], capture_output=True, check=False).returncode == 0:
            return
        time.sleep(0.1)
    subprocess.run(["umount", "-l", str(point)], check=True)
