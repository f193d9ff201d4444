"""A real NetworkManager with our profiles, names, firewall and guard, in a namespace of its own."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.appliance.network.namespaces import cable
from tests.conftest import ROOT

HOUSE = Path(__file__).with_name("manager_house.sh")
SCENARIO = Path(__file__).with_name("manager_scenario.py")
PROGRAMS = ("NetworkManager", "nmcli", "dbus-daemon", "dnsmasq", "nft", "unshare")


pytestmark = pytest.mark.proof  # ten seconds


@pytest.fixture(scope="module")
def saw(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What was seen while the scenario was played."""
    if any(shutil.which(program, path=f"{os.environ['PATH']}:/usr/sbin") is None for program in PROGRAMS):
        pytest.skip("NetworkManager, dbus-daemon, dnsmasq or nft is missing")
    folder = tmp_path_factory.mktemp("manager")
    with cable() as made:
        made.in_tablet("ip", "link", "delete", "tab0")  # this one's other end is not needed here
        (folder / "tablet").write_text(made.tablet)
        done = subprocess.run(
            [
                "unshare",
                "--net",
                "--mount",
                "--propagation",
                "private",
                str(HOUSE),
                str(folder),
                sys.executable,
                str(SCENARIO),
                str(folder),
            ],
            env=os.environ | {"PYTHONPATH": f"{ROOT}:{ROOT}/appliance"},
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
    log = (folder / "manager.log").read_text()[-3000:] if (folder / "manager.log").exists() else ""
    assert done.returncode == 0, done.stderr + log
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def test_a_cable_carries_nothing_before_it_was_looked_at(saw: dict[str, Any]) -> None:
    assert (saw["runs"], saw["listening"], saw["while listening"]) == (True, "pacsberry-listen", [])


def test_with_nobody_else_there_a_class_of_thirty_gets_addresses(saw: dict[str, Any]) -> None:
    assert (saw["opened"], saw["address"]) == ("pacsberry-external", ["10.42.0.1/22"])
    assert len(set(saw["leases"]["given"])) == 30
    assert saw["leases"]["portal"] == "urn:ietf:params:capport:unrestricted"
    assert saw["firewall"]


def test_a_foreign_dhcp_server_is_found_and_the_box_becomes_its_client(saw: dict[str, Any]) -> None:
    assert saw["foreign"] == "192.168.7.1"
    assert [address.rpartition(".")[0] for address in saw["as a client of it"]] == ["192.168.7"]
    assert not saw["dnsmasq of ours"]


def test_a_client_has_nothing_left_of_the_class_network(saw: dict[str, Any]) -> None:
    assert saw["client"] == "pacsberry-ethernet"
    assert [address.rpartition(".")[0] for address in saw["client's address"]] == ["192.168.7"]
    assert not saw["firewall of a client"]


def test_the_way_back_works_too(saw: dict[str, Any]) -> None:
    assert saw["opened again"] == "pacsberry-external"
