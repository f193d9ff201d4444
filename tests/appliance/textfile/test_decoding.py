"""Bytes of whatever editor become lines, and the same bytes again."""

import codecs

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pacsberry_appliance.textfile.decoding import LARGEST_BYTES, Text, decode
from pacsberry_appliance.words import Message

TEXT = "# Über\r\nwifi name = Salle d’imagerie\r\ncountry = FR\r\n"


def lines_of(raw: bytes) -> list[str]:
    text = decode(raw)
    assert isinstance(text, Text)
    return [line for line, _ in text.lines]


@pytest.mark.parametrize(
    "raw",
    [
        TEXT.encode(),
        codecs.BOM_UTF8 + TEXT.encode(),
        codecs.BOM_UTF16_LE + TEXT.encode("utf-16-le"),
        codecs.BOM_UTF16_BE + TEXT.encode("utf-16-be"),
        codecs.BOM_UTF32_LE + TEXT.encode("utf-32-le"),
        TEXT.encode("utf-16-le"),
        TEXT.encode("utf-16-be"),
        TEXT.encode("cp1252"),
    ],
    ids=["utf-8", "mark", "utf-16-le", "utf-16-be", "utf-32", "le without mark", "be without mark", "windows-1252"],
)
def test_every_form_of_an_editor_gives_the_same_lines_and_is_written_back_as_it_was(raw: bytes) -> None:
    text = decode(raw)

    assert isinstance(text, Text)
    assert [line for line, _ in text.lines] == ["# Über", "wifi name = Salle d’imagerie", "country = FR"]
    assert text.encoded() == raw


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_line_ends_of_three_systems_are_lines(end: str) -> None:
    assert lines_of(f"a = 1{end}b = 2".encode()) == ["a = 1", "b = 2"]


def test_one_line_of_an_old_editor_does_not_spoil_those_of_a_new_one() -> None:
    raw = "name = Zoé\r\n".encode() + "wifi name = Café\r\n".encode("cp1252") + "# fin à 12 h\r\n".encode()
    text = decode(raw)

    assert isinstance(text, Text)
    assert [line for line, _ in text.lines] == ["name = Zoé", "wifi name = Café", "# fin à 12 h"]
    assert text.encoded() == "name = Zoé\r\nwifi name = Café\r\n# fin à 12 h\r\n".encode()


@pytest.mark.parametrize("rest", [b"\0" * 4000, b"\r\n" + "é = 1\r\n".encode("utf-16-le")])
def test_a_few_zeros_make_no_utf_16_of_a_file(rest: bytes) -> None:
    assert lines_of(codecs.BOM_UTF8 + "wifi name = Zoé\r\n# ".encode() + b"x" * 300 + rest)[0] == "wifi name = Zoé"
    assert lines_of("wifi name = Zoé\r\ncountry = FR\r\nlanguage = fr\r\n".encode() + rest)[1] == "country = FR"


def test_a_form_feed_ends_no_line() -> None:
    assert lines_of("a\x0cb\u2028c\n".encode()) == ["a\x0cb\u2028c"]


@pytest.mark.parametrize(
    ("raw", "key"),
    [
        (b"{\\rtf1\\ansi wifi name = a}", "file_is_rtf"),
        (b"PK\x03\x04\x14\x00", "file_is_word"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1", "file_is_word"),
        (b"#" * (LARGEST_BYTES + 1), "file_too_large"),
    ],
)
def test_a_file_that_is_no_plain_text_is_named(raw: bytes, key: str) -> None:
    outcome = decode(raw)

    assert isinstance(outcome, Message)
    assert outcome.key == key


@settings(deadline=None)
@given(st.binary(max_size=400))
def test_any_bytes_become_lines_or_a_reason(raw: bytes) -> None:
    outcome = decode(raw)

    assert isinstance(outcome, (Text, Message))
