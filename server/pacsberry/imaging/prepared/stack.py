"""All frames of a series by their number, and the way to a picture of any of them."""

import time
from bisect import bisect_right
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import accumulate, islice
from typing import Final

from pacsberry.errors import BadRequest, DamagedFile, NotUnderstood, PacsberryError, UnknownResource
from pacsberry.imaging.limits import NoWorker, PixelsFailed, TooManyPictures
from pacsberry.imaging.made import Made
from pacsberry.imaging.orders import Order, Product
from pacsberry.imaging.pictures import Pictures
from pacsberry.imaging.prepared.packfile import coarse_to_fine
from pacsberry.imaging.prepared.windows import window_of_stack
from pacsberry.imaging.survey import StackWindow, Survey

MOST_FRAMES: Final = 20_000  # of a series of which anything is prepared

_VIDEO: Final = "1.2.840.10008.1.2.4.10"  # MPEG-2 to HEVC are .100 to .108: thousands of frames, all refused
_SURVEYED: Final = 16  # frames, for the choice of a window
_MOST_SURVEY_BYTES: Final = 1 << 20
_PATIENCE: Final = 10  # times that a picture is refused because others wait for theirs
_PAUSE_SECONDS: Final = 0.5  # in between
_MOST_DEATHS: Final = 3  # of workers over frames of one file, after which its other frames are not tried
_MOST_DEATHS_IN_ALL: Final = 20


@dataclass(frozen=True, slots=True)
class Source:
    """A kept file of the series.  Their order is that of the viewer; pictures are numbered through all their frames."""

    file: str  # its name in the file store
    size: int | None  # of its content, as the index knows it
    frames: int = 1  # as the index knows it; 0 for what has no pixels
    transfer_syntax_uid: str = ""  # "": not known


class Hole(PacsberryError):
    """There is no picture of a frame; the text says why."""


class Stack:
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

    def make(self, number: int, order: Order) -> Made:
        """A picture made by a worker; Hole when there will be none, now and later."""
        if number in self._failed:
            raise Hole(self._failed[number])
        try:
            return self._try(number, order)
        except Hole as error:
            self._failed[number] = str(error)
            raise

    def survey(self, number: int) -> Survey:
        """What a worker finds in a frame; Hole."""
        made = self.make(number, Order(Product.SURVEY))
        with made.file as file:
            try:
                return Survey.of_bytes(file.read(_MOST_SURVEY_BYTES))
            except ValueError as error:
                raise Hole("The process that looked at it answered nonsense.") from error

    def window(self, between: Callable[[], None]) -> StackWindow | None:
        """The one for all frames, chosen by some of them; `between` is called before each."""
        surveys = []
        for number in islice(coarse_to_fine(self.count), _SURVEYED):
            between()
            try:
                surveys.append(self.survey(number))
            except Hole:
                continue
        return window_of_stack(surveys)

    def _try(self, number: int, order: Order) -> Made:
        place = bisect_right(self._ends, number)
        source = self._sources[place]
        if source.transfer_syntax_uid.startswith(_VIDEO):
            raise Hole("Video has no pictures that are decoded here.")
        if self._deaths.get(source.file, 0) >= _MOST_DEATHS or sum(self._deaths.values()) >= _MOST_DEATHS_IN_ALL:
            raise Hole("The processes that decode pictures failed at several others, so it was not tried.")
        order = replace(order, frame=number - self._ends[place] + source.frames)
        patience = _PATIENCE
        while True:
            try:
                return self._pictures.make(source.file, order, size=source.size)
            except TooManyPictures:
                patience -= 1
                if not patience:
                    raise
                time.sleep(_PAUSE_SECONDS)  # when it was not for want of a worker, it was told at once
            except NoWorker:
                raise
            except PixelsFailed as error:
                self._deaths[source.file] = self._deaths.get(source.file, 0) + 1
                raise Hole(str(error)) from error
            except (NotUnderstood, BadRequest, DamagedFile, UnknownResource) as error:
                raise Hole(str(error)) from error
