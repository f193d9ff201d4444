"""Makes what is prepared of the pixels of a series: a thumbnail, the preview pack, the pack of full-depth frames.

A pixel worker gets one frame at a time, as for any other picture, so a frame that kills its worker costs its own place
in the pack and nothing else, a person who wants a picture waits for one frame at most, and memory is that of one frame.
Nothing here knows where products are kept or when they are made.
"""

from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field, replace
from enum import StrEnum
from itertools import islice
from typing import BinaryIO, Final

from pacsberry.imaging.made import Made as Picture
from pacsberry.imaging.orders import Form, Order, Product
from pacsberry.imaging.pictures import Pictures
from pacsberry.imaging.prepared.packfile import PackWriter, coarse_to_fine, write_all
from pacsberry.imaging.prepared.stack import Hole, Source, Stack
from pacsberry.imaging.prepared.windows import window_of_stack
from pacsberry.imaging.survey import StackWindow

__all__ = ["JPEG_LS", "MEDIA_TYPES", "Kind", "Made", "Source", "gains_from_packing", "make_products"]


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
_THUMBNAIL: Final = Order(Product.SLICE, form=Form.JPEG, quality=80, fit_width=256, fit_height=256)
_BEST_QUALITY: Final = 75
# Longer side of small pictures and quality, from the best on: pictures of noise take several times the bytes of others.
_LEVELS: Final = (
    *((side, quality) for side in (1024, 768, 512, 384) for quality in (_BEST_QUALITY, 65)),
    *((256, quality) for quality in (_BEST_QUALITY, 65, 55, 45, 35)),
    *((side, 40) for side in (192, 128, 96, 64, 48)),
)
# Where a stack begins: one of a few radiographs may be sharp, one of hundreds has to arrive.  Each makes about 1 MB.
_FIRST_SIDES: Final = ((16, 1024), (64, 512))  # of so many pictures at most
_FIRST_SIDE_OF_OTHERS: Final = 256
_SHARE: Final = 0.04  # of the raw bytes that a preview pack may have
_COMFORT: Final = 0.9  # of that share, that some pictures may have before the others are known
_LEAST_RAW_BYTES: Final = 1 << 14  # a picture of less has the share of so many: 90 x 90 pixels of 16 bits
_TASTED: Final = 8  # pictures by which the level is chosen
_TRIED: Final = 8  # frames, until a series has no thumbnail
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
    *,
    at_once: int = 1,
) -> Mapping[Kind, Made]:
    """Write the products asked for, each to its file: empty, seekable, open for writing (unbuffered is best).

    All of them in one pass: a frame is read and decoded once, but for a few by which window and quality are chosen.
    `between(done, all)` is called before each frame, in the same thread; it may wait (to let others go first) or raise,
    which ends the making.  `at_once`: how many workers may be kept busy, which is for those for whom somebody waits.

    A frame that cannot be shown is a hole with its reason.  Raises what is not the fault of a frame: OSError of the
    files, NoWorker, TooManyPictures (try again later), NotUnderstood (too many frames for a pack), and what `between`
    raises; what is in the files then is worth nothing.
    """
    stack = Stack(pictures, sources)
    made = {}
    if Kind.THUMBNAIL in files:
        between(0, stack.count)
        made[Kind.THUMBNAIL] = _thumbnail(stack, files[Kind.THUMBNAIL])
    packs: dict[Kind, PackWriter] = {
        kind: PackWriter(file, stack.count) for kind, file in files.items() if kind is not Kind.THUMBNAIL
    }
    if packs:
        window, level = None, 0
        if Kind.PREVIEW in packs:
            window = stack.window(lambda: between(0, stack.count))
            level = _level(stack, window, lambda: between(0, stack.count))
        made.update(_Packing(stack, packs, window, level, at_once).run(between))
    return made


def gains_from_packing(transfer_syntax_uid: str) -> bool:
    """Whether FRAMES holds frames of this syntax; those of others are best fetched as they are stored."""
    return transfer_syntax_uid in _GAINING


@dataclass
class _Packing:
    """The pass over all frames of a stack."""

    stack: Stack
    packs: Mapping[Kind, PackWriter]
    window: StackWindow | None
    level: int
    at_once: int
    holes: dict[int, str] = field(default_factory=dict)
    _small_bytes: int = 0
    _raw_bytes: int = 0

    def run(self, between: Callable[[int, int], None]) -> Iterator[tuple[Kind, Made]]:
        """Write all packs; (kind, what was made) of each."""
        with ExitStack() as stack:
            workers = (
                stack.enter_context(ThreadPoolExecutor(self.at_once, "stack-pictures")) if self.at_once > 1 else None
            )
            waiting: deque[tuple[int, Future[Picture]]] = deque()
            stack.callback(_drop, waiting)
            for done, number in enumerate(coarse_to_fine(self.stack.count)):
                between(done, self.stack.count)
                order = self._order(number)
                if order.fit_width or order.is_full:
                    waiting.append((number, self._begun(number, order, workers)))
                while len(waiting) >= self.at_once:
                    self._add(*waiting.popleft())
            while waiting:
                self._add(*waiting.popleft())
        told = dict(islice(self.holes.items(), _MOST_HOLES_TOLD))
        for kind, pack in self.packs.items():
            pack.finish(self._facts(kind), self.holes)
            yield kind, Made(pack.length, pack.pictures, told)

    def _order(self, number: int) -> Order:
        order = _small(self.level, self.window) if Kind.PREVIEW in self.packs else Order(Product.SLICE)
        gains = gains_from_packing(self.stack.source(number).transfer_syntax_uid)
        return replace(order, is_full=Kind.FRAMES in self.packs and gains)

    def _begun(self, number: int, order: Order, workers: ThreadPoolExecutor | None) -> Future[Picture]:
        if workers is not None:
            return workers.submit(self.stack.make, number, order)
        future: Future[Picture] = Future()
        try:
            future.set_result(self.stack.make(number, order))
        except Hole as error:
            future.set_exception(error)
        return future

    def _add(self, number: int, begun: Future[Picture]) -> None:
        """Put a picture into the packs; pictures come in order, so that packs are the same however many are at work."""
        try:
            made = begun.result()
            with made.file as file:
                small, full, raw = _parts(made)
                if small:
                    self.packs[Kind.PREVIEW].append(number, file, small)
                    self._judge(small, raw)
                if full:
                    self.packs[Kind.FRAMES].append(number, file, full)
        except Hole as error:
            self.holes[number] = str(error)

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


def _drop(waiting: deque[tuple[int, Future[Picture]]]) -> None:
    """Give back the memory of pictures that nobody takes any more."""
    for _, begun in waiting:
        if not begun.cancel():
            with suppress(Exception):
                begun.result().file.close()


def _thumbnail(stack: Stack, file: BinaryIO) -> Made:
    """The middle frame through its own window; when it cannot be shown, another one."""
    holes = {}
    for number in islice(coarse_to_fine(stack.count), _TRIED):
        try:
            order = _windowed(_THUMBNAIL, window_of_stack([stack.survey(number)]))
            made = stack.make(number, order)
        except Hole as error:
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


def _level(stack: Stack, window: StackWindow | None, between: Callable[[], None]) -> int:
    """The best level at which some pictures of the stack have less than their share: all get the same."""
    side = next((side for most, side in _FIRST_SIDES if stack.count <= most), _FIRST_SIDE_OF_OTHERS)
    for level in range(_LEVELS.index((side, _BEST_QUALITY)), len(_LEVELS)):
        small_bytes = raw_bytes = 0
        for number in islice(coarse_to_fine(stack.count), _TASTED):
            between()
            try:
                made = stack.make(number, _small(level, window))
                with made.file:
                    small, _, raw = _parts(made)
            except Hole:
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
    """Bytes of the small picture, of all values, of the frame as numbers; Hole when the worker told nonsense."""
    small, full, raw = made.shape if len(made.shape) == 3 else (-1, -1, -1)
    if not (
        0 <= small <= _MOST_SMALL_BYTES and 0 <= full <= _MOST_FULL_BYTES and raw > 0 and small + full == made.length
    ):
        raise Hole("The process that made it answered nonsense.")
    return small, full, max(raw, _LEAST_RAW_BYTES)
