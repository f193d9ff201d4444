"""What the DICOM door accepts can be changed while it is open."""

import pytest

from pacsberry.dicom.policy import DicomPolicy
from pacsberry.errors import BadRequest

CT, MR = "1.2.840.10008.5.1.4.1.1.2", "1.2.840.10008.5.1.4.1.1.4"


def test_without_settings_every_standard_syntax_and_class_is_accepted() -> None:
    policy = DicomPolicy()

    assert {"1.2.840.10008.1.2", "1.2.840.10008.1.2.4.202"} <= set(policy.accepted_transfer_syntaxes)
    assert {CT, MR} <= set(policy.accepted_sop_classes)
    assert policy.default_encoding == "Latin1"
    assert not policy.unknown_sop_class_accepted


def test_patterns_are_read_back_as_sorted_uids() -> None:
    policy = DicomPolicy()

    policy.accepted_transfer_syntaxes = ("1.2.840.10008.1.2.4.10?", "1.2.840.10008.1.2", "1.2.3")

    assert policy.accepted_transfer_syntaxes[:3] == ("1.2.3", "1.2.840.10008.1.2", "1.2.840.10008.1.2.4.100")
    assert "1.2.840.10008.1.2.4.110" not in policy.accepted_transfer_syntaxes


def test_an_empty_list_accepts_nothing() -> None:
    policy = DicomPolicy()

    policy.accepted_transfer_syntaxes = ()

    assert policy.accepted_transfer_syntaxes == ()


def test_rejected_classes_stay_rejected_when_the_accepted_ones_change() -> None:
    policy = DicomPolicy(rejected_sop_classes=(MR,))
    assert MR not in policy.accepted_sop_classes

    policy.accepted_sop_classes = ("*",)

    assert MR not in policy.accepted_sop_classes
    assert CT in policy.accepted_sop_classes


@pytest.mark.parametrize("pattern", ["", "Explicit", "1.2;3", "1" * 65, "*1" * 9])
def test_what_is_no_pattern_is_refused_and_changes_nothing(pattern: str) -> None:
    policy = DicomPolicy()
    before = policy.accepted_transfer_syntaxes

    with pytest.raises(BadRequest):
        policy.accepted_transfer_syntaxes = (pattern,)

    assert policy.accepted_transfer_syntaxes == before


def test_an_encoding_nobody_knows_is_refused() -> None:
    policy = DicomPolicy()

    with pytest.raises(BadRequest, match="Latin9"):
        policy.default_encoding = "Latin9"

    policy.default_encoding = "Utf8"
    assert policy.default_encoding == "Utf8"
