"""The keys of `pacsberry.txt` in three languages: what each is called, its rule, and whether it is a secret."""

from collections.abc import Callable
from dataclasses import dataclass

from pacsberry_appliance.textfile import values


@dataclass(frozen=True, slots=True)
class Key:
    """One setting a line can be about."""

    field: str  # of Settings, or "admin_password"
    names: tuple[str, str, str]  # as the template and the result file write it: English, French, German
    also: frozenset[str]  # other spellings, folded
    rule: Callable[[str], object]
    is_secret: bool = False
    is_free: bool = True  # free text: a number sign in it belongs to it; of the others, it begins a comment
    repeats: bool = False

    def name(self, language: str) -> str:
        """Its name in a language."""
        return self.names[("en", "fr", "de").index(language) if language in ("en", "fr", "de") else 0]


def _key(field: str, names: str, also: str, rule: Callable[[str], object], **flags: bool) -> Key:
    english, french, german = (name.strip() for name in names.split("|"))
    return Key(field, (english, french, german), frozenset(also.split()), rule, **flags)


KEYS = (
    _key("language", "language | langue | Sprache", "lang", values.language, is_free=False),
    _key("name", "name | nom | Name", "boxname hostname nomdelaboite rechnername geratename", values.host_name),
    _key("mode", "mode | mode | Modus", "netzwerkmodus", values.mode, is_free=False),
    _key("wifi_name", "wifi name | nom wifi | WLAN-Name", "wifi ssid wifissid nomduwifi wlan", values.wifi_name),
    _key(
        "wifi_password",
        "wifi password | mot de passe wifi | WLAN-Passwort",
        "wifipass wifikey psk passphrase motdepasseduwifi wlankennwort wlanschlussel clewifi",
        values.wifi_password,
        is_secret=True,
    ),
    _key("country", "country | pays | Land", "wificountry wlanland payswifi", values.country, is_free=False),
    _key(
        "band", "band | bande | Band", "wifiband frequency frequence frequenz frequenzband", values.band, is_free=False
    ),
    _key("channel", "channel | canal | Kanal", "wifichannel canalwifi wlankanal", values.channel, is_free=False),
    _key("radio", "radio | radio | Funkmodul", "funk", values.radio, is_free=False),
    _key(
        "join_name",
        "join wifi name | rejoindre le wifi | WLAN der Schule",
        "joinwifi joinname schoolwifi schoolwifiname rejoindrewifi wifidelecole schulwlan",
        values.wifi_name,
    ),
    _key(
        "join_password",
        "join wifi password | mot de passe à rejoindre | Passwort der Schule",
        "joinpassword schoolwifipassword rejoindremotdepasse motdepassedelecole schulwlanpasswort",
        values.joining_password,
        is_secret=True,
    ),
    _key("address", "address | adresse | Adresse", "ip ipaddress adresseip ipadresse", values.address, is_free=False),
    _key("portal", "portal | portail | Portal", "captiveportal", values.portal, is_free=False),
    _key(
        "admin_password",
        "admin password | mot de passe admin | Admin-Passwort",
        "password adminpass motdepasse motdepasseadministrateur passwort adminkennwort kennwort",
        values.admin_password,
        is_secret=True,
    ),
    _key(
        "ssh_keys",
        "ssh key | clé ssh | SSH-Schlüssel",
        "sshkeys sshpublickey authorizedkey",
        values.ssh_key,
        repeats=True,
    ),
    _key("login", "login | connexion | Anmeldung", "anmelden", values.login, is_free=False),
    _key("ae_title", "ae title | titre ae | AE-Titel", "aet aetitel dicomaet", values.ae_title),
    _key("time_zone", "time zone | fuseau horaire | Zeitzone", "timezone", values.time_zone, is_free=False),
)

BY_FIELD = {key.field: key for key in KEYS}
BY_NAME = {values.folded(name): key for key in KEYS for name in (*key.names, *key.also)}
