"""A ZIP file as target: every backup is whole, and takes the place of the file that was there once it is complete.

1. everything is written to a file of a passing name beside it; 2. that is synced; 3. read back from the disk and
compared; 4. renamed.  Objects are stored as they lie, not deflated; ZIP64 where it is needed.
"""

import io
import tempfile
from pathlib import Path
from typing import BinaryIO, Final, cast

from pacsberry.archive.inventory import Entry
from pacsberry.backup import layout
from pacsberry.backup.checked import CheckedFile
from pacsberry.backup.disk import Disk, forget_cache
from pacsberry.backup.lines import Stored
from pacsberry.backup.manifest import Head
from pacsberry.backup.surroundings import mount_of
from pacsberry.backup.target import Advance
from pacsberry.errors import BadRequest, DamagedFile, TargetFailed, UnreadableDicom
from pacsberry.ingest.zipped import ZippedFile
from pacsberry.zipwriter import ZipStream

_MEMBER_BYTES: Final = 250  # of a ZIP, for each member: two headers with the name
_TITLE: Final = layout.README_TEXT.partition("\n")[0].encode()
_BEGINNING_BYTES: Final = 200  # of a ZIP: the header of its first member, and the title in it
_IN_MEMORY_BYTES: Final = 2**20  # of the list, until it goes to a temporary file beside the ZIP


class ZipTarget:
    """One backup into a ZIP; see target.Target."""

    def __init__(self, path: Path, *, at: float, advance: Advance) -> None:
        """`at`: UTC seconds; `advance` is told of the bytes written.  BadRequest when it would replace no backup."""
        _check_replaced(path)
        self.name = layout.BackupName(1, layout.backup_name(1, at))
        self.warnings: list[str] = []
        self._base = path.name
        self._advance = advance
        self._mount = mount_of(path.parent)
        self._disk = Disk(path.parent, is_written=True)
        self._stream = ZipStream(deflate_level=0, now=at)
        try:
            self._file = self._disk.create(self._base + layout.PART)
            with self._disk.told():
                # Not the system's folder for such files: on a small board that is memory.
                spooled = tempfile.SpooledTemporaryFile(  # noqa: SIM115 - `close` closes it
                    _IN_MEMORY_BYTES, dir=str(path.parent)
                )
                self._list = cast("BinaryIO", spooled)
            self._add(layout.README, layout.README_TEXT.encode())
        except BaseException:
            self._disk.close()
            raise

    def is_here(self, entry: Entry) -> bool:
        """Never: a ZIP is written anew."""
        return False

    def room_for(self, entry: Entry) -> int:
        """The bytes an object will take."""
        return entry.bytes_on_card + _MEMBER_BYTES

    def free_bytes(self) -> int | None:
        """Free room; None when nobody knows."""
        return self._disk.free_bytes()

    def largest_file(self) -> int | None:
        """The most bytes that one file may have; None without a limit."""
        return self._mount.largest_file

    def find(self, entry: Entry) -> Stored | None:
        """Nothing: a ZIP is written anew."""
        return None

    def put(self, entry: Entry, file: BinaryIO) -> Stored:
        """Copy a kept file; DamagedFile when it is not what the index says.  It is read twice: first to be checked."""
        stored = CheckedFile(file, entry.file, size=entry.size, crc32=entry.crc32).check()
        file.seek(0)
        self._write(layout.object_path(entry.file), file, stored)
        return stored

    @property
    def is_settling_due(self) -> bool:
        """No: it is read back as a whole."""
        return False

    def settle(self) -> frozenset[str]:
        """Do nothing: it is read back as a whole."""
        return frozenset()

    def add_copy(self, copy: str, content: bytes) -> None:
        """Put a configuration file beside the objects."""
        self._add(layout.copy_path(self.name.text, copy), content)

    def write_list(self, data: bytes) -> None:
        """Append to the list of the backup."""
        with self._disk.told():
            self._list.write(data)

    def commit(self, head: Head) -> None:
        """Make the backup complete: the list, the head, the end; synced, read back, renamed."""
        self._list.seek(0)
        for chunk in self._stream.member(layout.list_path(self.name.text), self._list, head.list_size, deflate=False):
            self._file.write(chunk)
        self._add(layout.head_path(self.name.text), head.to_bytes())
        for chunk in self._stream.finish():
            self._file.write(chunk)
        self._file.sync()
        self._file.close()
        self._disk.sync()
        self._read_back()
        self._disk.rename(self._base + layout.PART, self._base)
        self._disk.sync()

    def close(self) -> None:
        """Let go; a ZIP that is not complete is removed."""
        try:
            self._list.close()
            self._file.close()
            self._disk.remove(self._base + layout.PART)
        except TargetFailed:
            pass  # whoever made the backup has been told that the disk fails
        finally:
            self._disk.close()

    def _write(self, name: str, file: BinaryIO, stored: Stored) -> None:
        chunks = self._stream.member(name, file, stored.stored_size, deflate=False, crc32=stored.stored_crc32)
        while True:
            try:
                chunk = next(chunks, None)
            except (EOFError, OSError) as error:
                # It was whole a moment ago, and half of it is in the ZIP, which nothing can take back.
                raise TargetFailed(
                    f"{stored.file} could not be read a second time ({error}); back up to a folder instead."
                ) from error
            if chunk is None:
                return
            self._file.write(chunk)
            self._advance(len(chunk))

    def _add(self, name: str, content: bytes) -> None:
        for chunk in self._stream.member(name, io.BytesIO(content), len(content), deflate=False):
            self._file.write(chunk)

    def _read_back(self) -> None:
        try:
            with self._disk.open(self._base + layout.PART) as file:
                forget_cache(file)
                size = file.seek(0, io.SEEK_END)
                zipped = ZippedFile(file, size=size)
                for member in zipped.members():
                    for _ in zipped.content(member):
                        pass
        except (OSError, UnreadableDicom, DamagedFile) as error:
            raise TargetFailed(
                f"{self._disk.path} does not give back what was written to it. This backup does not count; use "
                "another disk."
            ) from error


def _check_replaced(path: Path) -> None:
    """BadRequest when a file that somebody needs, and that is no backup, would be lost; OSError."""
    try:
        with path.open("rb") as file:
            beginning = file.read(_BEGINNING_BYTES)
    except FileNotFoundError:
        return
    if beginning and _TITLE not in beginning:
        raise BadRequest(f"{path} is there already and is no backup of Pacsberry. Name another file.")
