"""What no honest client sends, and what files hold that were made to hurt: the right refusal, soon, little memory."""

import struct
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final
from urllib.parse import quote, urlencode

import numpy as np
import psutil
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pacsberry.http.settings import HttpSettings
from tests.http.dicomweb.aids import JSON, path_of
from tests.http.dicomweb.storing_aids import TYPE, multipart
from tests.http.live import Live, live_server, wait_until_spool_holds
from tests.http.raw import head, wire
from tests.makers import make_dataset, make_instance, part10
from tests.makers.images import make_image

IMAGE: Final = make_instance("CT")
JPEG_2000: Final = "1.2.840.10008.1.2.4.90"
SOON: Final = 15.0  # seconds, on a machine that is busy with other things
MEMORY_BYTES: Final = 60 * 2**20  # nothing here may take as much


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Live]:
    with live_server(tmp_path_factory.mktemp("hostile")) as running:
        running.upload(IMAGE)
        yield running


@pytest.fixture(autouse=True)
def bounded() -> Iterator[None]:
    """Every test here takes little time and memory."""
    process = psutil.Process()
    begun, before = time.monotonic(), process.memory_info().rss
    yield
    assert time.monotonic() - begun < SOON * 10
    assert process.memory_info().rss - before < MEMORY_BYTES


def nested(depth: int) -> bytes:
    """A data set with sequences in sequences."""
    opening = b"\x40\x00\x75\x02SQ\0\0\xff\xff\xff\xff" + b"\xfe\xff\x00\xe0\xff\xff\xff\xff"
    closing = b"\xfe\xff\x0d\xe0\0\0\0\0" + b"\xfe\xff\xdd\xe0\0\0\0\0"
    return part10(make_dataset("SR")) + opening * depth + closing * depth


def with_claims(**tags: object) -> bytes:
    """An image that says to be larger than it is."""
    return part10(make_dataset("CT", sop_uid=f"1.2.{abs(hash(str(tags)))}", tags=tags))


@pytest.mark.parametrize("depth", [1_000, 10_000])
def test_sequences_nested_deeply_are_refused(server: Live, depth: int) -> None:
    assert server.post("/instances", nested(depth)).status == 400
    reply = server.post("/dicom-web/studies", multipart(nested(depth)), {"Content-Type": TYPE})
    assert reply.status == 409


@pytest.mark.parametrize(
    "claims",
    [
        {"Rows": 65535, "Columns": 65535},
        {"NumberOfFrames": "2147483647"},
        {"NumberOfFrames": "999999999999"},
        {"NumberOfFrames": "-1"},
        {"Rows": 65535, "Columns": 65535, "NumberOfFrames": "2147483647", "SamplesPerPixel": 65535},
        {"BitsAllocated": 65535},
        {"BitsAllocated": 0},
        {"Rows": 0},
    ],
    ids=str,
)
def test_pictures_that_claim_more_than_they_have_are_refused_one_by_one(
    server: Live, claims: dict[str, object]
) -> None:
    data = with_claims(**claims)
    assert server.post("/dicom-web/studies", multipart(data), {"Content-Type": TYPE}).status == 200
    path = path_of(data)

    assert server.get(f"{path}/metadata", {"Accept": JSON}).status == 200
    for what in ("rendered", "thumbnail", "frames/1/rendered"):  # the first frame may be all there
        assert server.get(f"{path}/{what}").status in (200, 400, 404, 415), what
    assert server.get(f"{path}/frames/2147483647/rendered").status in (400, 404, 415)
    for numbers in ("1", "2147483647", ",".join(map(str, range(1, 4000)))):
        reply = server.get(f"{path}/frames/{numbers}")
        assert reply.status in (400, 404, 415, 200), numbers
        assert reply.status != 200 or len(reply.body) < 2 * len(data)
    server.delete(f"/instances/{server.post('/tools/lookup', path.rsplit('/', 1)[1]).json[0]['ID']}")


def test_fragments_cut_short_are_refused(server: Live) -> None:
    whole = make_image(np.zeros((16, 16), "u1"), transfer_syntax="1.2.840.10008.1.2.5")
    for cut in (1, 8, 9, 20, 40):
        assert server.post("/dicom-web/studies", multipart(whole[:-cut]), {"Content-Type": TYPE}).status == 409


@pytest.mark.parametrize(
    "codestream",
    [
        b"",
        b"\xff\x4f",
        b"\xff\x4f\xff\x51\x00\x2f\x00\x00" + struct.pack(">8L", *[0xFFFFFFFF] * 8),
        b"\xff\x4f\xff\x51\x00\x29\x00\x00" + struct.pack(">8LH", 2**31, 2**31, 0, 0, 1, 1, 0, 0, 1) + b"\x07\x01\x01",
        b"\xff\x4f\xff\x51\x40\x03\x00\x00"
        + struct.pack(">8LH", 16, 16, 0, 0, 16, 16, 0, 0, 16383)
        + b"\x07\x01\x01" * 99,
        b"\x00\x00\x00\x0cjP  \r\n\x87\n" + b"\xff" * 400,
    ],
    ids=lambda data: data[:8].hex(),
)
def test_hostile_headers_of_jpeg_2000_are_refused(server: Live, codestream: bytes) -> None:
    ds = make_dataset("CT", transfer_syntax=JPEG_2000, sop_uid=f"1.3.{len(codestream)}.{sum(codestream)}")
    fragment = codestream + b"\0" * (len(codestream) % 2)
    ds.PixelData = b"\xfe\xff\x00\xe0\0\0\0\0\xfe\xff\x00\xe0" + struct.pack("<L", len(fragment)) + fragment
    ds.PixelData += b"\xfe\xff\xdd\xe0\0\0\0\0"
    data = part10(ds)
    assert server.post("/dicom-web/studies", multipart(data), {"Content-Type": TYPE}).status == 200

    assert server.get(f"{path_of(data)}/rendered").status == 415
    assert server.get(f"{path_of(data)}/metadata").status == 200
    assert server.get(path_of(IMAGE) + "/rendered").status == 200


@pytest.mark.parametrize(
    "frames", ["0", "-1", "1,0", "1,,2", ",", "1.5", "x", "%2B1", "\u0661", "9" * 30, "1," * 5000 + "1"]
)
def test_what_is_no_frame_is_refused(server: Live, frames: str) -> None:
    assert server.get(f"{path_of(IMAGE)}/frames/{quote(frames, safe=',%')}").status == 400


def test_a_frame_beyond_the_last_is_not_there(server: Live) -> None:
    assert server.get(f"{path_of(IMAGE)}/frames/2").status == 404
    assert server.get(f"{path_of(IMAGE)}/frames/999999999").status == 404


@pytest.mark.parametrize("what", ["/frames/1", "/bulk/7fe0-0010/0", ""])
def test_a_range_beyond_the_end_is_told(server: Live, what: str) -> None:
    accept = {"Accept": "application/octet-stream" if what else "application/dicom"}
    length = int(server.get(path_of(IMAGE) + what, accept).headers["content-length"])

    for asked in (f"bytes={length}-", f"bytes={10**17}-", f"bytes={10**17}-{10**17 + 1}"):
        reply = server.get(path_of(IMAGE) + what, {**accept, "Range": asked})
        assert (reply.status, reply.headers["content-range"]) == (416, f"bytes */{length}")
    for asked in ("bytes=-", "bytes=5-3", "bytes=x-", "bytes=" + "9" * 60 + "-", "bytes=" + "0-1," * 10000):
        assert server.get(path_of(IMAGE) + what, {**accept, "Range": asked}).status in (200, 416)


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ("limit=1000000000", 200),
        ("offset=1000000000", 200),
        ("limit=1000000000&offset=1000000000", 200),
        ("limit=999999999999999999&offset=999999999999999999", 200),
        ("limit=" + "9" * 40, 400),
        ("limit=-1", 400),
        ("limit=1e9", 400),
        ("offset=-1", 400),
        ("includefield=" + "PatientID," * 5000, 400),
        ("&".join(f"includefield={number:08x}" for number in range(300)), 400),
        ("&".join(f"a{number}=1" for number in range(300)), 400),
        ("PatientName=" + "*a" * 5000, 200),
        ("PatientName=" + "?" * 20000, 200),
        ("PatientName=" + "*" * 20000 + "x", 200),
        ("StudyInstanceUID=" + "1.2," * 10000, 200),
        ("StudyDate=" + "2" * 5000 + "-", 200),
        ("PatientName=%00&PatientID=%FF%FE", 200),
        ("%00=1&=2&&=", 200),
    ],
    ids=lambda value: str(value)[:40],
)
def test_searches_made_to_hurt_are_answered_or_refused(server: Live, query: str, status: int) -> None:
    for level in ("studies", "series", "instances"):
        assert server.get(f"/dicom-web/{level}?{query}").status == status


@pytest.mark.parametrize(
    "path",
    [
        "studies/..%2f..%2fetc%2fpasswd/metadata",
        "studies/../../instances",
        "studies/%00",
        "studies/%20",
        "studies/%5C/series",
        "studies/1%5C2/metadata",
        "studies/%00/instances",
        "studies/" + "1" * 30000,
        "studies/1/series/2/instances/3/bulk/" + "0008-1140/0/" * 3000 + "0008-1150",
        "studies/1/series/2/instances/3/frames/1/2",
        "studies//series//instances//metadata",
        "x" * 1000,
    ],
    ids=lambda path: path[:40],
)
def test_paths_that_lead_nowhere_are_not_found(server: Live, path: str) -> None:
    assert server.get(f"/dicom-web/{path}").status in (400, 404)
    kind = {"Content-Type": TYPE}
    assert server.post(f"/dicom-web/{path}", multipart(IMAGE), kind).status in (400, 404, 405, 409)


@pytest.mark.parametrize(
    "path", ["/bulk/" + "0008-1140/0/" * 3000 + "0008-1150", "/bulk/..", "/bulk/7fe0-0010/999999999999"]
)
def test_paths_inside_of_an_instance_that_lead_nowhere_are_not_found(server: Live, path: str) -> None:
    assert server.get(path_of(IMAGE) + path).status in (400, 404)


@pytest.mark.parametrize(
    ("opening", "piece"),
    [
        (b"", b"no boundary "),
        (b"", b"\r\n--0123"),
        (b"--0123456789abcdef\r\n", b"X: y\r\n"),
        (b"--0123456789abcdef\r\n", b"x"),
        (b"--0123456789abcdef\r\n\r\n", b"x"),
        (b"", b"--0123456789abcdef\r\n\r\n\r\n"),
    ],
)
def test_a_body_without_end_is_refused_before_it_ends(tmp_path: Path, opening: bytes, piece: bytes) -> None:
    limits = HttpSettings(port=0, addresses=("127.0.0.1",), largest_body_bytes=3_000_000)
    with live_server(tmp_path, settings=limits) as server, wire(server.port) as client:
        client.send(head("POST", "/dicom-web/studies", f"Content-Type: {TYPE}", "Transfer-Encoding: chunked"))
        for data in (opening, *[piece * (65536 // len(piece))] * 80):
            client.send_as_long_as_it_takes(b"%x\r\n%s\r\n" % (len(data), data) if data else b"")

        assert client.receive_head().split(" ")[1] in ("400", "413")
        assert wait_until_spool_holds(server, 0) == []


@given(st.binary(max_size=300), st.binary(max_size=60))
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_body_of_stow_is_an_internal_error(server: Live, body: bytes, more: bytes) -> None:
    whole = b"--0123456789abcdef\r\n" + more + b"\r\n\r\n" + body + b"\r\n--0123456789abcdef--"

    for sent in (body, whole):
        assert server.post("/dicom-web/studies", sent, {"Content-Type": TYPE}).status in (400, 409, 415)


HEADERS: Final = st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=80)


@given(HEADERS, st.sampled_from(["", "multipart/related;", "application/dicom+json;", "image/*;q="]))
@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_accept_header_is_an_internal_error(server: Live, text: str, start: str) -> None:
    path = path_of(IMAGE)
    for what in ("", "/metadata", "/frames/1", "/bulk/7fe0-0010"):
        assert server.get(path + what, {"Accept": start + text}).status in (200, 400, 404, 406)


@given(
    st.lists(
        st.tuples(
            st.sampled_from(
                ["PatientName", "StudyDate", "00080061", "limit", "offset", "includefield", "fuzzymatching", "X"]
            ),
            st.text(max_size=20) | st.from_regex(r"[0-9*?\\,-]{0,20}", fullmatch=True),
        ),
        max_size=5,
    )
)
@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_search_is_an_internal_error(server: Live, arguments: list[tuple[str, str]]) -> None:
    query = urlencode(arguments, errors="replace")
    for level in ("studies", "instances"):
        assert server.get(f"/dicom-web/{level}?{query}").status in (200, 400)
