"""Crowds at both doors of a server process: they are served or told no, and leave nothing behind."""

import concurrent.futures
import contextlib
import re
import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.dimse.raw_peer import ASSOCIATE_AC, ASSOCIATE_RJ, CT, EXPLICIT, RawPeer, associate_rq, pdv, store_rq
from tests.flows.association import find
from tests.flows.house import Process, as_process
from tests.flows.programs import HERE, run, wait_until
from tests.makers import make_instance

WORKERS = 4  # threads of the HTTP door that stay once they were needed
POOLED = 12  # descriptors of the four readers of the index that stay once they were needed
LOCAL_LIMIT_EXCEEDED = (2, 3, 2)


@pytest.fixture
def crowded(tmp_path: Path) -> Iterator[Process]:
    """A server that has seen some of everything, so that what it holds on to for good is there."""
    settings = {"HttpThreadsCount": WORKERS, "Pacsberry": {"MaximumAssociations": 12}}
    with as_process(tmp_path, settings) as house:
        yield house


def settled(house: Process) -> tuple[int, int]:
    """Threads and descriptors, after some of everything was asked of the server at the same time."""
    house.ask("POST", "/instances", make_instance("CT"))

    def visit(_: int) -> None:
        run("echoscu", HERE, house.dicom_port)
        find(house.dicom_port, "STUDY", PatientID="")
        house.get("/instances?expand")
        house.file(house.get("/instances")[0])

    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        list(pool.map(visit, range(8)))
    wait_until(lambda: not _open_connections(house))
    return house.threads(), house.descriptors()


def comes_back(house: Process, before: tuple[int, int]) -> None:
    """Threads, descriptors and spool are what they were, but for what was not needed before and stays for later."""
    wait_until(lambda: not _open_connections(house))
    wait_until(lambda: house.threads() <= before[0] + WORKERS)
    wait_until(lambda: house.descriptors() <= before[1] + POOLED)
    wait_until(lambda: house.spooled() == [])
    run("echoscu", HERE, house.dicom_port)
    assert house.counts()[3] == 1


def test_two_hundred_dicom_peers_at_once(crowded: Process) -> None:
    before = settled(crowded)
    outcomes: list[object] = []
    is_over = threading.Event()

    def visit(_: int) -> None:
        with RawPeer(crowded.dicom_port, seconds=60) as peer:
            peer.send(associate_rq(contexts=[(3, CT, (EXPLICIT,))]))
            kind, body = peer.read()
            if kind == ASSOCIATE_AC:
                peer.send_pdata(pdv(3, 3, store_rq("1.2.3")))  # and never its data set
            outcomes.append(tuple(body[1:]) if kind == ASSOCIATE_RJ else kind)
            if kind == ASSOCIATE_AC:
                is_over.wait(60)

    with concurrent.futures.ThreadPoolExecutor(200) as pool:
        visits = [pool.submit(visit, number) for number in range(200)]
        try:
            wait_until(lambda: len(outcomes) == 200 and len(crowded.spooled()) == 12)
            most_threads = crowded.threads()
            assert crowded.counts()[3] == 1  # the other door is open
        finally:
            is_over.set()
        for done in visits:
            done.result(60)

    assert outcomes.count(ASSOCIATE_AC) == 12
    assert outcomes.count(LOCAL_LIMIT_EXCEEDED) == 188
    assert most_threads <= before[0] + 12 + WORKERS
    comes_back(crowded, before)


def test_a_hundred_idle_http_connections(crowded: Process) -> None:
    before = settled(crowded)
    with contextlib.ExitStack() as stack:
        for number in range(100):
            idle = stack.enter_context(socket.create_connection((HERE, crowded.http_port)))
            if number % 2:
                idle.sendall(b"GET /system HTTP/1.1\r\nHost: x\r\n" + b"\r\n" * (number % 4 // 2))
        assert crowded.counts()[3] == 1
        assert crowded.threads() <= before[0] + WORKERS
        run("echoscu", HERE, crowded.dicom_port)

    comes_back(crowded, before)


def test_sixty_uploads_that_break_off(crowded: Process) -> None:
    before = settled(crowded)
    head = b"POST /instances HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n\r\n" + bytes(70_000)
    with contextlib.ExitStack() as stack:
        for _ in range(60):
            stack.enter_context(socket.create_connection((HERE, crowded.http_port))).sendall(head)
        wait_until(lambda: len(crowded.spooled()) == 60)
        assert crowded.counts()[3] == 1

    comes_back(crowded, before)


def test_nobody_is_forgotten_in_the_memory(crowded: Process) -> None:
    before = settled(crowded)
    megabytes = _resident_megabytes(crowded)
    for _ in range(3):
        comes_back(crowded, settled(crowded))
        with contextlib.ExitStack() as stack:
            for _ in range(100):
                stack.enter_context(RawPeer(crowded.dicom_port)).send(associate_rq())
                stack.enter_context(socket.create_connection((HERE, crowded.http_port))).sendall(b"GET /x")
        wait_until(lambda: not _open_connections(crowded))

    comes_back(crowded, before)
    assert _resident_megabytes(crowded) < megabytes + 20


def _resident_megabytes(house: Process) -> float:
    status = Path(f"/proc/{house.process.pid}/status").read_text()
    found = re.search(r"VmRSS:\s+(\d+) kB", status)
    assert found is not None
    return int(found[1]) / 1024


def _open_connections(house: Process) -> int:
    """How many connections the server has not closed (proc_net_tcp(5): ports in hex; 01 established, 08 CLOSE_WAIT)."""
    ports = {house.http_port, house.dicom_port}
    rows = [row.split() for table in ("tcp", "tcp6") for row in Path(f"/proc/net/{table}").read_text().splitlines()[1:]]
    return sum(row[3] in ("01", "08") and int(row[1].rpartition(":")[2], 16) in ports for row in rows)
