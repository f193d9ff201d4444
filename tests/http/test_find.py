"""Search, count, description and removal of many resources."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pacsberry.archive import StorageAccess
from pacsberry.archive.queries import FindLimits
from tests.http.live import Live, live_server
from tests.makers import make_instance, make_study


@pytest.fixture
def ids(server: Live) -> dict[str, str]:
    """Three studies: of Anna a CT, of Bert a CT and an MR in one, of Cleo a CT of another year."""
    found = {}
    for name, series, date in (
        ("ANNA", {"CT": 2}, "20260105"),
        ("BERT", {"CT": 1, "MR": 1}, "20260207"),
        ("CLEO", {"CT": 1}, "20251231"),
    ):
        for data in make_study(patient_id=name, patient_name=f"{name}^Test", series=series, tags={"StudyDate": date}):
            told = server.upload(data)
        found[name] = told["ParentStudy"]
    return found


def _find(server: Live, **body: object) -> Any:
    return server.post("/tools/find", {"Level": "Study", "Query": {}, **body}).json


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ({}, "ANNA BERT CLEO"),
        ({"PatientID": "anna"}, "ANNA"),
        ({"PatientName": "*e*^test"}, "BERT CLEO"),
        ({"PatientID": "ANNA\\CLEO"}, "ANNA CLEO"),
        ({"StudyDate": "20260101-20261231"}, "ANNA BERT"),
        ({"StudyDate": "-20260105"}, "ANNA CLEO"),
        ({"ModalitiesInStudy": "MR"}, "BERT"),
        ({"0010-0020": "BERT", "0008,0061": "CT", "00080050": ""}, "BERT"),
        ({"PatientID": "%"}, ""),
        ({"PatientID": "' OR 1=1 --"}, ""),
    ],
)
def test_a_query_finds_the_studies_that_fulfil_it(
    server: Live, ids: dict[str, str], query: dict[str, str], names: str
) -> None:
    found = _find(server, Query=query)

    assert sorted(found) == sorted(ids[name] for name in names.split())
    assert server.post("/tools/count-resources", {"Level": "Study", "Query": query}).json == {"Count": len(found)}


@pytest.mark.parametrize("level", ["Patient", "patients", "STUDY", "Studies", "series", "Instance", "Image", "images"])
def test_levels_are_named_as_orthanc_names_them(server: Live, ids: dict[str, str], level: str) -> None:
    assert len(_find(server, Level=level)) == {"p": 3, "s": 3, "i": 5}[level[0].lower()] + ("er" in level.lower())


def test_found_resources_are_described_on_demand(server: Live, ids: dict[str, str]) -> None:
    described = _find(server, Query={"PatientID": "ANNA"}, Expand=True)

    assert described == [server.get(f"/studies/{ids['ANNA']}").json]
    told = _find(server, Query={"PatientID": "ANNA"}, ResponseContent=["Labels"], RequestedTags=["StudyDate"])
    assert told == [{"ID": ids["ANNA"], "Type": "Study", "Labels": [], "RequestedTags": {"StudyDate": "20260105"}}]
    short = _find(server, Query={"PatientID": "ANNA"}, Expand=1, Short=True)
    assert short[0]["MainDicomTags"]["0008,0020"] == "20260105"
    assert _find(server, Query={"PatientID": "ANNA"}, Expand=False) == [ids["ANNA"]]


def test_pages_follow_one_another_until_an_empty_one(server: Live, ids: dict[str, str]) -> None:
    pages = [_find(server, Limit=2, Since=since) for since in (0, 2, 4)]

    assert [len(page) for page in pages] == [2, 1, 0]
    assert sorted(pages[0] + pages[1]) == sorted(ids.values())
    assert len(_find(server, Limit=0)) == 3
    assert len(_find(server, Limit=2**62)) == 3


def test_a_limit_of_the_configuration_is_applied_silently(tmp_path: Path) -> None:
    with live_server(tmp_path, find_limits=FindLimits(results=2, instances=1)) as server:
        for patient in "ABC":
            server.upload(make_instance("CT", patient_id=patient))

        assert len(_find(server, Limit=1000)) == 2
        assert len(_find(server, Level="Instance")) == 1
        assert server.post("/tools/count-resources", {"Level": "Study", "Query": {}}).json == {"Count": 3}


@pytest.mark.parametrize(
    ("order", "names"),
    [
        ([{"Type": "DicomTag", "Key": "StudyDate", "Direction": "ASC"}], "CLEO ANNA BERT"),
        ([{"Type": "DicomTag", "Key": "0010,0020", "Direction": "DESC"}], "CLEO BERT ANNA"),
        ([{"Type": "Metadata", "Key": "grade", "Direction": "ASC"}], "BERT CLEO ANNA"),
    ],
)
def test_answers_come_in_the_order_asked_for(tmp_path: Path, order: list[dict[str, str]], names: str) -> None:
    with live_server(tmp_path, user_metadata={"grade": 1030}) as server:
        for name, date, grade in (("ANNA", "20260105", "3"), ("BERT", "20260207", "1"), ("CLEO", "20251231", "2")):
            told = server.upload(make_instance("CT", patient_id=name, tags={"StudyDate": date}))
            server.put(f"/studies/{told['ParentStudy']}/metadata/grade", grade)

        found = _find(server, OrderBy=order, Expand=True)

    assert [one["PatientMainDicomTags"]["PatientID"] for one in found] == names.split()


@pytest.mark.parametrize(
    ("labels", "constraint", "names"),
    [
        (["exam"], "All", "ANNA BERT"),
        (["exam", "hard"], "All", "BERT"),
        (["exam", "hard"], "Any", "ANNA BERT"),
        (["exam"], "None", "CLEO"),
    ],
)
def test_labels_narrow_a_search(
    server: Live, ids: dict[str, str], labels: list[str], constraint: str, names: str
) -> None:
    server.put(f"/studies/{ids['ANNA']}/labels/exam")
    server.put(f"/studies/{ids['BERT']}/labels/exam")
    server.put(f"/studies/{ids['BERT']}/labels/hard")

    found = _find(server, Labels=labels, LabelsConstraint=constraint)

    assert sorted(found) == sorted(ids[name] for name in names.split())


def test_metadata_and_parents_narrow_a_search(tmp_path: Path) -> None:
    with live_server(tmp_path, user_metadata={"grade": 1030}) as server:
        first = server.upload(make_instance("CT", patient_id="A"))
        second = server.upload(make_instance("CT", patient_id="B"))
        server.put(f"/studies/{first['ParentStudy']}/metadata/grade", "7th grade")

        assert _find(server, MetadataQuery={"grade": "7*"}) == [first["ParentStudy"]]
        assert _find(server, MetadataQuery={"1030": "8*"}) == []
        assert _find(server, ParentPatient=second["ParentPatient"]) == [second["ParentStudy"]]
        assert _find(server, Level="Instance", ParentSeries=second["ParentSeries"]) == [second["ID"]]
        assert _find(server, ParentPatient="nobody") == []


def test_case_matters_when_it_is_asked_to(server: Live, ids: dict[str, str]) -> None:
    assert _find(server, Query={"PatientName": "anna^TEST"}) == [ids["ANNA"]]
    assert _find(server, Query={"PatientName": "anna^TEST"}, CaseSensitive=True) == []
    body = {"Level": "Study", "Query": {}, "CaseSensitive": True}
    assert server.post("/tools/count-resources", body).status == 400


def test_tags_outside_the_index_are_read_from_files_but_not_page_by_page(tmp_path: Path) -> None:
    with live_server(tmp_path, storage_access=StorageAccess.ALWAYS) as server:
        told = server.upload(make_instance("CT", tags={"KVP": "90"}))
        server.upload(make_instance("CT", instance=2))

        assert _find(server, Level="Instance", Query={"KVP": "90"}) == [told["ID"]]
        body = {"Level": "Instance", "Query": {"KVP": "90"}, "Since": 1}
        assert server.post("/tools/find", body).status == 400


@pytest.mark.parametrize(
    "change",
    [
        {"Level": None},
        {"Level": "Room"},
        {"Level": ["Study"]},
        {"Query": None},
        {"Query": []},
        {"Query": {"PatientID": 1}},
        {"Query": {"NoSuchTag": "x"}},
        {"Query": {"": "x"}},
        {"Query": {"0010,0020\u0000": "x"}},
        {"Query": {f"0010,{number:04x}": "x" for number in range(1, 400)}},
        {"Limit": -1},
        {"Limit": "1"},
        {"Limit": 1.5},
        {"Limit": True},
        {"Since": -1},
        {"Since": 2**70},
        {"Expand": "perhaps"},
        {"Expand": []},
        {"CaseSensitive": 1},
        {"RequestedTags": "PatientID", "Expand": True},
        {"RequestedTags": [1], "Expand": True},
        {"RequestedTags": [f"0010,{number:04x}" for number in range(3000)], "Expand": True},
        {"ResponseContent": "Labels"},
        {"ResponseContent": ["Weather"]},
        {"OrderBy": {}},
        {"OrderBy": ["StudyDate"]},
        {"OrderBy": [{"Type": "DicomTag", "Key": "StudyDate"}]},
        {"OrderBy": [{"Type": "Weather", "Key": "StudyDate", "Direction": "ASC"}]},
        {"OrderBy": [{"Type": "DicomTag", "Key": "NoSuchTag", "Direction": "ASC"}]},
        {"Labels": "exam"},
        {"Labels": [1]},
        {"Labels": [f"label-{number}" for number in range(40_000)]},
        {"LabelsConstraint": "Some"},
        {"LabelsConstraint": {}},
        {"MetadataQuery": []},
        {"MetadataQuery": {"1024": 1}},
        {"ParentPatient": 1},
        {"ParentStudy": "x"},
    ],
    ids=lambda change: str(change)[:60],
)
def test_a_query_that_cannot_be_understood_is_a_bad_request(server: Live, change: dict[str, object]) -> None:
    body = {name: value for name, value in {"Level": "Study", "Query": {}, **change}.items() if value is not None}

    assert server.post("/tools/find", body).status == 400


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=20), inner, max_size=4),
    max_leaves=8,
)
_TAGS = st.sampled_from(
    ["PatientID", "0010,0010", "00080020", "ModalitiesInStudy", "Rows", "0008,0000", "0011,0010", "x"]
)
_BODIES = st.fixed_dictionaries(
    {
        "Level": st.sampled_from(["Patient", "Study", "Series", "Instance"]),
        "Query": st.dictionaries(_TAGS, st.text(max_size=30), max_size=4) | _JSON,
    },
    optional={
        "RequestedTags": st.lists(_TAGS, max_size=4) | _JSON,
        "OrderBy": st.lists(
            st.fixed_dictionaries(
                {
                    "Type": st.sampled_from(["DicomTag", "DicomTagAsInt", "Metadata", "MetadataAsFloat"]),
                    "Key": _TAGS | st.sampled_from(["LastUpdate", "1030"]),
                    "Direction": st.sampled_from(["ASC", "DESC", "desc"]),
                }
            ),
            max_size=3,
        )
        | _JSON,
        "MetadataQuery": st.dictionaries(st.sampled_from(["Origin", "1030"]), st.text(max_size=9), max_size=2) | _JSON,
        **dict.fromkeys(["Since", "Limit"], st.integers() | _JSON),
        **dict.fromkeys(["Labels", "LabelsConstraint", "ParentStudy", "ResponseContent", "Expand", "Short"], _JSON),
    },
)


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Live]:
    with live_server(tmp_path_factory.mktemp("filled"), storage_access=StorageAccess.ALWAYS) as running:
        for data in make_study(series={"CT": 2, "SR": 1}):
            running.upload(data)
        yield running


@given(body=_BODIES)
@settings(max_examples=300, deadline=None)
def test_no_search_whatever_it_asks_is_an_internal_error(filled: Live, body: dict[str, object]) -> None:
    assert filled.post("/tools/find", body).status in (200, 400, 404)


@pytest.mark.parametrize("body", [b"", b"x", b"[]", b'"a"', b"\xff", b"[" * 100_000, b'{"Level": NaN}', b"{}{}"])
@pytest.mark.parametrize("tool", ["find", "count-resources", "bulk-content", "bulk-delete"])
def test_a_body_that_is_no_json_object_is_a_bad_request(server: Live, tool: str, body: bytes) -> None:
    assert server.post(f"/tools/{tool}", body).status == 400


def test_json_is_understood_whatever_its_content_type_says(server: Live, ids: dict[str, str]) -> None:
    body = b'{"Level": "Study", "Query": {"PatientID": "ANNA"}}'

    for content_type in ("", "application/x-www-form-urlencoded", "text/html; charset=latin-1", "application/json"):
        found = server.post("/tools/find", body, {"Content-Type": content_type}).json
        assert found == [ids["ANNA"]]


def test_bulk_content_looks_up_and_down_and_tells_each_once(server: Live, ids: dict[str, str]) -> None:
    study = server.get(f"/studies/{ids['BERT']}").json
    wanted = [*study["Series"], study["ParentPatient"], "nobody"]

    studies = server.post("/tools/bulk-content", {"Resources": wanted, "Level": "Study", "Metadata": False}).json
    instances = server.post("/tools/bulk-content", {"Resources": wanted, "Level": "Instance"}).json
    as_named = server.post("/tools/bulk-content", {"Resources": wanted, "Short": True}).json

    assert studies == [study]
    assert len(instances) == 2
    assert instances[0]["Metadata"]["Origin"] == "RestApi"
    assert [one["Type"] for one in as_named] == ["Series", "Series", "Patient"]
    assert as_named[2]["MainDicomTags"]["0010,0020"] == "BERT"
    assert server.post("/tools/bulk-content", {"Resources": wanted, "Level": "Room"}).status == 400
    assert server.post("/tools/bulk-content", {"Resources": "nobody"}).status == 400


def test_bulk_delete_passes_over_who_is_gone(server: Live, ids: dict[str, str]) -> None:
    patient = server.get(f"/studies/{ids['BERT']}").json["ParentPatient"]
    half = "\ud800"  # half a character, which JSON can spell
    wanted = [
        patient,
        ids["BERT"],
        "nobody",
        half,
        {"Level": "Study", "ID": ids["CLEO"]},
        {"Level": "Patient", "ID": half},
    ]

    assert server.post("/tools/bulk-delete", {"Resources": wanted}).body == b""
    assert server.get("/studies").json == [ids["ANNA"]]


@pytest.mark.parametrize("resources", [[1], [None], [{"ID": "x"}], [{"Level": "Study"}], {"ID": "x"}, "x"], ids=str)
def test_a_bad_list_deletes_nothing(server: Live, ids: dict[str, str], resources: object) -> None:
    wanted = [ids["ANNA"], *resources] if isinstance(resources, list) else resources

    assert server.post("/tools/bulk-delete", {"Resources": wanted}).status == 400
    assert len(server.get("/studies").json) == 3
