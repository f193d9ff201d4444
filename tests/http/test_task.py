"""The head of an answer, and whether the connection is kept after it."""

import socket
import threading
from pathlib import Path

import pytest

from pacsberry.http.answers import Answer, Part
from pacsberry.http.context import Context
from pacsberry.http.request import Request
from pacsberry.http.routing import Route
from pacsberry.http.sending import PieceBuffer, Slice
from tests.http.live import live_server
from tests.http.raw import Wire, head, wire
from tests.http.routes import PATTERN, ROUTES, write_file
from tests.http.test_channel import eventually, open_files, settings


def get_pieces(request: Request, context: Context, name: str) -> Answer:
    path = context.archive.files.storage / name
    file, size = path.open("rb"), path.stat().st_size
    return Answer.pieces(
        [b"begin ", Part(file, 3, 7), b"", b" middle ", Part(file, size - 2, 2), Part(file, 0, size), b" end"],
        "application/octet-stream",
    ).with_etag("v1")


_ROUTES = [*ROUTES, Route("GET", "/pieces/<name>", get_pieces)]


def _body_of_chunks(client: Wire) -> bytes:
    data = b""
    while not data.endswith(b"0\r\n\r\n"):
        data += client.receive()
    return data


def test_a_stream_does_not_end_the_connection(tmp_path: Path) -> None:
    with live_server(tmp_path, routes=ROUTES) as server, wire(server.port) as client:
        for _ in range(3):
            client.send(head("GET", "/stream/1"))
            received = client.receive_head()
            assert "Transfer-Encoding: chunked" in received
            assert "Connection" not in received
            assert len(_body_of_chunks(client)) > 2**20
        client.send(head("GET", "/value"))

        assert "200 OK" in client.receive_head()


def test_not_modified_does_not_end_the_connection(tmp_path: Path) -> None:
    with live_server(tmp_path, routes=ROUTES) as server, wire(server.port) as client:
        write_file(tmp_path / "storage", "it", PATTERN)
        for _ in range(3):
            client.send(head("GET", "/file/it", 'If-None-Match: "v1"'))
            received = client.receive_head()
            assert "304" in received
            assert "Connection" not in received
            assert "Transfer-Encoding" not in received


def test_a_stream_that_breaks_off_ends_the_connection_without_the_last_chunk(tmp_path: Path) -> None:
    with live_server(tmp_path, routes=ROUTES) as server, wire(server.port) as client:
        client.send(head("GET", "/late-failure"))

        assert not client.receive_all().endswith(b"0\r\n\r\n")


@pytest.mark.parametrize("wish", ["close", "Close", "TE, close", "close,te"])
def test_a_client_that_wants_no_more_gets_no_more(tmp_path: Path, wish: str) -> None:
    with live_server(tmp_path, routes=ROUTES) as server, wire(server.port) as client:
        client.send(head("GET", "/stream/1", f"Connection: {wish}"))
        received = client.receive_all()

        assert b"\r\nConnection: close\r\n" in received
        assert received.endswith(b"0\r\n\r\n")


@pytest.mark.parametrize(("path", "keeps"), [("/value", True), ("/stream/1", False)])
def test_an_old_client_keeps_the_connection_if_it_asks_for_it_and_knows_the_length(
    tmp_path: Path, path: str, keeps: bool
) -> None:
    with live_server(tmp_path, routes=ROUTES) as server, wire(server.port) as client:
        client.send(f"GET {path} HTTP/1.0\r\nHost: localhost\r\nConnection: keep-alive\r\n\r\n".encode())
        received = client.receive_head()

        assert received.startswith("HTTP/1.0 200")
        assert f"Connection: {'Keep-Alive' if keeps else 'close'}" in received
        assert "Transfer-Encoding" not in received
        if not keeps:
            assert len(client.receive_all()) == 2**20


def test_an_old_client_that_asks_for_nothing_gets_one_answer(tmp_path: Path) -> None:
    with live_server(tmp_path, routes=ROUTES) as server, wire(server.port) as client:
        client.send(b"GET /value HTTP/1.0\r\nHost: localhost\r\n\r\n")

        assert client.receive_all().endswith(b"}")


@pytest.mark.parametrize("size", [10, len(PATTERN) * 3])
def test_an_answer_of_pieces_arrives_whole_and_its_file_is_closed(tmp_path: Path, size: int) -> None:
    with live_server(tmp_path, routes=_ROUTES) as server:
        data = (PATTERN * 3)[:size]
        write_file(tmp_path / "storage", "it", data)
        expected = b"begin " + data[3:10] + b" middle " + data[-2:] + data + b" end"

        answer = server.get("/pieces/it")

        assert answer.body == expected
        assert answer.headers["content-length"] == str(len(expected))
        assert server.get("/pieces/it", {"If-None-Match": '"v1"'}).status == 304
        assert eventually(lambda: not open_files(tmp_path / "storage" / "it"))


def test_pieces_wait_for_slow_clients_without_a_worker_each(tmp_path: Path) -> None:
    with live_server(tmp_path, settings=settings(threads=1), routes=_ROUTES) as server:
        write_file(tmp_path / "storage", "it", PATTERN * 20)
        slow = [socket.create_connection(("127.0.0.1", server.port)) for _ in range(20)]
        try:
            for connection in slow:
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
                connection.sendall(head("GET", "/pieces/it"))
                assert connection.recv(10)
            assert server.get("/value").status == 200
            assert sum(thread.name.startswith("http-worker-") for thread in threading.enumerate()) == 1
        finally:
            for connection in slow:
                connection.close()
        assert eventually(lambda: not open_files(tmp_path / "storage" / "it"))


def test_pieces_are_handed_out_one_after_another(tmp_path: Path) -> None:
    path = tmp_path / "it"
    path.write_bytes(b"0123456789")
    file = path.open("rb")
    buffer = PieceBuffer([b"head", Part(file, 2, 5), b"", b"tail"])
    seen = bytearray()

    while buffer.remain:
        piece = buffer.get(3)
        data = piece.read(3) if isinstance(piece, Slice) else bytes(piece)
        assert 0 < len(data) <= 3
        seen += data[:2]
        buffer.skip(len(data[:2]))
    buffer.close()

    assert bytes(seen) == b"head23456tail"
    assert buffer.get(3) == b""
    assert file.closed
