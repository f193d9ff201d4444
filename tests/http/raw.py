"""Plain sockets, for what no well-behaved client would send."""

import contextlib
import socket
import ssl
from collections.abc import Iterator
from typing import Any


class Wire:
    """One connection."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        self._rest = b""

    def send(self, data: bytes) -> None:
        self._connection.sendall(data)

    def send_as_long_as_it_takes(self, data: bytes) -> int:
        """How many bytes went out before the server closed."""
        sent = 0
        with contextlib.suppress(OSError):
            while sent < len(data):
                sent += self._connection.send(data[sent : sent + 65536])
        return sent

    def finish_sending(self) -> None:
        self._connection.shutdown(socket.SHUT_WR)

    def receive(self) -> bytes:
        """Whatever comes next; b'' when the server has closed."""
        data, self._rest = self._rest, b""
        return data or self._connection.recv(65536)

    def receive_all(self) -> bytes:
        """Everything until the server closes."""
        pieces = []
        with contextlib.suppress(ConnectionResetError, ssl.SSLError):
            while data := self.receive():
                pieces.append(data)
        return b"".join(pieces)

    def receive_head(self) -> str:
        """The next status line with its headers."""
        data = b""
        while b"\r\n\r\n" not in data:
            more = self.receive()
            if not more:
                return data.decode("latin-1")
            data += more
        head, _, self._rest = data.partition(b"\r\n\r\n")
        return head.decode("latin-1")

    def option(self, level: int, name: int, value: Any) -> None:
        self._connection.setsockopt(level, name, value)


@contextlib.contextmanager
def wire(port: int, *, receive_buffer: int = 0, timeout: float = 20) -> Iterator[Wire]:
    """A connection to a port of this machine; `receive_buffer` bounds what the kernel takes for us unread."""
    connection = socket.socket()
    connection.settimeout(timeout)
    if receive_buffer:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
    connection.connect(("127.0.0.1", port))
    try:
        yield Wire(connection)
    finally:
        connection.close()


def head(method: str, path: str, *headers: str) -> bytes:
    """The head of a request."""
    return "\r\n".join((f"{method} {path} HTTP/1.1", "Host: localhost", *headers, "", "")).encode("latin-1")
