"""Lists, descriptions, children, ancestors, statistics and removal."""

import json
from pathlib import Path

import pytest

from tests.http.live import Live, live_server
from tests.makers import make_instance, make_study

LEVELS = ("patients", "studies", "series", "instances")


def _fill(server: Live) -> dict[str, list[str]]:
    """Three patients, the first with a study of two series, five instances; identifiers by level, as they arrived."""
    for data in make_study(patient_id="P1", series={"CT": 3, "MR": 2}):
        server.upload(data)
    for patient in ("P2", "P3"):
        server.upload(make_instance("CT", patient_id=patient))
    return {level: server.get(f"/{level}").json for level in LEVELS}


def test_an_empty_archive_lists_nothing(server: Live) -> None:
    for level in LEVELS:
        assert server.get(f"/{level}").json == []
        assert server.get(f"/{level}?expand").json == []


@pytest.mark.parametrize("level", LEVELS)
def test_a_list_expands_to_what_each_resource_says_of_itself(server: Live, level: str) -> None:
    ids = _fill(server)[level]

    expected = [server.get(f"/{level}/{id}").json for id in ids]

    for flag in ("expand", "expand=", "expand=true", "expand=1"):
        assert server.get(f"/{level}?{flag}").json == expected
    for flag in ("", "expand=false", "expand=0"):
        assert server.get(f"/{level}?{flag}").json == ids


def test_a_page_needs_both_ends(server: Live) -> None:
    patients = _fill(server)["patients"]

    assert server.get("/patients?since=1&limit=1").json == patients[1:2]
    assert server.get("/patients?since=1&limit=0").json == patients[1:]
    assert server.get("/patients?since=7&limit=5").json == []
    assert [one["ID"] for one in server.get("/patients?since=1&limit=2&expand").json] == patients[1:]
    assert [one["ID"] for one in server.get("/patients?since=1&limit=2&expand&short").json] == patients[1:]
    for arguments in ("since=1", "limit=1", "since=-1&limit=1", "since=x&limit=1", f"since={'9' * 40}&limit=1"):
        assert server.get(f"/patients?{arguments}").status == 400


@pytest.mark.parametrize(
    ("form", "name", "value"),
    [
        ("", "PatientID", "P1"),
        ("?simplify", "PatientID", "P1"),
        ("?short", "0010,0020", "P1"),
        ("?full=0", "0010,0020", {"Name": "PatientID", "Type": "String", "Value": "P1"}),
    ],
)
def test_tags_are_told_in_three_forms(server: Live, form: str, name: str, value: object) -> None:
    ids = _fill(server)

    assert server.get(f"/patients/{ids['patients'][0]}{form}").json["MainDicomTags"][name] == value
    assert server.get(f"/studies/{ids['studies'][0]}{form}").json["PatientMainDicomTags"][name] == value


def test_response_content_chooses_the_parts_and_expands(server: Live) -> None:
    series = _fill(server)["series"][0]

    told = server.get("/series?response-content=Parent;Status&since=0&limit=1").json

    assert told[0] == {
        "ID": series,
        "Type": "Series",
        "ParentStudy": server.get(f"/series/{series}").json["ParentStudy"],
        "Status": "Unknown",
    }
    assert "Metadata" in server.get(f"/series/{series}?response-content=Metadata").json
    assert server.get("/series?response-content=Weather").status == 400


def test_requested_tags_come_from_the_index_and_from_the_file(server: Live) -> None:
    instance = _fill(server)["instances"][0]

    told = server.get(f"/instances/{instance}?requested-tags=PatientID;0028,0010;00080060;PatientAge").json

    assert told["RequestedTags"] == {"PatientID": "P1", "Rows": "16", "Modality": "CT"}
    assert "RequestedTags" not in server.get(f"/instances/{instance}").json
    assert server.get("/instances?expand&requested-tags=Rows").json[0]["RequestedTags"] == {"Rows": "16"}
    assert server.get(f"/instances/{instance}?requested-tags=NoSuchTag").status == 400


def test_children_are_described_unless_they_are_not_to_be(server: Live) -> None:
    ids = _fill(server)
    patient, study = ids["patients"][0], ids["studies"][0]

    described = server.get(f"/patients/{patient}/instances").json

    assert [one["Type"] for one in described] == ["Instance"] * 5
    assert [one["ID"] for one in described] == sorted(ids["instances"][:5])
    assert server.get(f"/patients/{patient}/instances?expand=false").json == sorted(ids["instances"][:5])
    assert server.get(f"/patients/{patient}/series?expand=false").json == sorted(ids["series"][:2])
    assert server.get(f"/patients/{patient}/studies?expand=false").json == [study]
    assert server.get(f"/studies/{study}/series?short").json[0]["MainDicomTags"]["0008,0060"] in ("CT", "MR")
    assert len(server.get(f"/series/{ids['series'][0]}/instances").json) == 3


def test_nobody_has_children_of_a_higher_level(server: Live) -> None:
    study = _fill(server)["studies"][0]

    assert server.get(f"/studies/{study}/patients").status == 404
    assert server.get(f"/studies/{study}/studies").status == 404


def test_ancestors_are_described(server: Live) -> None:
    ids = _fill(server)
    instance = ids["instances"][0]

    for level, word in (("patients", "patient"), ("studies", "study"), ("series", "series")):
        assert server.get(f"/instances/{instance}/{word}").json == server.get(f"/{level}/{ids[level][0]}").json
    assert server.get(f"/series/{ids['series'][0]}/study?short").json["MainDicomTags"]["0008,0050"] == "ACC00001"
    assert server.get(f"/series/{ids['series'][0]}/patient").json["ID"] == ids["patients"][0]
    assert server.get(f"/studies/{ids['studies'][0]}/patient").json["ID"] == ids["patients"][0]


def test_statistics_add_up_what_is_below(server: Live) -> None:
    ids = _fill(server)

    told = server.get(f"/patients/{ids['patients'][0]}/statistics").json

    assert [told[f"Count{name}"] for name in ("Studies", "Series", "Instances")] == [1, 2, 5]
    sizes = [server.get(f"/instances/{id}/statistics").json["DicomDiskSize"] for id in ids["instances"][:5]]
    assert int(told["DicomDiskSize"]) == sum(map(int, sizes))


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("route", ["", "/statistics", "/metadata", "/attachments", "/labels", "/module"])
def test_an_unknown_resource_is_not_found(server: Live, level: str, route: str) -> None:
    assert server.get(f"/{level}/nobody{route}").status == 404
    assert server.get(f"/{level}/%27%20OR%201=1--{route}").status == 404


@pytest.mark.parametrize("route", ["studies", "series", "instances?expand=false", "shared-tags", "instances-tags"])
def test_what_is_below_an_unknown_resource_is_not_found(server: Live, route: str) -> None:
    answer = server.get(f"/patients/nobody/{route}")

    assert answer.status == 404
    assert json.loads(answer.body)["OrthancStatus"] == 17


def test_deleting_names_the_closest_ancestor_left(server: Live) -> None:
    ids = _fill(server)
    series, other = ids["series"][:2]

    for instance in server.get(f"/series/{series}").json["Instances"][:2]:
        told = server.delete(f"/instances/{instance}").json
        assert told == {"RemainingAncestor": {"ID": series, "Path": f"/series/{series}", "Type": "Series"}}
    last = server.get(f"/series/{series}").json["Instances"][0]
    assert server.delete(f"/instances/{last}").json["RemainingAncestor"]["Type"] == "Study"
    assert server.get(f"/series/{series}").status == 404
    assert server.delete(f"/series/{other}").json == {"RemainingAncestor": None}
    assert server.get("/patients").json == ids["patients"][1:]
    assert server.delete(f"/series/{other}").status == 404


def test_a_list_told_with_tags_of_the_files_is_not_held_in_memory(tmp_path: Path) -> None:
    """The first resources arrive before the last is described: the answer is chunked."""
    with live_server(tmp_path) as server:
        for number in range(150):
            server.upload(make_instance("CT", patient_id=f"P{number}", rows=2, columns=2))

        answer = server.get("/instances?expand&full&requested-tags=Rows")

        assert len(answer.json) == 150
        assert answer.headers.get("transfer-encoding") == "chunked"
        assert server.get("/patients?expand").json == [
            server.get(f"/patients/{id}").json for id in server.get("/patients").json
        ]
