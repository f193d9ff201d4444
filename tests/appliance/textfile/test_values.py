"""The rule of each setting."""

import base64
from collections.abc import Callable

import pytest

from pacsberry_appliance.textfile import values
from pacsberry_appliance.textfile.values import Wrong
from tests.appliance.boxes import KEY


@pytest.mark.parametrize(
    ("text", "name"),
    [("Salle 12", "salle-12"), ("Straße", "strasse"), ("École", "ecole"), ("box.local", "box"), ("a" * 32, "a" * 32)],
)
def test_a_name_becomes_what_a_network_can_use(text: str, name: str) -> None:
    assert values.host_name(text) == name


@pytest.mark.parametrize(
    ("rule", "text"),
    [
        (values.host_name, "日本"),
        (values.host_name, "a" * 33),
        (values.host_name, "localhost"),
        (values.host_name, "123"),
        (values.wifi_name, "é" * 17),
        (values.wifi_name, "a\x00b"),
        (values.wifi_password, "seven77"),
        (values.wifi_password, "x" * 64),
        (values.wifi_password, "it’s a secret"),
        (values.country, "EU"),
        (values.country, "Wonderland"),
        (values.band, "6"),
        (values.channel, "14"),
        (values.channel, "100"),
        (values.mode, "router"),
        (values.admin_password, "short"),
        (values.admin_password, "with\nline ends"),
        (values.ae_title, "SEVENTEEN LETTERS"),
        (values.ae_title, "A\\B"),
        (values.address, "8.8.8.8"),
        (values.address, "10.42.0.20"),
        (values.address, "10.42.0.0"),
        (values.address, "fe80::1"),
        (values.time_zone, "../../etc/passwd"),
        (values.time_zone, "Europe/../Paris"),
        (values.login, "maybe"),
        (values.language, "Latin"),
    ],
)
def test_what_cannot_be_is_refused(rule: Callable[[str], object], text: str) -> None:
    with pytest.raises(Wrong):
        rule(text)


def test_a_radar_channel_is_named_as_such() -> None:
    with pytest.raises(Wrong) as raised:
        values.channel("52")

    assert raised.value.reason.key == "channel_radar"


def test_the_password_that_imager_computes_is_taken_for_joining_only() -> None:
    digits = "AB" * 32

    assert values.joining_password(digits) == "ab" * 32
    with pytest.raises(Wrong):
        values.wifi_password(digits)


def test_a_language_may_be_a_locale() -> None:
    assert [values.language(text) for text in ("fr_FR.UTF-8", "de-AT", "English")] == ["fr", "de", "en"]


@pytest.mark.parametrize(
    "text",
    [
        "ssh-ed25519",
        "ssh-ed25519 AAAA",
        KEY[:60],
        "-----BEGIN OPENSSH PRIVATE KEY-----",
        f'command="/bin/sh" {KEY}',
        KEY.replace("ssh-ed25519 ", "ssh-rsa ", 1),
        "ssh-dss " + base64.b64encode(b"\0\0\0\x07ssh-dss" + bytes(100)).decode(),
    ],
)
def test_what_is_no_public_key_is_refused(text: str) -> None:
    with pytest.raises(Wrong):
        values.ssh_key(text)


def test_a_key_is_one_line_whatever_its_comment_says() -> None:
    assert (
        values.ssh_key(f"{KEY.rsplit(' ', 1)[0]}   me\x1b[31m\x0b at home") == f"{KEY.rsplit(' ', 1)[0]} me[31m at home"
    )
