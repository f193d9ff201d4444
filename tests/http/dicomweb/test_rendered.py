"""WADO-RS pictures and WADO-URI: what is drawn, in which form, and what is refused."""

import io
import struct
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from pacsberry.http.settings import DicomWebSettings, HttpSettings
from tests.http.dicomweb.aids import path_of
from tests.http.live import Live, live_server
from tests.makers import make_instance
from tests.makers.images import make_image

RAMP = np.arange(24 * 40, dtype="i2").reshape(24, 40)
DATA = make_image([RAMP, RAMP * 0 + 500, RAMP * 0], tags={"WindowCenter": 480, "WindowWidth": 960})
PATH = path_of(DATA)
UID = PATH.rsplit("/", 1)[1]
PNG = {"Accept": "image/png"}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Live]:
    with live_server(tmp_path_factory.mktemp("rendered")) as running:
        running.upload(DATA)
        running.upload(make_instance("SR", series=7, instance=7))
        yield running


def size_of(png: bytes) -> tuple[int, int]:
    """Width and height of a PNG file."""
    assert png.startswith(b"\x89PNG\r\n\x1a\n")
    width, height = struct.unpack(">LL", io.BytesIO(png).getbuffer()[16:24])
    return width, height


@pytest.mark.parametrize("steps", [0, 1, 2])
@pytest.mark.parametrize("what", ["rendered", "thumbnail"])
def test_a_picture_of_every_level_is_drawn(server: Live, steps: int, what: str) -> None:
    address = f"{PATH.rsplit('/', 2 * steps)[0]}/{what}"

    for accept, media_type in (("*/*", "image/jpeg"), ("image/*", "image/jpeg"), ("image/png", "image/png")):
        reply = server.get(address, {"Accept": accept})
        assert (reply.status, reply.headers["content-type"]) == (200, media_type)
        assert server.get(address, {"Accept": accept, "If-None-Match": reply.headers["etag"]}).status == 304


def test_frames_windows_and_sizes_are_those_asked_for(server: Live) -> None:
    native = server.get(f"{PATH}/rendered", PNG).body
    other = server.get(f"{PATH}/frames/2/rendered", PNG).body

    assert native != other
    assert server.get(f"{PATH}/frames/1/rendered", PNG).body == native
    assert size_of(native) == (40, 24)
    assert size_of(server.get(f"{PATH}/rendered?viewport=20,20", PNG).body) == (20, 12)
    windows = {server.get(f"{PATH}/rendered?window={window}", PNG).body for window in ("480,960", "480,960,linear")}
    assert len(windows) == 1
    assert server.get(f"{PATH}/rendered?window=0,10", PNG).body not in windows
    assert size_of(server.get(f"{PATH}/thumbnail?viewport=10,10", PNG).body) == (10, 6)
    assert server.get(f"{PATH}/rendered?quality=5").body != server.get(f"{PATH}/rendered").body


@pytest.mark.parametrize(
    ("path", "accept", "status"),
    [
        ("rendered?viewport=x", "*/*", 400),
        ("rendered?viewport=1", "*/*", 400),
        ("rendered?viewport=0,1", "*/*", 400),
        ("rendered?viewport=1,2,3,4,5,6", "*/*", 400),
        ("rendered?viewport=999999999,999999999", "*/*", 200),
        ("rendered?window=1", "*/*", 400),
        ("rendered?window=nan,1", "*/*", 400),
        ("rendered?window=1,2,sigmoid", "*/*", 400),
        ("rendered?window=1,2,3,4", "*/*", 400),
        ("rendered?quality=0", "*/*", 400),
        ("frames/0/rendered", "*/*", 400),
        ("frames/1,2/rendered", "*/*", 400),
        ("frames/4/rendered", "*/*", 404),
        ("frames/999999999/thumbnail", "*/*", 404),
        ("rendered", "text/html", 406),
        ("nothing/rendered", "*/*", 404),
    ],
)
def test_what_cannot_be_drawn_is_refused(server: Live, path: str, accept: str, status: int) -> None:
    assert server.get(f"{PATH}/{path}", {"Accept": accept}).status == status


def test_an_object_without_pixels_has_no_picture(server: Live) -> None:
    assert server.get(f"{path_of(make_instance('SR', series=7, instance=7))}/rendered").status == 415
    assert server.get("/dicom-web/studies/9.9/rendered").status == 404


@pytest.mark.parametrize(
    ("more", "media_type"),
    [
        ("", "image/jpeg"),
        ("&contentType=image/jpg", "image/jpeg"),
        ("&contentType=image/png", "image/png"),
        ("&contentType=text/html,image/png", "image/png"),
        ("&contentType=application/dicom", "application/dicom"),
        (f"&studyUID={PATH.split('/')[3]}&seriesUID={PATH.split('/')[5]}&frameNumber=2&rows=6", "image/jpeg"),
    ],
)
def test_wado_uri_gives_the_object_in_the_form_asked_for(server: Live, more: str, media_type: str) -> None:
    reply = server.get(f"/wado?requestType=WADO&objectUID={UID}{more}")

    assert (reply.status, reply.headers["content-type"]) == (200, media_type)
    assert media_type != "application/dicom" or reply.body == DATA


def test_wado_uri_draws_what_is_asked_for(server: Live) -> None:
    address = f"/wado?requestType=WADO&contentType=image/png&objectUID={UID}"

    assert server.get(address).body == server.get(f"{PATH}/rendered", PNG).body
    assert server.get(f"{address}&frameNumber=2").body == server.get(f"{PATH}/frames/2/rendered", PNG).body
    window = server.get(f"{PATH}/rendered?window=9,70", PNG).body
    assert server.get(f"{address}&windowCenter=9&windowWidth=70").body == window
    assert size_of(server.get(f"{address}&columns=10&rows=10").body) == (10, 6)


@pytest.mark.parametrize(
    ("query", "status"),
    [
        (f"objectUID={UID}", 400),
        (f"requestType=X&objectUID={UID}", 400),
        ("requestType=WADO", 400),
        ("requestType=WADO&objectUID=1.2", 404),
        (f"requestType=WADO&objectUID={UID}&studyUID=1.2", 404),
        (f"requestType=WADO&objectUID={UID}&contentType=text/html", 406),
        (f"requestType=WADO&objectUID={UID}&frameNumber=0", 400),
        (f"requestType=WADO&objectUID={UID}&frameNumber=9", 404),
        (f"requestType=WADO&objectUID={UID}&windowCenter=x", 400),
        (f"requestType=WADO&objectUID={UID}&rows=-1", 400),
    ],
)
def test_wado_uri_refuses_what_it_cannot_give(server: Live, query: str, status: int) -> None:
    assert server.get(f"/wado?{query}").status == status


@pytest.mark.parametrize(
    ("root", "path", "status"), [("", "/wado", 404), ("/old", "/old", 400), ("/old", "/wado", 404)]
)
def test_the_configuration_says_where_wado_uri_is(tmp_path: Path, root: str, path: str, status: int) -> None:
    http = HttpSettings(port=0, addresses=("127.0.0.1",), dicomweb=DicomWebSettings(wado_uri_root=root))
    with live_server(tmp_path, settings=http) as server:
        assert server.get(path).status == status


def test_the_address_says_what_is_accepted_before_the_header_does(server: Live) -> None:
    reply = server.get(
        f"{PATH}/thumbnail?accept=image/png",
        {"Accept": 'multipart/related; type="application/octet-stream"'},  # as OHIF asks
    )

    assert (reply.status, reply.headers["content-type"]) == (200, "image/png")
