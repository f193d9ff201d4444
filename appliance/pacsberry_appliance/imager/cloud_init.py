"""`user-data` and `network-config`, which Imager writes for images whose manifest says cloudinit."""

from pacsberry_appliance.imager.mini_yaml import Node, parse
from pacsberry_appliance.imager.told import RASPBERRY_PI_CONNECT, Told

# Written by Imager with the host name, as a matter of course; nobody has chosen them.
_OF_COURSE = {
    "hostname",
    "users",
    "timezone",
    "locale",
    "enable_ssh",
    "ssh_pwauth",
    "manage_resolv_conf",
    "manage_etc_hosts",
    "packages",
    "apt",
    "runcmd",
    "preserve_hostname",
}
# The words of Imager's pages for those of its file.
_NAMES = {"rpi": "Interfaces (I2C, SPI, 1-Wire, Serial, USB)"}


def read_user_data(text: str, told: Told) -> None:
    """Take what it says; raises ValueError when it is not what Imager writes."""
    content = _mapping(parse(text))
    told.host_name = _text(content.get("hostname"))
    told.time_zone = _text(content.get("timezone"))
    told.language = _text(content.get("locale"))
    users = content.get("users")
    for user in users if isinstance(users, list) else []:
        if not isinstance(user, dict):
            continue  # "default", as other tools write it
        told.user = _text(user.get("name"))
        told.password_hash = _text(user.get("passwd") or user.get("hashed_passwd"))
        told.password = _text(user.get("plain_text_passwd"))
        keys = user.get("ssh_authorized_keys")
        told.ssh_keys = [_text(key) for key in keys] if isinstance(keys, list) else []
        break
    told.without_effect += sorted(_NAMES.get(key, key) for key in set(content) - _OF_COURSE)
    if "rpi-connect" in text:
        told.without_effect.append(RASPBERRY_PI_CONNECT)


def read_network_config(text: str, told: Told) -> None:
    """Take the Wi-Fi to join and the country; raises ValueError when it is not what Imager writes."""
    content = _mapping(parse(text))
    network = _mapping(content.get("network", content))
    for radio in _mapping(network.get("wifis", {})).values():
        if not isinstance(radio, dict):
            continue  # "renderer", as older versions write it
        wifi = radio
        told.country = _text(wifi.get("regulatory-domain"))
        for name, access in _mapping(wifi.get("access-points", {})).items():
            told.wifi_name = name
            told.wifi_password = _text(access.get("password")) if isinstance(access, dict) else ""
            return


def _mapping(node: Node) -> dict[str, Node]:
    if isinstance(node, dict):
        return node
    if not node:
        return {}
    raise ValueError("not a mapping")


def _text(node: Node | None) -> str:
    return node.strip() if isinstance(node, str) and node not in ("null", "~") else ""
