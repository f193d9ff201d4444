"""A server for the tests in a browser: studies of many kinds, a teacher, an admin, and guests.

`python -m tests.web.school FOLDER` prints one line of JSON and runs until its standard input ends:
{"port", "users": {name: password}, "studies": {name: identifier}}
"""

import base64
import json
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from pacsberry.demo import demo_files
from tests.flows.house import House, in_process
from tests.makers.images import make_image
from tests.makers.instances import make_instance, make_study, uid_for

USERS = {"anna": "the admin's own", "tom": "the teacher's own"}
SETTINGS: dict[str, object] = {
    "Name": "School",
    "AuthenticationEnabled": True,
    "RegisteredUsers": USERS,
    "StableAge": 1,
    "Pacsberry": {"Guests": True, "UsersFile": "users.json", "UserRoles": {"tom": "teacher"}},
}
HOSTILE = '<img src=x onerror="document.title=`hacked`">'
SLICES = 60


def studies() -> Iterator[tuple[str, bool, list[bytes]]]:
    """Name, whether students see it, and its files."""
    yield "chest", True, list(demo_files())
    yield "stack", True, list(_stack())
    yield "mixed", True, make_study(series={"MR": 3, "US": 2, "US-loop": 1, "SR": 1, "PDF": 1}, patient_id="MIXED")
    yield "hidden", False, make_study(series={"CT": 2}, patient_id="HIDDEN", patient_name="SECRET^NAME")
    tags = {"StudyDescription": HOSTILE, "SeriesDescription": HOSTILE}
    yield "hostile", True, [make_instance("CT", patient_id="XSS", patient_name=HOSTILE, tags=tags)]


def _stack() -> Iterator[bytes]:
    """A bright dot that wanders through the slices, so that each can be told from the others."""
    for number in range(SLICES):
        values = np.zeros((128, 128), "<u2")
        values[::8, :] += 200
        values[number * 2 : number * 2 + 8, 60:68] = 2000
        tags = {
            "PatientID": "STACK",
            "StudyInstanceUID": uid_for("stack"),
            "SeriesInstanceUID": uid_for("stack", 1),
            "StudyDescription": "A wandering dot",
            "InstanceNumber": number + 1,
            "ImagePositionPatient": ["-180", "-180", str(number)],
            "WindowCenter": "1000",
            "WindowWidth": "2000",
        }
        yield make_image(values, instance=number + 1, tags=tags)


def fill(house: House) -> dict[str, str]:
    """Upload all; the identifier of each study by its name."""
    known: dict[str, str] = {}
    for name, is_shown, files in studies():
        for file in files:
            told = _as_admin(house, "POST", "/instances", file)
            known[name] = told["ParentStudy"]
        _as_admin(house, "PUT", f"/pacsberry/studies/{known[name]}", json.dumps({"IsShown": is_shown}).encode())
    return known


def _as_admin(house: House, method: str, path: str, body: bytes) -> dict[str, str]:
    credentials = base64.b64encode(f"anna:{USERS['anna']}".encode()).decode()
    told: dict[str, str] = house.ask(method, path, body, Authorization=f"Basic {credentials}").json
    return told


def main() -> None:
    """Start, fill, tell, wait."""
    with in_process(Path(sys.argv[1]), SETTINGS) as house:
        print(json.dumps({"port": house.http_port, "users": USERS, "studies": fill(house)}), flush=True)  # noqa: T201 - read by the tests
        sys.stdin.read()


if __name__ == "__main__":
    main()
