"""One place to listen on: waitress' server with our connections.

Written against waitress 3.0.2: `TcpWSGIServer` with `channel_class`, `accept`, `maintenance`, `pull_trigger` and
`handle_error`.
"""

import logging
import socket
import sys
import threading
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from waitress.adjustments import Adjustments
from waitress.server import TcpWSGIServer

from pacsberry.http.answering import AnsweringChannel
from pacsberry.http.body import Reception
from pacsberry.http.channel import Channel
from pacsberry.http.door import Door
from pacsberry.http.loop import Loop
from pacsberry.http.workers import Workers

if TYPE_CHECKING:
    import ssl

    from pacsberry.http.tls import TlsConnection  # imports ssl, which a server without HTTPS does without

LOGGER = logging.getLogger("pacsberry.http")


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
        map: Loop,
        *,
        dispatcher: Workers,
        adj: Adjustments,
        sock: socket.socket,
        reception: Reception,
        tls: "ssl.SSLContext | None",
        patience: Patience,
    ) -> None:
        self.reception = reception
        self.workers = dispatcher
        self._loop = map
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

    def wake(self, channel: AnsweringChannel) -> None:
        """Have the listening thread look at a connection again; for workers."""
        connection = channel.socket
        if connection is not None:  # it has not been closed meanwhile
            self._loop.look_again(connection.fileno())
            self.pull_trigger()

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
