"""Real dnsmasq, nft and the portal at one end of a cable, a tablet at the other."""

import json
import shutil
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from pacsberry_appliance import probes
from pacsberry_appliance.box import PortalMode, Settings
from pacsberry_appliance.making.everything import portal_facts
from pacsberry_appliance.network import names
from pacsberry_appliance.network.firewall import ruleset
from tests.appliance.network.namespaces import ADDRESS, Cable, cable, give_tablet_an_address
from tests.conftest import ROOT

SETTINGS = Settings(wifi_name="Saal", wifi_password="zebra-horse")
NO_SUCH_NAME = 3

pytestmark = pytest.mark.skipif(
    any(shutil.which(program) is None for program in ("dnsmasq", "nft", "ip")), reason="dnsmasq, nft or ip is missing"
)


@pytest.fixture(scope="module")
def plugged() -> Iterator[Cable]:
    with cable() as made:
        yield made


def dnsmasq(folder: Path, settings: Settings) -> list[str]:
    """The command line of NetworkManager 1.42 to 1.52 for a shared connection, with our file in its folder."""
    drop_ins = folder / "dnsmasq-shared.d"
    drop_ins.mkdir(exist_ok=True)
    conf = folder / "dnsmasq.conf"
    conf.write_text(names.dnsmasq(settings))
    (drop_ins / "pacsberry.conf").write_text(f"conf-file={conf}\n")
    return [
        "dnsmasq", "--conf-file=/dev/null", "--no-hosts", "--keep-in-foreground", "--bind-interfaces",
        "--except-interface=lo", "--clear-on-reload", f"--listen-address={ADDRESS}",
        "--dhcp-range=10.42.0.2,10.42.0.254,60m", f"--dhcp-leasefile={folder}/leases", f"--pid-file={folder}/pid",
        f"--conf-dir={drop_ins}", "--log-facility=-", "--user=root",
    ]  # fmt: skip


@pytest.fixture(scope="module")
def named(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cable]:
    """A box that answers names."""
    with cable() as made:
        give_tablet_an_address(made)
        with made.started_in_box(*dnsmasq(tmp_path_factory.mktemp("dnsmasq"), SETTINGS), until="cleared cache"):
            yield made


def test_our_names_and_those_of_the_probes_lead_to_the_box(named: Cable) -> None:
    for name in ("pacsberry.internal", "pacsberry.local", "captive.apple.com", "www.msftncsi.com"):
        assert named.tablet_says("resolve", name, "A") == {"code": 0, "found": [ADDRESS], "quick": True}


@pytest.mark.parametrize("kind", ["AAAA", "HTTPS"])
def test_other_questions_about_them_are_answered_at_once_with_nothing(named: Cable, kind: str) -> None:
    for name in ("pacsberry.internal", "connectivitycheck.gstatic.com"):
        answer = named.tablet_says("resolve", name, kind)

        assert (answer["code"], answer["found"], answer["quick"]) == (0, [], True)


@pytest.mark.parametrize(
    "name",
    [
        "example.org",
        "mask.icloud.com",
        "apple.com",
        "use-application-dns.net",
        "wpad",
        "x.captive.apple.com",
        "x.pacsberry.internal",
    ],
)
def test_every_other_name_does_not_exist_and_that_is_said_at_once(named: Cable, name: str) -> None:
    for kind in ("A", "AAAA", "HTTPS"):
        answer = named.tablet_says("resolve", name, kind)

        assert (kind, answer["code"], answer["found"], answer["quick"]) == (kind, NO_SUCH_NAME, [], True)


def test_windows_finds_the_address_it_compares_with(named: Cable) -> None:
    assert named.tablet_says("resolve", "dns.msftncsi.com", "A")["found"] == ["131.107.255.255"]


def test_the_address_has_a_name(named: Cable) -> None:
    answer = named.tablet_says("resolve", "1.0.42.10.in-addr.arpa", "PTR")

    assert bytes.fromhex(answer["found"][0]) == b"\x09pacsberry\x08internal\0"


def test_without_a_portal_the_names_of_the_probes_do_not_exist(plugged: Cable, tmp_path: Path) -> None:
    plugged.in_tablet("ip", "address", "flush", "dev", "tab0")
    give_tablet_an_address(plugged)
    with plugged.started_in_box(*dnsmasq(tmp_path, replace(SETTINGS, portal=PortalMode.OFF)), until="cleared cache"):
        assert plugged.tablet_says("resolve", "captive.apple.com", "A")["code"] == NO_SUCH_NAME
        assert plugged.tablet_says("resolve", "pacsberry.internal", "A")["found"] == [ADDRESS]


def test_a_school_of_500_tablets_gets_addresses_without_waiting(plugged: Cable, tmp_path: Path) -> None:
    with plugged.started_in_box(*dnsmasq(tmp_path, SETTINGS), until="cleared cache"):
        answer = plugged.tablet_says("lease", "500")

    assert len(set(answer["given"])) == 500
    assert ADDRESS not in answer["given"]
    assert {address.rsplit(".", 1)[0] for address in answer["given"]} <= {"10.42.0", "10.42.1", "10.42.2"}
    assert answer["seconds"] in (3600, 4 * 3600)
    assert answer["portal"] == "urn:ietf:params:capport:unrestricted"


def test_with_a_welcome_page_no_system_is_told_that_there_is_none(plugged: Cable, tmp_path: Path) -> None:
    with plugged.started_in_box(
        *dnsmasq(tmp_path, replace(SETTINGS, portal=PortalMode.WELCOME)), until="cleared cache"
    ):
        answer = plugged.tablet_says("lease", "1")

    assert (len(answer["given"]), answer["portal"]) == (1, "")
    assert answer["took"] < 2  # an address that is tried out first is given after three seconds


@pytest.fixture(scope="module")
def walled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cable]:
    """A box with its firewall and its portal, and a program that listens at a port the class has no business with."""
    folder = tmp_path_factory.mktemp("portal")
    (folder / "firewall.nft").write_text(ruleset(SETTINGS))
    (folder / "portal.json").write_text(portal_facts(SETTINGS).to_json())
    with cable() as made:
        give_tablet_an_address(made)
        made.in_box("sysctl", "-q", "-w", "net.ipv4.ip_forward=1")
        made.in_box("nft", "-f", str(folder / "firewall.nft"))
        made.in_box("nft", "-f", str(folder / "firewall.nft"))  # a second time replaces the first
        other = "import socket, time; s = socket.create_server(('', 5000)); print('up', flush=True); time.sleep(99)"
        portal = f"PYTHONPATH={ROOT}/appliance {sys.executable} -m pacsberry_appliance.portal.main"
        listens = "until ss -ltn | grep -q :80; do sleep 0.05; done"
        with (
            made.started_in_box(sys.executable, "-c", other, until="up"),
            made.started_in_box(
                "sh", "-c", f"{portal} --facts {folder}/portal.json & {listens}; echo up; wait", until="up"
            ),
        ):
            yield made


def test_https_is_refused_with_a_reset(walled: Cable) -> None:
    assert walled.tablet_says("connect", ADDRESS, "443") == {"how": "reset", "quick": True}


def test_https_to_an_address_of_the_internet_is_refused_with_a_reset(walled: Cable) -> None:
    assert walled.tablet_says("connect", "17.253.144.10", "443") == {"how": "reset", "quick": True}


def test_a_port_that_is_not_meant_for_the_class_is_refused_though_something_listens(walled: Cable) -> None:
    assert walled.tablet_says("connect", ADDRESS, "5000") == {"how": "reset", "quick": True}


def test_a_page_at_an_address_of_the_internet_is_the_way_to_the_box(walled: Cable) -> None:
    answer = walled.tablet_says("get", "17.253.144.10", "example.org", "/")

    assert answer["status"] == 302
    assert answer["headers"]["Location"] == "http://pacsberry.internal:8042/"


def test_an_address_of_the_internet_typed_as_such_is_the_way_to_the_box_too(walled: Cable) -> None:
    answer = walled.tablet_says("get", "17.253.144.10", "17.253.144.10", "/")

    assert answer["headers"]["Location"] == "http://pacsberry.internal:8042/"
    assert walled.tablet_says("get", ADDRESS, ADDRESS, "/x")["headers"]["Location"] == f"http://{ADDRESS}:8042/x"


def test_each_system_gets_the_answer_it_wants(walled: Cable) -> None:
    asked = [(host, path) for probe in probes.PROBES for host in probe.hosts for path, _ in probe.answers]

    answers = walled.tablet_says("get-all", text=json.dumps(asked))

    for (host, path), answer in zip(asked, answers, strict=True):
        wanted = probes.answer_for(host, path)
        assert wanted is not None
        assert (host, answer["status"], answer["body"]) == (host, wanted.status, wanted.body)
