"""Lines become settings; a wrong one is named and takes nothing else with it."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pacsberry_appliance.box import Band, Mode, PortalMode
from pacsberry_appliance.textfile import read, scrubbed, template
from pacsberry_appliance.textfile.keys import BY_NAME, KEYS
from pacsberry_appliance.textfile.values import folded
from tests.appliance.boxes import KEY


def values_of(text: str) -> dict[str, object]:
    return {name: taken.value for name, taken in read(text.encode()).taken.items()}


def told(text: str) -> list[tuple[int, bool, str]]:
    return [(outcome.number, outcome.is_fine, outcome.message.key) for outcome in read(text.encode()).outcomes]


def test_a_full_file_gives_all_settings() -> None:
    text = f"""
        language = fr
        name = Salle 12
        mode = access point
        wifi name = Radiologie
        wifi password = eine lange Phrase
        country = FR
        band = 5 GHz
        channel = 44
        radio = usb
        join wifi name = Ecole
        join wifi password = secret-secret
        address = 192.168.4.1
        portal = welcome
        admin password = un mot de passe
        ssh key = {KEY}
        login = no
        ae title = SALLE12
        time zone = Europe/Paris
    """

    assert {name: str(value) for name, value in values_of(text).items()} == {
        "language": "fr",
        "name": "salle-12",
        "mode": "access-point",
        "wifi_name": "Radiologie",
        "wifi_password": "eine lange Phrase",
        "country": "FR",
        "band": "5",
        "channel": "44",
        "radio": "usb",
        "join_name": "Ecole",
        "join_password": "secret-secret",
        "address": "192.168.4.1",
        "portal": "welcome",
        "admin_password": "un mot de passe",
        "ssh_keys": str((KEY,)),
        "login": "False",
        "ae_title": "SALLE12",
        "time_zone": "Europe/Paris",
    }
    assert all(is_fine for _, is_fine, _ in told(text))


def test_keys_and_values_may_be_french_or_german() -> None:
    french = values_of(
        "Pays : Suisse\nMode = point d’accès externe\nNom Wi-Fi = Salle\nportail = accueil\nconnexion = non"
    )
    german = values_of("Land=Österreich\nMODUS = Schulnetz\nWLAN-Name = Saal\nSprache: Deutsch\nAnmeldung = ja")

    assert french == {
        "country": "CH",
        "mode": Mode.EXTERNAL_ACCESS_POINT,
        "wifi_name": "Salle",
        "portal": PortalMode.WELCOME,
        "login": False,
    }
    assert german == {"country": "AT", "mode": Mode.CLIENT, "wifi_name": "Saal", "language": "de", "login": True}


@pytest.mark.parametrize(
    "value",
    [
        '"a b c d e"',
        "“a b c d e”",
        "„a b c d e“",
        "« a b c d e »",
        "‘a b c d e’",
        "\u00a0a b c d e\u00a0",
        "a\u00a0b c d e",
    ],
)
def test_quotes_and_blanks_that_editors_make_do_not_belong_to_a_name(value: str) -> None:
    assert values_of(f"wifi name = {value}") == {"wifi_name": "a b c d e"}


def test_blanks_within_the_quotes_of_a_password_belong_to_it() -> None:
    assert values_of('wifi password = " with blanks "') == {"wifi_password": " with blanks "}


def test_a_number_sign_begins_a_comment_after_a_word_but_belongs_to_a_password() -> None:
    text = "country = DE  # Germany\nband = 2.4 // slow\nwifi password = abc #def ghi\nwifi name = Room #3"

    assert values_of(text) == {
        "country": "DE",
        "band": Band.GHZ_2_4,
        "wifi_password": "abc #def ghi",
        "wifi_name": "Room #3",
    }


def test_comments_headings_and_empty_lines_say_nothing() -> None:
    assert told("# a = b\n; c = d\n// e\n[section]\n\n   \n\ufeff") == []


def test_a_line_that_powershell_adds_to_the_file_is_read() -> None:
    raw = template() + "wifi name = Café\r\nwifi password = zebra-horse\r\n".encode("utf-16-le")
    reading = read(raw)

    assert {name: taken.value for name, taken in reading.taken.items()} == {
        "wifi_name": "Café",
        "wifi_password": "zebra-horse",
    }
    after = scrubbed(reading, "en") or b""
    assert b"zebra" not in after.replace(b"\0", b"")
    assert read(after).taken.keys() == {"wifi_name"}


def test_zeros_that_a_pulled_card_leaves_are_passed_over() -> None:
    assert values_of("wifi name = Room\n" + "\0" * 3000) == {"wifi_name": "Room"}
    assert told("wifi name = Room\n" + "\0" * 3000) == [(1, True, "taken")]


def test_a_setting_behind_a_number_sign_that_nobody_removed_is_named() -> None:
    raw = (
        template().replace(b"#wifi name = Radiology", b"#wifi name = Salle 3").replace(b"#country = FR", b"# Land = DE")
    )

    assert [(outcome.is_fine, outcome.message.key) for outcome in read(raw).outcomes] == [(False, "sign_in_front")] * 2
    assert read(raw).taken == {}


def test_a_character_that_cannot_be_read_is_not_taken_for_another() -> None:
    assert [outcome.message.key for outcome in read(b"wifi name = Caf\x81").outcomes] == ["value_unreadable"]


def test_a_wrong_line_is_named_and_the_rest_is_taken() -> None:
    text = "wifi name = Room\nwifi password = short\ncountry = XX\ncolour = blue\nhello there\nchannel =\nlanguage = de"

    assert values_of(text) == {"wifi_name": "Room", "language": "de"}
    assert told(text) == [
        (1, True, "taken"),
        (2, False, "wifi_password_length"),
        (3, False, "country_wrong"),
        (4, False, "key_unknown"),
        (5, False, "line_unknown"),
        (6, False, "value_missing"),
        (7, True, "taken"),
    ]


def test_a_mistyped_key_gets_a_suggestion() -> None:
    outcome = read(b"wifi pasword = whatever it was").outcomes[0]

    assert outcome.message.text("en") == "“wifi pasword” is no setting of Pacsberry; is “wifi password” meant?"


def test_the_last_of_two_lines_counts_and_the_first_is_named() -> None:
    text = "country = DE\ncountry = FR"

    assert values_of(text) == {"country": "FR"}
    assert told(text) == [(1, False, "line_repeated"), (2, True, "taken")]


def test_several_ssh_keys_are_all_taken() -> None:
    other = KEY.replace("HUuGvYHE", "HUuGvYHF")

    assert values_of(f"ssh key = {KEY}\nclé ssh = {other}") == {"ssh_keys": (KEY, other)}


def test_no_outcome_holds_a_secret() -> None:
    text = "wifi password = zebra-horse-1\nadmin password = zebra-horse-2\nadmin pasword = zebra-horse-3\n"
    text += "zebra-horse-4\nwifi password: zebra-é-5\njoin wifi password = zebra"

    for outcome in read(text.encode()).outcomes:
        assert all("zebra" not in outcome.message.text(language) for language in ("en", "fr", "de"))


def test_taken_secrets_leave_the_file_and_everything_else_stays_byte_for_byte() -> None:
    text = "\ufeff# mine\r\n  wifi password = zebra-horse\r\ncountry = FR\r\nadmin password = short\r\n"
    raw = text.encode("utf-16-le")

    after = scrubbed(read(raw), "en")

    assert after is not None
    assert after.decode("utf-16-le") == (
        "\ufeff# mine\r\n  # wifi password = (taken; write a new line to change it)\r\n"
        "country = FR\r\nadmin password = short\r\n"  # was not taken: its writer has to see what is wrong with it
    )


def test_a_scrubbed_file_is_read_as_saying_nothing_of_its_secrets() -> None:
    for language in ("en", "fr", "de"):
        after = scrubbed(read(b"wifi password = zebra-horse"), language)

        assert after is not None
        assert read(after).is_empty


def test_the_file_of_a_new_card_says_nothing_and_names_every_key() -> None:
    raw = template()
    without_signs = "\n".join(line.lstrip("#") for line in raw.decode("utf-8-sig").splitlines() if line[1:2].isalpha())
    uncommented = read(without_signs.encode())
    text = raw.decode("utf-8-sig").replace("\r\n", "\n")

    assert read(raw).is_empty
    assert all(folded(key.names[0]) in folded(text) for key in KEYS)
    assert [outcome.message.key for outcome in uncommented.outcomes if not outcome.is_fine] == ["ssh_key_wrong"]
    assert raw.count(b"\n") == raw.count(b"\r\n")


def test_no_name_belongs_to_two_keys() -> None:
    names = [folded(name) for key in KEYS for name in {*map(folded, key.names), *key.also}]

    assert sorted(names) == sorted(BY_NAME)


@settings(deadline=None)
@given(st.text(max_size=300))
def test_any_text_is_read(text: str) -> None:
    reading = read(text.encode(errors="replace"))

    assert scrubbed(reading, "en") is None or reading.secret_lines


_EDITORS = st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "cp1252"])


@settings(deadline=None, max_examples=300)
@given(
    st.lists(st.tuples(st.sampled_from(sorted(BY_NAME)), st.text(max_size=80)), max_size=8),
    st.sampled_from(["=", " = ", ":", " : ", "\uff1a"]),
    st.sampled_from(["\n", "\r\n", "\r"]),
    _EDITORS,
)
def test_any_value_is_taken_or_named_and_no_taken_secret_stays(
    lines: list[tuple[str, str]], sign: str, end: str, editor: str
) -> None:
    raw = end.join(f"{name}{sign}{value}" for name, value in lines).encode(editor, errors="replace")
    reading = read(raw)
    after = scrubbed(reading, "de")

    for outcome in reading.outcomes:
        assert outcome.message.text("fr")
    assert (after is None) == (not reading.secret_lines)
    if after is not None:
        again = read(after)
        assert not again.secret_lines
        kept = {name: taken.value for name, taken in reading.taken.items() if not taken.key.is_secret}
        assert {name: taken.value for name, taken in again.taken.items()} == kept


@settings(deadline=None, max_examples=300)
@given(
    st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=8, max_size=63),
    st.sampled_from(["", " ", "\t", "\u00a0"]),
    _EDITORS,
)
def test_any_password_that_wpa2_allows_comes_through_any_editor(password: str, blank: str, editor: str) -> None:
    quoted = f'wifi password ={blank}"{password}"\r\n'

    assert read(f"# é\r\n{quoted}country = FR\r\n".encode(editor)).taken["wifi_password"].value == password


@settings(deadline=None, max_examples=300)
@given(st.binary(max_size=3000))
def test_any_bytes_are_read_and_written_back(raw: bytes) -> None:
    reading = read(raw)

    assert all(outcome.message.text("en") for outcome in reading.outcomes)
    assert reading.text is None or isinstance(reading.text.encoded(), bytes)
