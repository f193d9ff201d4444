"""The HTTP client of a pupil: at most six keep-alive connections, as a browser has, bodies taken as they come."""

import asyncio
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from tests.bench.failures import BenchFailure

CONNECTIONS = 6  # to one host: what browsers allow themselves with HTTP/1.1
_HEAD_BYTES = 64 * 1024
_PIECE_BYTES = 64 * 1024

Taker = Callable[[bytes], None]


@dataclass(slots=True)
class Answer:
    """An answer, complete; its body without the compression it travelled in."""

    status: int
    headers: Mapping[str, str]  # names in lower case
    body: bytes
    carried_bytes: int  # as it came, head included


class _Left(Exception):
    """The server had closed the connection before it said a word."""


@dataclass(slots=True)
class Browser:
    """A client of one server, from an address of its own."""

    host: str
    port: int
    own_address: str
    takes_gzip: bool = True
    carried_bytes: int = 0  # so far, heads included, also of answers that are still coming
    opened: int = 0  # connections
    _free: "list[_Connection]" = field(default_factory=list)
    _slots: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(CONNECTIONS))

    async def get(self, path: str, accept: str = "*/*", *, take: Taker | None = None) -> Answer:
        """Asks; `take` is given the pieces of the body as they come, then none is kept. Raises BenchFailure."""
        answer = await self.ask(path, accept, take=take)
        if answer.status not in (200, 206):
            text = " ".join(answer.body[:300].decode(errors="replace").split())
            raise BenchFailure(f"GET {path} was answered with {answer.status}: {text}")
        return answer

    async def ask(self, path: str, accept: str = "*/*", *, take: Taker | None = None) -> Answer:
        """As `get`, whatever the status."""
        request = (
            f"GET {path} HTTP/1.1\r\nHost: {self.host}:{self.port}\r\nAccept: {accept}\r\n"
            f"Accept-Encoding: {'gzip, deflate' if self.takes_gzip else 'identity'}\r\n\r\n"
        ).encode()
        async with self._slots:
            while self._free:
                connection = self._free.pop()
                try:
                    return await self._exchange(connection, request, take)
                except _Left:
                    continue  # it was closed while nobody asked for anything, as Orthanc does after a second
            try:
                return await self._exchange(await self._open(), request, take)
            except _Left as error:
                raise BenchFailure(f"GET {path}: the server closed the connection without an answer") from error

    def close(self) -> None:
        """Leaves."""
        while self._free:
            self._free.pop().close()

    async def _open(self) -> "_Connection":
        self.opened += 1
        try:
            streams = await asyncio.open_connection(
                self.host, self.port, local_addr=(self.own_address, 0), limit=_HEAD_BYTES
            )
        except OSError as error:
            raise BenchFailure(f"no connection: {error}") from error
        return _Connection(*streams)

    async def _exchange(self, connection: "_Connection", request: bytes, take: Taker | None) -> Answer:
        is_done = False
        try:
            answer, stays = await connection.exchange(request, take, self._count)
            is_done = True
        finally:
            if not is_done:  # an error, or nobody waits for it any more
                connection.close()
        if stays:
            self._free.append(connection)
        else:
            connection.close()
        return answer

    def _count(self, size: int) -> None:
        self.carried_bytes += size


class _Connection:
    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer

    def close(self) -> None:
        self._writer.close()

    async def exchange(self, request: bytes, take: Taker | None, count: Callable[[int], None]) -> tuple[Answer, bool]:
        """The answer, and whether the connection may be used again."""
        try:
            self._writer.write(request)
            head = await self._reader.readuntil(b"\r\n\r\n")
        except (OSError, asyncio.IncompleteReadError) as error:
            if isinstance(error, asyncio.IncompleteReadError) and error.partial:
                raise BenchFailure("the connection broke in a head") from error
            raise _Left from error
        count(len(head))
        status, headers = _parsed(head)
        body = _Body(headers, take, count)
        try:
            ends_with_connection = await self._read_body(headers, body)
        except (OSError, asyncio.IncompleteReadError) as error:
            raise BenchFailure(f"the connection broke after {body.carried} bytes of a body") from error
        answer = Answer(status, headers, body.finish(), len(head) + body.carried)
        return answer, not ends_with_connection and headers.get("connection", "").lower() != "close"

    async def _read_body(self, headers: Mapping[str, str], body: "_Body") -> bool:
        if headers.get("transfer-encoding", "").lower() == "chunked":
            while size := int((await self._reader.readuntil(b"\r\n")).partition(b";")[0], 16):
                await self._read(size, body)
                await self._reader.readexactly(2)
            while await self._reader.readuntil(b"\r\n") != b"\r\n":
                pass
            return False
        if (length := headers.get("content-length")) is not None:
            await self._read(int(length), body)
            return False
        while piece := await self._reader.read(_PIECE_BYTES):
            body.add(piece)
        return True

    async def _read(self, size: int, body: "_Body") -> None:
        while size:
            piece = await self._reader.read(min(size, _PIECE_BYTES))
            if not piece:
                raise asyncio.IncompleteReadError(b"", size)
            body.add(piece)
            size -= len(piece)


class _Body:
    """Pieces on their way: counted, unpacked, kept or handed on."""

    def __init__(self, headers: Mapping[str, str], take: Taker | None, count: Callable[[int], None]) -> None:
        self.carried = 0
        self._count = count
        self._parts: list[bytes] = []
        self._take = take or self._parts.append
        encoding = headers.get("content-encoding", "")
        self._inflater = zlib.decompressobj(47) if encoding in ("gzip", "deflate") else None  # 47: either header

    def add(self, piece: bytes) -> None:
        self.carried += len(piece)
        self._count(len(piece))
        self._take(piece if self._inflater is None else self._inflater.decompress(piece))

    def finish(self) -> bytes:
        return b"".join(self._parts)


def _parsed(head: bytes) -> tuple[int, dict[str, str]]:
    first, *lines = head.decode("latin-1").split("\r\n")
    pairs = (line.partition(":") for line in lines if line)
    return int(first.split(" ", 2)[1]), {name.strip().lower(): value.strip() for name, _, value in pairs}
