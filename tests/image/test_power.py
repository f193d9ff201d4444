"""The plug is pulled at random moments: of first boots, of growing the data partition, of receiving studies.

QEMU is killed. What the guest had flushed is on the card; what it had not may be there or not (cache=writeback).
Whenever it was, the box comes up, knows what it was told, and has every study it said it had.
"""

import hashlib
import io
import json
import os
import random
import tarfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.image.card import Card, overlay
from tests.image.guest import Guest, virt
from tests.image.tablet import INSIDE, basic
from tests.makers import make_instance

ADMIN = "a staff password"
SETTINGS = f"name = box7\nwifi name = Box 7\nwifi password = thirty quiet tablets\nadmin password = {ADMIN}\n"
# Of each run of a test; fewer for a quick look.
BOOT_CUTS = int(os.environ.get("PACSBERRY_BOOT_CUTS", "6"))
UPLOAD_CUTS = int(os.environ.get("PACSBERRY_UPLOAD_CUTS", "4"))
FIRST_BOOT = (12.0, 75.0)
"""Seconds of the emulator's work within which a first boot writes to the card: partition table, settings, index."""
MACHINE = virt(memory_mib=768, processors=1, cache="writeback")


@pytest.fixture
def fresh(
    test_card: Card, door_key: Path, tmp_path: Path, door_port: Callable[[], int]
) -> Iterator[Callable[[str], Guest]]:
    """A function: a machine, still off, with a freshly flashed card of 8 GB; all are off at the end."""
    guests: list[Guest] = []

    def make(name: str) -> Guest:
        card = test_card.with_boot_files({"pacsberry.txt": SETTINGS.encode()}, tmp_path / f"{name}.img")
        place = overlay(card.path, tmp_path / f"{name}.qcow2", "8G")
        guests.append(Guest(place, card.path, MACHINE, door_key, tmp_path / name, door_port()))
        return guests[-1]

    yield make
    for guest in guests:
        guest.power_cut()


def settled(guest: Guest) -> None:
    """Wait until it is up; everything has to be in order then."""
    guest.wait_for_door()
    guest.settle()
    assert guest.ask("systemctl --failed --plain --no-legend") == "", guest.console()[-2000:]


def serving(guest: Guest) -> None:
    """Wait until the server takes calls."""
    guest.wait_for_door()
    call = "timeout 9 bash -c '</dev/tcp/127.0.0.1/8042'"
    guest.wait_until(lambda: guest.run(call, check=False).returncode == 0, 900, "has its server")


def kept(guest: Guest) -> dict[str, str]:
    """{MD5 of the content: identifier} of every instance that the server gives back."""
    script = f"""python3 - <<'END'
import hashlib, json, urllib.request
def get(path):
    ask = urllib.request.Request("http://127.0.0.1:8042" + path, headers={basic("admin", ADMIN)!r})
    return urllib.request.urlopen(ask, timeout=300).read()
found = json.loads(get("/instances"))
print(json.dumps({{hashlib.md5(get(f"/instances/{{one}}/file")).hexdigest(): one for one in found}}))
END"""
    found: dict[str, str] = json.loads(guest.ask(script, timeout=900))
    return found


@pytest.mark.parametrize("seed", [1, 2])
def test_first_boots_that_are_cut_short_leave_a_box_that_comes_up(
    seed: int, fresh: Callable[[str], Guest], figure: Callable[[str, float | str], None]
) -> None:
    chance = random.Random(seed)
    guest = fresh("cut")
    for _ in range(BOOT_CUTS):
        guest.start()
        moment = chance.uniform(*FIRST_BOOT)
        while guest.is_running and guest.worked < moment:
            time.sleep(0.2)
        guest.power_cut()
    guest.start()
    settled(guest)

    assert guest.ask("hostname") == "box7"
    assert kept(guest) == {}  # and the password of the file, which is gone from there, is known
    assert int(guest.ask("findmnt -bno SIZE /data")) > 5 * 10**9
    assert ADMIN not in guest.ask("cat /boot/firmware/pacsberry.txt")
    figure(f"power cuts during first boots, all survived: {seed}", BOOT_CUTS)


@pytest.mark.parametrize("seed", [7, 8])
def test_no_study_is_lost_that_was_acknowledged(
    seed: int, fresh: Callable[[str], Guest], tmp_path: Path, figure: Callable[[str, float | str], None]
) -> None:
    chance = random.Random(seed)
    guest = fresh("upload")
    guest.start()
    serving(guest)
    acknowledged: dict[str, str] = {}
    for cut in range(UPLOAD_CUTS):
        contents = {
            f"{number:04}": make_instance("CT", patient_id=f"cut {cut}", instance=number, rows=256, columns=256)
            for number in range(1, 200)
        }
        packed = io.BytesIO()
        with tarfile.open(fileobj=packed, mode="w") as tar:
            for name, content in contents.items():
                member = tarfile.TarInfo(name)
                member.size = len(content)
                tar.addfile(member, io.BytesIO(content))
        guest.run("rm -rf /run/scans; mkdir -p /run/scans")
        guest.put("/run/scans.tar", packed.getvalue())
        guest.put("/run/upload.py", (INSIDE / "upload.py").read_bytes())
        guest.run("tar -xf /run/scans.tar -C /run/scans; rm /run/scans.tar")

        said = tmp_path / f"said-{cut}"
        with said.open("wb") as out:
            sending = guest.in_background(f"python3 /run/upload.py /run/scans admin '{ADMIN}'", out)
            time.sleep(chance.uniform(1, 12))
            guest.power_cut()
            sending.kill()
            sending.wait()
        names = said.read_text().split("\n")[:-1]  # a line without its end was not heard
        acknowledged |= {hashlib.md5(contents[name]).hexdigest(): name for name in names}  # noqa: S324 - not for secrecy

        guest.start()
        serving(guest)
        assert acknowledged.keys() - kept(guest).keys() == set()
    settled(guest)
    report = guest.ask("pacsberry check --checksums 2>&1; echo $?", timeout=900)

    assert report.endswith("0"), report
    assert len(acknowledged) > UPLOAD_CUTS
    figure(f"power cuts while studies came in, none lost: {seed}", UPLOAD_CUTS)
    figure(f"instances acknowledged before a cut: {seed}", len(acknowledged))
