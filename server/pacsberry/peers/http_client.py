"""Asks an HTTP server: ours over its control socket, an Orthanc over the network.

One connection, kept open between requests; bodies go out as a stream.  What goes wrong on the way is PeerFailed; an
answer of any status is an answer.
"""

import base64
import contextlib
import http.client
import json
import select
import socket
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, BinaryIO

from pacsberry.errors import PeerFailed
from pacsberry.unix_address import short_address

_BLOCK_BYTES = 65536  # of a file sent at once
_MOST_BYTES = 64 * 2**20  # of an answer held in memory


@dataclass(frozen=True, slots=True)
class Answer:
    """What the server said; the names of the headers are in lower case."""

    status: int
    headers: Mapping[str, str]
    content: bytes

    @property
    def is_success(self) -> bool:
        """Whether the status says that it was done (2xx)."""
        return 200 <= self.status < 300

    def json(self) -> Any:
        """The content as JSON; PeerFailed when it is none."""
        try:
            return json.loads(self.content)
        except (ValueError, RecursionError) as error:
            raise PeerFailed(f"The server's answer is not JSON: {self.content[:80]!r}.") from error

    @property
    def reason(self) -> str:
        """What the server says about an error, in one line for people."""
        for name in ("Details", "Message"):
            text = self._told.get(name)
            if isinstance(text, str) and text:
                return _one_line(text)
        return f"HTTP status {self.status} {http.client.responses.get(self.status, '')}".rstrip()

    @property
    def orthanc_status(self) -> int:
        """The number of the error in Orthanc's list; 0 when it says none."""
        number = self._told.get("OrthancStatus")
        return number if isinstance(number, int) else 0

    @property
    def _told(self) -> Mapping[str, Any]:
        """The JSON object that describes an error; empty when there is none."""
        try:
            told = json.loads(self.content)
        except (ValueError, RecursionError):
            return {}
        return told if isinstance(told, dict) else {}


class HttpClient:
    """A client of one server; belongs to one thread."""

    def __init__(
        self,
        connection: http.client.HTTPConnection,
        *,
        name: str,
        headers: Mapping[str, str] | None = None,
        prefix: str = "",
    ) -> None:
        """`connection`: not open yet; `name`: the server, for messages; `headers`: sent with every request.

        `prefix`: in front of every path, of a server behind a proxy.
        """
        self._connection = connection
        self._connection.blocksize = _BLOCK_BYTES
        self._headers = dict(headers or {})
        self._prefix = prefix
        self.name = name

    def request(
        self,
        method: str,
        path: str,
        body: bytes | BinaryIO | Iterable[bytes] | None = None,
        headers: Mapping[str, str] | None = None,
        *,
        length: int | None = None,
    ) -> Answer:
        """Ask and wait for the whole answer; PeerFailed when there is none, or one of more than 64 MB.

        A body that is a file or an iterable is sent with its `length` in bytes, chunked when that is not known.
        """
        response = self._ask(method, path, body, headers or {}, length)
        with self._told():
            content = response.read(_MOST_BYTES + 1)
        if len(content) > _MOST_BYTES:
            self.close()
            raise PeerFailed(f"{self.name}: the answer to {method} {path} is larger than {_MOST_BYTES >> 20} MB.")
        self._check_whole(response, path)
        return Answer(response.status, _named(response), content)

    def fetch(self, path: str, into: IO[bytes], *, most_bytes: int) -> Answer:
        """GET a file: what is answered with 200 goes to `into`, and the Answer has no content.

        PeerFailed when there is no answer, when it breaks off, or is larger than `most_bytes`.
        """
        response = self._ask("GET", path, None, {}, None)
        if response.status != http.client.OK:
            with self._told():
                return Answer(response.status, _named(response), response.read(_BLOCK_BYTES))
        left = most_bytes
        while True:
            with self._told():
                piece = response.read(_BLOCK_BYTES)
            if not piece:
                break
            left -= len(piece)
            if left < 0:
                self.close()
                raise PeerFailed(f"{self.name}: {path} is larger than {most_bytes} bytes.")
            into.write(piece)
        self._check_whole(response, path)
        return Answer(response.status, _named(response), b"")

    def sibling(self) -> "HttpClient":
        """Another client of the same server, with a connection of its own, for another thread."""
        old = self._connection
        fresh: http.client.HTTPConnection
        if isinstance(old, UnixConnection):
            fresh = UnixConnection(old.path)
        else:
            fresh = type(old)(old.host, old.port, timeout=old.timeout)
        return HttpClient(fresh, name=self.name, headers=self._headers, prefix=self._prefix)

    def close(self) -> None:
        """Close the connection; the next request opens another one."""
        self._connection.close()

    def _ask(
        self,
        method: str,
        path: str,
        body: bytes | BinaryIO | Iterable[bytes] | None,
        headers: Mapping[str, str],
        length: int | None,
    ) -> http.client.HTTPResponse:
        if _is_stale(self._connection.sock):
            self.close()
        wanted = self._headers | dict(headers)
        chunked = False
        if length is not None:
            wanted["Content-Length"] = str(length)
        elif body is not None and not isinstance(body, bytes):
            wanted["Transfer-Encoding"] = "chunked"
            chunked = True
        with self._told():
            # A server that refuses a body may answer and close while we are still sending it.
            with contextlib.suppress(BrokenPipeError, ConnectionResetError):
                self._connection.request(method, self._prefix + path, body, wanted, encode_chunked=chunked)
            return self._connection.getresponse()

    def _check_whole(self, response: http.client.HTTPResponse, path: str) -> None:
        """PeerFailed when Content-Length announced more than came; http.client does not mind."""
        if response.length:
            self.close()
            raise PeerFailed(f"{self.name}: the answer to {path} broke off before its end.")

    @contextlib.contextmanager
    def _told(self) -> Iterator[None]:
        """Turn what can go wrong on a connection into PeerFailed, and give the connection up."""
        try:
            yield
        except (OSError, http.client.HTTPException) as error:
            self.close()
            raise PeerFailed(f"{self.name}: {_what(error)}") from error
        except BaseException:
            self.close()
            raise


class UnixConnection(http.client.HTTPConnection):
    """HTTP over a Unix socket."""

    def __init__(self, path: Path) -> None:
        super().__init__("localhost")
        self.path = path

    def connect(self) -> None:
        """Open the connection; OSError."""
        self.sock = connect_unix(self.path)


def connect_unix(path: Path) -> socket.socket:
    """A connection to a Unix socket, however long its path; OSError."""
    sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        with short_address(path) as address:
            sock.connect(address)
    except OSError:
        sock.close()
        raise
    return sock


def basic_authorization(user: str, password: str) -> str:
    """The value of an Authorization header."""
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()


def _is_stale(sock: socket.socket | None) -> bool:
    """Whether the server has closed a connection that waits between requests."""
    if sock is None:
        return False
    poller = select.poll()
    poller.register(sock, select.POLLIN)
    return bool(poller.poll(0))


def _named(response: http.client.HTTPResponse) -> Mapping[str, str]:
    return {name.lower(): value for name, value in response.getheaders()}


def _what(error: Exception) -> str:
    if isinstance(error, TimeoutError):
        return "no answer in time."
    if isinstance(error, ConnectionRefusedError | FileNotFoundError):  # the latter of a Unix socket: it was stopped
        return "nobody listens there."
    if isinstance(error, ConnectionError):  # http.client.RemoteDisconnected is one
        return "the connection was closed."
    if isinstance(error, http.client.HTTPException):
        return f"what came is no HTTP answer ({type(error).__name__})."
    return f"{error.strerror or error}." if isinstance(error, OSError) else f"{error}."


def _one_line(text: str) -> str:
    return " ".join(text.split())[:500]
