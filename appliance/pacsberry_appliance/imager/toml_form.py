"""`custom.toml` and `rpi-preseed.toml`: one TOML file with the sections system, user, ssh, wlan, locale."""

import tomllib
from collections.abc import Mapping
from typing import Any

from pacsberry_appliance.imager.told import Told


def read_toml(text: str, told: Told) -> None:
    """Take what it says; raises ValueError when it is not TOML."""
    content = tomllib.loads(text)
    system, user, ssh, locale = (_section(content, name) for name in ("system", "user", "ssh", "locale"))
    wlan = _section(content, "wlan") or _section(content, "wifi")
    told.host_name = _text(system, "hostname")
    told.user = _text(user, "name")
    password = _text(user, "password")
    if password.startswith("$") and user.get("password_encrypted", True):
        told.password_hash = password
    else:
        told.password = password
    keys = ssh.get("authorized_keys", [])
    told.ssh_keys = [str(key) for key in keys] if isinstance(keys, list) else [str(keys)]
    told.wifi_name, told.wifi_password = _text(wlan, "ssid"), _text(wlan, "password")
    told.country = _text(wlan, "country")
    told.time_zone = _text(locale, "timezone")
    if _text(locale, "keymap"):
        told.without_effect.append("keyboard")
    known = {"config_version", "system", "user", "ssh", "locale", "wlan", "wifi"}
    told.without_effect += sorted(set(content) - known)


def _section(content: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    section = content.get(name)
    return section if isinstance(section, dict) else {}


def _text(section: Mapping[str, Any], key: str) -> str:
    value = section.get(key)
    return value.strip() if isinstance(value, str) else ""
