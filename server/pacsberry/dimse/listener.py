"""Listens on the DICOM port.  Admits connections, and turns away politely those that are too many.

One thread does both: it accepts, hands a connection over, or has it wait in a small bounded table until its
A-ASSOCIATE-RQ has come, answers 'local limit exceeded' and lets it go.  While that table is full nothing is
accepted: further peers wait in the kernel's queue, which is bounded too.  Does not import pynetdicom, so an idle
server does not pay for it.
"""

import contextlib
import logging
import selectors
import socket
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field

LOGGER = logging.getLogger("pacsberry.dimse")

# A-ASSOCIATE-RJ: transient, by the provider's presentation part, local limit exceeded (PS3.8 9.3.4)
LOCAL_LIMIT_EXCEEDED = bytes((0x03, 0, 0, 0, 0, 4, 0, 0x02, 0x03, 0x02))
_TURNED_AWAY_AT_ONCE = 32  # connections in the table
_TURN_AWAY_SECONDS = 2.0  # for one connection to send its request and to go
_LARGEST_REQUEST_BYTES = 256 * 1024
_KERNEL_QUEUE = 128
_PAUSE_SECONDS = 0.2  # when the kernel has no file descriptor left for a new connection


@dataclass(slots=True)
class _Leaving:
    """A connection that is being turned away."""

    connection: socket.socket
    ip: str
    deadline: float
    head: bytearray = field(default_factory=bytearray)  # as much of the request as names the peer
    received: int = 0
    is_told: bool = False


class Listener:
    """Owns the listening socket and the thread 'dicom-listener'."""

    def __init__(
        self, *, bind_address: str, port: int, admit: Callable[[socket.socket, str], bool], limit_text: str
    ) -> None:
        """`bind_address`: '' for all; `port`: 0 for any; `admit(connection, ip)` takes a connection or says False.

        `limit_text` names the limit for the log.
        """
        self._bind_address = bind_address
        self._wanted_port = port
        self._admit = admit
        self._limit_text = limit_text
        self._leaving: dict[int, _Leaving] = {}
        self._socket: socket.socket | None = None
        self._thread: threading.Thread | None = None
        self._port = port
        self._selector = selectors.DefaultSelector()

    @property
    def port(self) -> int:
        """The port in use once started."""
        return self._port

    def start(self) -> None:
        """Listen; OSError when the port cannot be had."""
        dual = not self._bind_address and socket.has_dualstack_ipv6()
        family = socket.AF_INET6 if dual or ":" in self._bind_address else socket.AF_INET
        self._socket = socket.create_server(
            (self._bind_address, self._wanted_port), family=family, backlog=_KERNEL_QUEUE, dualstack_ipv6=dual
        )
        self._socket.setblocking(False)
        self._port = self._socket.getsockname()[1]
        self._alarm, self._alarmed = socket.socketpair()
        self._thread = threading.Thread(target=self._run, name="dicom-listener", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Accept nothing more; returns when the thread has ended."""
        if self._thread is None:
            return
        self._alarm.send(b"!")
        self._thread.join()
        self._thread = None
        self._alarm.close()
        self._alarmed.close()

    def _run(self) -> None:
        listening = self._socket
        if listening is None:
            return
        with listening, self._selector:
            self._selector.register(self._alarmed, selectors.EVENT_READ)
            is_listening = False
            while True:
                has_room = len(self._leaving) < _TURNED_AWAY_AT_ONCE
                if has_room and not is_listening:
                    self._selector.register(listening, selectors.EVENT_READ)
                elif is_listening and not has_room:
                    self._selector.unregister(listening)
                is_listening = has_room
                for key, _ in self._selector.select(self._wait_seconds()):
                    if key.fileobj is listening:
                        self._accept(listening)
                    elif key.fileobj is self._alarmed:
                        self._let_all_go()
                        return
                    else:
                        self._turn_away(key.data)
                self._let_overdue_go()

    def _accept(self, listening: socket.socket) -> None:
        try:
            connection, address = listening.accept()
        except BlockingIOError:
            return
        except OSError as error:
            LOGGER.error("A DICOM connection cannot be accepted: %s", error)
            time.sleep(_PAUSE_SECONDS)
            return
        ip = address[0].removeprefix("::ffff:")
        with contextlib.suppress(OSError):  # it may be gone already
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        if self._admit(connection, ip):
            return
        connection.setblocking(False)
        leaving = _Leaving(connection, ip, time.monotonic() + _TURN_AWAY_SECONDS)
        self._leaving[connection.fileno()] = leaving
        self._selector.register(connection, selectors.EVENT_READ, leaving)

    def _turn_away(self, leaving: _Leaving) -> None:
        """Read on; answer when the request is there whole, since an answer before it may be lost."""
        try:
            data = leaving.connection.recv(16384)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        leaving.received += len(data)
        leaving.head += data[: 74 - len(leaving.head)]
        if not data or leaving.received > _LARGEST_REQUEST_BYTES:
            self._let_go(leaving)
        elif not leaving.is_told and leaving.received >= 6:
            length = int.from_bytes(leaving.head[2:6], "big")
            if leaving.head[0] != 0x01 or length > _LARGEST_REQUEST_BYTES:
                self._let_go(leaving)
            elif leaving.received >= 6 + length:
                self._tell(leaving)

    def _tell(self, leaving: _Leaving) -> None:
        leaving.is_told = True
        aet = bytes(leaving.head[26:42]).decode("ascii", "replace").strip()
        LOGGER.warning("Association of %s@%s rejected: %s", aet, leaving.ip, self._limit_text)
        try:
            leaving.connection.send(LOCAL_LIMIT_EXCEEDED)
            leaving.connection.shutdown(socket.SHUT_WR)
        except OSError:
            self._let_go(leaving)

    def _let_go(self, leaving: _Leaving) -> None:
        if self._leaving.pop(leaving.connection.fileno(), None) is not None:
            self._selector.unregister(leaving.connection)
            leaving.connection.close()

    def _let_overdue_go(self) -> None:
        now = time.monotonic()
        for leaving in [leaving for leaving in self._leaving.values() if leaving.deadline <= now]:
            self._let_go(leaving)

    def _let_all_go(self) -> None:
        for leaving in list(self._leaving.values()):
            self._let_go(leaving)

    def _wait_seconds(self) -> float | None:
        """Until the next connection is overdue; None when there is none."""
        deadlines = [leaving.deadline for leaving in self._leaving.values()]
        return max(0.0, min(deadlines) - time.monotonic()) if deadlines else None
