"""Person names that are nearly the one looked for."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pacsberry.dicom.fuzzy import FuzzyName
from pacsberry.dicom.matching import Constraint, Match

PATIENT_NAME = 0x00100010


@pytest.mark.parametrize(
    ("wanted", "name"),
    [
        ("anna muller", "MUELLER^ANNA MARIA"),
        ("Müller", "Muller^Hans"),
        ("Hans*", "Muller^Hans"),
        ("meier", "MAIER^Jo"),
        ("Jhon", "DOE^JOHN"),
        ("Jon", "DOE^JONATHAN"),
        ("DOE^J", "DOE^JOHN^^DR"),
        ("john, doe", "Doe-Smith^John"),
        ("Yamada", "Yamada^Tarou=山田^太郎=やまだ^たろう"),
        ("山田", "Yamada^Tarou=山田^太郎"),
        ("O'Neil", "O'NEILL^PAT"),
    ],
)
def test_near_names_are_found(wanted: str, name: str) -> None:
    assert FuzzyName(wanted).matches(name)
    assert Constraint.fuzzy(PATIENT_NAME, wanted).matches(name)


@pytest.mark.parametrize(
    ("wanted", "name"),
    [
        ("anna muller", "MUELLER^HANS"),
        ("Ann", "NNA^X"),
        ("Meyer", "Maier"),
        ("Jo", "Xo"),
        ("x", ""),
        ("Bert", "Robert"),
    ],
)
def test_others_are_not(wanted: str, name: str) -> None:
    assert not Constraint.fuzzy(PATIENT_NAME, wanted).matches(name)


def test_no_word_is_no_constraint_and_no_name_fulfils_none() -> None:
    assert Constraint.fuzzy(PATIENT_NAME, " ").kind is Match.UNIVERSAL
    assert not Constraint.fuzzy(PATIENT_NAME, "a").matches(None)
    assert not FuzzyName("^*").matches("DOE^JOHN")


@given(st.text(alphabet="ab^*? ", max_size=8), st.text(alphabet="ab^ ", max_size=8))
def test_whatever_matches_literally_matches_nearly(wanted: str, name: str) -> None:
    literal = Constraint.parse(PATIENT_NAME, "PN", wanted, case_sensitive=False)

    assert not literal.matches(name) or Constraint.fuzzy(PATIENT_NAME, wanted).matches(name)


LETTERS = st.text(alphabet="abc", min_size=4, max_size=7)


@given(LETTERS, LETTERS)
def test_one_slip_is_forgiven_and_no_more(one: str, other: str) -> None:
    swapped = {one[:at] + one[at + 1] + one[at] + one[at + 2 :] for at in range(len(one) - 1)}
    left_out = {one[:at] + one[at + 1 :] for at in range(len(one))}
    changed = {one[:at] + letter + one[at + 1 :] for at in range(len(one)) for letter in "abc"}
    added = {one[:at] + letter + one[at:] for at in range(len(one) + 1) for letter in "abc"}
    near = other in swapped | left_out | changed | added or other.startswith(one)

    assert FuzzyName(one).matches(other) == near
