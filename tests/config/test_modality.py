"""The two JSON forms of a remote node."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pacsberry.errors import ConfigError
from pacsberry.modality import MANUFACTURERS, RETRIEVE_METHODS, Modality, ae_title, modality_json, read_modality

TITLES = st.text(
    st.characters(min_codepoint=0x21, max_codepoint=0x7E, exclude_characters="\\"), min_size=1, max_size=16
)
MODALITIES = st.builds(
    Modality,
    name=st.just("node"),
    aet=TITLES,
    host=st.sampled_from(["10.0.0.1", "::1", "ct.local"]),
    port=st.integers(1, 65535),
    manufacturer=st.sampled_from(MANUFACTURERS),
    local_aet=st.just("") | TITLES,
    timeout=st.integers(0, 86400),
    retrieve_method=st.sampled_from(RETRIEVE_METHODS),
)


@given(MODALITIES)
def test_what_is_shown_can_be_read_back(modality: Modality) -> None:
    assert read_modality("node", modality_json(modality)) == (modality, ())


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
        lambda inner: st.lists(inner, max_size=5) | st.dictionaries(st.text(), inner, max_size=3),
        max_leaves=8,
    )
)
def test_any_json_is_a_modality_or_a_short_config_error(value: object) -> None:
    with pytest.raises(ConfigError) as caught:
        read_modality("node", value)

    assert len(str(caught.value)) < 500


@given(st.text())
def test_a_title_has_1_to_16_printable_ascii_characters_and_no_backslash(text: str) -> None:
    title = ae_title(text)

    if title is None:
        assert not 1 <= len(text.strip(" ")) <= 16 or not text.isascii() or not text.isprintable() or "\\" in text
    else:
        assert title == text.strip(" ")
        assert title.isascii()
