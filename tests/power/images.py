"""Builds the card that a cut leaves, as a sparse file."""

import os
from pathlib import Path

from tests.power.log import CardLog, Cut


class Images:
    """The card after each of several cuts, the durable part of the log being played only once.

    The cuts have to be asked for in ascending order of position.
    """

    def __init__(self, log: CardLog, base: Path, folder: Path) -> None:
        """`base`: the card before the first record; `folder`: where the durable part is built."""
        self._log = log
        self._durable = folder / "durable.img"
        self._played = 0
        copy(base, self._durable)

    def make(self, cut: Cut, path: Path) -> None:
        """Write the card after `cut` to `path`. Raises ValueError when an earlier call went past it."""
        reach = self._log.synced(cut.position)
        if reach < self._played:
            raise ValueError("cuts have to be asked for in ascending order")
        with self._durable.open("r+b") as image:
            self._log.play(image, self._played, reach)
        self._played = reach
        copy(self._durable, path)
        with path.open("r+b") as image:
            self._log.play_remains(image, cut)


def copy(source: Path, target: Path) -> None:
    """Copy a file; what is a hole stays one."""
    size = source.stat().st_size
    with source.open("rb") as reading, target.open("wb") as writing:
        writing.truncate(size)
        at = 0
        while at < size:
            try:
                at = os.lseek(reading.fileno(), at, os.SEEK_DATA)
            except OSError:  # ENXIO: nothing but a hole to the end
                return
            end = os.lseek(reading.fileno(), at, os.SEEK_HOLE)
            while at < end:
                at += os.copy_file_range(reading.fileno(), writing.fileno(), end - at, at, at)
