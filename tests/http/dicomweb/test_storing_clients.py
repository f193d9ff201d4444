"""STOW-RS and its clients: who may store, bodies in pieces, those who leave or stand still, limits, a full card."""

import base64
import contextlib
import subprocess
import threading
import time
from collections.abc import Sequence
from pathlib import Path

import pytest

from pacsberry.auth import User
from pacsberry.errors import NoRoom
from pacsberry.http.settings import HttpSettings
from pacsberry.model import Level
from tests.http.dicomweb.aids import find
from tests.http.dicomweb.storing_aids import (
    BOUNDARY,
    FAILED,
    INSTANCE,
    OTHERS,
    REASON,
    REFERENCED,
    STUDY,
    TYPE,
    items,
    multipart,
    report,
    store,
    stored_files,
    uid_of,
)
from tests.http.live import Live, live_server, wait_until_spool_holds
from tests.http.raw import head, wire
from tests.makers import make_instance, make_study


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
