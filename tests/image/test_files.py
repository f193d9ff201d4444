"""The image as a file: what is in it, what is not, and whether its papers tell the truth. Nothing is booted."""

import hashlib
import json
import re
import stat
import subprocess
from functools import cache
from pathlib import Path
from xml.etree import ElementTree

import pytest

from tests.conftest import ROOT
from tests.image.card import MIB, Card, Entry

LIMIT = 300_000_000
"""Bytes of the compressed image: half an hour of a slow school line."""


@cache
def tree(card: Card) -> dict[str, Entry]:
    """Every file of the system, {path: entry}."""
    found: dict[str, Entry] = {}
    level = ["/"]
    while level:
        entries = card.folders(level)
        found.update({entry.path: entry for entry in entries})
        level = [entry.path for entry in entries if stat.S_ISDIR(entry.mode)]
    return found


def test_the_compressed_image_is_small_enough(packed: Path) -> None:
    assert packed.stat().st_size <= LIMIT


def test_a_card_has_boot_system_and_data_on_whole_erase_blocks(card: Card) -> None:
    boot, system, data = card.partitions

    assert [part.type for part in card.partitions] == ["c", "83", "83"]
    assert all(part.start % (8 * MIB) == 0 for part in card.partitions)
    assert boot.start + boot.size == system.start
    assert system.start + system.size == data.start
    assert data.start + data.size == card.path.stat().st_size


@pytest.mark.parametrize("number", [0, 1, 2])
def test_every_file_system_is_sound(card: Card, number: int) -> None:
    card.check(number)


def test_the_pi_finds_what_its_settings_name(card: Card) -> None:
    settings = card.boot_file("config.txt").decode()
    names = card.boot_names()

    assert "arm_64bit=1" in settings
    kernels = re.findall(r"^kernel=(\S+)|^initramfs (\S+)", settings, re.MULTILINE)
    assert {kernel or ramdisk for kernel, ramdisk in kernels} <= set(names)
    assert len(kernels) == 2
    for board in ("bcm2710", "bcm2837-rpi-3-b", "bcm2837-rpi-3-b-plus", "bcm2837-rpi-zero-2-w", "bcm2711-rpi-4-b"):
        assert board == "bcm2710" or f"{board}.dtb" in names
    assert "bcm2712-rpi-5-b.dtb" in names
    assert {"start.elf", "start4.elf", "fixup.dat", "fixup4.dat", "bootcode.bin"} <= set(names)


def test_the_kernel_is_told_this_very_card(card: Card) -> None:
    line = card.boot_file("cmdline.txt").decode()
    identifier = (
        subprocess.run(["sfdisk", "--disk-id", card.path], capture_output=True, text=True, check=True)
        .stdout.strip()
        .removeprefix("0x")
    )

    assert f"root=PARTUUID={identifier}-02" in line.split()
    assert len(line.strip().splitlines()) == 1
    fstab = card.file("/etc/fstab").decode()
    for number, place in enumerate(["/boot/firmware", "/", "/data"], 1):
        assert re.search(rf"^PARTUUID={identifier}-0{number}\s+{place}\s.*noatime", fstab, re.MULTILINE), place
    assert not re.search("BOOTDEV|ROOTDEV|DATADEV", line + fstab + card.file("/etc/default/raspi-firmware").decode())


def test_no_two_boxes_get_the_same_identity(card: Card) -> None:
    assert card.file("/etc/machine-id") == b""
    assert card.exists("/etc/machine-id")
    assert [path for path in tree(card) if path.startswith("/etc/ssh/ssh_host_")] == []
    assert [
        path
        for path in tree(card)
        if re.search(r"^/(var|etc)/.*(random-seed|credential\.secret|dbus/machine-id)$", path)
    ] == []


def test_nobody_has_a_password_or_a_key(card: Card) -> None:
    passwords = {line.split(":")[0]: line.split(":")[1] for line in card.file("/etc/shadow").decode().splitlines()}

    assert {name for name, password in passwords.items() if not password.startswith(("!", "*"))} == set()
    keys = [path for path in tree(card) if re.search(r"/\.ssh/|authorized_keys|\.(key|pem|p12)$", path)]
    certificates = ("/usr/share/", "/etc/ssl/certs/", "/usr/lib/ssl/cert.pem")
    assert [path for path in keys if not path.startswith(certificates)] == []


def test_no_network_is_known_and_no_secret_is_in_the_text_file(card: Card) -> None:
    assert [path for path in tree(card) if path.startswith("/etc/NetworkManager/system-connections/")] == []
    text = card.boot_file("pacsberry.txt").decode("utf-8-sig")
    assert [line for line in text.splitlines() if line.strip() and not line.lstrip().startswith("#")] == []
    assert "pacsberry-result.txt" not in card.boot_names()


def test_what_the_build_needed_is_not_on_the_card(card: Card) -> None:
    paths = tree(card)

    assert [path for path in paths if path.endswith(".deb") or path.startswith("/var/lib/apt/lists/deb")] == []
    left = {path for path in paths if re.match(r"/(tmp|run|var/tmp|root)/.", path)}
    assert left <= {"/root/.bashrc", "/root/.profile", "/root/.ssh", "/run/lock", "/run/lock/subsys"}
    assert [path for path in paths if re.search(r"policy-rc\.d|/test-door|busybox-static|\.ansible", path)] == []
    assert [path for path, entry in paths.items() if path.startswith("/var/log/") and stat.S_ISREG(entry.mode)] == []


def test_only_known_programs_run_with_the_rights_of_another(card: Card) -> None:
    special = {path for path, entry in tree(card).items() if stat.S_ISREG(entry.mode) and entry.mode & 0o6000}

    assert {path.rpartition("/")[2] for path in special} <= {
        *("chage", "chfn", "chsh", "expiry", "gpasswd", "mount", "newgrp", "passwd", "su", "sudo", "umount"),
        *("unix_chkpwd", "ssh-agent", "ssh-keysign", "dbus-daemon-launch-helper", "polkit-agent-helper-1"),
    }


def test_nothing_can_be_written_by_everybody(card: Card) -> None:
    loose = {
        path
        for path, entry in tree(card).items()
        if entry.mode & 0o002 and not stat.S_ISLNK(entry.mode) and not entry.mode & stat.S_ISVTX
    }

    assert {path for path in loose if not path.startswith("/dev/")} == set()


def test_the_program_is_root_s_and_is_compiled(card: Card) -> None:
    program = {path: entry for path, entry in tree(card).items() if path.startswith("/opt/")}
    sources = [path for path in program if re.search(r"/site-packages/pacsberry/.*\.py$", path)]

    assert {(entry.owner, entry.group) for entry in program.values()} == {(0, 0)}
    assert len(sources) > 100
    for source in sources:
        folder, _, name = source.rpartition("/")
        assert f"{folder}/__pycache__/{name.removesuffix('.py')}.cpython-313.opt-2.pyc" in program, source


def test_python_s_packages_are_those_of_the_lock(card: Card) -> None:
    installed = {
        found[1].lower().replace("_", "-"): found[2]
        for path in tree(card)
        if (found := re.search(r"^/opt/pacsberry-[^/]+/.*/site-packages/([^/]+)-([^/-]+)\.dist-info$", path))
    }
    locked = dict(
        line.partition(" ;")[0].split("==")
        for line in (ROOT / "requirements.lock").read_text().splitlines()
        if re.match(r"[a-z]", line)
    )

    assert {name: installed.get(name) for name in locked} == locked


@pytest.mark.parametrize(
    "unit",
    [
        "pacsberry-server",
        "pacsberry-firstboot",
        "pacsberry-portal",
        "pacsberry-network",
        "pacsberry-data",
        "pacsberry-grow",
        "NetworkManager",
        "avahi-daemon",
    ],
)
def test_a_unit_starts_at_boot(card: Card, unit: str) -> None:
    wanted = [path for path in tree(card) if re.search(rf"\.(wants|requires)/{unit}\.service$", path)]

    assert len(wanted) >= 1


# --- the papers


def papers(packed: Path, suffix: str) -> Path:
    return packed.with_name(packed.name.removesuffix(packed.suffix).removesuffix(".img") + suffix)


def sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def test_the_checksums_are_right(packed: Path, card: Card) -> None:
    lines = papers(packed, ".sha256").read_text().splitlines()
    said = {name: digest for digest, name in (line.split() for line in lines)}

    assert said.pop(card.path.name) == sha256(card.path)
    assert packed.name in said
    for name, digest in said.items():
        assert sha256(packed.with_name(name)) == digest, name


def test_imager_gets_what_it_asks_for(packed: Path, card: Card) -> None:
    (entry,) = json.loads(papers(packed, ".rpi-imager-manifest").read_text())["os_list"]

    assert entry["extract_size"] == card.path.stat().st_size
    assert entry["extract_sha256"] == sha256(card.path)
    assert entry["image_download_size"] == packed.stat().st_size
    assert entry["image_download_sha256"] == sha256(packed)
    assert entry["url"].endswith("/" + packed.name)
    assert entry["init_format"] == "cloudinit"
    assert {"name", "description", "icon", "release_date", "devices"} <= entry.keys()


def test_the_block_map_covers_all_that_is_not_zero(packed: Path, card: Card) -> None:
    root = ElementTree.parse(papers(packed, ".img.bmap")).getroot()  # noqa: S314 - the build wrote it a minute ago
    block = int(root.findtext("BlockSize", "0"))
    ranges = [(row.text or "").strip().split("-") for row in root.iterfind("BlockMap/Range")]
    mapped = {number for first, *rest in ranges for number in range(int(first), int(rest[0] if rest else first) + 1)}

    assert int(root.findtext("ImageSize", "0")) == card.path.stat().st_size
    with card.path.open("rb") as file:
        for number in range(card.path.stat().st_size // block):
            if number not in mapped:
                file.seek(number * block)
                assert not any(file.read(block)), number


def test_the_list_of_parts_names_every_package(packed: Path, card: Card) -> None:
    parts = json.loads(papers(packed, ".cdx.json").read_text())["components"]
    named = {part["name"]: part["version"] for part in parts}

    status = card.file("/var/lib/dpkg/status").decode()
    for block in status.split("\n\n"):
        if "Status: install ok installed" in block:
            fields = dict(re.findall(r"^(Package|Version): (.*)$", block, re.MULTILINE))
            assert named[fields["Package"]] == fields["Version"]
    assert {"pydicom", "pynetdicom", "pacsberry"} <= {name.lower() for name in named}
