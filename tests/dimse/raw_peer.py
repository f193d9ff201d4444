"""A DICOM peer made of bytes, so that it can say what no library would."""

import socket
import struct
from collections.abc import Iterable, Mapping
from types import TracebackType
from typing import Self

VERIFICATION = "1.2.840.10008.1.1"
CT = "1.2.840.10008.5.1.4.1.1.2"
STUDY_FIND = "1.2.840.10008.5.1.4.1.2.2.1"
STUDY_MOVE = "1.2.840.10008.5.1.4.1.2.2.2"
STUDY_GET = "1.2.840.10008.5.1.4.1.2.2.3"
IMPLICIT, EXPLICIT = "1.2.840.10008.1.2", "1.2.840.10008.1.2.1"
CONTEXTS = ((1, VERIFICATION, (IMPLICIT,)), (3, CT, (EXPLICIT,)), (5, STUDY_FIND, (IMPLICIT,)))

ASSOCIATE_AC, ASSOCIATE_RJ, P_DATA, RELEASE_RP, ABORT = 2, 3, 4, 6, 7


def pdu(kind: int, body: bytes) -> bytes:
    return struct.pack(">BxL", kind, len(body)) + body


def item(kind: int, body: bytes) -> bytes:
    return struct.pack(">BxH", kind, len(body)) + body


def associate_rq(
    contexts: Iterable[tuple[int, str, tuple[str, ...]]] = CONTEXTS,
    *,
    calling: bytes = b"RAW",
    called: bytes = b"PACS",
    maximum_length: int = 16384,
    application_context: str = "1.2.840.10008.3.1.1.1",
    protocol_version: int = 1,
    extra: bytes = b"",
) -> bytes:
    """An A-ASSOCIATE-RQ; `extra` are further user information items."""
    body = struct.pack(">HH16s16s32x", protocol_version, 0, called.ljust(16), calling.ljust(16))
    body += item(0x10, application_context.encode())
    for number, abstract, syntaxes in contexts:
        inner = item(0x30, abstract.encode()) + b"".join(item(0x40, syntax.encode()) for syntax in syntaxes)
        body += item(0x20, struct.pack(">BxBx", number, 0) + inner)
    user = item(0x51, struct.pack(">L", maximum_length)) + item(0x52, b"1.2.3.4") + extra
    return pdu(0x01, body + item(0x50, user))


def pdv(context_id: int, control: int, data: bytes) -> bytes:
    return struct.pack(">LBB", len(data) + 2, context_id, control) + data


def element(number: int, value: bytes | int | str) -> bytes:
    if isinstance(value, int):
        value = struct.pack("<H", value)
    elif isinstance(value, str):
        value = value.encode() + b"\0" * (len(value) % 2)
    return struct.pack("<HHL", 0, number, len(value)) + value


def command(elements: Mapping[int, bytes | int | str]) -> bytes:
    """A command set with its group length."""
    body = b"".join(element(number, elements[number]) for number in sorted(elements))
    return element(0, struct.pack("<L", len(body))) + body


def echo_rq(message_id: int = 1) -> bytes:
    return command({0x0002: VERIFICATION, 0x0100: 0x0030, 0x0110: message_id, 0x0800: 0x0101})


def store_rq(sop_uid: str = "1.2.3", sop_class: str = CT, message_id: int = 1) -> bytes:
    return command({0x0002: sop_class, 0x0100: 0x0001, 0x0110: message_id, 0x0700: 0, 0x0800: 1, 0x1000: sop_uid})


def find_rq(message_id: int = 1) -> bytes:
    return command({0x0002: STUDY_FIND, 0x0100: 0x0020, 0x0110: message_id, 0x0700: 0, 0x0800: 1})


def cancel_rq(message_id: int = 1) -> bytes:
    return command({0x0100: 0x0FFF, 0x0120: message_id, 0x0800: 0x0101})


RELEASE_RQ = pdu(0x05, bytes(4))


class RawPeer:
    """A connection to a server under test; closed on leaving its context."""

    def __init__(self, port: int, *, seconds: float = 10.0) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=seconds)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.socket.close()

    def send(self, *parts: bytes) -> None:
        self.socket.sendall(b"".join(parts))

    def send_pdata(self, *pdvs: bytes) -> None:
        self.send(pdu(P_DATA, b"".join(pdvs)))

    def _exactly(self, count: int) -> bytes:
        data = b""
        while len(data) < count:
            piece = self.socket.recv(count - len(data))
            if not piece:
                return data
            data += piece
        return data

    def read(self) -> tuple[int, bytes]:
        """Type and body of the next PDU; (0, b'') when the server has closed the connection."""
        header = self._exactly(6)
        if len(header) < 6:
            return 0, b""
        kind, length = struct.unpack(">BxL", header)
        return kind, self._exactly(length)

    def associate(self, request: bytes | None = None) -> None:
        """Associate, with CONTEXTS unless told otherwise; an assertion when that is refused."""
        self.send(request or associate_rq())
        kind, body = self.read()
        assert kind == ASSOCIATE_AC, (kind, body)

    def read_command(self) -> dict[int, bytes]:
        """The next command set, {element number: value}; its fragments must come in one PDU."""
        kind, body = self.read()
        assert kind == P_DATA, (kind, body)
        length, _, control = struct.unpack_from(">LBB", body)
        assert control == 3
        found, offset, data = {}, 0, body[6 : 4 + length]
        while offset < len(data):
            _, number, size = struct.unpack_from("<HHL", data, offset)
            found[number] = data[offset + 8 : offset + 8 + size]
            offset += 8 + size
        return found

    def read_status(self) -> int:
        """The status of the response that comes next."""
        (status,) = struct.unpack("<H", self.read_command()[0x0900])
        return int(status)

    def echo(self) -> None:
        """C-ECHO, which must work."""
        self.send_pdata(pdv(1, 3, echo_rq()))
        assert self.read_status() == 0

    def read_abort(self) -> tuple[int, int]:
        """Source and reason of the A-ABORT that must come, and then the end of the connection."""
        kind, body = self.read()
        while kind == P_DATA:
            kind, body = self.read()
        assert kind == ABORT, (kind, body)
        assert self.read() == (0, b"")
        return body[2], body[3]

    def release(self) -> None:
        """Release, which must be answered."""
        self.send(RELEASE_RQ)
        assert self.read()[0] == RELEASE_RP
        assert self.read() == (0, b"")
