"""Media types and their parameters, however clients write them, and however long a stranger makes the header."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pacsberry.http.mediatypes import media_type, parse_accept


def test_parameters_are_read_with_and_without_quotes() -> None:
    found = media_type('Multipart/Related; TYPE="application/dicom; a=b";boundary="a\\"b,;c" ; charset=utf-8')

    assert found.kind == "multipart/related"
    assert found.inside == "application/dicom"
    assert found.parameters == {"type": "application/dicom; a=b", "boundary": 'a"b,;c', "charset": "utf-8"}


def test_ranges_come_best_first_and_those_of_no_weight_not_at_all() -> None:
    found = parse_accept('a/a;q=0.5, b/b, c/c;q=0, d/d;x="1,2;3";q=0.7, e/e;q=nonsense, , f/f')

    assert [one.kind for one in found] == ["b/b", "f/f", "d/d", "a/a"]
    assert found[2].parameters == {"x": "1,2;3"}


@pytest.mark.parametrize("piece", ['"\\', '\\"', '"', ";", ",", 'a;b="', 'a="\\",', "a;", "\\", " "])
def test_a_hostile_header_takes_no_time(piece: str) -> None:
    header = piece * (65536 // len(piece))

    begun = time.process_time()
    parse_accept(header)
    media_type(header)

    assert time.process_time() - begun < 1


@given(st.text(alphabet='ab/*;,="\\ q.01\t', max_size=60))
def test_any_text_is_read_as_something(text: str) -> None:
    for found in (*parse_accept(text), media_type(text)):
        assert found.kind == found.kind.lower()
        assert found.weight > 0 or found == media_type(text)
