"""Pictures and arrays over HTTP: routes, formats, errors, entity tags, and that others are served meanwhile."""

import io
import struct
import threading
import time
import zlib
from collections.abc import Iterator
from http.client import HTTPException
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from imagecodecs import _jpeg8
from numpy.typing import NDArray

from pacsberry.http.settings import HttpSettings
from pacsberry.imaging.limits import Limits
from pacsberry.imaging.pool import WorkerPool
from tests.http.live import Live, live_server
from tests.imaging.aids import acting
from tests.makers import make_instance
from tests.makers.images import make_image

VALUES = (np.arange(24 * 20, dtype="i2").reshape(24, 20) - 100) * 3
FRAMES = [VALUES, VALUES + 1, VALUES * 2]
PICTURES = ("preview", "rendered", "image-uint8", "image-uint16", "image-int16")
ALL = (*PICTURES, "matlab", "numpy")


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Live]:
    with live_server(tmp_path_factory.mktemp("pictures")) as running:
        yield running


@pytest.fixture(scope="module")
def id(server: Live) -> str:
    """A multi-frame instance."""
    tags = {"RescaleSlope": 2, "RescaleIntercept": -7, "WindowCenter": 50, "WindowWidth": 700}
    return server.upload(make_image(FRAMES, tags=tags))["ID"]


def pixels_of_png(data: bytes) -> NDArray[Any]:
    """The pixels of one of our PNG files, whose rows are all differences from the one above."""
    assert data.startswith(b"\x89PNG\r\n\x1a\n")
    place, packed = 8, b""
    while place < len(data):
        (length,) = struct.unpack_from(">L", data, place)
        name, content = data[place + 4 : place + 8], data[place + 8 : place + 8 + length]
        assert struct.unpack_from(">L", data, place + 8 + length)[0] == zlib.crc32(name + content)
        if name == b"IHDR":
            columns, rows, bits, colour = struct.unpack_from(">LLBB", content)
        packed += content if name == b"IDAT" else b""
        place += 12 + length
    lines = np.frombuffer(zlib.decompress(packed), "u1").reshape(rows, -1)
    assert set(lines[:, 0]) == {2}
    pixels = np.cumsum(lines[:, 1:], axis=0, dtype="u1").copy()
    shaped = pixels.view(">u2") if bits == 16 else pixels
    return shaped.reshape(rows, columns, 3) if colour == 2 else shaped


@pytest.mark.parametrize("name", PICTURES)
@pytest.mark.parametrize("frame", [None, 0, 2])
def test_pictures_are_png_unless_asked_otherwise(server: Live, id: str, name: str, frame: int | None) -> None:
    place = "" if frame is None else f"/frames/{frame}"

    reply = server.get(f"/instances/{id}{place}/{name}")

    assert (reply.status, reply.headers["content-type"]) == (200, "image/png")
    pixels = pixels_of_png(reply.body)
    assert pixels.shape == (24, 20)
    if name == "image-uint16":
        assert np.array_equal(pixels, np.maximum(FRAMES[frame or 0], 0))


@pytest.mark.parametrize(
    ("accept", "content_type"),
    [
        ("image/jpeg", "image/jpeg"),
        ("image/png;q=0.5, image/jpeg", "image/jpeg"),
        ("image/x-portable-arbitrarymap", "image/x-portable-arbitrarymap"),
        ("image/*", "image/png"),
        ("text/html,image/webp,*/*;q=0.8", "image/png"),
    ],
)
def test_the_client_chooses_the_format(server: Live, id: str, accept: str, content_type: str) -> None:
    reply = server.get(f"/instances/{id}/preview", {"Accept": accept})

    assert (reply.status, reply.headers["content-type"]) == (200, content_type)
    assert reply.headers["vary"] == "Accept"


def test_a_format_that_cannot_be_made_is_not_acceptable(server: Live, id: str) -> None:
    assert server.get(f"/instances/{id}/preview", {"Accept": "text/html"}).status == 406
    assert server.get(f"/instances/{id}/image-uint16", {"Accept": "image/jpeg"}).status == 406


def test_the_quality_of_jpeg_can_be_chosen(server: Live, id: str) -> None:
    sizes = [
        len(server.get(f"/instances/{id}/preview?quality={quality}", {"Accept": "image/jpeg"}).body)
        for quality in (10, 90, 100)
    ]

    assert sizes == sorted(set(sizes))


def test_jpeg_shows_the_same_picture_as_png(server: Live, id: str) -> None:
    path = f"/instances/{id}/rendered?quality=100"

    jpeg, png = server.get(path, {"Accept": "image/jpeg"}).body, server.get(path).body

    assert np.abs(_jpeg8.jpeg8_decode(jpeg).astype(int) - pixels_of_png(png)).max() <= 3


def test_a_window_and_a_size_can_be_asked_for(server: Live, id: str) -> None:
    reply = server.get(f"/instances/{id}/rendered?window-center=100.5&window-width=20&width=40&smooth")

    pixels = pixels_of_png(reply.body)
    assert pixels.shape == (48, 40)
    assert {int(pixels.min()), int(pixels.max())} == {0, 255}


@pytest.mark.parametrize(
    "query",
    [
        "window-center=x",
        "window-width=inf",
        "width=-1",
        "height=x",
        "smooth=maybe",
        "width=100000",
        "height=9999999999",
    ],
)
def test_an_argument_that_makes_no_sense_is_a_bad_request(server: Live, id: str, query: str) -> None:
    assert server.get(f"/instances/{id}/rendered?{query}").status == 400
    assert server.get(f"/instances/{id}/rendered").status == 200


@pytest.mark.parametrize("quality", ["0", "101", "x"])
def test_a_quality_that_makes_no_sense_is_a_bad_request(server: Live, id: str, quality: str) -> None:
    assert server.get(f"/instances/{id}/preview?quality={quality}", {"Accept": "image/jpeg"}).status == 400


@pytest.mark.parametrize("name", ALL)
def test_a_frame_or_an_instance_that_is_not_there_is_unknown(server: Live, id: str, name: str) -> None:
    assert server.get(f"/instances/{id}/frames/3/{name}").status == 404
    assert server.get(f"/instances/{id}/frames/-1/{name}").status == 404
    assert server.get(f"/instances/{id}/frames/x/{name}").status == 404
    assert server.get(f"/instances/unknown/{name}").status == 404


@pytest.mark.parametrize("name", ALL)
def test_an_object_without_pixels_is_told_to_have_none(server: Live, name: str) -> None:
    number = ALL.index(name)
    report = server.upload(make_instance("SR", instance=100 + number))["ID"]

    reply = server.get(f"/instances/{report}/{name}")

    assert reply.status == 415
    assert "no image" in reply.text


def test_a_picture_that_says_so_takes_the_place_of_one_that_cannot_be_shown(server: Live) -> None:
    report = server.upload(make_instance("SR", instance=2))["ID"]

    for place, root in (("", "../../"), ("/frames/0", "../../../../")):
        reply = server.get(f"/instances/{report}{place}/preview?returnUnsupportedImage")
        assert reply.status == 301
        assert reply.headers["location"] == f"{root}app/images/unsupported.png"
    shown = server.get("/app/images/unsupported.png")
    assert (shown.headers["content-type"], shown.body[:4]) == ("image/png", b"\x89PNG")


def test_a_client_that_has_a_product_is_told_so_without_a_worker(tmp_path: Path) -> None:
    with live_server(tmp_path) as server:
        id = server.upload(make_image(FRAMES))["ID"]
        tags = {name: server.get(f"/instances/{id}/{name}").headers["etag"] for name in ALL}
        tags["frames/0/numpy"] = server.get(f"/instances/{id}/frames/0/numpy").headers["etag"]
        other = {name: server.get(f"/instances/{id}/frames/1/{name}").headers["etag"] for name in ALL}
        server.pictures.pool.stop()
        server.pictures.pool = WorkerPool(Limits(), start=acting("nothing works here"))

        for name, etag in tags.items():
            again = server.get(f"/instances/{id}/{name}", {"If-None-Match": etag})
            assert (again.status, again.body, again.headers["etag"]) == (304, b"", etag)
        assert not set(tags.values()) & set(other.values())


def test_another_window_size_or_format_has_another_entity_tag(server: Live, id: str) -> None:
    queries = ("", "?width=10", "?window-center=4", "?window-width=4", "?smooth&width=10", "?overlays")

    tags = [server.get(f"/instances/{id}/rendered{query}").headers["etag"] for query in queries]
    tags.append(server.get(f"/instances/{id}/rendered", {"Accept": "image/jpeg"}).headers["etag"])

    assert len(set(tags)) == len(tags)


def test_a_stretch_of_a_picture_can_be_asked_for(server: Live, id: str) -> None:
    reply = server.get(f"/instances/{id}/preview", {"Range": "bytes=1-3"})

    assert (reply.status, reply.body) == (206, b"PNG")


def test_frames_tell_what_can_be_asked_of_them(server: Live, id: str) -> None:
    assert server.get(f"/instances/{id}/frames/0").json == [
        "image-int16", "image-uint16", "image-uint8", "matlab", "numpy", "preview", "raw", "raw.gz", "rendered",
    ]  # fmt: skip


def array(body: bytes) -> NDArray[Any]:
    loaded: Any = np.load(io.BytesIO(body))
    return np.asarray(loaded if isinstance(loaded, np.ndarray) else loaded["arr_0"])


def test_arrays_of_a_frame_and_of_an_instance(server: Live, id: str) -> None:
    frame = array(server.get(f"/instances/{id}/frames/1/numpy?rescale=false").body)
    instance = array(server.get(f"/instances/{id}/numpy?rescale=0").body)
    rescaled = array(server.get(f"/instances/{id}/numpy").body)

    assert (frame.dtype, frame.shape) == (np.dtype("<i2"), (24, 20, 1))
    assert np.array_equal(frame[:, :, 0], FRAMES[1])
    assert np.array_equal(instance, np.stack(FRAMES)[..., np.newaxis])
    assert rescaled.dtype == np.dtype("<f4")
    assert np.array_equal(rescaled, instance * 2.0 - 7)


def test_the_length_of_an_array_is_told(server: Live, id: str) -> None:
    reply = server.get(f"/instances/{id}/numpy")

    assert int(reply.headers["content-length"]) == len(reply.body)
    assert reply.headers["content-type"] == "application/octet-stream"


def test_arrays_can_be_packed(server: Live, id: str) -> None:
    plain, packed = server.get(f"/instances/{id}/numpy").body, server.get(f"/instances/{id}/numpy?compress").body

    assert packed.startswith(b"PK")
    assert np.array_equal(array(plain), array(packed))


def test_the_array_of_a_series_has_its_slices_in_order(tmp_path: Path) -> None:
    with live_server(tmp_path) as server:
        for number in (3, 1, 2):
            tags = {"ImagePositionPatient": [0, 0, number * 5], "InstanceNumber": number, "RescaleSlope": 1}
            told = server.upload(make_image(VALUES + number, instance=number, tags={**tags, "RescaleIntercept": 0}))

        series = array(server.get(f"/series/{told['ParentSeries']}/numpy").body)

        assert series.shape == (3, 24, 20, 1)
        assert np.array_equal(series[:, 0, 0, 0], VALUES[0, 0] + np.array([1, 2, 3]))
        assert server.get("/series/unknown/numpy").status == 404


@pytest.mark.parametrize("other", [VALUES[:5], VALUES.view("u2")])
def test_images_of_different_kinds_are_no_array(other: NDArray[Any], tmp_path: Path) -> None:
    with live_server(tmp_path) as server:
        server.upload(make_image(VALUES, instance=1))
        told = server.upload(make_image(other, instance=2))

        with pytest.raises((HTTPException, ConnectionError)):
            server.get(f"/series/{told['ParentSeries']}/numpy?rescale=0")
        assert server.pictures.waiting.bytes == 0


def test_an_image_that_kills_workers_costs_nobody_else_anything(tmp_path: Path) -> None:
    """While the worker hangs, and more requests wait for it than there are threads, all else answers."""
    settings = HttpSettings(port=0, addresses=("127.0.0.1",), threads=2)
    with live_server(tmp_path, settings=settings, pixels=Limits(seconds=1)) as server:
        pictures = server.pictures
        pictures.pool = WorkerPool(Limits(seconds=1), start=acting("take(); time.sleep(60)"))
        ids = [server.upload(make_instance("CT", instance=number))["ID"] for number in range(4)]
        told: list[int] = []
        asking = [
            threading.Thread(target=lambda one=one: told.append(server.get(f"/instances/{one}/preview").status))
            for one in ids
        ]
        for thread in asking:
            thread.start()

        time.sleep(0.3)
        begun = time.monotonic()
        assert server.get("/system").status == 200
        assert server.upload(make_instance("MR"))
        assert time.monotonic() - begun < 0.7

        for thread in asking:
            thread.join(20)
        assert told == [500] * 4
        again = server.get(f"/instances/{ids[0]}/preview")
        assert (again.status, "took longer" in again.text) == (500, True)


def test_more_requests_for_pictures_than_may_wait_are_told_to_come_again(tmp_path: Path) -> None:
    settings = HttpSettings(port=0, addresses=("127.0.0.1",), waiting_for_pictures=1)
    with live_server(tmp_path, settings=settings) as server:
        server.pictures.pool = WorkerPool(Limits(seconds=1), start=acting("take(); time.sleep(60)"))
        one, other = (server.upload(make_instance("CT", instance=number))["ID"] for number in (1, 2))
        waiting = threading.Thread(target=server.get, args=(f"/instances/{one}/preview",))
        waiting.start()
        time.sleep(0.3)

        reply = server.get(f"/instances/{other}/preview")

        waiting.join(10)
        assert (reply.status, reply.headers["retry-after"]) == (503, "5")
