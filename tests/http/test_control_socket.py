"""The control socket: who may open it, what it lets in, and that it is there exactly as long as the server."""

import contextlib
import json
import os
import socket
import stat
import tempfile
import threading
from pathlib import Path
from typing import Any

import pytest

from pacsberry.http.answers import Answer as RouteAnswer
from pacsberry.http.context import Context
from pacsberry.http.control import ControlSocket
from pacsberry.http.request import Request
from pacsberry.http.routing import Route
from pacsberry.http.settings import HttpSettings
from pacsberry.peers.http_client import Answer, HttpClient, UnixConnection
from tests.flows.house import application, as_process, in_process
from tests.http.live import live_server
from tests.http.raw import head
from tests.makers import make_instance

LOCKED = {"RemoteAccessAllowed": True, "AuthenticationEnabled": True, "RegisteredUsers": {"teacher": "secret"}}

RIGHT = "Basic dGVhY2hlcjpzZWNyZXQ="


def ask(storage: Path, method: str, path: str, *args: Any, **more: Any) -> Answer:
    """One request over the socket of a storage."""
    with contextlib.closing(HttpClient(UnixConnection(storage / "pacsberry.sock"), name="test")) as client:
        return client.request(method, path, *args, **more)


def test_the_same_routes_answer_without_a_password(tmp_path: Path) -> None:
    with in_process(tmp_path, LOCKED) as house:
        assert house.ask("GET", "/system").status == 401

        answer = ask(house.storage, "GET", "/system")

        assert (answer.status, answer.json()["Name"]) == (
            200,
            house.ask("GET", "/system", Authorization=RIGHT).json["Name"],
        )


def test_a_wrong_password_over_the_socket_is_no_attempt_of_anybody(tmp_path: Path) -> None:
    wrong = {"Authorization": "Basic dGVhY2hlcjp3cm9uZw=="}
    with in_process(tmp_path, LOCKED | {"Pacsberry": {"FailedLoginsPerMinute": 1}}) as house:
        for _ in range(5):
            assert ask(house.storage, "GET", "/system", headers=wrong).status == 200

        assert house.ask("GET", "/system", Authorization=RIGHT).status == 200


def test_what_comes_in_by_it_is_noted_as_the_admins(tmp_path: Path) -> None:
    with in_process(tmp_path, LOCKED) as house, (tmp_path / "ct.dcm").open("w+b") as file:
        file.write(make_instance("CT"))
        file.seek(0)
        told = ask(house.storage, "POST", "/instances", file, length=file.seek(0, 2) - file.seek(0)).json()

        told_by = [
            ask(house.storage, "GET", f"/instances/{told['ID']}/metadata/{name}").content
            for name in ("HttpUsername", "RemoteIP")
        ]
        assert told_by == [b"local", b"127.0.0.1"]


@pytest.mark.parametrize("chunks", [[b"x" * 100_000] * 3, [b""], []])
def test_a_body_of_unknown_length_is_streamed(tmp_path: Path, chunks: list[bytes]) -> None:
    content = make_instance("CT")
    with in_process(tmp_path) as house:
        answer = ask(house.storage, "POST", "/instances", iter([content[:700], content[700:]]))

        assert answer.json()["Status"] == "Success"
        refused = ask(house.storage, "POST", "/instances", iter(chunks))
        assert refused.status == 400


def test_only_its_owner_may_open_it_whatever_the_umask(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        with in_process(tmp_path) as house:
            mode = (house.storage / "pacsberry.sock").stat().st_mode
    finally:
        os.umask(before)

    assert (stat.S_ISSOCK(mode), stat.S_IMODE(mode)) == (True, 0o600)


def test_nobody_can_connect_before_its_rights_are_set(tmp_path: Path) -> None:
    bound = ControlSocket(tmp_path / "s").bind()

    assert bound is not None
    with bound, socket.socket(socket.AF_UNIX) as early, pytest.raises(ConnectionRefusedError):
        early.connect(str(tmp_path / "s"))


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")
def test_another_user_is_turned_away() -> None:
    with tempfile.TemporaryDirectory() as folder:  # tmp_path is closed to others anyway
        Path(folder).chmod(0o755)
        bound = ControlSocket(Path(folder) / "s").bind()
        assert bound is not None
        with bound, socket.socket(socket.AF_UNIX) as other:
            bound.listen()
            os.seteuid(65534)
            try:
                with pytest.raises(PermissionError):
                    other.connect(f"{folder}/s")
            finally:
                os.seteuid(0)
            other.connect(f"{folder}/s")


def test_it_is_there_without_the_network_door(tmp_path: Path) -> None:
    with application(tmp_path, {"HttpServerEnabled": False, "DicomServerEnabled": False}) as (running, house):
        assert running.http.port == 0
        assert ask(house.storage, "GET", "/statistics").status == 200


def test_it_can_be_switched_off(tmp_path: Path) -> None:
    with in_process(tmp_path, {"Pacsberry": {"ControlSocket": False}}) as house:
        assert not (house.storage / "pacsberry.sock").exists()
        assert house.get("/system")


def test_without_any_door_the_server_runs_and_is_idle(tmp_path: Path) -> None:
    settings = {"HttpServerEnabled": False, "Pacsberry": {"ControlSocket": False}}
    with application(tmp_path, settings) as (running, _):
        assert running.http.port == 0
        assert "http-listener" not in [thread.name for thread in threading.enumerate()]


def test_it_goes_when_the_server_stops(tmp_path: Path) -> None:
    with in_process(tmp_path) as house:
        assert (house.storage / "pacsberry.sock").exists()

    assert not list(house.storage.glob("*.sock*"))


def test_a_killed_servers_socket_is_replaced(tmp_path: Path) -> None:
    with as_process(tmp_path) as killed:
        killed.process.kill()
        killed.process.wait()
    assert (tmp_path / "storage" / "pacsberry.sock").exists()
    (tmp_path / "storage" / "pacsberry.sock.new").write_bytes(b"left by a kill at the wrong moment")

    with in_process(tmp_path) as house:
        assert ask(house.storage, "GET", "/system").status == 200


def test_a_socket_that_is_not_ours_any_more_stays(tmp_path: Path) -> None:
    first, second = ControlSocket(tmp_path / "s"), ControlSocket(tmp_path / "s")
    sockets = [first.bind(), second.bind()]

    first.remove()
    assert (tmp_path / "s").exists()

    second.remove()
    assert not (tmp_path / "s").exists()
    for bound in sockets:
        assert bound is not None
        bound.close()


def test_a_storage_that_cannot_hold_sockets_is_a_note_and_no_failure(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "storage" / "pacsberry.sock").mkdir(parents=True)  # as little to be replaced as on a FAT file system

    with in_process(tmp_path) as house:
        assert house.get("/system")

    assert "No control socket" in caplog.text


def test_a_long_path_is_no_obstacle(tmp_path: Path) -> None:
    deep = tmp_path / ("a" * 100) / ("b" * 100)
    deep.mkdir(parents=True)

    with in_process(deep) as house:
        assert ask(house.storage, "GET", "/system").status == 200
    assert not (deep / "storage" / "pacsberry.sock").exists()


def test_read_only_holds_for_the_admin_as_well(tmp_path: Path) -> None:
    with in_process(tmp_path, {"ReadOnly": True}) as house:
        answer = ask(house.storage, "POST", "/instances", make_instance("CT"))

        assert answer.status == 403
        assert "ReadOnly" in answer.reason


def test_a_file_larger_than_the_network_may_send_is_taken(tmp_path: Path) -> None:
    content = make_instance("CT", rows=800, columns=800)
    assert len(content) > 2**20
    with in_process(tmp_path, {"MaximumRequestBodySizeMB": 1}) as house:
        assert house.ask("POST", "/instances", content).status == 413

        assert ask(house.storage, "POST", "/instances", content).status == 200


def test_nothing_that_comes_over_the_network_can_claim_to_be_local(tmp_path: Path) -> None:
    claims = {"X_Forwarded_For": "local", "Forwarded": "for=local", "Remote_Addr": "", "REMOTE_USER": "local"}
    with in_process(tmp_path, LOCKED) as house:
        assert house.ask("GET", "/system", **claims).status == 401


def test_a_crowd_at_the_network_door_does_not_keep_the_admin_out(tmp_path: Path) -> None:
    with in_process(tmp_path, {"Pacsberry": {"HttpMaximumConnections": 4}}) as house:
        crowd = [socket.create_connection(("127.0.0.1", house.http_port)) for _ in range(30)]
        try:
            for one in crowd:
                one.sendall(head("POST", "/instances", "Content-Length: 1000"))

            assert ask(house.storage, "GET", "/system").status == 200
        finally:
            for one in crowd:
                one.close()


def test_requests_over_it_know_that_they_are_local(tmp_path: Path) -> None:

    def tell(request: Request, context: Context) -> RouteAnswer:
        return RouteAnswer.json({"local": request.is_local, "user": request.user})

    settings = HttpSettings(port=0, addresses=("127.0.0.1",), control_socket=tmp_path / "pacsberry.sock")
    with live_server(tmp_path, settings=settings, routes=[Route("GET", "/who", tell)]) as server:
        assert server.get("/who").json == {"local": False, "user": ""}
        assert json.loads(ask(tmp_path, "GET", "/who").content) == {"local": True, "user": "local"}
