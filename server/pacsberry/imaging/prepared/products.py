"""Makes what is prepared of the pixels of a series: a thumbnail, the preview pack, the pack of full-depth frames.

A pixel worker gets one frame at a time, as for any other picture, so a frame that kills its worker costs its own place
in the pack and nothing else, a person who wants a picture waits for one frame at most, and memory is that of one frame.
Nothing here knows where products are kept or when they are made.
"""

from bisect import bisect_right
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from itertools import accumulate, islice
from typing import BinaryIO, Final

from pacsberry.errors import BadRequest, DamagedFile, NotUnderstood, PacsberryError, UnknownResource
from pacsberry.imaging.limits import NoWorker, PixelsFailed, TooManyPictures
from pacsberry.imaging.orders import Form, Order, Product
from pacsberry.imaging.pictures import Made as Picture
from pacsberry.imaging.pictures import Pictures
from pacsberry.imaging.prepared.packfile import PackWriter, coarse_to_fine, write_all
from pacsberry.imaging.prepared.windows import window_of_stack
from pacsberry.imaging.survey import StackWindow, Survey


class Kind(StrEnum):
    """What can be made of the pixels of a series; the values are good for URLs and names of files."""

    THUMBNAIL = "thumbnail"  # one JPEG
    PREVIEW = "preview"  # a pack of small pictures of 8 bits, all through one window
    FRAMES = "frames"  # a pack of all values, compressed without loss


JPEG_LS: Final = "1.2.840.10008.1.2.4.80"  # of the pictures of FRAMES
MEDIA_TYPES: Final[Mapping[Kind, str]] = {
    Kind.THUMBNAIL: "image/jpeg",
    Kind.PREVIEW: "application/vnd.pacsberry.pack",
    Kind.FRAMES: "application/vnd.pacsberry.pack",
}
MOST_FRAMES: Final = 20_000  # of a series of which anything is prepared

_SIDE: Final = 256  # pixels of the longer side of small pictures
_THUMBNAIL: Final = Order(Product.SLICE, form=Form.JPEG, quality=80, fit_width=_SIDE, fit_height=_SIDE)
# Longer side of small pictures and quality, from the best on: pictures of noise take several times the bytes of others.
_LEVELS: Final = (
    *((_SIDE, quality) for quality in (75, 65, 55, 45, 35)),
    *((side, 40) for side in (192, 128, 96, 64, 48)),
)
_SHARE: Final = 0.04  # of the raw bytes that a preview pack may have
_COMFORT: Final = 0.9  # of that share, that some pictures may have before the others are known
_LEAST_RAW_BYTES: Final = 1 << 14  # a picture of less has the share of so many: 90 x 90 pixels of 16 bits
_TASTED: Final = 8  # pictures by which the level is chosen
_SURVEYED: Final = 16  # frames of a stack
_TRIED: Final = 8  # frames, until a series has no thumbnail
_PATIENCE: Final = 5  # times that no worker comes free, a minute each
_MOST_DEATHS: Final = 3  # of workers over frames of one file, after which its other frames are not tried
_MOST_DEATHS_IN_ALL: Final = 20
_MOST_HOLES_TOLD: Final = 1000
_MOST_SMALL_BYTES, _MOST_FULL_BYTES = 1 << 20, 128 << 20
# Frames in these are larger than as JPEG-LS, or slow to decode in a browser; PS3.6 table A-1.
_GAINING: Final = frozenset(
    (
        "1.2.840.10008.1.2",
        "1.2.840.10008.1.2.1",
        "1.2.840.10008.1.2.1.99",
        "1.2.840.10008.1.2.2",
        "1.2.840.113619.5.2",
        "1.2.840.10008.1.2.5",
        "1.2.840.10008.1.2.4.57",
        "1.2.840.10008.1.2.4.70",
        "",
    )
)


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
    holes: Mapping[int, str]  # picture: why it is missing; at most 1000 of them, a pack names all


def make_products(
    pictures: Pictures,
    sources: Sequence[Source],
    files: Mapping[Kind, BinaryIO],
    between: Callable[[int, int], None] = lambda done, all_: None,
) -> Mapping[Kind, Made]:
    """Write the products asked for, each to its file: empty, seekable, open for writing (unbuffered is best).

    All of them in one pass: a frame is read and decoded once.  `between(done, all)` is called before each frame, in the
    same thread; it may wait (to let others go first) or raise, which ends the making.

    A frame that cannot be shown is a hole with its reason.  Raises what is not the fault of a frame: OSError of the
    files, NoWorker, TooManyPictures (try again later), NotUnderstood (too many frames for a pack), and what `between`
    raises; what is in the files then is worth nothing.
    """
    stack = _Stack(pictures, sources)
    made = {}
    if Kind.THUMBNAIL in files:
        between(0, stack.count)
        made[Kind.THUMBNAIL] = _thumbnail(stack, files[Kind.THUMBNAIL])
    packs: dict[Kind, PackWriter] = {
        kind: PackWriter(file, stack.count) for kind, file in files.items() if kind is not Kind.THUMBNAIL
    }
    if packs:
        window = stack.window() if Kind.PREVIEW in packs else None
        level = _level(stack, window) if Kind.PREVIEW in packs else 0
        made.update(_Packing(stack, packs, window, level).run(between))
    return made


def gains_from_packing(transfer_syntax_uid: str) -> bool:
    """Whether FRAMES holds frames of this syntax; those of others are best fetched as they are stored."""
    return transfer_syntax_uid in _GAINING


class _Stack:
    """All frames of a series, by their number, and what failed of them."""

    def __init__(self, pictures: Pictures, sources: Sequence[Source]) -> None:
        self._pictures = pictures
        self._sources = sources
        self._ends = list(accumulate(max(0, source.frames) for source in sources))
        self.count = self._ends[-1] if self._ends else 0
        if self.count > MOST_FRAMES:
            raise NotUnderstood(f"The series has {self.count} frames; packs are made of at most {MOST_FRAMES}.")
        self._deaths: dict[str, int] = {}  # of workers, by file
        self._failed: dict[int, str] = {}  # what is not tried again

    def source(self, number: int) -> Source:
        """The file that a picture is in."""
        return self._sources[bisect_right(self._ends, number)]

    def make(self, number: int, order: Order) -> Picture:
        """A picture made by a worker; _Hole when there will be none, now and later."""
        if number in self._failed:
            raise _Hole(self._failed[number])
        try:
            return self._try(number, order)
        except _Hole as error:
            self._failed[number] = str(error)
            raise

    def survey(self, number: int) -> Survey:
        """What a worker finds in a frame; _Hole."""
        made = self.make(number, Order(Product.SURVEY))
        with made.file as file:
            try:
                return Survey.of_bytes(file.read(_MOST_SMALL_BYTES))
            except ValueError as error:
                raise _Hole("The process that looked at it answered nonsense.") from error

    def window(self) -> StackWindow | None:
        """The one for all frames, chosen by some of them."""
        surveys = []
        for number in islice(coarse_to_fine(self.count), _SURVEYED):
            try:
                surveys.append(self.survey(number))
            except _Hole:
                continue
        return window_of_stack(surveys)

    def _try(self, number: int, order: Order) -> Picture:
        place = bisect_right(self._ends, number)
        source = self._sources[place]
        if self._deaths.get(source.file, 0) >= _MOST_DEATHS or sum(self._deaths.values()) >= _MOST_DEATHS_IN_ALL:
            raise _Hole("The processes that decode pictures failed at several others, so it was not tried.")
        order = replace(order, frame=number - self._ends[place] + source.frames)
        patience = _PATIENCE
        while True:
            try:
                return self._pictures.make(source.file, order, size=source.size)
            except TooManyPictures:
                patience -= 1
                if not patience:
                    raise
            except NoWorker:
                raise
            except PixelsFailed as error:
                self._deaths[source.file] = self._deaths.get(source.file, 0) + 1
                raise _Hole(str(error)) from error
            except (NotUnderstood, BadRequest, DamagedFile, UnknownResource) as error:
                raise _Hole(str(error)) from error


class _Hole(PacsberryError):
    """There is no picture of a frame; the text says why."""


@dataclass
class _Packing:
    """The pass over all frames of a stack."""

    stack: _Stack
    packs: Mapping[Kind, PackWriter]
    window: StackWindow | None
    level: int
    holes: dict[int, str] = field(default_factory=dict)
    _small_bytes: int = 0
    _raw_bytes: int = 0

    def run(self, between: Callable[[int, int], None]) -> Iterator[tuple[Kind, Made]]:
        """Write all packs; (kind, what was made) of each."""
        for done, number in enumerate(coarse_to_fine(self.stack.count)):
            between(done, self.stack.count)
            try:
                self._add(number)
            except _Hole as error:
                self.holes[number] = str(error)
        told = dict(islice(self.holes.items(), _MOST_HOLES_TOLD))
        for kind, pack in self.packs.items():
            pack.finish(self._facts(kind), self.holes)
            yield kind, Made(pack.length, pack.pictures, told)

    def _add(self, number: int) -> None:
        order = _small(self.level, self.window) if Kind.PREVIEW in self.packs else Order(Product.SLICE)
        gains = gains_from_packing(self.stack.source(number).transfer_syntax_uid)
        order = replace(order, is_full=Kind.FRAMES in self.packs and gains)
        if not order.fit_width and not order.is_full:
            return
        made = self.stack.make(number, order)
        with made.file as file:
            small, full, raw = _parts(made)
            if small:
                self.packs[Kind.PREVIEW].append(number, file, small)
                self._judge(small, raw)
            if full:
                self.packs[Kind.FRAMES].append(number, file, full)

    def _judge(self, small: int, raw: int) -> None:
        """Keep the pack below its share, should the first pictures have been smaller than the others."""
        self._small_bytes += small
        self._raw_bytes += raw
        if self._small_bytes > _SHARE * self._raw_bytes and self.level + 1 < len(_LEVELS):
            self.level += 1

    def _facts(self, kind: Kind) -> dict[str, object]:
        if kind is Kind.FRAMES:
            return {"Kind": kind.value, "MediaType": "image/jls", "TransferSyntax": JPEG_LS}
        window = self.window
        return {
            "Kind": kind.value,
            "MediaType": Form.WEBP.value,
            "Window": {"Center": window.center, "Width": window.width, "Function": window.function} if window else None,
        }


def _thumbnail(stack: _Stack, file: BinaryIO) -> Made:
    """The middle frame through its own window; when it cannot be shown, another one."""
    holes = {}
    for number in islice(coarse_to_fine(stack.count), _TRIED):
        try:
            order = _windowed(_THUMBNAIL, window_of_stack([stack.survey(number)]))
            made = stack.make(number, order)
        except _Hole as error:
            holes[number] = str(error)
            continue
        with made.file as picture:
            length, _, _ = _parts(made)
            data = picture.read(length)
        file.seek(0)
        write_all(file, data)
        file.flush()
        return Made(length, 1, holes)
    return Made(0, 0, holes)


def _level(stack: _Stack, window: StackWindow | None) -> int:
    """The best level at which some pictures of the stack have less than their share: all get the same."""
    for level in range(len(_LEVELS)):
        small_bytes = raw_bytes = 0
        for number in islice(coarse_to_fine(stack.count), _TASTED):
            try:
                made = stack.make(number, _small(level, window))
                with made.file:
                    small, _, raw = _parts(made)
            except _Hole:
                continue
            small_bytes += small
            raw_bytes += raw
        if small_bytes <= _COMFORT * _SHARE * raw_bytes:
            return level
    return len(_LEVELS) - 1


def _small(level: int, window: StackWindow | None) -> Order:
    side, quality = _LEVELS[level]
    order = Order(Product.SLICE, form=Form.WEBP, quality=quality, fit_width=side, fit_height=side)
    return _windowed(order, window)


def _windowed(order: Order, window: StackWindow | None) -> Order:
    if window is None:
        return order
    return replace(order, window_center=window.center, window_width=window.width, window_function=window.function)


def _parts(made: Picture) -> tuple[int, int, int]:
    """Bytes of the small picture, of all values, of the frame as numbers; _Hole when the worker told nonsense."""
    small, full, raw = made.shape if len(made.shape) == 3 else (-1, -1, -1)
    if not (
        0 <= small <= _MOST_SMALL_BYTES and 0 <= full <= _MOST_FULL_BYTES and raw > 0 and small + full == made.length
    ):
        raise _Hole("The process that made it answered nonsense.")
    return small, full, max(raw, _LEAST_RAW_BYTES)
