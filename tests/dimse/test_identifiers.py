"""What an identifier asks, read from its bytes."""

import struct

import pytest

from pacsberry.dimse.identifiers import PATIENT_ID, VITREA_CREATOR, read_question
from pacsberry.errors import BadRequest, PacsberryError, TooLarge
from pacsberry.model import Level
from tests.makers import IMPLICIT


def element(tag: int, value: str | bytes = "") -> bytes:
    raw = value.encode() if isinstance(value, str) else value
    raw += b" " * (len(raw) % 2)
    return struct.pack("<HHL", tag >> 16, tag & 0xFFFF, len(raw)) + raw


def level(word: str) -> bytes:
    return element(0x00080052, word)


@pytest.mark.parametrize(
    ("word", "expected"),
    [
        ("PATIENT", Level.PATIENT),
        ("STUDY", Level.STUDY),
        ("series ", Level.SERIES),
        ("IMAGE", Level.INSTANCE),
        ("INSTANCE", Level.INSTANCE),
        ("", None),
    ],
)
def test_the_level(word: str, expected: Level | None) -> None:
    assert read_question(level(word), IMPLICIT, "Latin1").level is expected


def test_a_level_nobody_knows_is_refused() -> None:
    with pytest.raises(BadRequest, match="WARD"):
        read_question(level("WARD"), IMPLICIT, "Latin1")


def test_values_are_wanted_conditions_are_those_with_a_value_and_the_rest_is_echoed() -> None:
    data = (
        element(0x00080000, b"\0\0\0\0")  # a group length
        + element(0x00080005, "ISO_IR 100")
        + level("STUDY")
        + element(0x00080201, "+0100")
        + element(0x00081030)
        + element(0x00081032)  # a sequence
        + element(PATIENT_ID, "P1")
        + element(0x00420011)  # bytes
        + element(VITREA_CREATOR, "Vital Images SW 3.4")
    )

    question = read_question(data, IMPLICIT, "Latin1")

    assert question.wanted == [0x00081030, PATIENT_ID]
    assert [constraint.tag for constraint in question.constraints(case_sensitive_pn=False)] == [PATIENT_ID]
    assert question.echoed == {
        0x00080201: "+0100",
        0x00081032: "",
        0x00420011: "",
        VITREA_CREATOR: "Vital Images SW 3.4",
    }
    assert question.text(PATIENT_ID) == "P1"
    assert question.text(0x0020000D) == ""


@pytest.mark.parametrize("case_sensitive_pn", [False, True])
def test_case_matters_in_names_only_when_that_is_wanted(case_sensitive_pn: bool) -> None:
    question = read_question(element(0x00100010, "smith") + element(PATIENT_ID, "p1"), IMPLICIT, "Latin1")

    found = {one.tag: one.is_case_sensitive for one in question.constraints(case_sensitive_pn=case_sensitive_pn)}

    assert found == {0x00100010: case_sensitive_pn, PATIENT_ID: True}


def test_a_question_of_too_many_attributes_is_refused() -> None:
    data = b"".join(element(0x00110000 | number) for number in range(0x1000, 0x1000 + 1001))

    with pytest.raises((BadRequest, TooLarge)):
        read_question(data, IMPLICIT, "Latin1")


@pytest.mark.parametrize("data", [b"x", b"\xff" * 7, element(PATIENT_ID, "P1")[:-1]])
def test_bytes_that_are_no_data_set_are_refused(data: bytes) -> None:
    with pytest.raises(PacsberryError):
        read_question(data, IMPLICIT, "Latin1")
