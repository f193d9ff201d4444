"""What goes on at a server while its card is recorded; each load is a thread that notes in the ledger what it was told.

A load has patients of its own, so that each thing has one writer.
"""

import contextlib
import hashlib
import http.client
import io
import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from pydicom import dcmread

from tests.dimse.raw_peer import RawPeer, pdv, store_rq
from tests.flows.house import House, Process, data_set_of, environment, instance_id
from tests.makers import make_instance
from tests.power.ledger import Ledger

BACKUP = "backup"  # the folder's name on the card
COMMENT = 1024  # number of the user metadata that is written
ATTACHMENT = 1025  # and of the attachments
CT_CONTEXT = 3  # of the presentation contexts that RawPeer offers
PATIENTS_AT_MOST = 8  # MaximumPatientCount, for `patients`
FOUND_SOMETHING = 7  # exit code of a command that did its work and has something to name
COMMAND, DATA = 3, 2  # message control headers of a last fragment (PS3.8 E.2)


@dataclass(frozen=True, slots=True)
class Scene:
    """What a load is given."""

    house: Process
    ledger: Ledger
    over: threading.Event
    folder: Path  # on the recorded card


Load = Callable[[Scene], None]


def digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def upload(scene: Scene) -> None:
    """POST /instances on one connection; every fourth is deleted again, every 25th series is deleted as a whole."""
    with _asking(scene.house) as ask:
        kept: list[str] = []
        for number in _numbers(scene):
            id = _upload(scene, ask, "UPLOAD", series=number // 25, instance=number)
            kept.append(id)
            if number % 4 == 3 and len(kept) > 1:
                _delete(scene, ask, f"/instances/{kept[-2]}", [kept.pop(-2)])
            if number % 25 == 24:
                series = json.loads(ask("GET", f"/instances/{id}/series"))["ID"]
                if number % 50 == 24:
                    _delete(scene, ask, f"/series/{series}", kept)
                kept = []


def overwrite(scene: Scene) -> None:
    """The same few instances again and again, each time with other pixels; for OverwriteInstances."""
    with _asking(scene.house) as ask:
        for number in _numbers(scene):
            _upload(scene, ask, "OVERWRITE", instance=number % 5, tags={"ImageComments": f"Version {number}"})


def delete_one_by_one(scene: Scene) -> None:
    """Deletions with nothing around them that would sync the card by chance, and time for each to be carried out."""
    with _asking(scene.house) as ask:
        kept = [_upload(scene, ask, "DELETE", instance=number) for number in range(60)]
        while kept and not scene.over.wait(0.05):
            _delete(scene, ask, f"/instances/{kept[-1]}", [kept.pop()])


def pack(scene: Scene) -> None:
    """Uploads that are worth packing; some are unpacked in the storage, and some of these packed again."""
    with _asking(scene.house) as ask:
        for number in _numbers(scene):
            id = _upload(scene, ask, "PACK", instance=number, rows=128, columns=128)
            if number % 3 == 0:
                ask("POST", f"/instances/{id}/attachments/dicom/uncompress")
            if number % 6 == 0:
                ask("POST", f"/instances/{id}/attachments/dicom/compress")


def c_store(scene: Scene) -> None:
    """C-STORE over one association."""
    # When sends follow fast, pynetdicom's own thread now and then takes the answer that its sender then waits for.
    with RawPeer(scene.house.dicom_port, seconds=60) as peer:
        peer.associate()
        for number in _numbers(scene):
            part10 = make_instance("CT", patient_id="C-STORE", series=number // 40, instance=number)
            dataset, content = dcmread(io.BytesIO(part10)), data_set_of(part10)
            wish = scene.ledger.wish("instance", instance_id(dataset), digest(content))
            peer.send_pdata(pdv(CT_CONTEXT, COMMAND, store_rq(dataset.SOPInstanceUID)))
            peer.send_pdata(pdv(CT_CONTEXT, DATA, content))
            assert peer.read_status() == 0
            wish.told()
        peer.release()


def notes(scene: Scene) -> None:
    """Labels, metadata, an attachment and protection of one patient's study, changed in turn."""
    with _asking(scene.house) as ask:
        id = _upload(scene, ask, "NOTES")
        study = json.loads(ask("GET", f"/instances/{id}/study"))["ID"]
        patient = json.loads(ask("GET", f"/instances/{id}/patient"))["ID"]
        for number in _numbers(scene):
            path = f"/studies/{study}"
            label = f"{path}/labels/lesson-{number % 7}"
            is_there = None in scene.ledger.allowed("label", label, time.monotonic_ns())
            wish = scene.ledger.wish("label", label, "there" if is_there else None)
            ask("PUT" if is_there else "DELETE", label)
            wish.told()
            for kind, place in (("metadata", f"{path}/metadata/{COMMENT}"), ("attachment", _attachment(path, number))):
                text = f"{number:06}" * (1 + number % 50)
                wish = scene.ledger.wish(kind, place, digest(text.encode()))
                ask("PUT", place, text.encode())
                wish.told()
            if number % 5 == 4:
                place = _attachment(path, number - 1)
                wish = scene.ledger.wish("attachment", place, None)
                ask("DELETE", place)
                wish.told()
            place = f"/patients/{patient}/protected"
            wish = scene.ledger.wish("protected", place, "1" if number % 2 else None)
            ask("PUT", place, b"%d" % (number % 2))
            wish.told()


def patients(scene: Scene) -> None:
    """A stream of patients of three instances each; with MaximumPatientCount the oldest goes, but not the first."""
    sent: list[list[str]] = []
    with _asking(scene.house) as ask:
        for number in _numbers(scene):
            who = f"PATIENT-{number}"
            # The first one is protected and takes a place: of the others one less is kept.
            oldest = number - (PATIENTS_AT_MOST - 1)
            going = [scene.ledger.wish("instance", id, None) for id in sent[oldest]] if oldest > 0 else []
            sent.append([_upload(scene, ask, who)])
            for wish in going:
                wish.told()
            sent[-1] += [_upload(scene, ask, who, instance=instance) for instance in (2, 3)]
            if number == 0:
                patient = json.loads(ask("GET", f"/instances/{sent[0][0]}/patient"))["ID"]
                ask("PUT", f"/patients/{patient}/protected", b"1")


def back_up(scene: Scene) -> None:
    """One backup after the other, onto the card itself."""
    while not scene.over.is_set():
        wish = scene.ledger.wish("backup", BACKUP, str(time.monotonic_ns()))
        program("backup", scene.folder / BACKUP, "--same-disk", "--config", scene.house.config)
        wish.told()


def program(command: str, *arguments: object) -> str:
    """Run one of our commands to its end, which must be good; what it printed."""
    words = [sys.executable, "-m", "pacsberry", command, *map(str, arguments)]
    done = subprocess.run(words, env=environment(), capture_output=True, text=True, timeout=120, check=False)
    good = (0, FOUND_SOMETHING) if "--repair" in arguments else (0,)
    assert done.returncode in good, (command, done.returncode, done.stdout[-2000:], done.stderr[-2000:])
    return done.stdout


def impatient_kernel(scene: Scene) -> None:
    """Has dirty pages written at moments of the kernel's choice: early, in part, without any sync."""
    while not scene.over.wait(0.01):
        for path in list(scene.folder.rglob("*")):
            with contextlib.suppress(OSError):
                descriptor = os.open(path, os.O_RDONLY)
                try:
                    os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)
                finally:
                    os.close(descriptor)


def _attachment(path: str, number: int) -> str:
    return f"{path}/attachments/{ATTACHMENT + number % 3}"


def _numbers(scene: Scene) -> Iterator[int]:
    number = 0
    while not scene.over.is_set():
        yield number
        number += 1


Ask = Callable[..., bytes]


@contextlib.contextmanager
def _asking(house: House) -> Iterator[Ask]:
    """A keep-alive connection; what is not answered with 200 is an error."""
    connection = http.client.HTTPConnection("127.0.0.1", house.http_port, timeout=60)

    def ask(method: str, path: str, body: bytes = b"") -> bytes:
        connection.request(method, path, body)
        answer = connection.getresponse()
        told = answer.read()
        if answer.status != 200:
            raise AssertionError((method, path, answer.status, told))
        return told

    with contextlib.closing(connection):
        yield ask


def _upload(scene: Scene, ask: Ask, patient_id: str, **how: object) -> str:
    part10 = make_instance("CT", patient_id=patient_id, **how)  # type: ignore[arg-type]
    id = instance_id(dcmread(io.BytesIO(part10), stop_before_pixels=True))
    wish = scene.ledger.wish("instance", id, digest(data_set_of(part10)))
    assert json.loads(ask("POST", "/instances", part10))["ID"] == id
    wish.told()
    return id


def _delete(scene: Scene, ask: Ask, path: str, ids: list[str]) -> None:
    wishes = [scene.ledger.wish("instance", id, None) for id in ids]
    ask("DELETE", path)
    for wish in wishes:
        wish.told()
