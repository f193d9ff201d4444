"""The luggage that a test's copy of the card is given: a door, and tablets on request. The image has nothing of it.

The door is an ssh server on a network card of the tests. The tablets are simulated radios in namespaces of their own,
made when the kernel's command line says `test.tablets=N`, before the box's own programs see any radio.
"""

import subprocess
from pathlib import Path

from tests.image.card import Card

LUGGAGE = Path(__file__).parent / "luggage"
PORT = 2200
MAC = "52:54:00:99:99:99"
ADDRESS = "10.99.99.15"
"""The guest's address on the network card of the tests, in 10.99.99.0/24; not one that a class network uses."""
NETWORK = "10.99.99.0/24"
CABLE_MAC = "52:54:00:77:77:77"
"""The tablets' end of a cable."""

_UNITS = ("test-door.service", "test-tablets.service")


def add_door(image: Path, target: Path, scratch: Path) -> Path:
    """Copy the image to `target` and give the copy the luggage; returns the private key that opens the door."""
    subprocess.run(["cp", "--sparse=always", image, target], check=True)
    for name in ("client", "host"):
        key = scratch / f"{name}_key"
        key.unlink(missing_ok=True)
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "test", "-f", key], check=True)
    files = {
        "/etc/test-door/sshd_config": (0o644, (LUGGAGE / "sshd_config").read_bytes()),
        "/etc/test-door/host_key": (0o600, (scratch / "host_key").read_bytes()),
        "/etc/test-door/authorized_keys": (0o600, (scratch / "client_key.pub").read_bytes()),
        "/etc/pam.d/test-door": (0o644, (LUGGAGE / "pam").read_bytes()),
        "/etc/test-door/network": (0o755, (LUGGAGE / "network").read_bytes()),
        "/etc/test-door/tablets": (0o755, (LUGGAGE / "tablets").read_bytes()),
        "/etc/NetworkManager/conf.d/99-test-door.conf": (0o644, (LUGGAGE / "unmanaged.conf").read_bytes()),
        **{f"/etc/systemd/system/{unit}": (0o644, (LUGGAGE / unit).read_bytes()) for unit in _UNITS},
    }
    wants = "/etc/systemd/system/sysinit.target.wants"
    Card(target).add_files(files, {f"{wants}/{unit}": f"/etc/systemd/system/{unit}" for unit in _UNITS}, scratch)
    return scratch / "client_key"
