"""Beside Debian's Orthanc: the same uploads and protections leave the same patients, and are answered alike."""

import contextlib
import http.client
import json
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.clients.orthanc import BINARY, running_orthanc
from tests.flows.house import in_process
from tests.makers import make_instance

pytestmark = pytest.mark.skipif(BINARY is None, reason="Orthanc is not installed")

Step = tuple[str, int, int]
"""('upload', patient, instance), ('protect', patient, 0 or 1), ('delete', patient, 0)."""

COUNT: list[Step] = [
    *(("upload", patient, 1) for patient in (1, 2, 3)),
    ("upload", 1, 2),  # to the end of the queue
    ("upload", 4, 1),  # 2 goes
    ("protect", 3, 1),
    ("upload", 5, 1),  # 1 goes
    ("upload", 5, 1),  # there already
    ("protect", 3, 0),  # to the end of the queue
    ("upload", 6, 1),  # 4 goes
    ("upload", 7, 1),  # 5 goes, not 3
    ("delete", 6, 0),
    ("upload", 8, 1),
    ("protect", 3, 1),
    ("protect", 7, 1),
    ("protect", 8, 1),
    ("upload", 9, 1),  # nobody may go
]
# A megabyte is allowed, a slice has a good 262 kB of pixels: three fit.
SIZE: list[Step] = [
    *(("upload", patient, 1) for patient in (1, 2, 3)),
    ("upload", 4, 1),  # 1 goes
    ("upload", 2, 2),  # 3 goes, not 2 itself
    ("protect", 4, 1),
    ("upload", 2, 3),  # nobody may go: 2 arrives, 4 is protected
    ("upload", 5, 1),  # 2 goes whole
    ("upload", 6, 1),
    ("upload", 7, 1),  # 5 goes
]


def instance(patient: int, number: int) -> bytes:
    return make_instance("CT", patient_id=f"P{patient}", instance=number, rows=512, columns=256)


class Server:
    """One of the two, by its REST API."""

    def __init__(self, url: str) -> None:
        self._address = urlsplit(url).netloc
        self._patients: dict[int, str] = {}

    def ask(self, method: str, path: str, body: bytes = b"") -> tuple[int, bytes]:
        with contextlib.closing(http.client.HTTPConnection(self._address, timeout=60)) as connection:
            connection.request(method, path, body or None)
            answer = connection.getresponse()
            return answer.status, answer.read()

    def take(self, step: Step) -> str:
        """Do a step; what was said to it."""
        act, patient, number = step
        if act == "protect":
            return str(self.ask("PUT", f"/patients/{self._patients[patient]}/protected", str(number).encode())[0])
        if act == "delete":
            return str(self.ask("DELETE", f"/patients/{self._patients[patient]}")[0])
        status, body = self.ask("POST", "/instances", instance(patient, number))
        if status != 200:
            return "refused"
        told = json.loads(body)
        self._patients[patient] = told["ParentPatient"]
        return str(told["Status"])

    def instances(self) -> list[tuple[str, str]]:
        """PatientID and InstanceNumber of everything there."""
        found = []
        for one in json.loads(self.ask("GET", "/instances?expand")[1]):
            tags = json.loads(self.ask("GET", f"/instances/{one['ID']}/simplified-tags")[1])
            found.append((tags["PatientID"], tags["InstanceNumber"]))
        return sorted(found)


@contextlib.contextmanager
def both(folder: Path, ports: list[int], settings: Mapping[str, object]) -> Iterator[tuple[Server, Server]]:
    (folder / "ours").mkdir()
    with (
        running_orthanc(folder / "orthanc", ports[0], ports[1], **settings) as url,
        in_process(folder / "ours", settings) as house,
    ):
        yield Server(url), Server(house.url)


@pytest.mark.parametrize(
    ("settings", "steps"),
    [({"MaximumPatientCount": 3}, COUNT), ({"MaximumStorageSize": 1}, SIZE)],
    ids=["patients", "size"],
)
def test_the_same_patients_are_there_after_each_step(
    tmp_path: Path, free_ports: Callable[[int], list[int]], settings: dict[str, object], steps: list[Step]
) -> None:
    with both(tmp_path, free_ports(2), settings) as (orthanc, ours):
        for number, step in enumerate(steps):
            theirs, told = orthanc.take(step), ours.take(step)

            assert told == theirs, (number, step)
            assert ours.instances() == orthanc.instances(), (number, step)
