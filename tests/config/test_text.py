"""Comments and variables in the text of a configuration file."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pacsberry.config.text import TextError, substitute, without_comments

JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**9), 10**9) | st.text(),
    lambda children: st.lists(children, max_size=4) | st.dictionaries(st.text(), children, max_size=4),
    max_leaves=12,
)
NOTES = st.text(st.characters(exclude_characters="\n", exclude_categories=["Cs"])).map(
    lambda text: text.replace("*/", "")
)


@given(JSON_VALUES, NOTES)
def test_what_is_left_without_comments_is_the_same_json(value: object, note: str) -> None:
    lines = json.dumps(value, indent=1).splitlines()
    commented = "".join(f"/* {note}\n*/{line} // {note}\n" for line in lines)

    assert json.loads(without_comments(commented)) == value


@given(st.text())
def test_removing_comments_moves_nothing(text: str) -> None:
    try:
        left = without_comments(text)
    except TextError:
        return

    assert len(left) == len(text)
    assert [i for i, c in enumerate(left) if c == "\n"] == [i for i, c in enumerate(text) if c == "\n"]


def test_comment_marks_inside_strings_are_text() -> None:
    text = '{"Url": "http://host/*x*/", "Quote": "a\\"//b"}'

    assert without_comments(text) == text


@pytest.mark.parametrize(("text", "offset"), [('{"a": 1 /* never', 8), ('{"a": "never\n}', 6)])
def test_what_is_never_closed_is_an_error_at_its_beginning(text: str, offset: int) -> None:
    with pytest.raises(TextError) as caught:
        without_comments(text)

    assert caught.value.offset == offset


@given(JSON_VALUES)
def test_json_without_variables_is_left_alone(value: object) -> None:
    text = json.dumps(value).replace("${", "$ {")

    assert substitute(text, {}).text == text


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_a_variable_in_quotes_arrives_as_it_is_whatever_it_holds(value: str) -> None:
    assert json.loads(substitute('["a${V}b"]', {"V": value}).text) == [f"a{value}b"]


def test_a_variable_outside_quotes_is_taken_as_json() -> None:
    text = '{"Port": ${PORT}, "List": ${LIST:-[1, 2]}, "Name": "${NAME:-x y}"}'

    assert json.loads(substitute(text, {"PORT": "104"}).text) == {"Port": 104, "List": [1, 2], "Name": "x y"}


def test_the_default_of_a_variable_may_hold_slashes() -> None:
    text = '["${URL:-http://a}", ${B:-"http://b"}]'

    assert json.loads(substitute(without_comments(text), {}).text) == ["http://a", "http://b"]


def test_a_set_variable_wins_over_the_default_even_when_it_is_empty() -> None:
    assert substitute('"${A:-x}"', {"A": ""}).text == '""'


def test_a_variable_that_is_not_set_is_replaced_by_nothing_and_named() -> None:
    done = substitute('["${A}", "${B:-}"]', {})

    assert done.text == '["", ""]'
    assert done.missing == (("A", 2),)


def test_what_is_put_in_is_not_looked_at_again() -> None:
    assert substitute('"${A}"', {"A": "${B}", "B": "x"}).text == '"${B}"'


@pytest.mark.parametrize("text", ['"${}"', '"${1A}"', '"${A"', '"$A"', '"${a b}"'])
def test_what_only_looks_like_a_variable_stays(text: str) -> None:
    assert substitute(text, {"A": "x"}).text == text


@given(
    st.lists(st.sampled_from(['"a${V}b"', " ", "${V}", "true", "\n", '"${V}${W}"', ",", "${W:-d}"])),
    st.text(),
    st.text(),
)
def test_every_character_leads_back_to_where_it_stood(parts: list[str], v: str, w: str) -> None:
    source = "".join(parts)
    v, w = v.replace('"', "").replace("$", ""), w.replace('"', "").replace("$", "")

    done = substitute(source, {"V": v, "W": w})

    offsets = [done.source_offset(i) for i in range(len(done.text) + 1)]
    assert offsets == sorted(offsets)
    assert offsets[-1] == len(source) or done.text == "" or source.endswith("}")
    for i, char in enumerate(done.text):
        assert source[offsets[i]] in (char, "$")
