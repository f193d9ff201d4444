"""The log of a card: what was written to it and when it was told to sync; and what may be left of it after a cut.

A card keeps what was written before it acknowledged its last sync. Of what came later it may keep everything, nothing,
or any part, in any order, and of the write that it was at, some of its sectors.
"""

import os
import random
import struct
from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import BinaryIO

WRITE, SYNC = 1, 2
SECTOR_BYTES = 512
_HEAD = struct.Struct("<BQIQ")  # kind, offset, size, time.monotonic_ns()


def put(log: BinaryIO, kind: int, offset: int, at_ns: int, data: bytes | memoryview) -> None:
    """Append a record."""
    log.write(_HEAD.pack(kind, offset, len(data), at_ns))
    log.write(data)


@dataclass(frozen=True, slots=True)
class Record:
    """One write or sync."""

    kind: int
    offset: int  # on the card, bytes
    size: int
    at_ns: int  # when the card was asked; time.monotonic_ns()
    data_at: int  # where its bytes begin in the log file


class Manner(Enum):
    """What becomes of what was written after the last sync."""

    ALL = "all kept"
    NONE = "all lost"
    SOME = "some kept"
    TORN = "some kept, some of them in part"


@dataclass(frozen=True, slots=True)
class Cut:
    """The power goes after the first `position` records; `seed` decides what is left of the unsynced ones."""

    position: int
    manner: Manner
    seed: int


class CardLog:
    """A finished log."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self.records = list(_records(path))
        self._times = [record.at_ns for record in self.records]
        self._syncs = [number for number, record in enumerate(self.records) if record.kind == SYNC]

    def position_at(self, at_ns: int) -> int:
        """How many records the card had been given before a moment."""
        return bisect_left(self._times, at_ns)

    def end_ns(self, position: int) -> int:
        """Until when the first `position` records were all there was: the latest moment of a cut there."""
        return self._times[position] if position < len(self._times) else 2**63

    def synced(self, position: int) -> int:
        """How many of the first `position` records a sync among them made durable."""
        found = bisect_right(self._syncs, position - 1)
        return self._syncs[found - 1] + 1 if found else 0

    def before_syncs(self) -> list[int]:
        """The positions at which most is not synced yet."""
        return [number for number in self._syncs if number and self.records[number - 1].kind == WRITE]

    def play(self, image: BinaryIO, first: int, end: int) -> None:
        """Write the records from `first` to before `end`."""
        with self._path.open("rb") as log:
            for record in self.records[first:end]:
                if record.kind == WRITE:
                    log.seek(record.data_at)
                    image.seek(record.offset)
                    image.write(log.read(record.size))

    def play_remains(self, image: BinaryIO, cut: Cut) -> None:
        """Write what a cut leaves of the records after the last sync before it."""
        choice = random.Random(cut.seed)
        share = choice.random()
        with self._path.open("rb") as log:
            for record in self.records[self.synced(cut.position) : cut.position]:
                if cut.manner is Manner.NONE or record.kind != WRITE:
                    continue
                if cut.manner is not Manner.ALL and choice.random() > share:
                    continue
                sectors = record.size // SECTOR_BYTES
                first, last = 0, sectors
                if cut.manner is Manner.TORN and choice.random() < 0.5:
                    first, last = sorted((choice.randint(0, sectors), choice.randint(0, sectors)))
                log.seek(record.data_at + first * SECTOR_BYTES)
                image.seek(record.offset + first * SECTOR_BYTES)
                image.write(log.read((last - first) * SECTOR_BYTES))


def _records(path: Path) -> Iterator[Record]:
    with path.open("rb") as log:
        while len(head := log.read(_HEAD.size)) == _HEAD.size:
            kind, offset, size, at_ns = _HEAD.unpack(head)
            yield Record(kind, offset, size, at_ns, log.tell())
            log.seek(size, os.SEEK_CUR)
