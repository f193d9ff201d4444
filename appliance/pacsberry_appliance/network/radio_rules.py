"""What has to be set in the kernel before a radio may send: the country, and that nobody has switched it off."""

import re
from pathlib import Path

from pacsberry_appliance.system import files
from pacsberry_appliance.system.running import Runner


def set_country(country: str, runner: Runner) -> None:
    """Tell the kernel; without a country its own careful rules hold."""
    if country:
        runner.ask("iw", "reg", "set", country, seconds=5)


def unblock(root: Path) -> None:
    """Raspberry Pi OS blocks radios until a country is set, and has NetworkManager remember that. Both are undone."""
    for switch in (root / "sys/class/rfkill").glob("rfkill*"):
        if files.read_small(switch / "type", 16) == b"wlan\n" and files.read_small(switch / "soft", 4) == b"1\n":
            (switch / "soft").write_text("0")
    state = root / "var/lib/NetworkManager/NetworkManager.state"
    raw = files.read_small(state, 4096)
    if raw is not None and b"WirelessEnabled=false" in raw:
        files.replace(state, re.sub(rb"WirelessEnabled=false", b"WirelessEnabled=true", raw), mode=0o600)
