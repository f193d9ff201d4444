"""WADO-RS: files, metadata and bulk data."""

import json
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pydicom
import pytest

from pacsberry.model import Level
from tests.http.dicomweb.aids import JSON, XML, parts_of, path_of
from tests.http.live import Live, live_server
from tests.makers import BIG_ENDIAN, DEFLATED, EXPLICIT, IMPLICIT, make_dataset, make_instance, make_study, part10
from tests.makers.images import JPEG_BASELINE

FILES = "multipart/related; type=application/dicom"
STUDY = make_study(patient_name="Käse^Anna", charset="ISO_IR 100", series={"CT": 3, "MR": 2})
IMAGE = STUDY[0]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Live]:
    with live_server(tmp_path_factory.mktemp("wado")) as running:
        for data in STUDY:
            running.upload(data)
        yield running


def above(path: str, steps: int) -> str:
    """The path of the series (1) or the study (2) of an instance."""
    return path.rsplit("/", 2 * steps)[0]


def metadata(server: Live, path: str) -> list[dict[str, Any]]:
    reply = server.get(f"{path}/metadata", {"Accept": JSON})
    assert (reply.status, reply.headers["content-type"]) == (200, JSON)
    told: list[dict[str, Any]] = json.loads(reply.body)
    return told


@pytest.mark.parametrize(("steps", "count"), [(0, 1), (1, 3), (2, 5)])
def test_the_files_of_a_resource_come_as_they_were_sent(server: Live, steps: int, count: int) -> None:
    parts = parts_of(server.get(above(path_of(IMAGE), steps), {"Accept": FILES}))

    assert len(parts) == count
    for headers, content in parts:
        assert content in STUDY
        assert headers == {
            "content-type": f"application/dicom; transfer-syntax={EXPLICIT}",
            "content-length": str(len(content)),
            "content-location": server.url + path_of(content),
        }
    assert len({content for _, content in parts}) == count


@pytest.mark.parametrize(
    ("accept", "status"),
    [
        ("", 200),
        ("*/*", 200),
        ('multipart/related; type="application/dicom"; transfer-syntax=*', 200),
        (f"multipart/related; type=application/dicom; transfer-syntax={EXPLICIT}", 200),
        (f"multipart/related; type=application/dicom; transfer-syntax={IMPLICIT}, {FILES};q=0.1", 200),
        (f"multipart/related; type=application/dicom; transfer-syntax={IMPLICIT}", 200),
        (f"multipart/related; type=application/dicom; transfer-syntax={JPEG_BASELINE}", 406),
        ("multipart/related; type=application/dicom; transfer-syntax=1.2.3", 406),
        ("multipart/related; type=image/jpeg", 406),
        ("application/dicom", 406),
        ("text/html", 406),
    ],
)
def test_a_study_comes_in_what_the_client_accepts_or_not_at_all(server: Live, accept: str, status: int) -> None:
    reply = server.get(above(path_of(IMAGE), 2), {"Accept": accept} if accept else {})

    assert reply.status == status
    assert status != 200 or len(parts_of(reply)) == 5


def test_one_instance_comes_alone_when_asked_so(server: Live) -> None:
    reply = server.get(path_of(IMAGE), {"Accept": "application/dicom"})

    assert (reply.status, reply.body) == (200, IMAGE)
    assert reply.headers["content-type"] == f"application/dicom; transfer-syntax={EXPLICIT}"
    assert reply.headers["vary"] == "Accept"
    again = server.get(path_of(IMAGE), {"Accept": "application/dicom", "If-None-Match": reply.headers["etag"]})
    assert again.status == 304
    part = server.get(path_of(IMAGE), {"Accept": "application/dicom", "Range": "bytes=128-131"})
    assert (part.status, part.body) == (206, b"DICM")


@pytest.mark.parametrize("path", ["studies/9.9", "studies/9.9/series/1", "studies/9.9/series/1/instances/1"])
@pytest.mark.parametrize("what", ["", "/metadata"])
def test_what_is_not_there_is_not_found(server: Live, path: str, what: str) -> None:
    assert server.get(f"/dicom-web/{path}{what}").status == 404


@pytest.mark.parametrize(("steps", "count"), [(0, 1), (1, 3), (2, 5)])
def test_metadata_tell_what_pydicom_tells(server: Live, steps: int, count: int) -> None:
    told = metadata(server, above(path_of(IMAGE), steps))

    assert len(told) == count
    by_uid = {one["00080018"]["Value"][0]: one for one in told}
    for data in STUDY:
        ds = pydicom.dcmread(BytesIO(data))
        one = by_uid.get(ds.SOPInstanceUID)
        if one is None:
            continue
        assert list(one) == sorted(one)
        assert one["00100010"]["Value"] == [{"Alphabetic": "Käse^Anna"}]
        assert one["00080005"]["Value"] == ["ISO_IR 192"]
        assert one["00083002"] == {"vr": "UI", "Value": [EXPLICIT]}
        theirs = ds.to_json_dict()
        for tag in theirs.keys() - {"00080005", "7FE00010"}:
            assert one[tag] == theirs[tag]
        assert one.keys() - theirs.keys() == {"00083002"}
        assert one["7FE00010"]["BulkDataURI"].startswith(server.url + path_of(data) + "/bulk/")


def test_metadata_come_as_xml_too(server: Live) -> None:
    parts = parts_of(server.get(f"{above(path_of(IMAGE), 1)}/metadata", {"Accept": XML}))

    assert [headers["content-type"] for headers, _ in parts] == [XML] * 3
    for _, content in parts:
        root = ElementTree.fromstring(content)  # noqa: S314  # our own answer
        assert next(one.text for one in root.iterfind(".//{*}FamilyName")) == "Käse"


def test_a_file_that_cannot_be_read_is_left_out_of_metadata(tmp_path: Path) -> None:
    with live_server(tmp_path) as server:
        ids = [server.upload(make_instance("CT", instance=number))["ID"] for number in (1, 2, 3)]
        broken = server.archive.attachments.get(Level.INSTANCE, ids[1], "dicom").file
        server.archive.files.path(broken).unlink()
        series = above(path_of(make_instance("CT", instance=1)), 1)

        assert [one["00200013"]["Value"] for one in metadata(server, series)] == [[1], [3]]
        assert len(parts_of(server.get(series, {"Accept": FILES}))) == 2


@pytest.mark.parametrize("syntax", [EXPLICIT, IMPLICIT, BIG_ENDIAN, DEFLATED])
@pytest.mark.parametrize("compression", [False, True])
def test_bulk_data_are_what_the_file_has(tmp_path: Path, syntax: str, *, compression: bool) -> None:
    ds = make_dataset("CT", transfer_syntax=syntax)
    ds.add_new(0x00290010, "LO", "PACSBERRY")
    ds.add_new(0x00291001, "OB", bytes(range(256)) * 64)
    with live_server(tmp_path, compression=compression) as server:
        server.upload(part10(ds))
        [told] = metadata(server, path_of(part10(ds)))

        for tag, expected in (("00291001", bytes(range(256)) * 64), ("7FE00010", ds.PixelData)):
            address = told[tag]["BulkDataURI"].removeprefix(server.url)
            alone = server.get(address, {"Accept": "*/*"})
            assert (alone.status, alone.body) == (200, expected)
            assert alone.headers["content-type"] == "application/octet-stream"
            [(headers, content)] = parts_of(
                server.get(address, {"Accept": 'multipart/related; type="application/octet-stream"'})
            )
            assert (headers["content-type"], content) == ("application/octet-stream", expected)
            if syntax != DEFLATED:
                ranged = server.get(address, {"Range": "bytes=3-6"})
                assert (ranged.status, ranged.body) == (206, expected[3:7])
                assert server.get(address, {"Range": f"bytes={len(expected)}-"}).status == 416
        assert server.get(f"{path_of(part10(ds))}/bulk/7fe00010").body == ds.PixelData


@pytest.mark.parametrize("path", ["7fe0-0010/1", "0009-0009", "x", "7fe0-0010/0/0", "../metadata", "0/" * 9000])
def test_bulk_data_that_are_not_there_are_not_found(server: Live, path: str) -> None:
    assert server.get(f"{path_of(IMAGE)}/bulk/{path}").status == 404


def test_bulk_data_come_in_no_other_form(server: Live) -> None:
    assert server.get(f"{path_of(IMAGE)}/bulk/7fe00010", {"Accept": "image/png"}).status == 406
