"""Every sentence is there in three languages, with the same values in it."""

import re
import string

import pytest

from pacsberry_appliance.words import LANGUAGES, Message, say
from pacsberry_appliance.words.about_lines import ABOUT_LINES
from pacsberry_appliance.words.about_network import ABOUT_NETWORK
from pacsberry_appliance.words.about_the_box import ABOUT_THE_BOX
from pacsberry_appliance.words.sentences import SENTENCES
from tests.conftest import ROOT


@pytest.mark.parametrize("key", SENTENCES)
def test_a_sentence_has_three_languages_and_the_same_values_in_each(key: str) -> None:
    values = [{name for _, name, _, _ in string.Formatter().parse(text) if name} for text in SENTENCES[key]]

    assert len(SENTENCES[key]) == len(LANGUAGES)
    assert all(SENTENCES[key])
    assert values[0] == values[1] == values[2]


def test_no_key_is_in_two_catalogues() -> None:
    assert len(ABOUT_LINES) + len(ABOUT_NETWORK) + len(ABOUT_THE_BOX) == len(SENTENCES)


def test_every_sentence_is_used_and_every_used_one_is_there() -> None:
    source = "\n".join(path.read_text() for path in (ROOT / "appliance").rglob("*.py") if "/words/" not in str(path))
    said = set(re.findall(r'say\(\s*"(\w+)"', source))

    assert said <= set(SENTENCES)
    assert [key for key in SENTENCES if f'"{key}"' not in source and f"'{key}'" not in source] == []


def test_an_unknown_language_is_english() -> None:
    assert Message("yes_or_no").text("nl") == "write yes or no"


def test_a_value_brings_no_control_characters_to_a_console() -> None:
    message = say("class_wifi", name="a\x1b[2Jb\nc")

    assert message.text("en") == "Wi-Fi: a\N{REPLACEMENT CHARACTER}[2Jb\N{REPLACEMENT CHARACTER}c"


def test_braces_in_a_value_stay_as_they_are() -> None:
    assert say("class_wifi", name="{name} {0}").text("de") == "WLAN: {name} {0}"
