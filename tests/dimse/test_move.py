"""C-MOVE: what is named arrives at the destination, byte for byte, and the peer hears how far it is."""

import contextlib
import itertools
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pydicom
import pytest
from pydicom.dataset import Dataset
from pynetdicom import AE
from pynetdicom.association import Association

from pacsberry.archive import Archive
from pacsberry.dimse.rules import AccessRules, Service
from pacsberry.ingest import Ingest
from pacsberry.modality import Modality
from tests.dimse.aids import Door, keep, run, wait_until
from tests.dimse.raw_peer import STUDY_MOVE, RawPeer, associate_rq, cancel_rq, command, pdv
from tests.dimse.receiver import CT, SR, Receiver
from tests.makers import DEFLATED, EXPLICIT, IMPLICIT, bare, make_dataset, make_study, part10

PATIENT_ROOT, STUDY_ROOT = "1.2.840.10008.5.1.4.1.2.1.2", "1.2.840.10008.5.1.4.1.2.2.2"
RLE = "1.2.840.10008.1.2.5"
OpenDoor = Callable[..., Door]


@pytest.fixture
def sets(archive: Archive, ingest: Ingest) -> dict[str, Dataset]:
    """Two studies of one patient and one of another: data sets by SOP instance UID, in the order they are sent."""
    contents = [
        *make_study(patient_id="P1", study=1, series={"CT": 4, "SR": 1}),
        *make_study(patient_id="P1", study=2, series={"MR": 2}),
        *make_study(patient_id="P2", study=3, series={"CT": 1}),
    ]
    for content in reversed(contents):
        keep(archive, ingest, content)
    datasets = [pydicom.dcmread(pydicom.filebase.DicomBytesIO(content)) for content in contents]
    return {str(ds.SOPInstanceUID): ds for ds in datasets}


def destined(door: Door, receiver: Receiver | int) -> None:
    """Make the receiver known to the door."""
    port = receiver if isinstance(receiver, int) else receiver.port
    door.modalities["sink"] = Modality("sink", "SINK", "127.0.0.1", port)


@contextlib.contextmanager
def asking(door: Door, *, syntax: str = EXPLICIT) -> Iterator[Association]:
    ae = AE("WORKSTATION")
    for model in (PATIENT_ROOT, STUDY_ROOT):
        ae.add_requested_context(model, syntax)
    association = ae.associate("127.0.0.1", door.port)
    assert association.is_established
    yield association
    association.release()


def move(
    door: Door,
    level: str | None,
    *,
    to: str = "SINK",
    model: str = STUDY_ROOT,
    syntax: str = EXPLICIT,
    **query: object,
) -> list[tuple[Dataset, Dataset | None]]:
    """All responses: status and identifier."""
    identifier = Dataset()
    if level is not None:
        identifier.QueryRetrieveLevel = level
    for keyword, value in query.items():
        setattr(identifier, keyword, value)
    with asking(door, syntax=syntax) as association:
        return list(association.send_c_move(identifier, to, model, msg_id=42))


@pytest.mark.parametrize("syntax", [EXPLICIT, IMPLICIT])
def test_a_study_arrives_byte_for_byte_by_series_and_number(road: Door, sets: dict[str, Dataset], syntax: str) -> None:
    study = next(iter(sets.values())).StudyInstanceUID
    with Receiver() as sink:
        destined(road, sink)
        responses = move(road, "STUDY", syntax=syntax, StudyInstanceUID=study)

    final, _ = responses[-1]
    assert (final.Status, final.NumberOfCompletedSuboperations, final.NumberOfFailedSuboperations) == (0, 5, 0)
    wanted = [uid for uid, ds in sets.items() if ds.StudyInstanceUID == study]
    assert sorted(sink.uids) == sorted(wanted)
    by_series = [sets[uid].SeriesInstanceUID for uid in sink.uids]
    assert len(set(by_series)) == 1 + sum(one != other for one, other in itertools.pairwise(by_series))
    slices = [sets[uid].InstanceNumber for uid in sink.uids if sets[uid].Modality == "CT"]
    assert slices == sorted(slices)
    assert {arrival.sop_uid: arrival.data for arrival in sink.arrived} == {uid: bare(sets[uid]) for uid in wanted}


def test_the_peer_hears_how_far_it_is(door: Door, sets: dict[str, Dataset]) -> None:
    with Receiver() as sink:
        destined(door, sink)
        responses = move(door, "PATIENT", model=PATIENT_ROOT, PatientID="P1")

    pending = [status for status, _ in responses[:-1]]
    assert all(status.Status == 0xFF00 for status in pending)
    assert [status.NumberOfRemainingSuboperations for status in pending][:6] == [6, 5, 4, 3, 2, 1]
    assert "NumberOfRemainingSuboperations" not in responses[-1][0]


def test_the_destination_is_told_who_asked(door: Door, sets: dict[str, Dataset]) -> None:
    with Receiver() as sink:
        destined(door, sink)
        move(door, "PATIENT", PatientID="P2")

    assert [arrival.originator for arrival in sink.arrived] == [("WORKSTATION", 42)]


def test_all_goes_over_one_association(door: Door, sets: dict[str, Dataset]) -> None:
    with Receiver() as sink:
        destined(door, sink)
        move(door, "PATIENT", PatientID="P1")

    assert len({arrival.association for arrival in sink.arrived}) == 1
    assert len(sink.arrived) == 7


@pytest.mark.parametrize(
    ("level", "query", "count"),
    [
        ("PATIENT", {"PatientID": "P1"}, 7),
        ("PATIENT", {"PatientID": "P1\\P2"}, 8),
        ("STUDY", {"AccessionNumber": "ACC00002"}, 2),
        ("STUDY", {"AccessionNumber": "ACC00001\\ACC00003", "StudyInstanceUID": "1.2.3"}, 6),  # instead of the UID
        ("STUDY", {"StudyInstanceUID": "study of MR"}, 2),
        ("SERIES", {"SeriesInstanceUID": "series of CT", "StudyInstanceUID": "study of CT"}, 4),
        ("IMAGE", {"SOPInstanceUID": "two"}, 2),
        (None, {"SOPInstanceUID": "two", "StudyInstanceUID": "study of CT"}, 2),
        (None, {"SeriesInstanceUID": "series of CT"}, 4),
        (None, {"StudyInstanceUID": "study of MR"}, 2),
        (None, {"PatientID": "P2"}, 1),
    ],
)
def test_what_an_identifier_names(
    road: Door, sets: dict[str, Dataset], level: str | None, query: dict[str, str], count: int
) -> None:
    of_kind = {ds.Modality: ds for ds in reversed(sets.values())}
    meant = {
        "study of MR": of_kind["MR"].StudyInstanceUID,
        "study of CT": of_kind["CT"].StudyInstanceUID,
        "series of CT": of_kind["CT"].SeriesInstanceUID,
        "two": "\\".join(list(sets)[:2]),
    }
    with Receiver() as sink:
        destined(road, sink)
        responses = move(road, level, **{key: meant.get(value, value) for key, value in query.items()})

    assert responses[-1][0].Status == 0
    assert len(sink.arrived) == count


@pytest.mark.parametrize(
    ("level", "query"),
    [
        ("STUDY", {"StudyInstanceUID": "1.2.3"}),
        ("STUDY", {"PatientID": "P1"}),
        ("STUDY", {}),
        (None, {"Modality": "CT"}),
    ],
)
def test_what_names_nothing_is_a_failure(
    road: Door, sets: dict[str, Dataset], level: str | None, query: dict[str, str]
) -> None:
    with Receiver() as sink:
        destined(road, sink)
        responses = move(road, level, **query)

    assert responses[-1][0].Status & 0xF000 == 0xC000
    assert sink.arrived == []


def test_an_unknown_destination_is_refused(road: Door, sets: dict[str, Dataset]) -> None:
    responses = move(road, "PATIENT", to="NOWHERE", PatientID="P1")

    assert [status.Status for status, _ in responses] == [0xA801]


def test_a_destination_that_is_not_there_is_a_failure(door: Door, sets: dict[str, Dataset], free_port: int) -> None:
    destined(door, free_port)

    status, identifier = move(door, "PATIENT", PatientID="P1")[-1]

    assert status.Status == 0xA702
    assert (status.NumberOfCompletedSuboperations, status.NumberOfFailedSuboperations) == (0, 7)
    assert identifier is not None
    assert len(identifier.FailedSOPInstanceUIDList) == 7


def test_objects_the_destination_refuses_are_named(door: Door, sets: dict[str, Dataset]) -> None:
    with Receiver(statuses={2: 0xA700, 3: 0xB000, 4: 0x0111}) as sink:
        destined(door, sink)
        status, identifier = move(door, "PATIENT", PatientID="P1")[-1]

    assert status.Status == 0xB000
    assert (status.NumberOfCompletedSuboperations, status.NumberOfFailedSuboperations) == (6, 1)
    assert identifier is not None
    assert identifier.FailedSOPInstanceUIDList == sink.uids[1]


def test_kinds_and_syntaxes_the_destination_does_not_take_are_failures(
    door: Door, sets: dict[str, Dataset], archive: Archive, ingest: Ingest
) -> None:
    compressed = make_dataset("CT", patient_id="P1", study=9, transfer_syntax=RLE)
    keep(archive, ingest, part10(compressed))
    with Receiver(classes=(CT,)) as sink:
        destined(door, sink)
        status, identifier = move(door, "PATIENT", PatientID="P1")[-1]

    assert status.Status == 0xB000
    assert (status.NumberOfCompletedSuboperations, status.NumberOfFailedSuboperations) == (4, 4)
    assert identifier is not None
    assert compressed.SOPInstanceUID in identifier.FailedSOPInstanceUIDList


@pytest.mark.parametrize("syntax", [RLE, DEFLATED, IMPLICIT])
def test_objects_travel_in_the_syntax_they_are_kept_in(
    door: Door, archive: Archive, ingest: Ingest, syntax: str
) -> None:
    ds = make_dataset("CT", patient_id="P9", transfer_syntax=syntax)
    keep(archive, ingest, part10(ds))
    with Receiver(syntaxes=(EXPLICIT, syntax)) as sink:
        destined(door, sink)
        assert move(door, "PATIENT", PatientID="P9")[-1][0].Status == 0

    (arrival,) = sink.arrived
    assert arrival.transfer_syntax == syntax
    assert arrival.data == bare(ds)


@pytest.mark.parametrize("breakdowns", [(3,), (2, 5)])
def test_after_a_breakdown_the_destination_is_tried_once_more(
    door: Door, sets: dict[str, Dataset], breakdowns: tuple[int, ...]
) -> None:
    with Receiver(abort_at=breakdowns) as sink:
        destined(door, sink)
        status, _ = move(door, "PATIENT", PatientID="P1")[-1]

    assert status.Status == 0xB000
    assert status.NumberOfFailedSuboperations == len(breakdowns)
    assert len(sink.arrived) == 7


def test_a_destination_that_says_nothing_is_given_up(open_door: OpenDoor, sets: dict[str, Dataset]) -> None:
    door = open_door(scu_seconds=0.3)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        destined(door, silent.getsockname()[1])
        started = time.monotonic()
        status, _ = move(door, "PATIENT", PatientID="P1")[-1]

    assert status.Status == 0xA702
    assert status.NumberOfFailedSuboperations == 7
    assert time.monotonic() - started < 8


def test_a_file_that_vanished_is_a_failure_of_that_object(
    door: Door, sets: dict[str, Dataset], archive: Archive
) -> None:
    next(archive.files.storage.glob("files/*/*.dcm")).unlink()
    with Receiver() as sink:
        destined(door, sink)
        status, _ = move(door, "PATIENT", PatientID="P1\\P2")[-1]

    assert status.Status == 0xB000
    assert (status.NumberOfCompletedSuboperations, status.NumberOfFailedSuboperations) == (7, 1)


def test_a_move_can_be_cancelled(door: Door, sets: dict[str, Dataset]) -> None:
    identifier = Dataset()
    identifier.QueryRetrieveLevel, identifier.PatientID = "PATIENT", "P1"
    with Receiver() as sink:
        destined(door, sink)
        with asking(door) as association:
            responses = association.send_c_move(identifier, "SINK", PATIENT_ROOT, msg_id=42)
            first, _ = next(responses)
            assert first.Status == 0xFF00
            # The responses that are on their way already are read before the last one.
            association.send_c_cancel(42, query_model=PATIENT_ROOT)
            statuses = [status for status, _ in responses]

    assert statuses[-1].Status in (0xFE00, 0)
    assert statuses[-1].Status == 0 or statuses[-1].NumberOfRemainingSuboperations > 0


def test_a_cancel_that_is_there_already_stops_the_move_before_it_begins(door: Door, sets: dict[str, Dataset]) -> None:
    request = command({0x0002: STUDY_MOVE, 0x0100: 0x0021, 0x0110: 5, 0x0600: b"SINK", 0x0700: 0, 0x0800: 1})
    identifier = b"\x08\x00\x52\x00\x08\0\0\0PATIENT \x10\x00\x20\x00\x02\0\0\0P1"
    with Receiver() as sink, RawPeer(door.port) as peer:
        destined(door, sink)
        peer.associate(associate_rq(contexts=[(1, STUDY_MOVE, (IMPLICIT,))]))
        peer.send_pdata(pdv(1, 3, request), pdv(1, 2, identifier))
        peer.send_pdata(pdv(1, 3, cancel_rq(5)))
        answer = peer.read_command()
        while answer[0x0900] == b"\x00\xff":
            answer = peer.read_command()
        peer.release()

    assert answer[0x0900] == b"\x00\xfe"
    assert 0x1020 in answer
    assert len(sink.arrived) < 7


def test_in_the_background_the_peer_is_told_at_once_and_the_objects_come_later(
    open_door: OpenDoor, sets: dict[str, Dataset]
) -> None:
    door = open_door(synchronous_move=False)
    with Receiver() as sink:
        destined(door, sink)
        responses = move(door, "PATIENT", PatientID="P1")
        wait_until(lambda: len(sink.arrived) == 7)

    assert [(status.Status, status.NumberOfCompletedSuboperations) for status, _ in responses] == [(0, 7)]


def test_in_the_background_there_is_a_limit(open_door: OpenDoor, sets: dict[str, Dataset]) -> None:
    door = open_door(synchronous_move=False, concurrent_commands=1, scu_seconds=3.0, stop_seconds=10.0)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        destined(door, silent.getsockname()[1])
        assert move(door, "PATIENT", PatientID="P1")[-1][0].Status == 0
        assert move(door, "PATIENT", PatientID="P1")[-1][0].Status == 0xC000


def test_a_peer_that_may_not_move_is_dropped(open_door: OpenDoor, sets: dict[str, Dataset]) -> None:
    for is_fast in (True, False):
        door = open_door(is_fast=is_fast, access=AccessRules("PACS", always_allow=frozenset((Service.FIND,))))
        with Receiver() as sink:
            door.modalities["sink"] = Modality("sink", "SINK", "127.0.0.1", sink.port)
            with asking(door) as association:
                identifier = Dataset()
                identifier.QueryRetrieveLevel, identifier.PatientID = "PATIENT", "P1"
                list(association.send_c_move(identifier, "SINK", PATIENT_ROOT))
                time.sleep(0.2)
                assert association.is_aborted
        assert sink.arrived == []


def test_moving_to_ourselves_does_not_wait_for_itself(open_door: OpenDoor, sets: dict[str, Dataset]) -> None:
    door = open_door(concurrent_commands=1)
    destined(door, door.port)

    status, _ = move(door, "PATIENT", PatientID="P1")[-1]

    assert (status.Status, status.NumberOfCompletedSuboperations) == (0, 7)


def test_movescu_of_dcmtk_gets_a_study(road: Door, sets: dict[str, Dataset], tmp_path: Path, free_port: int) -> None:
    destined(road, free_port)
    folder = tmp_path / "moved"
    folder.mkdir()

    run(
        *("movescu", "-S", "-aem", "SINK", "-aet", "SINK", "--port", free_port, "-od", folder),
        *("-k", "QueryRetrieveLevel=STUDY", "-k", f"StudyInstanceUID={next(iter(sets.values())).StudyInstanceUID}"),
        *("127.0.0.1", road.port),
    )

    assert len(list(folder.iterdir())) == 5


def test_movescu_can_cancel(door: Door, sets: dict[str, Dataset], free_port: int, tmp_path: Path) -> None:
    destined(door, free_port)
    done = subprocess.run(
        [
            *(
                "movescu",
                "-S",
                "-aem",
                "SINK",
                "-aet",
                "SINK",
                "--port",
                str(free_port),
                "--cancel",
                "2",
                "-od",
                tmp_path,
            ),
            *("-k", "QueryRetrieveLevel=PATIENT", "-k", "PatientID=P1", "127.0.0.1", str(door.port)),
        ],
        capture_output=True,
        timeout=60,
        check=False,
    )
    assert done.returncode in (0, 69), done.stderr


def test_reports_are_not_mixed_up(door: Door, sets: dict[str, Dataset]) -> None:
    with Receiver(classes=(SR,)) as sink:
        destined(door, sink)
        status, _ = move(door, "PATIENT", PatientID="P1")[-1]

    assert (status.NumberOfCompletedSuboperations, status.NumberOfFailedSuboperations) == (1, 6)
