"""The other ways into the network: an access point on the cable, the school's network, and changing between them."""

import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.image import door
from tests.image.card import Card, overlay
from tests.image.guest import Guest, virt
from tests.image.tablet import Tablet, bring_programs

EXTERNAL = b"mode = external-access-point\nname = kabel\nadmin password = a staff password\n"
# A switch without a DHCP server, with the box on one port and the tablets of an access point on the other.
SWITCH = (
    *("-netdev", "hubport,id=box,hubid=7", "-device", "virtio-net-pci,netdev=box"),
    *("-netdev", "hubport,id=tablets,hubid=7", "-device", f"virtio-net-pci,netdev=tablets,mac={door.CABLE_MAC}"),
)
# A network that has a DHCP server already.
SCHOOL = ("-netdev", "user,id=school,restrict=on", "-device", "virtio-net-pci,netdev=school")


@pytest.fixture
def boot(test_card: Card, door_key: Path, tmp_path: Path, door_port: Callable[[], int]) -> Callable[..., Guest]:
    """A function: a box with this text file, this network and so many tablets on the air."""

    def make(content: bytes, network: tuple[str, ...] = (), tablets: int = 0) -> Guest:
        card = test_card.with_boot_files({"pacsberry.txt": content}, tmp_path / "card.img")
        place = overlay(card.path, tmp_path / "card.qcow2")
        folder = tmp_path / "machine"
        append = f"test.tablets={tablets}" + (" test.cable" if network == SWITCH else "")
        return Guest(place, card.path, virt(), door_key, folder, door_port(), network, append)

    return make


def settled(guest: Guest) -> None:
    guest.settle()
    bring_programs(guest)


def test_tablets_of_an_access_point_on_the_cable_get_addresses_and_find_the_box(boot: Callable[..., Guest]) -> None:
    with boot(EXTERNAL, SWITCH) as guest:
        settled(guest)
        wired = Tablet(guest, "cable", "eth0")
        lease = wired.get_lease(patience=180)  # the box listens half a minute for another DHCP server first
        (name,) = wired.ask({"ask": "name", "name": "kabel.local"})
        probe = wired.get("http://captive.apple.com/hotspot-detect.html")

        assert lease["dns"] == lease["server"]
        assert name["addresses"] == [lease["server"]]
        assert "Success" in probe["text"]
        assert len({one["address"] for one in wired.get_leases(30)}) == 30


def test_beside_another_dhcp_server_the_box_keeps_quiet(boot: Callable[..., Guest]) -> None:
    with boot(EXTERNAL, SCHOOL) as guest:
        settled(guest)
        guest.wait_until(
            lambda: "10.0.2." in guest.ask("ip -br -4 addr show eth0"), 120, "became a client of the school's network"
        )

        assert guest.run("pgrep -a dnsmasq", check=False).stdout == ""
        assert "DHCP" in guest.ask("cat /boot/firmware/pacsberry-result.txt")


def test_a_box_in_the_network_of_a_school_is_a_client_like_any_other(boot: Callable[..., Guest]) -> None:
    with boot(b"mode = client\nname = gast\n", SCHOOL) as guest:
        settled(guest)

        assert "10.0.2." in guest.ask("ip -br -4 addr show eth0")
        assert guest.run("pgrep -a dnsmasq", check=False).stdout == ""
        assert guest.ask("systemctl --failed --plain --no-legend") == ""


def test_a_change_of_the_network_takes_itself_back_unless_it_is_confirmed(boot: Callable[..., Guest]) -> None:
    card = b"wifi name = Eins\nwifi password = thirty quiet tablets\nadmin password = a staff password\n"
    with boot(card, SCHOOL, tablets=1) as guest:
        settled(guest)
        tablet = Tablet(guest, "tablet1", "wlan1")
        assert tablet.join("Eins", "thirty quiet tablets"), tablet.said()
        tablet.leave()

        guest.run("pacsberry-box network use client </dev/null", check=False)
        guest.wait_until(lambda: "Eins" not in on_air(guest), 60, "closed its Wi-Fi")
        begun = time.monotonic()
        guest.wait_until(lambda: "Eins" in on_air(guest), 180, "took the change back")
        assert time.monotonic() - begun > 20
        assert tablet.join("Eins", "thirty quiet tablets"), tablet.said()
        tablet.leave()

        guest.run("pacsberry-box network use client </dev/null", check=False)
        guest.run("pacsberry-box network confirm")
        time.sleep(90)
        assert "Eins" not in on_air(guest)


def on_air(guest: Guest) -> str:
    """The name of the Wi-Fi that the box has open, if any."""
    return guest.ask("iw dev wlan0 info | grep -E 'ssid|type AP' || true")
