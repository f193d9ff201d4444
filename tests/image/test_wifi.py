"""The class gets in: tablets scan, join, get an address, find the box by its names, see the studies and send one.

The radios are simulated (mac80211_hwsim), everything above them is what the card has: kernel, NetworkManager, dnsmasq,
portal, server. What a real radio's firmware does is not seen here.
"""

import base64
import json
import re
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.image.card import Card, overlay
from tests.image.guest import Guest, virt
from tests.image.tablet import Tablet, basic, bring_programs
from tests.makers import make_instance

SSID, PASSWORD, ADMIN = "Röntgen 7b", "thirty quiet tablets", "a staff password"
TABLETS = 31
SETTINGS = f"""wifi name = {SSID}
wifi password = {PASSWORD}
admin password = {ADMIN}
name = schule
country = DE
band = 2.4
"""


@pytest.fixture(scope="module")
def box(
    test_card: Card, door_key: Path, tmp_path_factory: pytest.TempPathFactory, door_port: Callable[[], int]
) -> Iterator[Guest]:
    """A box as access point that has read its text file, and a class in its radio's range."""
    folder = tmp_path_factory.mktemp("wifi")
    card = test_card.with_boot_files({"pacsberry.txt": SETTINGS.encode()}, folder / "card.img")
    guest = Guest(
        overlay(card.path, folder / "card.qcow2"),
        card.path,
        virt(memory_mib=1024),
        door_key,
        folder,
        door_port(),
        append=f"test.tablets={TABLETS}",
    )
    with guest:
        guest.settle()
        bring_programs(guest)
        yield guest


@pytest.fixture(scope="module")
def tablet(box: Guest) -> Tablet:
    """The first tablet, joined and with a lease."""
    first = Tablet(box, "tablet1", "wlan1")
    assert first.join(SSID, PASSWORD), first.said()
    first.get_lease()
    return first


def test_the_access_point_is_seen_with_wpa2_and_without_what_keeps_tablets_out(box: Guest) -> None:
    heard = Tablet(box, "tablet2", "wlan2").scan()

    assert "SSID: R\\xc3\\xb6ntgen 7b" in heard or f"SSID: {SSID}" in heard
    assert "RSN:" in heard
    assert "* Group cipher: CCMP" in heard
    assert "* Pairwise ciphers: CCMP" in heard
    assert "TKIP" not in heard
    assert "MFP-required" not in heard
    assert "MFP-capable" not in heard


def test_a_wrong_password_is_refused(box: Guest) -> None:
    stranger = Tablet(box, "tablet3", "wlan3")

    assert not stranger.join(SSID, "not this one", seconds=20)
    assert "4-Way Handshake failed" in stranger.said() or "WRONG_KEY" in stranger.said()
    stranger.leave()


def test_a_tablet_gets_an_address_and_is_told_that_there_is_no_portal(tablet: Tablet) -> None:
    assert str(tablet.lease["address"]).rpartition(".")[0] == str(tablet.lease["server"]).rpartition(".")[0]
    assert tablet.lease["dns"] == tablet.lease["server"]
    assert int(tablet.lease["seconds"]) >= 3600
    assert tablet.lease["portal"] == "urn:ietf:params:capport:unrestricted"


def test_the_names_of_the_box_and_no_others_are_known(tablet: Tablet) -> None:
    address = tablet.lease["server"]

    (local, dotted, foreign, probe, six) = tablet.ask(
        {"ask": "name", "name": "schule.local"},
        {"ask": "name", "name": "schule.internal"},
        {"ask": "name", "name": "www.example.org"},
        {"ask": "name", "name": "captive.apple.com"},
        {"ask": "name", "name": "captive.apple.com", "kind": 28},
    )

    assert local["addresses"] == dotted["addresses"] == [address]
    assert foreign["code"] == 3
    assert foreign["addresses"] == []
    assert foreign["seconds"] < 2
    assert probe["addresses"] == [address]
    assert six["seconds"] < 2


@pytest.mark.parametrize(
    ("url", "status", "said"),
    [
        ("http://captive.apple.com/hotspot-detect.html", 200, "<BODY>Success</BODY>"),
        ("http://connectivitycheck.gstatic.com/generate_204", 204, ""),
        ("http://clients3.google.com/gen_204", 204, ""),
        ("http://www.gstatic.com/generate_204", 204, ""),
        ("http://www.msftconnecttest.com/connecttest.txt", 200, "Microsoft Connect Test"),
        ("http://www.msftncsi.com/ncsi.txt", 200, "Microsoft NCSI"),
        ("http://detectportal.firefox.com/success.txt", 200, "success"),
        ("http://nmcheck.gnome.org/check_network_status.txt", 200, "NetworkManager is online"),
    ],
)
def test_a_device_that_asks_whether_all_is_well_is_told_so(tablet: Tablet, url: str, status: int, said: str) -> None:
    answer = tablet.get(url)

    assert answer.get("status") == status, answer
    assert said.lower() in answer["text"].lower()
    assert said or answer["size"] == 0


def test_https_fails_at_once_and_an_unknown_host_is_sent_to_the_box(tablet: Tablet) -> None:
    address = tablet.lease["server"]
    secure, other = tablet.ask(
        {"ask": "connect", "host": address, "port": 443},
        {"ask": "http", "url": f"http://{address}/", "headers": {"Host": "www.example.org"}},
    )

    assert secure["outcome"] == "refused"
    assert secure["seconds"] < 2
    assert other["status"] in (302, 307)
    assert other["headers"]["location"].startswith("http://")


def test_the_page_comes_with_all_that_it_is_made_of(tablet: Tablet, figure: Callable[[str, float | str], None]) -> None:
    begun = time.monotonic()
    home = tablet.open_page("http://schule.local/", {})
    figure("wifi: seconds until the page is there", time.monotonic() - begun)
    server = f"http://{tablet.lease['server']}:8042"
    parts = re.findall(r'(?:src|href)="\./(assets/[^"]+)"', home["text"])
    fetched = {part: tablet.get(f"{server}/app/{part}") for part in parts}
    session = json.loads(tablet.get(f"{server}/pacsberry/session")["text"])

    assert home["status"] == 200, home
    assert "<title>Pacsberry</title>" in home["text"]
    assert {part.rpartition(".")[2] for part in parts} == {"js", "css"}
    assert {part: answer["status"] for part, answer in fetched.items()} == dict.fromkeys(parts, 200)
    assert session["Role"] == "student"
    assert not session["NeedsSetUp"]


def test_a_teacher_sends_a_study_and_the_class_looks_at_it_when_it_is_shown(tablet: Tablet) -> None:
    staff = basic("admin", ADMIN)
    server = f"http://{tablet.lease['server']}:8042"
    content = make_instance("CT", patient_name="Somebody^Known")

    def listed(headers: dict[str, str]) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = json.loads(tablet.get(f"{server}/pacsberry/studies", headers=headers)["text"])[
            "Studies"
        ]
        return found

    sent = tablet.get(f"{server}/instances", method="POST", headers=staff, body=base64.b64encode(content).decode())
    assert sent["status"] == 200, sent
    told = json.loads(sent["text"])
    back = tablet.get(f"{server}/instances/{told['ID']}/file", headers=staff)
    picture = tablet.get(f"{server}/instances/{told['ID']}/preview", headers=staff)
    assert back["size"] == len(content)
    assert picture["status"] == 200, picture
    assert picture["start"].startswith("89504e47")

    before = listed({})
    to_staff = listed(staff)
    shown = tablet.get(
        f"{server}/pacsberry/studies/{told['ParentStudy']}",
        method="PUT",
        headers=staff,
        body=base64.b64encode(b'{"IsShown": true}').decode(),
    )
    (seen,) = listed({})
    pupils = tablet.get(f"{server}/pacsberry/studies/{told['ParentStudy']}")
    looked_at = tablet.get(f"{server}/instances/{told['ID']}/preview")

    assert before == []
    assert [study["ID"] for study in to_staff] == [told["ParentStudy"]]
    assert "Somebody" in json.dumps(to_staff)
    assert shown["status"] == 200, shown
    assert seen["ID"] == told["ParentStudy"]
    assert "Somebody" not in json.dumps(seen) + pupils["text"]
    assert looked_at["start"].startswith("89504e47")
    assert tablet.get(f"{server}/instances/{told['ID']}/file")["status"] == 401


def test_nobody_gets_in_without_an_account(tablet: Tablet) -> None:
    server = f"http://{tablet.lease['server']}:8042"

    assert tablet.get(f"{server}/studies")["status"] == 401
    assert tablet.get(f"{server}/studies", headers=basic("admin", "guess"))["status"] == 401


def test_thirty_tablets_join_and_each_gets_an_address_of_its_own(
    box: Guest, tablet: Tablet, figure: Callable[[str, float | str], None]
) -> None:
    tablets = [Tablet(box, f"tablet{number}", f"wlan{number}") for number in range(2, TABLETS + 1)]
    begun = time.monotonic()
    box.run("".join(each.start_joining(SSID, PASSWORD) for each in tablets), timeout=900)
    waiting = "\n".join(f"({each.until_joined(300)}) &" for each in tablets)
    box.run(f"{waiting}\nwait", timeout=900)
    figure("wifi: seconds until 30 tablets are in", time.monotonic() - begun)
    leases = {each.get_lease()["address"] for each in tablets} | {tablet.lease["address"]}

    assert len(leases) == TABLETS
    stations = box.ask("iw dev wlan0 station dump | grep -c ^Station")
    assert int(stations) >= 30


def test_a_year_of_classes_fits_into_the_addresses(tablet: Tablet) -> None:
    leases = tablet.get_leases(60)

    assert len({lease["address"] for lease in leases}) == 60
