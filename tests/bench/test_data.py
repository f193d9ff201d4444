"""The bench's data are real DICOM, of the announced sizes, the same at every run, and compress like a scanner's."""

import zlib
from io import BytesIO
from pathlib import Path

import pydicom

from tests.bench import data


def test_ct_slices_are_half_a_megabyte_in_four_studies(tmp_path: Path) -> None:
    images = data.make_ct(tmp_path, 8)

    read = [pydicom.dcmread(path) for path in images.files]
    assert [len(list(folder.iterdir())) for folder in images.folders] == [2, 2, 2, 2]
    assert {str(one.StudyInstanceUID) for one in read} == set(images.study_uids)
    assert len({one.SOPInstanceUID for one in read}) == 8
    assert all((one.Rows, one.Columns, len(one.PixelData)) == (512, 512, 524288) for one in read)
    assert 524_000 <= images.total_bytes / images.count <= 527_000


def test_mr_slices_are_135_kilobytes(tmp_path: Path) -> None:
    images = data.make_mr(tmp_path, 4)

    assert 133_000 <= images.total_bytes / images.count <= 136_000
    assert pydicom.dcmread(images.files[0]).Modality == "MR"


def test_slices_compress_like_those_of_a_scanner(tmp_path: Path) -> None:
    images = data.make_ct(tmp_path, 4)

    content = images.files[1].read_bytes()

    assert 0.3 <= len(zlib.compress(content, 6)) / len(content) <= 0.6


def test_every_run_makes_the_same_data(tmp_path: Path) -> None:
    first, second = data.make_mr(tmp_path / "a", 4), data.make_mr(tmp_path / "b", 4)

    assert [path.read_bytes() for path in first.files] == [path.read_bytes() for path in second.files]


def test_the_large_object_has_as_many_frames_as_fit(tmp_path: Path) -> None:
    large = data.make_large(tmp_path / "large", 3)

    read = pydicom.dcmread(large.files[0])
    assert read.NumberOfFrames == 5
    assert len(read.PixelData) == 5 * 524288
    assert read.StudyInstanceUID == large.study_uids[0]


def test_tiny_objects_are_patients_of_their_own(tmp_path: Path) -> None:
    contents = list(data.tiny_objects(20))

    read = [pydicom.dcmread(BytesIO(content)) for content in contents]
    assert all(800 <= len(content) <= 1000 for content in contents)
    assert [one.PatientID for one in read] == [data.tiny_patient_id(number) for number in range(20)]
    assert [one.StudyInstanceUID for one in read] == [data.tiny_study_uid(number) for number in range(20)]
    assert sum(str(one.PatientName).startswith("SMITH") for one in read) == 2


def test_queries_ask_for_one_patient_each(tmp_path: Path) -> None:
    paths = data.make_queries(tmp_path / "queries", iter((3, 7)))

    read = [pydicom.dcmread(path) for path in paths]
    assert [one.PatientID for one in read] == [data.tiny_patient_id(3), data.tiny_patient_id(7)]
    assert all(one.QueryRetrieveLevel == "STUDY" and one.StudyInstanceUID == "" for one in read)
