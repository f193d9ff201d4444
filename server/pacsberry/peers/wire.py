"""The socket of one association, as pynetdicom's state machine knows it.

Closing always gives the descriptor back, and sending never copies.
"""

import contextlib
import queue
import socket
import time

from pynetdicom.association import Association
from pynetdicom.transport import T_CONNECT, AssociationSocket

_LINGER_SECONDS = 2.0
_LINGER_BYTES = 4 << 20


class Wire(AssociationSocket):
    """A connected socket; blocking, with a time-out for each single read or write."""

    def __init__(self, assoc: Association, connected: socket.socket) -> None:
        super().__init__(assoc, client_socket=connected)
        if assoc.is_requestor:
            with contextlib.suppress(queue.Empty):  # Evt5 is for acceptors: we connected, nobody connected to us
                self.event_queue.get_nowait()
        self.connected = connected

    def connect(self, primitive: T_CONNECT) -> None:
        """Report the connection, which was made before the association (Evt2)."""
        primitive.result = "Evt2"
        self.provider_queue.put(primitive)

    def send(self, bytestream: bytes) -> None:
        """Send all of it, or put Evt17 (transport connection closed) in the queue."""
        try:
            self.connected.sendall(bytestream)
        except OSError:
            self.event_queue.put("Evt17")

    def _shutdown_socket(self) -> None:
        with contextlib.suppress(OSError):
            self.connected.shutdown(socket.SHUT_RDWR)
        self.connected.close()

    def linger(self) -> None:
        """Having said our last word, wait shortly for the peer to hang up.

        Closing at once with unread bytes in the buffer would reset the connection, and the peer might never
        read why.  What still comes is thrown away.
        """
        raw = socket.socket  # its methods, not those of a TLS socket: whatever still comes need not be decrypted
        deadline = time.monotonic() + _LINGER_SECONDS
        room = memoryview(bytearray(16384))
        left = _LINGER_BYTES
        with contextlib.suppress(OSError, ValueError):
            raw.shutdown(self.connected, socket.SHUT_WR)
            raw.settimeout(self.connected, _LINGER_SECONDS)
            while left > 0 and time.monotonic() < deadline:
                count = raw.recv_into(self.connected, room)
                if not count:
                    return
                left -= count
