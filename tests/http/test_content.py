"""The file of an instance and what is inside it."""

import gzip
import io
import json
import xml.etree.ElementTree as ET

import pydicom
import pytest
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence

from pacsberry.model import Level
from tests.http.live import Live
from tests.makers import DEFLATED, EXPLICIT, IMPLICIT, NATIVE_SYNTAXES, make_dataset, make_instance, part10

JPEG = "1.2.840.10008.1.2.4.70"


@pytest.mark.parametrize("syntax", [*NATIVE_SYNTAXES, JPEG])
def test_a_file_comes_back_byte_for_byte(server: Live, syntax: str) -> None:
    data = make_instance("CT", transfer_syntax=syntax)
    instance = server.upload(data)["ID"]

    told = server.get(f"/instances/{instance}/file")

    assert told.body == data
    assert told.headers["content-type"] == "application/dicom"
    assert told.headers["content-length"] == str(len(data))
    assert told.headers["content-disposition"] == f'attachment; filename="{instance}.dcm"'
    named = server.get(f"/instances/{instance}/file?filename=lung.dcm")
    assert named.headers["content-disposition"] == 'attachment; filename="lung.dcm"'


def test_a_part_of_a_file_is_sent_and_a_known_file_is_not_sent_again(server: Live) -> None:
    data = make_instance("CT")
    place = f"/instances/{server.upload(data)['ID']}/file"

    assert server.get(place, {"Range": "bytes=128-131"}).body == b"DICM"
    assert server.get(place, {"If-None-Match": server.get(place).headers["etag"]}).status == 304


def test_a_file_in_the_syntax_it_has_already_is_sent_as_it_is(server: Live) -> None:
    data = make_instance("CT", transfer_syntax=IMPLICIT)
    place = f"/instances/{server.upload(data)['ID']}/file"

    assert server.get(f"{place}?transcode={IMPLICIT}").body == data
    assert server.get(f"{place}?transcode=").body == data


@pytest.mark.parametrize(
    ("accept", "content_type"),
    [
        ("", "application/dicom"),
        ("*/*", "application/dicom"),
        ("text/html,application/xml;q=0.9", "application/dicom"),
        ("application/dicom", "application/dicom"),
        ("application/dicom+json", "application/dicom+json"),
        ("APPLICATION/DICOM+JSON; charset=utf-8, */*", "application/dicom+json"),
        ("application/dicom+xml", "application/dicom+xml"),
        ("application/dicom+json;q=0.5, application/dicom+xml;q=0.8", "application/dicom+xml"),
        ("application/dicom+json;q=0.5, application/dicom", "application/dicom"),
        ("application/dicom+json;q=0", "application/dicom"),
    ],
)
def test_a_file_is_sent_in_the_form_the_client_accepts(server: Live, accept: str, content_type: str) -> None:
    place = f"/instances/{server.upload(make_instance('CT'))['ID']}/file"

    assert server.get(place, {"Accept": accept} if accept else {}).headers["content-type"] == content_type


def test_the_bulk_data_of_the_json_can_be_fetched(server: Live) -> None:
    data = make_instance("CT")
    instance = server.upload(data)["ID"]

    told = json.loads(server.get(f"/instances/{instance}/file", {"Accept": "application/dicom+json"}).body)
    dataset = Dataset.from_json(
        told,
        bulk_data_uri_handler=lambda uri: server.get(uri.removeprefix(server.url)).body,
    )

    expected = pydicom.dcmread(io.BytesIO(data))
    assert dataset.PixelData == expected.PixelData
    assert dataset == Dataset(expected)


def test_the_xml_is_a_native_model(server: Live) -> None:
    instance = server.upload(make_instance("CT", patient_name="Müller^Jörg"))["ID"]

    told = server.get(f"/instances/{instance}/file", {"Accept": "application/dicom+xml"})

    root = ET.fromstring(told.body)  # noqa: S314  # it is our own
    assert told.headers["content-length"] == str(len(told.body))  # little, so it takes no place among the downloads
    assert root.tag == "{http://dicom.nema.org/PS3.19/models/NativeDICOM}NativeDicomModel"
    assert "Jörg" in told.text


def test_a_broken_file_is_told_before_anything_is_sent(server: Live) -> None:
    instance = server.upload(make_instance("CT"))["ID"]
    path = server.archive.files.path(server.archive.attachments.get(Level.INSTANCE, instance, "dicom").file)
    path.write_bytes(path.read_bytes()[:1003])

    assert server.get(f"/instances/{instance}/file", {"Accept": "application/dicom+json"}).status == 500
    assert server.get(f"/instances/{instance}/content").status == 500
    assert server.get(f"/instances/{instance}/frames/0/raw").status == 500


def test_content_is_walked_down_to_the_raw_value(server: Live) -> None:
    ds = make_dataset("SR", patient_id="odd")
    item = Dataset()
    item.CodeMeaning = "Finding"
    ds.ConceptNameCodeSequence = Sequence([Dataset(), item])
    instance = server.upload(part10(ds))["ID"]
    place = f"/instances/{instance}/content"

    top = server.get(place).json
    assert top == sorted(top)
    assert {"0008-0005", "0010-0020", "0040-a043"} <= set(top)
    assert server.get(f"{place}/0040-a043").json == ["0", "1"]
    assert server.get(f"{place}/0040-a043/0").json == []
    assert server.get(f"{place}/ConceptNameCodeSequence/1").json == ["0008-0104"]
    for path in ("0040-a043/1/0008-0104", "0040,a043/1/CodeMeaning", "0040A043/1/00080104"):
        told = server.get(f"{place}/{path}")
        assert (told.body, told.headers["content-type"]) == (b"Finding ", "application/octet-stream")
    assert server.get(f"{place}/0010-0020").body == b"odd "
    assert server.get(f"{place}/0010-0020", {"Range": "bytes=0-1"}).body == b"od"


@pytest.mark.parametrize(
    "path",
    [
        "0010-0010/0",
        "0040-a043/99",
        "0040-a043/-1",
        "0040-a043/x",
        "9999-0010",
        "NoSuchTag",
        "0002-0010",
        "..%2F..%2Fetc",
        "/".join(["0040-a730/0"] * 500),
        "0040-a043/" + "9" * 300,
    ],
)
def test_a_path_that_leads_nowhere_is_not_found(server: Live, path: str) -> None:
    instance = server.upload(make_instance("SR"))["ID"]

    assert server.get(f"/instances/{instance}/content/{path}").status == 404


def test_pixel_data_has_fragments(server: Live) -> None:
    native = server.upload(make_instance("CT", rows=2, columns=2))["ID"]
    packed = server.upload(make_instance("US-loop", frames=3, transfer_syntax=JPEG))["ID"]

    assert server.get(f"/instances/{native}/content/7fe0-0010").json == ["0"]
    assert len(server.get(f"/instances/{native}/content/7fe0-0010/0").body) == 8
    assert server.get(f"/instances/{packed}/content/7fe0-0010").json == ["0", "1", "2", "3"]
    assert len(server.get(f"/instances/{packed}/content/7fe0-0010/1").body) == 32
    assert server.get(f"/instances/{packed}/content/7fe0-0010/4").status == 404


@pytest.mark.parametrize("syntax", [*NATIVE_SYNTAXES, JPEG])
def test_frames_are_cut_out_as_they_are_stored(server: Live, syntax: str) -> None:
    data = make_instance("US-loop", frames=3, rows=4, columns=6, transfer_syntax=syntax)
    instance = server.upload(data)["ID"]
    pixels = pydicom.dcmread(io.BytesIO(data)).PixelData
    expected = (
        list(pydicom.encaps.generate_frames(pixels, number_of_frames=3))
        if syntax == JPEG
        else [pixels[at : at + 72] for at in (0, 72, 144)]
    )

    assert server.get(f"/instances/{instance}/frames").json == [0, 1, 2]
    for number, frame in enumerate(expected):
        raw = server.get(f"/instances/{instance}/frames/{number}/raw")
        packed = server.get(f"/instances/{instance}/frames/{number}/raw.gz")
        assert raw.body == frame
        assert raw.headers["content-type"] == "application/octet-stream"
        assert gzip.decompress(packed.body) == frame
        assert packed.headers["content-type"] == "application/gzip"
    assert server.get(f"/instances/{instance}/frames/3/raw").status == 400
    assert {"raw", "raw.gz"} <= set(server.get(f"/instances/{instance}/frames/2").json)


@pytest.mark.parametrize(("number", "status"), [("-1", 400), ("x", 404), ("1.5", 404), ("%00", 404), ("9" * 99, 400)])
def test_a_frame_without_number_is_not_there(server: Live, number: str, status: int) -> None:
    instance = server.upload(make_instance("CT"))["ID"]

    assert server.get(f"/instances/{instance}/frames/{number}/raw").status == status


def test_a_forged_number_of_frames_lists_no_more_than_there_are(server: Live) -> None:
    instance = server.upload(make_instance("US-loop", tags={"NumberOfFrames": "2000000000"}))["ID"]

    assert server.get(f"/instances/{instance}/frames").json == [0]


@pytest.mark.parametrize("syntax", [EXPLICIT, DEFLATED])
def test_a_pdf_is_taken_out_of_its_object(server: Live, syntax: str) -> None:
    instance = server.upload(make_instance("PDF", transfer_syntax=syntax))["ID"]

    told = server.get(f"/instances/{instance}/pdf")

    assert told.headers["content-type"] == "application/pdf"
    assert told.body.startswith(b"%PDF-1.4")
    assert told.body.endswith(b"%%EOF\n")


def test_what_has_no_pdf_gives_none(server: Live) -> None:
    instance = server.upload(make_instance("CT"))["ID"]

    assert server.get(f"/instances/{instance}/pdf").status == 404
    assert server.get("/instances/nobody/pdf").status == 404


@pytest.mark.parametrize(
    "route", ["file", "content", "content/0010-0010", "frames", "frames/0", "frames/0/raw", "tags"]
)
def test_the_content_of_nobody_is_not_found(server: Live, route: str) -> None:
    assert server.get(f"/instances/nobody/{route}").status == 404
