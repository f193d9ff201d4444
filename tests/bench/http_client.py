"""A keep-alive HTTP connection to a server under measurement; bodies are streamed, never held."""

import http.client
import json
import time
import zlib
from types import TracebackType
from typing import Any, BinaryIO, Self

from tests.bench.failures import BenchFailure

_TIMEOUT_SECONDS = 120.0
_PIECE_BYTES = 256 * 1024
_KEPT_SECONDS = 0.5  # Orthanc closes a connection after a second of silence; it is opened anew before


class HttpClient:
    """One connection to 127.0.0.1; opened at the first request. Every problem is raised as BenchFailure."""

    def __init__(self, port: int) -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=_TIMEOUT_SECONDS)
        self._used_at = time.monotonic()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._connection.close()

    def json(self, path: str, body: object = None) -> Any:
        """The JSON answer to a GET, or to a POST when there is a body."""
        sent = None if body is None else json.dumps(body).encode()
        answer = self._answer("GET" if sent is None else "POST", path, sent)
        return json.loads(answer.read())

    def upload(self, body: bytes) -> None:
        """POST /instances of one file."""
        self._answer("POST", "/instances", body).read()

    def upload_file(self, file: BinaryIO, size: int) -> None:
        """POST /instances of one large file."""
        self._answer("POST", "/instances", file, {"Content-Length": str(size)}).read()

    def download(self, path: str, into: BinaryIO | None = None) -> int:
        """GET a body to its end; returns its size in bytes and writes it to `into` when given."""
        answer = self._answer("GET", path)
        size = 0
        while piece := answer.read(_PIECE_BYTES):
            size += len(piece)
            if into is not None:
                into.write(piece)
        return size

    def fetch(self, path: str, *, takes_gzip: bool) -> tuple[int, int]:
        """GET a body to its end, unpacked if it comes packed; bytes of content, and bytes that were carried for it."""
        answer = self._answer("GET", path, headers={"Accept-Encoding": "gzip" if takes_gzip else "identity"})
        inflater = zlib.decompressobj(31) if answer.getheader("Content-Encoding") == "gzip" else None
        content = carried = 0
        while piece := answer.read(_PIECE_BYTES):
            carried += len(piece)
            content += len(piece if inflater is None else inflater.decompress(piece))
        return content, carried

    def _answer(
        self, method: str, path: str, body: bytes | BinaryIO | None = None, headers: dict[str, str] | None = None
    ) -> http.client.HTTPResponse:
        if time.monotonic() - self._used_at > _KEPT_SECONDS:
            self._connection.close()
        try:
            self._connection.request(method, path, body, headers or {})
            answer = self._connection.getresponse()
        except (OSError, http.client.HTTPException) as error:
            self._connection.close()
            raise BenchFailure(f"{method} {path.partition('?')[0]}: {error!r}") from error
        finally:
            self._used_at = time.monotonic()
        if answer.status != 200:
            text = " ".join(answer.read(300).decode(errors="replace").split())
            self._connection.close()
            raise BenchFailure(f"{method} {path.partition('?')[0]} was answered with {answer.status}: {text}")
        return answer
