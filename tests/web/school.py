"""A server for the tests in a browser: studies of many kinds, a teacher, an admin, and guests.

`python -m tests.web.school FOLDER` prints one line of JSON and runs until its standard input ends:
{"port", "users": {name: password}, "studies": {name: identifier}, "files": folder of files to upload, "code"}
With `new` behind the folder nobody has an account yet, and `code` makes the first one; with `tidy` the studies
are fit to be shown; with `odd` they are pictures of all the ways in which values become grey; with `library` there
are 2000.
"""

import base64
import json
import logging
import re
import sys
from collections.abc import Callable, Iterable, Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Final

import numpy as np
from pydicom.encaps import encapsulate
from pydicom.uid import VideoPhotographicImageStorage

from pacsberry.demo import demo_files
from tests.flows.house import House, in_process
from tests.makers import movie
from tests.makers.images import make_image
from tests.makers.instances import make_dataset, make_instance, make_study, part10, uid_for
from tests.web.odd import odd
from tests.web.phantom import phantom

USERS = {"anna": "the admin's own", "tom": "the teacher's own"}
SETTINGS: dict[str, object] = {
    "Name": "School",
    "AuthenticationEnabled": True,
    "RegisteredUsers": USERS,
    "StableAge": 1,
    "Pacsberry": {"Guests": True, "UsersFile": "users.json", "UserRoles": {"tom": "teacher"}},
}
NEW: dict[str, object] = {"AuthenticationEnabled": True, "StableAge": 1, "Pacsberry": {"UsersFile": "users.json"}}
HOSTILE = '<img src=x onerror="document.title=`hacked`">'
HOSTILE_NAME = "<svg onload=alert(1)>"  # no word of the texts: students do not see texts that name the patient
SLICES = 60
GREYS = [40, 80, 120, 160, 200, 240] * 4  # of the pictures of a film
MPEG4 = "1.2.840.10008.1.2.4.102"
MANY = 2000
REGIONS = ("head", "chest", "knee", "hip", "wrist")

Entry = tuple[str, bool, list[bytes]]  # name, whether students see it, its files


def studies() -> Iterator[Entry]:
    """All kinds, odd ones among them."""
    yield "chest", True, list(demo_files())
    yield "stack", True, list(_stack())
    mixed = make_study(series={"MR": 3, "US": 2, "US-loop": 1, "SR": 1, "PDF": 1}, patient_id="MIXED")
    yield "mixed", True, [*mixed, _film()]
    yield "hidden", False, make_study(series={"CT": 2}, patient_id="HIDDEN", patient_name="SECRET^NAME")
    tags = {"StudyDescription": HOSTILE, "SeriesDescription": HOSTILE}
    yield "hostile", True, [make_instance("CT", patient_id="XSS", patient_name=HOSTILE_NAME, tags=tags)]


def tidy() -> Iterator[Entry]:
    """The same for pictures of the pages: nothing in it is odd."""
    tags = {"StudyDescription": "Ultrasound with a report"}
    yield (
        "mixed",
        False,
        make_study(series={"US": 2, "US-loop": 1, "SR": 1}, patient_id="US", rows=64, columns=64, tags=tags),
    )
    yield "chest", True, list(demo_files())
    yield "phantom", True, list(phantom())


def _odd() -> Iterator[Entry]:
    yield "odd", True, list(odd())


def library() -> Iterator[Entry]:
    """As many studies as a school gathers in years: tiny, one a day; students do not see every tenth."""
    for number in range(MANY):
        tags = {
            "StudyDate": f"{date(2020, 1, 1) + timedelta(days=number):%Y%m%d}",
            "StudyDescription": f"Case {number:04}: {REGIONS[number % len(REGIONS)]}",
        }
        kind, patient = ("CT", "MR", "DX")[number % 3], f"LIB{number:04}"
        file = make_instance(kind, patient_id=patient, patient_name=f"{patient}^Lib", rows=4, columns=4, tags=tags)
        yield patient, number % 10 != 0, [file]


def _film() -> bytes:
    ds = make_dataset("US-loop", transfer_syntax=MPEG4, frames=len(GREYS), patient_id="MIXED", series=6)
    ds.SOPClassUID = ds.file_meta.MediaStorageSOPClassUID = VideoPhotographicImageStorage
    ds.Modality, ds.SeriesDescription = "XC", "Film"
    ds.Rows, ds.Columns = movie.HEIGHT, movie.WIDTH
    ds.PixelData = encapsulate([movie.movie(GREYS)], has_bot=False)
    return part10(ds)


def _stack() -> Iterator[bytes]:
    """A bright dot that wanders through the slices, so that each can be told from the others."""
    for number in range(SLICES):
        values = np.zeros((128, 128), "<u2")
        values[::8, :] += 200
        values[number * 2 : number * 2 + 8, 40:48] = 2000
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


def fill(house: House, kind: str) -> dict[str, str]:
    """Upload all; the identifier of each study by its name."""
    known: dict[str, str] = {}
    for name, is_shown, files in KINDS[kind]():
        for file in files:
            told = _as_admin(house, "POST", "/instances", file)
            known[name] = told["ParentStudy"]
        _as_admin(house, "PUT", f"/pacsberry/studies/{known[name]}", json.dumps({"IsShown": is_shown}).encode())
    return known


KINDS: Final[dict[str, Callable[[], Iterable[Entry]]]] = {
    "": studies,
    "tidy": tidy,
    "odd": _odd,
    "new": tuple,
    "library": library,
}


def _as_admin(house: House, method: str, path: str, body: bytes) -> dict[str, str]:
    credentials = base64.b64encode(f"anna:{USERS['anna']}".encode()).decode()
    told: dict[str, str] = house.ask(method, path, body, Authorization=f"Basic {credentials}").json
    return told


def to_upload(folder: Path, kind: str) -> str:
    """A folder with files to pick in a page: a study of a person, and a text that is none."""
    folder.mkdir()
    fresh = make_study(series={"CT": 3}, patient_id="FRESH", patient_name="FRESH^FACE")
    for number, file in enumerate(phantom("4711", "Doe^Jane") if kind == "tidy" else fresh):
        (folder / f"{number}.dcm").write_bytes(file)
    (folder / "shopping.txt").write_text("bread, butter")
    return str(folder)


class _Code(logging.Handler):
    """Hears the code for the first account, which the log of a start tells."""

    code = ""

    def emit(self, record: logging.LogRecord) -> None:
        told = re.search(r"set-up code: (\S+)", record.getMessage())
        self.code = told[1] if told else self.code


def main() -> None:
    """Start, fill, tell, wait."""
    folder, kind = Path(sys.argv[1]), "".join(sys.argv[2:])
    is_new = kind == "new"
    heard = _Code()
    logging.getLogger("pacsberry.server").addHandler(heard)
    with in_process(folder, NEW if is_new else SETTINGS) as house:
        told = {
            "port": house.http_port,
            "users": {} if is_new else USERS,
            "studies": fill(house, kind),
            "files": to_upload(folder / "to-upload", kind),
            "code": heard.code,
        }
        print(json.dumps(told), flush=True)  # noqa: T201 - read by the tests
        sys.stdin.read()


if __name__ == "__main__":
    main()
