"""Which backups are in a target, from their heads alone."""

from collections.abc import Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import BinaryIO, Protocol

from pacsberry.backup import layout
from pacsberry.backup.manifest import LARGEST_HEAD, Head
from pacsberry.errors import BadBackup


class Place(Protocol):
    """Where backups lie: a folder (disk.py) or a ZIP (zipped.py)."""

    def listing(self, name: str) -> Mapping[str, int]:
        """{name: bytes} of the files in a folder."""

    def open(self, name: str) -> AbstractContextManager[BinaryIO]:
        """A file for reading; FileNotFoundError."""


@dataclass(frozen=True, slots=True)
class Catalog:
    """The backups of a place."""

    heads: tuple[Head, ...]  # complete, the earliest first
    broken: tuple[str, ...]  # a sentence for each head that cannot be used
    last_number: int  # of all names that are there, complete or not

    def latest_of_each_server(self) -> list[Head]:
        """The newest backup of every server that shares the place, the newest first."""
        latest: dict[str, Head] = {}
        for head in reversed(self.heads):
            latest.setdefault(head.server, head)
        return list(latest.values())


def read_catalog(place: Place) -> Catalog:
    """Look at all heads; never raises BadBackup."""
    heads: list[Head] = []
    broken: list[str] = []
    last_number = 0
    files = place.listing(layout.BACKUPS)
    for file in sorted(files):
        name = layout.BackupName.of(file.partition(".")[0])
        if name is None:
            continue
        last_number = max(last_number, name.number)
        if not file.endswith(layout.HEAD):
            continue
        try:
            heads.append(_read_head(place, name, files[file]))
        except (BadBackup, OSError) as error:
            broken.append(str(error))
    return Catalog(tuple(sorted(heads, key=lambda head: head.name)), tuple(broken), last_number)


def _read_head(place: Place, name: layout.BackupName, size: int) -> Head:
    if size > LARGEST_HEAD:
        raise BadBackup(f"The backup {name.text} is damaged: its head is over {LARGEST_HEAD >> 20} MB.")
    with place.open(layout.head_path(name.text)) as file:
        raw = b""
        while piece := file.read(LARGEST_HEAD - len(raw) + 1):
            raw += piece
    return Head.of_bytes(raw, name)
