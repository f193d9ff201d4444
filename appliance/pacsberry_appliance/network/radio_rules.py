"""What has to be set in the kernel before a radio may send: the country, and that nobody has switched it off."""

import contextlib
import struct
from pathlib import Path

from pacsberry_appliance.system import files
from pacsberry_appliance.system.running import Runner

# struct rfkill_event of linux/rfkill.h: all radios (3: "change all") of the kind Wi-Fi (1), not blocked.
_UNBLOCK = struct.pack("IBBBB", 0, 1, 3, 0, 0)


def set_country(country: str, runner: Runner) -> None:
    """Tell the kernel; without a country its own careful rules hold."""
    if country:
        runner.ask("iw", "reg", "set", country, seconds=5)


def unblock(root: Path) -> None:
    """Raspberry Pi OS blocks radios until a country is set, and has NetworkManager remember that. Both are undone."""
    switches = root / "dev/rfkill"
    with contextlib.suppress(OSError):  # no radio, or no right: the next step says what does not come up
        if switches.is_char_device():
            switches.write_bytes(_UNBLOCK)
    state = root / "var/lib/NetworkManager/NetworkManager.state"
    raw = files.read_small(state, 4096)
    if raw is not None and b"WirelessEnabled=false" in raw:
        files.replace(state, raw.replace(b"WirelessEnabled=false", b"WirelessEnabled=true"), mode=0o600)
