"""What students see of tags: nothing that tells about a person, whatever a file claims."""

import pytest

from pacsberry.dicom.part10 import DicomFile
from pacsberry.dicom.tag_rows import LONGEST, TagRow, tag_rows
from tests.dicom.hand_made import IMPLICIT, element, file_of, implicit, item, made, open_sequence
from tests.makers import make_instance


def rows(data: bytes, *, for_students: bool = True) -> list[TagRow]:
    return list(tag_rows(DicomFile.open(data), for_students=for_students))


def named(data: bytes, *, for_students: bool = True) -> dict[str, str]:
    return {row.name or row.tag: row.value for row in rows(data, for_students=for_students)}


def test_students_see_how_a_picture_was_taken_and_staff_see_everything() -> None:
    file = make_instance("CT", tags={"Manufacturer": "Maker", "KVP": "120", "InstitutionName": "Hospital"})

    seen, all_ = named(file), named(file, for_students=False)

    assert seen["Manufacturer"] == "Maker"
    assert (seen["KVP"], seen["Modality"], seen["Rows"]) == ("120", "CT", "16")
    assert "PixelData" not in all_
    assert all_["PatientName"] == "Test^Patient"
    assert all_["InstitutionName"] == "Hospital"


@pytest.mark.parametrize("kind", ["CT", "MR", "US", "SR", "PDF", "RTSTRUCT", "PR"])
def test_nothing_of_a_person_is_left_in_any_kind_of_object(kind: str) -> None:
    secret = "Secret^Person"
    tags = {
        "PatientBirthDate": "19700101",
        "PatientAddress": secret,
        "PatientSex": "F",
        "PatientAge": "055Y",
        "OtherPatientIDs": "4711",
        "ReferringPhysicianName": secret,
        "OperatorsName": secret,
        "InstitutionName": secret,
        "StationName": "ROOM",
        "AccessionNumber": "A-4711",
        "StudyID": "4711",
        "DeviceSerialNumber": "4711",
        "ImageComments": secret,
        "ContentDate": "20260105",
        "AcquisitionDateTime": "20260105103000",
    }

    seen = rows(make_instance(kind, patient_id="4711", patient_name=secret, tags=tags))

    text = repr(seen)
    for what in ("Secret", "4711", "1970", "ROOM", "20260105103000", "'F'", "055Y", "2.25."):
        assert what not in text, what
    assert all(row.vr not in ("PN", "DT", "TM", "AE") for row in seen)
    assert not any(row.tag.startswith(("0010", "0040")) for row in seen)


@pytest.mark.parametrize(
    "hiding",
    [
        element(0x00100010, "CS", "DOE"),  # a name that claims to be a code
        element(0x00081050, "CS", "DOE"),  # PerformingPhysicianName
        element(0x00180050, "LO", "Doe^John"),  # SliceThickness, a number by the standard
        element(0x00080008, "LO", "Doe^John"),  # ImageType, codes by the standard
        element(0x00080016, "UI", "1.2.3.4711.DOE"),
        element(0x00189999, "LO", "DOE"),  # no tag of the standard
        element(0x00190010, "LO", "DOE"),  # a private creator
        element(0x00191001, "DS", "4711.DOE"),
        element(0x00080096, "SQ", item(element(0x00080104, "LO", "DOE"))),  # ReferringPhysicianIdentificationSequence
        open_sequence(0x00081072, item(open_sequence(0x00401101, item(element(0x00080104, "LO", "DOE"))))),
        open_sequence(0x0018A001, item(element(0x00081070, "PN", "DOE"))),  # ContributingEquipmentSequence
    ],
)
def test_a_name_in_a_place_for_something_else_stays_hidden(hiding: bytes) -> None:
    file = made(hiding, element(0x00280010, "US", b"\x10\0"))

    assert "DOE" not in repr(rows(file)).upper()
    assert named(file)["Rows"] == "16"


def test_in_implicit_vr_it_is_the_same() -> None:
    content = implicit(0x00080060, "CT") + implicit(0x00100010, "DOE^JOHN") + implicit(0x00280010, b"\x10\0")

    assert named(file_of(content, IMPLICIT)) == {"Modality": "CT", "Rows": "16"}


def test_what_is_in_sequences_stands_below_them() -> None:
    region = item(element(0x00080100, "SH", "T-D1100") + element(0x00080104, "LO", "Head"))
    file = made(open_sequence(0x00082218, region, region), element(0x00280010, "US", b"\x10\0"))

    found = [(row.depth, row.name, row.value) for row in rows(file) if row.tag[:4] != "0028"]

    assert found[-7:] == [
        (0, "AnatomicRegionSequence", ""),
        (1, "", "1"),
        (1, "CodeValue", "T-D1100"),
        (1, "CodeMeaning", "Head"),
        (1, "", "2"),
        (1, "CodeValue", "T-D1100"),
        (1, "CodeMeaning", "Head"),
    ]
    assert named(file)["Rows"] == "16"


def test_long_values_are_cut_and_binary_ones_told_by_their_size() -> None:
    file = made(element(0x00204000, "LT", "x" * 9000), element(0x00420011, "OB", b"12345678"))

    comments, document = rows(file, for_students=False)[-2:]

    assert len(comments.value) == LONGEST + 1
    assert (comments.size, document.value, document.size) == (9000, "", 8)
