"""Where a restore reads from: a folder of backups, or one in a ZIP.  Either may come from a stranger."""

import contextlib
import io
import struct
from collections.abc import Generator, Iterator, Mapping
from pathlib import Path
from typing import BinaryIO, Final, cast

from pacsberry.backup import layout
from pacsberry.backup.catalog import Place
from pacsberry.backup.digests import DigestMap
from pacsberry.backup.disk import Disk
from pacsberry.errors import BadBackup, TooLarge, UnreadableDicom
from pacsberry.ingest.zipped import Member, ZippedFile

_MOST_LISTED: Final = 10_000  # names in a folder of a ZIP that are remembered
_member: Final = struct.Struct("<LQQQLH")  # number, offset, packed, size, CRC-32, method


@contextlib.contextmanager
def open_source(path: Path) -> Generator[Place]:
    """The place of backups; BadBackup when it is none."""
    if path.is_file():
        with path.open("rb") as file:
            try:
                place = ZippedPlace(file, size=file.seek(0, io.SEEK_END))
            except UnreadableDicom as error:
                raise BadBackup(f"{path} is no backup: {error}") from error
            yield place
    else:
        with contextlib.closing(Disk(path, is_written=False)) as disk:
            yield disk


class ZippedPlace:
    """Backups in a ZIP: 45 bytes of memory for each member.  Belongs to one thread."""

    def __init__(self, file: BinaryIO, *, size: int) -> None:
        """UnreadableDicom when it is no ZIP, or is damaged."""
        self._zipped = ZippedFile(file, size=size)
        self._names = DigestMap()
        self._members = bytearray()
        self._listed: dict[str, dict[str, int]] = {layout.BACKUPS: {}}
        for member in self._zipped.members():
            name = member.name.decode("utf-8", "replace")
            self._names.add(name)
            self._members += _member.pack(
                member.number, member.offset, member.packed, member.size, member.crc, member.method
            )
            folder, _, base = name.rpartition("/")
            listed = self._listed.get(folder)
            if listed is not None and len(listed) < _MOST_LISTED:
                listed[base] = member.size

    def listing(self, name: str) -> Mapping[str, int]:
        """{name: bytes} of the files in the folder of the backups."""
        return self._listed[name]

    @contextlib.contextmanager
    def open(self, name: str) -> Generator[BinaryIO]:
        """A member for reading from its start to its end; FileNotFoundError."""
        at = self._names.position(name)
        if at is None:
            raise FileNotFoundError(f"{name} is not in the ZIP")
        number, offset, packed, size, crc, method = _member.unpack_from(self._members, at * _member.size)
        member = Member(name.encode(), number, offset, packed, size, crc, method)
        yield cast("BinaryIO", _Content(self._zipped.content(member)))


class _Content(io.RawIOBase):
    """A member of a ZIP as a file that is read once; BadBackup when it is damaged."""

    def __init__(self, chunks: Iterator[bytes]) -> None:
        self._chunks = chunks
        self._rest = memoryview(b"")

    def readable(self) -> bool:
        """It is."""
        return True

    def readinto(self, buffer: object) -> int:
        """Fill `buffer` as far as a chunk goes; 0 at the end."""
        into = memoryview(cast("bytearray", buffer))
        if not self._rest:
            try:
                self._rest = memoryview(next(self._chunks, b""))
            except (UnreadableDicom, TooLarge) as error:
                raise BadBackup(f"The backup is damaged: {error}") from error
        count = min(len(into), len(self._rest))
        into[:count] = self._rest[:count]
        self._rest = self._rest[count:]
        return count
