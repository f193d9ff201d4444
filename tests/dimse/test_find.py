"""C-FIND: what matches, what the answers say, limits and cancelling."""

import contextlib
import struct
import sys
import threading
import time
from collections.abc import Callable, Iterator

import pytest
from pydicom.dataset import Dataset
from pynetdicom import AE
from pynetdicom.association import Association

from pacsberry.archive import Archive, FindLimits
from pacsberry.dimse.rules import AccessRules, Service
from pacsberry.ingest import Ingest
from pacsberry.modality import Modality
from tests.dimse.aids import Door, keep, run
from tests.dimse.raw_peer import RawPeer, cancel_rq, echo_rq, find_rq, pdv
from tests.makers import BIG_ENDIAN, EXPLICIT, IMPLICIT, make_instance

PATIENT_ROOT, STUDY_ROOT = "1.2.840.10008.5.1.4.1.2.1.1", "1.2.840.10008.5.1.4.1.2.2.1"
OpenDoor = Callable[..., Door]

# PatientID, PatientName, study number, {modality: instances}, more tags
STUDIES: tuple[tuple[str, str, int, dict[str, int], dict[str, object]], ...] = (
    ("P1", "Smith^John", 1, {"CT": 3, "SR": 1}, {"StudyDate": "20240102", "StudyDescription": "CT Thorax"}),
    ("P1", "Smith^John", 2, {"MR": 2}, {"StudyDate": "20240301", "StudyDescription": "MR Head"}),
    ("P2", "SMITH^Anna", 3, {"US": 1}, {"StudyDate": "20231231", "StudyDescription": "100%"}),
    ("P3", "Müller^Jörg", 4, {"CR": 1}, {"StudyDate": "20200101", "StudyDescription": "A_B"}),
)


@pytest.fixture(autouse=True)
def _studies(archive: Archive, ingest: Ingest) -> None:
    for patient, name, study, series, tags in STUDIES:
        for number, (kind, instances) in enumerate(series.items(), 1):
            for instance in range(1, instances + 1):
                content = make_instance(
                    kind,
                    patient_id=patient,
                    patient_name=name,
                    study=study,
                    series=number,
                    instance=instance,
                    tags=tags,
                )
                keep(archive, ingest, content)


@contextlib.contextmanager
def asking(door: Door, *, syntax: str = EXPLICIT, aet: str = "ASKS") -> Iterator[Association]:
    ae = AE(aet)
    for model in (PATIENT_ROOT, STUDY_ROOT):
        ae.add_requested_context(model, syntax)
    association = ae.associate("127.0.0.1", door.port)
    assert association.is_established
    yield association
    association.release()


def ask(
    door: Door,
    level: str | None,
    *,
    model: str = STUDY_ROOT,
    syntax: str = EXPLICIT,
    aet: str = "ASKS",
    **query: object,
) -> tuple[int, list[Dataset]]:
    """The last status and the answers."""
    identifier = Dataset()
    if level is not None:
        identifier.QueryRetrieveLevel = level
    for keyword, value in query.items():
        setattr(identifier, keyword, value)
    found = []
    with asking(door, syntax=syntax, aet=aet) as association:
        for status, answer in association.send_c_find(identifier, model):
            if answer is not None:
                assert status.Status in (0xFF00, 0xFF01)
                found.append(answer)
    return int(status.Status), found


def studies(door: Door, **query: object) -> list[str]:
    """The descriptions of the studies that match, sorted."""
    query.setdefault("StudyDescription", "")
    status, found = ask(door, "STUDY", model=STUDY_ROOT, syntax=EXPLICIT, aet="ASKS", **query)
    assert status == 0
    return sorted(answer.StudyDescription for answer in found)


def test_an_empty_query_finds_everything_at_each_level(road: Door) -> None:
    for level, model, count in (
        ("PATIENT", PATIENT_ROOT, 3),
        ("STUDY", STUDY_ROOT, 4),
        ("STUDY", PATIENT_ROOT, 4),
        ("SERIES", STUDY_ROOT, 5),
        ("IMAGE", STUDY_ROOT, 8),
        ("INSTANCE", STUDY_ROOT, 8),
    ):
        status, found = ask(road, level, model=model, PatientID="")
        assert (status, len(found)) == (0, count), level


def test_a_query_that_wants_to_know_nothing_counts(road: Door) -> None:
    status, found = ask(road, "STUDY")

    assert (status, len(found)) == (0, 4)
    assert found[0].RetrieveAETitle == "PACS"


def test_an_answer_has_what_was_asked_and_where_to_get_it(road: Door) -> None:
    _, (answer,) = ask(
        road,
        "STUDY",
        PatientID="P1",
        PatientName="",
        StudyDate="20240102",
        StudyDescription="",
        ReferringPhysicianName="",
        NumberOfStudyRelatedSeries="",
        NumberOfStudyRelatedInstances="",
        ModalitiesInStudy="",
        OtherPatientIDs="",
    )

    assert answer.PatientName == "Smith^John"
    assert answer.StudyDescription == "CT Thorax"
    assert answer.NumberOfStudyRelatedSeries == 2
    assert answer.NumberOfStudyRelatedInstances == 4
    assert list(answer.ModalitiesInStudy) == ["CT", "SR"]
    assert answer.OtherPatientIDs == ""  # absent: empty, not dropped
    assert answer.RetrieveAETitle == "PACS"
    assert answer.InstanceAvailability == "ONLINE"
    assert answer.QueryRetrieveLevel == "STUDY"
    assert answer.SpecificCharacterSet == "ISO_IR 100"
    assert "StudyInstanceUID" not in answer


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({"PatientID": "P1"}, ["CT Thorax", "MR Head"]),
        ({"PatientID": "p1"}, []),  # case matters but in names
        ({"PatientName": "smith^john"}, ["CT Thorax", "MR Head"]),
        ({"PatientName": "SMITH*"}, ["100%", "CT Thorax", "MR Head"]),
        ({"PatientName": "?mith^Anna"}, ["100%"]),
        ({"PatientID": "P?"}, ["100%", "A_B", "CT Thorax", "MR Head"]),
        ({"PatientID": "P2\\P3"}, ["100%", "A_B"]),
        ({"PatientID": "*"}, ["100%", "A_B", "CT Thorax", "MR Head"]),
        ({"StudyDate": "20240101-20240131"}, ["CT Thorax"]),
        ({"StudyDate": "20240101-"}, ["CT Thorax", "MR Head"]),
        ({"StudyDate": "-20231231"}, ["100%", "A_B"]),
        ({"StudyDate": "20240301"}, ["MR Head"]),
        ({"StudyDescription": "*%"}, ["100%"]),  # SQL's wildcards are ordinary characters
        ({"StudyDescription": "A_B"}, ["A_B"]),
        ({"StudyDescription": "A?B"}, ["A_B"]),
        ({"StudyDescription": "M_ Head"}, []),
        ({"ModalitiesInStudy": "SR"}, ["CT Thorax"]),
        ({"ModalitiesInStudy": "SR\\US"}, ["100%", "CT Thorax"]),
        ({"PatientID": "P1", "StudyDate": "20240301"}, ["MR Head"]),
        ({"PatientID": "P1", "StudyDate": "20200101"}, []),
        ({"AccessionNumber": "ACC00003"}, ["100%"]),
    ],
)
def test_what_matches(road: Door, query: dict[str, object], expected: list[str]) -> None:
    assert studies(road, **query) == expected


def test_names_differ_by_case_when_that_is_wanted(open_door: OpenDoor) -> None:
    door = open_door(case_sensitive_pn=True)

    assert studies(door, PatientName="SMITH*") == ["100%"]
    assert studies(door, PatientName="Smith*") == ["CT Thorax", "MR Head"]


@pytest.mark.parametrize("syntax", [IMPLICIT, EXPLICIT, BIG_ENDIAN])
def test_questions_and_answers_are_in_the_syntax_agreed_on(road: Door, syntax: str) -> None:
    status, found = ask(
        road, "SERIES", syntax=syntax, Modality="MR", NumberOfSeriesRelatedInstances="", SeriesNumber=""
    )

    assert status == 0
    assert [(answer.Modality, answer.NumberOfSeriesRelatedInstances) for answer in found] == [("MR", 2)]


@pytest.mark.parametrize("charset", ["ISO_IR 192", "ISO_IR 100", None])
def test_a_question_is_read_in_its_own_character_set(road: Door, charset: str | None) -> None:
    found = studies(road, SpecificCharacterSet=charset, PatientName="MÜLLER*")

    assert found == ["A_B"]


def test_answers_are_in_the_encoding_of_the_server_and_say_so(road: Door) -> None:
    road.policy.default_encoding = "Utf8"

    _, (answer,) = ask(road, "PATIENT", model=PATIENT_ROOT, PatientID="P3", PatientName="")

    assert answer.SpecificCharacterSet == "ISO_IR 192"
    assert answer.PatientName == "Müller^Jörg"


def test_a_query_of_many_uids_is_a_list(road: Door) -> None:
    _, everything = ask(road, "IMAGE", SOPInstanceUID="", SeriesInstanceUID="", StudyInstanceUID="")
    some = [answer.SOPInstanceUID for answer in everything[:3]]
    absent = [f"1.2.3.4.5.6.7.8.9.{number}" for number in range(500)]

    _, found = ask(road, "IMAGE", SOPInstanceUID=some + absent)

    assert sorted(answer.SOPInstanceUID for answer in found) == sorted(some)


def test_parents_need_not_be_named(road: Door) -> None:
    assert len(ask(road, "IMAGE", Modality="CT", SOPInstanceUID="")[1]) == 3


def test_a_question_without_level_cannot_be_answered(road: Door) -> None:
    assert ask(road, None, PatientID="P1") == (0xC000, [])


def test_a_question_for_another_level_cannot_be_answered(road: Door) -> None:
    assert ask(road, "HOSPITAL", PatientID="P1") == (0xC000, [])


def test_a_sequence_that_asks_for_something_is_ignored_with_a_warning(
    road: Door, caplog: pytest.LogCaptureFixture
) -> None:
    code = Dataset()
    code.CodeValue = "12345"

    status, found = ask(road, "STUDY", PatientID="P2", ProcedureCodeSequence=[code])

    assert (status, len(found)) == (0, 1)
    assert len(found[0].ProcedureCodeSequence) == 0
    assert "0008,1032" in caplog.text


def test_what_the_index_does_not_hold_is_not_matched_but_answered(road: Door, caplog: pytest.LogCaptureFixture) -> None:
    _, found = ask(road, "IMAGE", PatientID="P2", BitsStored=1, Columns="", HighBit="")

    assert [(answer.Columns, answer.HighBit) for answer in found] == [(16, 7)]
    assert "0028,0101" in caplog.text


def test_bytes_cannot_be_asked_for(road: Door) -> None:
    status, (answer,) = ask(road, "IMAGE", PatientID="P2", EncapsulatedDocument=b"", ICCProfile=b"")

    assert status == 0
    assert not answer.EncapsulatedDocument
    assert not answer.ICCProfile


def test_a_private_creator_is_repeated_but_not_to_vitrea(door: Door) -> None:
    identifier = Dataset()
    identifier.QueryRetrieveLevel = "STUDY"
    identifier.PatientID = "P2"
    identifier.add_new(0x56530010, "LO", "Vital Images SW 3.4")
    door.modalities["v"] = Modality("v", "VITREA", "127.0.0.1", 104, manufacturer="Vitrea")

    def creators(aet: str) -> list[bool]:
        with asking(door, aet=aet) as association:
            answers = [answer for _, answer in association.send_c_find(identifier, STUDY_ROOT) if answer]
        return [0x56530010 in answer for answer in answers]

    assert creators("OTHER") == [True]
    assert creators("VITREA") == [False]


def test_more_answers_than_the_limit_end_with_cancel(
    open_door: OpenDoor, archive: Archive, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(archive.search, "limits", FindLimits(3, 8))
    for is_fast in (True, False):
        door = open_door(is_fast=is_fast)
        status, found = ask(door, "STUDY", PatientID="")
        assert (status, len(found)) == (0xFE00, 3)
        status, found = ask(door, "PATIENT", model=PATIENT_ROOT, PatientID="")
        assert (status, len(found)) == (0, 3)
        status, found = ask(door, "IMAGE", PatientID="")
        assert (status, len(found)) == (0, 8)


def test_a_peer_that_may_not_ask_is_dropped(open_door: OpenDoor) -> None:
    for is_fast in (True, False):
        door = open_door(is_fast=is_fast, access=AccessRules("PACS", always_allow=frozenset((Service.ECHO,))))
        identifier = Dataset()
        identifier.QueryRetrieveLevel = "STUDY"
        identifier.PatientID = ""
        association = AE("ASKS")
        association.add_requested_context(STUDY_ROOT, EXPLICIT)
        established = association.associate("127.0.0.1", door.port)
        answers = [answer for _, answer in established.send_c_find(identifier, STUDY_ROOT) if answer]
        assert answers == []
        time.sleep(0.2)
        assert established.is_aborted
        with asking_as(door, "FRIEND"):
            pass


@contextlib.contextmanager
def asking_as(door: Door, aet: str) -> Iterator[None]:
    """A known modality may ask."""
    door.modalities["friend"] = Modality("friend", aet, "127.0.0.1", 104)
    assert ask(door, "STUDY", aet=aet, PatientID="P2")[0] == 0
    yield


def test_findscu_of_dcmtk_and_of_pynetdicom_are_answered(road: Door) -> None:
    keys = ("-k", "QueryRetrieveLevel=STUDY", "-k", "PatientName=SMITH*", "-k", "StudyDescription")
    printed = run("findscu", "-S", *keys, "127.0.0.1", road.port)
    assert printed.count("StudyDescription") - printed.count("LO (no value available)") >= 3

    printed = run(sys.executable, "-m", "pynetdicom", "findscu", "-S", *keys, "127.0.0.1", road.port)
    assert "MR Head" in printed


def test_findscu_can_cancel(road: Door) -> None:
    run("findscu", "-S", "--cancel", 1, "-k", "QueryRetrieveLevel=STUDY", "-k", "PatientID", "127.0.0.1", road.port)


@pytest.mark.parametrize("data", [b"x", b"\x08\x00\x52\x00\xff\xff\xff\x7f", b"\xff" * 100])
def test_an_identifier_that_is_no_data_set_cannot_be_answered(door: Door, data: bytes) -> None:
    with RawPeer(door.port) as peer:
        peer.associate()
        peer.send_pdata(pdv(5, 3, find_rq()), pdv(5, 2, data))
        assert peer.read_status() == 0xC000
        peer.echo()
        peer.release()


def implicit(tag: int, value: str) -> bytes:
    raw = value.encode()
    raw += b" " * (len(raw) % 2)
    return struct.pack("<HHL", tag >> 16, tag & 0xFFFF, len(raw)) + raw


def test_a_cancel_between_answers_ends_them(door: Door, archive: Archive, ingest: Ingest) -> None:
    for number in range(900):
        keep(archive, ingest, make_instance("SR", patient_id=f"MANY{number}", study=number))
    with RawPeer(door.port) as peer:
        peer.socket.setsockopt(1, 8, 2048)  # a small receive buffer: the answers wait for us
        peer.associate()
        asked = implicit(0x00080052, "IMAGE") + implicit(0x00100020, "MANY*")
        asked += b"".join(implicit(tag, "") for tag in (0x00080018, 0x0020000D, 0x0020000E, 0x00081030))
        peer.send_pdata(pdv(5, 3, find_rq(7)), pdv(5, 2, asked))
        peer.send_pdata(pdv(5, 3, cancel_rq(7)))

        pending = 0
        while (status := peer.read_status()) == 0xFF00:
            pending += 1
            peer.read()
        assert status == 0xFE00
        assert pending < 900
        peer.echo()
        peer.release()


def test_another_request_before_the_answer_is_complete_aborts(door: Door, archive: Archive, ingest: Ingest) -> None:
    for number in range(900):
        keep(archive, ingest, make_instance("SR", patient_id=f"MANY{number}", study=number))
    with RawPeer(door.port) as peer:
        peer.socket.setsockopt(1, 8, 2048)
        peer.associate()
        asked = implicit(0x00080052, "IMAGE") + implicit(0x00100020, "MANY*") + implicit(0x0020000D, "")
        peer.send_pdata(pdv(5, 3, find_rq(7)), pdv(5, 2, asked))
        peer.send_pdata(pdv(1, 3, echo_rq(8)))

        assert peer.read_abort() == (0, 0)


def test_only_so_many_questions_are_answered_at_once(open_door: OpenDoor) -> None:
    door = open_door(concurrent_commands=1, idle_seconds=0.5)
    assert door.server._house.slots.acquire()  # somebody else is busy
    try:
        assert ask(door, "STUDY", PatientID="")[0] == 0xA700
    finally:
        door.server._house.slots.release()
    assert ask(door, "STUDY", PatientID="")[0] == 0


def test_questions_of_many_peers_at_once_are_all_answered(door: Door) -> None:
    outcomes: list[int] = []
    threads = [
        threading.Thread(target=lambda: outcomes.append(len(ask(door, "STUDY", PatientID="P1")[1]))) for _ in range(12)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert outcomes == [2] * 12
