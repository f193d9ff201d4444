"""Tags of an instance, of a module, and of many instances; the order of slices."""

from pathlib import Path

import pytest

from pacsberry.model import Level
from tests.http.live import Live, live_server
from tests.makers import make_instance, make_study


def test_tags_are_told_in_full_unless_asked_otherwise(server: Live) -> None:
    place = f"/instances/{server.upload(make_instance('CT', patient_name='Müller^Jörg'))['ID']}"

    full = server.get(f"{place}/tags").json
    assert full["0010,0010"] == {"Name": "PatientName", "Type": "String", "Value": "Müller^Jörg"}
    assert server.get(f"{place}/tags?short").json["0010,0010"] == "Müller^Jörg"
    simple = server.get(f"{place}/tags?simplify=true").json
    assert simple["PatientName"] == "Müller^Jörg"
    assert server.get(f"{place}/simplified-tags").json == simple
    assert "7fe0,0010" not in full


def test_long_values_are_left_out_unless_asked_for(server: Live) -> None:
    instance = server.upload(make_instance("CT", tags={"ImageComments": "x" * 300, "PatientComments": "y" * 300}))["ID"]
    place = f"/instances/{instance}"

    assert server.get(f"{place}/tags").json["0020,4000"] == {"Name": "ImageComments", "Type": "TooLong", "Value": None}
    asked = server.get(f"{place}/simplified-tags?ignore-length=ImageComments,0010-4000").json
    assert (len(asked["ImageComments"]), len(asked["PatientComments"])) == (300, 300)
    assert server.get(f"{place}/tags?ignore-length=NoSuchTag").status == 400


def test_what_follows_the_pixels_is_told_on_demand(server: Live) -> None:
    place = f"/instances/{server.upload(make_instance('CT'))['ID']}/tags"

    assert server.get(f"{place}?whole&short").json["7fe0,0010"] is None
    assert "7fe0,0010" not in server.get(f"{place}?whole=false&short").json


def test_the_header_is_the_file_meta_information(server: Live) -> None:
    place = f"/instances/{server.upload(make_instance('CT'))['ID']}/header"

    assert server.get(f"{place}?simplify").json["TransferSyntaxUID"] == "1.2.840.10008.1.2.1"
    assert server.get(f"{place}?short").json["0002,0010"] == "1.2.840.10008.1.2.1"
    assert all(tag.startswith("0002,") for tag in server.get(place).json)


def test_each_level_has_its_module(server: Live) -> None:
    told = server.upload(make_instance("CT"))

    modules = {
        level: set(server.get(f"/{level}/{told[key]}/module?simplify").json)
        for level, key in (
            ("patients", "ParentPatient"),
            ("studies", "ParentStudy"),
            ("series", "ParentSeries"),
            ("instances", "ID"),
        )
    }

    assert modules["patients"] == {"PatientID", "PatientName", "PatientBirthDate", "PatientSex"}
    assert {"StudyInstanceUID", "StudyDate", "AccessionNumber"} <= modules["studies"]
    assert {"SeriesInstanceUID", "Modality"} <= modules["series"]
    assert {"SOPInstanceUID", "SOPClassUID", "InstanceNumber", "SpecificCharacterSet"} <= modules["instances"]
    patient = server.get(f"/studies/{told['ParentStudy']}/module-patient?simplify").json
    assert set(patient) == modules["patients"]


def test_shared_tags_have_one_value_everywhere(server: Live) -> None:
    for data in make_study(series={"CT": 3}):
        told = server.upload(data)

    series = server.get(f"/series/{told['ParentSeries']}/shared-tags?simplify").json

    assert series["Modality"] == "CT"
    assert series["SeriesDescription"] == "Series 1"
    assert not {"SOPInstanceUID", "InstanceNumber", "ImagePositionPatient"} & set(series)
    server.upload(make_instance("MR", instance=1, series=2))
    patient = server.get(f"/patients/{told['ParentPatient']}/shared-tags").json
    assert patient["0010,0020"] == {"Name": "PatientID", "Type": "String", "Value": "PATIENT-1"}
    assert "0008,0060" not in patient
    short = server.get(f"/studies/{told['ParentStudy']}/shared-tags?short").json
    assert short == {tag: value["Value"] for tag, value in patient.items()}


def test_the_tags_of_all_instances_are_told_by_instance(server: Live) -> None:
    ids = [server.upload(data)["ID"] for data in make_study(series={"CT": 2, "SR": 1})]
    study = server.get("/studies").json[0]

    told = server.get(f"/studies/{study}/instances-tags?simplify").json

    assert set(told) == set(ids)
    assert all(told[id] == server.get(f"/instances/{id}/simplified-tags").json for id in ids)


def test_the_tags_of_many_instances_arrive_in_pieces(tmp_path: Path) -> None:
    with live_server(tmp_path) as server:
        for number in range(80):
            told = server.upload(make_instance("CT", instance=number + 1, rows=2, columns=2))

        answer = server.get(f"/series/{told['ParentSeries']}/instances-tags")

        assert answer.headers["transfer-encoding"] == "chunked"
        assert len(answer.json) == 80


def test_one_broken_file_does_not_spoil_the_tags_of_the_others(server: Live) -> None:
    first = server.upload(make_instance("CT", instance=1))
    second = server.upload(make_instance("CT", instance=2))
    path = next(
        server.archive.files.path(one.file)
        for one in server.archive.resources.instance_files(Level.SERIES, first["ParentSeries"])
        if one.id == first["ID"]
    )
    path.write_bytes(b"broken")

    assert list(server.get(f"/series/{first['ParentSeries']}/instances-tags").json) == [second["ID"]]
    assert server.get(f"/instances/{first['ID']}/tags").status == 500


AXIAL, SAGITTAL = ["1", "0", "0", "0", "1", "0"], ["0", "1", "0", "0", "0", "-1"]


@pytest.mark.parametrize(
    ("heights", "orientation", "kind", "order"),
    [
        ([10, 5, 0], AXIAL, "Volume", [2, 1, 0]),
        ([0, 5, 10], AXIAL, "Volume", [0, 1, 2]),
        ([10, 10, 0], AXIAL, "Sequence", [0, 1, 2]),
        ([10, 5, 0], SAGITTAL, "Sequence", [0, 1, 2]),
    ],
)
def test_slices_come_in_the_order_of_space(
    server: Live, heights: list[int], orientation: list[str], kind: str, order: list[int]
) -> None:
    ids = []
    for number, height in enumerate(heights, start=1):
        tags = {"ImagePositionPatient": ["0", "0", str(height)], "ImageOrientationPatient": orientation}
        told = server.upload(make_instance("CT", instance=number, tags=tags))
        ids.append(told["ID"])

    found = server.get(f"/series/{told['ParentSeries']}/ordered-slices").json

    assert found == {
        "Type": kind,
        "Dicom": [f"/instances/{ids[at]}/file" for at in order],
        "Slices": [f"/instances/{ids[at]}/frames/0" for at in order],
        "SlicesShort": [[ids[at], 0, 1] for at in order],
    }


def test_a_forged_number_of_frames_does_not_fill_memory(server: Live) -> None:
    told = server.upload(make_instance("US-loop", tags={"NumberOfFrames": "2000000000"}))

    assert server.get(f"/series/{told['ParentSeries']}/ordered-slices").status == 413
