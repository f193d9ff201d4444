"""The card boots: in a generic machine with the memory of the smallest Pi, and in a Pi 3B from its SD card."""

import json
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.image.card import Card, overlay
from tests.image.guest import RASPI3B, Guest, virt

NETWORK = ("-netdev", "user,id=class,restrict=on", "-device", "virtio-net-pci,netdev=class")
"""A cable in the guest's socket, with a DHCP server and nothing behind it; like a school's network without Internet."""

ANSWERED = ("200 ", "401 ")
"""What the box says to somebody without an account: its page, or who it wants to know."""

IDLE_SECONDS = 180
IDLE_KIB_PER_HOUR = 1024
"""A card stands this for a thousand years; not zero, because ext4 and the copy of the warnings write now and then."""


def ready_after(guest: Guest, unit: str) -> float:
    """The seconds from the kernel's first line until a unit said that it is ready."""
    return int(guest.ask(f"systemctl show -P ActiveEnterTimestampMonotonic {unit}")) / 1e6


def cpu_seconds(guest: Guest, unit: str) -> float:
    """What the unit last took; its journal is quiet, so it is measured around a start."""
    before, after = (
        int(word)
        for word in guest.ask(
            f"read _ a </sys/fs/cgroup/cpu.stat; systemctl start {unit}; read _ b </sys/fs/cgroup/cpu.stat; echo $a $b"
        ).split()
    )
    return (after - before) / 1e6


def written_kib(guest: Guest) -> int:
    """What was written to the card since the start, in KiB."""
    return int(guest.ask("awk '{ print int($7 / 2) }' /sys/block/vda/stat"))


@pytest.fixture(scope="module")
def box(
    test_card: Card, door_key: Path, tmp_path_factory: pytest.TempPathFactory, door_port: Callable[[], int]
) -> Iterator[Guest]:
    """A box with 512 MB that has booted for the first time, with no word from anybody."""
    folder = tmp_path_factory.mktemp("boot")
    card = overlay(test_card.path, folder / "card.qcow2")
    machine = virt(memory_mib=512)
    with Guest(card, test_card.path, machine, door_key, folder, door_port(), NETWORK) as guest:
        guest.settle()
        yield guest


def test_everything_is_up_and_nothing_has_failed(box: Guest) -> None:
    assert box.ask("systemctl --failed --plain --no-legend") == ""
    assert box.ask("systemctl is-system-running || true") == "running"
    for unit in ("pacsberry-server", "pacsberry-portal", "pacsberry-firstboot", "NetworkManager", "avahi-daemon"):
        assert box.ask(f"systemctl is-active {unit} || true") == "active", unit


def test_the_page_is_there_soon(box: Guest, figure: Callable[[str, float | str], None]) -> None:
    figure("virt: seconds to the server's answer", ready_after(box, "pacsberry-server"))
    figure("virt: seconds to the door", float(box.ask("cut -d' ' -f1 /proc/uptime")))

    assert box.ask(fetch("http://127.0.0.1:8042/")).startswith(ANSWERED)
    assert box.ask(fetch("http://127.0.0.1/")).startswith(ANSWERED)
    assert ready_after(box, "pacsberry-server") < 180


def test_half_of_the_memory_of_a_small_board_is_free(box: Guest, figure: Callable[[str, float | str], None]) -> None:
    total, available = (
        int(word) // 1024 for word in box.ask("awk '/MemTotal|MemAvailable/ { print $2 }' /proc/meminfo").split()
    )
    server = int(box.ask("systemctl show -P MemoryCurrent pacsberry-server")) / 2**20
    figure("virt 512 MB: MB in use", total - available)
    figure("virt 512 MB: MB of the server's control group", server)

    assert available > total / 2


def test_the_data_partition_reaches_to_the_end_of_the_card(box: Guest) -> None:
    disk, end = box.ask(
        "cat /sys/block/vda/size; echo $(($(cat /sys/block/vda/vda3/start) + $(cat /sys/block/vda/vda3/size)))"
    ).split()
    space = int(box.ask("findmnt -bno SIZE /data"))

    assert int(disk) - int(end) < 2048 * 8
    assert space > 2 * 10**9
    assert "reaches" not in box.ask("systemctl show -P Result pacsberry-grow")


def test_the_admin_page_is_told_how_the_box_is(box: Guest, figure: Callable[[str, float | str], None]) -> None:
    unit = "pacsberry-status.service"
    box.run(f"systemctl start {unit}", timeout=120)
    told = json.loads(box.ask("cat /run/pacsberry/status.json"))
    figure("virt: seconds of a processor per minute for the admin page", cpu_seconds(box, unit))

    assert box.ask("stat -c '%a %U:%G' /run/pacsberry/status.json") == "640 root:pacsberry"
    assert (told["mode"], told["address"]) == ("access-point", "http://10.42.0.1/")
    assert told["remarks"] != []  # a machine without a radio
    assert box.ask(f"journalctl -b -o cat -u {unit}") == ""
    # In its sandbox it can still see the last words of a radio's firmware.
    place = f"/run/systemd/system/{unit}.d"
    look = "ExecStart=\nExecStart=/bin/sh -c 'dmesg --kernel | wc -l >/run/pacsberry/lines'"
    box.run(f"mkdir -p {place}; printf '[Service]\n%s\n' \"{look}\" >{place}/look.conf; systemctl daemon-reload")
    box.run(f"systemctl start {unit}; rm -r {place}; systemctl daemon-reload")
    assert int(box.ask("cat /run/pacsberry/lines; rm /run/pacsberry/lines")) > 100


def test_an_idle_box_leaves_the_card_alone(box: Guest, figure: Callable[[str, float | str], None]) -> None:
    box.run("sync; sleep 40; sync")  # what the boot itself still had to write
    before = written_kib(box)
    time.sleep(IDLE_SECONDS)
    per_hour = (written_kib(box) - before) * 3600 / IDLE_SECONDS
    figure("idle: KiB written per hour", per_hour)

    assert per_hour <= IDLE_KIB_PER_HOUR, box.ask("journalctl -b -n 30 --no-pager")


def test_nothing_is_written_to_the_system_partition(box: Guest, test_card: Card) -> None:
    box.run("touch /etc/something /usr/something; sync")
    card = box.card
    system = test_card.partitions[1]
    shown = subprocess.run(
        ["qemu-img", "map", "-U", "--output=json", card], capture_output=True, text=True, check=True
    ).stdout

    ours = [row for row in json.loads(shown) if row["depth"] == 0 and row["data"]]
    inside = [
        row for row in ours if row["start"] < system.start + system.size and row["start"] + row["length"] > system.start
    ]
    assert inside == []


def test_a_laptop_finds_nothing_to_repair_on_the_boot_partition(box: Guest, tmp_path: Path) -> None:
    assert box.ask("findmnt -no OPTIONS /boot/firmware").startswith("ro,")
    box.run("sync")
    copy = tmp_path / "card.img"
    subprocess.run(["qemu-img", "convert", "-U", "-O", "raw", box.card, copy], check=True)

    Card(copy).check(0)
    assert "pacsberry-result.txt" in Card(copy).boot_names()


def test_a_second_boot_is_the_same_box(box: Guest) -> None:
    identity = "cat /data/system/ssh/*.pub /data/box/box.json; hostname"
    before = box.ask(identity)

    box.shut_down()
    box.start()
    box.wait_for_door()
    box.settle()

    assert box.ask(identity) == before
    assert box.ask("systemctl --failed --plain --no-legend") == ""
    assert box.run("test -e /etc/something", check=False).returncode == 1


def test_it_boots_as_a_raspberry_pi_3b_from_its_sd_card(
    plug: Callable[..., Guest], figure: Callable[[str, float | str], None]
) -> None:
    # QEMU starts the board anew as soon as somebody winds its watchdog up; of its USB network card's two interfaces, a
    # driver for another kind of cable may take one before the right driver has both.
    with plug(RASPI3B, append="systemd.watchdog_sec=0 module_blacklist=cdc_subset") as guest:
        guest.settle()
        figure("raspi3b: seconds to the server's answer", ready_after(guest, "pacsberry-server"))
        figure("raspi3b: MB in use", int(guest.ask("free -m | awk '/^Mem/ { print $3 }'")))

        assert guest.ask("tr -d '\\0' </proc/device-tree/model").startswith("Raspberry Pi 3 Model B")
        assert guest.ask("systemctl --failed --plain --no-legend") == ""
        assert guest.ask("findmnt -no SOURCE /boot/firmware") == "/dev/mmcblk0p1"
        assert guest.ask("findmnt -no SOURCE /data") == "/dev/mmcblk0p3"
        assert guest.ask(fetch("http://127.0.0.1/")).startswith(ANSWERED)
        # The board has no clock: it does not live in the past all the same, not even before the image was made.
        now, made = (int(word) for word in guest.ask("date +%s; stat -c %Y /usr/lib/clock-epoch").split())
        assert now >= made
        assert int(guest.ask("date +%Y")) >= 2026


def fetch(url: str) -> str:
    """A script that prints the status and the first bytes of an answer; there is no curl on the box."""
    return f"""python3 - <<'END'
import urllib.error, urllib.request
try:
    answer = urllib.request.urlopen("{url}", timeout=60)
except urllib.error.HTTPError as error:
    answer = error
print(answer.status, answer.read(300).decode(errors="replace"))
END
"""
