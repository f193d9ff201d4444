"""STOW-RS: instances are stored while they arrive, and each is told what became of it."""

import base64
import contextlib
import json
import subprocess
import threading
import time
from collections.abc import Sequence
from io import BytesIO
from pathlib import Path
from typing import Any, Final
from xml.etree import ElementTree

import pydicom
import pytest

from pacsberry.auth import User
from pacsberry.errors import NoRoom
from pacsberry.http.settings import HttpSettings
from pacsberry.model import Level
from tests.http.dicomweb.aids import JSON, XML, find, path_of
from tests.http.live import Live, Reply, live_server, spool_files, wait_until_spool_holds
from tests.http.raw import head, wire
from tests.makers import DEFLATED, bare, make_dataset, make_instance, make_study

BOUNDARY: Final = "0123456789abcdef"
TYPE: Final = f'multipart/related; type="application/dicom"; boundary={BOUNDARY}'
REFERENCED, FAILED, OTHERS = "00081199", "00081198", "0008119A"
CLASS, INSTANCE, URL, REASON, COMMENT = "00081150", "00081155", "00081190", "00081197", "00000902"
STUDY: Final = make_study(series={"CT": 3, "MR": 1})


def multipart(*contents: bytes, headers: str = "Content-Type: application/dicom\r\n") -> bytes:
    parts = [f"--{BOUNDARY}\r\n{headers}\r\n".encode() + content + b"\r\n" for content in contents]
    return b"".join(parts) + f"--{BOUNDARY}--\r\n".encode()


def store(server: Live, body: bytes, path: str = "studies", *, kind: str = TYPE, accept: str = JSON) -> Reply:
    return server.post(f"/dicom-web/{path}", body, {"Content-Type": kind, "Accept": accept})


def report(reply: Reply) -> dict[str, Any]:
    assert reply.headers["content-type"] == JSON, reply.text
    told: dict[str, Any] = json.loads(reply.body)
    assert list(told) == sorted(told)
    return told


def items(told: dict[str, Any], sequence: str) -> list[dict[str, Any]]:
    """The items of a sequence, with single values."""
    found = told.get(sequence, {"Value": []})["Value"]
    return [{tag: value["Value"][0] for tag, value in item.items()} for item in found]


def stored_files(server: Live) -> set[bytes]:
    found = server.get("/instances").json
    return {server.get(f"/instances/{one}/file").body for one in found}


def uid_of(data: bytes) -> str:
    return path_of(data).rsplit("/", 1)[1]


def test_a_study_is_stored_and_each_instance_is_told_where_it_is(server: Live) -> None:
    reply = store(server, multipart(*STUDY))

    assert reply.status == 200
    told = report(reply)
    assert told.keys() == {URL, REFERENCED}
    assert told[URL]["Value"] == [server.url + path_of(STUDY[0]).partition("/series/")[0]]
    assert [item[INSTANCE] for item in items(told, REFERENCED)] == [uid_of(data) for data in STUDY]
    for data, item in zip(STUDY, items(told, REFERENCED), strict=True):
        assert item[URL] == server.url + path_of(data)
        assert item[CLASS] == pydicom.dcmread(BytesIO(data)).SOPClassUID
        path = item[URL].removeprefix(server.url)
        assert server.get(path, {"Accept": "application/dicom"}).body == data
    assert spool_files(server) == []


def test_the_report_can_be_had_as_xml(server: Live) -> None:
    reply = store(server, multipart(STUDY[0], b"no DICOM"), accept=XML)

    assert (reply.status, reply.headers["content-type"]) == (202, XML)
    space = "{http://dicom.nema.org/PS3.19/models/NativeDICOM}"
    found = {one.get("keyword"): one for one in ElementTree.fromstring(reply.body)}  # noqa: S314  # our own answer
    assert found.keys() == {"RetrieveURL", "ReferencedSOPSequence", "OtherFailuresSequence"}
    stored = found["ReferencedSOPSequence"].findall(f"{space}Item/{space}DicomAttribute/{space}Value")
    assert uid_of(STUDY[0]) in [value.text for value in stored]
    failed = found["OtherFailuresSequence"].findall(f"{space}Item/{space}DicomAttribute/{space}Value")
    assert str(0xC000) in [value.text for value in failed]


def test_what_is_there_already_is_stored_once_and_told_as_success(server: Live) -> None:
    assert store(server, multipart(STUDY[0])).status == 200

    reply = store(server, multipart(STUDY[0], STUDY[0]))

    assert reply.status == 200
    assert len(items(report(reply), REFERENCED)) == 2
    assert len(server.get("/instances").json) == 1


def test_one_that_cannot_be_stored_does_not_keep_the_others_back(server: Live) -> None:
    cut = STUDY[1][:-10]
    reply = store(server, multipart(STUDY[0], b"", b"no DICOM", cut, STUDY[2]))

    assert reply.status == 202
    told = report(reply)
    assert [item[INSTANCE] for item in items(told, REFERENCED)] == [uid_of(STUDY[0]), uid_of(STUDY[2])]
    [failed] = items(told, FAILED)
    assert (failed[INSTANCE], failed[REASON]) == (uid_of(STUDY[1]), 0xC000)
    assert failed[CLASS] == pydicom.dcmread(BytesIO(STUDY[1])).SOPClassUID
    assert [item[REASON] for item in items(told, OTHERS)] == [0xC000, 0xC000]
    assert all(0 < len(item[COMMENT]) <= 64 for item in (*items(told, OTHERS), failed))
    assert stored_files(server) == {STUDY[0], STUDY[2]}
    assert spool_files(server) == []


def test_a_report_can_be_read_by_pydicom(server: Live) -> None:
    told = report(store(server, multipart(STUDY[0], STUDY[1][:-10], b"x")))

    ds = pydicom.Dataset.from_json(told)

    assert ds.ReferencedSOPSequence[0].ReferencedSOPInstanceUID == uid_of(STUDY[0])
    assert ds.FailedSOPSequence[0].FailureReason == 0xC000
    assert ds.OtherFailuresSequence[0].FailureReason == 0xC000


def test_instances_of_several_studies_have_no_address_in_common(server: Live) -> None:
    other = make_instance("CT", study=2)

    told = report(store(server, multipart(STUDY[0], other)))

    assert told[URL] == {"vr": "UR"}
    assert len(items(told, REFERENCED)) == 2


def test_only_the_study_of_the_address_is_stored(server: Live) -> None:
    other = make_instance("CT", study=2)
    study = path_of(STUDY[0]).split("/")[3]

    mixed = store(server, multipart(STUDY[0], other), f"studies/{study}")
    wrong = store(server, multipart(other), f"studies/{study}/")

    assert (mixed.status, wrong.status) == (202, 409)
    for told in (report(mixed), report(wrong)):
        [failed] = items(told, FAILED)
        assert (failed[INSTANCE], failed[REASON]) == (uid_of(other), 0xA900)
    assert stored_files(server) == {STUDY[0]}
    assert report(wrong)[URL] == {"vr": "UR"}


@pytest.mark.parametrize("newline", ["\r\n", "\n"])
def test_files_of_every_kind_are_taken_as_they_are(server: Live, newline: str) -> None:
    files = [
        make_instance("CT", instance=1, transfer_syntax=DEFLATED),
        bare(make_dataset("CT", instance=2)),
        make_instance("SR", instance=3),
        make_instance("CT", instance=4) + b"\0" * 2,
    ]
    body = multipart(*files, headers="").replace(BOUNDARY.encode() + b"\r\n", BOUNDARY.encode() + newline.encode())
    if newline == "\n":
        body = body.replace(b"\r\n--" + BOUNDARY.encode(), b"\n--" + BOUNDARY.encode())
        body = body.replace(BOUNDARY.encode() + b"\n\r\n", BOUNDARY.encode() + b"\n\n")

    reply = store(server, body)

    assert reply.status in (200, 202)
    assert {files[0], files[1], files[2]} <= stored_files(server)


@pytest.mark.parametrize(
    "kind",
    [
        f"multipart/related; boundary={BOUNDARY}",
        f"Multipart/Related; TYPE=Application/DICOM; Boundary={BOUNDARY}",
        f'multipart/related;boundary="{BOUNDARY}";type="application/dicom; transfer-syntax=1.2.840.10008.1.2.1"',
        f"multipart/related; type=application/dicom; start=<x>; boundary={BOUNDARY}; charset=utf-8",
    ],
)
def test_the_content_type_may_be_written_in_many_ways(server: Live, kind: str) -> None:
    assert store(server, multipart(STUDY[0]), kind=kind).status == 200


def test_a_single_file_may_come_alone(server: Live) -> None:
    reply = store(server, STUDY[0], kind="application/dicom")

    assert reply.status == 200
    assert [item[INSTANCE] for item in items(report(reply), REFERENCED)] == [uid_of(STUDY[0])]


@pytest.mark.parametrize(
    ("kind", "body", "status"),
    [
        (TYPE, b"", 400),
        (TYPE, multipart(), 400),
        (TYPE, b"no boundary anywhere", 400),
        (TYPE, multipart(STUDY[0])[:-30], 400),
        (TYPE, multipart(STUDY[0]).replace(b"Content-Type: ", b"Content-Type"), 400),
        (TYPE, multipart(STUDY[0], headers="X: " + "y" * 20000 + "\r\n"), 400),
        (TYPE, b"x" * 100_000 + b"\r\n" + multipart(STUDY[0]), 400),
        ("multipart/related; type=application/dicom", multipart(STUDY[0]), 400),
        ("multipart/related; type=application/dicom; boundary=", multipart(STUDY[0]), 400),
        ("multipart/related; type=application/dicom; boundary=other", multipart(STUDY[0]), 400),
        (f"multipart/related; type=application/dicom; boundary={'x' * 500}", multipart(STUDY[0]), 400),
        (f"multipart/related; type=text/html; boundary={BOUNDARY}", multipart(STUDY[0]), 415),
        (f"multipart/form-data; boundary={BOUNDARY}", multipart(STUDY[0]), 415),
        (f"multipart/mixed; boundary={BOUNDARY}", multipart(STUDY[0]), 415),
        ("application/json", b"{}", 415),
        ("", multipart(STUDY[0]), 415),
        (TYPE, multipart(b"no DICOM"), 409),
        (TYPE, multipart(b"", b""), 409),
        (TYPE, multipart(STUDY[0], headers="Content-Type: image/jpeg\r\n"), 415),
        (TYPE, multipart(STUDY[0], headers="Content-Type: multipart/mixed; boundary=x\r\n"), 415),
        (TYPE, multipart(STUDY[0], headers="Content-Transfer-Encoding: base64\r\n"), 415),
    ],
    ids=lambda value: repr(value)[:60],
)
def test_what_cannot_be_stored_at_all_has_its_status_and_leaves_nothing(
    server: Live, kind: str, body: bytes, status: int
) -> None:
    reply = store(server, body, kind=kind)

    assert reply.status == status, reply.text
    assert server.get("/instances").json == []
    assert wait_until_spool_holds(server, 0) == []


def test_nothing_is_stored_for_who_would_not_take_the_report(server: Live) -> None:
    assert store(server, multipart(STUDY[0]), accept="image/png").status == 406
    assert server.get("/instances").json == []


def test_a_body_that_is_packed_is_refused(server: Live) -> None:
    headers = {"Content-Type": TYPE, "Content-Encoding": "gzip"}

    assert server.post("/dicom-web/studies", multipart(STUDY[0]), headers).status == 415


def test_what_was_stored_before_a_body_breaks_is_told(server: Live) -> None:
    whole = multipart(*STUDY[:3])
    broken = whole[: whole.rindex(b"--" + BOUNDARY.encode()) - 20]

    reply = store(server, broken)

    assert reply.status == 202
    told = report(reply)
    assert [item[INSTANCE] for item in items(told, REFERENCED)] == [uid_of(STUDY[0]), uid_of(STUDY[1])]
    assert [item[INSTANCE] for item in items(told, FAILED)] == [uid_of(STUDY[2])]
    assert stored_files(server) == set(STUDY[:2])


def test_a_wrong_method_and_a_wrong_path_are_told(server: Live) -> None:
    assert server.put("/dicom-web/studies", multipart(STUDY[0]), {"Content-Type": TYPE}).status == 405
    assert server.post("/dicom-web/series", multipart(STUDY[0]), {"Content-Type": TYPE}).status == 405
    assert server.post("/dicom-web/studies/1/series", multipart(STUDY[0]), {"Content-Type": TYPE}).status == 405


def assert_nothing_is_stored(server: Live, *headers: str, status: str = "403") -> None:
    """Send a whole instance and not yet the end of the body, then the rest; the answer is a refusal."""
    body = multipart(STUDY[0])
    with wire(server.port) as client:
        client.send(
            head("POST", "/dicom-web/studies", f"Content-Type: {TYPE}", f"Content-Length: {len(body)}", *headers)
        )
        client.send(body[:-2])
        time.sleep(0.3)
        assert list(server.archive.resources.ids(Level.INSTANCE)) == []
        client.send_as_long_as_it_takes(body[-2:])
        assert client.receive_head().split(" ")[1] == status
    time.sleep(0.1)
    assert list(server.archive.resources.ids(Level.INSTANCE)) == []
    assert wait_until_spool_holds(server, 0) == []


def test_a_read_only_server_stores_nothing(tmp_path: Path) -> None:
    settings = HttpSettings(port=0, addresses=("127.0.0.1",), read_only=True)
    with live_server(tmp_path, settings=settings) as server:
        assert_nothing_is_stored(server)


def test_a_page_of_another_site_stores_nothing(server: Live) -> None:
    assert_nothing_is_stored(server, "Origin: http://evil.example", "Sec-Fetch-Site: cross-site")


class _OnlyAnna:
    """Accounts; a password takes its time, as a hashed one does."""

    def verify(self, name: str, password: str, address: str) -> User | None:
        time.sleep(0.05)
        return User("anna") if (name, password) == ("anna", "right") else None


def _basic(password: str) -> str:
    return "Authorization: Basic " + base64.b64encode(f"anna:{password}".encode()).decode()


def test_nothing_is_stored_before_the_password_is_known_to_be_right(tmp_path: Path) -> None:
    with live_server(tmp_path, accounts=_OnlyAnna()) as server:
        assert_nothing_is_stored(server, status="401")
        assert_nothing_is_stored(server, _basic("wrong"), status="401")

        name, _, value = _basic("right").partition(": ")
        reply = server.post("/dicom-web/studies", multipart(STUDY[0]), {"Content-Type": TYPE, name: value})
        assert reply.status == 200


def chunked(data: bytes, size: int) -> bytes:
    pieces = [data[at : at + size] for at in range(0, len(data), size)]
    return b"".join(b"%x\r\n%s\r\n" % (len(piece), piece) for piece in pieces) + b"0\r\n\r\n"


@pytest.mark.parametrize("size", [1, 7, 1000, 1_000_000])
def test_a_chunked_body_is_taken_however_it_is_cut(server: Live, size: int) -> None:
    with wire(server.port) as client:
        client.send(head("POST", "/dicom-web/studies", f"Content-Type: {TYPE}", "Transfer-Encoding: chunked"))
        client.send(chunked(multipart(STUDY[0], STUDY[1]), size))

        assert client.receive_head().startswith("HTTP/1.1 200")
    assert stored_files(server) == set(STUDY[:2])


def test_an_instance_is_durable_before_the_next_one_has_come(server: Live) -> None:
    body = multipart(*STUDY[:2])
    until = body.index(b"\r\n--" + BOUNDARY.encode(), 10) + len(BOUNDARY) + 8
    with wire(server.port) as client:
        client.send(head("POST", "/dicom-web/studies", f"Content-Type: {TYPE}", f"Content-Length: {len(body)}"))
        client.send(body[:until])
        wait_for_instances(server, 1)
        client.send(body[until:])

        assert client.receive_head().startswith("HTTP/1.1 200")
    assert stored_files(server) == set(STUDY[:2])


def wait_for_instances(server: Live, count: int) -> None:
    for _ in range(400):
        if len(server.get("/instances").json) == count:
            return
        time.sleep(0.01)
    raise AssertionError(f"There are not {count} instances.")


def test_who_leaves_in_the_middle_leaves_what_was_whole_and_no_spool_file(server: Live) -> None:
    body = multipart(*STUDY)
    with wire(server.port) as client:
        client.send(head("POST", "/dicom-web/studies", f"Content-Type: {TYPE}", f"Content-Length: {len(body)}"))
        client.send(body[: body.index(STUDY[2]) + 500])
        wait_for_instances(server, 2)

    assert wait_until_spool_holds(server, 0) == []
    assert stored_files(server) == set(STUDY[:2])


def test_an_instance_over_the_limit_is_refused_and_many_below_it_are_not(tmp_path: Path) -> None:
    limit = max(map(len, STUDY)) + 1
    settings = HttpSettings(port=0, addresses=("127.0.0.1",), largest_body_bytes=limit)
    with live_server(tmp_path, settings=settings) as server:
        assert store(server, multipart(*STUDY)).status == 200
        assert store(server, multipart(b"x" * (limit + 1))).status == 413

        mixed = store(server, multipart(make_instance("CT", study=5), b"x" * (limit + 1), make_instance("CT", study=6)))
        told = report(mixed)
        assert mixed.status == 202
        assert len(items(told, REFERENCED)) == 2
        assert [item[REASON] for item in items(told, OTHERS)] == [0xA700]
        assert wait_until_spool_holds(server, 0) == []


def test_what_cannot_be_stored_is_not_read_for_ever(tmp_path: Path) -> None:
    settings = HttpSettings(port=0, addresses=("127.0.0.1",), largest_body_bytes=100_000)
    with live_server(tmp_path, settings=settings) as server:
        assert store(server, multipart(STUDY[0], b"x" * 180_000)).status == 202  # the rest is smaller than an instance

        reply = store(server, multipart(STUDY[1], b"x" * 900_000))

        assert reply.status == 413
        assert stored_files(server) == set(STUDY[:2])


def test_a_full_card_is_told_for_each_instance(tmp_path: Path) -> None:
    waits = []
    with live_server(tmp_path) as server:

        def spool(*, expected_bytes: int = 0, may_wait: bool = True) -> None:
            waits.append(may_wait)
            raise NoRoom("Refused: 0 MB are left.")

        server.archive.files.spool = spool  # type: ignore[method-assign, assignment]  # a card that is full
        reply = store(server, multipart(*STUDY[:2]))

        assert reply.status == 507
        assert [item[REASON] for item in items(report(reply), FAILED)] == [0xA700, 0xA700]
        assert [item[INSTANCE] for item in items(report(reply), FAILED)] == [uid_of(data) for data in STUDY[:2]]
        assert waits == [True, False]  # for the recycler, once


def test_many_clients_store_at_once(server: Live) -> None:
    studies = [make_study(patient_id=f"P{number}", study=number, series={"CT": 4}) for number in range(12)]
    statuses: list[int] = []

    def send(study: Sequence[bytes]) -> None:
        statuses.append(store(server, multipart(*study)).status)

    threads = [threading.Thread(target=send, args=(study,)) for study in studies]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert statuses == [200] * 12
    assert len(server.get("/instances").json) == 48


def test_clients_that_stand_still_in_the_middle_hold_nobody_back(server: Live) -> None:
    body = multipart(*STUDY)
    opening = head("POST", "/dicom-web/studies", f"Content-Type: {TYPE}", f"Content-Length: {len(body)}")
    with contextlib.ExitStack() as stack:
        clients = [stack.enter_context(wire(server.port)) for _ in range(20)]
        for client in clients:
            client.send(opening + body[:2000])
        wait_until_spool_holds(server, len(clients))
        assert len(wait_until_spool_holds(server, len(clients))) == len(clients)  # a loaded card takes its time

        assert store(server, multipart(make_instance("CT", study=9))).status == 200
    assert wait_until_spool_holds(server, 0) == []


def test_searches_find_what_was_stored(server: Live) -> None:
    store(server, multipart(*STUDY))

    [study] = find(server, "studies")

    assert study["00201208"]["Value"] == [4]


def test_one_connection_stores_study_after_study_also_for_who_asks_first(server: Live) -> None:
    with wire(server.port) as client:
        for number in range(1, 4):
            body = multipart(*make_study(study=number, series={"CT": 2}))
            expects = f"Content-Type: {TYPE}", f"Content-Length: {len(body)}", "Expect: 100-continue"
            client.send(head("POST", "/dicom-web/studies", *expects))
            assert client.receive_head().startswith("HTTP/1.1 100")
            client.send(body)
            answer = client.receive_head()
            assert answer.startswith("HTTP/1.1 200")
            [length] = [int(line[16:]) for line in answer.split("\r\n") if line.startswith("Content-Length: ")]
            received = b""
            while len(received) < length:
                received += client.receive()

    assert len(server.get("/instances").json) == 6


def test_requests_sent_one_behind_the_other_are_answered_in_order(server: Live) -> None:
    requests = b""
    for number, status in ((1, b"200"), (2, b"409"), (3, b"200")):
        body = multipart(make_instance("CT", study=number) if status == b"200" else b"no DICOM")
        requests += head("POST", "/dicom-web/studies", f"Content-Type: {TYPE}", f"Content-Length: {len(body)}") + body
    with wire(server.port) as client:
        client.send(requests)
        client.finish_sending()
        answers = client.receive_all()

    assert [answer[:3] for answer in answers.split(b"HTTP/1.1 ")[1:]] == [b"200", b"409", b"200"]


def test_curl_is_content(server: Live, tmp_path: Path) -> None:
    (tmp_path / "body").write_bytes(multipart(*STUDY, make_instance("CT", study=9, rows=1024, columns=1024)))
    common = ["curl", "-sS", "-w", "%{http_code}", "-o", "/dev/null", "-H", f"Content-Type: {TYPE}"]
    for more in ([], ["-H", "Transfer-Encoding: chunked"], ["--http1.0"]):
        sent = ["--data-binary", f"@{tmp_path / 'body'}", f"{server.url}/dicom-web/studies"]
        ran = subprocess.run([*common, *more, *sent], capture_output=True, text=True, timeout=60, check=False)
        assert (ran.stdout, ran.stderr) == ("200", ""), more
    assert len(server.get("/instances").json) == 5
