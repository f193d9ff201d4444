"""A folder as target: a disk, a share, a stick with FAT32 or exFAT.

The order that lets a stick be pulled at any moment:
1. objects are written under a passing name and renamed; none that an earlier backup names is touched if it is whole;
2. after every batch all of it is synced, then read back from the disk and compared;
3. the list and the configuration are written, synced and read back;
4. the head is written under a passing name, synced, renamed, synced.  Only now the backup exists.
An object that is there but that no complete backup names may be torn (2 did not come): it is read before it is trusted.
"""

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, Final

from pacsberry.archive.attachment_names import DICOM
from pacsberry.archive.forms import is_packed
from pacsberry.archive.inventory import Entry
from pacsberry.backup import layout
from pacsberry.backup.catalog import lines_of, read_catalog, read_copy
from pacsberry.backup.checked import CheckedFile
from pacsberry.backup.disk import Disk, NewFile, forget_cache
from pacsberry.backup.known import Known
from pacsberry.backup.lines import AttachmentLine, InstanceLine, Stored
from pacsberry.backup.manifest import Head, check_list
from pacsberry.backup.objects import Objects
from pacsberry.backup.surroundings import mount_of
from pacsberry.backup.target import Advance
from pacsberry.errors import BadBackup, DamagedFile, TargetFailed

_BATCH_BYTES: Final = 32 * 2**20  # written before they are synced and read back
_BATCH_OBJECTS: Final = 500


class FolderTarget:
    """One backup into a folder; see target.Target."""

    def __init__(self, path: Path, *, at: float, advance: Advance) -> None:
        """`at`: UTC seconds; `advance` is told of the bytes written."""
        self.disk = Disk(path, is_written=True)
        self.objects = Objects(self.disk)
        self.warnings: list[str] = []  # about earlier backups
        self.damaged: set[str] = set()  # objects that earlier backups name and that were found bad
        self._advance = advance
        self._mount = mount_of(path)
        self._unsettled: list[Stored] = []
        self._unsettled_bytes = 0
        self._known = Known()
        self._list: NewFile | None = None
        try:
            self._prepare(at)
        except BaseException:
            self.disk.close()
            raise

    def is_here(self, entry: Entry) -> bool:
        """Whether an object seems to be there already, told without reading it."""
        return self._earlier(entry) is not None or self._may_be_left_over(entry)

    def room_for(self, entry: Entry) -> int:
        """The bytes an object will take, in whole blocks."""
        return -(-entry.bytes_on_card // self._block_bytes) * self._block_bytes

    def free_bytes(self) -> int | None:
        """Free room; None when nobody knows."""
        return self.disk.free_bytes()

    def largest_file(self) -> int | None:
        """The most bytes that one file may have; None without a limit."""
        return self._mount.largest_file

    def find(self, entry: Entry) -> Stored | None:
        """The object if an earlier backup names it, or if reading it shows that it is whole."""
        earlier = self._earlier(entry)
        if earlier is not None or entry.crc32 is None or not self._may_be_left_over(entry):
            return earlier
        try:
            return self.objects.read_back(entry.file, size=entry.size, crc32=entry.crc32)
        except DamagedFile:
            return None

    def put(self, entry: Entry, file: BinaryIO) -> Stored:
        """Copy a kept file; DamagedFile when it is not what the index says."""
        name = self._place_for(entry)
        checked = CheckedFile(file, entry.file, size=entry.size, crc32=entry.crc32)
        self.objects.write(name, self._told(checked.chunks()))
        stored = checked.stored(name)
        self._unsettled.append(stored)
        self._unsettled_bytes += stored.stored_size
        return stored

    @property
    def is_settling_due(self) -> bool:
        """Whether so much was put that `settle` should be called."""
        return len(self._unsettled) >= _BATCH_OBJECTS or self._unsettled_bytes >= _BATCH_BYTES

    def settle(self) -> frozenset[str]:
        """Sync what was put and read it back; what did not come back as it was written is removed, and returned."""
        if self._unsettled:
            self.disk.sync()
        bad = frozenset(stored.file for stored in self._unsettled if not self.objects.is_as_written(stored))
        for name in bad:
            self.objects.remove(name)
        self.damaged.difference_update(stored.file for stored in self._unsettled if stored.file not in bad)
        self._unsettled.clear()
        self._unsettled_bytes = 0
        return bad

    def add_copy(self, copy: str, content: bytes) -> None:
        """Put a configuration file beside the objects."""
        self.disk.make_folder(f"{layout.CONFIGURATION}/{self.name.text}")
        self.disk.write(layout.copy_path(self.name.text, copy), [content])

    def write_list(self, data: bytes) -> None:
        """Append to the list of the backup."""
        if self._list is None:
            self._list = self.disk.create(layout.list_path(self.name.text) + layout.PART)
        self._list.write(data)

    def commit(self, head: Head) -> None:
        """Make the backup complete: list, then head, each synced and read back."""
        self._close_list()
        path, place = layout.list_path(self.name.text), layout.head_path(self.name.text)
        self.disk.rename(path + layout.PART, path)
        self.disk.write(layout.README, [layout.README_TEXT.encode()])
        self.disk.sync()
        with self._read_from_disk(path) as file:
            check_list(file, head)
        for copy in head.configuration:
            with self._read_from_disk(layout.copy_path(self.name.text, copy.copy)):
                read_copy(self.disk, head, copy)
        raw = head.to_bytes()
        with contextlib.closing(self.disk.create(place + layout.PART)) as new:
            new.write(raw)
            new.sync()
        self.disk.rename(place + layout.PART, place)
        self.disk.sync()
        with self._read_from_disk(place) as file:
            if file.read(len(raw) + 1) != raw:
                raise self._failing()

    def close(self) -> None:
        """Let go; the passing files of a backup that was not committed are removed."""
        try:
            self._close_list()
            self._remove_parts()
        except TargetFailed:
            pass  # whoever made the backup has been told that the disk fails
        finally:
            self.disk.close()

    def _prepare(self, at: float) -> None:
        self._block_bytes = self.disk.block_bytes()
        for name in (layout.FILES, layout.BACKUPS, layout.CONFIGURATION):
            self.disk.make_folder(name)
        self._remove_parts()
        self.catalog = read_catalog(self.disk)
        self.warnings += self.catalog.broken
        number = self.catalog.last_number + 1
        self.name = layout.BackupName(number, layout.backup_name(number, at))
        for head in self.catalog.latest_of_each_server():
            self._learn(head)
        self.disk.sync()  # what an interrupted backup left is then read from the disk, not from memory

    def _learn(self, head: Head) -> None:
        """Remember what an earlier backup holds."""
        try:
            for line in lines_of(self.disk, head):
                if isinstance(line, InstanceLine):
                    self._known.add(line.id, DICOM, line.stored)
                elif isinstance(line, AttachmentLine):
                    self._known.add(line.id, line.number, line.stored)
        except BadBackup as error:
            self.warnings.append(f"The backup {head.name.text} cannot be gone on from: {error}")

    def _earlier(self, entry: Entry) -> Stored | None:
        """The object of this content that an earlier backup names, if it seems to be whole."""
        stored = self._known.find(entry.resource_id, entry.number, entry.size, entry.crc32)
        if stored is None or stored.file in self.damaged or self.objects.size_of(stored.file) != stored.stored_size:
            return None
        return stored

    def _may_be_left_over(self, entry: Entry) -> bool:
        """Whether an interrupted backup seems to have copied an object."""
        return entry.file not in self.damaged and self.objects.size_of(entry.file) == entry.bytes_on_card

    def _place_for(self, entry: Entry) -> str:
        """The name to write under: where an earlier backup expects this content, to heal it, else the object's own."""
        stored = self._known.find(entry.resource_id, entry.number, entry.size, entry.crc32)
        if stored is not None and is_packed(stored.file) == is_packed(entry.file):
            return stored.file
        return entry.file

    def _told(self, chunks: Iterator[bytes]) -> Iterator[bytes]:
        for chunk in chunks:
            yield chunk
            self._advance(len(chunk))

    @contextlib.contextmanager
    def _read_from_disk(self, path: str) -> Iterator[BinaryIO]:
        """A file that was written and synced just now; TargetFailed when the disk does not give it back."""
        try:
            with self.disk.open(path) as file:
                forget_cache(file)
                yield file
        except (BadBackup, OSError) as error:
            raise self._failing() from error

    def _failing(self) -> TargetFailed:
        return TargetFailed(
            f"{self.disk.path} does not give back what was written to it. This backup does not count; use another disk."
        )

    def _close_list(self) -> None:
        if self._list is not None:
            self._list.close()

    def _remove_parts(self) -> None:
        for name in self.disk.listing(layout.BACKUPS):
            if name.endswith(layout.PART):
                self.disk.remove(f"{layout.BACKUPS}/{name}")
