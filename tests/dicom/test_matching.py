"""The matching rules of C-FIND and /tools/find."""

import re
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pacsberry.dicom.matching import Constraint, Match, is_ignored, wildcard

NAME, DESCRIPTION, DATE, TIME, ACCESSION, STUDY_UID = (
    0x00100010,
    0x00081030,
    0x00080020,
    0x00080030,
    0x00080050,
    0x0020000D,
)
PLAIN = st.text(alphabet=st.characters(exclude_characters="*?\\\0 ", codec="utf-8"), min_size=1)


def fits(vr: str, query: str, value: str | None, *, case_sensitive: bool = True, tag: int = DESCRIPTION) -> bool:
    return Constraint.parse(tag, vr, query, case_sensitive=case_sensitive).matches(value)


@pytest.mark.parametrize("query", ["", "  ", "\0", "\\", "-"])
def test_an_empty_query_fits_everything_and_the_absent(query: str) -> None:
    vr = "DA" if query == "-" else "LO"

    assert fits(vr, query, "x")
    assert fits(vr, query, None)


@pytest.mark.parametrize("query", ["x", "*", "a\\b", "1-2"])
def test_an_absent_attribute_fits_no_condition(query: str) -> None:
    assert not fits("LO", query, None)
    assert not fits("DA", "20200101-", None)


def test_case_counts_unless_told_otherwise() -> None:
    assert not fits("LO", "thorax", "Thorax")
    assert fits("LO", "thorax", "Thorax", case_sensitive=False)
    assert fits("PN", "DÖE^*", "döe^jane", case_sensitive=False)
    assert not fits("PN", "DOE^*", "döe^jane", case_sensitive=False)


@pytest.mark.parametrize(
    ("query", "value", "fit"),
    [
        ("D*", "Doe^John", True),
        ("*John", "Doe^John", True),
        ("*", "", True),
        ("D?e^*n", "Doe^John", True),
        ("D?e^*n", "Döe^John", True),
        ("D*^J*n*", "Doe^John", True),
        ("?", "", False),
        ("Doe?John", "Doe^John", True),
        ("D*x", "Doe^John", False),
        ("a*b", "a\nb", True),
        ("[D]*", "Doe", False),
        ("D.*", "Doe", False),
        ("a%*", "a%_[]", True),
        ("a_*", "abc", False),
        ("**a**", "xay", True),
    ],
)
def test_stars_and_question_marks_are_wildcards_and_nothing_else_is(query: str, value: str, fit: bool) -> None:
    assert fits("LO", query, value) is fit


@pytest.mark.parametrize("vr", ["UI", "DA", "TM", "DT", "DS", "IS", "AS", "US", "SQ"])
def test_wildcards_are_plain_characters_in_other_vrs(vr: str) -> None:
    assert not fits(vr, "1*", "12")
    assert fits(vr, "1*", "1*")


@pytest.mark.parametrize("vr", ["AE", "CS", "LO", "LT", "PN", "SH", "ST", "UC", "UR", "UT"])
def test_wildcards_work_in_text(vr: str) -> None:
    assert fits(vr, "1*", "12")


@pytest.mark.parametrize(
    ("query", "value", "fit"),
    [
        ("20200101-20200131", "20200115", True),
        ("20200101-20200131", "20200131", True),
        ("20200101-20200131", "20200201", False),
        ("20200201-", "20200201", True),
        ("20200201-", "20200131", False),
        ("-20200131", "20200131", True),
        ("-20200131", "20200201", False),
        ("-20200131", "", False),
        (" 20200101 - 20200131 ", "20200115", True),
    ],
)
def test_dates_may_be_ranges_with_open_ends(query: str, value: str, fit: bool) -> None:
    assert fits("DA", query, value, tag=DATE) is fit


def test_times_are_compared_as_text() -> None:
    assert fits("TM", "1000-1100", "101010.5", tag=TIME)
    assert not fits("TM", "-101010", "101010.5", tag=TIME)


def test_a_hyphen_is_no_range_elsewhere() -> None:
    assert fits("SH", "A-1", "A-1", tag=ACCESSION)
    assert not fits("SH", "A-C", "B", tag=ACCESSION)


def test_a_list_means_any_of_its_values() -> None:
    assert fits("UI", "1.2\\1.3", "1.3", tag=STUDY_UID)
    assert not fits("UI", "1.2\\1.3", "1.30", tag=STUDY_UID)
    assert fits("DA", "20200101\\20200202", "20200202", tag=DATE)
    assert fits("SH", "a1\\b2\\", "B2", case_sensitive=False)
    assert not fits("SH", "a1\\b*", "b2")


def test_a_list_of_ten_thousand_uids_still_filters() -> None:
    uids = [f"1.2.3.{number}" for number in range(10_000)]

    constraint = Constraint.parse(STUDY_UID, "UI", "\\".join(uids), case_sensitive=True)

    assert constraint.matches("1.2.3.9999")
    assert not constraint.matches("1.2.3.10000")
    assert constraint.exact_values == tuple(uids)


@pytest.mark.parametrize(
    ("vr", "query", "kind", "exact", "ends"),
    [
        ("LO", "", Match.UNIVERSAL, None, None),
        ("LO", " a ", Match.EXACT, ("a",), None),
        ("LO", "a\\b", Match.LIST, ("a", "b"), None),
        ("LO", "a*", Match.WILDCARD, None, None),
        ("DA", "2020-2021", Match.RANGE, None, ("2020", "2021")),
        ("DA", "-2021", Match.RANGE, None, ("", "2021")),
    ],
)
def test_an_index_is_told_what_it_can_look_up(
    vr: str, query: str, kind: Match, exact: tuple[str, ...] | None, ends: tuple[str, str] | None
) -> None:
    constraint = Constraint.parse(DESCRIPTION, vr, query, case_sensitive=True)

    assert (constraint.kind, constraint.exact_values, constraint.range) == (kind, exact, ends)


def test_one_of_several_values_is_enough_for_modalities() -> None:
    constraint = Constraint.parse(0x00080061, "CS", "CT\\PT", case_sensitive=True)

    assert constraint.matches_any("MR\\CT")
    assert not constraint.matches_any("MR\\US")
    assert not constraint.matches_any(None)


@pytest.mark.parametrize("tag", [0x00080000, 0x00090010, 0x00080005, 0x00080201])
def test_what_describes_the_query_itself_never_filters(tag: int) -> None:
    assert is_ignored(tag)
    assert fits("LO", "anything", None, tag=tag)


@given(PLAIN)
def test_a_plain_value_fits_itself_and_nothing_longer(value: str) -> None:
    asked = value.strip()
    constraint = Constraint.parse(DESCRIPTION, "LO", asked, case_sensitive=True)

    assert constraint.matches(asked)
    assert constraint.kind == Match.UNIVERSAL or not constraint.matches(asked + "x")


@given(st.text(alphabet="ab*?.[]%_\\^$(", max_size=12), st.text(alphabet="ab.[]%_\\^$(", max_size=12))
def test_wildcards_agree_with_the_obvious_expression(pattern: str, value: str) -> None:
    obvious = re.compile("".join({"*": "(?s:.*)", "?": "(?s:.)"}.get(letter, re.escape(letter)) for letter in pattern))

    assert (wildcard(pattern).match(value) is not None) == (obvious.fullmatch(value) is not None)


def test_no_pattern_makes_matching_slow() -> None:
    began = time.process_time()

    for pattern in ("*a" * 500 + "b", "*?a" * 300 + "b", "a*" * 500 + "b", "*" * 5000 + "b"):
        assert wildcard(pattern).match("a" * 5000) is None

    assert time.process_time() - began < 5
