"""Opens files of a stranger's folder: regular ones only, unpacked where they are gzip."""

import contextlib
import os
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import IO, BinaryIO

from pacsberry.dicom.part10 import has_preamble
from pacsberry.errors import UnreadableDicom
from pacsberry.importing.items import CHUNK, LARGEST_FILE, Content, exactly, too_large, unpacked_copy
from pacsberry.importing.unpacking import unpacked
from pacsberry.ingest.gunzip import GZIP


class FileContent:
    """A file that can be read from any place."""

    def __init__(self, file: IO[bytes], size: int) -> None:
        self.size = size
        self._file = file

    def head(self, length: int) -> bytes:
        """The first bytes."""
        self._file.seek(0)
        return self._file.read(length)

    def chunks(self) -> Iterator[bytes]:
        """All bytes, even if the file grows meanwhile."""
        return exactly(self._read(), self.size)

    def whole(self) -> IO[bytes]:
        """The file."""
        return self._file

    def _read(self) -> Iterator[bytes]:
        self._file.seek(0)
        left = self.size
        while left > 0 and (piece := self._file.read(min(CHUNK, left))):
            left -= len(piece)
            yield piece


@contextlib.contextmanager
def open_file(path: Path) -> Iterator[Content]:
    """A file, unpacked when it is gzip; OSError, UnreadableDicom, TooLarge."""
    with open_regular(path) as file:
        size = os.fstat(file.fileno()).st_size
        content = FileContent(file, size)
        head = content.head(132)
        if head.startswith(GZIP) and not has_preamble(head):
            file.seek(0)
            with in_copy(unpacked(file)) as copy:
                yield copy
            return
        if size > LARGEST_FILE:
            raise too_large(size)
        yield content


@contextlib.contextmanager
def in_copy(chunks: Iterator[bytes]) -> Iterator[Content]:
    """What the chunks make, in a temporary file; whatever is wrong with them is known before the first is used."""
    with unpacked_copy(chunks) as file:
        size = file.seek(0, os.SEEK_END)
        yield FileContent(file, size)


@contextlib.contextmanager
def open_regular(path: Path) -> Iterator[BinaryIO]:
    """A regular file for reading; a link, a FIFO or a device in its place is UnreadableDicom and is not waited for."""
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    with open(descriptor, "rb", buffering=0) as file:  # noqa: PTH123  # it is open already
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise UnreadableDicom("This is no regular file.")
        yield file
