"""ZIP archives of resources (S16)."""

import hashlib
import io
import json
import zipfile
from pathlib import Path

import pytest

from pacsberry.http.settings import HttpSettings
from tests.http.live import Live, live_server
from tests.http.raw import head, wire
from tests.http.test_channel import eventually
from tests.makers.instances import make_instance
from tests.makers.syntaxes import EXPLICIT


def unpacked(data: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        assert archive.testzip() is None
        return {name: archive.read(name) for name in archive.namelist()}


def fill(server: Live) -> tuple[dict[str, str], list[bytes]]:
    """Two series of two images each; the ids of the first image and of what is above it, and all files."""
    files = [make_instance("CT", patient_id="P1", series=s, instance=i) for s in (1, 2) for i in (1, 2)]
    told = [server.upload(data) for data in files]
    return told[0], files


def test_a_study_is_packed_with_all_its_files(server: Live) -> None:
    ids, files = fill(server)

    answer = server.get(f"/studies/{ids['ParentStudy']}/archive")

    assert answer.headers["content-type"] == "application/zip"
    assert answer.headers["content-disposition"] == f'attachment; filename="{ids["ParentStudy"]}.zip"'
    members = unpacked(answer.body)
    assert sorted(members.values()) == sorted(files)
    assert {name.count("/") for name in members} == {3}
    assert {name.split("/")[0] for name in members} == {"P1 - Test Patient"}
    assert {name.rsplit("/", 1)[1] for name in members} == {"CT000001.dcm", "CT000002.dcm"}


@pytest.mark.parametrize(
    ("level", "parent", "count"), [("patients", "ParentPatient", 4), ("series", "ParentSeries", 2)]
)
def test_patients_and_series_are_packed_likewise(server: Live, level: str, parent: str, count: int) -> None:
    ids, _ = fill(server)

    assert len(unpacked(server.get(f"/{level}/{ids[parent]}/archive").body)) == count
    assert len(unpacked(server.post(f"/{level}/{ids[parent]}/archive", {}).body)) == count
    assert len(unpacked(server.post(f"/{level}/{ids[parent]}/archive", b"").body)) == count


def test_what_is_not_there_is_404(server: Live) -> None:
    assert server.get("/studies/nothing/archive").status == 404
    assert server.post("/series/nothing/archive", {}).status == 404
    assert server.post("/tools/create-archive", ["nothing"]).status == 404
    assert server.get("/tools/create-archive?resources=nothing").status == 404


def test_resources_of_all_levels_are_packed_together_and_each_file_once(server: Live) -> None:
    ids, files = fill(server)
    other = server.upload(make_instance("MR", patient_id="P2"))

    only = unpacked(server.post("/tools/create-archive", [ids["ID"]]).body)
    both = unpacked(server.post("/tools/create-archive", {"Resources": [ids["ID"], other["ParentPatient"]]}).body)
    overlapping = unpacked(
        server.get(f"/tools/create-archive?resources={ids['ID']},{ids['ParentSeries']},{ids['ParentStudy']}").body
    )

    assert list(only.values()) == [files[0]]
    assert len(both) == 2
    assert sorted(overlapping.values()) == sorted(files)


def test_the_archive_has_the_name_asked_for(server: Live) -> None:
    ids, _ = fill(server)
    study = ids["ParentStudy"]

    asked = server.get(f"/studies/{study}/archive?filename=My%20st%C3%BCdy.zip").headers["content-disposition"]
    posted = server.post(f"/studies/{study}/archive", {"Filename": 'a"b\r\nc.zip'}).headers["content-disposition"]

    assert asked == "attachment; filename=\"My st_dy.zip\"; filename*=UTF-8''My%20st%C3%BCdy.zip"
    assert "\r" not in posted
    assert 'filename="a_b__c.zip"' in posted


@pytest.mark.parametrize(
    "body",
    [
        {"Asynchronous": True},
        {"Synchronous": False},
        {"Transcode": "1.2.3"},
        {"Transcode": 5},
        {"LossyQuality": 0},
        {"LossyQuality": 101},
        {"LossyQuality": True},
        {"LossyQuality": "best"},
        {"Asynchronous": "perhaps"},
        {"Filename": 5},
        {"Utf8": 7},
    ],
)
def test_what_cannot_be_done_is_told(server: Live, body: dict[str, object]) -> None:
    ids, _ = fill(server)

    answer = server.post(f"/studies/{ids['ParentStudy']}/archive", body)

    assert answer.status == 400
    assert json.loads(answer.body)["Details"]


@pytest.mark.parametrize("body", [{}, [], [5], {"Resources": "x"}, "text", {"Resources": []}])
def test_a_list_of_resources_is_needed(server: Live, body: object) -> None:
    assert server.post("/tools/create-archive", json.dumps(body)).status == 400


def test_folders_of_one_name_are_kept_apart(server: Live) -> None:
    same = {"SeriesDescription": "axial", "SeriesNumber": "7"}
    ids = server.upload(make_instance("CT", series=1, tags=same))
    server.upload(make_instance("CT", series=2, tags=same))
    server.upload(make_instance("CT", series=2, instance=2, tags={**same, "InstanceNumber": "1"}))

    members = unpacked(server.get(f"/studies/{ids['ParentStudy']}/archive").body)

    assert len(members) == 3


def test_hostile_names_do_not_leave_the_archive(server: Live) -> None:
    ids = server.upload(
        make_instance("CT", patient_id="../../x", patient_name="..\\..^C:", tags={"StudyDescription": "/etc"})
    )

    (name,) = unpacked(server.get(f"/studies/{ids['ParentStudy']}/archive").body)

    assert name.count("/") == 3
    assert not set(name.split("/")) & {"", ".", ".."}
    assert "\\" not in name


def test_names_keep_their_letters_when_that_is_asked_for(server: Live) -> None:
    ids = server.upload(make_instance("CT", patient_name="Müller^Änne", charset="ISO_IR 192"))
    study = ids["ParentStudy"]

    (plain,) = unpacked(server.get(f"/studies/{study}/archive").body)
    (full,) = unpacked(server.post(f"/studies/{study}/archive", {"Utf8": True}).body)

    assert "Muller Anne" in plain
    assert "Müller Änne" in full


def test_files_of_compressed_syntaxes_are_stored(server: Live) -> None:
    jpeg = make_instance("CT", transfer_syntax="1.2.840.10008.1.2.4.50", instance=1)
    plain = make_instance("CT", transfer_syntax=EXPLICIT, instance=2)
    ids = server.upload(jpeg)
    server.upload(plain)

    data = server.get(f"/studies/{ids['ParentStudy']}/archive").body

    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        assert sorted(one.compress_type for one in archive.infolist()) == [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED]


def test_a_study_deleted_during_its_download_ends_in_a_whole_archive(server: Live) -> None:
    ids, _ = fill(server)
    study = ids["ParentStudy"]
    plan = server.get(f"/studies/{study}/archive")
    assert plan.status == 200

    server.delete(f"/studies/{study}")

    assert server.get(f"/studies/{study}/archive").status == 404


def test_a_download_that_is_broken_off_frees_everything(tmp_path: Path) -> None:
    settings = HttpSettings(port=0, addresses=("127.0.0.1",), archive_deflate_level=0, downloads=1)
    with live_server(tmp_path, settings=settings) as server:
        ids = {}
        for number in range(1, 9):
            ids = server.upload(make_instance("CT", instance=number, rows=1024, columns=1024))
        path = f"/studies/{ids['ParentStudy']}/archive"
        with wire(server.port, receive_buffer=4096) as client:
            client.send(head("GET", path))
            client.receive_head()
            assert server.get(path).status == 503

        assert eventually(lambda: server.get(path).status == 200)


def test_level_and_storing_are_settings(tmp_path: Path) -> None:
    sizes = []
    for level in (0, 1):
        settings = HttpSettings(port=0, addresses=("127.0.0.1",), archive_deflate_level=level)
        with live_server(tmp_path / str(level), settings=settings) as server:
            data = make_instance("CT", rows=256, columns=256)
            ids = server.upload(data)
            members = unpacked(archive := server.get(f"/studies/{ids['ParentStudy']}/archive").body)
            assert [hashlib.sha256(one).digest() for one in members.values()] == [hashlib.sha256(data).digest()]
            sizes.append(len(archive))

    assert sizes[0] > sizes[1]
