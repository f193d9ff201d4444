"""What pages upload: pictures and documents become DICOM; what tags say of people is listed before students see it."""

from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from urllib.parse import urlencode

import numpy as np
import pytest
from imagecodecs import jpegls_decode
from pydicom import Dataset, dcmread
from pydicom.encaps import get_frame
from pydicom.uid import JPEGBaseline8Bit, JPEGLSLossless

from tests.flows.house import House, Reply, in_process
from tests.flows.people_aids import SCHOOL, basic
from tests.imaging.test_captures import SECRET, jpeg, picture, png
from tests.makers.instances import make_dataset, make_study, part10


@pytest.fixture
def school(tmp_path: Path) -> Iterator[House]:
    with in_process(tmp_path, SCHOOL) as house:
        yield house


def test_what_the_tags_say_of_people_is_listed(school: House) -> None:
    study = ""
    for file in make_study(series={"CT": 3}):
        study = school.ask("POST", "/instances", file, **basic("tom")).json["ParentStudy"]

    told = school.ask("GET", f"/pacsberry/studies/{study}/names", **basic("tom")).json

    found = {one["Name"]: (one["Kind"], one["Tag"], one["Values"]) for one in told["Names"]}
    assert found["PatientID"] == ("Number", "0010,0020", ["PATIENT-1"])
    assert found["PatientBirthDate"][2] == ["19700101"]
    assert found["PatientName"][0] == "Person"
    assert (told["CountLookedAt"], told["CountInstances"], told["HasBurnedIn"]) == (3, 3, False)


def test_a_name_in_a_single_picture_is_found_and_what_is_burnt_in_is_told(school: House) -> None:
    study = ""
    for number in range(1, 4):
        dataset = make_dataset("US", instance=number)
        if number == 2:
            dataset.OperatorsName = "Doe^Olga"
            dataset.BurnedInAnnotation = "YES"
        study = school.ask("POST", "/instances", part10(dataset), **basic("tom")).json["ParentStudy"]

    told = school.ask("GET", f"/pacsberry/studies/{study}/names", **basic("tom")).json

    assert [one["Values"] for one in told["Names"] if one["Name"] == "OperatorsName"] == [["Doe^Olga"]]
    assert told["HasBurnedIn"]


def test_students_are_told_no_names_even_of_what_they_see(school: House) -> None:
    study = school.ask("POST", "/instances", make_study()[0], **basic("tom")).json["ParentStudy"]
    school.ask("PUT", f"/pacsberry/studies/{study}", {"IsShown": True}, **basic("tom"))

    assert school.ask("GET", f"/pacsberry/studies/{study}").status == 200
    assert school.ask("GET", f"/pacsberry/studies/{study}/names").status == 401
    assert school.ask("GET", "/pacsberry/studies/x/names", **basic("tom")).status == 404


# --- pictures and documents ------------------------------------------------------------------------------------------

PDF = b"%PDF-1.4\nnobody's document\n%%EOF\n"
WORDS = {"batch": "0123456789abcdef", "patient": "Case Ü 7", "title": "Broken wrist", "date": "20261121"}


def capture(house: House, body: bytes, **words: str) -> Reply:
    return house.ask("POST", f"/pacsberry/captures?{urlencode({**WORDS, **words})}", body, **basic("tom"))


def kept(house: House, told: Reply) -> Dataset:
    return dcmread(BytesIO(house.ask("GET", f"{told.json['Path']}/file", **basic("tom")).body))


def test_a_photograph_becomes_a_secondary_capture(school: House) -> None:
    told = capture(school, jpeg(picture(), 6))

    file = kept(school, told)
    assert file.SOPClassUID.name == "Secondary Capture Image Storage"
    assert (file.PatientName, file.PatientID, file.StudyDescription) == ("Case Ü 7", "Case Ü 7", "Broken wrist")
    assert (file.StudyDate, file.StudyTime, file.ConversionType, file.Modality) == ("20261121", "", "WSD", "OT")
    assert (file.Rows, file.Columns, file.PhotometricInterpretation) == (96, 64, "YBR_FULL_422")
    assert file.file_meta.TransferSyntaxUID == JPEGBaseline8Bit
    assert all(uid.startswith("2.25.") for uid in (file.StudyInstanceUID, file.SeriesInstanceUID, file.SOPInstanceUID))
    assert SECRET not in school.ask("GET", f"{told.json['Path']}/file", **basic("tom")).body
    assert school.ask("GET", f"{told.json['Path']}/preview", **basic("tom")).status == 200
    assert school.ask("GET", f"{told.json['Path']}/preview").status == 404


def test_a_screenshot_keeps_every_pixel(school: House) -> None:
    told = capture(school, png(picture()))

    file = kept(school, told)
    assert (file.PhotometricInterpretation, file.file_meta.TransferSyntaxUID) == ("RGB", JPEGLSLossless)
    assert "LossyImageCompression" not in file
    assert np.array_equal(jpegls_decode(get_frame(file.PixelData, 0, number_of_frames=1)), picture())


@pytest.mark.parametrize("document", [PDF, PDF + b"\n"])
def test_a_document_becomes_an_encapsulated_pdf(school: House, document: bytes) -> None:
    file = kept(school, capture(school, document))

    assert file.SOPClassUID.name == "Encapsulated PDF Storage"
    assert file.EncapsulatedDocument[: file.EncapsulatedDocumentLength] == document
    assert (file.MIMETypeOfEncapsulatedDocument, file.DocumentTitle) == ("application/pdf", "Broken wrist")
    assert (file.Modality, file.BurnedInAnnotation) == ("DOC", "YES")


def test_what_is_sent_twice_is_kept_once_and_what_belongs_together_is_one_study(school: House) -> None:
    first, again, pdf = (capture(school, body).json for body in (png(picture()), png(picture()), PDF))
    other = capture(school, PDF, batch="fedcba9876543210").json

    assert (first["Status"], again["Status"]) == ("Success", "AlreadyStored")
    assert first["ParentStudy"] == pdf["ParentStudy"] != other["ParentStudy"]
    assert first["ParentSeries"] != pdf["ParentSeries"]
    assert first["ParentPatient"] == other["ParentPatient"]


@pytest.mark.parametrize("body", [b"hello", PDF[:-8], png(picture())[:150], jpeg(picture())[:700]])
def test_what_is_no_picture_and_no_document_is_refused_with_the_reason(school: House, body: bytes) -> None:
    told = capture(school, body)

    assert told.status == 415
    assert b'"Details" : "' in told.body
    assert school.ask("GET", "/studies", **basic("tom")).json == []


@pytest.mark.parametrize(
    "words",
    [{"batch": ""}, {"batch": "../../etc/passwd/x"}, {"date": "yesterday"}, {"title": "x" * 65}, {"number": "0"}],
)
def test_words_that_cannot_be_written_are_refused(school: House, words: dict[str, str]) -> None:
    assert capture(school, PDF, **words).status == 400


def test_what_separates_values_is_no_part_of_a_word(school: House) -> None:
    file = kept(school, capture(school, PDF, title="a\\b", patient="x=y\\z"))

    assert (file.StudyDescription, str(file.PatientName)) == ("a/b", "x-y/z")


def test_students_upload_nothing(school: House) -> None:
    assert school.ask("POST", f"/pacsberry/captures?{urlencode(WORDS)}", PDF).status == 401
