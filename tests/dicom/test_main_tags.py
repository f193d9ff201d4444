"""The tables of main tags."""

import pytest

from pacsberry.dicom.main_tags import ORTHANC_MAIN_TAGS, MainTags
from pacsberry.dicom.names import TagDictionary
from pacsberry.errors import ConfigError
from pacsberry.model import Level


def test_the_signatures_are_those_of_orthanc() -> None:
    assert ORTHANC_MAIN_TAGS.signature(Level.PATIENT) == "0010,0010;0010,0020;0010,0030;0010,0040;0010,1000"
    assert ORTHANC_MAIN_TAGS.signature(Level.INSTANCE) == (
        "0008,0012;0008,0013;0008,0018;0020,0012;0020,0013;0020,0032;0020,0037;0020,0100;0020,4000;0028,0008;0054,1330"
    )
    assert [len(ORTHANC_MAIN_TAGS.levels[level]) for level in Level] == [5, 11, 26, 11]


def test_every_main_tag_is_named() -> None:
    names = {main.name for level in ORTHANC_MAIN_TAGS.levels for main in level.values()}

    assert {"PatientName", "StudyInstanceUID", "RequestAttributesSequence", "ImagePositionPatient"} <= names
    assert all(name.isalnum() for name in names)


def test_extra_tags_join_their_level_in_the_order_of_tags() -> None:
    option = {"Patient": ["PatientAge"], "Instance": ["0028,0010", "Rows", "00091001"]}

    tags = MainTags.with_extra(option)

    assert tags.signature(Level.PATIENT) == "0010,0010;0010,0020;0010,0030;0010,0040;0010,1000;0010,1010"
    assert tags.levels[Level.INSTANCE][0x00280010].vr == "US"
    assert tags.levels[Level.INSTANCE][0x00091001].name == "0009,1001"
    assert tags.signature(Level.SERIES) == ORTHANC_MAIN_TAGS.signature(Level.SERIES)


def test_extra_tags_may_have_names_of_the_users_dictionary() -> None:
    dictionary = TagDictionary.from_option({"0014,1020": ["DA", "Expiry", 1, 1]})

    tags = MainTags.with_extra({"Study": ["Expiry"]}, dictionary=dictionary)

    assert tags.levels[Level.STUDY][0x00141020].name == "Expiry"


@pytest.mark.parametrize(
    ("option", "said"), [({"Image": ["Rows"]}, "'Image' is no level"), ({"Study": ["Rowz"]}, "'Rowz'")]
)
def test_a_bad_extra_tag_is_named(option: dict[str, list[str]], said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        MainTags.with_extra(option)


def test_a_tag_of_two_levels_belongs_to_the_higher() -> None:
    assert ORTHANC_MAIN_TAGS.level_of(0x00200037) == Level.SERIES
    assert ORTHANC_MAIN_TAGS.level_of(0x00080201) == Level.STUDY
    assert ORTHANC_MAIN_TAGS.level_of(0x00280010) is None
    assert ORTHANC_MAIN_TAGS.name_of(0x00200037) == "ImageOrientationPatient"
    assert ORTHANC_MAIN_TAGS.name_of(0x00280010) == ""
