"""How viewers fetch a series: the requests of one pupil, by the road the viewer takes.

Each has three steps: `open` until a first picture is there, `rest` until the whole stack can be scrolled at preview
quality, `full_depth` when the pupil stops at a slice and wants to see all its grey levels.
"""

import asyncio
import json
from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from tests.bench.classroom.http import CONNECTIONS, Answer, Browser
from tests.bench.failures import BenchFailure

_FRAMES = "multipart/related; type=application/octet-stream; transfer-syntax=*"  # as OHIF asks


@dataclass(frozen=True, slots=True)
class Series:
    """What is opened, under the names its viewers know it by."""

    study_uid: str
    series_uid: str
    sop_uids: Sequence[str]  # in the order of the stack
    series: str  # Orthanc's identifiers of the same
    instances: Sequence[str]
    frame_bytes: int  # of one slice, as stored

    @property
    def middle(self) -> int:
        """The slice a viewer shows first."""
        return len(self.sop_uids) // 2


class Way(ABC):
    """The requests of one pupil."""

    def __init__(self, series: Series, browser: Browser) -> None:
        self.series = series
        self.browser = browser
        self.seen: set[int] = set()  # slices that can be scrolled to
        self.deep: set[int] = set()  # slices that are there at full depth
        self.seen_bytes = 0  # carried for those in `seen`

    @abstractmethod
    async def open(self) -> None:
        """Returns when the first picture can be shown."""

    @abstractmethod
    async def rest(self) -> None:
        """Returns when every slice has been seen; `seen` grows meanwhile."""

    @abstractmethod
    async def full_depth(self, slice_number: int) -> None:
        """Returns when all values of a slice are there."""

    def _saw(self, number: int, answer: Answer) -> None:
        self.seen.add(number)
        self.seen_bytes += answer.carried_bytes

    @property
    def _wado(self) -> str:
        return f"/dicom-web/studies/{self.series.study_uid}/series/{self.series.series_uid}"

    async def _metadata(self) -> None:
        answer = await self.browser.get(f"{self._wado}/metadata", "application/dicom+json")
        _expect(len(json.loads(answer.body)), len(self.series.sop_uids), "instances in the metadata")

    async def _each(self, fetch: Callable[[int], Awaitable[None]]) -> None:
        """The slices one after another, as many at once as a browser fetches."""
        left = iter(range(len(self.series.sop_uids)))

        async def some() -> None:
            for number in left:
                if number not in self.seen:
                    await fetch(number)

        async with asyncio.TaskGroup() as group:
            for _ in range(CONNECTIONS):
                group.create_task(some())


class Frames(Way):
    """WADO-RS as OHIF does it: the metadata of the series, then every frame as it is stored."""

    async def open(self) -> None:
        await self._metadata()
        await self._fetch(self.series.middle)

    async def rest(self) -> None:
        await self._each(self._fetch)

    async def full_depth(self, slice_number: int) -> None:
        if slice_number not in self.deep:
            await self._fetch(slice_number)

    async def _fetch(self, number: int) -> None:
        answer = await self.browser.get(f"{self._wado}/instances/{self.series.sop_uids[number]}/frames/1", _FRAMES)
        if len(answer.body) < self.series.frame_bytes:
            raise BenchFailure(f"a frame of {len(answer.body)} bytes instead of {self.series.frame_bytes}")
        self._saw(number, answer)
        self.deep.add(number)


class Rendered(Frames):
    """DICOMweb for a viewer that shows pictures drawn by the server, and fetches frames only where the pupil stops."""

    async def open(self) -> None:
        await self._picture(self.series.middle)

    async def rest(self) -> None:
        await self._metadata()
        await self._each(self._picture)

    async def _picture(self, number: int) -> None:
        path = f"{self._wado}/instances/{self.series.sop_uids[number]}/rendered?viewport=256,256&quality=80"
        answer = await self.browser.get(path, "image/jpeg")
        _expect_jpeg(answer.body)
        self._saw(number, answer)


class WebViewer(Way):
    """Orthanc's Web viewer plugin: JPEG of quality 95 inside JSON for scrolling, all bits deflated where one stops."""

    async def open(self) -> None:
        answer = json.loads((await self.browser.get(f"/web-viewer/series/{self.series.series}")).body)
        _expect(len(answer["Slices"]), len(self.series.instances), "slices of the series")
        await self._picture(self.series.middle)

    async def rest(self) -> None:
        await self._each(self._picture)

    async def full_depth(self, slice_number: int) -> None:
        if slice_number not in self.deep:
            await self._fetch("deflate", slice_number)
            self.deep.add(slice_number)

    async def _picture(self, number: int) -> None:
        self._saw(number, await self._fetch("jpeg95", number))

    async def _fetch(self, quality: str, number: int) -> Answer:
        answer = await self.browser.get(f"/web-viewer/instances/{quality}-{self.series.instances[number]}_0")
        if not json.loads(answer.body)["Orthanc"]["PixelData"]:
            raise BenchFailure("a picture without pixels")
        return answer


def _expect(found: int, expected: int, what: str) -> None:
    if found != expected:
        raise BenchFailure(f"{what}: {found} instead of {expected}")


def _expect_jpeg(body: bytes) -> None:
    if not body.startswith(b"\xff\xd8") or not body.endswith(b"\xff\xd9"):
        raise BenchFailure(f"{len(body)} bytes that are no JPEG")
