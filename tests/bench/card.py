"""A card for a server under measurement: an ext4 file system of its own on a loop device that counts its writes.

The kernel counts what reaches the device (/sys/block/loopN/stat), journal and metadata of the file system included.
What it cannot tell is how much a real card writes inside for each of these bytes (erase blocks of several MB).
"""

import os
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from tests.bench.failures import BenchFailure
from tests.bench.meters import device_written_bytes

_MEGABYTES = 4096  # sparse: only what is written takes room
_UNMOUNT_TRIES = 50
_OPTIONS = "loop,noatime"  # as the box mounts its card


@contextmanager
def fresh_card(folder: Path) -> Iterator[Path]:
    """An empty card, mounted as `folder`/card while the block lasts. Raises BenchFailure where that is not possible."""
    folder.mkdir(parents=True)
    image, point = folder / "card.img", folder / "card"
    point.mkdir()
    if os.geteuid() != 0:
        raise BenchFailure("a card of its own can be mounted by root only")
    with image.open("wb") as file:
        file.truncate(_MEGABYTES * 2**20)
    # Nothing is left to be initialized later, which would be counted as written by the server.
    _run("mkfs.ext4", "-q", "-m", "0", "-E", "lazy_itable_init=0,lazy_journal_init=0", str(image))
    _run("mount", "-o", _OPTIONS, str(image), str(point))
    try:
        yield point
    finally:
        _unmount(point)


def written_bytes(card: Path) -> int:
    """What the card has been given to write since it was mounted, the page cache emptied before."""
    written = device_written_bytes(card)
    if written is None:
        raise BenchFailure("the writes of the card's device cannot be counted here")
    return written


def _unmount(point: Path) -> None:
    """Whoever on this machine asks every file system for its free space keeps it busy for a moment: try again."""
    for _ in range(_UNMOUNT_TRIES):
        with suppress(BenchFailure):
            _run("umount", str(point))
            return
        time.sleep(0.1)
    _run("umount", str(point))


def _run(*command: str) -> None:
    try:
        subprocess.run(command, check=True, capture_output=True, text=True, timeout=60)
    except subprocess.CalledProcessError as error:
        raise BenchFailure(f"{command[0]}: {error.stderr.strip()}") from error
    except (OSError, subprocess.TimeoutExpired) as error:
        raise BenchFailure(f"{command[0]}: {error!r}") from error
