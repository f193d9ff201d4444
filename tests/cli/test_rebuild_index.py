"""`pacsberry rebuild-index`: what it prints, what it brings back, and the code it ends with."""

import os
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from pacsberry.cli.exits import Exit
from pacsberry.cli.main import pacsberry as command
from tests.flows.house import House, in_process
from tests.makers import make_instance


def run(storage: Path, *options: str) -> Result:
    return CliRunner().invoke(command, ["rebuild-index", "--data", str(storage), *options])


def fill(folder: Path) -> House:
    """A stopped server with three instances and a label."""
    with in_process(folder) as house:
        for content in (make_instance("CT"), make_instance("MR"), make_instance("CR")):
            told = house.upload(content)
        house.ask("PUT", f"/studies/{told['ParentStudy']}/labels/exam")
        house.ask("PUT", f"/series/{told['ParentSeries']}/protected", b"1")
    return house


@pytest.mark.parametrize("options", [(), ("--checksums",)])
def test_an_index_that_is_gone_comes_back_with_its_labels(tmp_path: Path, options: tuple[str, ...]) -> None:
    house = fill(tmp_path)
    (house.storage / "index.sqlite3").unlink()

    result = run(house.storage, *options)

    assert result.exit_code == Exit.OK, result.output
    assert "3 instances." in result.stdout
    assert "from notes.jsonl: of 2 of them." in result.stdout
    assert "files/s" in result.stdout
    assert "Indexing: 100% of " in result.stderr
    with in_process(tmp_path) as again:
        assert again.counts()[3] == 3
        assert again.get("/tools/labels") == ["exam"]
        (protected,) = (one for one in again.get("/series?expand") if one.get("IsProtected"))
        assert again.ask("GET", f"/series/{protected['ID']}/protected").body == b"1"


def test_the_status_tells_of_it_from_then_on(tmp_path: Path) -> None:
    house = fill(tmp_path)
    (house.storage / "index.sqlite3").write_bytes(b"nothing")

    for sentences in (1, 0):
        with in_process(tmp_path):
            told = CliRunner().invoke(command, ["status", "--data", str(house.storage)]).stdout
        assert "Index: made anew from the files 20" in told
        assert told.count("3 instances.\n") == sentences


def test_what_is_lost_is_named_and_the_code_says_so(tmp_path: Path) -> None:
    house = fill(tmp_path)
    house.kept_files()[0].write_bytes(b"not DICOM any more")

    result = run(house.storage)

    assert result.exit_code == Exit.FINDINGS
    told = "Files that cannot be read as DICOM, and stay where they are, outside the index: 1"
    assert f"{told}, {lost_name(house)}." in result.stdout
    assert "The old index is kept as" in result.stdout


def lost_name(house: House) -> str:
    path = house.kept_files()[0]
    return f"{path.parent.name}/{path.name}"


def test_it_waits_for_the_server_to_stop(tmp_path: Path) -> None:
    with in_process(tmp_path) as house:
        result = run(house.storage)

    assert result.exit_code == Exit.FAILED
    assert "systemctl stop pacsberry" in result.stderr


def test_a_folder_that_is_not_there_is_no_storage(tmp_path: Path) -> None:
    result = run(tmp_path / "nothing")

    assert result.exit_code == Exit.CONFIGURATION
    assert "There is no storage at" in result.stderr
    assert not (tmp_path / "nothing").exists()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root is another user")
def test_root_leaves_no_index_that_the_server_could_not_write(tmp_path: Path) -> None:
    house = fill(tmp_path)
    os.chown(house.storage, 12345, 12345)

    result = run(house.storage)

    assert result.exit_code == Exit.FAILED
    assert "sudo -u" in result.stderr
    assert not list(house.storage.glob("index.sqlite3.*"))


def test_the_help_says_what_comes_back_and_what_does_not() -> None:
    result = CliRunner().invoke(command, ["rebuild-index", "--help"])

    assert result.exit_code == 0
    for word in ("labels", "accounts", "changes", "index.sqlite3.old-DATE", "--checksums"):
        assert word in result.output
