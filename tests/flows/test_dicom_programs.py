"""DCMTK's programs and pynetdicom's apps against the whole server."""

import io
from collections.abc import Iterator
from pathlib import Path

import pydicom
import pytest

from tests.flows.house import House, as_process, data_set_of, in_process
from tests.flows.programs import HERE, found, keys, pynetdicom, run, storescp, write_files
from tests.makers import make_study


@pytest.fixture
def study() -> list[bytes]:
    """Three CT slices and a report."""
    return make_study(patient_id="CLASS-1", patient_name="Class^One", series={"CT": 3, "SR": 1})


@pytest.fixture
def with_sink(tmp_path: Path, free_port: int) -> Iterator[tuple[House, Path, int]]:
    """A server that knows a modality named sink, the folder where that one receives, and its port."""
    modalities = {"sink": {"AET": "SINK", "Host": HERE, "Port": free_port}}
    with in_process(tmp_path, {"DicomAet": "SCHOOL", "DicomModalities": modalities}) as house:
        yield house, tmp_path / "sink", free_port


def study_uid(contents: list[bytes]) -> str:
    return str(pydicom.dcmread(io.BytesIO(contents[0])).StudyInstanceUID)


def data_sets(folder: Path) -> set[bytes]:
    return {data_set_of(path.read_bytes()) for path in folder.iterdir()}


def test_dcmtk_stores_finds_moves_and_gets(
    with_sink: tuple[House, Path, int], study: list[bytes], tmp_path: Path
) -> None:
    house, sink, sink_port = with_sink
    write_files(tmp_path / "study", study)
    (tmp_path / "got").mkdir()
    wanted = keys(QueryRetrieveLevel="STUDY", StudyInstanceUID=study_uid(study))
    query = keys(QueryRetrieveLevel="STUDY", PatientName="class*", StudyInstanceUID="", ModalitiesInStudy="")

    run("echoscu", "-aec", "SCHOOL", HERE, house.dicom_port)
    run("storescu", "-aec", "SCHOOL", "+sd", HERE, house.dicom_port, tmp_path / "study")
    printed = run("findscu", "-S", "-aec", "SCHOOL", *query, HERE, house.dicom_port)
    with storescp(sink, sink_port):
        run("movescu", "-S", "-aec", "SCHOOL", "-aem", "SINK", *wanted, HERE, house.dicom_port)
        moved = data_sets(sink)
    run("getscu", "-S", "+B", "-aec", "SCHOOL", "-od", tmp_path / "got", *wanted, HERE, house.dicom_port)

    assert found(printed, "StudyInstanceUID") == [study_uid(study)]
    assert found(printed, "ModalitiesInStudy") == ["CT\\SR"]
    assert moved == data_sets(tmp_path / "got") == {data_set_of(one) for one in study}


def test_pynetdicoms_apps_store_find_move_and_get(
    with_sink: tuple[House, Path, int], study: list[bytes], tmp_path: Path
) -> None:
    house, sink, sink_port = with_sink
    write_files(tmp_path / "study", study)
    (tmp_path / "got").mkdir()
    where = ("-aec", "SCHOOL", HERE, house.dicom_port)
    wanted = keys(QueryRetrieveLevel="STUDY", StudyInstanceUID=study_uid(study))
    query = keys(QueryRetrieveLevel="STUDY", PatientID="CLASS-1", StudyInstanceUID="")

    pynetdicom("echoscu", *where)
    pynetdicom("storescu", *where, tmp_path / "study")
    assert study_uid(study) in pynetdicom("findscu", "-S", *query, *where)
    with storescp(sink, sink_port):
        pynetdicom("movescu", "-S", "-aem", "SINK", *wanted, *where)
        moved = {data_set_of(path.read_bytes()) for path in sink.iterdir()}
    pynetdicom("getscu", "-S", *wanted, "-od", tmp_path / "got", *where)

    assert len(moved) == 4
    assert house.counts() == (1, 1, 2, 4)
    got = [pydicom.dcmread(path) for path in (tmp_path / "got").iterdir()]
    assert sorted(got, key=_order) == sorted((pydicom.dcmread(io.BytesIO(one)) for one in study), key=_order)


def test_the_process_that_users_start_serves_dcmtk(tmp_path: Path, study: list[bytes]) -> None:
    write_files(tmp_path / "study", study)
    with as_process(tmp_path) as house:
        run("storescu", "+sd", HERE, house.dicom_port, tmp_path / "study")
        query = keys(QueryRetrieveLevel="SERIES", StudyInstanceUID=study_uid(study), Modality="")
        printed = run("findscu", "-S", *query, HERE, house.dicom_port)

        assert found(printed, "Modality") == ["CT", "SR"]
        assert house.terminate() == 0


def test_modalities_may_do_what_their_entry_says(tmp_path: Path, free_port: int, study: list[bytes]) -> None:
    allowed = {"AET": "TEACHER", "Host": HERE, "Port": free_port, "AllowFind": True, "AllowStore": False}
    settings = {"DicomAlwaysAllowFind": False, "DicomAlwaysAllowStore": False, "DicomModalities": {"room": allowed}}
    (path, *_) = write_files(tmp_path / "study", study)
    query = keys(QueryRetrieveLevel="STUDY", StudyInstanceUID="")
    with in_process(tmp_path, settings) as house:
        house.upload_all(study)

        printed = run("findscu", "-S", "-aet", "TEACHER", *query, HERE, house.dicom_port)
        refused = run("findscu", "-S", "-aet", "PUPIL", *query, HERE, house.dicom_port)
        run("storescu", "-aet", "TEACHER", HERE, house.dicom_port, path, fails=True)

    assert found(printed, "StudyInstanceUID") == [study_uid(study)]
    assert "Peer aborted Association" in refused


def _order(dataset: pydicom.Dataset) -> str:
    return str(dataset.SOPInstanceUID)
