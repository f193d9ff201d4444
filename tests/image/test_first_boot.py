"""What becomes of pacsberry.txt: missing, full, broken, or saved by Windows Notepad."""

import base64
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.image.card import Card, overlay
from tests.image.guest import Guest, virt
from tests.image.tablet import basic

FULL = """# the box of room 12
language = de
name = raum12
wifi name = Raum 12
wifi password = eins-zwei-drei
country = DE
band = 2.4
channel = 6
mode = access-point
admin password = ganz-geheim-7
ssh key = ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ6oq5oJj0yk0F0gY0qQ0uT6GBUT1Vq1R3y0wSUT0000 lehrer@schule
ae title = RAUM12
"""
BROKEN = """name = raum 12 with far too many blanks and signs !!! ***
wifi name = Raum 12
wifi password = short
country = Atlantis
colour = blue
just some words
admin password = ganz-geheim-7
ae title = RAUM12
"""


@pytest.fixture
def first_boot(
    test_card: Card, door_key: Path, tmp_path: Path, door_port: Callable[[], int]
) -> Iterator[Callable[[bytes | None], Guest]]:
    """A function: the box after its first boot with this text file, or without one; it is off at the end."""
    guests: list[Guest] = []

    def boot(content: bytes | None) -> Guest:
        if content is None:
            card = test_card.with_boot_files({}, tmp_path / "card.img")
            card.remove_boot_file("pacsberry.txt")
        else:
            card = test_card.with_boot_files({"pacsberry.txt": content}, tmp_path / "card.img")
        place = overlay(card.path, tmp_path / "card.qcow2")
        guest = Guest(place, card.path, virt(memory_mib=512), door_key, tmp_path / "machine", door_port())
        guests.append(guest)
        guest.start()
        guest.wait_for_door()
        guest.settle()
        return guest

    yield boot
    for guest in guests:
        guest.power_cut()


def told(guest: Guest) -> str:
    """The result file, as a person reads it."""
    return guest.ask("cat /boot/firmware/pacsberry-result.txt").lstrip("\ufeff").replace("\r", "")


def complaints(text: str) -> list[str]:
    """The lines about the file that say what is wrong; not what is said of the network below the ruler."""
    return [line for line in text.partition("-" * 72)[0].splitlines() if line.startswith("! ")]


def status_of(guest: Guest, name: str, password: str) -> str:
    """What the server says to somebody who asks for the studies."""
    return guest.ask(
        f"""python3 - <<'END'
import urllib.error, urllib.request
ask = urllib.request.Request("http://127.0.0.1:8042/studies", headers={basic(name, password)!r})
try:
    print(urllib.request.urlopen(ask, timeout=60).status)
except urllib.error.HTTPError as error:
    print(error.code)
END"""
    )


def test_without_a_file_everything_is_made_up_and_told(first_boot: Callable[[bytes | None], Guest]) -> None:
    guest = first_boot(None)
    text = told(guest)
    found = re.findall(r"[Pp]assword: *(\S+)", text)
    assert len(found) >= 2, text
    assert status_of(guest, "admin", found[-1]) == "200", text
    assert status_of(guest, "admin", "admin") == "401"
    assert guest.ask("systemctl --failed --plain --no-legend") == ""
    assert found[0] in guest.ask("cat /run/issue.d/*.issue")


def test_a_full_file_is_obeyed_and_its_secrets_leave_it(first_boot: Callable[[bytes | None], Guest]) -> None:
    guest = first_boot(FULL.encode())
    text = told(guest)
    assert complaints(text) == [], text
    left = guest.ask("cat /boot/firmware/pacsberry.txt")
    assert "eins-zwei-drei" not in left
    assert "ganz-geheim-7" not in left
    assert "Raum 12" in left
    assert guest.ask("hostname") == "raum12"
    assert status_of(guest, "admin", "ganz-geheim-7") == "200"
    assert "lehrer@schule" in guest.ask("cat /data/box/authorized_keys")
    assert guest.ask("systemctl is-active ssh.service ssh.socket | sort -u | head -1") == "active"
    assert guest.ask("getent shadow pacsadmin | cut -d: -f2").startswith("$")
    profile = guest.ask("cat /run/NetworkManager/system-connections/pacsberry-access-point.nmconnection")
    assert "psk=eins-zwei-drei" in profile
    assert guest.ask("systemctl --failed --plain --no-legend") == ""


def test_wrong_lines_are_named_and_the_rest_is_obeyed(first_boot: Callable[[bytes | None], Guest]) -> None:
    guest = first_boot(BROKEN.encode())
    text = told(guest)
    numbers = {re.sub(r"\D", "", line.partition(":")[0]) for line in complaints(text)}
    assert numbers == {"1", "3", "4", "5", "6"}, text
    assert "Raum 12" in text
    assert status_of(guest, "admin", "ganz-geheim-7") == "200"
    assert "ganz-geheim-7" not in guest.ask("cat /boot/firmware/pacsberry.txt")


def test_a_file_saved_by_notepad_is_read(first_boot: Callable[[bytes | None], Guest]) -> None:
    windows = FULL.replace("= raum12", "= “raum12”").replace("\n", "\r\n")
    guest = first_boot(b"\xff\xfe" + windows.encode("utf-16-le"))
    assert complaints(told(guest)) == []
    assert guest.ask("hostname") == "raum12"
    assert status_of(guest, "admin", "ganz-geheim-7") == "200"
    left = base64.b64decode(guest.ask("base64 /boot/firmware/pacsberry.txt")).decode("utf-16")
    assert "Raum 12" in left
    assert "ganz-geheim-7" not in left
