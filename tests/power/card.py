"""A recorded card: an ext4 file system as the box's card has it, on a loop device whose every write is logged."""

import contextlib
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from tests.conftest import ROOT

MOUNT_OPTIONS = "loop,noatime"  # data=ordered and a commit every 5 s are ext4's default, and the card's
_MEGABYTES = 192
_UNMOUNT_TRIES = 50


def why_not() -> str:
    """Why this machine cannot pull a plug; '' when it can."""
    if os.geteuid() != 0:
        return "mounting needs root"
    for path in ("/dev/fuse", "/dev/loop-control"):
        if not Path(path).exists():
            return f"there is no {path}"
    return ""


def make_file_system(image: Path, megabytes: int = _MEGABYTES) -> None:
    """An empty ext4 file system in a sparse file."""
    with image.open("wb") as file:
        file.truncate(megabytes * 2**20)
    # The journal as small as ext4 allows: it wraps around within a recording, as a card's does in its life.
    # Blocks as on a large card; for a small file system smaller ones would be chosen.
    options = ["-b", "4096", "-E", "lazy_itable_init=0,lazy_journal_init=0", "-J", "size=4", "-m", "0"]
    subprocess.run(["mkfs.ext4", "-q", *options, str(image)], check=True)


def unmount(point: Path) -> None:
    """Unmount; whoever on this machine asks every file system for its free space keeps it busy for a moment."""
    for _ in range(_UNMOUNT_TRIES):
        if subprocess.run(["umount", str(point)], check=False, capture_output=True).returncode == 0:
            return
        time.sleep(0.1)
    subprocess.run(["umount", str(point)], check=True)


@contextlib.contextmanager
def mounted(image: Path, point: Path) -> Iterator[Path]:
    """The file system in `image`, its journal replayed when it has to be; nothing is recorded."""
    point.mkdir(exist_ok=True)
    subprocess.run(["mount", "-o", MOUNT_OPTIONS, str(image), str(point)], check=True)
    try:
        yield point
    finally:
        unmount(point)


@contextlib.contextmanager
def recorded(image: Path, log: Path, point: Path) -> Iterator[Path]:
    """The same with every write in `log`, complete when the block is left."""
    card = log.with_suffix(".card")
    card.touch()
    command = [sys.executable, "-m", "tests.power.fuse_card", str(image), str(log), str(card)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE) as process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline() == b"mounted\n"
            try:
                with mounted(card, point):
                    yield point
            finally:
                unmount(card)
            assert process.wait(20) == 0
        finally:
            process.kill()
