"""STOW-RS: what is stored, what is told of it, and what is refused."""

from io import BytesIO
from xml.etree import ElementTree

import pydicom
import pytest

from tests.http.dicomweb.aids import XML, path_of
from tests.http.dicomweb.storing_aids import (
    BOUNDARY,
    CLASS,
    COMMENT,
    FAILED,
    INSTANCE,
    OTHERS,
    REASON,
    REFERENCED,
    STUDY,
    TYPE,
    URL,
    items,
    multipart,
    report,
    store,
    stored_files,
    uid_of,
)
from tests.http.live import Live, spool_files, wait_until_spool_holds
from tests.makers import DEFLATED, bare, make_dataset, make_instance


def test_a_study_is_stored_and_each_instance_is_told_where_it_is(server: Live) -> None:
    reply = store(server, multipart(*STUDY))

    assert reply.status == 200
    told = report(reply)
    assert told.keys() == {URL, REFERENCED}
    assert told[URL]["Value"] == [server.url + path_of(STUDY[0]).partition("/series/")[0]]
    assert [item[INSTANCE] for item in items(told, REFERENCED)] == [uid_of(data) for data in STUDY]
    for data, item in zip(STUDY, items(told, REFERENCED), strict=True):
        assert item[URL] == server.url + path_of(data)
        assert item[CLASS] == pydicom.dcmread(BytesIO(data)).SOPClassUID
        path = item[URL].removeprefix(server.url)
        assert server.get(path, {"Accept": "application/dicom"}).body == data
    assert spool_files(server) == []


def test_the_report_can_be_had_as_xml(server: Live) -> None:
    reply = store(server, multipart(STUDY[0], b"no DICOM"), accept=XML)

    assert (reply.status, reply.headers["content-type"]) == (202, XML)
    space = "{http://dicom.nema.org/PS3.19/models/NativeDICOM}"
    found = {one.get("keyword"): one for one in ElementTree.fromstring(reply.body)}  # noqa: S314  # our own answer
    assert found.keys() == {"RetrieveURL", "ReferencedSOPSequence", "OtherFailuresSequence"}
    stored = found["ReferencedSOPSequence"].findall(f"{space}Item/{space}DicomAttribute/{space}Value")
    assert uid_of(STUDY[0]) in [value.text for value in stored]
    failed = found["OtherFailuresSequence"].findall(f"{space}Item/{space}DicomAttribute/{space}Value")
    assert str(0xC000) in [value.text for value in failed]


def test_what_is_there_already_is_stored_once_and_told_as_success(server: Live) -> None:
    assert store(server, multipart(STUDY[0])).status == 200

    reply = store(server, multipart(STUDY[0], STUDY[0]))

    assert reply.status == 200
    assert len(items(report(reply), REFERENCED)) == 2
    assert len(server.get("/instances").json) == 1


def test_one_that_cannot_be_stored_does_not_keep_the_others_back(server: Live) -> None:
    cut = STUDY[1][:-10]
    reply = store(server, multipart(STUDY[0], b"", b"no DICOM", cut, STUDY[2]))

    assert reply.status == 202
    told = report(reply)
    assert [item[INSTANCE] for item in items(told, REFERENCED)] == [uid_of(STUDY[0]), uid_of(STUDY[2])]
    [failed] = items(told, FAILED)
    assert (failed[INSTANCE], failed[REASON]) == (uid_of(STUDY[1]), 0xC000)
    assert failed[CLASS] == pydicom.dcmread(BytesIO(STUDY[1])).SOPClassUID
    assert [item[REASON] for item in items(told, OTHERS)] == [0xC000, 0xC000]
    assert all(0 < len(item[COMMENT]) <= 64 for item in (*items(told, OTHERS), failed))
    assert stored_files(server) == {STUDY[0], STUDY[2]}
    assert spool_files(server) == []


def test_a_report_can_be_read_by_pydicom(server: Live) -> None:
    told = report(store(server, multipart(STUDY[0], STUDY[1][:-10], b"x")))

    ds = pydicom.Dataset.from_json(told)

    assert ds.ReferencedSOPSequence[0].ReferencedSOPInstanceUID == uid_of(STUDY[0])
    assert ds.FailedSOPSequence[0].FailureReason == 0xC000
    assert ds.OtherFailuresSequence[0].FailureReason == 0xC000


def test_instances_of_several_studies_have_no_address_in_common(server: Live) -> None:
    other = make_instance("CT", study=2)

    told = report(store(server, multipart(STUDY[0], other)))

    assert told[URL] == {"vr": "UR"}
    assert len(items(told, REFERENCED)) == 2


def test_only_the_study_of_the_address_is_stored(server: Live) -> None:
    other = make_instance("CT", study=2)
    study = path_of(STUDY[0]).split("/")[3]

    mixed = store(server, multipart(STUDY[0], other), f"studies/{study}")
    wrong = store(server, multipart(other), f"studies/{study}/")

    assert (mixed.status, wrong.status) == (202, 409)
    for told in (report(mixed), report(wrong)):
        [failed] = items(told, FAILED)
        assert (failed[INSTANCE], failed[REASON]) == (uid_of(other), 0xA900)
    assert stored_files(server) == {STUDY[0]}
    assert report(wrong)[URL] == {"vr": "UR"}


@pytest.mark.parametrize("newline", ["\r\n", "\n"])
def test_files_of_every_kind_are_taken_as_they_are(server: Live, newline: str) -> None:
    files = [
        make_instance("CT", instance=1, transfer_syntax=DEFLATED),
        bare(make_dataset("CT", instance=2)),
        make_instance("SR", instance=3),
        make_instance("CT", instance=4) + b"\0" * 2,
    ]
    body = multipart(*files, headers="").replace(BOUNDARY.encode() + b"\r\n", BOUNDARY.encode() + newline.encode())
    if newline == "\n":
        body = body.replace(b"\r\n--" + BOUNDARY.encode(), b"\n--" + BOUNDARY.encode())
        body = body.replace(BOUNDARY.encode() + b"\n\r\n", BOUNDARY.encode() + b"\n\n")

    reply = store(server, body)

    assert reply.status in (200, 202)
    assert {files[0], files[1], files[2]} <= stored_files(server)


@pytest.mark.parametrize(
    "kind",
    [
        f"multipart/related; boundary={BOUNDARY}",
        f"Multipart/Related; TYPE=Application/DICOM; Boundary={BOUNDARY}",
        f'multipart/related;boundary="{BOUNDARY}";type="application/dicom; transfer-syntax=1.2.840.10008.1.2.1"',
        f"multipart/related; type=application/dicom; start=<x>; boundary={BOUNDARY}; charset=utf-8",
    ],
)
def test_the_content_type_may_be_written_in_many_ways(server: Live, kind: str) -> None:
    assert store(server, multipart(STUDY[0]), kind=kind).status == 200


def test_a_single_file_may_come_alone(server: Live) -> None:
    reply = store(server, STUDY[0], kind="application/dicom")

    assert reply.status == 200
    assert [item[INSTANCE] for item in items(report(reply), REFERENCED)] == [uid_of(STUDY[0])]


@pytest.mark.parametrize(
    ("kind", "body", "status"),
    [
        (TYPE, b"", 400),
        (TYPE, multipart(), 400),
        (TYPE, b"no boundary anywhere", 400),
        (TYPE, multipart(STUDY[0])[:-30], 400),
        (TYPE, multipart(STUDY[0]).replace(b"Content-Type: ", b"Content-Type"), 400),
        (TYPE, multipart(STUDY[0], headers="X: " + "y" * 20000 + "\r\n"), 400),
        (TYPE, b"x" * 100_000 + b"\r\n" + multipart(STUDY[0]), 400),
        ("multipart/related; type=application/dicom", multipart(STUDY[0]), 400),
        ("multipart/related; type=application/dicom; boundary=", multipart(STUDY[0]), 400),
        ("multipart/related; type=application/dicom; boundary=other", multipart(STUDY[0]), 400),
        (f"multipart/related; type=application/dicom; boundary={'x' * 500}", multipart(STUDY[0]), 400),
        (f"multipart/related; type=text/html; boundary={BOUNDARY}", multipart(STUDY[0]), 415),
        (f"multipart/form-data; boundary={BOUNDARY}", multipart(STUDY[0]), 415),
        (f"multipart/mixed; boundary={BOUNDARY}", multipart(STUDY[0]), 415),
        ("application/json", b"{}", 415),
        ("", multipart(STUDY[0]), 415),
        (TYPE, multipart(b"no DICOM"), 409),
        (TYPE, multipart(b"", b""), 409),
        (TYPE, multipart(STUDY[0], headers="Content-Type: image/jpeg\r\n"), 415),
        (TYPE, multipart(STUDY[0], headers="Content-Type: multipart/mixed; boundary=x\r\n"), 415),
        (TYPE, multipart(STUDY[0], headers="Content-Transfer-Encoding: base64\r\n"), 415),
    ],
    ids=lambda value: repr(value)[:60],
)
def test_what_cannot_be_stored_at_all_has_its_status_and_leaves_nothing(
    server: Live, kind: str, body: bytes, status: int
) -> None:
    reply = store(server, body, kind=kind)

    assert reply.status == status, reply.text
    assert server.get("/instances").json == []
    assert wait_until_spool_holds(server, 0) == []


def test_nothing_is_stored_for_who_would_not_take_the_report(server: Live) -> None:
    assert store(server, multipart(STUDY[0]), accept="image/png").status == 406
    assert server.get("/instances").json == []


def test_a_body_that_is_packed_is_refused(server: Live) -> None:
    headers = {"Content-Type": TYPE, "Content-Encoding": "gzip"}

    assert server.post("/dicom-web/studies", multipart(STUDY[0]), headers).status == 415


def test_what_was_stored_before_a_body_breaks_is_told(server: Live) -> None:
    whole = multipart(*STUDY[:3])
    broken = whole[: whole.rindex(b"--" + BOUNDARY.encode()) - 20]

    reply = store(server, broken)

    assert reply.status == 202
    told = report(reply)
    assert [item[INSTANCE] for item in items(told, REFERENCED)] == [uid_of(STUDY[0]), uid_of(STUDY[1])]
    assert [item[INSTANCE] for item in items(told, FAILED)] == [uid_of(STUDY[2])]
    assert stored_files(server) == set(STUDY[:2])


def test_a_wrong_method_and_a_wrong_path_are_told(server: Live) -> None:
    assert server.put("/dicom-web/studies", multipart(STUDY[0]), {"Content-Type": TYPE}).status == 405
    assert server.post("/dicom-web/series", multipart(STUDY[0]), {"Content-Type": TYPE}).status == 405
    assert server.post("/dicom-web/studies/1/series", multipart(STUDY[0]), {"Content-Type": TYPE}).status == 405
