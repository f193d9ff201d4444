"""The network made so, and what happens where it does not come up."""

from dataclasses import replace
from pathlib import Path

import pytest

from pacsberry_appliance.box import Band, Mode, Settings
from pacsberry_appliance.network import radio_rules
from pacsberry_appliance.network.applying import apply, prepare, settle
from pacsberry_appliance.network.manager import Manager
from pacsberry_appliance.network.presence import firmware_crashes, leases, stations
from pacsberry_appliance.network.radios import Radio, radios
from pacsberry_appliance.network.seats import Firmware, choose_minimal, firmware, runs_minimal, seats
from pacsberry_appliance.system.running import Ran
from tests.appliance.boxes import Box, FakeRunner
from tests.appliance.network.test_plan import IW_INFO, PI_3, PI_4

SETTINGS = Settings(wifi_name="Saal", wifi_password="zebra-horse", country="DE")
UP = "nmcli -w 40 connection up id "
ACTIVE = "nmcli -t -f STATE,NAME connection show --active"
RUNNING = "nmcli -t -f RUNNING general"


def with_radio(box: Box) -> Manager:
    """The box gets a radio for both bands, and a NetworkManager that does as it is told."""
    link = box.places.root / "sys/class/net/wlan0"
    (link / "device").mkdir(parents=True, exist_ok=True)
    phy = box.places.root / "sys/class/ieee80211/phy0"
    phy.mkdir(parents=True)
    (link / "phy80211").symlink_to(phy)
    (box.places.root / "sys/bus/sdio/drivers/brcmfmac").mkdir(parents=True)
    (link / "device/driver").symlink_to(box.places.root / "sys/bus/sdio/drivers/brcmfmac")
    (link / "device/subsystem").symlink_to(box.places.root / "sys/bus/sdio")
    (link / "device/uevent").write_text("DRIVER=brcmfmac\nSDIO_ID=02D0:A9BF\n")
    box.runner.answers |= {"iw phy phy0 info": IW_INFO, RUNNING: "running\n"}
    box.places.run.mkdir(parents=True, exist_ok=True)
    return Manager(box.runner, sleep=lambda _: None)


def ups(runner: FakeRunner) -> list[str]:
    return [line.removeprefix(UP) for line in runner.lines() if line.startswith(UP)]


def test_a_radio_is_known_by_its_driver_bus_chip_and_channels(box: Box) -> None:
    with_radio(box)

    assert radios(box.places.root, box.runner) == [
        Radio("wlan0", "phy0", driver="brcmfmac", bus="sdio", chip="43455", channels=frozenset({1, 36}))
    ]


@pytest.mark.parametrize(
    ("model", "number", "chip"),
    [
        ("Raspberry Pi Zero 2 W Rev 1.0", "A9A6", "43436"),
        ("Raspberry Pi 3 Model B Rev 1.2", "A9A6", "43430"),
        ("Raspberry Pi 400 Rev 1.0", "A9BF", "43456"),
        ("Raspberry Pi 5 Model B Rev 1.0", "A9BF", "43455"),
    ],
)
def test_chips_that_share_a_number_are_told_apart_by_the_board(box: Box, model: str, number: str, chip: str) -> None:
    with_radio(box)
    (box.places.root / "proc/device-tree").mkdir(parents=True)
    (box.places.root / "proc/device-tree/model").write_bytes(model.encode() + b"\0")
    (box.places.root / "sys/class/net/wlan0/device/uevent").write_text(f"SDIO_ID=02D0:{number}\n")

    assert [radio.chip for radio in radios(box.places.root, box.runner)] == [chip]


def test_a_change_is_written_read_and_brought_up(box: Box) -> None:
    manager = with_radio(box)

    outcome = apply(box.places, SETTINGS, box.runner, manager)

    assert (outcome.up, outcome.plan.band) == ("pacsberry-access-point", Band.GHZ_5)
    assert "channel=36" in (box.places.profiles / "pacsberry-access-point.nmconnection").read_text()
    assert box.runner.lines().index("nmcli connection reload") < box.runner.lines().index(UP + "pacsberry-access-point")


def test_below_another_root_the_kernel_is_left_alone(box: Box) -> None:
    apply(box.places, SETTINGS, box.runner, with_radio(box))

    assert not any(words[0] == "nft" or words[:2] == ("iw", "reg") for words in box.runner.ran)


def test_5_ghz_that_does_not_come_up_is_given_up_for_2_4(box: Box) -> None:
    manager = with_radio(box)

    class OnlyLow(FakeRunner):
        def ask(self, *words: str, text: str = "", seconds: float = 30) -> Ran:
            ran = super().ask(*words, text=text, seconds=seconds)
            profile = box.places.profiles / "pacsberry-access-point.nmconnection"
            return Ran(4, "", "no") if "up" in words and "band=a" in profile.read_text() else ran

    runner = OnlyLow(answers=box.runner.answers)
    manager = Manager(runner, sleep=lambda _: None)

    outcome = apply(box.places, SETTINGS, runner, manager)

    assert (outcome.up, outcome.plan.band) == ("pacsberry-access-point", Band.GHZ_2_4)
    assert "band_5_failed" in [remark.key for remark in outcome.remarks]
    assert len(ups(runner)) == 2
    # The same at the next boot is tried anew: the note of it lies below /run.
    assert (box.places.run / "only-2.4").exists()


def test_a_wifi_that_does_not_come_up_at_all_is_said(box: Box) -> None:
    manager = with_radio(box)
    box.runner.answers[UP] = Ran(4, "", "no")

    outcome = apply(box.places, SETTINGS, box.runner, manager)

    assert (outcome.up, outcome.remarks[-1].key) == ("", "access_point_failed")


def test_a_wifi_that_cannot_be_joined_is_said_by_name_and_the_cable_is_tried(box: Box) -> None:
    manager = with_radio(box)
    box.runner.answers[UP] = Ran(4, "", "no")
    settings = replace(SETTINGS, mode=Mode.CLIENT, join_name="Schule")

    outcome = apply(box.places, settings, box.runner, manager)

    assert ups(box.runner) == ["pacsberry-join", "pacsberry-ethernet"]
    assert outcome.remarks[-1].values == {"name": "Schule"}


def test_after_boot_what_came_up_by_itself_is_left_alone(box: Box) -> None:
    manager = with_radio(box)
    prepare(box.places, SETTINGS, box.runner)
    box.runner.answers[ACTIVE] = "activated:pacsberry-access-point\nactivated:pacsberry-ethernet\n"

    outcome = settle(box.places, SETTINGS, box.runner, manager)

    assert (outcome.up, ups(box.runner)) == ("pacsberry-access-point", [])


def test_after_boot_what_did_not_come_up_is_helped(box: Box) -> None:
    manager = with_radio(box)
    prepare(box.places, SETTINGS, box.runner)
    box.runner.answers[ACTIVE] = "activating:pacsberry-access-point\n"

    assert settle(box.places, SETTINGS, box.runner, manager, seconds=3).up == "pacsberry-access-point"
    assert ups(box.runner) == ["pacsberry-access-point"]


def test_a_radio_that_appeared_after_the_first_plan_gets_what_it_can_do(box: Box) -> None:
    box.places.run.mkdir(parents=True)
    first = prepare(box.places, SETTINGS, box.runner).plan
    manager = with_radio(box)
    box.runner.answers[ACTIVE] = "activated:pacsberry-access-point\n"

    outcome = settle(box.places, SETTINGS, box.runner, manager)

    assert (first.band, outcome.plan.band) == (Band.GHZ_2_4, Band.GHZ_5)
    assert ups(box.runner) == ["pacsberry-access-point"]


def test_a_client_that_only_has_its_cable_says_that_the_wifi_is_missing(box: Box) -> None:
    manager = with_radio(box)
    settings = replace(SETTINGS, mode=Mode.CLIENT, join_name="Schule")
    prepare(box.places, settings, box.runner)
    box.runner.answers[ACTIVE] = "activated:pacsberry-ethernet\n"

    outcome = settle(box.places, settings, box.runner, manager)

    assert (outcome.up, [remark.key for remark in outcome.remarks]) == ("pacsberry-ethernet", ["join_failed"])


def test_the_kernel_is_waited_for_until_it_has_taken_the_country() -> None:
    runner = FakeRunner(answers={"iw reg get": "global\ncountry 00: DFS-UNSET\n"})
    slept: list[float] = []

    def sleep(seconds: float) -> None:
        slept.append(seconds)
        if len(slept) == 2:
            runner.answers["iw reg get"] = "global\ncountry DE: DFS-ETSI\n"

    radio_rules.set_country("DE", runner, sleep=sleep)
    radio_rules.set_country("", runner, sleep=sleep)

    assert len(slept) == 2
    assert runner.lines()[0] == "iw reg set DE"


def test_only_a_raspberry_pi_waits_for_its_radio(box: Box) -> None:
    slept: list[float] = []
    radio_rules.wait_for_radio(box.places.root, sleep=slept.append)
    (box.places.root / "proc/device-tree").mkdir(parents=True)
    (box.places.root / "proc/device-tree/model").write_text("Raspberry Pi 4 Model B\0")
    elsewhere = len(slept)
    radio_rules.wait_for_radio(box.places.root, sleep=slept.append)
    without = len(slept)
    with_radio(box)
    radio_rules.wait_for_radio(box.places.root, sleep=slept.append)

    assert (elsewhere, without, len(slept)) == (0, 20, 20)


def test_a_box_without_a_radio_says_so_at_once(box: Box) -> None:
    box.places.run.mkdir(parents=True)
    box.runner.answers[RUNNING] = "running\n"

    outcome = settle(box.places, SETTINGS, box.runner, Manager(box.runner, sleep=lambda _: None))

    assert [remark.key for remark in outcome.remarks] == ["no_radio"]
    assert ACTIVE not in box.runner.lines()


def test_without_network_manager_it_is_said(box: Box) -> None:
    outcome = settle(box.places, SETTINGS, box.runner, Manager(box.runner, sleep=lambda _: None))

    assert outcome.remarks[-1].key == "network_manager_missing"


def test_network_manager_is_told_to_use_radios_again(box: Box) -> None:
    state = box.places.root / "var/lib/NetworkManager/NetworkManager.state"
    state.parent.mkdir(parents=True)
    state.write_text("[main]\nNetworkingEnabled=true\nWirelessEnabled=false\n")

    radio_rules.unblock(box.places.root)

    assert state.read_text() == "[main]\nNetworkingEnabled=true\nWirelessEnabled=true\n"


QUERY = """\
Name: cyfmac43455-sdio.bin
Link: /lib/firmware/cypress/cyfmac43455-sdio.bin
Status: auto
Best: /lib/firmware/cypress/cyfmac43455-sdio-standard.bin
Value: /lib/firmware/cypress/cyfmac43455-sdio-standard.bin

Alternative: /lib/firmware/cypress/cyfmac43455-sdio-minimal.bin
Priority: 10

Alternative: /lib/firmware/cypress/cyfmac43455-sdio-standard.bin
Priority: 50
"""


def test_the_firmware_with_more_seats_is_chosen_where_there_is_one() -> None:
    runner = FakeRunner(answers={"update-alternatives --query": QUERY})
    found = firmware(runner)

    assert (found.is_minimal, seats(PI_4, found), seats(PI_3, found)) == (False, 8, 10)
    assert choose_minimal(runner, found)
    assert runner.lines()[-1].endswith("cyfmac43455-sdio-minimal.bin")
    assert seats(PI_4, Firmware(found.minimal, found.minimal)) == 19


def test_chosen_is_not_loaded_the_driver_tells_which_firmware_runs(tmp_path: Path) -> None:
    """The driver's number stands in the last line of the file, followed by a signature; so in Debian's file, too."""
    end = b"43455c0-roml/43455_sdio Version: 7.45.241 (1a2f2fa CY) CRC: 1 FWID 01-703fd60\nDVID 01-0" + bytes(300)
    found = Firmware("/lib/firmware/minimal.bin", "/lib/firmware/minimal.bin")
    assert runs_minimal(tmp_path, PI_4, found, "01-703fd60") is None  # the file is not there
    (tmp_path / "lib/firmware").mkdir(parents=True)
    (tmp_path / "lib/firmware/minimal.bin").write_bytes(b"FWID 01-b677b91b" + bytes(9000) + end)

    assert runs_minimal(tmp_path, PI_4, found, "01-703fd60") is True
    assert runs_minimal(tmp_path, PI_4, found, "7.45.241 (1a2f2fa CY) FWID 01-703fd60") is True
    assert runs_minimal(tmp_path, PI_4, found, "01-b677b91b") is False
    assert runs_minimal(tmp_path, PI_4, found, "") is None
    assert runs_minimal(tmp_path, PI_3, found, "01-703fd60") is None
    assert runs_minimal(tmp_path, PI_4, Firmware(), "01-703fd60") is None
    assert [seats(PI_4, found, runs_it=told) for told in (True, False, None)] == [19, 8, 19]


def test_where_there_is_no_choice_of_firmware_nothing_is_run() -> None:
    runner = FakeRunner(answers={"update-alternatives --query": Ran(2, "", "no alternatives")})

    assert not choose_minimal(runner, firmware(runner))
    assert len(runner.ran) == 1


def test_who_is_there_is_counted(tmp_path: Path) -> None:
    runner = FakeRunner(
        answers={
            "iw dev wlan0 station dump": "Station 02:00 (on wlan0)\n\tinactive time: 1\nStation 02:01 (on wlan0)\n",
            "dmesg": "brcmfmac: brcmf_fw_crashed: Firmware has halted or crashed\n",
        }
    )
    folder = tmp_path / "var/lib/NetworkManager"
    folder.mkdir(parents=True)
    (folder / "dnsmasq-wlan0.leases").write_text(
        "100 02:00 10.42.0.20 iPad *\n50 02:01 10.42.0.21 * *\n0 02:02 10.42.0.22 * *\n"
    )

    assert stations("wlan0", runner) == 2
    assert leases(tmp_path, clock=lambda: 60) == 2
    assert firmware_crashes(runner) == 1
