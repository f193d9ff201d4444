"""The same images to Debian's Orthanc with its DICOMweb plugin and to our server: answers are compared value by value.

`DIFFERS` lists the attributes that may differ and why.  Skipped where the plugin is not installed.
"""

import email
import socket
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import httpx
import pytest

from tests.clients.orthanc import BINARY, running_orthanc
from tests.http.dicomweb.aids import path_of
from tests.http.live import live_server
from tests.makers import BIG_ENDIAN, EXPLICIT, make_instance, make_study

_PLUGIN: Final = Path("/usr/share/orthanc/plugins/libOrthancDicomWeb.so")

pytestmark = pytest.mark.skipif(
    BINARY is None or not _PLUGIN.exists(), reason="Orthanc is not installed with its DICOMweb plugin"
)

DIFFERS: Final = {
    "00080005": "the character set of the answer, not of the file",
    "00080056": "InstanceAvailability, which the standard asks for",
    "00081190": "the address of the server",
    "00083002": "AvailableTransferSyntaxUID, which viewers look for",
    "7FE00010": "the address of the pixels",
}
FILES: Final = [
    *make_study(patient_id="ANNA", patient_name="Anna^A", series={"CT": 2, "MR": 1}, tags={"StudyDate": "20260105"}),
    *make_study(patient_id="BERT", patient_name="Bert^B", series={"CT": 1}, tags={"StudyDate": "20260207"}),
]
FRAMED: Final = make_instance("CT", patient_id="CLEO", patient_name="Cleo^C", frames=3)


@dataclass(frozen=True)
class Both:
    """The two servers, holding the same images."""

    orthanc: httpx.Client
    ours: httpx.Client

    def get(self, path: str, **headers: str) -> tuple[httpx.Response, httpx.Response]:
        return self.orthanc.get(path, headers=headers), self.ours.get(path, headers=headers)


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Both]:
    folder = tmp_path_factory.mktemp("dicomweb")
    with socket.create_server(("127.0.0.1", 0)) as one, socket.create_server(("127.0.0.1", 0)) as other:
        ports = one.getsockname()[1], other.getsockname()[1]
    with (
        running_orthanc(folder / "orthanc", *ports, Plugins=[str(_PLUGIN)], DicomWeb={"Enable": True}) as url,
        live_server(folder / "ours") as server,
        httpx.Client(base_url=url, timeout=60) as orthanc,
        httpx.Client(base_url=server.url, timeout=60) as ours,
    ):
        for data in (*FILES, FRAMED):
            for client in (orthanc, ours):
                assert client.post("/instances", content=data).json()["Status"] == "Success"
        yield Both(orthanc, ours)


def _results(reply: httpx.Response) -> list[dict[str, Any]]:
    """The results by UIDs, without what may differ."""
    assert (reply.status_code, reply.headers["content-type"]) == (200, "application/dicom+json")
    told = [{tag: value for tag, value in one.items() if tag not in DIFFERS} for one in reply.json()]
    return sorted(told, key=lambda one: [one.get(tag, {}).get("Value") for tag in ("0020000D", "0020000E", "00080018")])


_STUDY, _SERIES = (path_of(FILES[0]).rsplit("/", steps)[0] for steps in (4, 2))


@pytest.mark.parametrize(
    "path",
    [
        "/dicom-web/studies",
        "/dicom-web/series",
        "/dicom-web/instances",
        f"{_STUDY}/series",
        f"{_STUDY}/instances",
        f"{_SERIES}/instances",
        "/dicom-web/studies?PatientID=ANNA",
        "/dicom-web/studies?00100010=anna*",
        "/dicom-web/studies?StudyDate=20260201-",
        "/dicom-web/studies?ModalitiesInStudy=MR",
        "/dicom-web/series?Modality=CT&PatientID=BERT",
        "/dicom-web/studies?PatientID=BERT&includefield=00081030,00080080",
        "/dicom-web/studies?Xyzzy=1",
        "/dicom-web/studies?limit=0",
        "/dicom-web/studies?offset=1000000000",
        "/dicom-web/studies/9.9.9/series",
    ],
)
def test_searches_find_and_tell_the_same(both: Both, path: str) -> None:
    theirs, ours = map(_results, both.get(path))

    assert len(theirs) == len(ours)
    for one, other in zip(theirs, ours, strict=True):
        assert {tag: other.get(tag) for tag in one} == one


@pytest.mark.parametrize("path", [_STUDY, _SERIES, path_of(FILES[0]), path_of(FRAMED)])
def test_metadata_are_the_same(both: Both, path: str) -> None:
    theirs, ours = map(_results, both.get(f"{path}/metadata"))

    assert theirs == ours


def _parts(reply: httpx.Response) -> list[bytes]:
    assert reply.status_code == 200
    message = email.message_from_bytes(
        b"Content-Type: " + reply.headers["content-type"].encode() + b"\r\n\r\n" + reply.content
    )
    boundary = message.get_boundary()
    assert boundary is not None
    pieces = reply.content.split(f"--{boundary}".encode())[1:-1]
    return [piece.partition(b"\r\n\r\n")[2].removesuffix(b"\r\n") for piece in pieces]


def test_files_and_frames_are_the_same(both: Both) -> None:
    accept = 'multipart/related; type="application/dicom"; transfer-syntax=*'
    for path in (_STUDY, _SERIES, path_of(FILES[0])):
        theirs, ours = map(_parts, both.get(path, Accept=accept))
        assert sorted(theirs) == sorted(ours)
    accept = "multipart/related; type=application/octet-stream; transfer-syntax=*"
    for frames in ("1", "3,1"):
        theirs, ours = map(_parts, both.get(f"{path_of(FRAMED)}/frames/{frames}", Accept=accept))
        assert theirs == ours


# (Orthanc's status, ours), and why.
STATUS: Final = {
    (400, 404): "a frame that is not there is not found",
    (400, 406): "a form that cannot be made is not acceptable",
    (500, 400): "a limit below 0 is a bad request",
    (404, 400): "WADO-URI without its arguments likewise",
    (400, 200): "a single part is served to who asks for it",
}


def test_errors_are_the_same(both: Both) -> None:
    instance = path_of(FRAMED)
    for path, accept in (
        ("/dicom-web/studies?limit=x", "*/*"),
        ("/dicom-web/studies?limit=-1", "*/*"),
        ("/dicom-web/studies/9.9", "*/*"),
        ("/dicom-web/studies/9.9/metadata", "*/*"),
        (f"{instance}/frames/0", "*/*"),
        (f"{instance}/frames/4", "*/*"),
        (f"{instance}/frames/x", "*/*"),
        (f"{instance}/rendered?quality=0", "*/*"),
        (f"{instance}/rendered?viewport=x", "*/*"),
        (f"{instance}/rendered?window=1", "*/*"),
        (f"{instance}/bulk/00990099", "*/*"),
        (instance, "application/dicom"),
        (instance, f'multipart/related; type="application/dicom"; transfer-syntax={BIG_ENDIAN}'),
        (f"{instance}/frames/1", f"application/octet-stream; transfer-syntax={EXPLICIT}"),
        ("/wado?requestType=WADO&objectUID=1.2", "*/*"),
        ("/wado?requestType=WADO", "*/*"),
    ):
        theirs, ours = both.get(path, Accept=accept)
        statuses = (theirs.status_code, ours.status_code)
        assert statuses[0] == statuses[1] or statuses in STATUS, path


def test_pictures_have_the_same_size(both: Both) -> None:
    for query in ("", "?viewport=8,8"):
        theirs, ours = both.get(f"{path_of(FRAMED)}/rendered{query}", Accept="image/png")

        assert theirs.headers["content-type"] == ours.headers["content-type"] == "image/png"
        assert theirs.content[16:24] == ours.content[16:24]


_BOUNDARY: Final = "between-the-parts"
_STORED: Final = {"Content-Type": f'multipart/related; type="application/dicom"; boundary={_BOUNDARY}'}


def _multipart(*contents: bytes) -> bytes:
    parts = [f"--{_BOUNDARY}\r\nContent-Type: application/dicom\r\n\r\n".encode() + data + b"\r\n" for data in contents]
    return b"".join(parts) + f"--{_BOUNDARY}--\r\n".encode()


def _told(reply: httpx.Response, sequence: str) -> list[tuple[str, str]]:
    """Class and instance of each item of a sequence of a report."""
    items = reply.json().get(sequence, {}).get("Value", [])
    return [(item["00081150"]["Value"][0], item["00081155"]["Value"][0]) for item in items]


def test_storing_tells_the_same(both: Both) -> None:
    files = make_study(patient_id="DORA", study=44, series={"CT": 2, "SR": 1})
    headers = {**_STORED, "Accept": "application/dicom+json"}
    study = path_of(files[0]).rsplit("/", 4)[0]

    for path in ("/dicom-web/studies", study, "/dicom-web/studies"):  # the last time they are there already
        theirs, ours = (
            one.post(path, content=_multipart(*files), headers=headers) for one in (both.orthanc, both.ours)
        )
        assert theirs.status_code == ours.status_code == 200
        assert theirs.headers["content-type"] == ours.headers["content-type"] == "application/dicom+json"
        assert _told(theirs, "00081199") == _told(ours, "00081199")
        assert len(_told(ours, "00081199")) == 3
        assert theirs.json()["00081190"]["Value"][0].endswith(study)
        assert ours.json()["00081190"]["Value"][0].endswith(study)
    assert [len(one.get(f"{study}/instances").json()) for one in (both.orthanc, both.ours)] == [3, 3]


def test_what_cannot_be_stored_is_refused_by_both(both: Both) -> None:
    for body, kind in (
        (_multipart(FILES[0]), "multipart/related; type=application/dicom"),
        (_multipart(FILES[0]), f"multipart/related; type=text/html; boundary={_BOUNDARY}"),
        (_multipart(FILES[0]), "text/plain"),
    ):
        for one in (both.orthanc, both.ours):
            assert one.post("/dicom-web/studies", content=body, headers={"Content-Type": kind}).is_client_error
