"""Frames and thumbnails of DICOMweb that were prepared."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import imagecodecs
import numpy as np
import pytest

from pacsberry.http.settings import DicomWebSettings, HttpSettings
from pacsberry.imaging.prepared.kinds import FRAMES, THUMBNAIL
from pacsberry.imaging.prepared.store import Address
from tests.http.live import Live, live_server
from tests.http.test_prepared import stack_slice, wait_for
from tests.makers import make_instance
from tests.makers.images import JPEG_LS, make_image

JLS = {"Accept": "image/jls"}
ANY = {"Accept": 'multipart/related; type="application/octet-stream"; transfer-syntax=*'}


def prepare(server: Live, series: str, kind: str) -> None:
    digest = server.archive.contents.digest(series)
    server.preparer.demand(series, digest, [kind])
    wait_for(lambda: server.preparer.store.has(Address(series, digest, kind)))
    wait_for(lambda: server.preparer.progress(series) is None)


def path_of(server: Live, told: Mapping[str, str]) -> str:
    """DICOMweb's address of an instance."""
    names = (("studies", "ParentStudy", "StudyInstanceUID"), ("series", "ParentSeries", "SeriesInstanceUID"))
    path = "/dicom-web"
    for level, key, uid in (*names, ("instances", "ID", "SOPInstanceUID")):
        path += f"/{level}/{server.get(f'/{level}/{told[key]}').json['MainDicomTags'][uid]}"
    return path


def values_of(number: int) -> Any:
    return (np.add.outer(np.arange(48), np.arange(64)) * 8 + number * 20).astype("i2")


def test_who_takes_jpeg_ls_gets_the_prepared_frame(server: Live) -> None:
    told = [server.upload(stack_slice(number)) for number in (2, 1, 3)]
    path = path_of(server, told[0])
    transcoded = server.get(f"{path}/frames/1", JLS)
    prepare(server, told[0]["ParentSeries"], FRAMES)
    before = server.archive.files.opens

    reply = server.get(f"{path}/frames/1", JLS)

    assert (transcoded.status, reply.status) == (200, 200)
    assert transcoded.headers["etag"] != reply.headers["etag"]
    assert reply.headers["content-type"] == f"image/jls; transfer-syntax={JPEG_LS}"
    assert np.array_equal(imagecodecs.jpegls_decode(reply.body).view("i2"), values_of(2))
    assert server.archive.files.opens == before
    again = server.get(f"{path}/frames/1", {**JLS, "If-None-Match": reply.headers["etag"]})
    assert again.status == 304
    part = server.get(f"{path}/frames/1", {**JLS, "Range": "bytes=2-9"})
    assert (part.status, part.body) == (206, reply.body[2:10])


@pytest.mark.parametrize(
    "accept",
    ["", "*/*", "application/octet-stream", 'multipart/related; type="application/octet-stream"', ANY["Accept"]],
)
def test_everybody_else_gets_what_is_stored(server: Live, accept: str) -> None:
    told = server.upload(stack_slice(1))
    prepare(server, told["ParentSeries"], FRAMES)

    reply = server.get(f"{path_of(server, told)}/frames/1", {"Accept": accept} if accept else {})

    assert reply.status == 200
    assert values_of(1).tobytes() in reply.body


def test_who_takes_anything_gets_the_prepared_frame_where_the_settings_say_so(tmp_path: Path) -> None:
    settings = HttpSettings(port=0, addresses=("127.0.0.1",), dicomweb=DicomWebSettings(prefers_prepared=True))
    with live_server(tmp_path, settings=settings) as server:
        told = server.upload(stack_slice(1))
        path = path_of(server, told)
        stored = server.get(f"{path}/frames/1", ANY)
        prepare(server, told["ParentSeries"], FRAMES)

        reply = server.get(f"{path}/frames/1", ANY)
        octets = server.get(f"{path}/frames/1", {"Accept": "application/octet-stream"})

        assert values_of(1).tobytes() in stored.body
        assert f"Content-Type: application/octet-stream; transfer-syntax={JPEG_LS}".encode() in reply.body
        assert len(reply.body) < len(stored.body)
        assert octets.body == values_of(1).tobytes()


def test_frames_of_a_multi_frame_image_come_together_or_not_at_all(server: Live) -> None:
    told = server.upload(make_image([values_of(number) for number in (1, 2, 3)]))
    prepare(server, told["ParentSeries"], FRAMES)
    path = path_of(server, told)

    both = server.get(f"{path}/frames/3,1", {"Accept": 'multipart/related; type="image/jls"'})
    beyond = server.get(f"{path}/frames/3,4", {"Accept": 'multipart/related; type="image/jls"'})

    parts = both.body.split(b"\r\n\r\n")
    assert np.array_equal(imagecodecs.jpegls_decode(parts[1].rpartition(b"\r\n--")[0]).view("i2"), values_of(3))
    assert np.array_equal(imagecodecs.jpegls_decode(parts[2].rpartition(b"\r\n--")[0]).view("i2"), values_of(1))
    assert beyond.status == 404


def test_a_series_that_changed_has_no_prepared_frames(server: Live) -> None:
    told = server.upload(stack_slice(1))
    prepare(server, told["ParentSeries"], FRAMES)
    server.upload(stack_slice(2))

    before = server.archive.files.opens
    reply = server.get(f"{path_of(server, told)}/frames/1", JLS)
    assert server.archive.files.opens > before  # transcoded anew
    assert np.array_equal(imagecodecs.jpegls_decode(reply.body).view("i2"), values_of(1))


def test_the_thumbnail_of_a_series_and_of_its_study_is_the_prepared_one(server: Live) -> None:
    told = server.upload(stack_slice(1))
    instance = path_of(server, told)
    series, study = instance.partition("/instances")[0], instance.partition("/series")[0]
    prepare(server, told["ParentSeries"], THUMBNAIL)
    before = server.archive.files.opens

    of_series, of_study = server.get(f"{series}/thumbnail"), server.get(f"{study}/thumbnail")
    assert server.archive.files.opens == before
    as_png = server.get(f"{series}/thumbnail", {"Accept": "image/png"})
    small = server.get(f"{series}/thumbnail?viewport=16,16")
    of_instance = server.get(f"{instance}/thumbnail")

    assert of_series.body == of_study.body
    assert of_series.body.startswith(b"\xff\xd8")
    assert of_series.headers["content-type"] == "image/jpeg"
    assert as_png.headers["content-type"] == "image/png"
    assert small.body != of_series.body != of_instance.body
    assert server.get(f"{series}/thumbnail", {"If-None-Match": of_series.headers["etag"]}).status == 304


def test_a_study_that_begins_with_a_report_has_a_thumbnail_all_the_same(server: Live) -> None:
    server.upload(make_instance("SR", series=1))
    told = server.upload(make_instance("CT", series=2))
    study = path_of(server, told).partition("/series")[0]
    prepare(server, told["ParentSeries"], THUMBNAIL)

    assert server.get(f"{study}/thumbnail").headers["content-type"] == "image/jpeg"
