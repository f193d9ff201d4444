"""One connection: waitress' channel with TLS, sendfile, and a courteous end.

What is added to waitress 3.0.2, and why:

- bodies go where `body` says (`parser_class`);
- an HTTPS connection shakes hands and moves bytes without ever blocking the listening thread;
- a file answer is sent by the kernel, not read into Python (`sending` with `send`);
- workers send and read without the listening thread where they can (`answering`), and an answer of unknown length does
  not end the connection (`task`);
- after a refusal the rest of the body is read and dropped for a moment: closing at once would reset the connection, and
  the client would see that instead of the answer;
- a partly received body is removed when the client leaves (`handle_close`, `cancel`);
- clients that stand still, drip, or take nothing are dropped (`tend`).

Of waitress' inside this relies on `requests`, `request`, `adj`, `server`, `addr`, `socket`, `total_outbufs_len`,
`last_activity`, `will_close`, `connected`; on `send` and `handle_read` being the only places that touch the socket; and
on waitress sending what `get` of a file buffer returned.  tests/http/test_channel.py and test_tls.py fail when that
changes.
"""

import contextlib
import logging
import os
import socket
import time
from typing import TYPE_CHECKING

from waitress.adjustments import Adjustments
from waitress.wasyncore import dispatcher

from pacsberry.errors import DamagedFile
from pacsberry.http.answering import AnsweringChannel
from pacsberry.http.body import Parser, Refusal
from pacsberry.http.handshake import Wanted
from pacsberry.http.sending import Slice

if TYPE_CHECKING:
    from pacsberry.http.listener import Listener
    from pacsberry.http.tls import TlsConnection  # imports ssl, which a server without HTTPS does without

LOGGER = logging.getLogger("pacsberry.http")

_LINGER_SECONDS = 2.0  # how long a refused client may go on sending
_HANDSHAKE_SECONDS = 10.0
_SLOWEST_BYTES_PER_SECOND = 1024  # of a body, once the time-out has passed
_BURST_BYTES = 4 * 2**20  # sent to one client before the others get their turn
_TLS_RECORDS_AT_ONCE = 8  # read from one client before the others get their turn
_UNPACKED_AT_ONCE = 65536  # bytes; what is not taken then is read again, from what the packed file still holds
_TLS_RECORD_BYTES = 16384  # one record (RFC 8446 5.1): a send that fails half-way repeats no more than this


class Channel(AnsweringChannel):
    """A connection.  The listening thread reads it; that thread or the worker it is with writes to it."""

    request: Parser | None

    def __init__(
        self,
        server: "Listener",
        sock: socket.socket,
        addr: tuple[str, int],
        adj: Adjustments,
        map: dict[int, dispatcher],
    ) -> None:
        self._tls = server.secured(sock)
        self._handshaking = self._tls is not None
        self._handshake_wants_to_write = False
        self._opened = time.monotonic()
        self._linger_until = 0.0  # monotonic; 0 while the connection is in use
        self._refused = False
        self._burst = _BURST_BYTES
        super().__init__(server, sock, addr, adj, map=map)

    def parser_class(self, adj: Adjustments) -> Parser:
        """A parser for the next request; waitress looks for a class under this name and calls it."""
        return Parser(adj, self.server.reception, self.addr[0], self.server.add_task, self.wake)

    # ---- the listening thread asks what to wait for

    def readable(self) -> bool:
        """Whether bytes from the client are wanted."""
        if self._handshaking:
            return not self.will_close and not self._handshake_wants_to_write
        if self._linger_until:
            return True
        return not (self.request is not None and self.request.is_held) and bool(super().readable())

    def writable(self) -> bool:
        """Whether there is something to do as soon as the client can take bytes."""
        if self._handshaking:
            return self.will_close or self._handshake_wants_to_write
        if self._linger_until:
            return self.will_close
        if self.requests and not self.will_close and not self.close_when_flushed:
            return self._has_backlog  # less than that the worker sends with what comes next, or at the end
        return bool(super().writable())

    @property
    def _has_backlog(self) -> bool:
        """Whether more waits to be sent than a worker collects."""
        return self.total_outbufs_len >= self.adj.send_bytes

    # ---- the listening thread says what has happened

    def handle_read(self) -> None:
        """Bytes have come."""
        if self._handshaking:
            self._shake_hands()
        elif self._linger_until:
            self._drop_input()
        elif self._tls is not None:
            self._read_records(self._tls)
        else:
            super().handle_read()

    def handle_write(self) -> None:
        """The client can take bytes."""
        if self._handshaking and not self.will_close:
            self._shake_hands()
            return
        self._burst = _BURST_BYTES
        super().handle_write()

    def handle_close(self) -> None:
        """The connection is over: for the client, or because we say so."""
        if self._refused and self.will_close and self.connected and not self._linger_until:
            self._linger()
            return
        if self.request is not None:
            self.request.close()
        super().handle_close()

    def tend(self, now: float, monotonic: float, *, crowded: bool) -> None:
        """End the connection when its client stands still; run about once a second by the listening thread.

        `crowded`: others wait to be accepted, so an idle connection has to go at once.
        """
        limits = self.server.patience
        quiet = now - self.last_activity
        request = self.request
        if self._linger_until:
            over = monotonic >= self._linger_until
        elif self._handshaking:
            over = monotonic >= self._opened + _HANDSHAKE_SECONDS
        elif self.requests:  # a worker may wait for this client to take its answer
            over = self._has_backlog and quiet > limits.timeout_seconds
        elif request is not None and request.is_held:
            over = False
            request.started, self.last_activity = monotonic, now  # it is us who stand still
        elif request is not None:
            earned = request.body_bytes_received / _SLOWEST_BYTES_PER_SECOND
            over = quiet > limits.timeout_seconds or monotonic - request.started > limits.timeout_seconds + earned
        elif self.total_outbufs_len:
            over = quiet > limits.timeout_seconds
        else:
            over = crowded or quiet > limits.keep_alive_seconds
        if over:
            # Not `will_close`, which waits until the client can take bytes: perhaps that is what it does not do.
            self._refused = False
            self.handle_close()

    # ---- a worker

    @property
    def _may_be_read_here(self) -> bool:
        """Whether a worker may read the socket: not that of a TLS connection, which is the listening thread's."""
        return self._tls is None

    def service(self) -> None:
        """Answer the oldest request."""
        if isinstance(self.requests[0].error, Refusal):
            self._refused = True
        super().service()

    def cancel(self) -> None:
        """The server stops before a worker came to this connection."""
        for request in self.requests:
            request.close()
        super().cancel()

    # ---- bytes; under waitress' outbuf_lock when a worker sends

    def send(self, data: bytes | memoryview | Slice, do_close: bool = True) -> int:
        """Send what the connection takes now, 0 when it takes nothing; `do_close` is the listening thread's."""
        if do_close and self._burst <= 0:
            return 0
        try:
            sent = self._send(data)
        except BlockingIOError:
            return 0
        except (OSError, DamagedFile) as error:
            cause = data.why(error) if isinstance(data, Slice) else error
            if isinstance(cause, DamagedFile):
                LOGGER.error("An answer to %s breaks off: %s", self.addr[0], cause)
            else:
                LOGGER.debug("%s left: %s", self.addr[0], cause)
            if do_close:
                self.handle_close()
            return 0
        self._burst -= sent
        return sent

    def _send(self, data: bytes | memoryview | Slice) -> int:
        if self._tls is not None:
            # OpenSSL wants a send that could not be finished repeated with the same bytes: one record at a time.
            if isinstance(data, Slice):
                data = data.read(_TLS_RECORD_BYTES)
            return self._tls.send(memoryview(data)[:_TLS_RECORD_BYTES])
        if not isinstance(data, Slice):
            # More is to come in a moment: one packet less for the air, which small packets cost most.
            is_last = len(data) == self.total_outbufs_len
            return self.socket.send(data, 0 if is_last else socket.MSG_MORE)
        descriptor = data.descriptor
        if descriptor is None:
            return self.socket.send(data.read(_UNPACKED_AT_ONCE))
        sent = os.sendfile(self.socket.fileno(), descriptor, data.offset, data.length)
        if sent == 0:
            raise OSError("the file has become shorter")
        return sent

    def _read_records(self, tls: "TlsConnection") -> None:
        # A record comes whole, because recv_bytes is larger than any: nothing decrypted stays behind unseen by poll.
        for _ in range(_TLS_RECORDS_AT_ONCE):
            if self.request is not None and self.request.is_held:
                return
            try:
                data = tls.recv(self.adj.recv_bytes)
            except BlockingIOError:
                return
            except OSError as error:
                LOGGER.debug("%s left: %s", self.addr[0], error)
                self.handle_close()
                return
            if not data:
                self.handle_close()
                return
            self.last_activity = time.time()
            self.received(data)

    def _shake_hands(self) -> None:
        if self._tls is None:
            return
        try:
            wanted = self._tls.shake_hands()
        except OSError as error:
            LOGGER.info("No HTTPS with %s: %s", self.addr[0], error)
            self.handle_close()
        else:
            self._handshaking = wanted is not Wanted.NOTHING
            self._handshake_wants_to_write = wanted is Wanted.WRITE

    def _linger(self) -> None:
        """Say that nothing more comes, and give the client time to read the answer while it is still sending."""
        self.will_close = False
        self._linger_until = time.monotonic() + _LINGER_SECONDS
        with contextlib.suppress(OSError):
            if self._tls is not None:
                self._tls.unwrap()
        with contextlib.suppress(OSError):
            self.socket.shutdown(socket.SHUT_WR)

    def _drop_input(self) -> None:
        try:
            over = not (self._tls or self.socket).recv(self.adj.recv_bytes)
        except BlockingIOError:
            over = False
        except OSError:
            over = True
        if over:
            self.handle_close()
