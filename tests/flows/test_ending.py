"""SIGTERM in the middle of transfers: the server ends in time and cleanly, and keeps what it acknowledged."""

import concurrent.futures
import contextlib
import http.client
import socket
import struct
import time
from pathlib import Path

import pytest

from tests.dimse.raw_peer import CT, EXPLICIT, RawPeer, associate_rq, pdv, store_rq
from tests.flows.house import Process, as_process, instance_id
from tests.flows.programs import HERE, wait_until
from tests.makers import bare, make_dataset, make_instance

GRACE_SECONDS = 20.0


def upload_until_refused(house: Process, patient: str) -> list[str]:
    """Upload one slice after the other; the identifiers of those that were acknowledged."""
    acknowledged = []
    with contextlib.suppress(OSError, http.client.HTTPException):
        for number in range(1, 100_000):
            reply = house.ask("POST", "/instances", make_instance("CT", patient_id=patient, instance=number))
            if reply.status != 200:
                break
            acknowledged.append(reply.json["ID"])
    return acknowledged


def send_until_refused(house: Process) -> list[str]:
    """The same by C-STORE."""
    acknowledged = []
    with RawPeer(house.dicom_port) as peer, contextlib.suppress(OSError, AssertionError):  # it reads no response
        peer.associate(associate_rq(contexts=[(3, CT, (EXPLICIT,))]))
        for number in range(1, 100_000):
            dataset = make_dataset("CT", patient_id="DICOM", instance=number)
            peer.send_pdata(pdv(3, 3, store_rq(str(dataset.SOPInstanceUID))), pdv(3, 2, bare(dataset)))
            assert peer.read_status() == 0
            acknowledged.append(instance_id(dataset))
    return acknowledged


def test_busy_senders_lose_nothing_that_was_acknowledged(tmp_path: Path) -> None:
    with as_process(tmp_path) as house, concurrent.futures.ThreadPoolExecutor(3) as pool:
        tasks = [pool.submit(upload_until_refused, house, f"HTTP-{number}") for number in range(2)]
        tasks.append(pool.submit(send_until_refused, house))
        wait_until(lambda: house.counts()[3] > 60)

        started = time.monotonic()
        code = house.terminate()
        took = time.monotonic() - started

        by_each = [task.result(30) for task in tasks]
    assert code == 0
    assert took < GRACE_SECONDS
    assert house.spooled() == []
    with as_process(tmp_path) as house:
        assert set(house.get("/instances")) >= {id for acknowledged in by_each for id in acknowledged}
        assert all(by_each)


def test_peers_that_are_stuck_do_not_hold_it_up(tmp_path: Path) -> None:
    dataset = make_dataset("CT")
    with as_process(tmp_path) as house, contextlib.ExitStack() as stack:
        told = house.upload(make_instance("CT", patient_id="LARGE", rows=4096, columns=1024))
        for _ in range(3):  # in the middle of a C-STORE, and without a request
            peer = stack.enter_context(RawPeer(house.dicom_port))
            peer.associate(associate_rq(contexts=[(3, CT, (EXPLICIT,))]))
            peer.send_pdata(pdv(3, 3, store_rq(str(dataset.SOPInstanceUID))))
            peer.send_pdata(pdv(3, 0, bytes(1000)))
            stack.enter_context(RawPeer(house.dicom_port))
        for _ in range(3):  # in the middle of an upload, and of a download that is not read
            uploading = stack.enter_context(socket.create_connection((HERE, house.http_port)))
            uploading.sendall(b"POST /instances HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n\r\n" + bytes(1000))
            downloading = stack.enter_context(socket.create_connection((HERE, house.http_port)))
            downloading.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            downloading.sendall(f"GET {told['Path']}/file HTTP/1.1\r\nHost: x\r\n\r\n".encode())
        wait_until(lambda: len(house.spooled()) >= 6)

        started = time.monotonic()
        code = house.terminate()

        assert code == 0
        assert time.monotonic() - started < GRACE_SECONDS
        assert house.spooled() == []
        assert not any("Traceback" in line for line in house.log)


def test_a_second_signal_does_no_harm(tmp_path: Path) -> None:
    with as_process(tmp_path) as house, RawPeer(house.dicom_port) as peer:
        peer.associate(associate_rq(contexts=[(3, CT, (EXPLICIT,))]))
        peer.send_pdata(pdv(3, 3, store_rq("1.2.3")))
        house.process.terminate()
        time.sleep(0.2)

        assert house.terminate() == 0


@pytest.mark.parametrize("attempt", range(6))
def test_connections_that_are_reset_and_a_signal_right_after_the_start_do_no_harm(tmp_path: Path, attempt: int) -> None:
    """Several times: the moment when the main thread begins to wait is hit now and then only."""
    with as_process(tmp_path) as house:
        peers = [socket.create_connection((HERE, port)) for port in (house.http_port, house.dicom_port) * 5]
        house.process.terminate()
        for peer in peers:
            peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            peer.close()

        assert house.process.wait(GRACE_SECONDS) == 0
        assert not any("Traceback" in line for line in house.log)
