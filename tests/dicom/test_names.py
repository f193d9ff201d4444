"""Names of tags in both directions."""

import os
import subprocess
import sys

import pytest

from pacsberry.dicom.names import STANDARD, TagDictionary, keyword_of, parse_tag, tag_text, vr_of
from pacsberry.errors import ConfigError


@pytest.mark.parametrize("text", ["PatientName", "0010,0010", "0010-0010", "00100010", " PatientName ", "0010,0010 "])
def test_a_tag_has_four_spellings(text: str) -> None:
    assert parse_tag(text) == 0x00100010


@pytest.mark.parametrize(
    "text", ["", "patientname", "0010", "0010,00100", "0010 0010", "zzzz,0010", "Name", "0010,001g"]
)
def test_what_is_no_tag_is_none(text: str) -> None:
    assert parse_tag(text) is None


@pytest.mark.parametrize(
    ("tag", "keyword", "vr"),
    [
        (0x00100010, "PatientName", "PN"),
        (0x00101000, "OtherPatientIDs", "LO"),  # retired, but a main tag of Orthanc
        (0x30060050, "ContourData", "DS"),  # not in our table: pydicom's dictionary
        (0x60020010, "OverlayRows", "US"),  # a repeating group
        (0x50000010, "RETIRED_NumberOfPoints", "US"),
        (0x30060085, "ROIObservationLabel", "SH"),  # retired after the clients were written
        (0x00280106, "SmallestImagePixelValue", "US"),  # 'US or SS'
        (0x00080000, "GenericGroupLength", "UL"),
        (0x00190000, "PrivateGroupLength", "UL"),
        (0x00190010, "PrivateCreator", "LO"),
        (0x0008FFF0, "", "UN"),
        (0x00191099, "", "UN"),
    ],
)
def test_a_tag_has_the_name_and_vr_that_orthanc_shows(tag: int, keyword: str, vr: str) -> None:
    assert (keyword_of(tag), vr_of(tag)) == (keyword, vr)


@pytest.mark.parametrize("tag", [0x00100010, 0x00101000, 0x40000010, 0x7FE00010])
def test_the_name_of_a_tag_leads_back_to_it(tag: int) -> None:
    assert parse_tag(keyword_of(tag)) == tag


def test_a_retired_tag_is_found_with_and_without_its_prefix() -> None:
    assert parse_tag("RETIRED_Arbitrary") == parse_tag("Arbitrary") == 0x40000010


def test_a_private_tag_is_named_by_its_creator() -> None:
    assert STANDARD.keyword(0x00091101, "GEMS_IDEN_01") == "FullFidelity"
    assert STANDARD.vr(0x00091027, "GEMS_IDEN_01") == "SL"
    assert STANDARD.keyword(0x00091001, "SOMEBODY ELSE") == ""


def test_the_option_dictionary_adds_names_in_whatever_block_they_are() -> None:
    dictionary = TagDictionary.from_option(
        {"0014,1020": ["DA", "ValidationExpiryDate", 1, 1], "00e1-1023": ["UI", "MyUID", 1, 1, "ELSCINT1"]}
    )

    assert dictionary.parse("ValidationExpiryDate") == 0x00141020
    assert dictionary.vr(0x00141020) == "DA"
    assert dictionary.keyword(0x00E11123, "ELSCINT1") == "MyUID"
    assert dictionary.keyword(0x00E11123, "OTHER") == ""
    assert dictionary.keyword(0x00100010) == "PatientName"


def test_the_default_private_creator_names_tags_without_one() -> None:
    option = {"00e1,1023": ["UI", "MyUID", 1, 1, "ELSCINT1"]}

    assert TagDictionary.from_option(option, default_creator="ELSCINT1").vr(0x00E11023) == "UI"
    assert TagDictionary.from_option(option).vr(0x00E11023) == "UN"


def test_names_of_makers_can_be_left_out() -> None:
    dictionary = TagDictionary(has_private_names=False)

    assert (dictionary.keyword(0x00091001, "GEMS_IDEN_01"), dictionary.vr(0x00091027, "GEMS_IDEN_01")) == ("", "UN")


@pytest.mark.parametrize(
    ("option", "said"),
    [
        ({"PatientName": ["PN", "X", 1, 1]}, "'PatientName' is not a tag"),
        ({"0014,1020": ["DA"]}, "needs"),
        ({"0014,1020": ["XX", "X", 1, 1]}, "'XX'"),
        ({"0015,1020": ["DA", "X", 1, 1]}, "private creator"),
        ({"0014,1020": ["DA", "X", 1, 1, "ME"]}, "private creator"),
    ],
)
def test_a_bad_entry_of_the_option_dictionary_is_named(option: dict[str, list[object]], said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        TagDictionary.from_option(option)


def test_a_tag_is_written_with_a_comma() -> None:
    assert tag_text(0x7FE00010) == "7fe0,0010"


def test_common_names_need_no_pydicom() -> None:
    code = (
        "import sys\n"
        "from pacsberry.dicom import header, matching, encoding, tagjson, frames, content, archive_names, uids\n"
        "from pacsberry.dicom.names import parse_tag, keyword_of, vr_of\n"
        "from pacsberry.dicom.main_tags import ORTHANC_MAIN_TAGS\n"
        "for level in ORTHANC_MAIN_TAGS.levels:\n"
        "    for tag in level:\n"
        "        assert parse_tag(keyword_of(tag)) == tag and vr_of(tag) != 'UN'\n"
        "print('pydicom' in sys.modules)\n"
    )

    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, env=environment)

    assert shown.stdout.strip() == "False", shown.stdout + shown.stderr
