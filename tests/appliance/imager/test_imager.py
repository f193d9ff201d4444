"""What Raspberry Pi Imager wrote is read in each of its forms, checked, and never run."""

import contextlib
import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pacsberry_appliance.imager import ImagerReading, read_imager
from pacsberry_appliance.imager.mini_yaml import NotSimple, parse
from tests.appliance.boxes import KEY

HASH = "$y$j9T$25dYeTefYV4ZjOrLYTd4y.$ilHRlDpDpD4l4xLWh698q/dgFBzSuQYRNSUXB.4Hfe5"
PSK = "0123456789abcdef" * 4
USER_DATA = f"""\
#cloud-config
manage_resolv_conf: false
hostname: salle-12
manage_etc_hosts: true
packages:
- avahi-daemon
apt:
  preserve_sources_list: true
  conf: |
    Acquire {{
      Check-Date "false";
    }};
timezone: Europe/Paris
keyboard:
  model: pc105
  layout: "fr"
users:
- name: marie
  groups: users,adm,sudo
  shell: /bin/bash
  lock_passwd: false
  passwd: "{HASH}"
  ssh_authorized_keys:
    - {KEY}
  sudo: ALL=(ALL) NOPASSWD:ALL
enable_ssh: true
ssh_pwauth: false
rpi:
  interfaces:
    i2c: true
runcmd:
  - [ rfkill, unblock, wifi ]
  - [ sh, -c, "for f in /var/lib/systemd/rfkill/*:wlan; do echo 0 > \\"$f\\"; done" ]
"""
NETWORK_CONFIG = f"""\
network:
  version: 2
  ethernets:
    eth0:
      dhcp4: true
      dhcp6: true
      optional: true
  wifis:
    wlan0:
      dhcp4: true
      regulatory-domain: "FR"
      access-points:
        "Salle \\"A\\" \\u00e9t\\u00e9":
          hidden: true
          password: "{PSK}"
      optional: true
"""
FIRST_RUN = f"""\
#!/bin/sh

set +e

CURRENT_HOSTNAME=$(cat /etc/hostname | tr -d " \\t\\n\\r")
if [ -f /usr/lib/raspberrypi-sys-mods/imager_custom ]; then
   /usr/lib/raspberrypi-sys-mods/imager_custom set_hostname salle-12
else
   echo salle-12 >/etc/hostname
fi
if [ -f /usr/lib/raspberrypi-sys-mods/imager_custom ]; then
   /usr/lib/raspberrypi-sys-mods/imager_custom enable_ssh -k '{KEY}'
fi
if [ -f /usr/lib/userconf-pi/userconf ]; then
   /usr/lib/userconf-pi/userconf 'marie' '{HASH}'
fi
if [ -f /usr/lib/raspberrypi-sys-mods/imager_custom ]; then
   /usr/lib/raspberrypi-sys-mods/imager_custom set_wlan  -h 'Salle "A" été' '{PSK}' 'FR'
fi
   /usr/lib/raspberrypi-sys-mods/imager_custom set_timezone 'Europe/Paris'
   /usr/lib/raspberrypi-sys-mods/imager_custom set_keymap 'fr'
rm -f /boot/firstrun.sh
touch /tmp/this-was-run
exit 0
"""
TOML = f"""\
config_version = 1
[system]
hostname = "salle-12"
[user]
name = "marie"
password = "{HASH}"
password_encrypted = true
[ssh]
enabled = true
authorized_keys = [ "{KEY}" ]
[wlan]
ssid = 'Salle "A" été'
password = "{PSK}"
country = "FR"
[locale]
keymap = "fr"
timezone = "Europe/Paris"
"""


def reading_of(folder: Path, files: dict[str, str], *, cloud_init_is_here: bool = False) -> ImagerReading:
    for name, text in files.items():
        (folder / name).write_text(text)
    return read_imager(folder, cloud_init_is_here=cloud_init_is_here)


@pytest.mark.parametrize(
    "files",
    [
        {"user-data": USER_DATA, "network-config": NETWORK_CONFIG, "meta-data": "instance-id: x\n"},
        {"user-data": USER_DATA.replace("\n", "\r\n"), "network-config": NETWORK_CONFIG.replace("\n", "\r\n")},
        {"firstrun.sh": FIRST_RUN},
        {"custom.toml": TOML},
        {"rpi-preseed.toml": TOML},
    ],
    ids=["cloud-init", "cloud-init of Windows", "Imager 1", "custom.toml", "rpi-preseed"],
)
def test_each_form_gives_the_same_settings(tmp_path: Path, files: dict[str, str]) -> None:
    reading = reading_of(tmp_path, files)

    assert reading.taken == {
        "name": "salle-12",
        "country": "FR",
        "time_zone": "Europe/Paris",
        "join_name": 'Salle "A" été',
        "join_password": PSK,
        "admin_hash": HASH,
        "ssh_keys": (KEY,),
    }
    assert reading.user == "marie"
    assert reading.wrong == {}
    assert {path.name for path in reading.to_remove} == set(files)
    assert "keyboard" in " ".join(str(remark.values) for remark in reading.remarks)


def test_what_cloud_init_itself_has_seen_to_is_left_alone(tmp_path: Path) -> None:
    reading = reading_of(tmp_path, {"user-data": USER_DATA, "network-config": NETWORK_CONFIG}, cloud_init_is_here=True)

    assert reading.taken == {}
    assert reading.to_remove == []


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    reading = reading_of(tmp_path, {"user-data": "hostname: &anchor x\nother: *anchor\n", "custom.toml": "= ="})

    assert [(remark.key, remark.values) for remark in reading.remarks] == [
        ("imager_unreadable", {"file": "user-data"}),
        ("imager_unreadable", {"file": "custom.toml"}),
    ]


def test_a_wrong_value_is_named_and_the_others_are_taken(tmp_path: Path) -> None:
    text = TOML.replace("Europe/Paris", "../../etc/shadow").replace(HASH, "$1$old").replace(KEY, "ssh-rsa nonsense")

    reading = reading_of(tmp_path, {"custom.toml": text})

    assert {name: reason.key for name, reason in reading.wrong.items()} == {
        "time_zone": "time_zone_wrong",
        "admin_hash": "password_hash_wrong",
        "ssh_keys": "ssh_key_wrong",
    }
    assert reading.taken["name"] == "salle-12"


def test_a_hash_cannot_bring_a_second_line_to_the_accounts(tmp_path: Path) -> None:
    text = USER_DATA.replace(HASH, HASH + "\\nroot:" + HASH)

    reading = reading_of(tmp_path, {"user-data": text})

    assert reading.wrong["admin_hash"].key == "password_hash_wrong"


def test_the_script_that_imager_1_would_have_run_leaves_the_command_line(tmp_path: Path) -> None:
    line = "console=tty1 root=PARTUUID=1-02 rootwait cfg80211.ieee80211_regdom=GB"
    run = " systemd.run=/boot/firstrun.sh systemd.run_success_action=reboot systemd.unit=kernel-command-line.target"

    reading = reading_of(tmp_path, {"cmdline.txt": line + run + "\n"})

    assert reading.command_line == line + "\n"
    assert reading.taken == {"country": "GB"}


def test_a_command_line_without_it_is_left_alone(tmp_path: Path) -> None:
    assert reading_of(tmp_path, {"cmdline.txt": "console=tty1 rootwait\n"}).command_line is None


def test_nothing_there_is_nothing_read(tmp_path: Path) -> None:
    assert reading_of(tmp_path, {}) == ImagerReading()


@pytest.mark.parametrize(
    "text",
    [
        "a: &x 1",
        "a: *x",
        "a: !tag 1",
        "a: {b: c}",
        'a: "open',
        "a:\n\tb: c",
        "a: 1\n b: 2",
        "\n".join(" " * n + f"k{n}:" for n in range(99)),
    ],
)
def test_yaml_beyond_what_imager_writes_is_refused(text: str) -> None:
    with pytest.raises(NotSimple):
        parse(text)


def test_yaml_of_other_writers_is_read_too() -> None:
    text = """\
---
users:
  - default
  - name: a
    keys: # of a
      - x y
      - |-
        z
b: 'it''s' # so
c:
"""

    assert parse(text) == {"users": ["default", {"name": "a", "keys": ["x y", "z"]}], "b": "it's", "c": ""}


@settings(deadline=None)
@given(st.text(alphabet="ab:-|>\"'\\# \n[]{}&*", max_size=120))
def test_any_text_is_read_as_yaml_or_refused(text: str) -> None:
    with contextlib.suppress(NotSimple):
        parse(text)


@settings(deadline=None)
@given(st.text(max_size=200))
def test_any_text_in_any_file_is_read_or_named(text: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        for name in ("user-data", "network-config", "custom.toml", "firstrun.sh", "cmdline.txt"):
            (Path(folder) / name).write_text(text)
        reading = read_imager(Path(folder), cloud_init_is_here=False)

        assert len(reading.to_remove) == 4


def lost(reading: ImagerReading) -> str:
    return " / ".join(remark.text("en") for remark in reading.remarks)


@pytest.mark.parametrize("name", ["user-data", "firstrun.sh"])
def test_what_a_box_has_no_use_for_is_said_in_the_words_of_imager(tmp_path: Path, name: str) -> None:
    connect = "/home/marie/.config/systemd/user/default.target.wants/rpi-connect.service"
    text = (
        f'{USER_DATA}  - [ sh, -c, "ln -sf $UNIT_SRC {connect}" ]\n'
        if name == "user-data"
        else FIRST_RUN.replace("exit 0", f'ln -sf "$UNIT_SRC" "{connect}"\nexit 0')
    )

    reading = reading_of(tmp_path, {name: text})

    assert reading.user == "marie"
    assert "Raspberry Pi Connect from Raspberry Pi Imager has no effect" in lost(reading)
    assert name == "firstrun.sh" or "Interfaces (I2C, SPI" in lost(reading)


def test_a_network_file_of_an_older_imager_is_read(tmp_path: Path) -> None:
    text = (
        "version: 2\nwifis:\n  renderer: networkd\n  wlan0:\n    dhcp4: true\n    optional: true\n"
        f'    access-points:\n      "Salle 3":\n        password: "{PSK}"\n'
    )

    assert reading_of(tmp_path, {"network-config": text}).taken == {"join_name": "Salle 3", "join_password": PSK}


def test_a_network_file_without_wifi_says_nothing(tmp_path: Path) -> None:
    text = NETWORK_CONFIG[: NETWORK_CONFIG.index("  wifis")]
    reading = reading_of(tmp_path, {"network-config": text})

    assert (reading.taken, reading.remarks, len(reading.to_remove)) == ({}, [], 1)


def test_the_files_of_an_imager_that_was_told_nothing_say_nothing(tmp_path: Path) -> None:
    files = {
        "user-data": "#cloud-config\n",
        "network-config": "network:\n  version: 2\n",
        "meta-data": "instance-id: x\n",
    }
    reading = reading_of(tmp_path, files)

    assert (reading.taken, reading.remarks, len(reading.to_remove)) == ({}, [], 3)
