"""UIDs."""

import pydicom.uid
import pynetdicom.sop_class as standard
import pytest

from pacsberry.dicom.uids import (
    IMPLEMENTATION_CLASS_UID,
    IMPLEMENTATION_VERSION_NAME,
    STORAGE_CLASSES,
    TRANSFER_SYNTAX_GROUPS,
    TRANSFER_SYNTAXES,
    generate_uid,
    is_uid,
    matching_uids,
)


def test_every_storage_class_of_the_standard_is_known() -> None:
    assert {str(uid) for uid in standard._STORAGE_CLASSES.values()} <= STORAGE_CLASSES.keys()
    assert STORAGE_CLASSES["1.2.840.10008.5.1.4.1.1.2"] == "CTImageStorage"
    assert all(is_uid(uid) for uid in STORAGE_CLASSES)


def test_every_transfer_syntax_that_files_may_have_is_known() -> None:
    assert {str(uid) for uid in pydicom.uid.AllTransferSyntaxes if not uid.startswith("1.2.840.10008.1.2.7")} <= (
        TRANSFER_SYNTAXES.keys() | {"1.2.840.10008.1.20"}
    )


@pytest.mark.parametrize(
    ("group", "uid"),
    [
        ("Deflated", "1.2.840.10008.1.2.1.99"),
        ("Jpeg", "1.2.840.10008.1.2.4.57"),
        ("JpegLossless", "1.2.840.10008.1.2.4.81"),
        ("Jpeg2000", "1.2.840.10008.1.2.4.93"),
        ("Jpip", "1.2.840.10008.1.2.4.95"),
        ("Mpeg2", "1.2.840.10008.1.2.4.100.1"),
        ("Mpeg4", "1.2.840.10008.1.2.4.106"),
        ("H265", "1.2.840.10008.1.2.4.108"),
        ("Rle", "1.2.840.10008.1.2.5"),
    ],
)
def test_each_of_the_nine_switches_has_its_transfer_syntaxes(group: str, uid: str) -> None:
    assert uid in TRANSFER_SYNTAX_GROUPS[group]
    assert TRANSFER_SYNTAX_GROUPS.keys() == {
        *("Deflated", "Jpeg", "JpegLossless", "Jpeg2000", "Jpip", "Mpeg2", "Mpeg4", "H265", "Rle")
    }


def test_no_transfer_syntax_is_in_two_groups() -> None:
    listed = [uid for group in TRANSFER_SYNTAX_GROUPS.values() for uid in group]

    assert len(listed) == len(set(listed))


def test_a_pattern_names_the_known_uids_that_fit() -> None:
    known = ["1.2.3", "1.2.4", "1.20.4"]

    assert matching_uids(["1.2.*"], known) == {"1.2.3", "1.2.4"}
    assert matching_uids(["1.?.4", "9.9"], known) == {"1.2.4", "9.9"}
    assert matching_uids(["1.2.840.10008.1.*"], TRANSFER_SYNTAXES) == TRANSFER_SYNTAXES.keys()


def test_a_new_uid_is_valid_and_never_the_same() -> None:
    made = {generate_uid() for _ in range(1000)}

    assert len(made) == 1000
    assert all(is_uid(uid) and uid.startswith("2.25.") for uid in made)


@pytest.mark.parametrize("text", ["", "1", "1..2", "1.02", "1.2.", "a.b", "3.1.2.3", "1.2\n", "1." + "2" * 63])
def test_what_the_standard_does_not_allow_is_no_uid(text: str) -> None:
    assert not is_uid(text)


def test_the_implementation_names_itself_within_the_limits_of_its_elements() -> None:
    assert is_uid(IMPLEMENTATION_CLASS_UID)
    assert len(IMPLEMENTATION_VERSION_NAME) <= 16
