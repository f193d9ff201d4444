"""Who is there: stations of a radio, addresses given out, and how often the radio's firmware has stopped."""

import time
from collections.abc import Callable
from pathlib import Path

from pacsberry_appliance.system import files
from pacsberry_appliance.system.running import Runner

_LARGEST_BYTES = 1 << 20


def stations(interface: str, runner: Runner) -> int:
    """How many are joined to the access point now."""
    output = runner.ask("iw", "dev", interface, "station", "dump", seconds=5).output
    return sum(line.startswith("Station ") for line in output.splitlines())


def leases(root: Path, clock: Callable[[], float] = time.time) -> int:
    """How many addresses are given out; each line begins with the second it ends at, 0 for never."""
    count = 0
    for path in (root / "var/lib/NetworkManager").glob("dnsmasq-*.leases"):
        for line in (files.read_small(path, _LARGEST_BYTES) or b"").splitlines():
            end = line.split(b" ", 1)[0]
            count += end.isdigit() and (end == b"0" or int(end) > clock())
    return count


def firmware_crashes(runner: Runner) -> int:
    """How often since the start the kernel noted that the firmware of a Broadcom radio stopped."""
    output = runner.ask("dmesg", "--kernel", seconds=5).output
    return output.count("Firmware has halted or crashed")
