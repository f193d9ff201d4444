"""`pacsberry check`: what it prints, what it does, and the code it ends with."""

import json
import os
import random
import shutil
import threading
import uuid
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from pacsberry.cli.exits import Exit
from pacsberry.cli.main import pacsberry as command
from pacsberry.upkeep import checking
from tests.flows.house import House, as_process, in_process
from tests.makers import make_instance


@pytest.fixture(autouse=True)
def _no_second_look(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checking, "_SETTLE_SECONDS", 0.0)


def run(house: House, *options: str) -> Result:
    return CliRunner().invoke(command, ["check", "--data", str(house.storage), *options])


def fill(folder: Path) -> tuple[House, list[bytes], list[str]]:
    """A stopped server with three instances: where it was, their bytes, their identifiers."""
    contents = [make_instance("CT"), make_instance("MR"), make_instance("CR")]
    with in_process(folder) as house:
        identifiers = [house.upload(content)["ID"] for content in contents]
    return house, contents, identifiers


def test_a_sound_archive_ends_with_zero(tmp_path: Path) -> None:
    house, _, _ = fill(tmp_path)

    result = run(house, "--checksums")

    assert result.exit_code == Exit.OK
    assert "3 files compared with the index" in result.stdout
    assert "All is well." in result.stdout
    assert "Reading: 100%" in result.stderr


def test_a_finding_is_said_in_words_with_its_remedy_and_a_code_of_its_own(tmp_path: Path) -> None:
    house, _, identifiers = fill(tmp_path)
    house.kept_files()[0].unlink()

    result = run(house)

    assert result.exit_code == 7
    assert "file missing (1); repair: its entry leaves the index" in result.stdout
    assert "Nothing has been changed. To carry this out: systemctl stop pacsberry" in result.stdout
    assert sum(identifier in result.stdout for identifier in identifiers) == 1


def test_a_repair_prints_its_plan_and_the_next_check_is_clean(tmp_path: Path) -> None:
    house, contents, identifiers = fill(tmp_path)
    damaged = house.kept_files()[0]
    whole = damaged.read_bytes()
    damaged.write_bytes(whole[:-1] + bytes([whole[-1] ^ 1]))

    result = run(house, "--checksums", "--repair")
    assert (result.exit_code, run(house, "--checksums").exit_code) == (Exit.OK, Exit.OK)
    assert "file damaged (1); repair: it moves to the folder `damaged`" in result.stdout
    assert "Repaired: 1." in result.stdout

    note = json.loads((house.storage / "damaged" / f"{damaged.stem}.json").read_text())
    assert note["tags"]["Modality"] in ("CT", "MR", "CR")
    assert note["expected"].startswith("CRC-32 ")
    with in_process(tmp_path) as again:
        assert again.counts()[3] == 2
        again.upload(whole)  # as new
        assert {again.file(identifier) for identifier in identifiers} == set(contents)


def test_json_is_for_programs(tmp_path: Path) -> None:
    house, _, _ = fill(tmp_path)
    house.kept_files()[0].unlink()

    told = json.loads(run(house, "--json").stdout)
    repaired = json.loads(run(house, "--json", "--repair").stdout)

    assert (told["IsClean"], told["IsRepaired"], told["Files"]) == (False, False, 3)
    assert told["Findings"] == repaired["Findings"]
    assert told["Findings"][0]["Kind"] == "MissingFile"
    assert repaired["IsRepaired"]


def test_names_of_strange_files_do_not_order_the_terminal(tmp_path: Path) -> None:
    house, _, _ = fill(tmp_path)
    bucket = house.kept_files()[0].parent
    (bucket / "\x1b[2Jgone\n.dcm").write_bytes(b"x")
    os.close(os.open(os.fsencode(bucket) + b"/\xff\xfe.dcm", os.O_CREAT | os.O_WRONLY))

    told = run(house)
    as_json = run(house, "--json")

    assert "\x1b" not in told.stdout
    assert "foreign file (2)" in told.stdout
    assert len(json.loads(as_json.stdout)["Findings"]) == 2
    assert run(house, "--repair").exit_code == Exit.OK
    assert run(house).exit_code == Exit.OK


def test_it_looks_while_the_server_runs_and_repairs_only_when_it_does_not(tmp_path: Path) -> None:
    with as_process(tmp_path) as house:
        for kind in ("CT", "MR"):
            house.upload(make_instance(kind))
        house.counts()
        assert run(house).exit_code == Exit.OK
        path = house.kept_files()[0]
        shutil.copy(path, path.with_name(f"{uuid.uuid4()}.dcm"))

        found = run(house)
        refused = run(house, "--repair")

        assert found.exit_code == Exit.FINDINGS
        assert "second file of an instance (1)" in found.stdout
        assert refused.exit_code == Exit.FAILED
        assert "systemctl stop pacsberry" in refused.stderr
        assert len(house.kept_files()) == 3


def test_a_folder_that_is_no_archive_is_left_alone(tmp_path: Path) -> None:
    result = CliRunner().invoke(command, ["check", "--data", str(tmp_path)])
    repair = CliRunner().invoke(command, ["check", "--repair", "--data", str(tmp_path)])

    assert (result.exit_code, repair.exit_code) == (Exit.FAILED, Exit.FAILED)
    assert "There is no index" in result.stderr
    assert list(tmp_path.iterdir()) == []


@pytest.mark.proof
def test_a_server_under_load_gives_no_false_alarm(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()  # with the second look, as people run it
    stop = threading.Event()
    with as_process(tmp_path) as house:

        def use(kind: str) -> None:
            number = 0
            while not stop.is_set():
                number += 1
                told = house.upload(make_instance(kind, patient_id=f"{kind}{number % 20}", instance=number))
                house.ask("PUT", f"/patients/{told['ParentPatient']}/attachments/1024", b"attached")
                if random.random() < 0.6:
                    house.ask("DELETE", f"/instances/{told['ID']}")

        users = [threading.Thread(target=use, args=(kind,)) for kind in ("CT", "MR", "CR")]
        for user in users:
            user.start()
        try:
            results = [run(house, *options) for options in ((), ("--checksums",)) * 4]
        finally:
            stop.set()
            for user in users:
                user.join()

        assert [(result.exit_code, result.stdout) for result in results if result.exit_code != Exit.OK] == []
        assert house.counts()[3] > 50
