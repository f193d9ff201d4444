"""Prepared pictures over HTTP: the manifest of a series, its files, and what who comes too early is told."""

import gzip
import json
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import imagecodecs
import numpy as np
import pytest
from pydicom.dataset import Dataset

from tests.http.live import Live, live_server
from tests.makers import make_dataset, make_instance, part10
from tests.makers.images import JPEG_2000, make_image

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
    assert preview.headers["content-type"] == "application/vnd.pacsberry.pack"
    thumbnail = server.get(found["Prepared"]["thumbnail"]["Url"])
    assert thumbnail.headers["content-type"] == "image/jpeg"
    assert thumbnail.body.startswith(b"\xff\xd8")


def test_a_manifest_tells_the_pictures_in_the_order_of_space_and_where_they_lie(server: Live, series: str) -> None:
    found = ready(server, series)

    assert found["Type"] == "Volume"
    assert found["CountPictures"] == SLICES
    assert [one["InstanceNumber"] for one in found["Instances"]] == ["5", "4", "3", "2", "1"]
    assert [one["FirstPicture"] for one in found["Instances"]] == [0, 1, 2, 3, 4]
    assert [one["ImagePositionPatient"][2] for one in found["Instances"]] == [-25.0, -20.0, -15.0, -10.0, -5.0]
    assert found["Shared"]["ImageOrientationPatient"] == [1.0, 0.0, 0.0, 0.0, 1.0, 0.0]
    assert (found["Shared"]["Rows"], found["Shared"]["Columns"]) == (48, 64)
    assert found["Shared"]["WindowCenter"] == [400.0]
    assert "Rows" not in found["Instances"][0]
    assert found["SeriesInstanceUID"] == server.get(f"/series/{series}").json["MainDicomTags"]["SeriesInstanceUID"]


def test_pictures_of_a_pack_are_those_of_the_manifest(server: Live, series: str) -> None:
    found = ready(server, series)
    url = found["Prepared"]["frames"]["Url"]
    wait_for(lambda: server.get(url).status == 200)

    for instance in found["Instances"]:
        reply = server.get(f"{url}/{instance['FirstPicture']}")

        assert reply.headers["content-type"] == "image/jls; transfer-syntax=1.2.840.10008.1.2.4.80"
        values = imagecodecs.jpegls_decode(reply.body).view("i2")
        assert values[0, 0] == int(instance["InstanceNumber"]) * 20
    small = server.get(f"{found['Prepared']['preview']['Url']}/2")
    assert small.headers["content-type"] == "image/webp"
    assert small.body.startswith(b"RIFF")


def test_before_the_files_were_read_a_manifest_tells_what_the_index_knows(server: Live, series: str) -> None:
    found = manifest(server, series, "?make=0")

    assert found["IsPlaced"] is False
    assert found["Shared"] == {}
    assert {state["State"] for state in found["Prepared"].values()} == {"Missing"}
    assert [one["ImagePositionPatient"][2] for one in found["Instances"]] == [-25.0, -20.0, -15.0, -10.0, -5.0]
    assert not (server.archive.files.storage / "prepared").exists()


def test_files_are_for_ever_and_in_parts(server: Live, series: str) -> None:
    url = ready(server, series)["Prepared"]["preview"]["Url"]
    whole = server.get(url)

    part = server.get(url, {"Range": "bytes=8-15"})
    beyond = server.get(url, {"Range": f"bytes={len(whole.body)}-"})
    again = server.get(url, {"If-None-Match": whole.headers["etag"]})

    assert whole.headers["cache-control"] == "private, max-age=31536000, immutable"
    assert (part.status, part.body) == (206, whole.body[8:16])
    assert beyond.status == 416
    assert (again.status, again.body) == (304, b"")
    assert again.headers["cache-control"] == whole.headers["cache-control"]


def test_who_comes_too_early_is_told_when_to_come_again(server: Live, series: str) -> None:
    digest = manifest(server, series, "?make=0")["Digest"]

    reply = server.get(f"/pacsberry/pictures/{series}-{digest}/frames")

    assert reply.status == 202
    assert reply.headers["retry-after"] == "1"
    assert reply.headers["cache-control"] == "no-store"
    told = json.loads(reply.body)
    assert told["State"] == "Making"
    assert told["Done"] <= told["All"]
    wait_for(lambda: server.get(told["Url"]).status == 200)


def test_a_class_that_waits_holds_no_thread(server: Live, series: str) -> None:
    """All workers hang; whoever asks for what is being made is answered all the same."""
    digest = manifest(server, series, "?make=0")["Digest"]
    url = f"/pacsberry/pictures/{series}-{digest}/preview"
    with server.pictures.pool.worker():  # the only one: nothing can be made meanwhile
        with ThreadPoolExecutor(30) as crowd:
            begun = time.monotonic()
            replies = list(crowd.map(lambda _: server.get(url), range(60)))
        seconds = time.monotonic() - begun
        waiting = [thread for thread in threading.enumerate() if thread.name == "preparer-now"]

    assert {reply.status for reply in replies} == {202}
    assert seconds < 10
    assert len(waiting) == 1
    wait_for(lambda: server.get(url).status == 200)


@pytest.mark.parametrize(
    "path",
    [
        "x",
        "{series}",
        "{series}-{digest}",
        "{series}-{digest}/metadata",
        "{series}-{digest}/places",
        "{series}-{digest}/preview/99",
        "{series}-{digest}/preview/9999999",
        "{series}-{digest}/preview/-1",
        "{series}-{digest}/thumbnail/0",
        "{series}-0000000000000000/preview",
        "00000000-00000000-00000000-00000000-00000000-{digest}/preview",
        "..%2f..%2f{series}-{digest}/preview",
        "{series}-{digest}/preview/../../../index.sqlite3",
    ],
)
def test_what_is_no_address_of_a_picture_is_not_found(server: Live, series: str, path: str) -> None:
    found = ready(server, series)

    reply = server.get(f"/pacsberry/pictures/{path.format(series=series, digest=found['Digest'])}")

    assert reply.status == 404


def test_pictures_of_what_is_deleted_are_not_shown_though_their_files_are_still_there(
    server: Live, series: str
) -> None:
    url = ready(server, series)["Prepared"]["preview"]["Url"]
    server.preparer.halt()  # nobody takes the files away

    server.delete(f"/series/{series}")

    assert list((server.archive.files.storage / "prepared").rglob("*.preview"))
    assert server.get(url).status == 404


def test_a_series_without_pictures_says_so(server: Live) -> None:
    report = server.upload(make_instance("SR"))["ParentSeries"]

    found = manifest(server, report)
    reply = server.get(f"/pacsberry/pictures/{report}-{found['Digest']}/preview")

    assert found["CountPictures"] == 0
    assert found["Prepared"]["preview"] == {"State": "None", "Reason": "The series has no pictures."}
    assert reply.status == 415
    assert "no pictures" in reply.text


def test_frames_that_are_stored_well_are_not_packed(server: Live) -> None:
    values = np.arange(64, dtype="u1").reshape(8, 8)
    series = server.upload(make_image(values, JPEG_2000))["ParentSeries"]

    found = ready(server, series)

    assert found["Prepared"]["frames"]["State"] == "None"
    assert "as it is" in found["Prepared"]["frames"]["Reason"]


def test_an_image_that_cannot_be_decoded_is_told_with_the_reason(server: Live) -> None:
    values = np.arange(64, dtype="u1").reshape(8, 8)
    data = make_image(values, JPEG_2000)
    start = data.rindex(b"\xff\x4f\xff\x51")
    series = server.upload(data[: start + 4] + bytes(40) + data[start + 44 :])["ParentSeries"]

    found = wait_for(
        lambda: (
            (told := manifest(server, series))["Prepared"]["thumbnail"]["State"] not in ("Making", "Missing") and told
        )
    )

    assert found["Prepared"]["thumbnail"]["Reason"]
    assert server.get(f"/pacsberry/pictures/{series}-{found['Digest']}/thumbnail").status == 415


def test_a_multi_frame_image_is_told_frame_by_frame(server: Live) -> None:
    frames = [np.full((8, 8), 100 * number, dtype="i2") for number in range(3)]
    data = make_image(frames, tags={"PerFrameFunctionalGroupsSequence": [groups(number) for number in range(3)]})
    first = server.upload(data)
    found = ready(server, first["ParentSeries"])

    assert found["CountPictures"] == 3
    (instance,) = found["Instances"]
    assert (instance["FirstPicture"], instance["CountPictures"]) == (0, 3)
    assert [frame["ImagePositionPatient"] for frame in found["Shared"]["Frames"]] == [[0.0, 0.0, n] for n in range(3)]


def groups(number: int) -> Dataset:
    place, item = Dataset(), Dataset()
    place.ImagePositionPatient = [0, 0, number]
    item.PlanePositionSequence = [place]
    return item


def test_an_unknown_series_is_not_found(server: Live) -> None:
    assert server.get("/pacsberry/series/00000000-00000000-00000000-00000000-00000000/pictures").status == 404
    assert server.get("/pacsberry/series/x/pictures").status == 404


def test_a_manifest_packed_is_the_same(server: Live, series: str) -> None:
    ready(server, series)

    packed = server.get(f"/pacsberry/series/{series}/pictures?make=0", {"Accept-Encoding": "gzip"})

    assert packed.headers["content-encoding"] == "gzip"
    assert json.loads(gzip.decompress(packed.body)) == manifest(server, series, "?make=0")


def test_a_manifest_says_nothing_of_the_patient(server: Live) -> None:
    ds = make_dataset("CT", patient_name="SECRET^NAME", patient_id="SECRET-ID")
    ds.PatientBirthDate = "19770707"
    series = server.upload(part10(ds))["ParentSeries"]
    ready(server, series)

    text = server.get(f"/pacsberry/series/{series}/pictures").text

    assert "SECRET" not in text
    assert "19770707" not in text


def test_nothing_is_offered_where_nothing_is_prepared(tmp_path: Path) -> None:
    with live_server(tmp_path, prepared_percent=0) as server:
        series = server.upload(stack_slice(1))["ParentSeries"]
        found = manifest(server, series)

        assert found["Prepared"]["preview"] == {"State": "Off"}
        assert server.get(f"/pacsberry/pictures/{series}-{found['Digest']}/preview").status == 404
