"""What comes in by one door is found and fetched by the other, byte for byte."""

import io
from collections.abc import Iterator, Mapping
from pathlib import Path

import pydicom
import pytest

from tests.flows.association import find, get_objects, send_file
from tests.flows.house import House, data_set_of, in_process, instance_id
from tests.flows.programs import HERE, keys, run, storescp, write_files
from tests.makers import BIG_ENDIAN, DEFLATED, EXPLICIT, IMPLICIT, make_instance, make_study

ENCAPSULATED = {
    "RLE": "1.2.840.10008.1.2.5",
    "JPEG baseline": "1.2.840.10008.1.2.4.50",
    "JPEG lossless": "1.2.840.10008.1.2.4.70",
    "JPEG-LS": "1.2.840.10008.1.2.4.80",
    "JPEG 2000": "1.2.840.10008.1.2.4.90",
    "HT JPEG 2000": "1.2.840.10008.1.2.4.201",
    "MPEG-4": "1.2.840.10008.1.2.4.102",
}
SYNTAXES = {
    "implicit": IMPLICIT,
    "explicit": EXPLICIT,
    "big endian": BIG_ENDIAN,
    "deflated": DEFLATED,
} | ENCAPSULATED

NAMES = {
    "UTF8": ("ISO_IR 192", "Müller^Zoë=山田^太郎"),
    "LATIN1": ("ISO_IR 100", "Åström^Renée"),
    "GREEK": ("ISO_IR 126", "Διονυσιος"),
    "JAPAN": (["", "ISO 2022 IR 87"], "Yamada^Tarou=山田^太郎=やまだ^たろう"),
}


@pytest.fixture(scope="module", params=[False, True], ids=["plain", "packed"])
def shared(tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> Iterator[House]:
    """A server for tests that use patients or instances of their own."""
    settings = {"DefaultEncoding": "Utf8", "StorageCompression": request.param}
    with in_process(tmp_path_factory.mktemp("doors"), settings) as running:
        yield running


def travel(house: House, path: Path) -> None:
    """In by C-STORE, out by REST and by C-GET: the same data set, the same transfer syntax."""
    content = path.read_bytes()
    dataset = pydicom.dcmread(path, stop_before_pixels=True, force=True)
    syntax = str(dataset.file_meta.TransferSyntaxUID)

    assert send_file(house.dicom_port, path) == 0

    served = house.file(instance_id(dataset))
    assert data_set_of(served) == data_set_of(content)
    assert pydicom.dcmread(io.BytesIO(served), stop_before_pixels=True).file_meta.TransferSyntaxUID == syntax
    got = get_objects(
        house.dicom_port,
        "IMAGE",
        {str(dataset.SOPClassUID): syntax},
        StudyInstanceUID=str(dataset.StudyInstanceUID),
        SeriesInstanceUID=str(dataset.SeriesInstanceUID),
        SOPInstanceUID=str(dataset.SOPInstanceUID),
    )
    assert got == {str(dataset.SOPInstanceUID): (syntax, on_the_wire(content))}


def on_the_wire(content: bytes) -> bytes:
    """The data set of a file as it is sent: only a deflated one may be odd in a file, and none then (PS3.8 annex E)."""
    data = data_set_of(content)
    return data + b"\0" * (len(data) % 2)


@pytest.mark.parametrize("name", SYNTAXES)
def test_a_data_set_travels_unchanged_in_each_transfer_syntax(shared: House, tmp_path: Path, name: str) -> None:
    path = tmp_path / "one.dcm"
    path.write_bytes(make_instance("OT", patient_id=name, transfer_syntax=SYNTAXES[name]))

    travel(shared, path)


@pytest.mark.parametrize("name", ["CT_small.dcm", "JPEG2000.dcm", "image_dfl.dcm", "reportsi.dcm", "waveform_ecg.dcm"])
def test_a_real_file_travels_unchanged(shared: House, pydicom_files: Mapping[str, Path], name: str) -> None:
    travel(shared, pydicom_files[name])


def test_every_sample_travels_unchanged(tmp_path: Path, samples: Path) -> None:
    paths = [path for path in sorted(samples.rglob("*.dcm")) if path.read_bytes()[128:134] == b"DICM\2\0"]
    assert len(paths) > 10
    for number, path in enumerate(paths):
        folder = tmp_path / str(number)
        folder.mkdir()
        with in_process(folder) as house:  # several have the same UIDs
            travel(house, path)


def test_what_comes_by_dicom_is_found_by_rest(house: House, tmp_path: Path) -> None:
    contents = make_study(patient_id="REST", patient_name="Found^By", series={"CT": 3, "SR": 1})
    write_files(tmp_path / "study", contents)

    run("storescu", "-aet", "SCANNER", "+sd", HERE, house.dicom_port, tmp_path / "study")

    query = {"Level": "Study", "Query": {"PatientName": "found*", "ModalitiesInStudy": "SR"}, "Expand": True}
    (study,) = house.ask("POST", "/tools/find", query).json
    assert study["MainDicomTags"]["AccessionNumber"] == "ACC00001"
    instances = house.get(f"/studies/{study['ID']}/instances")
    assert {data_set_of(house.file(one["ID"])) for one in instances} == {data_set_of(one) for one in contents}
    metadata = house.get(f"/instances/{instances[0]['ID']}/metadata?expand")
    assert (metadata["Origin"], metadata["RemoteAET"]) == ("DicomProtocol", "SCANNER")


def test_what_comes_by_rest_is_found_at_every_level_by_dicom(shared: House) -> None:
    contents = make_study(patient_id="LEVELS", series={"CT": 3, "MR": 2})
    shared.upload_all(contents)
    first = pydicom.dcmread(io.BytesIO(contents[0]))
    study = str(first.StudyInstanceUID)

    (patient,) = find(
        shared.dicom_port, "PATIENT", PatientID="LEVELS", PatientName="", NumberOfPatientRelatedInstances=""
    )
    (answer,) = find(shared.dicom_port, "STUDY", PatientID="LEVELS", ModalitiesInStudy="", StudyInstanceUID="")
    series = find(shared.dicom_port, "SERIES", StudyInstanceUID=study, Modality="", NumberOfSeriesRelatedInstances="")
    images = find(
        shared.dicom_port,
        "IMAGE",
        StudyInstanceUID=study,
        SeriesInstanceUID=str(first.SeriesInstanceUID),
        SOPInstanceUID="",
        InstanceNumber="",
    )

    assert patient.NumberOfPatientRelatedInstances == 5
    assert (answer.StudyInstanceUID, list(answer.ModalitiesInStudy)) == (study, ["CT", "MR"])
    assert {one.Modality: one.NumberOfSeriesRelatedInstances for one in series} == {"CT": 3, "MR": 2}
    assert sorted(one.InstanceNumber for one in images) == [1, 2, 3]


@pytest.mark.parametrize(
    ("query", "count"),
    [
        ({"StudyDate": "20260101-20260131"}, 1),
        ({"StudyDate": "20270101-"}, 0),
        ({"StudyDate": "-20261231"}, 1),
        ({"StudyTime": "100000-110000"}, 1),
        ({"PatientName": "match*"}, 1),
        ({"PatientName": "M?tch^I*"}, 1),
        ({"PatientName": "M?ch*"}, 0),
        ({"ModalitiesInStudy": "CT"}, 1),
        ({"ModalitiesInStudy": "US"}, 0),
        ({"ModalitiesInStudy": "US\\CT"}, 1),
        ({"AccessionNumber": "ACC000?1"}, 1),
    ],
)
def test_what_was_uploaded_matches_wildcards_and_ranges(shared: House, query: dict[str, str], count: int) -> None:
    shared.ask("POST", "/instances", make_instance("CT", patient_id="MATCH", patient_name="Match^It"))

    assert len(find(shared.dicom_port, "STUDY", PatientID="MATCH", **query)) == count


@pytest.mark.parametrize("name", NAMES)
def test_a_name_in_any_character_set_is_found_and_shown_by_both_doors(shared: House, name: str) -> None:
    charset, text = NAMES[name]
    told = shared.upload(make_instance("CT", patient_id=name, patient_name=text, charset=charset))

    (exact,) = find(shared.dicom_port, "PATIENT", charset="ISO_IR 192", PatientName=text, PatientID="")
    (by_wildcard,) = find(
        shared.dicom_port, "PATIENT", charset="ISO_IR 192", PatientName=text[:4] + "*", PatientID=name
    )
    by_rest = shared.ask("POST", "/tools/find", {"Level": "Patient", "Query": {"PatientName": text}}).json

    assert exact.PatientID == name
    assert by_wildcard.PatientName == text
    assert by_rest == [told["ParentPatient"]]
    assert shared.get(f"/patients/{told['ParentPatient']}")["MainDicomTags"]["PatientName"] == text


def test_what_was_uploaded_moves_to_a_modality(tmp_path: Path, free_port: int) -> None:
    contents = make_study(patient_id="MOVE", series={"CT": 4, "SR": 1})
    with (
        in_process(tmp_path, {"DicomModalities": {"sink": ["SINK", HERE, free_port]}}) as house,
        storescp(tmp_path / "sink", free_port) as sink,
    ):
        house.upload_all(contents)

        run("movescu", "-S", "-aem", "SINK", *keys(QueryRetrieveLevel="STUDY", **of(contents)), HERE, house.dicom_port)

        assert {data_set_of(path.read_bytes()) for path in sink.iterdir()} == {data_set_of(one) for one in contents}
        exports = house.get("/exports")["Exports"]
    assert exports == []  # LogExportedResources is off


def test_compressed_images_move_as_they_are(tmp_path: Path, free_port: int, pydicom_files: Mapping[str, Path]) -> None:
    names = (
        "JPEG2000.dcm",
        "SC_rgb_jpeg_dcmtk.dcm",
        "MR_small_RLE.dcm",
        "MR_small_jpeg_ls_lossless.dcm",
        "image_dfl.dcm",
    )
    with in_process(tmp_path, {"DicomModalities": {"sink": {"AET": "SINK", "Host": HERE, "Port": free_port}}}) as house:
        for name in names:
            content = pydicom_files[name].read_bytes()
            told = house.upload(content)
            dataset = pydicom.dcmread(pydicom_files[name], stop_before_pixels=True)
            with storescp(tmp_path / name, free_port) as sink:
                query = keys(QueryRetrieveLevel="IMAGE", SOPInstanceUID=str(dataset.SOPInstanceUID))
                run("movescu", "-S", "-aem", "SINK", *query, HERE, house.dicom_port)
                (moved,) = sink.iterdir()
                assert data_set_of(moved.read_bytes()) == on_the_wire(content), name
            house.ask("DELETE", told["Path"])  # some have the same UIDs


def test_what_was_uploaded_is_fetched_by_getscu(house: House, tmp_path: Path) -> None:
    contents = make_study(patient_id="GET", series={"CT": 4})
    house.upload_all(contents)
    (tmp_path / "got").mkdir()

    run(
        *("getscu", "-S", "+B", "-od", tmp_path / "got"),
        *keys(QueryRetrieveLevel="STUDY", **of(contents)),
        *(HERE, house.dicom_port),
    )

    got = {data_set_of(path.read_bytes()) for path in (tmp_path / "got").iterdir()}
    assert got == {data_set_of(one) for one in contents}


def test_what_is_deleted_by_rest_is_gone_for_dicom(house: House) -> None:
    for patient in ("GONE", "STAYS"):
        house.upload_all(make_study(patient_id=patient, series={"CT": 2, "MR": 1}))
    (gone,) = house.ask("POST", "/tools/find", {"Level": "Patient", "Query": {"PatientID": "GONE"}}).json
    (study,) = house.get(f"/patients/{gone}/studies")
    (mr,) = [
        one["ID"] for one in house.get(f"/studies/{study['ID']}/series") if one["MainDicomTags"]["Modality"] == "MR"
    ]

    assert house.ask("DELETE", f"/series/{mr}").status == 200
    (smaller,) = find(
        house.dicom_port, "STUDY", PatientID="GONE", ModalitiesInStudy="", NumberOfStudyRelatedInstances=""
    )
    assert house.ask("DELETE", f"/patients/{gone}").status == 200
    left = find(house.dicom_port, "PATIENT", PatientID="")

    assert (smaller.ModalitiesInStudy, smaller.NumberOfStudyRelatedInstances) == ("CT", 2)
    assert [one.PatientID for one in left] == ["STAYS"]
    assert house.counts() == (1, 1, 2, 3)


def of(contents: list[bytes]) -> dict[str, str]:
    """The key of the study that these files belong to."""
    return {"StudyInstanceUID": str(pydicom.dcmread(io.BytesIO(contents[0])).StudyInstanceUID)}
