"""An endless stream of CT slices by C-STORE, patient after patient, each slice another one, at next to no cost.

The messages are made once; for each slice its identifiers are written over those of the one before.
"""

from collections.abc import Callable

from tests.bench.data import ct_dataset
from tests.bench.failures import BenchFailure
from tests.dimse.raw_peer import CT, EXPLICIT, P_DATA, RawPeer, associate_rq, pdu, pdv, store_rq

SLICES_PER_PATIENT = 100  # 53 MB
_CONTEXT = 1
_FRAGMENT_BYTES = 16384 - 12
_FIRST = 10**9  # numbers from here on all have as many digits
_PATIENT, _SLICE = 1_111_111_111, 2_222_222_222  # stand in the message where the numbers go
_ROOT = "2.25.3141592654"


class CtStream:
    """Slices for one server, in one association after the other."""

    def __init__(self, port: int, first_patient: int, called: str) -> None:
        self.patient = first_patient
        self.slices = 0
        patient, study = f"CT{_PATIENT}", f"{_ROOT}.{_PATIENT}"
        sop = f"{study}.1.{_SLICE}"
        dataset = ct_dataset(patient, study, f"{study}.1", sop)
        message = pdu(P_DATA, pdv(_CONTEXT, 3, store_rq(sop)))
        for start in range(0, len(dataset), _FRAGMENT_BYTES):
            piece = dataset[start : start + _FRAGMENT_BYTES]
            message += pdu(P_DATA, pdv(_CONTEXT, 2 if start + len(piece) == len(dataset) else 0, piece))
        self.slice_bytes = len(dataset)
        self._message = bytearray(message)
        self._patient_at = _places(message, str(_PATIENT).encode())
        self._slice_at = _places(message, str(_SLICE).encode())
        self._port, self._called = port, called
        self._peer: RawPeer | None = None

    def send_while(self, goes_on: Callable[[], bool]) -> int:
        """Send slices until told not to, each acknowledged with success; returns how many.  Raises BenchFailure."""
        before, peer = self.slices, self._associated()
        while goes_on():
            if self.slices % SLICES_PER_PATIENT == 0:
                self.patient += 1
                self._write(self._patient_at, self.patient)
            self._write(self._slice_at, self.slices)
            peer.socket.sendall(self._message)
            status = peer.read_status()
            if status != 0:
                raise BenchFailure(f"slice {self.slices} was answered with 0x{status:04X}")
            self.slices += 1
        return self.slices - before

    def close(self) -> None:
        """Release the association; the next slice opens another one."""
        if self._peer is not None:
            self._peer.release()
            self._peer.socket.close()
            self._peer = None

    def _associated(self) -> RawPeer:
        if self._peer is None:
            self._peer = RawPeer(self._port, seconds=120)
            contexts = [(_CONTEXT, CT, (EXPLICIT,))]
            self._peer.associate(associate_rq(contexts, called=self._called.encode(), calling=b"BENCH"))
        return self._peer

    def _write(self, places: list[int], number: int) -> None:
        digits = str(_FIRST + number).encode()
        for place in places:
            self._message[place : place + len(digits)] = digits


def _places(message: bytes, digits: bytes) -> list[int]:
    places, at = [], message.find(digits)
    while at >= 0:
        places.append(at)
        at = message.find(digits, at + 1)
    return places
