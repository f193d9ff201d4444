"""What comes out of a backup is taken in on the control socket only, and only as it was."""

import gzip
import json
import zlib
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from pacsberry.archive.note import Note
from pacsberry.model import Level
from pacsberry.peers.http_client import Answer, HttpClient, UnixConnection
from tests.flows.house import House, in_process
from tests.makers.instances import make_instance

CONTENT = make_instance("CT")
RECEIPT = "DicomProtocol|192.0.2.7|SCANNER|PACSBERRY|"


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    with in_process(tmp_path, {"UserContentType": {"report": 1030}, "OverwriteInstances": True}) as running:
        yield running


@pytest.fixture
def client(house: House) -> Iterator[HttpClient]:
    with closing(HttpClient(UnixConnection(house.storage / "pacsberry.sock"), name="The server")) as opened:
        yield opened


def send(client: HttpClient, content: bytes, path: str = "instances", **changes: str) -> Answer:
    """A file out of a backup; `changes` are headers, with _ for -."""
    headers = {
        "X-Pacsberry-Size": str(len(content)),
        "X-Pacsberry-Crc32": str(zlib.crc32(content)),
        "X-Pacsberry-Received": "1500000000",
        "X-Pacsberry-Receipt": RECEIPT,
        "X-Pacsberry-Revision": "3",
    }
    headers |= {name.replace("_", "-"): value for name, value in changes.items()}
    return client.request("POST", f"/pacsberry/restore/{path}", content, headers)


def metadata(house: House, instance: str) -> dict[str, str]:
    found: dict[str, str] = house.get(f"/instances/{instance}/metadata?expand")
    return found


def test_an_instance_has_the_date_and_the_sender_it_had(house: House, client: HttpClient) -> None:
    told = send(client, CONTENT).json()

    assert told["Status"] == "Success"
    found = metadata(house, told["ID"])
    assert found["ReceptionDate"] == "20170714T024000"
    assert (found["Origin"], found["RemoteAET"], found["RemoteIP"]) == ("DicomProtocol", "SCANNER", "192.0.2.7")
    assert house.get(f"/patients/{told['ParentPatient']}")["LastUpdate"] == "20170714T024000"
    assert house.file(told["ID"]) == CONTENT


def test_an_instance_that_is_there_stays_whatever_the_policy(house: House, client: HttpClient) -> None:
    told = house.upload(CONTENT)
    before = metadata(house, told["ID"])
    older = make_instance("CT", tags={"StudyDescription": "older"})

    assert send(client, older).json()["Status"] == "AlreadyStored"
    assert metadata(house, told["ID"]) == before
    assert house.file(told["ID"]) == CONTENT


def test_an_older_instance_makes_its_patient_no_older(house: House, client: HttpClient) -> None:
    patient = house.upload(CONTENT)["ParentPatient"]
    before = house.get(f"/patients/{patient}")["LastUpdate"]

    send(client, make_instance("CT", instance=2))

    assert house.get(f"/patients/{patient}")["LastUpdate"] == before
    assert len(house.get(f"/patients/{patient}/instances")) == 2


def test_a_packed_instance_is_unpacked(house: House, client: HttpClient) -> None:
    packed = gzip.compress(CONTENT)
    facts = {"X_Pacsberry_Size": str(len(CONTENT)), "X_Pacsberry_Crc32": str(zlib.crc32(CONTENT))}

    told = send(client, packed, Content_Encoding="gzip", **facts).json()

    assert house.file(told["ID"]) == CONTENT


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({"X_Pacsberry_Crc32": "1"}, 400),
        ({"X_Pacsberry_Size": "1"}, 400),
        ({"X_Pacsberry_Size": "-1"}, 400),
        ({"X_Pacsberry_Crc32": str(2**32)}, 400),
        ({"X_Pacsberry_Received": "yesterday"}, 400),
        ({"X_Pacsberry_Received": str(2**50)}, 400),
        ({"Content_Encoding": "gzip"}, 400),
    ],
)
def test_a_file_that_is_not_what_the_backup_says_is_refused(
    house: House, client: HttpClient, changes: dict[str, str], status: int
) -> None:
    assert send(client, CONTENT, **changes).status == status
    assert house.counts() == (0, 0, 0, 0)
    assert house.spooled() == []


def test_a_file_that_unpacks_to_more_than_the_backup_says_is_refused(house: House, client: HttpClient) -> None:
    bomb = gzip.compress(bytes(10**8))

    answer = send(client, bomb, Content_Encoding="gzip", X_Pacsberry_Size="1000", X_Pacsberry_Crc32="0")

    assert answer.status == 413
    assert house.spooled() == []


def test_what_is_no_dicom_is_refused(house: House, client: HttpClient) -> None:
    assert send(client, b"PK\x05\x06" + bytes(18)).status == 400
    assert house.counts() == (0, 0, 0, 0)


def test_an_attachment_has_the_revision_it_had_and_a_later_one_stays(house: House, client: HttpClient) -> None:
    study = house.upload(CONTENT)["ParentStudy"]
    path = f"studies/{study}/attachments/1030"

    assert send(client, b"a report", path).status == 200
    etag = house.ask("GET", f"/{path}/data").headers["etag"]
    again = send(client, b"an older one", path, X_Pacsberry_Revision="2")

    assert etag.startswith('"3-')
    assert again.status == 409
    assert house.ask("GET", f"/{path}/data").body == b"a report"
    assert len(house.kept_files()) == 2
    assert send(client, b"a newer one", path, X_Pacsberry_Revision="4").status == 200
    assert house.ask("GET", f"/{path}/data").body == b"a newer one"


def test_an_attachment_of_nothing_or_of_the_system_is_refused(house: House, client: HttpClient) -> None:
    instance = house.upload(CONTENT)["ID"]

    assert send(client, b"x", f"instances/{'0' * 44}/attachments/1030").status == 404
    assert send(client, b"x", f"instances/{instance}/attachments/1").status == 403
    assert send(client, b"x", f"instances/{instance}/attachments/99999").status == 400
    assert len(house.kept_files()) == 1


def test_a_note_is_merged(house: House, client: HttpClient) -> None:
    study = house.upload(CONTENT)["ParentStudy"]
    house.ask("PUT", f"/studies/{study}/labels/mine")
    note = Note(Level.STUDY, study, labels=("exam",), metadata={1024: ("text", 2)}, protected=True)

    assert client.request("POST", "/pacsberry/restore/notes", note.to_line().encode()).status == 200
    assert house.get(f"/studies/{study}/labels") == ["exam", "mine"]
    assert house.ask("GET", f"/studies/{study}/metadata/1024").headers["etag"].startswith('"2-')
    assert house.ask("GET", f"/studies/{study}/protected").body == b"1"


@pytest.mark.parametrize(
    "body", [b"nonsense", b"{}", b"[" * 100_000, b'{"v":2,"level":"study","id":"x"}', b"x" * 10**7]
)
def test_a_note_that_is_none_is_refused(client: HttpClient, body: bytes) -> None:
    assert client.request("POST", "/pacsberry/restore/notes", body).status == 400


def test_a_note_of_nothing_is_not_found(client: HttpClient) -> None:
    note = Note(Level.STUDY, "-".join(["00000000"] * 5), labels=("exam",))

    assert client.request("POST", "/pacsberry/restore/notes", note.to_line().encode()).status == 404


def test_what_is_missing_is_told(house: House, client: HttpClient) -> None:
    told = house.upload(CONTENT)
    other = "-".join(["00000000"] * 5)
    send(client, b"a report", f"studies/{told['ParentStudy']}/attachments/1030")
    attachments = [["studies", told["ParentStudy"], 1030, revision] for revision in (3, 4)]
    attachments.append(["series", other, 1030, 0])

    asked = {"instances": [told["ID"], other], "attachments": attachments}
    answer = client.request("POST", "/pacsberry/restore/missing", json.dumps(asked).encode())

    assert answer.json() == {"instances": [other], "attachments": attachments[1:]}


@pytest.mark.parametrize(
    "asked",
    [
        {"instances": "x"},
        {"instances": ["x"]},
        {"instances": [1]},
        {"instances": ["-".join(["00000000"] * 5)] * 1001},
        {"attachments": [[]]},
        {"attachments": [["nothing", "x", 1, 1]]},
        {"attachments": [["studies", "x", "1", 1]]},
    ],
)
def test_a_question_that_is_none_is_refused(client: HttpClient, asked: object) -> None:
    assert client.request("POST", "/pacsberry/restore/missing", json.dumps(asked).encode()).status == 400


@pytest.mark.parametrize("path", ["missing", "instances", "notes", "studies/x/attachments/1030"])
def test_nobody_restores_over_the_network(house: House, path: str) -> None:
    headers = {"X_Pacsberry_Size": str(len(CONTENT)), "X_Pacsberry_Crc32": str(zlib.crc32(CONTENT))}
    reply = house.ask("POST", f"/pacsberry/restore/{path}", CONTENT, X_Pacsberry_Received="0", **headers)

    assert reply.status == 403
    assert b"pacsberry restore" in reply.body
    assert house.counts() == (0, 0, 0, 0)
