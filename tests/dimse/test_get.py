"""C-GET: what is named comes back over the association that asked."""

import contextlib
import struct
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pydicom
import pytest
from pydicom.dataset import Dataset
from pynetdicom import AE, build_role, evt
from pynetdicom.association import Association
from pynetdicom.events import Event

from pacsberry.archive import Archive
from pacsberry.dimse.rules import AccessRules, Service
from pacsberry.ingest import Ingest
from tests.dimse.aids import Door, keep, run
from tests.dimse.raw_peer import (
    ABORT,
    CT,
    EXPLICIT,
    IMPLICIT,
    P_DATA,
    STUDY_GET,
    RawPeer,
    associate_rq,
    cancel_rq,
    command,
    item,
    pdv,
)
from tests.dimse.receiver import data_of, stored
from tests.makers import DEFLATED, bare, make_dataset, make_study, part10

PATIENT_ROOT, STUDY_ROOT = "1.2.840.10008.5.1.4.1.2.1.3", "1.2.840.10008.5.1.4.1.2.2.3"
MR, SR = "1.2.840.10008.5.1.4.1.1.4", "1.2.840.10008.5.1.4.1.1.88.11"
RLE = "1.2.840.10008.1.2.5"
OpenDoor = Callable[..., Door]


@pytest.fixture
def sets(archive: Archive, ingest: Ingest) -> dict[str, Dataset]:
    contents = make_study(patient_id="P1", series={"CT": 4, "MR": 2, "SR": 1})
    for content in contents:
        keep(archive, ingest, content)
    datasets = [pydicom.dcmread(pydicom.filebase.DicomBytesIO(content)) for content in contents]
    return {str(ds.SOPInstanceUID): ds for ds in datasets}


class Getter:
    """pynetdicom as the one who asks; keeps what comes."""

    def __init__(self, door: Door, *, classes: tuple[str, ...] = (CT, MR, SR), syntaxes: tuple[str, ...] = (EXPLICIT,)):
        self.door = door
        self.classes = classes
        self.syntaxes = syntaxes
        self.arrived: dict[str, bytes] = {}
        self.statuses: dict[int, int] = {}  # of the n-th object, from 1

    def _store(self, event: Event) -> int:
        request = stored(event)
        self.arrived[str(request.AffectedSOPInstanceUID)] = data_of(request)
        return self.statuses.get(len(self.arrived), 0)

    @contextlib.contextmanager
    def asking(self) -> Iterator[Association]:
        ae = AE("WORKSTATION")
        for model in (PATIENT_ROOT, STUDY_ROOT):
            ae.add_requested_context(model, EXPLICIT)
        for uid in self.classes:
            for syntax in self.syntaxes:
                ae.add_requested_context(uid, syntax)
        association = ae.associate(
            "127.0.0.1",
            self.door.port,
            ext_neg=[build_role(uid, scp_role=True) for uid in self.classes],
            evt_handlers=[(evt.EVT_C_STORE, self._store)],
        )
        assert association.is_established
        yield association
        association.release()

    def get(self, level: str, model: str = STUDY_ROOT, **query: object) -> list[tuple[Dataset, Dataset | None]]:
        """All responses: status and identifier."""
        identifier = Dataset()
        identifier.QueryRetrieveLevel = level
        for keyword, value in query.items():
            setattr(identifier, keyword, value)
        with self.asking() as association:
            return list(association.send_c_get(identifier, model, msg_id=42))


def test_a_study_comes_back_byte_for_byte(road: Door, sets: dict[str, Dataset]) -> None:
    getter = Getter(road)

    responses = getter.get("STUDY", StudyInstanceUID=next(iter(sets.values())).StudyInstanceUID)

    final, _ = responses[-1]
    assert (final.Status, final.NumberOfCompletedSuboperations) == (0, 7)
    assert getter.arrived == {uid: bare(ds) for uid, ds in sets.items()}


@pytest.mark.parametrize("syntax", [RLE, DEFLATED, IMPLICIT])
def test_objects_come_in_the_syntax_they_are_kept_in(door: Door, archive: Archive, ingest: Ingest, syntax: str) -> None:
    ds = make_dataset("CT", patient_id="P9", transfer_syntax=syntax)
    keep(archive, ingest, part10(ds))
    getter = Getter(door, syntaxes=(EXPLICIT, syntax))

    assert getter.get("PATIENT", PATIENT_ROOT, PatientID="P9")[-1][0].Status == 0

    assert getter.arrived == {ds.SOPInstanceUID: bare(ds)}


def test_kinds_without_a_context_are_failures(door: Door, sets: dict[str, Dataset]) -> None:
    getter = Getter(door, classes=(CT, SR))

    status, identifier = getter.get("PATIENT", PATIENT_ROOT, PatientID="P1")[-1]

    assert status.Status == 0xB000
    assert (status.NumberOfCompletedSuboperations, status.NumberOfFailedSuboperations) == (5, 2)
    assert identifier is not None
    assert set(identifier.FailedSOPInstanceUIDList) == {uid for uid, ds in sets.items() if ds.Modality == "MR"}


def test_objects_that_are_refused_are_named(door: Door, sets: dict[str, Dataset]) -> None:
    getter = Getter(door)
    getter.statuses = {2: 0xA700, 3: 0xB000}

    status, identifier = getter.get("PATIENT", PATIENT_ROOT, PatientID="P1")[-1]

    assert status.Status == 0xB000
    assert (status.NumberOfCompletedSuboperations, status.NumberOfFailedSuboperations) == (6, 1)
    assert identifier is not None
    assert identifier.FailedSOPInstanceUIDList == list(getter.arrived)[1]


def test_what_names_nothing_is_a_failure(road: Door, sets: dict[str, Dataset]) -> None:
    assert Getter(road).get("STUDY", StudyInstanceUID="1.2.3")[-1][0].Status & 0xF000 == 0xC000


def test_a_file_that_was_cut_short_is_a_failure_of_that_object_and_the_rest_arrives(
    door: Door, sets: dict[str, Dataset], archive: Archive
) -> None:
    reported: list[str] = []
    archive.files.report_to(reported.append)
    path = next(archive.files.storage.glob("files/*/*.dcm"))
    path.write_bytes(path.read_bytes()[:-100])
    getter = Getter(door)

    status, _ = getter.get("PATIENT", PATIENT_ROOT, PatientID="P1")[-1]

    assert (status.NumberOfCompletedSuboperations, status.NumberOfFailedSuboperations) == (6, 1)
    assert all(content == bare(sets[uid]) for uid, content in getter.arrived.items())
    assert reported == [f"{path.parent.name}/{path.name}"]


def test_a_file_that_vanished_is_a_failure_of_that_object(
    door: Door, sets: dict[str, Dataset], archive: Archive
) -> None:
    next(archive.files.storage.glob("files/*/*.dcm")).unlink()

    status, _ = Getter(door).get("PATIENT", PATIENT_ROOT, PatientID="P1")[-1]

    assert (status.NumberOfCompletedSuboperations, status.NumberOfFailedSuboperations) == (6, 1)


def test_a_file_that_lost_its_head_is_a_failure_of_that_object(
    door: Door, sets: dict[str, Dataset], archive: Archive
) -> None:
    path = next(archive.files.storage.glob("files/*/*.dcm"))
    path.write_bytes(path.read_bytes()[:150])

    status, _ = Getter(door).get("PATIENT", PATIENT_ROOT, PatientID="P1")[-1]

    assert (status.NumberOfCompletedSuboperations, status.NumberOfFailedSuboperations) == (6, 1)


def test_a_peer_that_may_not_get_is_dropped(open_door: OpenDoor, sets: dict[str, Dataset]) -> None:
    for is_fast in (True, False):
        door = open_door(is_fast=is_fast, access=AccessRules("PACS", always_allow=frozenset((Service.FIND,))))
        getter = Getter(door)
        with getter.asking() as association:
            identifier = Dataset()
            identifier.QueryRetrieveLevel, identifier.PatientID = "PATIENT", "P1"
            list(association.send_c_get(identifier, PATIENT_ROOT))
            time.sleep(0.2)
            assert association.is_aborted
        assert getter.arrived == {}


def test_getscu_of_dcmtk_gets_a_study(road: Door, sets: dict[str, Dataset], tmp_path: Path) -> None:
    study = next(iter(sets.values())).StudyInstanceUID
    folder = tmp_path / "got"
    folder.mkdir()

    run(
        *("getscu", "-S", "-k", "QueryRetrieveLevel=STUDY", "-k", f"StudyInstanceUID={study}"),
        *("-od", folder, "127.0.0.1", road.port),
    )

    assert sorted(str(pydicom.dcmread(path).SOPInstanceUID) for path in folder.iterdir()) == sorted(sets)


def test_getscu_of_pynetdicom_gets_a_series(road: Door, sets: dict[str, Dataset], tmp_path: Path) -> None:
    first = next(iter(sets.values()))
    folder = tmp_path / "got"
    folder.mkdir()

    subprocess.run(
        [
            *(sys.executable, "-m", "pynetdicom", "getscu", "-S", "-k", "QueryRetrieveLevel=SERIES"),
            *("-k", f"StudyInstanceUID={first.StudyInstanceUID}", "-k", f"SeriesInstanceUID={first.SeriesInstanceUID}"),
            *("-od", str(folder), "127.0.0.1", str(road.port)),
        ],
        cwd=folder,
        check=True,
        timeout=60,
    )

    assert len(list(folder.iterdir())) == 4


def get_rq(message_id: int = 1) -> bytes:
    return command({0x0002: STUDY_GET, 0x0100: 0x0010, 0x0110: message_id, 0x0700: 0, 0x0800: 1})


def store_rsp(message_id: int, status: int = 0) -> bytes:
    return command({0x0100: 0x8001, 0x0120: message_id, 0x0800: 0x0101, 0x0900: status})


@contextlib.contextmanager
def getting(door: Door, *, takes_objects: bool = True) -> Iterator[RawPeer]:
    """A peer made of bytes that has asked for patient P1, and takes CT as SCP or says nothing of roles."""
    role = item(0x54, struct.pack(">H", len(CT)) + CT.encode() + b"\0\1") if takes_objects else b""
    identifier = b"\x08\x00\x52\x00\x08\0\0\0PATIENT \x10\x00\x20\x00\x02\0\0\0P1"
    with RawPeer(door.port) as peer:
        peer.associate(associate_rq(contexts=[(1, STUDY_GET, (IMPLICIT,)), (3, CT, (EXPLICIT,))], extra=role))
        peer.send_pdata(pdv(1, 3, get_rq()), pdv(1, 2, identifier))
        yield peer


def read_object(peer: RawPeer) -> tuple[int, int]:
    """Read the next C-STORE-RQ with its data set; its message id and the size of the data set."""
    request = read_on(peer)
    assert request[0x0100] == b"\x01\x00"
    size = 0
    while True:
        kind, body = peer.read()
        assert kind == P_DATA
        size += len(body) - 6
        if body[5] == 2:
            return struct.unpack("<H", request[0x0110])[0], size


def read_on(peer: RawPeer) -> dict[int, bytes]:
    """The next command that is not a pending response."""
    while True:
        found = peer.read_command()
        if found.get(0x0900) != b"\x00\xff":
            return found


def test_a_cancel_before_the_answer_to_an_object_ends_the_get(door: Door, sets: dict[str, Dataset]) -> None:
    with getting(door) as peer:
        message_id, _ = read_object(peer)
        peer.send_pdata(pdv(1, 3, cancel_rq()))
        peer.send_pdata(pdv(3, 3, store_rsp(message_id)))

        final = read_on(peer)
        assert final[0x0900] == b"\x00\xfe"
        remaining, completed, failed = (struct.unpack("<H", final[tag])[0] for tag in (0x1020, 0x1021, 0x1022))
        assert (completed, remaining + failed) == (1, 6)
        assert remaining > 0
        if failed:
            peer.read()  # the list of what failed
        peer.release()


def test_contexts_without_the_scp_role_are_not_used(door: Door, sets: dict[str, Dataset]) -> None:
    with getting(door, takes_objects=False) as peer:
        final = read_on(peer)

        assert final[0x0100] == b"\x10\x80"
        assert struct.unpack("<HH", final[0x0900] + final[0x1022]) == (0xA702, 7)


def test_an_answer_to_something_else_aborts(door: Door, sets: dict[str, Dataset]) -> None:
    with getting(door) as peer:
        message_id, _ = read_object(peer)
        peer.send_pdata(pdv(3, 3, store_rsp(message_id + 1)))

        assert peer.read_abort() == (0, 0)


def test_no_answer_to_an_object_aborts(open_door: OpenDoor, sets: dict[str, Dataset]) -> None:
    door = open_door(idle_seconds=0.3)
    with getting(door) as peer:
        read_object(peer)

        assert peer.read()[0] == ABORT


def test_a_peer_that_hangs_up_in_the_middle_leaves_nothing(door: Door, sets: dict[str, Dataset]) -> None:
    with getting(door) as peer:
        read_object(peer)
    with RawPeer(door.port) as other:
        other.associate()
        other.echo()
        other.release()
