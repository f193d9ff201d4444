"""What has to be set in the kernel before a radio may send: the country, and that nobody has switched it off."""

import contextlib
import struct
import time
from collections.abc import Callable
from pathlib import Path

from pacsberry_appliance.system import files
from pacsberry_appliance.system.running import Runner

# struct rfkill_event of linux/rfkill.h: all radios (3: "change all") of the kind Wi-Fi (1), not blocked.
_UNBLOCK = struct.pack("IBBBB", 0, 1, 3, 0, 0)


def set_country(country: str, runner: Runner, *, sleep: Callable[[float], None] = time.sleep) -> None:
    """Tell the kernel, which takes a moment; without a country its own careful rules hold."""
    if not country or not runner.ask("iw", "reg", "set", country, seconds=5).is_fine:
        return
    for _ in range(10):
        if f"country {country}:" in runner.ask("iw", "reg", "get", seconds=5).output:
            return
        sleep(0.1)


def wait_for_radio(root: Path, *, seconds: float = 5, sleep: Callable[[float], None] = time.sleep) -> None:
    """A Raspberry Pi finds its radio seconds after its root; what that can do decides the band. Others do not wait."""
    model = files.read_small(root / "proc/device-tree/model", 200) or b""
    while b"Raspberry Pi" in model and seconds > 0 and not any((root / "sys/class/net").glob("*/phy80211")):
        sleep(0.25)
        seconds -= 0.25


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
