"""Frames for viewers: as they are stored, with their transfer syntax, and not asked for twice."""

import numpy as np
import pytest

from tests.http.live import Live
from tests.makers import BIG_ENDIAN, DEFLATED, EXPLICIT, IMPLICIT, make_instance
from tests.makers.images import JPEG_LOSSLESS_FIRST, JPEG_LS, RLE, make_image

VALUES = np.arange(20 * 13, dtype="<u2").reshape(20, 13) * 7
FRAMES = [VALUES, VALUES + 1, VALUES + 2]


def path(id: str, frame: int | str) -> str:
    return f"/pacsberry/instances/{id}/frames/{frame}"


@pytest.mark.parametrize("syntax", [EXPLICIT, IMPLICIT, BIG_ENDIAN, DEFLATED])
def test_uncompressed_frames_are_little_endian_whatever_the_file(server: Live, syntax: str) -> None:
    id = server.upload(make_image(FRAMES, syntax))["ID"]

    reply = server.get(path(id, 1))

    assert (reply.status, reply.body) == (200, FRAMES[1].tobytes())
    assert reply.headers["content-type"] == f"application/octet-stream; transfer-syntax={EXPLICIT}"


@pytest.mark.parametrize(
    ("syntax", "media_type"),
    [(JPEG_LS, "image/jls"), (JPEG_LOSSLESS_FIRST, "image/jpeg"), (RLE, "image/dicom-rle")],
)
def test_compressed_frames_say_what_they_are(server: Live, syntax: str, media_type: str) -> None:
    id = server.upload(make_image(FRAMES, syntax))["ID"]

    reply = server.get(path(id, 2))

    assert reply.headers["content-type"] == f"{media_type}; transfer-syntax={syntax}"
    assert reply.body == server.get(f"/instances/{id}/frames/2/raw").body


def test_a_frame_that_is_there_already_is_not_sent_again(server: Live) -> None:
    id = server.upload(make_image(FRAMES))["ID"]
    first = server.get(path(id, 0))

    assert server.get(path(id, 0), {"If-None-Match": first.headers["etag"]}).status == 304
    assert server.get(path(id, 1), {"If-None-Match": first.headers["etag"]}).status == 200
    assert first.headers["cache-control"] == "private, max-age=86400"


@pytest.mark.parametrize("frame", [3, 10**9, -1, "x"])
def test_a_frame_that_is_not_there_is_told(server: Live, frame: int | str) -> None:
    id = server.upload(make_image(FRAMES))["ID"]

    assert server.get(path(id, frame)).status in (400, 404)


def test_an_object_without_pixels_has_no_frame(server: Live) -> None:
    id = server.upload(make_instance("SR"))["ID"]

    assert 400 <= server.get(path(id, 0)).status < 500
    assert server.get(path("01234567-01234567-01234567-01234567-01234567", 0)).status == 404
