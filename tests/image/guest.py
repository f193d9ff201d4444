"""A Raspberry Pi that is a process: QEMU with the card, a console that is written down, and the door of the tests.

Kernel, initial ramdisk and command line come out of the card's boot partition, so what boots is what was built. QEMU
has no boot ROM of the Pi: config.txt and overlays are read by nobody here.
"""

import os
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import IO, Self

from tests.image import door
from tests.image.card import Card

_TREE = "bcm2837-rpi-3-b.dtb"


@dataclass(frozen=True)
class Machine:
    """A kind of machine: what QEMU is told beside the card."""

    name: str
    arguments: tuple[str, ...]
    disk: tuple[str, ...]
    """With {card} for the file of the card."""
    network_device: str
    console: str
    boots_within: float
    """Seconds until the door has to be open; several times what it takes on an idle computer."""


def virt(memory_mib: int = 1024, processors: int = 2, cache: str = "unsafe") -> Machine:
    """QEMU's generic machine: quick, and with as many network cards as one likes.

    For a test that pulls the plug, `cache` has to be "writeback": what the guest flushed is then on the card for good,
    and what it did not flush may be lost.
    """
    return Machine(
        name="virt",
        arguments=(
            *("-M", "virt", "-cpu", "cortex-a72", "-smp", str(processors), "-m", str(memory_mib)),
            *("-device", "virtio-rng-pci"),
        ),
        disk=(
            "-drive",
            f"file={{card}},if=none,id=card,format=qcow2,cache={cache}",
            "-device",
            "virtio-blk-pci,drive=card",
        ),
        network_device="virtio-net-pci",
        console="ttyAMA0",
        boots_within=300,
    )


RASPI3B = Machine(
    name="raspi3b",
    arguments=("-M", "raspi3b"),
    disk=("-drive", "file={card},if=sd,format=qcow2,cache=unsafe"),
    network_device="usb-net",
    console="ttyAMA0,115200 console=ttyS1,115200",
    boots_within=900,
)


class Stuck(Exception):
    """The guest did not do in time what was waited for."""


class Refused(Exception):
    """A script in the guest did not end with 0."""


class Guest:
    """One machine with one card; switched on by `start`, off by `power_cut` or `shut_down`."""

    def __init__(
        self,
        card: Path,
        boot_from: Path,
        machine: Machine,
        key: Path,
        folder: Path,
        door_port: int,
        network: tuple[str, ...] = (),
        append: str = "",
    ) -> None:
        """`boot_from` is the raw card that `card` lies over; `network` are more arguments for QEMU."""
        self.card = card
        self._boot_from = boot_from
        self._machine = machine
        self._key = key
        self._folder = folder
        self._door_port = door_port
        self._network = network
        self._append = append
        self._process: subprocess.Popen[bytes] | None = None
        self._said: IO[bytes] | None = None
        self.started_at = 0.0
        folder.mkdir(parents=True, exist_ok=True)

    # --- power

    def start(self) -> None:
        """Switch it on; returns at once."""
        self._console().unlink(missing_ok=True)
        self._said = (self._folder / "qemu.log").open("wb")
        self._process = subprocess.Popen(
            self._command(), stdin=subprocess.DEVNULL, stdout=self._said, stderr=self._said
        )
        self.started_at = time.monotonic()

    def power_cut(self) -> None:
        """Pull the plug: what the guest did not have written is not on the card."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
        if self._said is not None:
            self._said.close()
        self._process = None

    def shut_down(self, timeout: float = 180) -> None:
        """Switch it off as a person should.

        Raises subprocess.TimeoutExpired if it takes longer than `timeout` seconds.
        """
        if self._process is None:
            return
        self.run("systemctl poweroff --no-block", check=False)
        self._process.wait(timeout)
        self.power_cut()

    @property
    def worked(self) -> float:
        """Seconds of a processor that it has used since it was switched on: a clock that other work leaves alone."""
        if self._process is None:
            return 0
        fields = Path(f"/proc/{self._process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    @property
    def is_running(self) -> bool:
        """Whether it is on."""
        return self._process is not None and self._process.poll() is None

    def __enter__(self) -> Self:
        """Switch it on and wait for the door."""
        self.start()
        try:
            self.wait_for_door()
        except BaseException:
            self.power_cut()
            raise
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        """Pull the plug."""
        self.power_cut()

    # --- talking

    def console(self) -> str:
        """What it wrote to its serial lines so far."""
        texts = [path.read_text(errors="replace") for path in sorted(self._folder.glob("console*.log"))]
        return "\n".join(texts)

    def wait_for_door(self) -> float:
        """Wait until commands can be run; the seconds since it was switched on."""
        self.wait_until(
            lambda: self.run("true", check=False, timeout=60).returncode == 0,
            self._machine.boots_within,
            "opens the door",
        )
        return time.monotonic() - self.started_at

    def settle(self, seconds: float = 900) -> None:
        """Wait until all units that start at boot have started, or failed.

        The door opens long before: systemd may not even take questions then.
        """
        script = f"""for _ in $(seq {seconds / 3:.0f}); do
            [[ $(systemctl is-system-running 2>&1) =~ ^(running|degraded)$ ]] && exit 0
            sleep 3
        done
        systemctl list-jobs
        exit 1"""
        self.run(script, timeout=seconds * 2)

    def wait_until(self, is_so: Callable[[], bool], seconds: float, what: str) -> None:
        """Ask again and again until it is so.

        Raises Stuck with the end of the console after `seconds`, or at once when the guest is off.
        """
        until = time.monotonic() + seconds
        while not is_so():
            if not self.is_running:
                raise Stuck(f"The guest is off and never {what}:\n{self.console()[-3000:]}")
            if time.monotonic() > until:
                raise Stuck(f"After {seconds:.0f} s, the guest still not {what}:\n{self.console()[-3000:]}")
            time.sleep(1)

    def run(self, script: str, *, check: bool = True, timeout: float = 300) -> subprocess.CompletedProcess[str]:
        """Run a bash script as root in the guest.

        Raises Refused with its output unless `check` is false.
        """
        command = [*self._ssh(), "root@127.0.0.1", "bash", "-s"]
        try:
            done = subprocess.run(command, input=script, capture_output=True, text=True, timeout=timeout, check=False)
        except subprocess.TimeoutExpired:
            if check:
                raise
            return subprocess.CompletedProcess(command, 255, "", "timeout")
        if check and done.returncode:
            raise Refused(f"{script[:500]}\nended with {done.returncode} and said:\n{done.stdout}\n{done.stderr}")
        return done

    def in_background(self, command: str, out: IO[bytes]) -> subprocess.Popen[bytes]:
        """Start a command in the guest; what it prints goes to `out`. The caller ends it."""
        return subprocess.Popen(
            [*self._ssh(), "root@127.0.0.1", command], stdin=subprocess.DEVNULL, stdout=out, stderr=subprocess.DEVNULL
        )

    def ask(self, script: str, *, timeout: float = 300) -> str:
        """What a script prints, without blanks around it."""
        return self.run(script, timeout=timeout).stdout.strip()

    def put(self, path: str, content: bytes) -> None:
        """Write a file in the guest."""
        command = [*self._ssh(), "root@127.0.0.1", f"cat >'{path}'"]
        subprocess.run(command, input=content, capture_output=True, check=True, timeout=300)

    # --- how QEMU and ssh are called

    def _ssh(self) -> list[str]:
        options = {
            "Port": self._door_port,
            "StrictHostKeyChecking": "no",
            "UserKnownHostsFile": "/dev/null",
            "LogLevel": "ERROR",
            "ConnectTimeout": 20,
            "BatchMode": "yes",
            "IdentitiesOnly": "yes",
        }
        return ["ssh", "-F", "none", "-i", str(self._key), *(f"-o{name}={value}" for name, value in options.items())]

    def _console(self) -> Path:
        return self._folder / "console.log"

    def _command(self) -> list[str | Path]:
        card = Card(self._boot_from)
        names = {name: name for name in card.boot_names()}
        kernel = next(name for name in names if name.startswith("vmlinuz"))
        ramdisk = next(name for name in names if name.startswith("initrd"))
        wanted = [kernel, ramdisk] + ([_TREE] if self._machine is RASPI3B else [])
        for name in wanted:
            place = self._folder / name
            if not place.exists():
                place.write_bytes(card.boot_file(name))
        words = [word for word in card.boot_file("cmdline.txt").decode().split() if not word.startswith("console=")]
        line = " ".join([*words, f"console={self._machine.console}", self._append]).strip()
        forward = f"hostfwd=tcp:127.0.0.1:{self._door_port}-{door.ADDRESS}:{door.PORT}"
        tree: list[str | Path] = ["-dtb", self._folder / _TREE] if self._machine is RASPI3B else []
        return [
            *(
                "qemu-system-aarch64",
                *self._machine.arguments,
                "-accel",
                "tcg,thread=multi",
                "-no-reboot",
            ),
            *("-kernel", self._folder / kernel, "-initrd", self._folder / ramdisk, *tree, "-append", line),
            *(part.format(card=self.card) for part in self._machine.disk),
            *self._network,  # first, so that it is eth0
            *("-netdev", f"user,id=door,net={door.NETWORK},restrict=on,{forward}"),
            *("-device", f"{self._machine.network_device},netdev=door,mac={door.MAC}"),
            *("-serial", f"file:{self._console()}", "-serial", f"file:{self._folder / 'console-2.log'}"),
            *("-monitor", "none", "-display", "none"),
        ]
