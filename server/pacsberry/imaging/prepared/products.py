"""Makes what is prepared of the pixels of a series: a thumbnail, the preview pack, the pack of full-depth frames.

A pixel worker gets one frame at a time, as for any other picture, so a frame that kills its worker costs its own place
in the pack and nothing else, a person who wants a picture waits for one frame at most, and memory is that of one frame.
Nothing here knows where products are kept or when they are made.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import BinaryIO

from pacsberry.imaging.pictures import Pictures


class Kind(StrEnum):
    """What can be made of a series; the first three words of a URL and of a file's name may be these."""

    THUMBNAIL = "thumbnail"  # one JPEG
    PREVIEW = "preview"  # a pack of small pictures of 8 bits, all through one window
    FRAMES = "frames"  # a pack of all values, compressed without loss


MEDIA_TYPES: Mapping[Kind, str] = {
    Kind.THUMBNAIL: "image/jpeg",
    Kind.PREVIEW: "application/vnd.pacsberry.pack",
    Kind.FRAMES: "application/vnd.pacsberry.pack",
}


@dataclass(frozen=True, slots=True)
class Source:
    """A kept file of the series.  Their order is that of the viewer; pictures are numbered through all their frames."""

    file: str  # its name in the file store
    size: int | None  # of its content, as the index knows it
    frames: int = 1  # as the index knows it; 0 for what has no pixels
    transfer_syntax_uid: str = ""  # "": not known


@dataclass(frozen=True, slots=True)
class Made:
    """What was written."""

    length: int  # bytes
    pictures: int  # in it; 0: there is nothing worth keeping
    holes: Mapping[int, str]  # picture: why it is missing


def make_products(
    pictures: Pictures,
    sources: Sequence[Source],
    files: Mapping[Kind, BinaryIO],
    between: Callable[[int, int], None] = lambda done, all_: None,
) -> Mapping[Kind, Made]:
    """Write the products asked for, each to its file: empty, seekable, open for writing (unbuffered is best).

    All of them in one pass: a frame is read and decoded once.  `between(done, all)` is called before each frame, in the
    same thread; it may wait (to let others go first) or raise, which ends the making.

    A frame that cannot be shown is a hole with its reason.  Raises what is not the fault of a frame: OSError of `files`,
    NoWorker, TooManyPictures (try again later), and what `between` raises; what is in the files then is worth nothing.
    """
    raise NotImplementedError


def gains_from_packing(transfer_syntax_uid: str) -> bool:
    """Whether FRAMES holds frames of this syntax; those of others are best fetched as they are stored."""
    raise NotImplementedError
