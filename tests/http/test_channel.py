"""One connection: keep-alive, slow and silent clients, downloads sent by the kernel."""

import concurrent.futures
import hashlib
import socket
import threading
import time
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from waitress.adjustments import Adjustments

from pacsberry.http.channel import Channel
from pacsberry.http.listener import Listener
from pacsberry.http.sending import Slice
from pacsberry.http.settings import HttpSettings
from tests.http import routes
from tests.http.live import Live, live_server
from tests.http.raw import head, wire
from tests.http.routes import PATTERN, ROUTES, write_file


def settings(**values: object) -> HttpSettings:
    return HttpSettings(port=0, addresses=("127.0.0.1",), **values)  # type: ignore[arg-type]


def eventually(holds: Callable[[], bool], seconds: float = 6) -> bool:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if holds():
            return True
        time.sleep(0.02)
    return holds()


def open_files(folder: Path) -> list[str]:
    """The files below `folder` this process holds open."""
    found = []
    for entry in Path("/proc/self/fd").iterdir():
        try:
            target = str(entry.readlink())
        except OSError:
            continue
        if target.startswith(str(folder)):
            found.append(target)
    return found


def test_a_file_that_has_become_shorter_is_an_error_and_not_an_end_without_end(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"abc")

    with path.open("rb") as file:
        assert Slice(file, 1, 10).read(10) == b"bc"
        with pytest.raises(OSError, match="shorter"):
            Slice(file, 3, 10).read(10)


def test_a_connection_carries_many_requests(tmp_path: Path) -> None:
    with live_server(tmp_path, routes=ROUTES) as server, wire(server.port) as client:
        for _ in range(20):
            client.send(head("GET", "/value"))
            assert "200 OK" in client.receive_head()
            assert client.receive().endswith(b"}")


def test_requests_sent_at_once_are_answered_in_order(tmp_path: Path) -> None:
    with live_server(tmp_path, routes=ROUTES) as server, wire(server.port) as client:
        client.send(b"".join(head("GET", f"/echo?n={n}") for n in range(30)) + head("GET", "/x", "Connection: close"))
        answer = client.receive_all()

    places = [answer.index(b'"n" : "%d"' % n) for n in range(30)]
    assert places == sorted(places)


def test_keep_alive_can_be_switched_off(tmp_path: Path) -> None:
    with (
        live_server(tmp_path, settings=settings(keep_alive=False), routes=ROUTES) as server,
        wire(server.port) as client,
    ):
        client.send(head("GET", "/value"))

        assert b"\r\nConnection: close\r\n" in client.receive_all()


def test_an_idle_connection_is_closed(tmp_path: Path) -> None:
    with (
        live_server(tmp_path, settings=settings(keep_alive_seconds=0.5), routes=ROUTES) as server,
        wire(server.port) as client,
    ):
        client.send(head("GET", "/value"))

        assert client.receive_all().endswith(b"}")


def test_idle_connections_make_room_when_there_are_too_many(tmp_path: Path) -> None:
    with live_server(tmp_path, settings=settings(connections=6, keep_alive_seconds=60), routes=ROUTES) as server:
        held = [socket.create_connection(("127.0.0.1", server.port)) for _ in range(10)]
        try:
            assert server.get("/value").status == 200
        finally:
            for connection in held:
                connection.close()


@pytest.mark.parametrize("size", [0, 1, 65535, len(PATTERN) * 5 + 7])
def test_a_file_arrives_whole(tmp_path: Path, size: int) -> None:
    with live_server(tmp_path, routes=ROUTES) as server:
        data = (PATTERN * 6)[:size]
        write_file(tmp_path / "storage", "it", data)

        answer = server.get("/file/it")

        assert answer.headers["content-length"] == str(size)
        assert hashlib.sha256(answer.body).digest() == hashlib.sha256(data).digest()
        assert eventually(lambda: not open_files(tmp_path / "storage" / "it"))


def test_a_file_waits_for_a_slow_client_without_a_worker(tmp_path: Path) -> None:
    with live_server(tmp_path, settings=settings(threads=1), routes=ROUTES) as server:
        write_file(tmp_path / "storage", "it", PATTERN * 20)
        with wire(server.port, receive_buffer=4096) as slow:
            slow.send(head("GET", "/file/it"))
            assert "200 OK" in slow.receive_head()

            assert server.get("/value").status == 200

            got = 0
            while got < len(PATTERN) * 20:
                got += len(slow.receive())


def test_a_client_that_leaves_during_a_download_frees_the_file(tmp_path: Path) -> None:
    with live_server(tmp_path, routes=ROUTES) as server:
        write_file(tmp_path / "storage", "it", PATTERN * 20)
        with wire(server.port, receive_buffer=4096) as client:
            client.send(head("GET", "/file/it"))
            client.receive_head()

        assert eventually(lambda: not open_files(tmp_path / "storage" / "it"))


def test_a_client_that_takes_nothing_loses_its_file(tmp_path: Path) -> None:
    with live_server(tmp_path, settings=settings(timeout_seconds=1), routes=ROUTES) as server:
        write_file(tmp_path / "storage", "it", PATTERN * 20)
        with wire(server.port, receive_buffer=4096) as client:
            client.send(head("GET", "/file/it"))
            client.receive_head()

            assert eventually(lambda: not open_files(tmp_path / "storage" / "it"))


def test_without_a_time_out_clients_may_stand_still(tmp_path: Path) -> None:
    with (
        live_server(tmp_path, settings=settings(timeout_seconds=0), routes=ROUTES) as server,
        wire(server.port) as client,
    ):
        client.send(b"GET /value HTTP/1.1\r\n")
        time.sleep(2.5)
        client.send(b"\r\n")

        assert "200 OK" in client.receive_head()


def test_a_client_that_takes_nothing_gives_its_worker_back(tmp_path: Path) -> None:
    with (
        live_server(tmp_path, settings=settings(timeout_seconds=1), routes=ROUTES) as server,
        wire(server.port, receive_buffer=4096) as client,
    ):
        client.send(head("GET", "/stream/50"))
        client.receive_head()

        assert eventually((tmp_path / "storage" / "closed").exists)


def test_a_client_that_leaves_ends_the_stream(tmp_path: Path) -> None:
    with live_server(tmp_path, routes=ROUTES) as server:
        with wire(server.port, receive_buffer=4096) as client:
            client.send(head("GET", "/stream/50"))
            client.receive_head()

        assert eventually((tmp_path / "storage" / "closed").exists)


def test_a_stream_arrives_whole(tmp_path: Path) -> None:
    with live_server(tmp_path, routes=ROUTES) as server:
        answer = server.get("/stream/8")

        assert answer.body == PATTERN[: 2**18] * 32


def test_slow_downloads_do_not_take_the_workers_away(tmp_path: Path) -> None:
    with live_server(tmp_path, settings=settings(threads=2, downloads=6), routes=ROUTES) as server:
        slow = [socket.create_connection(("127.0.0.1", server.port)) for _ in range(6)]
        try:
            for connection in slow:
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
                connection.sendall(head("GET", "/stream/50"))
                assert connection.recv(100)

            assert server.get("/value").status == 200

            busy = server.get("/stream/1")
            assert busy.status == 503
            assert busy.headers["retry-after"] == "5"
        finally:
            for connection in slow:
                connection.close()
        assert eventually(lambda: server.get("/stream/1").status == 200)


def test_threads_come_when_they_are_needed_and_those_of_downloads_go_again(tmp_path: Path) -> None:
    def workers() -> int:
        return sum(thread.name.startswith("http-worker-") for thread in threading.enumerate())

    with live_server(tmp_path, settings=settings(threads=3, downloads=4), routes=ROUTES) as server:
        assert workers() == 0
        server.get("/value")
        assert workers() == 1

        slow = [socket.create_connection(("127.0.0.1", server.port)) for _ in range(4)]
        for connection in slow:
            connection.sendall(head("GET", "/stream/50"))
            assert connection.recv(100)
        routes.gate.clear()
        with concurrent.futures.ThreadPoolExecutor(3) as pool:
            held = [pool.submit(server.get, "/hold") for _ in range(3)]
            assert eventually(lambda: workers() == 7)
            routes.gate.set()
            assert [one.result().text for one in held] == ["held"] * 3
        for connection in slow:
            connection.close()

        assert eventually(lambda: workers() == 3)
    assert workers() == 0


def test_stopping_lets_running_requests_end(tmp_path: Path) -> None:
    routes.gate.clear()
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        with live_server(tmp_path, routes=ROUTES) as server:
            held = pool.submit(server.get, "/hold")
            assert eventually(lambda: any(t.name.startswith("http-worker") for t in threading.enumerate()))
            threading.Timer(0.3, routes.gate.set).start()

        assert held.result().text == "held"


def test_many_clients_at_once_are_served(tmp_path: Path) -> None:
    def visit(server: Live, number: int) -> bool:
        return len(server.post("/measure", PATTERN).body) > 0 and server.get("/stream/1").status in (200, 503)

    with live_server(tmp_path, routes=ROUTES) as server, concurrent.futures.ThreadPoolExecutor(30) as pool:
        assert all(pool.map(lambda number: visit(server, number), range(60)))
        assert list((tmp_path / "storage" / "spool").iterdir()) == []


def test_a_port_in_use_is_told(tmp_path: Path, free_port: int) -> None:
    from pacsberry.errors import ConfigError

    taken = HttpSettings(port=free_port, addresses=("127.0.0.1",))
    with (
        socket.create_server(("127.0.0.1", free_port)),
        pytest.raises(ConfigError, match=f"port {free_port}"),
        live_server(tmp_path, settings=taken, routes=ROUTES),
    ):
        pass


def test_without_addresses_it_listens_on_all_under_one_port(tmp_path: Path) -> None:
    with live_server(tmp_path, settings=HttpSettings(port=0), routes=ROUTES) as server:
        assert server.get("/value").status == 200
        if socket.has_ipv6:
            try:
                with socket.create_connection(("::1", server.port)) as client:
                    client.sendall(head("GET", "/value"))
                    assert b"200 OK" in client.recv(1000)
            except OSError as error:
                pytest.skip(f"no IPv6 here: {error}")


def test_a_file_that_has_become_shorter_ends_the_connection(tmp_path: Path) -> None:
    with live_server(tmp_path, routes=ROUTES) as server, wire(server.port) as client:
        write_file(tmp_path / "storage", "it", PATTERN)
        client.send(head("GET", "/cut-file/it"))

        assert len(client.receive_all()) < 2 * len(PATTERN)


def test_an_error_nobody_foresaw_does_not_close_the_door(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(listener: Listener, connection: socket.socket, *rest: object, **more: object) -> None:
        connection.close()
        raise RuntimeError("unforeseen")

    with live_server(tmp_path, routes=ROUTES) as server:
        with monkeypatch.context() as broken:
            broken.setattr(Listener, "channel_class", staticmethod(fail))
            with socket.create_connection(("127.0.0.1", server.port), timeout=5) as client:
                assert client.recv(1) == b""

        assert server.get("/value").status == 200


def test_one_fast_client_does_not_keep_the_listener() -> None:
    ours, theirs = socket.socketpair()
    with theirs:
        listener: Any = SimpleNamespace(active_channels={}, secured=lambda connection: None)
        channel = Channel(listener, ours, ("127.0.0.1", 1), Adjustments(listen="127.0.0.1:0"), {})
        sent = 0
        while sent < 2**24 and (got := channel.send(bytes(65536))):
            sent += got
            theirs.recv(65536)

        assert 2**20 <= sent <= 2**23

        channel.handle_write()
        assert channel.send(b"more") == 4
        channel.handle_close()
