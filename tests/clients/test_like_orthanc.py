"""The same files and the same requests to Debian's Orthanc and to our server: what comes back is compared.

`orthanc.DIFFERENCES` lists what may differ and why.  Skipped where no Orthanc is installed.
"""

import re
import socket
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from pacsberry.archive import StorageAccess
from tests.clients.orthanc import BINARY, differences, running_orthanc
from tests.http.live import live_server
from tests.makers import make_instance, make_study

pytestmark = pytest.mark.skipif(BINARY is None, reason="Orthanc is not installed")

_PRIVATE = re.compile(r'"[0-9a-f]{3}[13579bdf],[0-9a-f]{4}" :')
LEVELS = ("patients", "studies", "series", "instances")

# (Orthanc's status, ours), and why.
STATUS_DIFFERS = {
    (404, 400): "a file without StudyInstanceUID is a bad file since 1.12",
    (500, 400): "a frame of an object without pixel data is a bad request",
}
SKIPPED = {
    "badVR.dcm": "NumberOfFrames is '1A', which has no effect here",
    "rtdose_rle.dcm": "its PatientID has VR UN: Orthanc keeps the padding, and so has another identifier",
    "rtdose_rle_1frame.dcm": "likewise",
}


@dataclass(frozen=True)
class Both:
    """The two servers, holding the same."""

    orthanc: httpx.Client
    ours: httpx.Client

    def get(self, path: str) -> list[str]:
        """Where the two answers to GET differ."""
        return self._compare(self.orthanc.get(path), self.ours.get(path))

    def post(self, path: str, body: object) -> list[str]:
        """Where the two answers to POST differ; text is sent as it is."""
        how = {"content": body} if isinstance(body, str) else {"json": body}
        return self._compare(self.orthanc.post(path, **how), self.ours.post(path, **how))

    @staticmethod
    def _compare(theirs: httpx.Response, ours: httpx.Response) -> list[str]:
        if (theirs.status_code, ours.status_code) in STATUS_DIFFERS:
            return []
        if theirs.status_code != ours.status_code:
            return [f"{ours.request.url.path}: Orthanc {theirs.status_code}, Pacsberry {ours.status_code}: {ours.text}"]
        if theirs.status_code != 200:
            return []
        if theirs.headers["content-type"].startswith("application/json"):
            return list(differences(theirs.json(), ours.json(), ours.request.url.path))
        same = theirs.content == ours.content
        return [] if same else [f"{ours.request.url.path}: {theirs.content[:80]!r}, {ours.content[:80]!r}"]

    def ids(self, level: str) -> list[str]:
        """The identifiers of a level; both have to have the same."""
        theirs, ours = self.orthanc.get(f"/{level}").json(), self.ours.get(f"/{level}").json()
        assert sorted(theirs) == sorted(ours)
        return list(ours)

    def ids_without_private_tags(self, level: str) -> list[str]:
        """Those whose instances have standard tags only: names of private tags come from different dictionaries."""
        route = "tags?short" if level == "instances" else "instances-tags?short"
        return [id for id in self.ids(level) if not _PRIVATE.search(self.ours.get(f"/{level}/{id}/{route}").text)]


def _free_ports() -> tuple[int, int]:
    with socket.create_server(("127.0.0.1", 0)) as one, socket.create_server(("127.0.0.1", 0)) as other:
        return one.getsockname()[1], other.getsockname()[1]


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory, pydicom_files: Mapping[str, Path]) -> Iterator[Both]:
    folder = tmp_path_factory.mktemp("both")
    ours_settings: dict[str, Any] = {
        "stable_age_seconds": 3600,
        "storage_access": StorageAccess.ALWAYS,
        "store_md5": True,
        "user_content_types": {"note": (1050, "text/plain")},
        "user_metadata": {"comment": 1030},
    }
    with (
        running_orthanc(folder / "orthanc", *_free_ports()) as url,
        live_server(folder / "ours", **ours_settings) as server,
        httpx.Client(base_url=url, timeout=60) as orthanc,
        httpx.Client(base_url=server.url, timeout=60) as ours,
    ):
        servers = Both(orthanc, ours)
        for data in _files(pydicom_files):
            theirs, mine = orthanc.post("/instances", content=data), ours.post("/instances", content=data)
            if theirs.status_code != mine.status_code:
                assert (theirs.status_code, mine.status_code) in STATUS_DIFFERS, mine.text
            elif theirs.status_code == 200:
                assert not list(differences(theirs.json(), mine.json()))
        yield servers


def _files(pydicom_files: Mapping[str, Path]) -> Iterator[bytes]:
    """pydicom's files, those of its folders of character sets and of media included, and files made in code."""
    folder = next(iter(pydicom_files.values())).parent
    more = [*(folder.parent / "charset_files").glob("*.dcm"), *(folder / "dicomdirtests").rglob("*")]
    for path in sorted([*pydicom_files.values(), *more]):
        if path.is_file() and path.name not in (*SKIPPED, "README"):
            yield path.read_bytes()
    yield from _made()


def _made() -> Iterator[bytes]:
    yield from make_study(
        patient_id="MADE-1", series={"CT": 4, "MR": 2, "SR": 1, "PDF": 1, "RTSTRUCT": 1, "US-loop": 1}
    )
    yield make_instance("CT", patient_id="MADE-2", tags={"PatientName": "Müller^Jörg", "AccessionNumber": "A 1"})


def _all(both: Both, level: str, route: str) -> list[str]:
    found = []
    for id in both.ids_without_private_tags(level) if "simpl" in route else both.ids(level):
        found += both.get(f"/{level}/{id}{route}")
    return found


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("route", ["", "?full", "?short", "/metadata?expand", "/attachments?full", "/statistics"])
def test_every_resource_is_described_as_orthanc_does(both: Both, level: str, route: str) -> None:
    assert _all(both, level, route) == []


@pytest.mark.parametrize(
    "route", ["/tags", "/tags?short", "/simplified-tags", "/header", "/header?simplify", "/content"]
)
def test_the_tags_of_every_instance_are_those_of_orthanc(both: Both, route: str) -> None:
    assert _all(both, "instances", route) == []


@pytest.mark.parametrize(
    ("level", "route"),
    [
        ("studies", "/module"),
        ("studies", "/module-patient?simplify"),
        ("series", "/module"),
        ("instances", "/module"),
        ("instances", "/module?short"),
    ],
)
def test_modules_are_those_of_orthanc(both: Both, level: str, route: str) -> None:
    assert _all(both, level, route) == []


@pytest.mark.parametrize("level", LEVELS[:3])
@pytest.mark.parametrize("route", ["/shared-tags", "/shared-tags?simplify", "/instances-tags?short"])
def test_the_tags_of_many_instances_are_those_of_orthanc(both: Both, level: str, route: str) -> None:
    assert _all(both, level, route) == []


@pytest.mark.parametrize("route", ["/file", "/frames", "/frames/0/raw", "/pdf"])
def test_the_content_of_every_instance_is_that_of_orthanc(both: Both, route: str) -> None:
    assert _all(both, "instances", route) == []


def test_the_slices_of_every_series_come_in_orthancs_order(both: Both) -> None:
    assert _all(both, "series", "/ordered-slices") == []


@pytest.mark.parametrize("level", LEVELS)
def test_expanded_lists_hold_what_orthanc_lists(both: Both, level: str) -> None:
    theirs, ours = (
        {one["ID"]: one for one in client.get(f"/{level}?expand").json()} for client in (both.orthanc, both.ours)
    )

    assert list(differences(theirs, ours)) == []


# Not here, since they differ by intent: an open range such as -20031231 finds no study without date (PS3.4 C.2.2.2.1);
# a wildcard in a UID or date is an ordinary character and finds nothing, Orthanc 1.10 answers 400.
FINDS = [
    {"Level": "Study", "Query": {}},
    {"Level": "studies", "Query": {"PatientID": "made-*"}},
    {"Level": "Image", "Query": {"SOPInstanceUID": "1.3.6.1.4.1.5962.1.1.4.1.1.20040826185059.5457"}},
    {"Level": "Patient", "Query": {"PatientName": "*samples*"}},
    {"Level": "Patient", "Query": {"PatientID": "MADE-1\\MADE-2"}},
    {"Level": "Patient", "Query": {"PatientName": "muller*"}},
    {"Level": "Study", "Query": {"StudyDate": "20030101-20041231"}},
    {"Level": "Study", "Query": {"StudyDate": "20031231-"}},
    {"Level": "Study", "Query": {"StudyDate": "20260105"}},
    {"Level": "Study", "Query": {"AccessionNumber": "a 1"}},
    {"Level": "Study", "Query": {"ModalitiesInStudy": "CT\\MR"}},
    {"Level": "Study", "Query": {"0008-0020": "20040826", "00100010": "*"}},
    {"Level": "Series", "Query": {"Modality": "ct"}},
    {"Level": "Series", "Query": {"Modality": "CT", "PatientID": "MADE*"}},
    {"Level": "Series", "Query": {"SeriesDescription": "Series ?"}},
    {"Level": "Instance", "Query": {"InstanceNumber": "1", "PatientID": "MADE-1"}},
    {"Level": "Instance", "Query": {"Rows": "64"}},
    {"Level": "Study", "Query": {"PatientName": "Müller^Jörg"}, "CaseSensitive": True},
    {"Level": "Study", "Query": {"PatientName": "MÜLLER^JÖRG"}, "CaseSensitive": True},
    {"Level": "Study", "Query": {}, "Since": 100_000},
    {"Level": "Patient", "Query": {"PatientID": "nobody"}, "Expand": True},
]


@pytest.mark.parametrize("query", FINDS, ids=str)
def test_a_find_finds_what_orthanc_finds(both: Both, query: dict[str, object]) -> None:
    theirs, ours = both.orthanc.post("/tools/find", json=query), both.ours.post("/tools/find", json=query)

    assert ours.status_code == theirs.status_code == 200
    assert sorted(ours.json()) == sorted(theirs.json())


@pytest.mark.parametrize("form", [{}, {"Short": True}, {"Full": True}, {"Simplify": True}], ids=str)
def test_an_expanded_find_describes_as_orthanc_does(both: Both, form: dict[str, bool]) -> None:
    query = {"Level": "Series", "Query": {"PatientID": "MADE-1"}, "Expand": True, **form}
    theirs, ours = (
        {one["ID"]: one for one in client.post("/tools/find", json=query).json()}
        for client in (both.orthanc, both.ours)
    )

    assert len(ours) == 6
    assert list(differences(theirs, ours)) == []


@pytest.mark.parametrize(
    "identifier", ["MADE-1", "made-1 ", "", "nobody", "1.3.6.1.4.1.5962.1.2.4.20040826185059.5457"]
)
def test_a_lookup_finds_what_orthanc_finds(both: Both, identifier: str) -> None:
    assert both.post("/tools/lookup", identifier) == []


@pytest.mark.parametrize("level", ["Patient", "Study", "Series", "Instance"])
def test_bulk_content_is_that_of_orthanc(both: Both, level: str) -> None:
    patient = both.ours.post("/tools/lookup", content="MADE-1").json()[0]["ID"]
    query = {"Resources": [patient, "nobody"], "Level": level, "Short": True}
    theirs, ours = (
        {one["ID"]: one for one in client.post("/tools/bulk-content", json=query).json()}
        for client in (both.orthanc, both.ours)
    )

    assert ours
    assert list(differences(theirs, ours)) == []


def test_the_change_log_tells_what_orthancs_tells(both: Both) -> None:
    """CompletedSeries apart, in the same order: we look whether series are complete once for a batch of instances."""
    completed, others = [], []
    for client in (both.orthanc, both.ours):
        changes = client.get("/changes?limit=5000").json()["Changes"]
        named = [(change["ChangeType"], change["ResourceType"], change["Path"]) for change in changes]
        completed.append({change for change in named if change[0] == "CompletedSeries"})
        others.append([change for change in named if change[0] != "CompletedSeries"])

    assert completed[0] == completed[1]
    assert others[0] == others[1]
    assert both.get("/changes?since=10&limit=5") == []
    assert both.get("/exports") == []


def test_the_totals_are_those_of_orthanc(both: Both) -> None:
    assert both.get("/statistics") == []


# (method, path, body): `{patient}` … are resources of MADE-1, `{nobody}` is an identifier without resource.
REQUESTS = [
    ("GET", "/nothing", ""),
    ("GET", "/patients/nobody", ""),
    ("GET", "/patients/nobody/studies", ""),
    ("GET", "/studies/nobody/patient", ""),
    ("GET", "/instances/{instance}/protected", ""),
    ("GET", "/patients?since=0", ""),
    ("GET", "/patients?limit=1", ""),
    ("GET", "/patients?since=x&limit=1", ""),
    ("GET", "/patients/{patient}/", ""),
    ("GET", "/tools/generate-uid", ""),
    ("GET", "/plugins/nothing", ""),
    ("GET", "/instances/nobody/attachments/dicom/data", ""),
    ("GET", "/instances/{instance}/attachments/nothing", ""),
    ("GET", "/instances/{instance}/attachments/note", ""),
    ("GET", "/instances/{instance}/metadata/nothing", ""),
    ("GET", "/instances/{instance}/metadata/comment", ""),
    ("PUT", "/instances", ""),
    ("POST", "/patients", ""),
    ("DELETE", "/patients/nobody", ""),
    ("PUT", "/patients/{patient}/protected", "x"),
    ("PUT", "/patients/{patient}/metadata/RemoteAET", "x"),
    ("PUT", "/patients/{patient}/metadata/nothing", "x"),
    ("PUT", "/patients/nobody/metadata/comment", "x"),
    ("DELETE", "/patients/{patient}/metadata/comment", ""),
    ("DELETE", "/patients/{patient}/metadata/LastUpdate", ""),
    ("PUT", "/patients/{patient}/attachments/dicom", "x"),
    ("PUT", "/patients/{patient}/attachments/nothing", "x"),
    ("PUT", "/patients/{patient}/attachments/1000", "x"),
    ("DELETE", "/instances/{instance}/attachments/dicom", ""),
    ("POST", "/instances/{instance}/attachments/dicom/verify-md5", ""),
    ("POST", "/instances/{instance}/attachments/dicom/uncompress", ""),
    ("PUT", "/tools/log-level", "loud"),
    ("PUT", "/tools/default-encoding", "Klingon"),
    ("PUT", "/tools/unknown-sop-class-accepted", "perhaps"),
    ("PUT", "/tools/accepted-transfer-syntaxes", "{}"),
    ("PUT", "/tools/accepted-transfer-syntaxes", "[1]"),
    ("POST", "/tools/find", ""),
    ("POST", "/tools/find", "x"),
    ("POST", "/tools/find", "[]"),
    ("POST", "/tools/find", "{}"),
    ("POST", "/tools/find", '{"Level": "Study"}'),
    ("POST", "/tools/find", '{"Level": 1, "Query": {}}'),
    ("POST", "/tools/find", '{"Level": "Room", "Query": {}}'),
    ("POST", "/tools/find", '{"Level": "Study", "Query": {"PatientID": 1}}'),
    ("POST", "/tools/find", '{"Level": "Study", "Query": {}, "Limit": -1}'),
    ("POST", "/tools/find", '{"Level": "Study", "Query": {}, "Since": -1}'),
    ("POST", "/tools/find", '{"Level": "Study", "Query": {}, "Limit": "3"}'),
    ("POST", "/tools/find", '{"Level": "Study", "Query": {}, "CaseSensitive": 1}'),
    ("POST", "/tools/find", '{"Level": "Study", "Query": {}, "RequestedTags": 1}'),
    ("POST", "/tools/bulk-content", "{}"),
    ("POST", "/tools/bulk-content", '{"Resources": ["{patient}"], "Level": "Room"}'),
    ("POST", "/tools/bulk-delete", "{}"),
    ("POST", "/tools/bulk-delete", '["nobody"]'),
    ("POST", "/tools/bulk-delete", '{"Resources": "nobody"}'),
    ("POST", "/tools/bulk-delete", '{"Resources": ["nobody"]}'),
]


@pytest.mark.parametrize("request_", REQUESTS, ids=lambda request: " ".join(request))
def test_a_request_has_the_status_it_has_at_orthanc(both: Both, request_: tuple[str, str, str]) -> None:
    method, path, body = request_
    patient = both.ours.post("/tools/lookup", content="MADE-1").json()[0]["ID"]
    study = both.ours.get(f"/patients/{patient}/studies").json()[0]["ID"]
    instance = both.ours.get(f"/patients/{patient}/instances?expand=false").json()[0]
    for name, id in (("{patient}", patient), ("{study}", study), ("{instance}", instance)):
        path, body = path.replace(name, id), body.replace(name, id)

    theirs, ours = (client.request(method, path, content=body) for client in (both.orthanc, both.ours))

    assert ours.status_code == theirs.status_code, ours.text


def test_a_patient_is_deleted_as_at_orthanc(both: Both) -> None:
    """The last test: it takes a study apart, an instance at a time."""
    patient = both.ours.post("/tools/lookup", content="MADE-1").json()[0]["ID"]
    for instance in both.ours.get(f"/patients/{patient}/instances?expand=false").json():
        theirs, ours = (client.delete(f"/instances/{instance}") for client in (both.orthanc, both.ours))

        assert ours.json() == theirs.json()

    assert ours.json() == {"RemainingAncestor": None}
    assert both.get("/statistics") == []
