"""A first boot, the boots after it, and one in the middle of which the plug is pulled."""

import errno
import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from pacsberry_appliance.box import Mode, store
from pacsberry_appliance.errors import UnreadableSettings
from pacsberry_appliance.firstboot import starting
from pacsberry_appliance.firstboot.main import main
from pacsberry_appliance.system import files
from pacsberry_appliance.system.places import Places
from pacsberry_appliance.system.running import Ran, Runner
from tests.appliance.boxes import KEY, MAKING_UP, Box, FakeRunner
from tests.appliance.imager.test_imager import HASH, NETWORK_CONFIG, USER_DATA


def state(folder: Path) -> dict[str, tuple[bytes, int]]:
    return {
        str(path.relative_to(folder)): (path.read_bytes(), path.stat().st_mtime_ns)
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def test_a_card_without_a_file_becomes_a_box_with_secrets_of_its_own(box: Box) -> None:
    started = box.boot()

    settings = started.settings
    assert (settings.wifi_name, settings.wifi_password) == ("Pacsberry ABC", "wifi-made-up1")
    assert settings.admin_hash.startswith("$y$")
    assert "There is no pacsberry.txt" in box.result
    assert "Wi-Fi: Pacsberry ABC\n  Password: wifi-made-up1  (made up" in box.result
    assert "Password: admin-made-up  (made up" in box.result
    assert "wifi-made-up1" in box.places.issue.read_text()
    assert "Administrator admin, told this once, password: admin-made-up" in box.places.issue.read_text()
    assert box.places.issue.stat().st_mode & 0o077 == 0
    box.boot()
    assert "admin-made-up" not in box.places.issue.read_text()  # once


def test_two_boxes_make_up_different_secrets(tmp_path: Path) -> None:
    passwords = set()
    for name in ("one", "two"):
        other = Box(tmp_path / name)
        settings = starting.start(other.places, other.runner).settings
        passwords |= {settings.wifi_password, settings.admin_hash}
        assert len(settings.wifi_password) == 14

    assert len(passwords) == 4


def test_the_password_of_the_administrator_is_set_in_both_places_and_never_on_a_command_line(box: Box) -> None:
    box.write("admin password = zebra-horse\n")

    box.boot()

    assert not any("zebra" in line for line in box.runner.lines())
    by_program = dict(zip((words[0] for words in box.runner.ran), box.runner.texts, strict=True))
    assert by_program["pacsberry"] == "zebra-horse\n"
    assert by_program["chpasswd"].startswith("pacsadmin:$y$")
    assert "zebra" not in box.places.settings.read_text()


def test_a_full_file_is_taken_and_its_secrets_leave_it(box: Box) -> None:
    box.write(
        "language = de\nname = Saal 1\nwifi name = Saal\nwifi password = zebra-horse\ncountry = DE\n"
        f"admin password = horse-zebra\nssh key = {KEY}\nae title = SAAL1\ntime zone = Europe/Paris\n"
    )

    settings = box.boot().settings

    assert (settings.name, settings.wifi_password, settings.ae_title) == ("saal-1", "zebra-horse", "SAAL1")
    assert "zebra-horse" not in box.read()
    assert "horse-zebra" not in box.read()
    assert "# WLAN-Passwort = (übernommen; zum Ändern eine neue Zeile schreiben)" in box.read()
    assert "Zeile 3 (WLAN-Name): übernommen: Saal" in box.result
    assert "horse-zebra" not in box.result
    assert "zebra-horse" not in box.result
    assert "das von Ihnen angegebene" in box.result
    assert box.places.authorized_keys.read_text() == f"{KEY}\n"
    assert (box.places.run / "ssh-allowed").exists()
    assert '"DicomAet": "SAAL1"' in (box.places.run / "server.json").read_text()
    assert (box.places.root / "etc/hostname").read_text() == "saal-1\n"
    assert (box.places.root / "etc/localtime").readlink() == Path("/usr/share/zoneinfo/Europe/Paris")


def test_a_broken_file_is_named_line_by_line_and_the_rest_is_applied(box: Box) -> None:
    box.write("wifi name = Saal\r\nwifi password = short\r\nblah\r\ncountry = Atlantis\r\nmode = client\r\n")

    started = box.boot()

    assert (started.settings.wifi_name, started.settings.mode) == ("Saal", Mode.CLIENT)
    assert "! Line 2 (wifi password): a Wi-Fi password has 8 to 63 characters; this one has 5" in box.result
    assert "! Line 3: not understood" in box.result
    assert "! Line 4 (country): not a country" in box.result
    assert "wifi password = short" in box.read()


def test_rich_text_is_named_and_the_box_still_starts(box: Box) -> None:
    box.write(b"{\\rtf1 wifi name = Saal}")

    assert box.boot().settings.wifi_name == "Pacsberry ABC"
    assert "! The file: the file was saved as rich text" in box.result


def test_a_second_boot_writes_nothing_to_the_card(box: Box) -> None:
    box.write("wifi name = Saal\nwifi password = zebra-horse\nadmin password = horse-zebra\n")
    box.boot()
    before = state(box.places.boot) | state(box.places.data)
    run_before = state(box.places.root / "run")

    started = box.boot()

    assert started.decision is None
    assert state(box.places.boot) | state(box.places.data) == before
    assert {name: content for name, (content, _) in state(box.places.root / "run").items()} == {
        name: content for name, (content, _) in run_before.items()
    }


def test_a_box_that_forgets_its_root_gets_its_login_and_name_back_at_each_boot(box: Box) -> None:
    hashed = box.boot().settings.admin_hash
    (box.places.root / "etc/shadow").write_text("pacsadmin:!:1::::::\n")
    (box.places.root / "etc/hostname").unlink()

    box.boot()

    assert hashed in (box.places.root / "etc/shadow").read_text()
    assert (box.places.root / "etc/hostname").read_text() == "pacsberry\n"


def test_a_line_written_later_changes_that_and_nothing_else(box: Box) -> None:
    box.write("wifi name = Saal\nwifi password = zebra-horse\nadmin password = horse-zebra\n")
    first = box.boot().settings
    box.write("wifi password = new-password\n")

    second = box.boot().settings

    assert second.wifi_password == "new-password"
    box.write("ae title = X\n")
    box.boot()
    assert "the same as before" in box.result
    assert "new-password" not in box.result
    assert (second.wifi_name, second.admin_hash) == (first.wifi_name, first.admin_hash)
    assert "horse-zebra" not in box.result
    assert "admin-made-up" not in box.result


def test_the_name_windows_makes_of_the_file_is_read_too(box: Box) -> None:
    box.write("wifi name = Saal\nwifi password = zebra-horse\n", "pacsberry.txt.txt")
    box.write("# nothing here\n")

    assert box.boot().settings.wifi_name == "Saal"
    assert "zebra-horse" not in box.read("pacsberry.txt.txt")


def test_of_two_files_the_one_that_is_new_counts_and_the_other_is_named(box: Box) -> None:
    box.write("wifi name = Saal\nname = saal\n", "pacsberry.txt.txt")
    box.boot()
    box.write("wifi name = Aula\nwifi password = zebra-horse\n")

    second, third = box.boot(), box.boot()

    assert second.settings.wifi_name == "Aula"
    assert "pacsberry.txt.txt says something, too, and was not taken" in box.result
    assert third.decision is None
    box.write("wifi name = Mensa\n", "pacsberry.txt.txt")
    assert box.boot().settings.wifi_name == "Mensa"
    assert box.boot().decision is None


def test_two_new_files_do_not_take_turns(box: Box) -> None:
    box.write("wifi name = Saal\n", "pacsberry.txt.txt")
    box.write("wifi name = Aula\n")

    assert [box.boot().settings.wifi_name for _ in range(3)] == ["Saal"] * 3
    assert "pacsberry.txt says something, too" in box.result


def test_a_file_of_a_word_processor_beside_it_is_named_once(box: Box) -> None:
    box.boot()
    box.write(b"{\\rtf1 wifi name = Saal}", "pacsberry.rtf")

    assert box.boot().settings.wifi_name == "Pacsberry ABC"
    assert "pacsberry.rtf is no plain text and was not read" in box.result
    assert box.boot().decision is None


def test_settings_of_imager_are_taken_named_and_removed(box: Box) -> None:
    box.write(USER_DATA, "user-data")
    box.write(NETWORK_CONFIG, "network-config")
    box.write("meta", "meta-data")
    box.write("name = Other\n")

    settings = box.boot().settings

    assert (settings.name, settings.country, settings.admin_hash) == ("other", "FR", HASH)
    assert settings.mode is Mode.ACCESS_POINT
    assert settings.join_name == 'Salle "A" été'
    assert sorted(path.name for path in box.places.boot.iterdir()) == ["pacsberry-result.txt", "pacsberry.txt"]
    assert "name: given in Raspberry Pi Imager, too; pacsberry.txt counts" in box.result
    assert "country: taken from Raspberry Pi Imager" in box.result
    assert "is remembered for mode = client" in box.result
    assert "The user “marie” of Raspberry Pi Imager is called “pacsadmin” here" in box.result
    assert "keyboard from Raspberry Pi Imager has no effect" in box.result
    assert "Password: admin-made-up" in box.result  # of the web page, which needs one it can hash itself
    assert HASH in (box.places.root / "etc/shadow").read_text()
    assert box.boot().decision is None


@pytest.mark.parametrize("is_switched_off", [True, False])
def test_what_imager_wrote_is_left_to_a_cloud_init_that_reads_it(box: Box, is_switched_off: bool) -> None:
    (box.places.root / "usr/bin").mkdir()
    (box.places.root / "usr/bin/cloud-init").touch()
    if is_switched_off:  # as in an image made by pi-gen
        (box.places.root / "etc/cloud").mkdir()
        (box.places.root / "etc/cloud/cloud-init.disabled").touch()
    box.write(USER_DATA, "user-data")

    assert box.boot().settings.name == ("salle-12" if is_switched_off else "")
    assert (box.places.boot / "user-data").exists() != is_switched_off


def test_an_account_that_cannot_be_made_is_said_and_tried_again(box: Box) -> None:
    box.write("admin password = zebra-horse\nwifi name = Saal\n")
    box.runner.answers["pacsberry user"] = Ran(1, "", "no room")

    started = box.boot()
    assert started.settings.wifi_name == "Saal"
    assert "The account could not be made: pacsberry user add admin: no room" in box.result
    assert "zebra-horse" in box.read()
    del box.runner.answers["pacsberry user"]
    box.boot()

    assert "zebra-horse" not in box.read()
    assert "could not be made" not in box.result
    assert store.load(box.places.settings).settings.admin_hash.startswith("$y$")


def test_who_has_missed_the_password_of_the_administrator_is_told_how_to_get_another(box: Box) -> None:
    box.boot()
    assert "admin-made-up" in box.result

    box.write("name = radiology\n")  # who never looked at the first result file
    box.boot()

    assert "admin-made-up" not in box.result
    assert "user “admin”" in box.result
    assert "Forgotten? Write a line  admin password = …  into pacsberry.txt" in box.result
    box.write("admin password = zebra-horse-9\n")
    box.boot()
    assert "the one you gave" in box.result.split("Administrator", 1)[1]
    assert "zebra-horse-9" not in box.result


def test_a_firmware_with_more_seats_is_chosen_and_that_is_said_once(box: Box) -> None:
    query = "Value: /lib/standard.bin\n\nAlternative: /lib/minimal.bin\nAlternative: /lib/standard.bin\n"
    box.runner.answers["update-alternatives --query"] = query
    box.boot()
    box.runner.answers["update-alternatives --query"] = query.replace("Value: /lib/standard", "Value: /lib/minimal")
    chosen = [line for line in box.runner.lines() if "--set" in line]

    started = box.boot()

    assert chosen == ["update-alternatives --set cyfmac43455-sdio.bin /lib/minimal.bin"]
    assert "it is in use from the next start on" in box.result
    assert started.remarks == ()


def test_a_sealed_system_would_forget_a_choice_of_firmware_so_none_is_made(box: Box) -> None:
    box.runner.answers["update-alternatives --query"] = "Value: /lib/standard.bin\nAlternative: /lib/minimal.bin\n"
    box.boot()
    box.runner.ran.clear()
    (box.places.root / "run/pacsberry-root/card").mkdir(parents=True)

    started = starting.start(box.places, box.runner)

    assert not any("--set" in line for line in box.runner.lines())
    assert "firmware_chosen" not in {remark.key for remark in started.remarks}


def test_damaged_settings_are_set_aside_and_the_box_starts(box: Box) -> None:
    box.boot()
    box.places.settings.write_bytes(b'{"format": 1, "settings": {"mode": "perpetual"}}')

    started = box.boot()

    assert started.settings.wifi_password == "wifi-made-up1"
    assert "set aside as box.json.damaged" in box.result
    assert (box.places.box / "box.json.damaged").exists()


def test_settings_of_a_later_version_are_not_read_as_ours(box: Box) -> None:
    box.boot()
    box.places.settings.write_text('{"format": 2, "settings": {}}')

    with pytest.raises(UnreadableSettings, match="later version"):
        store.load(box.places.settings)


def test_no_file_with_a_secret_can_be_read_by_others(box: Box) -> None:
    box.write("join wifi name = Ecole\njoin wifi password = zebra-horse\nmode = client\n")
    box.boot()

    for path in (box.places.root / "data", box.places.root / "run"):
        for file in (each for each in path.rglob("*") if each.is_file()):
            if any(secret in file.read_bytes() for secret in (b"zebra-horse", b"$y$", b"admin-made-up")):
                assert file.stat().st_mode & 0o007 == 0, file


class TestTroubleWithTheBootPartition:
    """Whatever is wrong with it, the box opens its Wi-Fi, and the console says what is wrong."""

    @pytest.fixture
    def full(self, box: Box, monkeypatch: pytest.MonkeyPatch) -> Iterator[pytest.MonkeyPatch]:
        replace = files.replace

        def no_room(path: Path, content: bytes | str, **options: Any) -> bool:
            if path.is_relative_to(box.places.boot):
                raise OSError(errno.ENOSPC, "No space left on device")
            return replace(path, content, **options)

        with monkeypatch.context() as patch:
            patch.setattr(files, "replace", no_room)
            yield patch

    def test_a_full_one_has_the_console_tell_everything_until_there_is_room(
        self, box: Box, full: pytest.MonkeyPatch
    ) -> None:
        box.write("wifi name = Saal\nssh key = " + KEY + "\n")

        first, second = box.boot(), box.boot()
        console = box.places.issue.read_text()

        assert first.settings.wifi_password == second.settings.wifi_password == "wifi-made-up1"
        assert (second.settings.wifi_name, second.settings.ssh_keys) == ("Saal", (KEY,))
        assert "pacsberry-result.txt could not be written to the card: No space left on device" in console
        assert "wifi-made-up1" in console
        assert "admin-made-up" in console
        assert "$y$" not in box.places.settings.read_text()  # what nobody may have read is not kept
        full.undo()
        box.boot()
        assert "Password: wifi-made-up1  (made up" in box.result
        assert "Password: admin-made-up  (made up" in box.result
        assert "could not be written" not in box.places.issue.read_text()
        assert box.boot().decision is None

    def test_a_full_one_keeps_what_was_typed_and_says_that_the_secrets_stay(
        self, box: Box, full: pytest.MonkeyPatch
    ) -> None:
        box.write("wifi name = Saal\nwifi password = zebra-horse\nadmin password = horse-zebra\n")

        settings = box.boot().settings

        assert (settings.wifi_password, settings.admin_hash[:3]) == ("zebra-horse", "$y$")
        assert "horse-zebra" not in box.places.issue.read_text()
        full.undo()
        box.boot()
        assert "zebra" not in box.read() + box.result
        assert box.boot().decision is None

    def test_one_that_cannot_be_made_writable_is_named(self, box: Box, monkeypatch: pytest.MonkeyPatch) -> None:
        box.write("wifi name = Saal\nwifi password = zebra-horse\n")
        box.runner.answers["mount -o remount,rw"] = Ran(32, "", "cannot remount: write-protected")
        statvfs = os.statvfs(box.places.boot)
        read_only = os.statvfs_result((*statvfs[:8], statvfs.f_flag | os.ST_RDONLY, statvfs.f_namemax))
        monkeypatch.setattr(os, "statvfs", lambda _: read_only)

        started = box.boot()

        assert started.settings.wifi_name == "Saal"
        assert "write-protected" in box.places.issue.read_text()
        assert box.places.settings.exists()

    def test_a_missing_one_is_a_box_with_secrets_of_its_own(self, box: Box) -> None:
        (box.places.boot).rmdir()
        box.places.boot.write_bytes(b"")  # nothing can be made there, as in a system that is sealed

        started = box.boot()

        assert started.settings.wifi_password == "wifi-made-up1"
        assert "pacsberry-result.txt could not be written" in box.places.issue.read_text()
        assert "admin-made-up" in box.places.issue.read_text()

    def test_where_it_is_not_mounted_nothing_counts_as_told(self, box: Box) -> None:
        (box.places.root / "run/pacsberry-root/card").mkdir(parents=True)  # sealed: what is written goes to memory

        starting.start(box.places, box.runner, making_up=MAKING_UP)

        assert "the boot partition is not there" in box.places.issue.read_text()
        assert store.load(box.places.settings).settings.admin_hash == ""  # made up, and shown on the screen only
        box.boot()
        assert "admin-made-up" in box.result

    def test_without_the_data_partition_no_secret_leaves_the_file_that_still_has_it(
        self, box: Box, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        box.write("wifi name = Saal\nwifi password = zebra-horse\n")
        (box.places.root / "run/pacsberry-root/card").mkdir(parents=True)  # sealed, and nothing is mounted at /data
        monkeypatch.setattr(Path, "is_mount", lambda path: path == box.places.boot)

        started = starting.start(box.places, box.runner)

        assert started.settings.wifi_password == "zebra-horse"
        assert "The data partition of the card cannot be used" in box.result
        assert "The data partition of the card cannot be used" in box.places.issue.read_text()
        assert "zebra-horse" in box.read()
        assert box.boot().settings.wifi_password == "zebra-horse"
        assert "zebra-horse" not in box.read()

    def test_files_that_cannot_be_read_are_named(self, box: Box, monkeypatch: pytest.MonkeyPatch) -> None:
        read_small = files.read_small

        def damaged(path: Path, largest_bytes: int) -> bytes | None:
            if path.parent == box.places.boot:
                raise OSError(errno.EIO, "Input/output error")
            return read_small(path, largest_bytes)

        monkeypatch.setattr(files, "read_small", damaged)

        box.boot()

        assert "pacsberry.txt could not be read from the card: Input/output error" in box.result
        assert "user-data of Raspberry Pi Imager could not be read" in box.result


class PulledPlug(BaseException):
    """The power is gone; not an Exception, so that nobody catches it."""


@pytest.mark.parametrize("after", range(24))
def test_a_plug_pulled_at_any_write_loses_nothing_that_was_typed_or_shown(
    box: Box, after: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    box.write("wifi name = Saal\nwifi password = zebra-horse\nssh key = " + KEY + "\n")
    box.write(USER_DATA.replace("salle-12", "other"), "user-data")
    writes = iter(range(1000))

    def counted(act: Callable[..., bool]) -> Callable[..., bool]:
        def perhaps(*arguments: Any, **options: Any) -> bool:
            if next(writes) == after:
                raise PulledPlug
            return act(*arguments, **options)

        return perhaps

    with monkeypatch.context() as patch:
        patch.setattr(files, "replace", counted(files.replace))
        patch.setattr(files, "remove", counted(files.remove))
        try:
            box.boot()
        except PulledPlug:
            shown = box.result if box.places.result_file.exists() else ""
        else:
            shown = box.result
    stored_before = box.places.settings.exists()

    box.boot()

    settings = store.load(box.places.settings).settings
    assert (settings.name, settings.wifi_name, settings.wifi_password) == ("other", "Saal", "zebra-horse")
    assert settings.ssh_keys == (KEY,)
    assert "zebra-horse" not in box.read()
    assert not (box.places.boot / "user-data").exists()
    # Whatever was made up can be read in the result file: it was there before it was stored.
    assert "admin-made-up" in box.result
    assert not stored_before or "admin-made-up" in shown
    assert box.boot().decision is None


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may change accounts")
def test_the_program_itself_makes_a_box_of_a_card_with_the_commands_of_the_system(box: Box) -> None:
    box.write("admin password = zebra-horse\nlanguage = fr\n")
    (box.places.root / "etc/passwd").write_text("root:x:0:0::/:/bin/sh\npacsadmin:x:1000:1000::/:/bin/sh\n")
    (box.places.root / "etc/shadow").write_text("root:*:1::::::\npacsadmin:!:1::::::\n")
    (box.places.root / "etc/login.defs").touch()

    assert main(["--root", str(box.places.root)]) == 0

    assert "zebra-horse" not in box.read()
    assert "pacsadmin:$y$" in (box.places.root / "etc/shadow").read_text()
    assert '"admin"' in box.places.users.read_text()
    listed = Runner().run("pacsberry", "user", "list", "--file", str(box.places.users))
    assert listed.split()[0] == "admin"


def test_the_program_says_what_it_cannot_do(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "file").touch()

    assert main(["--root", str(tmp_path / "file")]) == 1
    assert capsys.readouterr().err.startswith("pacsberry-firstboot: ")


def test_a_backslash_is_shown_on_the_console_as_it_is(box: Box) -> None:
    box.write("wifi name = a\\b\nwifi password = zebra\\nhorse\n")
    box.boot()

    assert "zebra\\\\nhorse" in box.places.issue.read_text()  # getty takes one of two


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may give a file to a group")
def test_server_and_portal_may_read_their_files_and_nobody_else(box: Box) -> None:
    (box.places.root / "etc/pacsberry").mkdir()
    facts = {"server_user": "www-data", "server_group": "www-data", "portal_group": "nogroup"}
    (box.places.root / "etc/pacsberry/appliance.json").write_text(json.dumps(facts))
    box.places = Places.of(box.places.root)
    box.runner = FakeRunner(box.places)
    box.boot()

    for name, group in (("run/pacsberry/server.json", "www-data"), ("run/pacsberry/portal.json", "nogroup")):
        path = box.places.root / name
        assert (path.stat().st_mode & 0o777, path.group()) == (0o640, group)
    users = box.places.users
    # As the server itself would write it: it warns of accounts that others can read.
    assert (users.stat().st_mode & 0o777, users.owner(), users.group()) == (0o600, "www-data", "www-data")


def test_where_a_group_is_missing_the_file_is_for_its_owner_alone(box: Box) -> None:
    (box.places.root / "etc/pacsberry").mkdir()
    (box.places.root / "etc/pacsberry/appliance.json").write_text('{"portal_group": "nobody-has-this"}')
    box.places = Places.of(box.places.root)
    box.boot()

    assert (box.places.run / "portal.json").stat().st_mode & 0o777 == 0o600
