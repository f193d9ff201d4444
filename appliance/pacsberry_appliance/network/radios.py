"""The radios of this computer: what each is, which firmware it runs, where it may send."""

import array
import fcntl
import re
import socket
import struct
from dataclasses import dataclass, field
from pathlib import Path

from pacsberry_appliance.system.running import Runner

_SIOCETHTOOL = 0x8946
_ETHTOOL_GDRVINFO = 0x00000003
_FREQUENCY = re.compile(r"^\s*\* (\d+)(?:\.\d+)? MHz \[(\d+)\](.*)$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Radio:
    """One Wi-Fi interface."""

    interface: str
    phy: str
    driver: str = ""
    bus: str = ""  # sdio, usb, pci, platform; empty: made of software
    chip: str = ""  # 43455, 43430, …; empty: not known
    can_open: bool = True  # as an access point
    channels: frozenset[int] = field(default_factory=frozenset)  # where it may open a network, in the country now set

    @property
    def is_built_in(self) -> bool:
        """Whether it is on the board."""
        return self.bus in ("sdio", "platform", "pci")


def radios(root: Path, runner: Runner) -> list[Radio]:
    """All of them, built-in first."""
    found = []
    for link in sorted((root / "sys/class/net").glob("*/phy80211")):
        interface = link.parent.name
        phy = link.resolve().name
        device = link.parent / "device"
        capabilities = runner.ask("iw", "phy", phy, "info", seconds=5).output
        found.append(
            Radio(
                interface=interface,
                phy=phy,
                driver=_name(device / "driver"),
                bus=_name(device / "subsystem"),
                chip=_chip(device, _model(root)),
                can_open=not capabilities or re.search(r"^\s*\* AP$", capabilities, re.MULTILINE) is not None,
                channels=usable_channels(capabilities),
            )
        )
    return sorted(found, key=lambda radio: (not radio.is_built_in, radio.interface))


def usable_channels(iw_info: str) -> frozenset[int]:
    """The channels on which `iw phy … info` says an access point may start: not disabled, not listen-only, no radar."""
    channels = set()
    for found in _FREQUENCY.finditer(iw_info):
        remark = found[3].lower()
        if not any(word in remark for word in ("disabled", "no ir", "passive", "radar")) and int(found[1]) < 5925:
            channels.add(int(found[2]))
    return frozenset(channels)


def firmware_version(interface: str) -> str:
    """What the driver says of its firmware ("7.45.265 …"); empty when it does not. The same as `ethtool -i` tells."""
    buffer = array.array("B", struct.pack("I", _ETHTOOL_GDRVINFO).ljust(196, b"\0"))
    try:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asking:
            request = struct.pack("16sP16x", interface.encode()[:15], buffer.buffer_info()[0])
            fcntl.ioctl(asking, _SIOCETHTOOL, request)
    except OSError:
        return ""
    # struct ethtool_drvinfo: number, driver[32], version[32], fw_version[32], …
    return buffer.tobytes()[68:100].split(b"\0", 1)[0].decode(errors="replace").strip()


def _chip(device: Path, model: str) -> str:
    # The numbers on the SDIO bus: 43455 has its own; the 43430 of the 3B and the 43436 of the Zero 2 W share one, and
    # so do 43455 and the 43456 of the Pi 400: there the model tells.
    text = _read(device / "uevent")
    number = re.search(r"SDIO_ID=02D0:([0-9A-F]{4})", text)
    if number is None:
        return ""
    chip = {"A9A6": "43430", "A9BF": "43455", "4345": "43455", "A9A4": "43456"}.get(number[1], "")
    if "Zero 2" in model:
        return "43436"
    if "Raspberry Pi 400" in model:
        return "43456"
    return chip


def _model(root: Path) -> str:
    return _read(root / "proc/device-tree/model")


def _name(link: Path) -> str:
    return link.resolve().name if link.exists() else ""


def _read(path: Path) -> str:
    try:
        return path.read_bytes()[:4096].decode(errors="replace").strip("\0\n ")
    except OSError:
        return ""
