"""WADO-RS: frames as they are stored, and transcoded."""

from collections.abc import Iterator

import numpy as np
import pytest

from tests.http.dicomweb.aids import parts_of, path_of
from tests.http.live import Live, live_server
from tests.makers import BIG_ENDIAN, DEFLATED, EXPLICIT, IMPLICIT, make_instance
from tests.makers.images import (
    HTJ2K,
    JPEG_2000,
    JPEG_BASELINE,
    JPEG_LOSSLESS,
    JPEG_LOSSLESS_FIRST,
    JPEG_LS,
    RLE,
    make_image,
)

VALUES = np.arange(20 * 13, dtype="<u2").reshape(20, 13) * 7
FRAMES = [VALUES, VALUES + 1, VALUES + 2]
OCTETS = "multipart/related; type=application/octet-stream"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Live]:
    with live_server(tmp_path_factory.mktemp("frames")) as running:
        yield running


@pytest.fixture(scope="module")
def path(server: Live) -> str:
    data = make_image(FRAMES, instance=1)
    server.upload(data)
    return path_of(data)


@pytest.mark.parametrize(("syntax", "number"), [(EXPLICIT, 2), (IMPLICIT, 3), (BIG_ENDIAN, 4), (DEFLATED, 5)])
def test_native_frames_are_little_endian_whatever_the_file(server: Live, syntax: str, number: int) -> None:
    data = make_image(FRAMES, syntax, instance=number)
    server.upload(data)

    for accept in ("*/*", OCTETS, f"{OCTETS}; transfer-syntax=*", f"{OCTETS}; transfer-syntax={EXPLICIT}"):
        reply = server.get(f"{path_of(data)}/frames/3,1", {"Accept": accept})
        (first, one), (second, other) = parts_of(reply)
        assert (one, other) == (FRAMES[2].tobytes(), FRAMES[0].tobytes())
        assert first["content-type"] == second["content-type"]
        assert first["content-type"] == f"application/octet-stream; transfer-syntax={EXPLICIT}"
        assert first["content-length"] == str(len(one))
        assert first["content-location"] == f"{server.url}{path_of(data)}/frames/3"
    alone = server.get(f"{path_of(data)}/frames/2", {"Accept": "application/octet-stream"})
    assert (alone.status, alone.body) == (200, FRAMES[1].tobytes())
    assert alone.headers["content-type"] == f"application/octet-stream; transfer-syntax={EXPLICIT}"


@pytest.mark.parametrize(
    ("syntax", "media_type", "number"),
    [
        (JPEG_BASELINE, "image/jpeg", 10),
        (JPEG_LS, "image/jls", 11),
        (JPEG_2000, "image/jp2", 12),
        (HTJ2K, "image/jphc", 13),
        (RLE, "image/dicom-rle", 14),
    ],
)
def test_compressed_frames_come_as_they_are_stored(server: Live, syntax: str, media_type: str, number: int) -> None:
    data = make_instance("CT", transfer_syntax=syntax, frames=2, instance=number)
    told = server.upload(data)
    stored = server.get(f"/instances/{told['ID']}/frames/1/raw").body
    address = f"{path_of(data)}/frames/2"

    for accept, expected in (
        ("*/*", media_type),
        (f'multipart/related; type="{media_type}"', media_type),
        ("multipart/related; type=image/*", media_type),
        ('multipart/related; type="*/*"', media_type),
        (f"multipart/related; type={media_type}; transfer-syntax={syntax}", media_type),
        (f"{OCTETS}; transfer-syntax=*", "application/octet-stream"),
        (f"{OCTETS};transfer-syntax={EXPLICIT}, {OCTETS};transfer-syntax={syntax}", "application/octet-stream"),
    ):
        [(headers, content)] = parts_of(server.get(address, {"Accept": accept}))
        assert content == stored
        assert headers["content-type"] == f"{expected}; transfer-syntax={syntax}"
    alone = server.get(address, {"Accept": f"application/octet-stream; transfer-syntax={syntax}"})
    assert (alone.status, alone.body) == (200, stored)
    assert server.get(address, {"Accept": "image/png"}).status == 406
    for accept in (OCTETS, f"{OCTETS}; transfer-syntax={EXPLICIT}", "application/octet-stream"):
        assert server.get(address, {"Accept": accept}).status == 415  # no decoder can read these


@pytest.mark.parametrize("stored", [JPEG_LS, RLE, JPEG_2000])
@pytest.mark.parametrize(
    ("accept", "media_type", "syntax"),
    [
        (OCTETS, "application/octet-stream", EXPLICIT),
        (f"{OCTETS}; transfer-syntax={EXPLICIT}", "application/octet-stream", EXPLICIT),
        (f"multipart/related; transfer-syntax={EXPLICIT}", "application/octet-stream", EXPLICIT),
        ("multipart/related; type=image/jphc", "image/jphc", HTJ2K),
        ("multipart/related; type=image/jpeg", "image/jpeg", JPEG_LOSSLESS_FIRST),
        (f"multipart/related; type=image/jpeg; transfer-syntax={JPEG_LOSSLESS}", "image/jpeg", JPEG_LOSSLESS),
        (f"{OCTETS}; transfer-syntax={HTJ2K}", "application/octet-stream", HTJ2K),
        ("text/html, image/png, multipart/related; type=image/jphc; q=0.2", "image/jphc", HTJ2K),
    ],
)
def test_frames_are_transcoded_for_who_takes_them_no_other_way(
    server: Live, stored: str, accept: str, media_type: str, syntax: str
) -> None:
    instance = 60 + [JPEG_LS, RLE, JPEG_2000].index(stored)
    data = make_image([frame & 0xFFF for frame in FRAMES], stored, bits_stored=12, instance=instance)
    server.post("/instances", data)
    address = f"{path_of(data)}/frames/3,1"

    parts = parts_of(server.get(address, {"Accept": accept}))

    assert len(parts) == 2
    for (headers, content), number in zip(parts, (3, 1), strict=True):
        assert headers["content-type"] == f"{media_type}; transfer-syntax={syntax}"
        assert headers["content-length"] == str(len(content))
        assert headers["content-location"].endswith(f"/frames/{number}")
        if syntax == EXPLICIT:
            assert content == (FRAMES[number - 1] & 0xFFF).tobytes()


def test_one_frame_comes_transcoded_and_alone(server: Live) -> None:
    data = make_image(FRAMES, JPEG_2000, instance=32)
    server.upload(data)
    address = f"{path_of(data)}/frames/2"

    reply = server.get(address, {"Accept": "application/octet-stream"})

    assert (reply.status, reply.body) == (200, FRAMES[1].tobytes())
    assert reply.headers["content-type"] == f"application/octet-stream; transfer-syntax={EXPLICIT}"
    part = server.get(address, {"Accept": "application/octet-stream", "Range": "bytes=0-3"})
    assert (part.status, part.body) == (206, reply.body[:4])
    known = {"Accept": "application/octet-stream", "If-None-Match": reply.headers["etag"]}
    assert server.get(address, known).status == 304
    assert server.get(f"{path_of(data)}/frames/4", {"Accept": "application/octet-stream"}).status == 404


def test_what_needs_no_decoding_goes_before_what_is_liked_as_much(server: Live) -> None:
    data = make_image(FRAMES, RLE, instance=33)
    server.upload(data)
    address = f"{path_of(data)}/frames/1"

    for accept, expected in (
        (f"{OCTETS}, multipart/related; type=image/dicom-rle", RLE),
        (f"{OCTETS}; q=0.9, multipart/related; type=image/dicom-rle; q=0.5", EXPLICIT),
        ("multipart/related; type=image/jls, */*; q=0.1", JPEG_LS),
    ):
        ((headers, _),) = parts_of(server.get(address, {"Accept": accept}))
        assert headers["content-type"].rpartition("=")[2] == expected


@pytest.mark.parametrize(
    "accept",
    [
        f"multipart/related; type=image/jpeg; transfer-syntax={JPEG_BASELINE}",
        f"multipart/related; type=image/jls; transfer-syntax={HTJ2K}",
        f"{OCTETS}; transfer-syntax={IMPLICIT}",
        "multipart/related; type=video/mp4",
        f"multipart/related; transfer-syntax={JPEG_BASELINE}",
    ],
)
def test_frames_are_not_made_worse_nor_named_for_what_they_are_not(server: Live, path: str, accept: str) -> None:
    assert server.get(f"{path}/frames/1", {"Accept": accept}).status == 406


@pytest.mark.parametrize(
    ("frames", "status"),
    [
        ("0", 400),
        ("-1", 400),
        ("x", 400),
        ("1,", 400),
        ("1,,2", 400),
        ("٣", 400),
        ("1%2C0", 400),
        ("4", 404),
        ("1,4", 404),
        ("999999999", 404),
        ("1000000000", 400),
        (",".join(["1"] * 4097), 400),
    ],
)
def test_frames_that_are_not_there_are_refused(server: Live, path: str, frames: str, status: int) -> None:
    quoted = frames.replace("٣", "%D9%A3")

    assert server.get(f"{path}/frames/{quoted}").status == status


def test_several_frames_come_in_parts_only(server: Live, path: str) -> None:
    assert server.get(f"{path}/frames/1,2", {"Accept": "application/octet-stream"}).status == 406


@pytest.mark.parametrize("accept", ["*/*", "application/octet-stream"])
def test_a_client_that_has_a_frame_is_told_so(server: Live, path: str, accept: str) -> None:
    first = server.get(f"{path}/frames/1", {"Accept": accept})
    again = server.get(f"{path}/frames/1", {"Accept": accept, "If-None-Match": first.headers["etag"]})
    other = server.get(f"{path}/frames/2", {"Accept": accept, "If-None-Match": first.headers["etag"]})

    assert (first.status, again.status, other.status) == (200, 304, 200)
    assert again.body == b""


def test_an_object_without_pixels_has_no_frames(server: Live) -> None:
    data = make_instance("SR", instance=40)
    server.upload(data)

    assert server.get(f"{path_of(data)}/frames/1").status == 404


def test_a_part_of_a_frame_can_be_had(server: Live, path: str) -> None:
    headers = {"Accept": "application/octet-stream", "Range": "bytes=2-5"}

    part = server.get(f"{path}/frames/1", headers)

    assert (part.status, part.body) == (206, FRAMES[0].tobytes()[2:6])
    assert server.get(f"{path}/frames/1", {**headers, "Range": "bytes=1000000000-"}).status == 416


def test_no_frame_is_sent_when_one_of_those_asked_for_is_not_there(server: Live) -> None:
    data = make_image(FRAMES, RLE, instance=50)
    server.upload(data)

    assert server.get(f"{path_of(data)}/frames/1,4", {"Accept": OCTETS}).status == 404


def test_video_is_not_taken_apart(server: Live) -> None:
    data = make_instance("CT", transfer_syntax="1.2.840.10008.1.2.4.102", instance=51)
    server.upload(data)

    for accept in (OCTETS, "multipart/related; type=image/jls"):
        assert server.get(f"{path_of(data)}/frames/1", {"Accept": accept}).status == 406
