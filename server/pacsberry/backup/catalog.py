"""Which backups are in a target, from their heads alone."""

import zlib
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import BinaryIO, Protocol

from pacsberry.backup import layout
from pacsberry.backup.lines import Line
from pacsberry.backup.manifest import LARGEST_COPY, LARGEST_HEAD, ConfigurationCopy, Head, check_list, read_list
from pacsberry.errors import BadBackup, in_words


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
            broken.append(in_words(error))
    return Catalog(tuple(sorted(heads, key=lambda head: head.name)), tuple(broken), last_number)


def lines_of(place: Place, head: Head) -> Iterator[Line]:
    """What a backup holds; its list is read twice, first to be compared with its checksum.  BadBackup."""
    path = layout.list_path(head.name.text)
    try:
        with place.open(path) as file:
            check_list(file, head)
        with place.open(path) as file:
            yield from read_list(file)
    except OSError as error:
        raise BadBackup(
            f"The list of the backup {head.name.text} cannot be read: {error.strerror or error}."
        ) from error


def read_copy(place: Place, head: Head, copy: ConfigurationCopy) -> bytes:
    """One configuration file of a backup; BadBackup."""
    path = layout.copy_path(head.name.text, copy.copy)
    if copy.size > LARGEST_COPY:
        raise BadBackup(f"The backup is damaged: {path} is over {LARGEST_COPY >> 20} MB.")
    try:
        content = _read(place, path, copy.size)
    except OSError as error:
        raise BadBackup(f"{path} cannot be read in the backup: {error.strerror or error}.") from error
    if (len(content), zlib.crc32(content)) != (copy.size, copy.crc32):
        raise BadBackup(f"The backup is damaged: {path} is not what was written.")
    return content


def _read_head(place: Place, name: layout.BackupName, size: int) -> Head:
    if size > LARGEST_HEAD:
        raise BadBackup(f"The backup {name.text} is damaged: its head is over {LARGEST_HEAD >> 20} MB.")
    return Head.of_bytes(_read(place, layout.head_path(name.text), size), name)


def _read(place: Place, path: str, size: int) -> bytes:
    """A file of at most `size` bytes; BadBackup when it is larger.  One read of a place may give less than asked."""
    content = bytearray()
    with place.open(path) as file:
        while piece := file.read(size + 1 - len(content)):
            content += piece
    if len(content) > size:
        raise BadBackup(f"The backup is damaged: {path} is larger than it should be.")
    return bytes(content)
