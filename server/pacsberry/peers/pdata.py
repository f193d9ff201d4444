"""The P-DATA-TF PDU (PS3.8 9.3.5 and annex E): cut into fragments as it comes, built as it goes.

Pure functions on bytes.  What a peer claims about a length is checked against what is there.
"""

import os
import struct
from collections.abc import Callable, Iterator
from typing import BinaryIO, NamedTuple

from pacsberry.archive.packedfile import descriptor_of

P_DATA_TF = 0x04  # PDU type
_PDU_HEADER = struct.Struct(">BxL")  # type, length of what follows
_PDV_HEADER = struct.Struct(">LBB")  # length of what follows, presentation context id, control
_HEADERS = struct.Struct(">BxLLBB")
HEADER_BYTES = _HEADERS.size  # of a PDU with one fragment

COMMAND = 0x01  # control bits, PS3.8 E.2
LAST = 0x02

LARGEST_FRAGMENT = 131066  # bytes; what a peer without a limit of its own gets (128 KB PDUs)
SMALLEST_PDU = 1024  # bytes; a peer that takes less would make us send a header for every few bytes
_BATCH_BYTES = 131072  # read from a file and handed to the network at once


class MalformedPdu(Exception):
    """A PDU that contradicts itself or breaks a limit.  `reason` is for the A-ABORT (PS3.8 9.3.8)."""

    def __init__(self, text: str, reason: int) -> None:
        super().__init__(text)
        self.reason = reason


UNRECOGNIZED_PDU = 0x01  # reasons of a provider's A-ABORT, PS3.8 table 9-26
UNEXPECTED_PDU = 0x02
INVALID_PARAMETER = 0x06


class Fragment(NamedTuple):
    """One presentation data value: a piece of a command or of a data set."""

    context_id: int
    is_command: bool
    is_last: bool
    data: memoryview


def fragments(body: memoryview) -> Iterator[Fragment]:
    """The fragments of a P-DATA-TF PDU, given what follows its six-byte header; MalformedPdu."""
    if not body:
        raise MalformedPdu("a P-DATA-TF PDU without a presentation data value", INVALID_PARAMETER)
    offset, end = 0, len(body)
    while offset < end:
        if end - offset < _PDV_HEADER.size:
            raise MalformedPdu("a P-DATA-TF PDU that ends inside the header of a fragment", INVALID_PARAMETER)
        length, context_id, control = _PDV_HEADER.unpack_from(body, offset)
        stop = offset + 4 + length
        if length < 2 or stop > end:
            raise MalformedPdu(
                f"a fragment that claims {length} bytes where {end - offset - 4} are left", INVALID_PARAMETER
            )
        yield Fragment(context_id, bool(control & COMMAND), bool(control & LAST), body[offset + 6 : stop])
        offset = stop


def fragment_bytes(peer_maximum: int | None) -> int:
    """The largest even fragment for a peer whose Maximum Length Received is `peer_maximum` (0, None: no limit).

    The maximum counts the fragment's six-byte header but not the PDU's (PS3.8 D.1.1).
    """
    if not peer_maximum:
        return LARGEST_FRAGMENT
    return min(LARGEST_FRAGMENT, max(2, (peer_maximum - 6) & ~1))


def pdus(context_id: int, data: bytes, size: int, *, is_command: bool) -> bytes:
    """`data`, which is a whole command or data set, as P-DATA-TF PDUs of one fragment of at most `size` bytes each."""
    control = COMMAND if is_command else 0
    length = len(data)
    if length <= size:
        return _HEADERS.pack(P_DATA_TF, length + 6, length + 2, context_id, control | LAST) + data
    pieces: list[bytes] = []
    for start in range(0, length, size):
        piece = data[start : start + size]
        last = LAST if start + size >= length else 0
        pieces.append(_HEADERS.pack(P_DATA_TF, len(piece) + 6, len(piece) + 2, context_id, control | last))
        pieces.append(piece)
    return b"".join(pieces)


class FileCutter:
    """Sends the data set in a file as P-DATA-TF PDUs: one read and one write for many PDUs, nothing decoded.

    Belongs to one association; its buffer is made at the first file and used again for the others.
    """

    def __init__(self, size: int) -> None:
        """`size` is the largest fragment in bytes (see `fragment_bytes`)."""
        self._size = size
        self._count = max(1, _BATCH_BYTES // (size + HEADER_BYTES))
        self._buffer = bytearray()
        self._slots: list[memoryview] = []

    def send(
        self, file: BinaryIO, offset: int, length: int, context_id: int, write: Callable[[memoryview], object]
    ) -> None:
        """Cut `length` bytes from `offset` of an open file and hand them to `write`.

        OSError if the file is shorter; DamagedFile if it is packed and cannot be unpacked.

        An odd length, which deflated data sets may have, is made even with a zero byte (PS3.5 A.5, PS3.8 E.1).
        """
        if not self._buffer:
            self._make_buffer()
        view = memoryview(self._buffer)
        step = self._size + HEADER_BYTES
        for number in range(min(self._count, length // self._size)):
            _HEADERS.pack_into(view, number * step, P_DATA_TF, self._size + 6, self._size + 2, context_id, 0)
        while True:
            batch = min(length, self._count * self._size)
            if batch:
                self._read(file, offset, batch)
            offset += batch
            length -= batch
            if length:
                write(view)
                continue
            number = max(0, batch - 1) // self._size
            rest = batch - number * self._size
            if rest % 2:
                view[number * step + HEADER_BYTES + rest] = 0
                rest += 1
            _HEADERS.pack_into(view, number * step, P_DATA_TF, rest + 6, rest + 2, context_id, LAST)
            write(view[: number * step + HEADER_BYTES + rest])
            return

    def _make_buffer(self) -> None:
        step = self._size + HEADER_BYTES
        self._buffer = bytearray(self._count * step)
        view = memoryview(self._buffer)
        self._slots = [view[number * step + HEADER_BYTES : (number + 1) * step] for number in range(self._count)]

    def _read(self, file: BinaryIO, offset: int, length: int) -> None:
        whole, rest = divmod(length, self._size)
        slots = self._slots[:whole]
        if rest:
            slots.append(self._slots[whole][:rest])
        descriptor = descriptor_of(file)
        got = _unpack(file, slots, offset) if descriptor is None else os.preadv(descriptor, slots, offset)
        if got != length:
            raise OSError("the file is shorter than the index says")


def _unpack(file: BinaryIO, slots: list[memoryview], offset: int) -> int:
    """Fill the slots from a file that has no bytes of its own; returns how many bytes there were."""
    got = 0
    file.seek(offset)
    for slot in slots:
        piece = file.read(len(slot))
        slot[: len(piece)] = piece
        got += len(piece)
    return got
