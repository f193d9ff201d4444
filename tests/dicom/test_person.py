"""Free texts that name the patient, and those that only look so."""

import pytest

from pacsberry.dicom.person import names_person, without_person

JANE = {"PatientName": "Müller^Jane^^Dr.", "PatientID": "K-4711", "PatientBirthDate": "19700131"}


@pytest.mark.parametrize(
    "text",
    [
        "MR knee Müller, Jane",
        "jane_mueller... JANE MÜLLER",
        "Müller^Jane",
        "MULLER JANE knee left",
        "Control of K-4711",
        "k-4711",
        "born 31.1.1970",
        "1970-01-31",
        "01/31/1970 knee",
        "knee 19700131",
    ],
)
def test_a_text_that_names_the_patient_is_not_shown(text: str) -> None:
    assert names_person(text, JANE)
    assert without_person(text, JANE) == ""


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Knee left",
        "Mülleria",
        "Jane's protocol",
        "K-47112",
        "4711",
        "31.1.1971",
        "1970",
        "3 x 1970 mm",
        "Dr. House",
    ],
)
def test_a_text_that_does_not_is(text: str) -> None:
    assert without_person(text, JANE) == text


@pytest.mark.parametrize(
    ("text", "person"),
    [
        ("CT Chest", {"PatientName": "Chest", "PatientID": "CHEST"}),
        ("Hand pa", {"PatientName": "Hand^Paul"}),
        ("Phase 12", {"PatientID": "12"}),
        ("Anything", {}),
        ("Anything", {"PatientName": "", "PatientID": "", "PatientBirthDate": ""}),
        ("19700131", {"PatientBirthDate": "1970013X"}),
    ],
)
def test_teaching_files_keep_their_descriptions(text: str, person: dict[str, str]) -> None:
    assert not names_person(text, person)
