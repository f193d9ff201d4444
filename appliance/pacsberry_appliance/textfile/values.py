"""What each setting may be. A rule takes the text of a line and gives the value, or raises `Wrong` with the reason.

Also used for what Raspberry Pi Imager wrote and what the admin types, so that there is one set of rules.
"""

import base64
import binascii
import ipaddress
import re
import unicodedata
from collections.abc import Mapping
from typing import TypeVar

from pacsberry_appliance.box import Band, Mode, PortalMode, RadioChoice
from pacsberry_appliance.box.countries import CODES, NAMES
from pacsberry_appliance.words import Message, say

_HOST_NAME = re.compile(r"[a-z0-9]([a-z0-9-]{0,30}[a-z0-9])?")
_RESERVED_NAMES = {"localhost", "local", "internal", "wpad", "isatap"}
_AE_TITLE = re.compile(r"[\x20-\x5b\x5d-\x7e]{1,16}")  # PS3.5 6.2, VR AE
_TIME_ZONE = re.compile(r"[A-Za-z]{1,20}(/[A-Za-z0-9_+-]{1,30}){0,2}")
_KEY_TYPES = re.compile(
    r"(ssh-(ed25519|rsa)|ecdsa-sha2-nistp(256|384|521)|sk-(ssh-ed25519|ecdsa-sha2-nistp256)@openssh\.com)"
)
_GHZ_5 = (36, 40, 44, 48, 149, 153, 157, 161, 165)
_RADAR = range(52, 145)
_AUTO = {"auto", "automatic", "automatique", "automatisch"}

_MODES = {
    Mode.ACCESS_POINT: {"accesspoint", "ap", "hotspot", "pointdacces", "borne", "zugangspunkt"},
    Mode.EXTERNAL_ACCESS_POINT: {
        "externalaccesspoint",
        "external",
        "pointdaccesexterne",
        "externe",
        "borneexterne",
        "externerzugangspunkt",
        "externeraccesspoint",
        "extern",
    },
    Mode.CLIENT: {"client", "join", "schoolnetwork", "reseaudelecole", "schulnetz"},
}
_PORTALS = {
    PortalMode.QUIET: {"quiet", "discret", "still"},
    PortalMode.WELCOME: {"welcome", "accueil", "bienvenue", "willkommen"},
    PortalMode.OFF: {"off", "no", "non", "arret", "aus", "nein"},
}
_RADIOS = {
    RadioChoice.AUTO: _AUTO,
    RadioChoice.BUILT_IN: {"builtin", "internal", "integree", "integre", "interne", "eingebaut", "intern"},
    RadioChoice.USB: {"usb"},
}
_LANGUAGES = {
    "en": {"en", "english", "anglais", "englisch"},
    "fr": {"fr", "french", "francais", "franzosisch"},
    "de": {"de", "german", "allemand", "deutsch"},
}
_YES = {"yes", "on", "true", "1", "oui", "ja", "an", "ein"}
_NO = {"no", "off", "false", "0", "non", "nein", "aus"}


_Value = TypeVar("_Value")


class Wrong(Exception):
    """A value that cannot be; the reason is for the person who wrote it."""

    def __init__(self, reason: Message) -> None:
        super().__init__(reason.text("en"))
        self.reason = reason


def folded(text: str) -> str:
    """For comparing words: small letters, without accents, blanks, hyphens, apostrophes and the like."""
    plain = unicodedata.normalize("NFKD", text.replace("ß", "ss")).casefold()
    return "".join(character for character in plain if character.isalnum())


def host_name(text: str) -> str:
    """The name of the box: what people write becomes what a network can use."""
    plain = unicodedata.normalize("NFKD", text.replace("ß", "ss")).encode("ascii", "ignore").decode().lower()
    name = re.sub(r"[^a-z0-9]+", "-", plain.removesuffix(".local")).strip("-")
    if not _HOST_NAME.fullmatch(name) or name in _RESERVED_NAMES or name.isdigit():
        raise Wrong(say("name_wrong"))
    return name


def wifi_name(text: str) -> str:
    """IEEE 802.11: 1 to 32 bytes."""
    if any(unicodedata.category(character) in {"Cc", "Cs", "Zl", "Zp"} for character in text):
        raise Wrong(say("wifi_name_control"))
    if not 1 <= len(text.encode()) <= 32:
        raise Wrong(say("wifi_name_length", bytes=len(text.encode())))
    return text


def wifi_password(text: str) -> str:
    """WPA2: 8 to 63 characters of ASCII."""
    odd = next((character for character in text if not " " <= character <= "~"), None)
    if odd is not None:
        raise Wrong(say("wifi_password_character", character=odd))
    if not 8 <= len(text) <= 63:
        raise Wrong(say("wifi_password_length", length=len(text)))
    return text


def joining_password(text: str) -> str:
    """The same, or the 64 hexadecimal digits that Raspberry Pi Imager makes of it."""
    return text.lower() if re.fullmatch(r"[0-9a-fA-F]{64}", text) else wifi_password(text)


def country(text: str) -> str:
    """ISO 3166 code, or a name we know."""
    code = NAMES.get(folded(text), text.strip().upper())
    if code not in CODES:
        raise Wrong(say("country_wrong"))
    return code


def band(text: str) -> Band:
    """2.4 or 5 GHz."""
    plain = folded(text).removesuffix("ghz")
    if plain in _AUTO:
        return Band.AUTO
    if plain in {"24", "2"}:
        return Band.GHZ_2_4
    if plain == "5":
        return Band.GHZ_5
    raise Wrong(say("band_wrong"))


def channel(text: str) -> int:
    """A channel an access point may use without watching for radars; 0 is automatic."""
    plain = folded(text)
    if plain in _AUTO:
        return 0
    number = int(plain) if plain.isascii() and plain.isdigit() and len(plain) < 4 else -1
    if number in _RADAR:
        raise Wrong(say("channel_radar", channel=number))
    if not 1 <= number <= 13 and number not in _GHZ_5:
        raise Wrong(say("channel_wrong"))
    return number


def mode(text: str) -> Mode:
    """How the class gets to the box."""
    return _one_of(text, _MODES, "mode_wrong")


def portal(text: str) -> PortalMode:
    """What tablets hear."""
    return _one_of(text, _PORTALS, "portal_wrong")


def radio(text: str) -> RadioChoice:
    """Which radio."""
    return _one_of(text, _RADIOS, "radio_wrong")


def language(text: str) -> str:
    """English, French or German; `fr_FR.UTF-8` is French."""
    return _one_of(re.split(r"[_.@-]", text)[0], _LANGUAGES, "language_wrong")


def login(text: str) -> bool:
    """Yes or no."""
    plain = folded(text)
    if plain not in _YES | _NO:
        raise Wrong(say("yes_or_no"))
    return plain in _YES


def admin_password(text: str) -> str:
    """At least eight characters; the box is on a network of pupils."""
    if not 8 <= len(text) <= 128 or not text.isprintable():
        raise Wrong(say("admin_password_length"))
    return text


def ssh_key(text: str) -> str:
    """A public key as in a `.pub` file; options such as `command=` are not taken."""
    words = text.split(None, 2)
    if text.lstrip().startswith("-----BEGIN"):
        raise Wrong(say("ssh_key_private"))
    if len(words) < 2 or not _KEY_TYPES.fullmatch(words[0]):
        raise Wrong(say("ssh_key_wrong"))
    try:
        blob = base64.b64decode(words[1], validate=True)
    except (binascii.Error, ValueError):
        raise Wrong(say("ssh_key_wrong")) from None
    # RFC 4253 6.6: the name of the type comes first, with its length. A line cut short by an editor fails here.
    name = words[0].encode()
    if len(blob) < 48 or blob[: 4 + len(name)] != len(name).to_bytes(4, "big") + name:
        raise Wrong(say("ssh_key_wrong"))
    comment = "".join(character for character in (words[2] if len(words) > 2 else "") if character.isprintable())[:100]
    return f"{words[0]} {words[1]} {comment}".rstrip()


def ae_title(text: str) -> str:
    """PS3.5: at most 16 characters, no backslash."""
    if not _AE_TITLE.fullmatch(text):
        raise Wrong(say("ae_title_wrong"))
    return text


def address(text: str) -> str:
    """A private IPv4 address among the first of its network of 1022."""
    try:
        value = ipaddress.IPv4Address(text)
    except ValueError:
        raise Wrong(say("address_wrong")) from None
    private = any(value in ipaddress.IPv4Network(net) for net in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16"))
    offset = int(value) & 0x3FF
    if not private or not 1 <= offset <= 19:
        raise Wrong(say("address_wrong"))
    return str(value)


def time_zone(text: str) -> str:
    """A name of the time zone database; whether it is there is seen when it is set."""
    if not _TIME_ZONE.fullmatch(text):
        raise Wrong(say("time_zone_wrong"))
    return text


def _one_of(text: str, table: Mapping[_Value, set[str]], reason: str) -> _Value:
    plain = folded(text)
    for value, words in table.items():
        if plain in words:
            return value
    raise Wrong(say(reason))
