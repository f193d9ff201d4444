"""The storage folder of an Orthanc as source, without Orthanc.

    <StorageDirectory>/ab/cd/abcd….      one file for each attachment, its name a UUID without suffix
    <IndexDirectory>/index               SQLite; what each file is, and what users have added (orthanc_notes)

A file is plain, or (StorageCompression) packed: eight bytes with its size, little endian, then a zlib stream.  It is a
DICOM file, the beginning of one up to its pixels (`dicom-until-pixel-data`, since 1.9.1), JSON (`dicom-as-json`, in the
releases before), or what a user attached.  The index may be gone: each file is told by its content.  What has no pixels
comes last, when the server has every image: a header is no longer mistaken for its image then.
"""

import contextlib
import functools
import os
import re
import stat
import uuid
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import IO, BinaryIO, Final

from pacsberry.dicom.part10 import has_preamble
from pacsberry.errors import UnreadableDicom
from pacsberry.importing.files import FileContent, open_regular
from pacsberry.importing.folder import entries
from pacsberry.importing.items import (
    CHUNK,
    LARGEST_FILE,
    Content,
    Fate,
    Finding,
    Found,
    Item,
    PassedOver,
    Stream,
    exactly,
    printable,
    too_large,
    unpacked_copy,
)
from pacsberry.ingest.zipped import inflate

_PLACE: Final = re.compile(r"([0-9a-f]{2})/([0-9a-f]{2})/(\1\2[0-9a-f]{4}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})")
_SIZE_BYTES: Final = 8  # in front of what is packed
_HEX: Final = re.compile(r"[0-9a-f]{2}")


class OrthancFolder:
    """The source."""

    def __init__(self, path: Path) -> None:
        self.name = printable(str(path))
        self.path = path
        self._users_files: frozenset[str] = frozenset()
        self._put_off = bytearray()  # 16 bytes for each file without pixels

    def leave_out(self, users_files: frozenset[str]) -> None:
        """Pass over these files (UUIDs): the index says that users attached them."""
        self._users_files = users_files

    def total(self) -> int:
        """The bytes of all files; looks at every one."""
        return sum(entry.size for entry in entries(self.path) if stat.S_ISREG(entry.mode) and self._uuid(entry.path))

    def found(self) -> Iterator[Found]:
        """All files, those with pixels first."""
        for entry in entries(self.path):
            name = printable(str(entry.path))
            identifier = self._uuid(entry.path)
            if entry.problem:
                yield Finding(Fate.UNREADABLE, name, entry.problem)
            elif not identifier:
                yield Finding(Fate.PASSED_OVER, name, "It is no file of the storage.")
            elif identifier in self._users_files:
                yield Finding(Fate.PASSED_OVER, name, "A user's attachment.", amount=entry.size)
            else:
                put_off = functools.partial(self._put_off.extend, uuid.UUID(identifier).bytes)
                yield Item(name, entry.size, functools.partial(open_stored, entry.path), put_off=put_off)
        for at in range(0, len(self._put_off), 16):
            path = self.path / place_of(str(uuid.UUID(bytes=bytes(self._put_off[at : at + 16]))))
            with contextlib.suppress(OSError):  # it was there a moment ago
                opened = functools.partial(open_stored, path)
                yield Item(printable(str(path)), path.stat().st_size, opened, lacks_pixels=True)
        self._put_off.clear()

    def _uuid(self, path: Path) -> str:
        """The UUID of a file of the storage; '' for another one."""
        match = _PLACE.fullmatch(str(path.relative_to(self.path)))
        return match[3] if match else ""


def is_orthanc_storage(path: Path) -> bool:
    """Whether a folder is laid out as Orthanc's storage is, and has a file."""
    try:
        for first in _hex_folders(path):
            for second in _hex_folders(first):
                with os.scandir(second) as files:
                    if any(_PLACE.fullmatch(f"{first.name}/{second.name}/{file.name}") for file in files):
                        return True
    except OSError:
        return False
    return False


def place_of(identifier: str) -> Path:
    """Where the file with a UUID lies, below the storage folder."""
    return Path(identifier[:2], identifier[2:4], identifier)


@contextlib.contextmanager
def open_stored(path: Path) -> Iterator[Content]:
    """A file of the storage, unpacked; OSError, UnreadableDicom, TooLarge, PassedOver for JSON."""
    with open_regular(path) as raw, contextlib.ExitStack() as copies:
        size = os.fstat(raw.fileno()).st_size
        content: Content = FileContent(raw, size)
        head = content.head(132)
        if not head:
            raise UnreadableDicom("The file is empty.")
        if not has_preamble(head) and _is_packed(head):
            content = _Packed(raw, int.from_bytes(head[:_SIZE_BYTES], "little"), copies)
            size = content.size
        if size > LARGEST_FILE:
            raise too_large(size)
        if content.head(1) == b"{":
            raise PassedOver("JSON that an older Orthanc keeps beside an image.")
        yield content


class _Packed(Stream):
    """What is packed."""

    def __init__(self, file: BinaryIO, size: int, copies: contextlib.ExitStack) -> None:
        """`copies` closes the copy that `whole` makes."""
        super().__init__(exactly(_inflated(file), size), size)
        self._file = file
        self._copies = copies

    def whole(self) -> IO[bytes]:
        """A temporary file with all of it; the content cannot be read in order any more then."""
        return self._copies.enter_context(unpacked_copy(exactly(_inflated(self._file), self.size)))


def _hex_folders(path: Path) -> list[Path]:
    with os.scandir(path) as found:
        return sorted(
            Path(entry.path) for entry in found if _HEX.fullmatch(entry.name) and entry.is_dir(follow_symlinks=False)
        )


def _is_packed(head: bytes) -> bool:
    """Whether a zlib stream (RFC 1950 2.2) begins behind the size."""
    flags = head[_SIZE_BYTES : _SIZE_BYTES + 2]
    return len(flags) == 2 and flags[0] & 0x0F == 8 and int.from_bytes(flags, "big") % 31 == 0


def _inflated(file: BinaryIO) -> Iterator[bytes]:
    inflater = zlib.decompressobj()
    file.seek(_SIZE_BYTES)
    while not inflater.eof:
        data = file.read(CHUNK)
        if not data:
            raise UnreadableDicom("The file is cut short: its packed content ends early.")
        try:
            yield from inflate(inflater, data)
        except zlib.error as error:
            raise UnreadableDicom("The file is damaged: it cannot be unpacked.") from error
