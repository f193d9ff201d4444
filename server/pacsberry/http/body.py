"""Puts the body of a request where it belongs while it arrives.

waitress 3.0.2 collects every body in a buffer of its own, on disk from a size on, so an upload would be written twice.
Here its parser is given another buffer: an upload goes from the socket straight into a spool file of the archive,
what many files come in is taken apart on the way (piping), anything else goes into memory up to a bound, and a small
upload, too, while the recycler makes room.  What cannot be let in (access, size, room) is refused as soon as it is
known.

Of waitress this uses, beside `received` and `close`: `parse_header`, the attributes `command path query headers
request_uri content_length chunked body_rcv error completed expect_continue`, and that a receiver calls `append`,
`__len__`, `getfile` and `close` of its buffer.  tests/http/test_body.py fails when that changes.
"""

import io
import logging
from collections.abc import Callable
from functools import partial
from time import monotonic
from typing import TYPE_CHECKING, BinaryIO, Protocol

from waitress.adjustments import Adjustments
from waitress.parser import HTTPRequestParser
from waitress.receiver import ChunkedReceiver, FixedStreamReceiver
from waitress.utilities import Error as WaitressError

from pacsberry.archive import Spool
from pacsberry.errors import NoRoom, PacsberryError, TooLarge
from pacsberry.http.access import Access, Credentials, Verification
from pacsberry.http.context import Context
from pacsberry.http.errors import Malformed, phrase, tell
from pacsberry.http.guarding import guard
from pacsberry.http.request import Request, method_of, normal_path
from pacsberry.http.routing import Body, Route, Routes

if TYPE_CHECKING:
    from pacsberry.http.piping import Consumer, Pipe, Share

LOGGER = logging.getLogger("pacsberry.http")


class Sink(Protocol):
    """Where a body goes; what waitress calls a buffer."""

    def append(self, data: bytes) -> None:
        """Take the next bytes; TooLarge or NoRoom when they cannot be taken."""

    def __len__(self) -> int: ...

    def getfile(self) -> BinaryIO:
        """What the WSGI application finds as `wsgi.input`."""

    def close(self) -> None:
        """The request is over, whatever became of it."""


class MemorySink:
    """A small body, held in memory."""

    def __init__(self, limit_bytes: int) -> None:
        self._limit_bytes = limit_bytes
        self._data = bytearray()

    def append(self, data: bytes) -> None:
        """Take the next bytes; TooLarge beyond the limit."""
        if len(self._data) + len(data) > self._limit_bytes:
            raise too_large(self._limit_bytes)
        self._data += data

    def __len__(self) -> int:
        return len(self._data)

    def getfile(self) -> BinaryIO:
        """The body."""
        return io.BytesIO(self._data)

    def close(self) -> None:
        """Nothing to free."""


class SpoolSink:
    """A large body, going into a spool file; the handler finds it as `request.spool`."""

    def __init__(self, spool: Spool, limit_bytes: int, verification: Verification | None) -> None:
        self.spool = spool
        self._is_closed = False
        self._limit_bytes = limit_bytes
        self._verification = verification

    def append(self, data: bytes) -> None:
        """Write the next bytes; TooLarge, NoRoom, or Unauthorized when that has been found out meanwhile."""
        if self._is_closed:  # the client has left
            return
        if self.spool.size + len(data) > self._limit_bytes:
            raise too_large(self._limit_bytes)
        if self._verification is not None and self._verification.refusal is not None:
            raise self._verification.refusal
        self.spool.write(data)

    def __len__(self) -> int:
        return self.spool.size

    def getfile(self) -> BinaryIO:
        """This sink, so that the door can take the spool from it."""
        return self  # type: ignore[return-value]  # only the door looks at it, never a reader

    def close(self) -> None:
        """Remove the file unless the archive has taken it over."""
        self._is_closed = True
        self.spool.discard()


class WaitingSink:
    """A small upload for which there is no room yet: held in memory until a worker has waited for some."""

    def __init__(self, make_spool: Callable[[], Spool], limit_bytes: int, verification: Verification | None) -> None:
        """`make_spool` waits a bounded time, and raises NoRoom."""
        self._held = MemorySink(limit_bytes)
        self._make_spool = make_spool
        self._verification = verification
        self._spool: Spool | None = None

    def append(self, data: bytes) -> None:
        """Take the next bytes; TooLarge, or Unauthorized when that has been found out meanwhile."""
        if self._verification is not None and self._verification.refusal is not None:
            raise self._verification.refusal
        self._held.append(data)

    def __len__(self) -> int:
        return len(self._held)

    def getfile(self) -> BinaryIO:
        """This sink, so that the door can take the spool from it."""
        return self  # type: ignore[return-value]  # only the door looks at it, never a reader

    @property
    def spool(self) -> Spool:
        """The upload as a file, once there is room; for a worker.  Raises NoRoom."""
        if self._spool is None:
            self._spool = self._make_spool()
            self._spool.write(self._held.getfile().read())
        return self._spool

    def close(self) -> None:
        """Remove the file unless the archive has taken it over."""
        if self._spool is not None:
            self._spool.discard()


def too_large(limit_bytes: int) -> TooLarge:
    """The error for a body over its limit."""
    return TooLarge(f"The body is larger than {limit_bytes / 2**20:g} MB, the most this address takes.")


class Reception:
    """Decides where bodies go; one for the whole door, used by the listening thread only."""

    def __init__(
        self,
        *,
        routes: Routes,
        access: Access,
        context: Context,
        small_body_bytes: int,
        largest_body_bytes: int,
        describe_errors: bool,
        keep_alive: bool,
    ) -> None:
        self._routes = routes
        self._access = access
        self._context = context
        self._share: Share | None = None  # made with the first body that is piped
        self._spool = context.archive.spool
        self._small_body_bytes = small_body_bytes
        self._largest_body_bytes = largest_body_bytes
        self.describe_errors = describe_errors
        self.keep_alive = keep_alive

    def receive(self, parser: "Parser") -> Sink:
        """A place for the body of the request whose headers `parser` has read; raises when it is not let in."""
        method = method_of(parser.command, parser.headers.get("X_HTTP_METHOD_OVERRIDE", ""), parser.query)
        route = self._routes.find(method, normal_path(parser.path))
        if route is not None and route.is_public:
            self._access.let_near(parser.remote_ip)
            return self._in_memory(parser)
        host = parser.headers.get("HOST", "") if parser.version != "1.0" else ""
        credentials = Credentials(parser.headers.get("AUTHORIZATION", ""), parser.headers.get("COOKIE", ""), host)
        user = self._access.glance(parser.remote_ip, credentials)
        if user is not None and route is not None:
            self._access.permit(user, route.action)
        if route is not None and route.consumer is not None:
            return self._pipe(parser, route, route.consumer)
        if route is None or route.body is not Body.SPOOL:
            return self._in_memory(parser)
        limit = self._largest_body_bytes
        if parser.content_length > limit:
            raise too_large(limit)
        verification = None
        if user is None:
            verification = Verification(self._access, parser.remote_ip, credentials, route.action)
            parser.defer(verification)
        expected = max(0, parser.content_length)
        try:
            spool = self._spool(expected_bytes=expected, may_wait=False)
        except NoRoom:  # the recycler is at work; the listening thread waits for nobody
            if parser.chunked or expected > self._small_body_bytes:
                raise
            return WaitingSink(partial(self._spool, expected_bytes=expected), self._small_body_bytes, verification)
        return SpoolSink(spool, limit, verification)

    def _in_memory(self, parser: "Parser") -> MemorySink:
        if parser.content_length > self._small_body_bytes:
            raise too_large(self._small_body_bytes)
        return MemorySink(self._small_body_bytes)

    def _pipe(self, parser: "Parser", route: Route, consumer: "Callable[..., Consumer]") -> Sink:
        from pacsberry.http.piping import Pipe, Share

        self._share = self._share or Share()
        path = normal_path(parser.path)
        _, arguments = self._routes.match(route.method, path)
        headers = {f"HTTP_{name}": value for name, value in parser.headers.items()}
        headers["CONTENT_TYPE"] = parser.headers.get("CONTENT_TYPE", "")
        headers["SERVER_PROTOCOL"] = f"HTTP/{parser.version}"

        def begin() -> "Consumer":
            user = self._access.admit(parser.remote_ip, Credentials.of(headers))
            self._access.permit(user, route.action)
            self._access.may_write(headers)
            request = Request(
                method=route.method,
                path=path,
                headers=headers,
                remote_ip=parser.remote_ip,
                user=user.name,
                role=user.role,
                is_local=self._access.is_local,
                scheme=parser.url_scheme,
            )
            return consumer(request, self._context, **arguments)

        parser.pipe = Pipe(begin, parser.defer, parser.go_on, self._share)
        return parser.pipe


class Parser(HTTPRequestParser):
    """waitress' parser, with our places for bodies and our words for refusals."""

    def __init__(
        self,
        adj: Adjustments,
        reception: Reception,
        remote_ip: str,
        defer: Callable[[object], None],
        go_on: Callable[[], None],
    ) -> None:
        """`defer` runs a task on a worker thread; `go_on` wakes the listening thread."""
        super().__init__(adj)
        self.defer = defer
        self.go_on = go_on
        self.pipe: Pipe | None = None  # where the body goes, of some routes
        self.remote_ip = remote_ip
        self.started = monotonic()
        self._reception = reception

    @property
    def is_held(self) -> bool:
        """Whether no more of the body is to be read for now."""
        return self.pipe is not None and self.pipe.is_full

    def parse_header(self, header_plus: bytes) -> None:
        """Read the headers, then say where the body goes."""
        super().parse_header(header_plus)
        if not self._reception.keep_alive:
            self.headers["CONNECTION"] = "close"  # waitress then ends the connection after the answer
        if self.body_rcv is None:
            self.expect_continue = False  # waitress would wait for what does not come
            return
        try:
            sink = self._reception.receive(self)
        except PacsberryError as error:
            self._refuse(error)
            return
        self.body_rcv = ChunkedReceiver(sink) if self.chunked else FixedStreamReceiver(self.content_length, sink)

    def received(self, data: bytes) -> int:
        """Take bytes from the socket; the number of those that belong to this request."""
        try:
            consumed = super().received(data)
        except PacsberryError as error:
            self._refuse(error)
            return len(data)
        except OSError as error:
            LOGGER.error("The body of %s %s cannot be kept: %s", self.command, self.path, error)
            self._refuse(error)
            return len(data)
        if isinstance(self.error, WaitressError) and not isinstance(self.error, Refusal):
            self._refuse(Malformed(self.error.code, f"{self.error.reason}: {self.error.body}."))
        return consumed

    def _refuse(self, error: Exception) -> None:
        self.error = Refusal(
            error,
            getattr(self, "command", ""),
            getattr(self, "request_uri", ""),
            describe=self._reception.describe_errors,
            is_page="X_PACSBERRY" in self.headers,
        )
        self.expect_continue = False  # waitress would ask for the body otherwise, and wait for it before it answers
        self.completed = True


class Refusal(WaitressError):
    """An error answer given before the application sees the request; the connection is closed after it."""

    def __init__(self, error: Exception, method: str, uri: str, *, describe: bool, is_page: bool) -> None:
        """`is_page`: a page of ours has sent it, whose browser should not ask for a password by itself."""
        super().__init__(str(error))
        self._told = tell(error, method, uri, describe=describe)
        self._left_out = "WWW-Authenticate" if is_page else ""
        self.code = self._told.status

    def to_response(self, ident: str | None = None) -> tuple[str, list[tuple[str, str]], bytes]:
        """Status line, headers and body, as waitress' ErrorTask wants them."""
        told = [header for header in self._told.headers if header[0] != self._left_out]
        guard(told, is_private=True)
        return f"{self.code} {phrase(self.code)}", told, self._told.body
