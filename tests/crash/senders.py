"""Senders that note what they were told, until the server dies under them."""

import http.client
import io
import json
import socket
import threading

from pydicom import dcmread

from pacsberry.model import Identifiers, Level
from tests.crash.ledger import Ledger, data_set_of
from tests.makers import make_instance


class Numbers:
    """Instance numbers that are never given twice; thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._next = 0

    def take(self) -> int:
        with self._lock:
            self._next += 1
            return self._next


def make(number: int, way: str) -> bytes:
    """A small CT slice; each way of sending has a patient of its own."""
    return make_instance("CT", patient_id=f"CRASH-{way}", instance=number)


def send_by_http(port: int, ledger: Ledger, numbers: Numbers) -> None:
    """POST /instances over one connection, and delete every seventh again."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    try:
        while True:
            number = numbers.take()
            part10 = make(number, "HTTP")
            connection.request("POST", "/instances", part10)
            answer = connection.getresponse()
            body = answer.read()
            if answer.status == 200:
                ledger.acknowledge(json.loads(body)["ID"], data_set_of(part10))
            if number % 7 == 0 and (victim := ledger.some_kept()) is not None:
                ledger.asking_to_delete(victim)
                connection.request("DELETE", f"/instances/{victim}")
                answer = connection.getresponse()
                answer.read()
                if answer.status == 200:
                    ledger.acknowledge_deletion(victim)
    except (OSError, http.client.HTTPException):
        return  # the server is dead
    finally:
        connection.close()


def send_by_c_store(port: int, ledger: Ledger, numbers: Numbers) -> None:
    """C-STORE over one association."""
    from pynetdicom import AE, evt

    entity = AE("CRASHTEST")
    # pynetdicom does not notice a dead peer while it waits for an answer.
    entity.acse_timeout = entity.dimse_timeout = entity.network_timeout = 2
    entity.add_requested_context("1.2.840.10008.5.1.4.1.1.2", "1.2.840.10008.1.2.1")
    # pynetdicom closes a connection only if it can shut it down, which fails when the peer is dead: we close it.
    opened: list[socket.socket] = []
    on_open = (evt.EVT_CONN_OPEN, lambda event: opened.append(event.assoc.dul.socket.socket))
    association = entity.associate("127.0.0.1", port, evt_handlers=[on_open])
    try:
        while association.is_established:
            part10 = make(numbers.take(), "DICOM")
            dataset = dcmread(io.BytesIO(part10))
            status = association.send_c_store(dataset)
            if "Status" in status and status.Status == 0:
                who = Identifiers(
                    dataset.PatientID, dataset.StudyInstanceUID, dataset.SeriesInstanceUID, dataset.SOPInstanceUID
                )
                ledger.acknowledge(who.orthanc_id(Level.INSTANCE), data_set_of(part10))
    except (RuntimeError, ValueError, OSError):
        return  # the server is dead
    finally:
        if association.is_established:
            association.release()
        if association.is_alive():
            association.join(10)
        for connection in opened:
            connection.close()
