"""Character sets of values, and the folded form of identifiers."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pacsberry.dicom.text import DEFAULT_ENCODINGS, Charsets, decode_text, encode_text, fold

JAPANESE_NAME = b"\xd4\xcf\xc0\xde^\xc0\xdb\xb3=\x1b$B;3ED\x1b(J^\x1b$BB@O:\x1b(J=\x1b$B$d$^$@\x1b(J^\x1b$B$?$m$&\x1b(J"
KOREAN_NAME = b"Hong^Gildong=\x1b$)C\xfb\xf3^\x1b$)C\xd1\xce\xd4\xd7=\x1b$)C\xc8\xab^\x1b$)C\xb1\xe6\xb5\xbf"
CHINESE_NAME = b"Zhang^XiaoDong=\x1b$)A\xd5\xc5^\x1b$)A\xd0\xa1\xb6\xab="

GREEK_AFTER_LATIN = b"Dionysios is \x1b-F\xc4\xe9\xef\xed\xf5\xf3\xe9\xef\xf2"


@pytest.mark.parametrize(
    ("charset", "raw", "text"),
    [
        ("", b"\xe9t\xe9", "été"),  # the fallback, Latin1
        ("ISO_IR 100", b"\xe9t\xe9", "été"),
        ("ISO_IR 192", "山田^太郎".encode(), "山田^太郎"),
        ("GB18030", "山田\\表".encode("gb18030"), "山田\\表"),
        ("GBK", "山田".encode("gbk"), "山田"),
        ("ISO_IR 144", b"\xbb\xee\xda", "Люк"),
        ("ISO_IR 126", b"\xf9", "ω"),
        ("ISO_IR 138", b"\xf9", "ש"),
        ("ISO_IR 127", b"\xc8", "ب"),
        ("ISO_IR 166", b"\xa1\xa2", "กข"),
        ("ISO_IR 203", b"\xa4", "€"),
        ("ISO_IR 13", b"\xd4\xcf\xc0\xde", "ﾔﾏﾀﾞ"),
        ("\\ISO 2022 IR 87", b"\x1b$B;3ED\x1b(B^\x1b$BB@O:\x1b(B", "山田^太郎"),
        ("ISO 2022 IR 13\\ISO 2022 IR 87", JAPANESE_NAME, "ﾔﾏﾀﾞ^ﾀﾛｳ=山田^太郎=やまだ^たろう"),
        ("\\ISO 2022 IR 159", b"\x1b$(D\x22\x2f\x1b(B", "˘"),
        ("\\ISO 2022 IR 149", KOREAN_NAME, "Hong^Gildong=洪^吉洞=홍^길동"),
        ("\\ISO 2022 IR 58", CHINESE_NAME, "Zhang^XiaoDong=张^小东="),
        ("ISO 2022 IR 6\\ISO 2022 IR 126", GREEK_AFTER_LATIN, "Dionysios is Διονυσιος"),
        ("ISO 2022 IR 100\\ISO 2022 IR 144", b"\xe9\x1b-L\xb2\xd0", "éВа"),
    ],
)
def test_text_is_read_in_the_character_set_of_its_file(charset: str, raw: bytes, text: str) -> None:
    assert decode_text(raw, "PN", Charsets.of(charset)) == text


@pytest.mark.parametrize(
    ("misspelling", "raw"),
    [
        ("ISO-IR 100", b"\xe9"),
        ("ISO_IR_100", b"\xe9"),
        ("ISO IR 100", b"\xe9"),
        ("iso_ir 100", b"\xe9"),
        ("ISO_IR100", b"\xe9"),
        ("ISO 2022 100", b"\xe9"),
        ("latin1", b"\xe9"),
        ("ISO_IR 192 ", "é".encode()),
        ("ISO 2022 IR 192", "é".encode()),
        ("UTF-8", "é".encode()),
        ("utf8", "é".encode()),
    ],
)
def test_misspelt_names_of_character_sets_are_understood(misspelling: str, raw: bytes) -> None:
    assert decode_text(raw, "LO", Charsets.of(misspelling, "Greek")) == "é"


@pytest.mark.parametrize("unknown", ["FOO", "ISO_IR 999", "\\\\", "", "rot13", "idna", "zlib"])
def test_an_unknown_character_set_is_the_fallback(unknown: str) -> None:
    assert decode_text(b"\xf9", "LO", Charsets.of(unknown, "Greek")) == "ω"


def test_a_backslash_inside_a_two_byte_letter_does_not_split_the_value() -> None:
    split = decode_text(b"\x95\x5c\\b", "LO", Charsets.of("ISO_IR 13")).split("\\")  # Shift JIS 表 ends with 0x5C

    assert split == ["表", "b"]
    assert decode_text(b"\x81\x5c", "LO", Charsets.of("GB18030")) == "乗"


def test_an_escape_sequence_lasts_to_the_end_of_its_value() -> None:
    greek_then_latin = b"\x1b-F\xf9\\\xf9"

    assert decode_text(greek_then_latin, "LO", Charsets.of("ISO 2022 IR 100\\ISO 2022 IR 126")) == "ω\\ù"


def test_a_caret_ends_an_escape_sequence_in_names_only() -> None:
    charsets = Charsets.of("ISO 2022 IR 100\\ISO 2022 IR 126")

    assert decode_text(b"\x1b-F\xf9^\xf9", "PN", charsets) == "ω^ù"
    assert decode_text(b"\x1b-F\xf9^\xf9", "LO", charsets) == "ω^ω"


def test_escape_sequences_mean_nothing_in_utf_8() -> None:
    assert decode_text(b"\x1b$B;3", "LO", Charsets.of("ISO_IR 192")) == "\x1b$B;3"


def test_text_beyond_ascii_under_the_label_ascii_is_guessed() -> None:
    assert decode_text("é".encode(), "LO", Charsets.of("ISO_IR 6")) == "é"
    assert decode_text(b"\xe9", "LO", Charsets.of("ISO_IR 6")) == "é"


@pytest.mark.parametrize(
    ("raw", "text"),
    [(b"A ", "A"), (b"A\0", "A"), (b" A  ", " A"), (b"A\0B ", "A"), (b"A\r\n ", "A\r\n"), (b"  ", ""), (b"\0A", "")],
)
def test_padding_goes_and_leading_spaces_stay_as_in_orthanc(raw: bytes, text: str) -> None:
    assert decode_text(raw, "LO", Charsets.of("")) == text


@given(st.binary(max_size=60), st.sampled_from(["", "ISO_IR 192", "\\ISO 2022 IR 87", "GB18030", "ISO_IR 13", "FOO"]))
def test_no_bytes_make_decoding_fail(raw: bytes, charset: str) -> None:
    for vr in ("PN", "LO"):
        decode_text(raw, vr, Charsets.of(charset)).encode("utf-8")


@given(st.text(max_size=20), st.text(max_size=10))
def test_no_name_of_a_character_set_makes_decoding_fail(charset: str, default_encoding: str) -> None:
    decode_text(b"\xe9\x1b$)C\xfb", "PN", Charsets.of(charset, default_encoding)).encode("utf-8")


@pytest.mark.parametrize(
    ("default_encoding", "text"),
    [
        ("Ascii", "Doe^John"),
        ("Utf8", "山田^太郎"),
        ("Latin1", "é^ü"),
        ("Latin2", "č^ž"),
        ("Latin3", "ħ"),
        ("Latin4", "ļ"),
        ("Latin5", "ğ^ş"),
        ("Cyrillic", "Люк^Скайуокер"),
        ("Windows1251", "Люк"),
        ("Arabic", "قباني^لنزار"),
        ("Greek", "Διονυσιος"),
        ("Hebrew", "שרון^דבורה"),
        ("Thai", "กข"),
        ("Japanese", "ﾔﾏﾀﾞ^ﾀﾛｳ"),
        ("Chinese", "张^小东"),
        ("JapaneseKanji", "Yamada^Tarou=山田^太郎\\や"),
        ("Korean", "Hong^Gildong=洪^吉洞=홍^길동"),
        ("SimplifiedChinese", "Zhang^XiaoDong=张^小东="),
    ],
)
def test_what_is_written_in_an_encoding_is_read_back_by_its_label(default_encoding: str, text: str) -> None:
    label = DEFAULT_ENCODINGS[default_encoding][0]

    assert decode_text(encode_text(text, default_encoding, is_name=True), "PN", Charsets.of(label)) == text


def test_every_part_of_a_korean_name_announces_its_letters() -> None:
    assert encode_text("Hong^Gildong=洪^吉洞=홍^길동", "Korean", is_name=True) == KOREAN_NAME


def test_what_an_encoding_cannot_say_becomes_a_question_mark() -> None:
    assert encode_text("山é", "Latin1") == b"?\xe9"


@pytest.mark.parametrize(
    ("value", "folded"),
    [(" élève^Ä ", "ELEVE^A"), ("pat-001\0", "PAT-001"), ("Ångström", "ANGSTROM"), ("山田", "山田"), ("", "")],
)
def test_folding_forgets_case_accents_and_outer_spaces(value: str, folded: str) -> None:
    assert fold(value) == folded


def test_identifiers_in_other_scripts_stay_apart_when_folded() -> None:
    assert fold("患者1") != fold("病人1")


@given(st.text())
def test_folding_twice_changes_nothing(value: str) -> None:
    assert fold(fold(value)) == fold(value)
