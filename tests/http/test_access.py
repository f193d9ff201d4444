"""Who may come in, and who may write."""

import base64
import contextlib
import json
import os
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from pacsberry.auth import User
from pacsberry.errors import NotAllowed
from pacsberry.http.access import EVERYBODY, Access, Credentials, is_loopback
from pacsberry.http.errors import Unauthorized
from pacsberry.http.settings import HttpSettings
from tests.http.live import live_server
from tests.http.raw import head, wire
from tests.http.routes import ROUTES


def basic(user: str, password: str) -> str:
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()


@dataclass
class OneTeacher:
    """Accounts with one user; counts how often it is asked."""

    asked: int = 0
    may_answer: threading.Event = field(default_factory=threading.Event)

    def __post_init__(self) -> None:
        self.may_answer.set()

    def verify(self, name: str, password: str, address: str) -> User | None:
        self.may_answer.wait(10)
        self.asked += 1
        return User(name) if (name, password) == ("teacher", "göö:d") else None


RIGHT = basic("teacher", "göö:d")
WRONG = basic("teacher", "wrong")


@pytest.mark.parametrize(
    ("ip", "is_own"),
    [
        ("127.0.0.1", True),
        ("127.3.2.1", True),
        ("::1", True),
        ("::ffff:127.0.0.1", True),
        ("192.168.4.1", False),
        ("::ffff:192.168.4.1", False),
        ("fe80::1%wlan0", False),
        ("0.0.0.0", False),  # noqa: S104
        ("localhost", False),
        ("", False),
    ],
)
def test_loopback_is_this_machine_only(ip: str, is_own: bool) -> None:
    assert is_loopback(ip) is is_own


def test_clients_from_elsewhere_are_turned_away_unless_they_may_come_in() -> None:
    with pytest.raises(Unauthorized, match="RemoteAccessAllowed"):
        Access(None, remote_access=False).admit("192.168.4.20", Credentials())

    assert Access(None, remote_access=True).admit("192.168.4.20", Credentials()) == EVERYBODY


def test_without_accounts_everybody_is_nobody() -> None:
    assert Access(None, remote_access=False).admit("127.0.0.1", Credentials(WRONG)) == EVERYBODY


def test_the_right_password_names_the_user() -> None:
    assert Access(OneTeacher(), remote_access=True).admit("10.0.0.2", Credentials(RIGHT)) == User("teacher")


@pytest.mark.parametrize(
    "header",
    [
        "",
        WRONG,
        basic("student", "göö:d"),
        "Bearer abc",
        "Basic",
        "Basic !!!!",
        "Basic " + base64.b64encode(b"no colon").decode(),
        "Basic " + base64.b64encode(b"\xff\xfe:x").decode(),
        "Basic " + "A" * 100_000,
    ],
)
def test_anything_else_is_turned_away(header: str) -> None:
    with pytest.raises(Unauthorized):
        Access(OneTeacher(), remote_access=True).admit("10.0.0.2", Credentials(header))


def test_what_the_accounts_said_holds_for_a_moment() -> None:
    accounts, now = OneTeacher(), [100.0]
    access = Access(accounts, remote_access=True, monotonic=lambda: now[0])

    for _ in range(5):
        access.admit("10.0.0.2", Credentials(RIGHT))
    assert accounts.asked == 1

    now[0] += 60
    access.admit("10.0.0.2", Credentials(RIGHT))
    assert accounts.asked == 2


def test_a_glance_never_asks_the_accounts() -> None:
    accounts = OneTeacher()
    access = Access(accounts, remote_access=True)

    assert access.glance("10.0.0.2", Credentials(RIGHT)) is None
    assert accounts.asked == 0

    access.admit("10.0.0.2", Credentials(RIGHT))
    assert access.glance("10.0.0.2", Credentials(RIGHT)) == User("teacher")


def test_what_is_remembered_is_bounded() -> None:
    access = Access(OneTeacher(), remote_access=True)

    for number in range(2000):
        with pytest.raises(Unauthorized):
            access.admit("10.0.0.2", Credentials(basic("teacher", str(number))))

    assert len(access._remembered) <= 256


def test_nothing_is_written_in_read_only_mode() -> None:
    with pytest.raises(NotAllowed, match="ReadOnly"):
        Access(None, remote_access=True, read_only=True).may_write({})


@pytest.mark.parametrize(
    ("headers", "may"),
    [
        ({}, True),
        ({"HTTP_ORIGIN": "http://box:8042", "HTTP_HOST": "box:8042"}, True),
        ({"HTTP_ORIGIN": "http://BOX:8042", "HTTP_HOST": "box:8042"}, True),
        (
            {"HTTP_ORIGIN": "https://school.example", "HTTP_HOST": "a:1", "HTTP_X_FORWARDED_HOST": "school.example"},
            True,
        ),
        # A proxy that says nothing of the client's host; an old browser on the machine of the server.
        (
            {"HTTP_ORIGIN": "https://school.example", "HTTP_HOST": "localhost:8042", "SERVER_PROTOCOL": "HTTP/1.0"},
            True,
        ),
        ({"HTTP_ORIGIN": "https://school.example", "HTTP_HOST": "[::1]:8042", "HTTP_X_FORWARDED_FOR": "::2"}, True),
        ({"HTTP_ORIGIN": "https://evil.example", "HTTP_HOST": "localhost:8042"}, False),
        ({"HTTP_ORIGIN": "https://evil.example", "HTTP_HOST": "box:8042", "HTTP_X_FORWARDED_FOR": "::2"}, False),
        ({"REQUEST_METHOD": "GET", "HTTP_USER_AGENT": "Mozilla/5.0 (iPad)"}, False),
        ({"REQUEST_METHOD": "GET", "HTTP_USER_AGENT": "curl/8"}, True),
        ({"REQUEST_METHOD": "GET", "HTTP_USER_AGENT": "Mozilla/5.0", "HTTP_X_HTTP_METHOD_OVERRIDE": "PUT"}, True),
        ({"REQUEST_METHOD": "DELETE", "HTTP_USER_AGENT": "Mozilla/5.0"}, True),
        ({"HTTP_SEC_FETCH_SITE": "same-origin", "HTTP_ORIGIN": "https://a", "HTTP_HOST": "b"}, True),
        ({"HTTP_SEC_FETCH_SITE": "cross-site"}, False),
        ({"HTTP_ORIGIN": "http://evil.example", "HTTP_HOST": "box:8042"}, False),
        ({"HTTP_ORIGIN": "http://box", "HTTP_HOST": "box:8042"}, False),
        ({"HTTP_ORIGIN": "null", "HTTP_HOST": "box:8042"}, False),
        ({"HTTP_ORIGIN": "http://[", "HTTP_HOST": "box:8042"}, False),
    ],
)
def test_pages_of_other_sites_may_not_write_through_a_visitors_browser(headers: Mapping[str, str], may: bool) -> None:
    access = Access(None, remote_access=True)

    if may:
        access.may_write(headers)
    else:
        with pytest.raises(NotAllowed):
            access.may_write(headers)


@pytest.mark.parametrize(
    ("host", "is_welcome"),
    [
        ("", True),
        ("localhost:8042", True),
        ("LOCALHOST", True),
        ("a.localhost:8042", True),
        ("127.0.0.1:8042", True),
        ("[::1]:8042", True),
        ("192.168.4.1", True),
        ("box:8042", True),
        ("pacsberry.local.", True),
        (f"{os.uname().nodename}:8042", True),
        ("pacs.school.example", True),
        ("PACS.school.example:8042", True),
        ("evil.example:8042", False),
        ("school.example", False),
        ("pacs.school.example.evil.example", False),
        ("127.0.0.1.evil.example", False),
        ("local.evil.example", False),
    ],
)
def test_a_name_of_the_internet_does_not_lead_a_page_to_a_server_without_passwords(host: str, is_welcome: bool) -> None:
    names = frozenset({"pacs.school.example"})
    alone, asking = (Access(who, remote_access=False, host_names=names) for who in (None, OneTeacher()))

    assert asking.admit("127.0.0.1", Credentials(RIGHT, host=host)) == User("teacher")
    assert Access(None, remote_access=True).admit("127.0.0.1", Credentials(host=host)) == EVERYBODY
    if is_welcome:
        assert alone.admit("127.0.0.1", Credentials(host=host)) == EVERYBODY
    else:
        with pytest.raises(NotAllowed, match="HostNames"):
            alone.admit("127.0.0.1", Credentials(host=host))


def test_that_name_is_looked_at_with_every_request(tmp_path: Path) -> None:
    with live_server(tmp_path, routes=ROUTES) as server:
        evil = {"Host": "evil.example"}

        assert server.get("/value", evil).status == 403
        assert server.post("/measure", b"x" * 100_000, evil).status == 403
        assert server.get("/value", {"Host": "localhost"}).status == 200
        with wire(server.port) as client:  # a proxy that keeps the client's Host
            client.send(b"GET /value HTTP/1.0\r\nHost: pacs.school.example\r\n\r\n")
            assert b" 200 OK" in client.receive_all()


def test_what_was_said_of_a_password_does_not_outlive_the_account() -> None:
    accounts, edition = OneTeacher(), [1]
    access = Access(accounts, remote_access=True, edition=lambda: edition[0])

    access.admit("10.0.0.2", Credentials(RIGHT))
    edition[0] += 1
    access.admit("10.0.0.2", Credentials(RIGHT))

    assert accounts.asked == 2


def test_a_picture_of_a_foreign_page_deletes_nothing(tmp_path: Path) -> None:
    with live_server(tmp_path, routes=ROUTES) as server:
        assert server.get("/echo?_method=DELETE", {"User-Agent": "Mozilla/5.0 (iPad; CPU OS 15_8)"}).status == 403
        assert server.get("/echo?_method=DELETE").status == 200


def test_who_tries_passwords_keeps_nobody_waiting(tmp_path: Path) -> None:
    accounts = OneTeacher()
    with live_server(tmp_path, routes=ROUTES, accounts=accounts) as server:
        assert server.get("/value", {"Authorization": RIGHT}).status == 200
        accounts.may_answer.clear()
        with contextlib.ExitStack() as stack:
            clients = [stack.enter_context(wire(server.port)) for _ in range(24)]
            for number, client in enumerate(clients):
                body = ("POST", "/measure", "Content-Length: 3") if number % 2 else ("GET", "/value")
                client.send(head(*body, f"Authorization: {basic('teacher', str(number))}"))
            time.sleep(0.2)

            assert server.get("/value", {"Authorization": RIGHT}).status == 200

            accounts.may_answer.set()
            for number, client in enumerate(clients):
                client.send(b"abc" if number % 2 else b"")
                assert client.receive_head().startswith("HTTP/1.1 401 ")


def test_a_401_asks_for_a_password(tmp_path: Path) -> None:
    with live_server(tmp_path, routes=ROUTES, accounts=OneTeacher()) as server:
        answer = server.get("/nowhere")

        assert answer.status == 401
        assert answer.headers["www-authenticate"].startswith('Basic realm="')
        assert json.loads(answer.body)["OrthancStatus"] == 29
        assert server.get("/value", {"Authorization": RIGHT}).status == 200


def test_an_upload_without_a_password_is_refused_before_it_is_sent(tmp_path: Path) -> None:
    with live_server(tmp_path, routes=ROUTES, accounts=OneTeacher()) as server, wire(server.port) as client:
        client.send(head("POST", "/measure", "Content-Length: 100000000", "Expect: 100-continue"))
        answer = client.receive_all()

    assert answer.startswith(b"HTTP/1.1 401 ")
    assert b"www-authenticate: basic" in answer.lower()


def test_an_upload_with_a_wrong_password_is_refused_while_it_is_sent(tmp_path: Path) -> None:
    with live_server(tmp_path, routes=ROUTES, accounts=OneTeacher()) as server, wire(server.port) as client:
        client.send(head("POST", "/measure", "Content-Length: 100000000", f"Authorization: {WRONG}"))
        for _ in range(50):
            if client.send_as_long_as_it_takes(bytes(65536)) < 65536:
                break
            time.sleep(0.02)
        answer = client.receive_all()

        assert answer.startswith(b"HTTP/1.1 401 ")
        assert list((tmp_path / "storage" / "spool").iterdir()) == []


def test_a_slow_check_of_a_password_does_not_keep_others_waiting(tmp_path: Path) -> None:
    accounts = OneTeacher()
    with live_server(tmp_path, routes=ROUTES, accounts=accounts) as server:
        assert server.get("/value", {"Authorization": RIGHT}).status == 200
        accounts.may_answer.clear()
        with wire(server.port) as client:
            client.send(head("POST", "/measure", "Content-Length: 3", f"Authorization: {WRONG}"))

            assert server.get("/value", {"Authorization": RIGHT}).status == 200

            accounts.may_answer.set()
            client.send(b"abc")
            assert client.receive_head().startswith("HTTP/1.1 401 ")


def test_the_user_is_in_the_receipt(tmp_path: Path) -> None:
    from pacsberry.http.answers import Answer
    from pacsberry.http.routing import Route

    routes = [Route("GET", "/who", lambda request, context: Answer.text(request.receipt().http_username))]
    with live_server(tmp_path, routes=routes, accounts=OneTeacher()) as server:
        assert server.get("/who", {"Authorization": RIGHT}).text == "teacher"


def test_in_read_only_mode_questions_may_be_posted_and_nothing_else(tmp_path: Path) -> None:
    settings = HttpSettings(port=0, addresses=("127.0.0.1",), read_only=True)
    with live_server(tmp_path, settings=settings, routes=ROUTES) as server:
        assert server.get("/echo").status == 200
        assert server.post("/look", b"").status == 200
        for method in ("POST", "PUT", "DELETE"):
            assert server.request(method, "/echo").status == 403
        assert server.get("/echo?_method=DELETE").status == 403


def test_a_page_of_another_site_gets_403(tmp_path: Path) -> None:
    with live_server(tmp_path, routes=ROUTES) as server:
        headers = {"Origin": "http://evil.example", "Host": f"box:{server.port}"}

        assert server.post("/echo", b"", headers).status == 403
        assert server.get("/echo?_method=DELETE", {**headers, "Sec-Fetch-Site": "cross-site"}).status == 403
        assert server.get("/echo", headers).status == 200
