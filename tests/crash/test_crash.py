"""A server killed at any step of keeping serves, after its next start, what it acknowledged, and nothing half-made."""

import gc
import hashlib
import http.client
import json
import random
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.crash.ledger import Ledger, data_set_of
from tests.crash.senders import Numbers, send_by_c_store, send_by_http
from tests.crash.victim import STEPS
from tests.makers import make_instance

ROOT = Path(__file__).parents[2]
START_SECONDS = 30.0

# pynetdicom leaves its socket to the garbage collector when nobody listens, as happens when the victim dies early.
pytestmark = pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning")


@pytest.fixture(autouse=True)
def sockets_are_collected() -> Iterator[None]:
    """While the warnings about them are still ignored, and not in the middle of some other test."""
    yield
    gc.collect()


class Box:
    """One storage folder and the server that is killed on it again and again."""

    def __init__(self, folder: Path, http_port: int, dicom_port: int) -> None:
        self.folder = folder
        self.http_port = http_port
        self.dicom_port = dicom_port
        self.log = folder / "victim.log"
        self.config = folder / "pacsberry.json"
        self.config.write_text(
            json.dumps(
                {
                    "StorageDirectory": str(folder / "storage"),
                    "HttpPort": http_port,
                    "DicomPort": dicom_port,
                    "StableAge": 1,
                }
            )
        )

    def start(self, step: str, number: int) -> "subprocess.Popen[bytes]":
        with self.log.open("ab") as log:
            process = subprocess.Popen(
                [sys.executable, "-m", "tests.crash.victim", str(self.config), step, str(number)],
                cwd=ROOT,
                stdout=log,
                stderr=log,
            )
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline and process.poll() is None:
            try:
                self.get("/system")
            except OSError:
                time.sleep(0.02)
            else:
                return process
        if process.poll() != -signal.SIGKILL:
            process.kill()
            process.wait()
            pytest.fail(f"The server did not start:\n{self.log.read_text()[-3000:]}")
        return process  # killed while it started, by its own trap

    def get(self, path: str) -> tuple[int, bytes]:
        connection = http.client.HTTPConnection("127.0.0.1", self.http_port, timeout=20)
        try:
            connection.request("GET", path)
            answer = connection.getresponse()
            return answer.status, answer.read()
        finally:
            connection.close()

    def get_json(self, path: str) -> Any:
        status, body = self.get(path)
        assert status == 200, (path, status, body)
        return json.loads(body)


def compare(box: Box, ledger: Ledger) -> None:
    """What is served is what was acknowledged, whole; what was deleted stays away; the counters agree."""
    for instance_id, digest in ledger.kept.items():
        status, body = box.get(f"/instances/{instance_id}/file")
        assert status == 200, f"acknowledged and lost: {instance_id}"
        assert hashlib.sha256(data_set_of(body)).hexdigest() == digest
    for instance_id in ledger.deleted:
        assert box.get(f"/instances/{instance_id}")[0] == 404, f"deleted and back again: {instance_id}"
    listed = box.get_json("/instances?expand")
    assert {entry["ID"] for entry in listed} >= set(ledger.kept)
    whole = len(data_set_of(make_instance("CT", patient_id="CRASH-HTTP", instance=1)))
    for entry in listed:
        if entry["ID"] not in ledger.kept:  # kept, but the answer did not reach the sender: it must be whole
            status, body = box.get(f"/instances/{entry['ID']}/file")
            assert status == 200
            assert len(body) == entry["FileSize"]
            assert abs(len(data_set_of(body)) - whole) < 200
    statistics = box.get_json("/statistics")
    assert statistics["CountInstances"] == len(listed)
    assert int(statistics["TotalDiskSize"]) == sum(entry["FileSize"] for entry in listed)
    assert list((box.folder / "storage" / "spool").iterdir()) == []


def compared_or_killed(box: Box, ledger: Ledger, process: "subprocess.Popen[bytes]") -> bool:
    """Compare; False when the trap sprang meanwhile, in work that goes on behind the requests."""
    try:
        compare(box, ledger)
    except (OSError, http.client.HTTPException):
        assert process.wait(10) == -signal.SIGKILL
        return False
    return True


def crash_again_and_again(folder: Path, ports: list[int], kills: int, seed: int) -> None:
    box = Box(folder, ports[0], ports[1])
    ledger, numbers = Ledger(), Numbers()
    choice = random.Random(seed)
    killed = 0
    steps = list(STEPS)
    for round_number in range(kills):
        step = steps[round_number % len(steps)]
        rare = step.endswith(("commit", "unlink"))
        process = box.start(step, choice.randint(1, 4 if rare else 40))
        try:
            if process.poll() is None and compared_or_killed(box, ledger, process):
                senders = [
                    threading.Thread(target=send_by_http, args=(box.http_port, ledger, numbers)),
                    threading.Thread(target=send_by_c_store, args=(box.dicom_port, ledger, numbers)),
                ]
                for sender in senders:
                    sender.start()
                for sender in senders:
                    sender.join(60)
                    assert not sender.is_alive(), f"a sender hangs at {step}"
            assert process.wait(60) == -signal.SIGKILL, box.log.read_text()[-3000:]
            killed += 1
        finally:
            if process.poll() is None:
                process.kill()
                process.wait()
    process = box.start("none", 1)
    try:
        compare(box, ledger)
        assert ledger.kept
        assert ledger.deleted
    finally:
        process.terminate()
        assert process.wait(30) == 0
    assert killed == kills


def test_nothing_acknowledged_is_lost_when_the_plug_is_pulled(
    tmp_path: Path, free_ports: Callable[[int], list[int]]
) -> None:
    crash_again_and_again(tmp_path, free_ports(2), kills=len(STEPS), seed=1)


@pytest.mark.proof
@pytest.mark.parametrize("seed", [2, 3, 4])
def test_nothing_acknowledged_is_lost_in_hundreds_of_crashes(
    tmp_path: Path, free_ports: Callable[[int], list[int]], seed: int
) -> None:
    crash_again_and_again(tmp_path, free_ports(2), kills=8 * len(STEPS), seed=seed)
