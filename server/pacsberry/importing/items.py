"""What a source yields: an Item, one file that may be DICOM, or a Finding about something that is none."""

import tempfile
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from enum import Enum
from typing import IO, Final, Protocol

from pacsberry.errors import PacsberryError, TooLarge, UnreadableDicom

CHUNK: Final = 65536  # bytes read at once
LARGEST_FILE: Final = 8 * 2**30  # bytes; a whole-slide image of several GB exists, a larger file is a mistake or a trap
_IN_MEMORY: Final = 4 * 2**20  # bytes of an unpacked file held in memory


class Fate(Enum):
    """What became of a file."""

    KEPT = "kept"
    THERE = "already there"
    REFUSED = "refused"
    UNREADABLE = "unreadable"
    NOT_DICOM = "not DICOM"
    PASSED_OVER = "passed over"  # links, devices, directories of media: nothing anybody would miss


@dataclass(frozen=True, slots=True)
class Finding:
    """What became of one file; `amount` is the part of its source that is done with it, in bytes."""

    fate: Fate
    name: str
    reason: str = ""
    instance: str = ""  # its Orthanc identifier, where that is known
    amount: int = 0


class PassedOver(PacsberryError):
    """A file that turned out, when it was opened, to be nothing anybody would miss."""


class Content(Protocol):
    """A file that is open."""

    size: int

    def head(self, length: int) -> bytes:
        """Its first bytes, `length` of them or all it has."""

    def chunks(self) -> Iterator[bytes]:
        """All of its bytes, exactly `size` of them; UnreadableDicom when it turns out to have others."""

    def whole(self) -> IO[bytes] | None:
        """All of it as a file to look around in, valid as long as the content is open; None when it comes in order."""


@dataclass(frozen=True, slots=True)
class Item:
    """A file that may be DICOM.  `open` raises OSError, UnreadableDicom, TooLarge or PeerFailed."""

    name: str  # for people
    amount: int  # bytes of its source, for the progress
    open: Callable[[], AbstractContextManager[Content]]
    lasting: bool = True  # it can still be opened when the source has gone on
    instance: str = ""  # its Orthanc identifier, when it is known beforehand
    put_off: Callable[[], None] | None = None  # called instead of taking it now, when it has no pixels
    lacks_pixels: bool = False  # it was put off: perhaps it is what Orthanc keeps beside an image, and no image


Found = Item | Finding


class Stream:
    """Content that comes in order, once, from chunks of bytes."""

    def __init__(self, chunks: Iterator[bytes], size: int) -> None:
        """`size`: of all chunks, in bytes, as announced."""
        self.size = size
        self._chunks = chunks
        self._head = b""

    def head(self, length: int) -> bytes:
        """The first bytes."""
        pieces, have = [self._head], len(self._head)
        while have < length:
            piece = next(self._chunks, b"")
            if not piece:
                break
            pieces.append(piece)
            have += len(piece)
        self._head = b"".join(pieces)
        return self._head[:length]

    def chunks(self) -> Iterator[bytes]:
        """All bytes."""
        return exactly(self._all(), self.size)

    def whole(self) -> IO[bytes] | None:
        """Nothing: it comes in order."""
        return None

    def _all(self) -> Iterator[bytes]:
        yield self._head
        yield from self._chunks


def exactly(chunks: Iterator[bytes], size: int) -> Iterator[bytes]:
    """The chunks; UnreadableDicom unless they are `size` bytes in all: the receiver would wait for the rest."""
    left = size
    for chunk in chunks:
        left -= len(chunk)
        if left < 0:
            raise UnreadableDicom("The file is longer than it announces.")
        yield chunk
    if left:
        raise UnreadableDicom(f"The file ends {left} bytes early.")


def unpacked_copy(chunks: Iterator[bytes]) -> IO[bytes]:
    """A temporary file with chunks whose size nobody knows beforehand; TooLarge.  The caller closes it."""
    file = tempfile.SpooledTemporaryFile(_IN_MEMORY)  # noqa: SIM115  # the caller's
    size = 0
    try:
        for chunk in chunks:
            size += len(chunk)
            if size > LARGEST_FILE:
                raise too_large(size)
            file.write(chunk)
        file.seek(0)
    except BaseException:
        file.close()
        raise
    return file


def too_large(size: int) -> TooLarge:
    """The error for a file over the limit."""
    return TooLarge(f"The file has {size} bytes, more than {LARGEST_FILE >> 30} GB.")


def printable(name: str | bytes) -> str:
    """A name from a stranger, for people and reports: no control characters, nothing that is not UTF-8."""
    raw = name if isinstance(name, bytes) else name.encode("utf-8", "surrogateescape")
    text = raw.decode("utf-8", "replace")
    return "".join(char if char.isprintable() else "\ufffd" for char in text)
