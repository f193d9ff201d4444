"""Listens: waitress with our connections, our workers and our way to start and stop.

Threads: `http-listener` moves bytes and never waits for anything but the network and the card; `http-worker-n` answer.
Written against waitress 3.0.2: `Adjustments`.
"""

import errno
import math
import socket
import sys
import threading
import time
from collections.abc import Iterable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from waitress.adjustments import Adjustments

from pacsberry.errors import ConfigError
from pacsberry.http.access import Access
from pacsberry.http.api import routes_of
from pacsberry.http.body import Reception
from pacsberry.http.channel import Channel
from pacsberry.http.context import Context
from pacsberry.http.control import ControlAccess, ControlListener, ControlSocket
from pacsberry.http.door import Door
from pacsberry.http.listener import Listener, Patience
from pacsberry.http.loop import Loop
from pacsberry.http.routing import Route, Routes
from pacsberry.http.settings import HttpSettings, TlsSettings
from pacsberry.http.workers import Workers

if TYPE_CHECKING:
    import ssl

_RECEIVE_BYTES = 65536  # read from a socket at once
_SEND_BYTES = 16384  # of an answer that goes on are collected first: its head and what follows leave together
_HEADER_BYTES = 65536  # of one request
_WATERMARK_BYTES = 512 * 1024  # of an answer wait for the client; a worker waits beyond that
_STOP_SECONDS = 10.0  # running requests and answers on their way get so long when the server stops
_CONTROL_CONNECTIONS = 8  # of the control socket, beside those of the network: an admin comes in when a crowd is there


class HttpServer:
    """The HTTP door.  `start` returns when it is open; `stop` when it is closed and its threads have ended."""

    def __init__(self, context: Context, access: Access, table: Iterable[Route] | None = None) -> None:
        """Built but closed; `access` decides who comes in; `table` is what is offered, by default all there is."""
        self._context = context
        self._access = access
        self._settings = context.settings
        self._routes = Routes(routes_of(context.settings) if table is None else table)
        self._control = ControlSocket(self._settings.control_socket) if self._settings.control_socket else None
        self._loop = Loop()
        self._listeners: list[Listener] = []
        self._stopping = threading.Event()
        self._workers = Workers(
            threads=self._settings.threads,
            downloads=self._settings.downloads,
            pictures=self._settings.waiting_for_pictures,
        )
        access.wait_in(self._workers.picture)
        self._thread = threading.Thread(target=self._run, name="http-listener", daemon=True)

    @property
    def port(self) -> int:
        """The port it listens on; 0 when there is only the control socket."""
        return int(self._listeners[0].effective_port) if self._listeners else 0

    def start(self) -> None:
        """Open the door; ConfigError when the address or the certificate cannot be used."""
        settings = self._settings
        if settings.is_open:
            tls = _tls_context(settings.tls) if settings.tls is not None else None
            patience = Patience(settings.timeout_seconds or math.inf, settings.keep_alive_seconds)
            for sock in _bind_all(settings):
                self._listen(Listener, sock, self._access, _adjustments(settings), tls, patience)
        control = self._control.bind() if self._control is not None else None
        if control is not None:
            access = ControlAccess(read_only=settings.read_only)
            more = replace(settings, tls=None, connections=settings.connections + _CONTROL_CONNECTIONS)
            self._listen(ControlListener, control, access, _adjustments(more), None, Patience(math.inf, math.inf))
        if self._listeners:
            self._thread.start()

    def _listen(
        self,
        kind: type[Listener],
        sock: socket.socket,
        access: Access,
        adjustments: Adjustments,
        tls: "ssl.SSLContext | None",
        patience: Patience,
    ) -> None:
        settings = self._settings
        reception = Reception(
            routes=self._routes,
            access=access,
            context=self._context,
            small_body_bytes=settings.small_body_bytes,
            # A file came by C-STORE, which knows no limit, and is to come back from a backup.
            largest_body_bytes=sys.maxsize if access.is_local else settings.largest_body_bytes,
            describe_errors=settings.describe_errors,
            keep_alive=settings.keep_alive or access.is_local,
        )
        listener = kind(
            Door(self._context, access, self._routes, self._workers.download, self._workers.picture),
            self._loop,
            dispatcher=self._workers,
            adj=adjustments,
            sock=sock,
            reception=reception,
            tls=tls,
            patience=patience,
        )
        self._listeners.append(listener)

    def stop(self) -> None:
        """Take no more requests, let the running ones end, close; waits up to ten seconds for each of the two."""
        if not self._thread.is_alive():
            return
        if self._control is not None:
            self._control.remove()
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
            self._loop.turn(1.0, self._listeners)
        for listener in self._listeners:
            listener.accepting = False
            listener.del_channel()  # no longer waited for; its trigger is, as workers still use it
            listener.socket.close()
        deadline = time.monotonic() + _STOP_SECONDS
        while time.monotonic() < deadline and (self._workers.threads or self._unsent()):
            self._loop.turn(0.1)
        for channel in self._channels():
            channel.handle_close()
        for listener in self._listeners:
            listener.close()
        self._loop.close()

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
    adjustments.send_bytes = _SEND_BYTES  # waitress calls it deprecated as an argument
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
