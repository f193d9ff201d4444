"""Prepared pictures over HTTP: the manifest of a series, its files, and what who comes too early is told."""

import time
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from tests.http.live import Live
from tests.makers.images import make_image

SLICES = 5


@pytest.fixture
def series(server: Live) -> str:
    """A stack that came in the wrong order."""
    told = [server.upload(stack_slice(number)) for number in (3, 1, 5, 2, 4)]
    return told[0]["ParentSeries"]


def stack_slice(number: int) -> bytes:
    values = (np.add.outer(np.arange(48), np.arange(64)) * 8 + number * 20).astype("i2")
    tags = {
        "ImagePositionPatient": [0, 0, -5.0 * number],  # the order of space is not that of numbers
        "ImageOrientationPatient": [1, 0, 0, 0, 1, 0],
        "PixelSpacing": [0.5, 0.5],
        "WindowCenter": 400,
        "WindowWidth": 800,
    }
    return make_image(values, tags=tags, instance=number)


def manifest(server: Live, series: str, query: str = "") -> Any:
    return server.get(f"/pacsberry/series/{series}/pictures{query}").json


def ready(server: Live, series: str, kinds: tuple[str, ...] = ("thumbnail", "preview")) -> Any:
    """The manifest once these are there."""

    def look() -> Any:
        found = manifest(server, series)
        is_there = all(found["Prepared"][kind]["State"] == "Ready" for kind in kinds)
        return found if is_there and found["IsPlaced"] else None

    return wait_for(look)


def wait_for(look: Callable[[], Any], seconds: float = 20) -> Any:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        found = look()
        if found:
            return found
        time.sleep(0.02)
    pytest.fail("It did not come.")


def test_a_series_nobody_asked_for_is_made_on_demand(server: Live, series: str) -> None:
    first = manifest(server, series)

    assert first["Prepared"]["preview"]["State"] in ("Making", "Ready")
    found = ready(server, series)
    preview = server.get(found["Prepared"]["preview"]["Url"])
    assert preview.status == 200
    assert len(preview.body) == found["Prepared"]["preview"]["Size"]
    assert preview.body.startswith(b"PBPACK1\n")
    thumbnail = server.get(found["Prepared"]["thumbnail"]["Url"])
    assert thumbnail.headers["content-type"] == "image/jpeg"
    assert thumbnail.body.startswith(b"\xff\xd8")
