"""Files are replaced as a whole, with their final rights from the first byte on."""

import os
import threading
from pathlib import Path

import pytest

from pacsberry_appliance.errors import CannotRun
from pacsberry_appliance.system import files
from pacsberry_appliance.system.places import Places
from pacsberry_appliance.system.running import Runner
from tests.appliance.boxes import FakeRunner


def test_a_file_is_written_once_and_left_alone_when_it_says_that_already(tmp_path: Path) -> None:
    path = tmp_path / "a/b"

    assert files.replace(path, "x", mode=0o600)
    before = path.stat().st_mtime_ns
    assert not files.replace(path, b"x", mode=0o600)
    assert path.stat().st_mtime_ns == before
    assert files.replace(path, "x", mode=0o644)
    assert path.stat().st_mode & 0o777 == 0o644


def test_a_start_that_was_cut_off_leaves_nothing_in_the_way(tmp_path: Path) -> None:
    (tmp_path / ".a.new").write_text("half")

    files.replace(tmp_path / "a", "whole")

    assert [path.name for path in tmp_path.iterdir()] == ["a"]


def test_a_write_that_fails_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    files.replace(tmp_path / "a", "old")
    monkeypatch.setattr(os, "fsync", lambda _: (_ for _ in ()).throw(OSError("the card is full")))

    with pytest.raises(OSError, match="full"):
        files.replace(tmp_path / "a", "new")

    assert [(path.name, path.read_text()) for path in tmp_path.iterdir()] == [("a", "old")]


def test_a_link_laid_in_the_way_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").write_text("mine")
    (tmp_path / ".a.new").symlink_to(tmp_path / "elsewhere")

    files.replace(tmp_path / "a", "new")

    assert (tmp_path / "elsewhere").read_text() == "mine"


def test_two_programs_that_write_the_same_take_turns(tmp_path: Path) -> None:
    failed: list[OSError] = []

    def write(text: str) -> None:
        for number in range(60):
            try:
                with files.locked(tmp_path / "lock"):
                    files.replace(tmp_path / "a", f"{text}{number}")
            except OSError as error:
                failed.append(error)

    threads = [threading.Thread(target=write, args=(text,)) for text in "xyz"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert failed == []


def test_only_so_much_of_a_file_is_read(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"x" * 100)

    assert files.read_small(tmp_path / "a", 10) == b"x" * 10
    assert files.read_small(tmp_path / "none", 10) is None
    assert files.read_small(tmp_path, 10) is None
    assert files.read_small(tmp_path / "a/b", 10) is None


def test_a_folder_that_can_be_written_to_is_not_mounted_anew(tmp_path: Path) -> None:
    runner = FakeRunner()
    with files.writable(tmp_path, runner):
        pass

    assert runner.ran == []


def test_a_program_says_how_it_ended() -> None:
    runner = Runner()

    assert runner.ask("sh", "-c", "echo out; echo err >&2; exit 3").code == 3
    assert runner.ask("no-such-program").code == 127
    assert runner.ask("sleep", "9", seconds=0.1).code == 124
    assert runner.run("cat", text="in") == "in"


def test_what_goes_in_by_standard_input_is_in_no_message() -> None:
    with pytest.raises(CannotRun) as raised:
        Runner().run("sh", "-c", "exit 3", text="zebra")

    assert str(raised.value) == "sh -c exit 3: code 3"


def test_places_may_be_chosen_and_nonsense_is_passed_over(tmp_path: Path) -> None:
    (tmp_path / "etc/pacsberry").mkdir(parents=True)
    facts = tmp_path / "etc/pacsberry/appliance.json"

    facts.write_text(
        '{"admin_user": "teacher", "boot_folder": "/boot/efi", "data_folder": "/srv", "server_group": "a:b\\n"}'
    )
    chosen = Places.of(tmp_path)
    for text in ("", "[]", "{", '{"admin_user": 7}', "[" * 9999):
        facts.write_text(text)
        assert Places.of(tmp_path).admin_user == "pacsadmin"

    assert (chosen.admin_user, chosen.server_group) == ("teacher", "pacsberry")
    assert chosen.settings == tmp_path / "srv/box/box.json"
    assert chosen.settings_file == tmp_path / "boot/efi/pacsberry.txt"
