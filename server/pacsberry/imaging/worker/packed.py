"""The packed file of the last order, kept open: the next order often wants a frame farther on in the same one.

A packed file is unpacked from its beginning to the place wanted.  Of an object of many frames that would be all frames
before, once for each frame; so one place is kept for the header, and one that goes on from frame to frame.
"""

import io
import os
from typing import BinaryIO, Final, cast

from pacsberry.archive.packedfile import PackedFile

_HEADER_BYTES: Final = 1 << 20  # in front; the functional groups of hundreds of frames are among them


class PackedFiles:
    """Holds one file at most; for one thread."""

    def __init__(self) -> None:
        self._identity: tuple[int, ...] = ()
        self._file: _TwoPlaces | None = None

    def open(self, descriptor: int) -> BinaryIO:
        """The content of the packed file behind a descriptor, which may be closed; DamagedFile."""
        status = os.fstat(descriptor)
        identity = (status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns)
        if self._file is None or identity != self._identity:
            self.close()
            self._file, self._identity = _TwoPlaces(os.dup(descriptor)), identity
        return cast("BinaryIO", self._file)

    def close(self) -> None:
        """Hold nothing any more: a file that was deleted takes its room on the card until then."""
        if self._file is not None:
            self._file.release()
            self._file = None


class _TwoPlaces(io.BufferedIOBase):
    """The content of a packed file, read at two places at a time."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        try:
            self._header, self._body = (
                PackedFile(cast("BinaryIO", _Pread(descriptor)), "of the image") for _ in range(2)
            )
        except BaseException:
            os.close(descriptor)
            raise
        self._position = 0

    def release(self) -> None:
        """Close the descriptor."""
        os.close(self._descriptor)

    def readable(self) -> bool:
        """It is."""
        return True

    def seekable(self) -> bool:
        """It is."""
        return True

    def tell(self) -> int:
        """The place of the next byte read."""
        return self._position

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        """Go to a place."""
        base = {os.SEEK_SET: 0, os.SEEK_CUR: self._position, os.SEEK_END: self._header.size}[whence]
        self._position = max(0, base + offset)
        return self._position

    def read(self, size: int | None = -1, /) -> bytes:
        """As PackedFile has it."""
        place = self._header if self._position < _HEADER_BYTES else self._body
        place.seek(self._position)
        data = place.read(size)
        self._position += len(data)
        return data


class _Pread:
    """What PackedFile needs of a file, with a place of its own, whatever else is read through the same descriptor."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._position = 0

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        """Go to a place, counted from the start or from the end."""
        start = os.fstat(self._descriptor).st_size if whence == os.SEEK_END else 0
        self._position = start + offset
        return self._position

    def read(self, size: int) -> bytes:
        """Up to `size` bytes."""
        data = os.pread(self._descriptor, size, self._position)
        self._position += len(data)
        return data

    def close(self) -> None:
        """The descriptor is somebody else's."""
