"""Listens: waitress with our connections, our workers and our way to start and stop.

Threads: `http-listener` moves bytes and never waits for anything but the network and the card; `http-worker-n` answer.
Written against waitress 3.0.2: `TcpWSGIServer` with `channel_class`, `accept`, `maintenance`, `pull_trigger` and
`handle_error`; `Adjustments`; `wasyncore.poll2`.
"""

import errno
import logging
import math
import socket
import sys
import threading
import time
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from waitress import wasyncore
from waitress.adjustments import Adjustments
from waitress.server import TcpWSGIServer

from pacsberry.errors import ConfigError
from pacsberry.http.access import Access
from pacsberry.http.api import ROUTES
from pacsberry.http.body import Reception
from pacsberry.http.channel import Channel
from pacsberry.http.context import Context
from pacsberry.http.door import Door
from pacsberry.http.routing import Route
from pacsberry.http.settings import HttpSettings, TlsSettings
from pacsberry.http.workers import Workers

if TYPE_CHECKING:
    import ssl

    from pacsberry.http.tls import TlsConnection  # imports ssl, which a server without HTTPS does without

LOGGER = logging.getLogger("pacsberry.http")

_RECEIVE_BYTES = 65536  # read from a socket at once
_HEADER_BYTES = 65536  # of one request
_WATERMARK_BYTES = 512 * 1024  # of an answer wait for the client; a worker waits beyond that
_STOP_SECONDS = 10.0  # running requests and answers on their way get so long when the server stops


@dataclass(frozen=True, slots=True)
class Patience:
    """How long a client may stand still."""

    timeout_seconds: float
    keep_alive_seconds: float


class Listener(TcpWSGIServer):
    """One listening address."""

    channel_class = Channel
    active_channels: dict[int, Channel]

    def __init__(
        self,
        application: Door,
        map: dict[int, wasyncore.dispatcher],
        *,
        dispatcher: Workers,
        adj: Adjustments,
        sock: socket.socket,
        reception: Reception,
        tls: "ssl.SSLContext | None",
        patience: Patience,
    ) -> None:
        self.reception = reception
        self.tls = tls
        self.patience = patience
        self._pipe_lock = threading.Lock()  # guards the pipe that wakes the listening thread against being closed
        self._pipe_closed = False
        sockinfo = (sock.family, sock.type, sock.proto, sock.getsockname())
        super().__init__(
            application, map, _sock=sock, dispatcher=dispatcher, adj=adj, sockinfo=sockinfo, bind_socket=False
        )

    def accept(self) -> tuple[socket.socket, tuple[str, int]] | None:
        """The next connection, wrapped when this is HTTPS; shaking hands is left to its channel."""
        accepted = super().accept()
        if accepted is None or self.tls is None:
            return accepted
        connection, address = accepted
        connection.setblocking(False)
        try:
            connection.getpeername()  # OSError when the client has left; wrapping it would lose the descriptor
            return self.tls.wrap_socket(connection, server_side=True, do_handshake_on_connect=False), address
        except BaseException:
            connection.close()
            raise

    def set_socket_options(self, conn: socket.socket) -> None:
        """Set up an accepted connection, whose client may be gone already."""
        try:
            super().set_socket_options(conn)
        except OSError:
            conn.close()
            raise

    def secured(self, connection: socket.socket) -> "TlsConnection | None":
        """The TLS of an accepted connection; None when this is plain HTTP."""
        if self.tls is None:
            return None
        from pacsberry.http.tls import TlsConnection

        return TlsConnection.of(connection)

    def maintenance(self, now: float) -> None:
        """Look after the connections, about once a second."""
        monotonic = time.monotonic()
        for channel in list(self.active_channels.values()):
            channel.tend(now, monotonic, crowded=self.in_connection_overflow)

    def pull_trigger(self) -> None:
        """Wake the listening thread; not once this is closed, when the pipe's number may be another file's."""
        with self._pipe_lock:
            if not self._pipe_closed:
                super().pull_trigger()

    def close(self) -> None:
        """Stop listening."""
        with self._pipe_lock:
            self._pipe_closed = True
            super().close()

    def handle_error(self) -> None:
        """An error nobody foresaw must not close the door: waitress would."""
        LOGGER.error("Accepting a connection failed", exc_info=sys.exc_info())


class HttpServer:
    """The HTTP door.  `start` returns when it is open; `stop` when it is closed and its threads have ended."""

    def __init__(self, context: Context, access: Access, table: Iterable[Route] = ROUTES) -> None:
        """Built but closed; `access` decides who comes in, `table` is what is offered."""
        self._context = context
        self._access = access
        self._settings = context.settings
        self._table = table
        self._map: dict[int, wasyncore.dispatcher] = {}
        self._listeners: list[Listener] = []
        self._stopping = threading.Event()
        self._workers = Workers(threads=self._settings.threads, downloads=self._settings.downloads)
        self._thread = threading.Thread(target=self._run, name="http-listener", daemon=True)

    @property
    def port(self) -> int:
        """The port it listens on."""
        return int(self._listeners[0].effective_port)

    def start(self) -> None:
        """Open the door; ConfigError when the address or the certificate cannot be used."""
        settings = self._settings
        tls = _tls_context(settings.tls) if settings.tls is not None else None
        door = Door(self._context, self._access, self._table, self._workers.download)
        reception = Reception(
            routes=door.routes,
            access=self._access,
            spool=self._context.archive.spool,
            small_body_bytes=settings.small_body_bytes,
            largest_body_bytes=settings.largest_body_bytes,
            describe_errors=settings.describe_errors,
            keep_alive=settings.keep_alive,
        )
        adjustments = _adjustments(settings)
        patience = Patience(settings.timeout_seconds or math.inf, settings.keep_alive_seconds)

        self._listeners = [
            Listener(
                door,
                self._map,
                dispatcher=self._workers,
                adj=adjustments,
                sock=sock,
                reception=reception,
                tls=tls,
                patience=patience,
            )
            for sock in _bind_all(settings)
        ]
        self._thread.start()

    def stop(self) -> None:
        """Take no more requests, let the running ones end, close; waits up to ten seconds for each of the two."""
        if not self._thread.is_alive():
            return
        self._stopping.set()
        self._wake()
        self._workers.shutdown(timeout=_STOP_SECONDS)
        self._wake()
        self._thread.join(_STOP_SECONDS + 5)

    def _wake(self) -> None:
        for listener in self._listeners:
            listener.pull_trigger()

    def _run(self) -> None:
        while not self._stopping.is_set():
            wasyncore.poll2(1.0, self._map)
        for listener in self._listeners:
            listener.accepting = False  # no longer polled; the trigger stays, workers still use it
            listener.socket.close()
        deadline = time.monotonic() + _STOP_SECONDS
        while time.monotonic() < deadline and (self._workers.threads or self._unsent()):
            wasyncore.poll2(0.1, self._map)
        for channel in self._channels():
            channel.handle_close()
        for listener in self._listeners:
            listener.close()
        wasyncore.close_all(self._map, ignore_all=True)

    def _unsent(self) -> bool:
        return any(channel.total_outbufs_len for channel in self._channels())

    def _channels(self) -> list[Channel]:
        return [channel for listener in self._listeners for channel in list(listener.active_channels.values())]


def _tls_context(settings: TlsSettings) -> "ssl.SSLContext":
    from pacsberry.http.tls import server_context

    return server_context(settings)


def _adjustments(settings: HttpSettings) -> Adjustments:
    """waitress' settings.  Limits of bodies are ours (body.py), so its own is out of the way."""
    adjustments = Adjustments(
        listen="127.0.0.1:0",  # not used: listeners get their addresses one by one
        threads=settings.threads,
        ident="Pacsberry",
        url_scheme="https" if settings.tls is not None else "http",
        recv_bytes=_RECEIVE_BYTES,
        max_request_header_size=_HEADER_BYTES,
        max_request_body_size=sys.maxsize,
        outbuf_high_watermark=_WATERMARK_BYTES,
        outbuf_overflow=sys.maxsize,  # nothing on its way out is written to a temporary file; the watermark bounds it
        connection_limit=settings.connections,
        channel_timeout=int(settings.timeout_seconds) + 1,
        cleanup_interval=1,
        log_socket_errors=False,
        clear_untrusted_proxy_headers=False,  # used to build addresses only (Request.address)
    )
    if not settings.tcp_no_delay:
        adjustments.socket_options = []
    return adjustments


def _bind_all(settings: HttpSettings) -> list[socket.socket]:
    """A socket on every address asked for; with none given on all, IPv4 and (where there is one) IPv6."""
    wanted = settings.addresses or ("0.0.0.0", "::")  # noqa: S104  # who may come in is decided by access.py
    port = settings.port
    bound: list[socket.socket] = []
    for address in wanted:
        try:
            bound.append(_bind(address, port))
        except OSError as error:
            if not settings.addresses and bound and error.errno in (errno.EAFNOSUPPORT, errno.EADDRNOTAVAIL):
                continue  # a machine without IPv6
            for sock in bound:
                sock.close()
            raise ConfigError(
                f"HttpPort: {address} port {port} cannot be listened on ({error.strerror or error}). "
                "Stop the program that uses it, or set another HttpPort."
            ) from error
        port = port or bound[0].getsockname()[1]
    return bound


def _bind(address: str, port: int) -> socket.socket:
    family, place = _resolve(address, port)
    sock = socket.socket(family, socket.SOCK_STREAM)
    try:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)  # IPv4 has a socket of its own
        sock.bind(place)
    except OSError:
        sock.close()
        raise
    return sock


def _resolve(address: str, port: int) -> tuple[int, tuple[Any, ...]]:
    """The family and what to bind for an address or a host name; OSError when there is none of that name."""
    for family, rest in ((socket.AF_INET, ()), (socket.AF_INET6, (0, 0))):
        try:
            socket.inet_pton(family, address)
        except OSError:
            continue
        return family, (address, port, *rest)
    found = socket.getaddrinfo(address, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[0]
    return found[0], found[4]
