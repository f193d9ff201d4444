"""The DICOM upper layer of one association, pumped by the association's own thread.

Written against pynetdicom 3.0.4 (installed.py looks what there is).  Its state machine, PDUs and primitives stay;
its own thread, which polls every millisecond, is never started.  Instead `send_pdu` runs the state machine at once,
and whoever waits for the peer blocks in `next_pdu` on the socket.  Established associations' P-DATA does not pass
the state machine (DT-1 and DT-2 lead from Sta6 to Sta6): `messages` reads and writes it.

Promises: no byte is allocated because a peer claims a length; a PDU comes whole within `pdu_seconds` or the
association is aborted; every way an association can end raises AssociationEnded, with words for the log.
"""

import contextlib
import logging
import queue
import select
import socket as sockets  # `socket` is pynetdicom's word for the attribute that holds the wire
import struct
import time
from typing import TYPE_CHECKING

import pydicom.config
from pynetdicom.association import Association
from pynetdicom.dul import DULServiceProvider
from pynetdicom.pdu import A_ABORT_RQ
from pynetdicom.pdu_primitives import A_ABORT, A_ASSOCIATE, A_P_ABORT, A_RELEASE

from pacsberry.errors import PeerFailed
from pacsberry.peers.pdata import INVALID_PARAMETER, P_DATA_TF, UNEXPECTED_PDU, UNRECOGNIZED_PDU
from pacsberry.peers.wire import Wire

if TYPE_CHECKING:
    from pynetdicom.pdu import _PDUType
    from pynetdicom.pdu_primitives import _PDUPrimitiveType

# pynetdicom logs a traceback for every malformed PDU, pydicom warns of every odd UID in one, and both name no peer.
# What matters is logged here, with the peer.
logging.getLogger("pynetdicom").setLevel(logging.CRITICAL)
pydicom.config.settings.reading_validation_mode = pydicom.config.IGNORE

_HEADER = struct.Struct(">BxL")
_FIRST_BUFFER_BYTES = 16384
_LARGEST_NEGOTIATION_BYTES = 256 * 1024  # 128 contexts with all transfer syntaxes are about 180 KB
_QUICKACK: int | None = getattr(sockets, "TCP_QUICKACK", None)  # Linux only
_RELEASE_RQ, _ABORT = 0x05, 0x07  # PDU types


class AssociationEnded(PeerFailed):
    """The association is over; the text says how.  Its connection is closed or about to be."""


class Silence(Exception):  # not an error until somebody waits too long
    """The peer sent nothing for the time given.  The association is as it was."""


class UpperLayer(DULServiceProvider):
    """See the module.  Belongs to the thread of its association; only `interrupt` may be called by others."""

    def __init__(self, assoc: Association, *, maximum_length: int, pdu_seconds: float) -> None:
        """`maximum_length` is what we declare: the longest P-DATA-TF PDU a peer may send, in bytes."""
        super().__init__(assoc)
        self.wire: Wire | None = None
        self._maximum_length = maximum_length
        self._pdu_seconds = pdu_seconds
        self._buffer = bytearray(_FIRST_BUFFER_BYTES)
        self._view = memoryview(self._buffer)
        self._start = 0  # of what was received and not handed out
        self._end = 0
        self._timeout: float | None = -1.0  # of the socket, as last set
        self._abort_reason: int | None = None
        self._is_interrupted = False
        self.ending = "sent nothing in time"  # how the association ended, once it has

    def attach(self, connected: sockets.socket) -> None:
        """Use this connection, which was accepted or made already."""
        self.wire = Wire(self.assoc, connected)
        self.socket = self.wire

    # -- what pynetdicom calls

    def start(self) -> None:
        """Do nothing: there is no thread."""

    def send_pdu(self, primitive: "_PDUPrimitiveType") -> None:
        """Hand a primitive to the state machine and let it act."""
        super().send_pdu(primitive)
        self._run()

    def receive_pdu(
        self, wait: bool = False, timeout: float | None = None
    ) -> A_ASSOCIATE | A_RELEASE | A_ABORT | A_P_ABORT | None:
        """The next primitive for the local user; None when none came in `timeout` seconds or will come."""
        self._run()
        deadline = None if timeout is None else time.monotonic() + timeout
        while wait and self.to_user_queue.empty() and not self._is_over:
            left = None if deadline is None else deadline - time.monotonic()
            try:
                if left is not None and left <= 0:
                    raise Silence
                self._hand_over(*self.next_pdu(left))
            except (Silence, AssociationEnded):
                break
        return super().receive_pdu(wait=False)

    def _send(self, pdu: "_PDUType") -> None:
        if isinstance(pdu, A_ABORT_RQ) and self._abort_reason is not None:
            pdu.source = 0x02  # the provider, whose reasons mean something (PS3.8 9.3.8)
            pdu.reason_diagnostic = self._abort_reason
        super()._send(pdu)

    # -- what an association calls

    def next_pdu(self, seconds: float | None) -> tuple[int, memoryview]:
        """The type of the next PDU and what follows its header, valid until the next call.

        Silence when nothing comes for `seconds` (None: waits for ever); AssociationEnded when the peer goes or
        breaks the rules.
        """
        if self._end == self._start:
            self._start = self._end = 0
            self._fill(6, seconds)
        kind, needed, deadline = 0, 6, 0.0
        while True:
            if not kind and self._end - self._start >= 6:
                kind, length = _HEADER.unpack_from(self._buffer, self._start)
                self._check_header(kind, length)
                needed += length
            if kind and self._end - self._start >= needed:
                break
            now = time.monotonic()
            deadline = deadline or now + self._pdu_seconds
            try:
                if now > deadline:
                    raise Silence
                self._fill(needed, self._pdu_seconds)
            except Silence:
                raise self.protocol_error("stopped sending in the middle of a PDU", 0x00) from None
        body = self._view[self._start + 6 : self._start + needed]
        self._start += needed
        return kind, body

    def next_pdata(self, seconds: float | None) -> memoryview:
        """The body of the next P-DATA-TF PDU of an established association; Silence, AssociationEnded."""
        kind, body = self.next_pdu(seconds)
        if kind == P_DATA_TF:
            return body
        if kind not in (_RELEASE_RQ, _ABORT):
            raise self.protocol_error(f"sent a PDU of type {kind} on an established association", UNEXPECTED_PDU)
        self._hand_over(kind, body)
        primitive: object = super().receive_pdu(wait=False)
        if isinstance(primitive, A_RELEASE):
            self.assoc.acse.send_release(is_response=True)
            self.assoc.is_released = True
            raise self._ended("released the association")
        provider = f" (provider, reason {primitive.provider_reason})" if isinstance(primitive, A_P_ABORT) else ""
        raise self._ended(f"aborted the association{provider}")

    def has_data(self) -> bool:
        """Whether the peer has sent something that was not read yet, or hung up."""
        if self._end > self._start:
            return True
        sock = self._connected()
        if getattr(sock, "pending", int)():  # bytes that TLS has decrypted already
            return True
        poll = select.poll()
        poll.register(sock, select.POLLIN)
        return bool(poll.poll(0))

    def write(self, data: bytes | bytearray | memoryview) -> None:
        """Send PDUs that were built elsewhere; AssociationEnded when they cannot be sent in time."""
        sock = self._connected()
        try:
            self._set_timeout(self._pdu_seconds)
            sock.sendall(data)
        except TimeoutError:
            raise self._lost("did not take what we sent in time") from None
        except OSError as error:
            raise self._lost(f"broke the connection ({error.strerror or error})") from None

    def protocol_error(self, text: str, reason: int) -> AssociationEnded:
        """Send an A-ABORT of the provider with `reason`; the caller raises what is returned."""
        self._abort_reason = reason
        self._happen("Evt19")
        return self._ended(f"{text}; association aborted")

    def abort(self, text: str) -> AssociationEnded:
        """Send an A-ABORT of the service user; the caller raises what is returned."""
        if self.state_machine.current_state == "Sta2":
            self._happen("Evt19")  # there is no association yet that a user could abort
        elif not self._is_over:
            self.assoc.acse.send_abort(0x00)
        return self._ended(f"{text}; association aborted")

    def release(self, seconds: float) -> None:
        """Release as the requestor: send A-RELEASE-RQ and wait for the answer; AssociationEnded."""
        self.assoc.acse.send_release()
        answer = self.receive_pdu(wait=True, timeout=seconds)
        if not (isinstance(answer, A_RELEASE) and answer.result is not None):
            raise self.abort("did not answer the release")

    def finish(self) -> None:
        """Close the connection, politely when the peer should still read our last word.  May be called twice."""
        if self.wire is None:
            return
        if self.state_machine.current_state == "Sta13":
            self.wire.linger()
        with contextlib.suppress(Exception):  # whatever the state machine thinks of it, the connection goes
            self.wire.close()
            self._run()
        self.wire.connected.close()
        self.wire = None
        self.kill_dul()
        self._buffer = bytearray()
        self._view = memoryview(self._buffer)
        self._start = self._end = 0

    def interrupt(self) -> None:
        """Make the association's thread come back from the network; for other threads.

        It aborts then; over TLS only the connection ends, since OpenSSL says nothing more after such a surprise.
        """
        self._is_interrupted = True
        wire = self.wire
        if wire is not None:
            with contextlib.suppress(OSError):
                # the plain method: shutting TLS down belongs to the thread that uses it
                sockets.socket.shutdown(wire.connected, sockets.SHUT_RD)

    # -- the pump

    @property
    def _is_over(self) -> bool:
        return self._kill_thread or self.state_machine.current_state == "Sta13"

    def _run(self) -> None:
        """Let the state machine act on all events and primitives that wait."""
        while not self._kill_thread:
            try:
                event = self.event_queue.get_nowait()
            except queue.Empty:
                if not self._process_recv_primitive():
                    return
                continue
            self.state_machine.do_action(event)

    def _happen(self, event: str) -> None:
        if not self._kill_thread:
            self.event_queue.put(event)
            self._run()

    def _hand_over(self, kind: int, body: memoryview) -> None:
        """Have pynetdicom decode a PDU that is not for `messages`, and act on it."""
        if kind == P_DATA_TF:
            # Before and after Sta6 data is an error or ignored (PS3.8 table 9-10); neither needs its content.
            if self.state_machine.current_state != "Sta7":
                self._abort_reason = UNEXPECTED_PDU
                self._happen("Evt10")
            return
        try:
            decoded, event = self._decode_pdu(bytearray(_HEADER.pack(kind, len(body)) + body))
        except Exception:  # noqa: BLE001 - pynetdicom raises whatever the bytes provoke
            raise self.protocol_error(f"sent a PDU of type {kind} that cannot be decoded", INVALID_PARAMETER) from None
        self._recv_pdu.put(decoded)
        try:
            self._happen(event)
        except Exception as error:  # noqa: BLE001 - decoded, but its values are impossible
            raise self._dropped(f"sent a PDU of type {kind} that cannot be used ({error})") from None

    # -- the socket

    def _check_header(self, kind: int, length: int) -> None:
        if not 1 <= kind <= 7:
            raise self.protocol_error(f"sent something else than a PDU (type {kind})", UNRECOGNIZED_PDU)
        limit = self._maximum_length if kind == P_DATA_TF else _LARGEST_NEGOTIATION_BYTES
        if length > limit:
            raise self.protocol_error(
                f"announced a PDU of {length} bytes where {limit} is the limit", INVALID_PARAMETER
            )

    def _fill(self, needed: int, seconds: float | None) -> None:
        """Read once into the buffer, which grows only when it is full of bytes that did come."""
        if self._start and self._start + needed > len(self._buffer):
            rest = self._end - self._start
            self._view[:rest] = bytes(self._view[self._start : self._end])
            self._start, self._end = 0, rest
        if self._end == len(self._buffer):
            larger = bytearray(min(2 * len(self._buffer), max(needed, 6 + self._maximum_length)))
            larger[: self._end] = self._view
            self._buffer = larger
            self._view = memoryview(larger)
        sock = self._connected()
        try:
            self._set_timeout(seconds)
            count = sock.recv_into(self._view[self._end :])
            if count and _QUICKACK is not None:
                # Senders with Nagle's algorithm wait for this acknowledgement at the end of every object; the
                # kernel forgets the wish at once, so it is renewed after every read.  Measured: 40 times faster.
                sock.setsockopt(sockets.IPPROTO_TCP, _QUICKACK, 1)
        except TimeoutError:
            raise Silence from None
        except OSError as error:
            raise self._lost(f"broke the connection ({error.strerror or error})") from None
        if not count:
            if self._is_interrupted:
                raise self.abort("was told that we stop")
            raise self._lost("closed the connection")
        self._end += count

    def _set_timeout(self, seconds: float | None) -> None:
        if seconds != self._timeout:
            self._connected().settimeout(seconds)
            self._timeout = seconds

    def _connected(self) -> sockets.socket:
        if self.wire is None or self._kill_thread:
            raise AssociationEnded("the connection is closed")
        return self.wire.connected

    # -- endings

    def _lost(self, text: str) -> AssociationEnded:
        """The transport is gone (Evt17)."""
        with contextlib.suppress(Exception):
            self._happen("Evt17")
        return self._ended(text)

    def _dropped(self, text: str) -> AssociationEnded:
        """The state machine gave up: send an A-ABORT past it."""
        pdu = A_ABORT_RQ()
        pdu.source = 0x02
        pdu.reason_diagnostic = INVALID_PARAMETER
        if self.wire is not None:
            self.wire.send(pdu.encode())
            self.state_machine.transition("Sta13")
        return self._ended(f"{text}; association aborted")

    def _ended(self, text: str) -> AssociationEnded:
        if not self.assoc.is_released:
            self.assoc.is_aborted = True
        self.assoc.is_established = False
        self.ending = text
        return AssociationEnded(text)
