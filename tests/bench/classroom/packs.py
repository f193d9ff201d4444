"""The road of our own viewer: the preview pack of the whole stack, shown while it arrives, and single slices in depth.

What is not prepared yet is made while the class waits; until then the first picture is one drawn by the server.
"""

import asyncio
import json
import struct
from collections import deque
from collections.abc import Callable
from typing import Any

from tests.bench.classroom.http import Answer
from tests.bench.classroom.ways import Rendered
from tests.bench.failures import BenchFailure

_MAGIC = b"PBPACK1\n"
_HEAD_BYTES, _ENTRY_BYTES = 16, 8  # see server/PICTURES.md
_AGAIN_SECONDS = 1.0


class Prepared(Rendered):
    """Prepared pictures, see server/PICTURES.md."""

    _manifest: dict[str, Any]
    _pack: "asyncio.Task[None] | None" = None

    async def open(self) -> None:
        self._manifest = await self._look()
        if self._state("preview")["State"] != "Ready":
            await self._picture(self.series.middle)
            return
        reader = PackReader(self._came)
        self._pack = asyncio.create_task(self._fetch_pack(reader))
        first = asyncio.create_task(reader.first.wait())
        try:
            await asyncio.wait((self._pack, first), return_when=asyncio.FIRST_COMPLETED)
            if self._pack.done():
                self._pack.result()
        except asyncio.CancelledError:
            self._pack.cancel()
            raise
        finally:
            first.cancel()

    async def rest(self) -> None:
        while self._pack is None:
            await asyncio.sleep(_AGAIN_SECONDS)
            self._manifest = await self._look()
            if self._state("preview")["State"] == "Ready":
                self.seen.clear()  # what was drawn is among what comes
                self.seen_bytes = 0
                self._pack = asyncio.create_task(self._fetch_pack(PackReader(self._came)))
        try:
            await self._pack
        except asyncio.CancelledError:
            self._pack.cancel()
            raise

    async def full_depth(self, slice_number: int) -> None:
        if slice_number in self.deep:
            return
        if self._state("frames")["State"] != "Ready":
            self._manifest = await self._look()
        state = self._state("frames")
        if state["State"] == "Ready":
            answer = await self.browser.get(f"{state['Url']}/{slice_number}", "image/jls")
            _expect_jpeg_ls(answer)
        else:
            await self._fetch(slice_number)
        self.deep.add(slice_number)

    def _came(self, number: int, length: int) -> None:
        self.seen.add(number)
        self.seen_bytes += length

    async def _look(self) -> dict[str, Any]:
        manifest = json.loads((await self.browser.get(f"/pacsberry/series/{self.series.series}/pictures")).body)
        if manifest["CountPictures"] != len(self.series.sop_uids):
            raise BenchFailure(f"the manifest has {manifest['CountPictures']} pictures")
        return dict(manifest)

    def _state(self, kind: str) -> dict[str, Any]:
        state = dict(self._manifest["Prepared"][kind])
        if state["State"] not in ("Ready", "Making", "Missing"):
            raise BenchFailure(f"the {kind} of the series: {state}")
        return state

    async def _fetch_pack(self, reader: "PackReader") -> None:
        await self.browser.get(self._state("preview")["Url"], take=reader.take)
        if len(self.seen) != len(self.series.sop_uids):
            raise BenchFailure(f"the preview pack has {len(self.seen)} pictures")


class PackReader:
    """Reads a pack while it arrives, and tells which pictures are there."""

    def __init__(self, tell: Callable[[int, int], None]) -> None:
        """`tell` is given the number of each picture whose last byte has come, and its length."""
        self.first = asyncio.Event()
        self._tell = tell
        self._head: bytes | None = b""  # as far as it has come; None once it is read
        self._taken_bytes = 0
        self._coming: deque[tuple[int, int, int]] = deque()  # where each picture ends, its number, its length

    def take(self, piece: bytes) -> None:
        """The next bytes; BenchFailure when they are not those of a pack."""
        self._taken_bytes += len(piece)
        if self._head is not None:
            self._head = self._read(self._head + piece)
        while self._coming and self._coming[0][0] <= self._taken_bytes:
            _, number, length = self._coming.popleft()
            self._tell(number, length)
            self.first.set()

    def _read(self, head: bytes) -> bytes | None:
        """None once all of it is there."""
        if head[: len(_MAGIC)] != _MAGIC[: len(head)]:
            raise BenchFailure("this is no pack")
        if len(head) < _HEAD_BYTES:
            return head
        facts_bytes, count = struct.unpack_from("<II", head, len(_MAGIC))
        end = _HEAD_BYTES + _ENTRY_BYTES * count
        if len(head) < end:
            return head
        place = end + facts_bytes
        for number, length in struct.iter_unpack("<II", head[_HEAD_BYTES:end]):
            place += length
            if length:
                self._coming.append((place, number, length))
        return None


def _expect_jpeg_ls(answer: Answer) -> None:
    if not answer.body.startswith(b"\xff\xd8\xff"):
        raise BenchFailure(f"{len(answer.body)} bytes that are no JPEG-LS")
