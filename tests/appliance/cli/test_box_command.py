"""The command pacsberry-box: what it changes, what it asks systemd for, what it prints."""

import errno
import io
import json
import os
import signal
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from pacsberry.upkeep.board import box_status
from pacsberry_appliance.box import Mode, PortalMode, Settings, store
from pacsberry_appliance.cli import context as context_module
from pacsberry_appliance.cli.main import main, parser
from pacsberry_appliance.network import trial
from pacsberry_appliance.network.manager import Manager
from pacsberry_appliance.system.running import Ran
from tests.appliance.boxes import KEY, Box

UP = "nmcli -w 40 connection up id "
Command = Callable[..., int]


@pytest.fixture
def run(box: Box, monkeypatch: pytest.MonkeyPatch) -> Iterator[Command]:
    """The command, at a box that has been started once."""
    box.write("wifi name = Saal\nwifi password = zebra-horse\nadmin password = horse-zebra\n")
    box.boot()
    box.runner.ran.clear()
    box.runner.answers["nmcli -t -f RUNNING general"] = "running\n"
    monkeypatch.setattr(context_module, "Runner", lambda: box.runner)
    monkeypatch.setattr(context_module, "Manager", lambda runner: Manager(runner, sleep=lambda _: None))
    monkeypatch.setattr("os.geteuid", lambda: 0)
    monkeypatch.setattr(sys, "argv", ["/opt/pacsberry/bin/pacsberry-box"])
    before = signal.getsignal(signal.SIGHUP)
    yield lambda *words: main(["--root", str(box.places.root), *words])
    signal.signal(signal.SIGHUP, before)


def stored(box: Box) -> Settings:
    return store.load(box.places.settings).settings


def test_a_name_is_changed_at_once(box: Box, run: Command) -> None:
    assert run("set", "name=Salle 12", "titre ae=SALLE12") == 0

    assert (stored(box).name, stored(box).ae_title) == ("salle-12", "SALLE12")
    assert (box.places.root / "etc/hostname").read_text() == "salle-12\n"
    assert "systemctl try-restart pacsberry-server.service" in box.runner.lines()
    assert "systemctl reload-or-restart pacsberry-portal.service" in box.runner.lines()


def test_a_change_of_the_network_waits_to_be_confirmed(box: Box, run: Command) -> None:
    assert run("set", "wifi password=new-password", "country=FR") == 0

    assert stored(box).wifi_password == "zebra-horse"
    assert "psk=new-password" in (box.places.profiles / "pacsberry-access-point.nmconnection").read_text()
    timer = next(words for words in box.runner.ran if words[0] == "systemd-run")
    assert timer[-3:] == ("/opt/pacsberry/bin/pacsberry-box", "network", "revert")
    assert "--on-active=60" in timer
    assert "--collect" in timer  # a second change must not find the unit of the first
    assert box.runner.ran.index(timer) < box.runner.lines().index(UP + "pacsberry-access-point")
    assert "new-password" not in " ".join(box.runner.lines())


def test_a_confirmed_change_is_kept_and_the_timer_stopped(box: Box, run: Command) -> None:
    run("network", "use", "client", "join wifi name=Ecole", "join wifi password=secret-secret")
    box.runner.ran.clear()

    assert run("network", "confirm") == 0
    assert run("network", "confirm") == 1

    assert (stored(box).mode, stored(box).join_name) == (Mode.CLIENT, "Ecole")
    assert f"systemctl stop {trial.UNIT}.timer" in box.runner.lines()
    assert not box.places.trial.exists()


def test_a_change_nobody_confirms_is_taken_back_as_by_a_reboot(box: Box, run: Command) -> None:
    run("network", "use", "client", "join wifi name=Ecole")
    box.runner.ran.clear()

    assert run("network", "revert") == 0
    assert run("network", "revert") == 0  # the timer may come a second time

    assert stored(box).mode is Mode.ACCESS_POINT
    assert UP + "pacsberry-access-point" in box.runner.lines()
    assert not (box.places.profiles / "pacsberry-join.nmconnection").exists()
    run("network", "use", "client")
    box.boot()
    assert stored(box).mode is Mode.ACCESS_POINT
    assert not box.places.trial.exists()


def test_without_a_timer_the_network_is_not_touched(box: Box, run: Command, capsys: pytest.CaptureFixture[str]) -> None:
    box.runner.answers["systemd-run"] = Ran(1, "", "no bus")
    before = (box.places.profiles / "pacsberry-access-point.nmconnection").read_text()

    assert run("set", "wifi password=new-password") == 1

    assert "no bus" in capsys.readouterr().err
    assert (box.places.profiles / "pacsberry-access-point.nmconnection").read_text() == before
    assert not box.places.trial.exists()
    assert not any(line.startswith(UP) for line in box.runner.lines())


def test_a_network_that_does_not_come_up_is_an_exit_code(box: Box, run: Command) -> None:
    box.runner.answers[UP] = Ran(4, "", "no")

    assert run("set", "channel=1") == 7


def test_a_change_goes_to_its_end_though_the_terminal_is_gone(
    box: Box, run: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Gone(io.StringIO):
        def write(self, text: str) -> int:
            raise OSError(errno.EIO, "the terminal is gone")

    monkeypatch.setattr(sys, "stderr", Gone())

    assert run("set", "wifi password=new-password") == 0
    assert signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
    assert UP + "pacsberry-access-point" in box.runner.lines()


def test_now_means_without_a_trial(box: Box, run: Command) -> None:
    assert run("set", "--now", "channel=1") == 0

    assert stored(box).channel == 1
    assert not any(words[0] == "systemd-run" for words in box.runner.ran)


def test_a_dry_run_changes_nothing(box: Box, run: Command, capsys: pytest.CaptureFixture[str]) -> None:
    before = box.places.settings.read_bytes()

    assert run("set", "--dry-run", "channel=1", "name=x") == 0

    assert capsys.readouterr().out.split("\n") == ["name", "channel", ""]
    assert box.places.settings.read_bytes() == before
    assert box.runner.ran == []


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["channel=100"], "belongs to radars"),
        (["colour=blue"], "is no setting"),
        (["channel"], "NAME=VALUE"),
        (["wifi password="], "is not offered"),
        (["admin password="], "cannot be taken away"),
        ([], "Nothing to change"),
    ],
)
def test_a_wrong_change_is_named(run: Command, capsys: pytest.CaptureFixture[str], words: list[str], said: str) -> None:
    assert run("set", *words) == 1
    assert said in capsys.readouterr().err


def test_an_empty_value_takes_a_setting_away(box: Box, run: Command) -> None:
    run("set", "ae title=A", f"ssh key={KEY}")
    run("set", "ae title=", "ssh key=")

    assert (stored(box).ae_title, stored(box).ssh_keys) == ("", ())
    assert box.places.authorized_keys.read_text() == ""


def test_a_password_is_read_from_standard_input_and_set_in_both_places(
    box: Box, run: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = stored(box).admin_hash
    monkeypatch.setattr(sys, "stdin", io.StringIO("a new password\n"))

    assert run("set", "--secret", "admin password") == 0

    assert stored(box).admin_hash != before
    assert {"pacsberry", "chpasswd"} <= {words[0] for words in box.runner.ran}
    assert "systemctl try-restart pacsberry-server.service" in box.runner.lines()
    assert "a new password" not in " ".join(box.runner.lines())


def test_the_portal_is_switched_without_a_trial(box: Box, run: Command) -> None:
    assert run("portal", "willkommen") == 0

    assert stored(box).portal is PortalMode.WELCOME
    assert '"mode": "welcome"' in (box.places.run / "portal.json").read_text()
    assert "dhcp-option=114" not in (box.places.run / "dnsmasq.conf").read_text()


def test_settings_are_shown_without_passwords(run: Command, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("settings") == 0
    assert run("settings", "--json") == 0

    out = capsys.readouterr().out
    assert "Saal" in out
    assert "zebra" not in out
    assert "$y$" not in out


def test_status_tells_how_the_class_gets_in(box: Box, run: Command, capsys: pytest.CaptureFixture[str]) -> None:
    box.runner.answers["nmcli -t -f STATE,NAME connection show --active"] = "activated:pacsberry-access-point\n"

    assert run("status", "--json") == 0
    facts = json.loads(capsys.readouterr().out)
    assert run("status") == 0

    assert (facts["site"], facts["up"], facts["wifi_name"], facts["remarks"]) == (
        "http://pacsberry.internal:8042/",
        "pacsberry-access-point",
        "Saal",
        [],
    )
    assert "zebra" not in capsys.readouterr().out


def test_status_names_what_is_wrong(box: Box, run: Command, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("status") == 7
    assert "! There is no Wi-Fi radio" in capsys.readouterr().out


def test_what_is_published_is_what_status_tells_and_for_the_servers_group_alone(
    box: Box, run: Command, capsys: pytest.CaptureFixture[str]
) -> None:
    run("status", "--json")
    told = capsys.readouterr().out

    assert run("status", "--publish") == 0  # though there is no radio: systemd must not call the unit failed

    path = box.places.run / "status.json"
    assert capsys.readouterr().out == ""
    assert path.read_text() == told
    assert path.stat().st_mode & 0o777 in (0o640, 0o600)  # 0600 where the server's group is not there
    assert [one.name for one in path.parent.iterdir() if one.name.endswith(".new")] == []
    assert box_status(box.places.root) == {"Facts": json.loads(told), "AgeSeconds": 0}


def test_what_is_published_is_fresh_though_nothing_is_new(box: Box, run: Command) -> None:
    run("status", "--publish")
    path = box.places.run / "status.json"
    os.utime(path, (0, 0))

    run("status", "--publish")

    assert time.time() - path.stat().st_mtime < 60


@pytest.mark.parametrize("version", ["01-703fd60", "01-b677b91b"])
def test_a_radio_that_has_not_loaded_what_was_chosen_is_named_at_boot_and_later(
    box: Box, run: Command, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], version: str
) -> None:
    root = box.places.root
    minimal = root / "lib/firmware/minimal.bin"
    minimal.parent.mkdir(parents=True)
    minimal.write_bytes(b"Version: 7.45.241 FWID 01-703fd60\n")
    (root / "sys/devices/phy0").mkdir(parents=True)
    (root / "sys/class/net/wlan0/device").mkdir(parents=True)
    (root / "sys/class/net/wlan0/device/uevent").write_text("SDIO_ID=02D0:A9BF\n")
    (root / "sys/class/net/wlan0/phy80211").symlink_to(root / "sys/devices/phy0")
    box.runner.answers["update-alternatives --query"] = (
        "Value: /lib/firmware/minimal.bin\nAlternative: /lib/firmware/minimal.bin\n"
    )
    box.runner.answers["nmcli -t -f STATE,NAME connection show --active"] = "activated:pacsberry-access-point\n"
    for module in ("cli.status", "cli.network"):
        monkeypatch.setattr(f"pacsberry_appliance.{module}.firmware_version", lambda _: version)
    is_minimal = version == "01-703fd60"

    run("network", "settle")
    capsys.readouterr()
    assert run("status", "--json") == (0 if is_minimal else 7)

    facts = json.loads(capsys.readouterr().out)
    assert (facts["seats"], facts["firmware_minimal"]) == ((19, True) if is_minimal else (8, False))
    assert ("does not run the firmware" in box.places.issue.read_text()) is not is_minimal
    assert ("does not run the firmware" in box.result) is not is_minimal
    run("status")
    assert ("not the one that takes more" in capsys.readouterr().out) is not is_minimal


def test_the_poster_and_the_settings_file_are_printed(run: Command, capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    assert run("poster") == run("poster", "--console") == run("settings-file") == 0

    out = capfdbinary.readouterr().out.decode()
    assert out.startswith("<!doctype html>")
    assert "zebra-horse" in out
    assert "#wifi name = Radiology" in out


def test_settle_writes_what_went_wrong_to_console_and_result_file_and_takes_it_back(box: Box, run: Command) -> None:
    before = box.result

    assert run("network", "settle") == 0
    during = box.result
    console = box.places.issue.read_text()
    run("set", "--now", "mode=client")
    box.runner.answers["nmcli -t -f STATE,NAME connection show --active"] = "activated:pacsberry-ethernet\n"
    run("set", "--now", "join wifi name=Ecole")
    assert run("network", "settle") == 0

    assert "* There is no Wi-Fi radio" in during
    assert "! There is no Wi-Fi radio" in console
    assert before.splitlines()[:5] == during.splitlines()[:5]
    assert "There is no Wi-Fi radio" not in box.result


def test_guard_says_that_somebody_else_gives_addresses(box: Box, run: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    run("network", "use", "external-access-point", "--now")
    monkeypatch.setattr(
        "pacsberry_appliance.network.guard.guard.__kwdefaults__",
        {"ask": lambda *_, **__: {"192.168.1.1"}, "sleep": None},
    )

    assert run("network", "guard", "eth0") == 0

    assert "Another device (192.168.1.1) already gives addresses on the cable eth0" in box.result
    assert "192.168.1.1" in box.places.issue.read_text()
    run("network", "settle")  # which ends later than the guard
    assert "192.168.1.1" in box.result


def test_only_root_may_see_the_settings(
    box: Box, run: Command, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("os.geteuid", lambda: 1000)

    assert run("settings") == run("network", "confirm") == 1
    assert "needs root" in capsys.readouterr().err


def test_help_of_every_verb_is_there_without_a_box(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    for words in (
        ["--help"],
        ["set", "--help"],
        ["network", "--help"],
        ["network", "use", "--help"],
        ["status", "--help"],
    ):
        with pytest.raises(SystemExit) as ended:
            parser().parse_args(["--root", str(tmp_path), *words])
        assert ended.value.code == 0

    assert "exit codes:" in capsys.readouterr().out
