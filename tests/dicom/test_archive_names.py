"""Names in ZIP archives."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pacsberry.dicom.archive_names import LONGEST_NAME, UniqueNames, file_name, folder_name, media_path
from pacsberry.model import Level


@pytest.mark.parametrize(
    ("level", "tags", "name"),
    [
        (Level.PATIENT, {"PatientID": "P1", "PatientName": "Doe^John^^Dr"}, "P1 - Doe John Dr"),
        (Level.STUDY, {"AccessionNumber": "A1", "StudyDescription": "Thorax  (native)"}, "A1 - Thorax native"),
        (Level.SERIES, {"SeriesNumber": "3", "Modality": "CT", "SeriesDescription": "a/b\\c:d"}, "3 - CT - abcd"),
        (Level.SERIES, {"Modality": "CT"}, "CT"),
        (Level.PATIENT, {}, "Unknown Patient"),
        (Level.STUDY, {"StudyDescription": " .. "}, "Unknown Study"),
        (Level.SERIES, {"SeriesDescription": "???"}, "Unknown Series"),
        (Level.PATIENT, {"PatientName": "Élodie^Müller"}, "Elodie Muller"),
        (Level.PATIENT, {"PatientID": "7", "PatientName": "山田^太郎"}, "7"),
        (Level.PATIENT, {"PatientID": "CON"}, "_CON"),
        (Level.PATIENT, {"PatientID": "lpt1.x"}, "_lpt1.x"),
        (Level.PATIENT, {"PatientID": "../../etc/passwd"}, "etcpasswd"),
    ],
)
def test_a_folder_is_named_after_its_tags(level: Level, tags: dict[str, str], name: str) -> None:
    assert folder_name(level, tags) == name


def test_letters_of_all_scripts_stay_when_asked() -> None:
    tags = {"PatientID": "7", "PatientName": "山田^太郎/Élodie"}

    assert folder_name(Level.PATIENT, tags, utf8=True) == "7 - 山田 太郎Élodie"


@given(st.text(), st.text(), st.booleans(), st.sampled_from([Level.PATIENT, Level.STUDY]))
def test_no_tag_makes_a_name_that_cannot_be_unpacked(first: str, second: str, utf8: bool, level: Level) -> None:
    tags = {"PatientID": first, "PatientName": second, "AccessionNumber": first, "StudyDescription": second}

    name = folder_name(level, tags, utf8=utf8)

    assert 0 < len(name) <= LONGEST_NAME + 1
    assert not set(name) & set('/\\:*?"<>|\0\n\r\t')
    assert name.strip(" .") == name
    assert utf8 or name.isascii()


@pytest.mark.parametrize(
    ("modality", "number", "place", "name"),
    [
        ("CT", "5 ", 0, "CT000005.dcm"),
        ("RTSTRUCT", "1", 0, "RT000001.dcm"),
        ("us", "123456", 0, "US123456.dcm"),
        ("", "7", 0, "00000007.dcm"),
        ("C", "7", 0, "00000007.dcm"),
        ("CT", "", 3, "CT000003.dcm"),
        ("CT", "-3", 4, "CT000004.dcm"),
        ("CT", "1234567", 4, "CT000004.dcm"),
        ("../", "1", 0, "00000001.dcm"),
        ("CT", "５", 4, "CT000004.dcm"),  # noqa: RUF001 - a digit of another script
    ],
)
def test_a_file_is_named_after_its_modality_and_number(modality: str, number: str, place: int, name: str) -> None:
    assert file_name(modality, number, place) == name


def test_names_in_one_folder_are_made_different() -> None:
    names = UniqueNames()

    assert [names.add(name) for name in ("CT000001.dcm", "CT000001.dcm", "ct000001.DCM", "CT000001.dcm")] == [
        *("CT000001.dcm", "CT000001-2.dcm", "ct000001.DCM-3", "CT000001-4.dcm")
    ]
    assert [names.add("A"), names.add("A-2"), names.add("A"), names.add("a")] == ["A", "A-2", "A-3", "a-4"]


@given(st.lists(st.sampled_from(["a", "A", "a-2", "a-3", "A-2-2", "a.dcm", "a-2.dcm"]), max_size=30))
def test_no_two_names_differ_only_in_case(asked: list[str]) -> None:
    names = UniqueNames()

    given_out = [names.add(name).casefold() for name in asked]

    assert len(set(given_out)) == len(asked)


def test_files_on_media_have_short_names() -> None:
    assert media_path(0) == "IMAGES/IM0"
    assert all(len(part) <= 8 for part in media_path(999_999).split("/"))
