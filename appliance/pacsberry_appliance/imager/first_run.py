"""`firstrun.sh`, the script of Imager 1. It is read, never run: its settings are words of known commands."""

import shlex

from pacsberry_appliance.imager.told import RASPBERRY_PI_CONNECT, Told


def read_first_run(text: str, told: Told) -> None:
    """Take what its commands say. Lines that are no commands of Imager are passed over."""
    for line in text.splitlines():
        try:
            words = shlex.split(line)
        except ValueError:
            continue
        if not words:
            continue
        if words[0].endswith("/imager_custom") and len(words) > 2:
            _custom(words[1], words[2:], told)
        elif words[0].endswith("/userconf") and len(words) > 2:
            told.user, told.password_hash = words[1], words[2]
    if "rpi-connect" in text:
        told.without_effect.append(RASPBERRY_PI_CONNECT)


def _custom(verb: str, words: list[str], told: Told) -> None:
    if verb == "set_hostname":
        told.host_name = words[0]
    elif verb == "enable_ssh" and words[0] == "-k":
        told.ssh_keys = words[1:]
    elif verb == "set_wlan":
        words = [word for word in words if word not in ("-h", "-p")] + ["", "", ""]
        told.wifi_name, told.wifi_password, told.country = words[:3]
    elif verb == "set_timezone":
        told.time_zone = words[0]
    elif verb == "set_keymap":
        told.without_effect.append("keyboard")
