"""The real pyorthanc client: every one of its methods whose route the server has, and its resources and searches."""

import asyncio
import inspect
import io
import re
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pydicom
import pyorthanc
import pytest
from pyorthanc import AsyncOrthanc, Orthanc

from pacsberry.http.api import ROUTES
from pacsberry.http.routing import Routes
from tests.http.live import Live, live_server
from tests.makers import make_dataset, make_instance, make_study

pytestmark = [
    pytest.mark.filterwarnings("ignore:Use 'content=<...>' to upload raw bytes/text content"),  # pyorthanc's habit
    pytest.mark.filterwarnings("ignore:.*is deprecated"),
]

LEVELS = {"patients": "ParentPatient", "studies": "ParentStudy", "series": "ParentSeries", "instances": "ID"}
NOTE = b"left lung"
Client = Any  # Orthanc; as it is annotated, every method may answer anything

# Arguments beside those that `_arguments` knows for all methods.
ARGUMENTS: dict[str, dict[str, object]] = {
    "get_plugins_id": {"id_": "dicom-web"},
    "post_tools_find": {"json": {"Level": "Study", "Query": {"PatientID": "*"}, "Expand": True}},
    "post_tools_count_resources": {"json": {"Level": "Study", "Query": {}}},
    "post_tools_bulk_content": {"json": {"Resources": []}},
    "post_tools_bulk_delete": {"json": {"Resources": []}},
    "post_tools_lookup": {"data": "PATIENT-1"},
    "put_tools_accepted_transfer_syntaxes": {"json": ["1.2.840.10008.1.2.*"], "data": None},
    "put_tools_default_encoding": {"data": "Utf8"},
    "put_tools_metrics": {"data": "1"},
    "put_tools_unknown_sop_class_accepted": {"data": "0"},
}
REFUSED = {
    "put_patients_id_protected": "pyorthanc sends no body with it; its Patient.protected does",
    "get_plugins_id": "there is no plugin",
}


SETTINGS: dict[str, Any] = {
    "store_md5": True,
    "user_content_types": {"note": (1050, "text/plain")},
    "user_metadata": {"comment": 1030},
}


@pytest.fixture(params=[False, True], ids=["plain", "packed"])
def server(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Live]:
    with live_server(tmp_path, compression=request.param, **SETTINGS) as running:
        yield running


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Live]:
    """A server for all methods of the client, one after the other."""
    with live_server(tmp_path_factory.mktemp("shared"), **SETTINGS) as running:
        yield running


@pytest.fixture
def client(server: Live) -> Iterator[Client]:
    with Orthanc(server.url) as connected:
        yield connected


def _methods() -> list[str]:
    """The methods of pyorthanc whose route the server has."""
    routes = Routes(ROUTES)
    found = []
    for name, method in inspect.getmembers(Orthanc, inspect.isfunction):
        route = re.search(r'route=f"\{self\.url\}([^"]*)"', inspect.getsource(method))
        if route and re.match("get_|put_|post_|delete_", name):
            path = route[1].replace("{frame}", "0").replace("{", "").replace("}", "")
            if routes.find(name.partition("_")[0].upper(), path):
                found.append(name)
    return found


METHODS = _methods()


def _arguments(method: Callable[..., Any], ids: dict[str, str]) -> dict[str, object]:
    name = method.__name__
    level = next((level for level in LEVELS if f"_{level}_id" in name), "")
    known: dict[str, object] = {
        "id_": ids.get(level),
        "name": "comment" if "_metadata_" in name else "note" if "_put_" in f"_{name}" else "dicom",
        "label": "exam",
        "frame": 0,
        "path": "0010-0010",
        "content": NOTE,
        "data": "default" if "log_level" in name else "hello",
        "json": {},
        "params": None,
    }
    if "_attachments_" in name and (level != "instances" or name.startswith("delete_")):
        known["name"] = "note"
    if name in ("get_tools_create_archive", "post_tools_create_archive"):
        known |= {"params": {"resources": ids["studies"]}, "json": [ids["studies"]]}
    known |= ARGUMENTS.get(name, {})
    return {wanted: known[wanted] for wanted in inspect.signature(method).parameters if wanted in known}


def test_pyorthanc_has_methods_for_most_of_our_routes() -> None:
    assert len(METHODS) > 190


@pytest.mark.parametrize("name", METHODS)
def test_a_method_of_the_client_gets_an_answer_it_can_read(shared: Live, name: str) -> None:
    """pyorthanc reads the Content-Type of every success, so one without would raise KeyError here."""
    data = make_instance("PDF" if name.endswith("_pdf") else "CT", patient_id=name)
    told = shared.upload(data)
    ids = {level: told[key] for level, key in LEVELS.items()}
    for level, id in ids.items():
        shared.put(f"/{level}/{id}/labels/exam")
        shared.put(f"/{level}/{id}/metadata/comment", "hello")
        shared.put(f"/{level}/{id}/attachments/note", NOTE)
    with Orthanc(shared.url) as client:
        method = getattr(client, name)
        arguments = _arguments(method, ids)

        if name == "post_instances":
            assert method(data)["Status"] == "AlreadyStored"
        elif any(name.endswith(refused) for refused in REFUSED):
            with pytest.raises(httpx.HTTPError, match=r"HTTP code: 40[04]"):
                method(**arguments)
        else:
            method(**arguments)


def test_uploads_of_files_folders_and_archives_are_understood(client: Client, tmp_path: Path) -> None:
    folder = tmp_path / "dicom"
    folder.mkdir()
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for number, data in enumerate(make_study(patient_id="ZIPPED", series={"CT": 3})):
            archive.writestr(f"{number}.dcm", data)
    (tmp_path / "study.zip").write_bytes(packed.getvalue())
    for number, data in enumerate(make_study(patient_id="FOLDER", series={"MR": 2})):
        (folder / f"{number}.dcm").write_bytes(data)

    assert len(pyorthanc.upload(client, make_dataset("CT", patient_id="DATASET"))) == 1
    assert len(pyorthanc.upload(client, str(folder))) == 2
    assert len(pyorthanc.upload(client, tmp_path / "study.zip")) == 3
    assert len(pyorthanc.upload(client, str(folder), check_before_upload=True)) == 2
    assert sorted(patient.patient_id for patient in pyorthanc.find_patients(client)) == ["DATASET", "FOLDER", "ZIPPED"]


def _fill(client: Client) -> None:
    for patient, series in (("ANNA", {"CT": 3, "MR": 1}), ("BERT", {"CT": 2})):
        for data in make_study(patient_id=patient, patient_name=f"{patient}^Test", series=series):
            client.post_instances(data)


def test_searches_step_through_all_pages(client: Client) -> None:
    _fill(client)

    assert len(pyorthanc.query_orthanc(client, "Instance", limit=1)) == 6
    assert len(pyorthanc.query_orthanc(client, "Instance", limit=4)) == 6
    assert len(pyorthanc.query_orthanc(client, "Instance", limit=4, retrieve_all_resources=False)) == 4
    assert [one.modality for one in pyorthanc.find_series(client, {"Modality": "MR"})] == ["MR"]
    assert len(pyorthanc.find_instances(client, {"PatientID": "ann*"})) == 4
    found = pyorthanc.find_studies(client, {"PatientName": "bert*"})
    assert [study.patient_information["PatientID"] for study in found] == ["BERT"]


def test_labels_are_written_read_and_searched_for(client: Client) -> None:
    _fill(client)
    study: Client = pyorthanc.find_studies(client, {"PatientID": "ANNA"})[0]

    study.add_label("exam")
    study.add_label("hard")

    assert study.labels == ["exam", "hard"]
    assert pyorthanc.find_studies(client, labels=["exam", "hard"]) == [study]
    assert pyorthanc.find_studies(client, labels="exam", labels_constraint="Any") == [study]
    assert study not in pyorthanc.find_studies(client, labels=["exam"], labels_constraint="None")
    study.remove_label("exam")
    assert study.labels == ["hard"]


def test_a_patient_is_walked_down_to_the_pixels_and_up_again(client: Client) -> None:
    data = make_instance("CT", patient_id="ANNA")
    client.post_instances(data)

    patient = pyorthanc.find_patients(client)[0]
    study = patient.studies[0]
    series = study.series[0]
    instance = series.instances[0]

    assert (patient.patient_id, patient.sex, patient.name) == ("ANNA", "O", "Test^Patient")
    assert (study.accession_number, study.description, study.date.year) == ("ACC00001", "Made for a test", 2026)
    assert (series.modality, series.series_number, series.manufacturer) == ("CT", 1, "Pacsberry tests")
    assert (instance.instance_number, instance.file_size) == (1, len(data))
    assert instance.image_position_patient == [-180, -180, 5]
    assert (instance.parent_series, instance.parent_study, instance.parent_patient) == (series, study, patient)
    assert (series.parent_study, study.parent_patient) == (study, patient)
    assert patient.is_stable is study.is_stable is series.is_stable is False
    assert patient.last_update == study.last_update == series.last_update
    assert instance.get_dicom_file_content() == data
    assert instance.get_pydicom().PixelData == pydicom.dcmread(io.BytesIO(data)).PixelData
    assert instance.tags["0010,0020"]["Value"] == instance.first_level_tags["0010,0020"]["Value"] == "ANNA"
    assert instance.simplified_tags["PatientID"] == "ANNA"
    assert instance.get_content_by_tag("0010-0020") == "ANNA"
    assert "0010-0020" in instance.get_content_by_tag("")
    assert patient.get_patient_module(simplify=True)["PatientID"] == "ANNA"
    for resource in (study, series):
        assert resource.shared_tags["PatientID"] == "ANNA"
        assert resource.get_shared_tags(short=True)["0010,0020"] == "ANNA"


def test_protection_is_set_and_ended(client: Client) -> None:
    client.post_instances(make_instance("CT"))
    patient: Client = pyorthanc.find_patients(client)[0]

    patient.protected = True
    assert patient.protected
    assert patient.is_protected
    patient.set_to_unprotected()
    assert not patient.protected


def test_files_and_archives_are_downloaded(client: Client, tmp_path: Path) -> None:
    _fill(client)
    patient = pyorthanc.find_patients(client, {"PatientID": "ANNA"})[0]
    instance = patient.studies[0].series[0].instances[0]

    with zipfile.ZipFile(io.BytesIO(patient.get_zip())) as archive:
        assert archive.testzip() is None
        assert len(archive.namelist()) == 4
    for resource, count in ((patient, 4), (patient.studies[0], 4), (patient.studies[0].series[0], None)):
        resource.download(str(tmp_path / "archive.zip"))
        with zipfile.ZipFile(tmp_path / "archive.zip") as archive:
            assert count in (None, len(archive.namelist()))
    buffer = io.BytesIO()
    instance.download(buffer)
    assert buffer.getvalue() == instance.get_dicom_file_content()
    pyorthanc.retrieve_and_write_patients([patient], tmp_path / "all")
    assert len(list((tmp_path / "all").rglob("*.dcm"))) == 4


def test_a_tree_is_built_by_the_filtering_search(client: Client) -> None:
    _fill(client)

    patients = pyorthanc.find(
        client,
        patient_filter=lambda patient: patient.patient_id == "ANNA",
        series_filter=lambda series: series.modality == "CT",
        instance_filter=lambda instance: instance.instance_number > 1,
    )

    instances = [
        instance.instance_number
        for patient in patients
        for study in patient.studies
        for series in study.series
        for instance in series.instances
    ]
    assert sorted(instances) == [2, 3]


def test_the_asynchronous_client_asks_many_things_at_once(client: Client, server: Live) -> None:
    _fill(client)

    async def ask() -> list[Any]:
        asynchronous: Client
        async with AsyncOrthanc(server.url) as asynchronous:
            instances = await asynchronous.get_instances()
            return await asyncio.gather(*(asynchronous.get_instances_id_file(id) for id in instances))

    assert len(set(asyncio.run(ask()))) == 6


def test_metadata_and_changes_are_followed(client: Client) -> None:
    client.post_instances(make_instance("CT"))
    study = pyorthanc.find_studies(client)[0]

    client.put_studies_id_metadata_name(study.id_, "comment", "good")

    assert client.get_studies_id_metadata_name(study.id_, "comment") == "good"
    assert client.get_studies_id_metadata(study.id_, params={"expand": True})["comment"] == "good"
    changes = client.get_changes(params={"since": 0, "limit": 10})
    assert [change["ChangeType"] for change in changes["Changes"]][-1] == "UpdatedMetadata"
    client.delete_studies_id_metadata_name(study.id_, "comment")
    with pytest.raises(httpx.HTTPError, match="404"):
        client.get_studies_id_metadata_name(study.id_, "comment")
    client.delete_studies_id(study.id_)
    assert client.get_studies() == []


def test_errors_reach_the_caller_with_their_status(client: Client) -> None:
    calls: list[Callable[[], object]] = [
        lambda: client.get_studies_id("nobody"),
        lambda: client.post_tools_find({"Level": "Room", "Query": {}}),
        lambda: client.delete_patients_id("nobody"),
        lambda: client.put_tools_default_encoding("Klingon"),
    ]
    for call in calls:
        with pytest.raises(httpx.HTTPError, match=r"HTTP code: 40[04]"):
            call()
