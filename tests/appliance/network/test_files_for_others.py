"""The files made for NetworkManager and nft, read by these programs themselves."""

import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from pacsberry_appliance.box import Mode, Settings
from pacsberry_appliance.network.plan import ACCESS_POINT, EXTERNAL, JOIN, plan
from pacsberry_appliance.network.rendering import Rendered, render
from tests.appliance.boxes import Box
from tests.appliance.network.test_plan import ADAPTER, PI_4, SETTINGS

needs_nmcli = pytest.mark.skipif(shutil.which("nmcli") is None, reason="nmcli is not installed")


def nmcli(*words: str, text: str = "") -> dict[str, str]:
    """The profile nmcli writes, by section and key; nothing of this machine is read or changed."""
    done = subprocess.run(
        ["nmcli", "--offline", "connection", *words], input=text, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    values: dict[str, str] = {}
    section = ""
    for line in done.stdout.splitlines():
        if line.startswith("["):
            section = line.strip("[]")
        elif "=" in line:
            key, _, value = line.partition("=")
            values[f"{section}.{key}"] = value
    return values


def as_nmcli_reads_it(text: str) -> dict[str, str]:
    """One of our profiles, read and written by nmcli."""
    return nmcli("modify", "connection.autoconnect-slaves", "no", text=text)


@needs_nmcli
@pytest.mark.parametrize(
    "name", ["Saal", "Salle d’imagerie n°3", "a;b;c", "1;2;3;", " blank ", "\\s#[x]=y", '"q"', "a" * 32]
)
def test_network_manager_reads_every_wifi_name_as_it_was_typed(name: str) -> None:
    typed = nmcli("add", "type", "wifi", "ssid", name)["wifi.ssid"]
    settings = replace(SETTINGS, wifi_name=name, join_name=name, join_password="zebra-horse")

    for mode, profile in ((Mode.ACCESS_POINT, ACCESS_POINT), (Mode.CLIENT, JOIN)):
        text = plan(replace(settings, mode=mode), [PI_4]).profiles[profile]

        assert as_nmcli_reads_it(text)["wifi.ssid"] == typed


@needs_nmcli
@pytest.mark.parametrize(
    "password", ["zebra-horse", " blank at both ends ", "back\\slash\\s", "semi;colon;#[]=", '"quoted"']
)
def test_network_manager_reads_every_password_as_it_was_typed(password: str) -> None:
    typed = nmcli("add", "type", "wifi", "ssid", "x", "wifi-sec.key-mgmt", "wpa-psk", "wifi-sec.psk", password)
    text = plan(replace(SETTINGS, wifi_password=password), [PI_4]).profiles[ACCESS_POINT]

    assert as_nmcli_reads_it(text)["wifi-security.psk"] == typed["wifi-security.psk"]


@needs_nmcli
def test_network_manager_understands_every_line_of_every_profile() -> None:
    for mode in Mode:
        settings = replace(SETTINGS, mode=mode, join_name="Schule", join_password="zebra-horse")
        for text in plan(settings, [PI_4, ADAPTER]).profiles.values():
            read = as_nmcli_reads_it(text)
            section = ""
            for line in text.splitlines():
                if line.startswith("["):
                    section = line.strip("[]")
                elif "=" in line and not line.startswith(("#", "type=", "ssid=")):
                    key, _, value = line.partition("=")
                    # What is the default is left out by nmcli: an unknown key would be, too, so these are named here.
                    default = {"connection.autoconnect": "true", "wifi.mode": "infrastructure"}
                    assert read.get(f"{section}.{key}", default.get(f"{section}.{key}")) == value, line


def test_profiles_of_another_mode_go_and_strangers_stay(box: Box) -> None:
    folder = box.places.profiles
    folder.mkdir(parents=True)
    (folder / "mine.nmconnection").write_text("[connection]\n")
    render(box.places, plan(SETTINGS, [PI_4]))

    changed = render(box.places, plan(replace(SETTINGS, mode=Mode.EXTERNAL_ACCESS_POINT), []))
    again = render(box.places, plan(replace(SETTINGS, mode=Mode.EXTERNAL_ACCESS_POINT), []))

    names = {path.name for path in folder.iterdir()}
    assert f"{EXTERNAL}.nmconnection" in names
    assert f"{ACCESS_POINT}.nmconnection" not in names
    assert "mine.nmconnection" in names
    assert changed.profiles
    assert again == Rendered(profiles=False, names=False, firewall=False)
    assert {path.stat().st_mode & 0o777 for path in folder.glob("pacsberry-*")} == {0o600}


@pytest.mark.skipif(shutil.which("nft") is None, reason="nft is not installed")
@pytest.mark.parametrize("mode", Mode)
def test_nft_accepts_the_firewall(mode: Mode, tmp_path: Path) -> None:
    path = tmp_path / "firewall.nft"
    path.write_text(plan(Settings(mode=mode, wifi_name="a", wifi_password="x" * 8), []).firewall)

    done = subprocess.run(["nft", "--check", "-f", str(path)], capture_output=True, text=True, check=False)
    if "Operation not permitted" in done.stderr:
        pytest.skip("only root may ask nft")

    assert done.returncode == 0, done.stderr
