"""JSON with lines: the same as Python's for what is right, a place for what is wrong."""

import contextlib
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pacsberry.config.json_text import DEEPEST, LARGEST_BYTES, read_json
from pacsberry.config.node import Json, Node
from pacsberry.errors import ConfigError
from tests.config.test_text import JSON_VALUES

FOLDER = Path("/etc/pacs")


def read(text: str | bytes, warnings: list[str] | None = None) -> Node:
    raw = text.encode() if isinstance(text, str) else text
    return read_json(
        raw, label="a.json", folder=FOLDER, variables={}, warn=(warnings if warnings is not None else []).append
    )


@given(JSON_VALUES | st.floats(allow_nan=False, allow_infinity=False), st.sampled_from([None, 1]))
def test_reads_what_python_reads(value: Json, indent: int | None) -> None:
    text = json.dumps(value, indent=indent).replace("${", "$ {")

    assert read(text).plain() == json.loads(text)


@given(st.binary(max_size=200) | st.text(max_size=200).map(str.encode))
def test_any_bytes_are_a_value_or_a_config_error(raw: bytes) -> None:
    with contextlib.suppress(ConfigError):
        read(raw)


@pytest.mark.parametrize(
    ("text", "place", "words"),
    [
        ('{\n  "a": 1\n  "b": 2\n}', "a.json:3:3", 'expected "," or "}"'),
        ('{"a" 1}', "a.json:1:6", 'expected ":"'),
        ("{a: 1}", "a.json:1:2", "expected a name in quotes"),
        ('{"a": tru}', "a.json:1:7", "expected a value"),
        ('{"a": NaN}', "a.json:1:7", "expected a value"),
        ('{"a": 01}', "a.json:1:8", 'expected "," or "}"'),
        ('{"a": -}', "a.json:1:7", "expected a number"),
        ('{"a": 1e999}', "a.json:1:12", "out of range"),
        ('{"a": ' + "9" * 5000 + "}", "a.json:1:7", "expected a number"),
        ('{"a": [1, 2}', "a.json:1:12", 'expected "," or "]"'),
        ('{"a": "x\\q"}', "a.json:1:9", "escape"),
        ('{"a": "\\ud800"}', "a.json:1:7", "surrogate"),
        ('{"a": 1', "a.json:1:8", 'expected ","'),
        ("{} {}", "a.json:1:4", "expected the end"),
        ("", "a.json:1:1", "expected a value"),
        ('{\n"a": "x\n"}', "a.json:2:6", "string is not closed"),
        ('{\r\n"a": /* x\r\n', "a.json:2:6", "comment"),
    ],
)
def test_an_error_names_file_line_and_column(text: str, place: str, words: str) -> None:
    with pytest.raises(ConfigError) as caught:
        read(text)

    assert str(caught.value).startswith(f"{place}: ")
    assert words in str(caught.value)


def test_an_error_behind_a_variable_still_has_the_column_of_the_file() -> None:
    with pytest.raises(ConfigError, match=r"^a\.json:2:11: "):
        read_json(b'{\n"a": ${V} x}', label="a.json", folder=FOLDER, variables={"V": "[1,\n2,\n3]"}, warn=print)


def test_values_know_their_line() -> None:
    node = read('{ // first\n"a": 1,\n"b": {\n"c": [\n2]}}')

    assert isinstance(node.value, dict)
    assert str(node.value["a"].origin) == "a.json:2"
    inner = node.value["b"].value
    assert isinstance(inner, dict)
    assert (node.value["b"].origin.line, inner["c"].origin.line) == (3, 4)
    assert inner["c"].origin.folder == FOLDER


def test_a_comma_before_a_closing_bracket_is_forgiven() -> None:
    assert read('{"a": [1, 2,], }').plain() == {"a": [1, 2]}


def test_a_lone_comma_is_not() -> None:
    with pytest.raises(ConfigError):
        read("[,]")


def test_a_key_twice_in_one_object_counts_as_written_last_and_is_reported() -> None:
    warnings: list[str] = []

    node = read('{"a": 1,\n"a": 2}', warnings)

    assert node.plain() == {"a": 2}
    assert warnings == ['a.json:2:1: "a" is set twice in one object, first on line 1; the last one counts.']


def test_depth_is_limited() -> None:
    assert read("[" * DEEPEST + "]" * DEEPEST).plain() != []
    with pytest.raises(ConfigError, match="levels deep"):
        read("[" * 100_000)


def test_size_is_limited_before_and_after_variables_are_replaced() -> None:
    with pytest.raises(ConfigError, match="larger than 4 MB"):
        read(b" " * (LARGEST_BYTES + 1))
    with pytest.raises(ConfigError, match="variables"):
        read_json(b'["${V}${V}${V}"]', label="a", folder=FOLDER, variables={"V": "x" * (2 << 20)}, warn=print)


def test_a_byte_order_mark_is_passed_over_and_other_encodings_are_refused() -> None:
    assert read(b'\xef\xbb\xbf{"a": 1}').plain() == {"a": 1}
    with pytest.raises(ConfigError, match=r"a\.json:2: not UTF-8"):
        read('{\n"a": "é"}'.encode("latin-1"))
