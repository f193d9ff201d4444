"""The card as a file: what is in its partitions, read with mtools and debugfs, so without mounting anything.

A test's own copy of the card gets a door (`add_door`): an ssh server of the test's on a network card of the test's. The
image has nothing of it.
"""

import json
import re
import shutil
import subprocess
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

MIB = 1 << 20


@dataclass(frozen=True)
class Partition:
    """One partition: where it begins and how large it is, in bytes, and its type in the table."""

    start: int
    size: int
    type: str


@dataclass(frozen=True)
class Entry:
    """One file of an ext4 partition."""

    path: str
    mode: int
    """Type and permissions, as in st_mode."""
    owner: int
    group: int
    size: int


@dataclass(frozen=True)
class Card:
    """An image of a card."""

    path: Path

    @cached_property
    def partitions(self) -> list[Partition]:
        """All partitions, in order."""
        shown = subprocess.run(["sfdisk", "--json", self.path], capture_output=True, check=True)
        table = json.loads(shown.stdout)["partitiontable"]
        return [Partition(part["start"] * 512, part["size"] * 512, part["type"]) for part in table["partitions"]]

    # --- the boot partition, by mtools

    @property
    def _boot(self) -> str:
        return f"{self.path}@@{self.partitions[0].start}"

    def boot_names(self) -> list[str]:
        """The paths of all files of the boot partition."""
        shown = subprocess.run(["mdir", "-i", self._boot, "-/", "-b"], capture_output=True, text=True, check=True)
        return [line.removeprefix("::/") for line in shown.stdout.splitlines() if line]

    def boot_file(self, name: str) -> bytes:
        """The content of a file of the boot partition."""
        return subprocess.run(["mtype", "-i", self._boot, f"::/{name}"], capture_output=True, check=True).stdout

    def write_boot_file(self, name: str, content: bytes) -> None:
        """Put a file into the boot partition, as somebody with a laptop would."""
        subprocess.run(
            ["mcopy", "-o", "-i", self._boot, "-", f"::/{name}"], input=content, capture_output=True, check=True
        )

    # --- the others, by debugfs

    def _debugfs(self, number: int, commands: list[str], *, write: bool = False) -> str:
        place = f"{self.path}?offset={self.partitions[number].start}"
        shown = subprocess.run(
            ["debugfs", *(["-w"] if write else []), "-f", "-", place],
            input="\n".join(commands) + "\n",
            capture_output=True,
            text=True,
            check=True,
        )
        problems = [line for line in shown.stderr.splitlines() if not line.startswith("debugfs ") and line]
        if problems:
            raise OSError(f"debugfs on partition {number + 1}: {problems}")
        return shown.stdout

    def file(self, path: str, number: int = 1) -> bytes:
        """The content of a file of the system."""
        place = f"{self.path}?offset={self.partitions[number].start}"
        shown = subprocess.run(["debugfs", "-R", f'cat "{path}"', place], capture_output=True, check=True)
        if b"File not found" in shown.stderr:
            raise FileNotFoundError(path)
        return shown.stdout

    def exists(self, path: str, number: int = 1) -> bool:
        """Whether there is such a file, folder or link."""
        place = f"{self.path}?offset={self.partitions[number].start}"
        shown = subprocess.run(["debugfs", "-R", f'stat "{path}"', place], capture_output=True, text=True, check=True)
        return "Inode:" in shown.stdout

    def folders(self, paths: list[str], number: int = 1) -> list[Entry]:
        """What is in these folders of the system."""
        listed = self._debugfs(number, [f'ls -p "{path}"' for path in paths])
        found: list[Entry] = []
        # debugfs repeats each command before what it prints.
        for path, rows in re.findall(r'^debugfs: ls -p "(.*)"\n((?:/.*\n|\n)*)', listed, re.MULTILINE):
            for mode, owner, group, name, size in re.findall(
                r"^/\d+/(\d+)/(\d+)/(\d+)/(.+)/(\d*)/$", rows, re.MULTILINE
            ):
                if name not in {".", ".."}:
                    place = f"{path.rstrip('/')}/{name}"
                    found.append(Entry(place, int(mode, 8), int(owner), int(group), int(size or 0)))
        return found

    def check(self, number: int) -> None:
        """See that a partition is a sound file system.

        Raises subprocess.CalledProcessError with what fsck said.
        """
        part = self.partitions[number]
        if number == 0:
            subprocess.run(["fsck.vfat", "-n", _cut_out(self.path, part)], capture_output=True, text=True, check=True)
        else:
            place = f"{self.path}?offset={part.start}"
            subprocess.run(["e2fsck", "-fn", place], capture_output=True, text=True, check=True)

    def add_files(self, files: dict[str, tuple[int, bytes]], links: dict[str, str], scratch: Path) -> None:
        """Put files {path: (permissions, content)} and symbolic links {path: target} into the system, made by root."""
        commands: list[str] = []
        made = set()
        for number, (path, (mode, content)) in enumerate(files.items()):
            for folder in reversed(Path(path).parents):
                if str(folder) not in made and not self.exists(str(folder)):
                    commands.append(f"mkdir {folder}")
                made.add(str(folder))
            source = scratch / f"file-{number}"
            source.write_bytes(content)
            commands += [f"write {source} {path}", f"set_inode_field {path} mode 0{0o100000 | mode:o}"]
            commands += [f"set_inode_field {path} {field} 0" for field in ("uid", "gid")]
        commands += [f"symlink {path} {target}" for path, target in links.items()]
        self._debugfs(1, commands, write=True)


def _cut_out(image: Path, part: Partition) -> Path:
    """A partition as a file of its own: fsck.vfat knows no offsets."""
    target = image.with_suffix(".boot")
    subprocess.run(
        [
            *("dd", f"if={image}", f"of={target}", "bs=1M", "conv=sparse", "status=none"),
            *(f"skip={part.start // MIB}", f"count={part.size // MIB}"),
        ],
        check=True,
    )
    return target


DOOR_PORT = 2200
DOOR_MAC = "52:54:00:99:99:99"
DOOR_ADDRESS = "10.99.99.15"
"""The guest's address on the test's network card; not one that a class network uses."""

_SSHD = f"""
Port {DOOR_PORT}
HostKey /etc/test-door/host_key
AuthorizedKeysFile /etc/test-door/authorized_keys
PermitRootLogin prohibit-password
PasswordAuthentication no
StrictModes no
UsePAM yes
PidFile none
MaxSessions 50
MaxStartups 100
Subsystem sftp internal-sftp
"""
_UNIT = """
[Unit]
Description=The door of the tests
DefaultDependencies=no
After=systemd-udevd.service
Conflicts=shutdown.target
Before=shutdown.target
[Service]
ExecStartPre=/bin/mkdir -p /run/sshd
ExecStartPre=/etc/test-door/network
ExecStart=/usr/sbin/sshd -D -e -f /etc/test-door/sshd_config
Restart=always
RestartSec=2
[Install]
WantedBy=sysinit.target
"""
_NETWORK = f"""#!/bin/bash
# The network card of the tests has an address of its own, and is nobody else's business.
for try in $(seq 300); do
    for place in /sys/class/net/*; do
        if [[ $(<"$place/address") == {DOOR_MAC} ]]; then
            ip addr replace {DOOR_ADDRESS}/24 dev "${{place##*/}}"
            ip link set "${{place##*/}}" up
            exit 0
        fi
    done
    sleep 0.2
done
exit 1
"""


def add_door(image: Path, target: Path, scratch: Path) -> Path:
    """Copy the image to `target` and give the copy the door of the tests; returns the private key."""
    subprocess.run(["cp", "--sparse=always", image, target], check=True)
    for name in ("client", "host"):
        key = scratch / f"{name}_key"
        key.unlink(missing_ok=True)
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "test", "-f", key], check=True)
    files = {
        "/etc/test-door/sshd_config": (0o644, _SSHD.encode()),
        "/etc/test-door/host_key": (0o600, (scratch / "host_key").read_bytes()),
        "/etc/test-door/authorized_keys": (0o600, (scratch / "client_key.pub").read_bytes()),
        "/etc/test-door/network": (0o755, _NETWORK.encode()),
        "/etc/systemd/system/test-door.service": (0o644, _UNIT.encode()),
        "/etc/NetworkManager/conf.d/99-test-door.conf": (
            0o644,
            f"[keyfile]\nunmanaged-devices=mac:{DOOR_MAC}\n".encode(),
        ),
    }
    wants = "/etc/systemd/system/sysinit.target.wants/test-door.service"
    Card(target).add_files(files, {wants: "/etc/systemd/system/test-door.service"}, scratch)
    return scratch / "client_key"


def overlay(base: Path, target: Path, size: str = "4G") -> Path:
    """A throw-away card over `base`; an SD card in QEMU has to have a power of two as its size."""
    target.unlink(missing_ok=True)
    subprocess.run(["qemu-img", "create", "-q", "-f", "qcow2", "-b", base, "-F", "raw", target, size], check=True)
    return target


def snapshot(card: Path, target: Path) -> Path:
    """A copy of an overlay as it is now."""
    shutil.copyfile(card, target)
    return target
