"""The client of HTTP servers: streamed bodies, connections that were closed, answers that are none."""

import contextlib
import http.client
import io
import socket
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from pacsberry.errors import PeerFailed
from pacsberry.peers import http_client
from pacsberry.peers.http_client import Answer, HttpClient, UnixConnection
from pacsberry.unix_address import short_address

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"


@contextlib.contextmanager
def peer(*talks: Callable[[socket.socket], object]) -> Iterator[tuple[HttpClient, list[bytes]]]:
    """A client of a server that handles one connection after the other as told."""
    heard: list[bytes] = []

    def serve() -> None:
        for talk in talks:
            connection, _ = listener.accept()
            with connection:
                heard.append(b"")
                connection.settimeout(5)
                while b"\r\n\r\n" not in heard[-1]:
                    heard[-1] += connection.recv(65536)
                talk(connection)

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=serve)
        thread.start()
        connection = http.client.HTTPConnection("127.0.0.1", listener.getsockname()[1], timeout=5)
        with contextlib.closing(HttpClient(connection, name="The peer", headers={"X-Who": "me"})) as client:
            try:
                yield client, heard
            finally:
                client.close()
                thread.join(10)


def test_a_connection_closed_meanwhile_is_opened_again() -> None:
    with peer(lambda connection: connection.sendall(OK), lambda connection: connection.sendall(OK)) as (client, heard):
        assert client.request("GET", "/one").json() == {}
        for _ in range(500):
            if http_client._is_stale(client._connection.sock):
                break
            threading.Event().wait(0.01)
        assert client.request("GET", "/two").status == 200

    assert [text.split(b" ")[1] for text in heard] == [b"/one", b"/two"]
    assert all(b"X-Who: me" in text for text in heard)


def test_a_body_of_known_length_is_sent_as_it_is_and_another_in_chunks() -> None:
    def rest(connection: socket.socket) -> None:
        connection.sendall(OK)

    with peer(rest, rest) as (client, heard):
        client.request("PUT", "/", iter([b"ab", b"cd"]), length=4)
        client.close()
        client.request("PUT", "/", io.BytesIO(b"abcd"))

    assert b"Content-Length: 4" in heard[0]
    assert b"Transfer-Encoding: chunked" in heard[1]


def test_an_answer_to_a_body_that_is_refused_half_way_is_heard() -> None:
    def refuse(connection: socket.socket) -> None:
        connection.sendall(b"HTTP/1.1 413 Too Large\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
        connection.shutdown(socket.SHUT_WR)
        with contextlib.suppress(OSError):
            while connection.recv(65536):
                pass

    with peer(refuse) as (client, _):
        assert client.request("POST", "/", iter([b"x" * 65536] * 100), length=6_553_600).status == 413


@pytest.mark.parametrize(
    ("sent", "error"),
    [
        (b"", "connection was closed"),
        (b"SMTP ready\r\n\r\n", "no HTTP answer"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc", "broke off"),
        (b"HTTP/1.1 200 OK\r\nX: " + b"y" * 70_000, "no HTTP answer"),
    ],
)
def test_what_is_no_answer_is_a_failed_peer(sent: bytes, error: str) -> None:
    with peer(lambda connection: connection.sendall(sent)) as (client, _), pytest.raises(PeerFailed, match=error):
        client.request("GET", "/")


def test_an_answer_too_large_for_memory_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http_client, "_MOST_BYTES", 1000)
    answer = b"HTTP/1.1 200 OK\r\nContent-Length: 2000\r\n\r\n" + b"x" * 2000
    with peer(lambda connection: connection.sendall(answer)) as (client, _), pytest.raises(PeerFailed, match="larger"):
        client.request("GET", "/")


def test_a_file_is_fetched_as_a_stream_within_its_limit() -> None:
    answer = b"HTTP/1.1 200 OK\r\nContent-Length: 200000\r\n\r\n" + b"x" * 200_000

    def send(connection: socket.socket) -> None:
        with contextlib.suppress(OSError):
            connection.sendall(answer)

    with peer(send, send) as (client, _):
        into = io.BytesIO()
        assert client.fetch("/file", into, most_bytes=200_000).status == 200
        assert into.getvalue() == b"x" * 200_000
        client.close()
        with pytest.raises(PeerFailed, match="larger than 199999"):
            client.fetch("/file", io.BytesIO(), most_bytes=199_999)


def test_a_file_that_breaks_off_is_not_taken_for_whole() -> None:
    answer = b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc"
    with peer(lambda connection: connection.sendall(answer)) as (client, _), pytest.raises(PeerFailed):
        client.fetch("/file", io.BytesIO(), most_bytes=100)


def test_a_file_that_is_not_there_is_an_answer() -> None:
    answer = b'HTTP/1.1 404 Not Found\r\nContent-Length: 19\r\n\r\n{"Message": "gone"}'
    with peer(lambda connection: connection.sendall(answer)) as (client, _):
        into = io.BytesIO()
        told = client.fetch("/file", into, most_bytes=100)

    assert (told.status, told.reason, into.getvalue()) == (404, "gone", b"")


def test_a_body_that_breaks_off_breaks_the_connection_off() -> None:
    def broken() -> Iterator[bytes]:
        yield b"ab"
        raise ValueError("the source ended")

    heard: list[bytes] = []

    def listen(connection: socket.socket) -> None:
        while data := connection.recv(65536):
            heard.append(data)

    with peer(listen) as (client, _), pytest.raises(ValueError, match="the source ended"):
        client.request("POST", "/", broken(), length=4)

    assert b"".join(heard) in (b"", b"ab")


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b'{"Message": "Bad file format", "Details": "No  StudyInstanceUID\\n"}', "No StudyInstanceUID"),
        (b'{"Message": ["x"]}', "HTTP status 400 Bad Request"),
        (b"[" * 100_000, "HTTP status 400 Bad Request"),
        (b"<html>", "HTTP status 400 Bad Request"),
    ],
)
def test_the_reason_is_one_line_whatever_came(content: bytes, reason: str) -> None:
    assert Answer(400, {}, content).reason == reason


def test_json_that_is_none_is_a_failed_peer() -> None:
    for content in (b"<html>", b"[" * 100_000):
        with pytest.raises(PeerFailed):
            Answer(200, {}, content).json()


def test_a_socket_deep_in_folders_is_reached(tmp_path: Path) -> None:
    deep = tmp_path / ("a" * 200)
    deep.mkdir()
    with socket.socket(socket.AF_UNIX) as listener, short_address(deep / "s") as address:
        listener.bind(address)
        listener.listen()
        connection = UnixConnection(deep / "s")
        connection.connect()
        connection.close()


def test_nobody_there_is_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(PeerFailed, match="The server: nobody listens there"):
        HttpClient(UnixConnection(tmp_path / "s"), name="The server").request("GET", "/")
