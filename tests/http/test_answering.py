"""Workers that send and read by themselves."""

import concurrent.futures
import socket
import threading
import time
from collections.abc import Iterator
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

import pytest

from pacsberry.http.answers import Answer
from pacsberry.http.channel import Channel
from pacsberry.http.context import Context
from pacsberry.http.loop import Loop
from pacsberry.http.request import Request
from pacsberry.http.routing import Route
from tests.http import routes
from tests.http.live import Live, live_server
from tests.http.raw import head, wire
from tests.http.routes import PATTERN, ROUTES, write_file
from tests.http.test_channel import eventually, settings


@pytest.fixture
def readers(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of the threads that have taken in requests."""
    seen: list[str] = []
    received = Channel.received

    def noted(channel: Channel, data: bytes) -> bool:
        seen.append(threading.current_thread().name.rstrip("0123456789"))
        return received(channel, data)

    monkeypatch.setattr(Channel, "received", noted)
    monkeypatch.setattr("pacsberry.http.answering._MOMENT_MILLISECONDS", 200)
    monkeypatch.setattr("pacsberry.http.answering._QUICK_SECONDS", 5.0)
    return seen


def test_a_quick_client_is_read_by_the_worker_that_answered_it(tmp_path: Path, readers: list[str]) -> None:
    with live_server(tmp_path, routes=ROUTES) as server, wire(server.port) as client:
        for _ in range(10):
            client.send(head("GET", "/value"))
            assert "200 OK" in client.receive_head()
            assert client.receive().endswith(b"}")

    assert readers[0] == "http-listener"
    assert set(readers[1:10]) == {"http-worker-"}


def test_a_slow_client_goes_back_to_the_listener(tmp_path: Path, readers: list[str]) -> None:
    with live_server(tmp_path, routes=ROUTES) as server, wire(server.port) as client:
        for _ in range(3):
            client.send(head("GET", "/value"))
            assert "200 OK" in client.receive_head()
            client.receive()
            time.sleep(0.4)

    assert set(readers) == {"http-listener"}


def test_half_a_request_is_no_matter_of_a_worker(tmp_path: Path, readers: list[str]) -> None:
    with live_server(tmp_path, settings=settings(threads=1), routes=ROUTES) as server, wire(server.port) as client:
        client.send(head("GET", "/value"))
        client.receive_head()
        client.receive()
        client.send(b"GET /value HT")
        assert eventually(lambda: readers[-1] == "http-worker-")

        assert server.get("/value").status == 200  # by the only worker there is

        client.send(b"TP/1.1\r\nHost: x\r\n\r\n")
        assert "200 OK" in client.receive_head()


def test_a_body_that_is_still_coming_is_no_matter_of_a_worker(tmp_path: Path, readers: list[str]) -> None:
    with live_server(tmp_path, settings=settings(threads=1), routes=ROUTES) as server, wire(server.port) as client:
        client.send(head("GET", "/value"))
        client.receive_head()
        client.receive()
        client.send(head("POST", "/measure", f"Content-Length: {len(PATTERN)}") + PATTERN[:1000])
        assert eventually(lambda: readers[-1] == "http-worker-")

        assert server.get("/value").status == 200

        client.send(PATTERN[1000:])
        assert "200 OK" in client.receive_head()


def test_a_quick_client_does_not_keep_the_only_worker_from_others(tmp_path: Path, readers: list[str]) -> None:
    over = threading.Event()

    def hurry(server: Live) -> int:
        connection = HTTPConnection("127.0.0.1", server.port, timeout=20)
        asked = 0
        while not over.is_set():
            connection.request("GET", "/value")
            connection.getresponse().read()
            asked += 1
        connection.close()
        return asked

    with live_server(tmp_path, settings=settings(threads=1), routes=ROUTES) as server:
        with concurrent.futures.ThreadPoolExecutor(2) as pool:
            hurried = [pool.submit(hurry, server) for _ in range(2)]
            for _ in range(20):
                assert server.get("/value").status == 200
            over.set()
        assert all(one.result() for one in hurried)


def test_who_sends_many_requests_at_once_does_not_keep_the_only_worker_from_others(
    tmp_path: Path, readers: list[str]
) -> None:
    seen: list[str] = []

    def note(request: Request, context: Context, who: str) -> Answer:
        seen.append(who)
        return Answer.text(who)

    own = [*ROUTES, Route("GET", "/note/<who>", note)]
    routes.gate.clear()
    with (
        live_server(tmp_path, settings=settings(threads=1), routes=own) as server,
        wire(server.port) as greedy,
        wire(server.port) as other,
    ):
        greedy.send(head("GET", "/hold") + head("GET", "/note/greedy") * 50 + head("GET", "/x", "Connection: close"))
        assert eventually(lambda: len(readers) == 1)
        other.send(head("GET", "/note/other"))
        assert eventually(lambda: len(readers) == 2)
        routes.gate.set()
        assert "200 OK" in other.receive_head()
        greedy.receive_all()

    assert seen.index("other") < 3
    assert seen.count("greedy") == 50


def test_requests_sent_at_once_are_answered_in_order_while_others_wait(tmp_path: Path, readers: list[str]) -> None:
    requests = b"".join(head("GET", f"/echo?n={n}") for n in range(50)) + head("GET", "/x", "Connection: close")
    with (
        live_server(tmp_path, settings=settings(threads=1), routes=ROUTES) as server,
        wire(server.port) as client,
        wire(server.port) as other,
    ):
        client.send(requests)
        other.send(requests)
        for answer in (client.receive_all(), other.receive_all()):
            places = [answer.index(b'"n" : "%d"' % n) for n in range(50)]
            assert places == sorted(places)


def test_a_client_that_leaves_while_a_worker_waits_for_it_is_taken_away(tmp_path: Path, readers: list[str]) -> None:
    with live_server(tmp_path, routes=ROUTES) as server:
        for _ in range(20):
            with wire(server.port) as client:
                client.send(head("GET", "/value"))
                client.receive_head()
                client.receive()
        assert eventually(lambda: not _connections(server.port))


def test_stopping_does_not_wait_for_a_client_that_never_pauses(tmp_path: Path, readers: list[str]) -> None:
    def hurry(port: int) -> None:
        connection = socket.create_connection(("127.0.0.1", port))
        try:
            while True:
                connection.sendall(head("GET", "/value"))
                if not connection.recv(65536):
                    return
        except OSError:
            return
        finally:
            connection.close()

    with concurrent.futures.ThreadPoolExecutor(3) as pool:
        with live_server(tmp_path, routes=ROUTES) as server:
            for _ in range(3):
                pool.submit(hurry, server.port)
            time.sleep(0.3)
            begun = time.monotonic()
        assert time.monotonic() - begun < 5


def test_the_head_and_a_small_body_leave_in_one_packet(tmp_path: Path) -> None:
    with live_server(tmp_path, routes=ROUTES) as server, wire(server.port) as client:
        client.send(head("GET", "/value"))

        assert client.receive().endswith(b"}")


def test_a_small_file_arrives_with_its_head(tmp_path: Path) -> None:
    with live_server(tmp_path, routes=ROUTES) as server, wire(server.port) as client:
        write_file(tmp_path / "storage", "it", PATTERN[:500])
        client.send(head("GET", "/file/it"))

        assert "Content-Length: 500" in client.receive_head()
        assert client.receive() == PATTERN[:500]


def test_a_worker_that_has_begun_and_pauses_keeps_the_listener_idle(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def pause(request: Request, context: Context) -> Answer:
        def chunks() -> Iterator[bytes]:
            yield b"begun"
            routes.gate.wait(20)
            yield b", ended"

        return Answer.stream(chunks(), "text/plain")

    turns = 0
    turn = Loop.turn

    def counted(loop: Loop, *arguments: Any) -> None:
        nonlocal turns
        turns += 1
        turn(loop, *arguments)

    monkeypatch.setattr(Loop, "turn", counted)
    routes.gate.clear()
    with live_server(tmp_path, routes=[*ROUTES, Route("GET", "/pause", pause)]) as server, wire(server.port) as client:
        client.send(head("GET", "/pause"))
        time.sleep(0.3)
        turns = 0
        time.sleep(0.7)
        assert turns < 5
        routes.gate.set()

        assert client.receive_head().startswith("HTTP/1.1 200")
        assert client.receive().endswith(b", ended\r\n0\r\n\r\n")


def _connections(port: int) -> int:
    """How many this process has open as a server of the port."""
    listed = Path("/proc/net/tcp").read_text().splitlines()[1:]
    held = {entry.readlink().name for entry in Path("/proc/self/fd").iterdir() if entry.is_symlink()}
    ours = (line.split() for line in listed if line.split()[1].endswith(f":{port:04X}"))
    return sum(fields[3] != "0A" and f"socket:[{fields[9]}]" in held for fields in ours)


@pytest.fixture(autouse=True)
def _open_gate() -> Iterator[None]:
    yield
    routes.gate.set()
