"""`pacsberry status`: the state of the storage in plain words, with and without a server."""

import json
import os
import re
import time
from collections.abc import Callable
from pathlib import Path

from click.testing import CliRunner, Result

from pacsberry.backup.last import LastBackup, note_last
from pacsberry.cli.exits import Exit
from pacsberry.cli.main import pacsberry as command
from tests.flows.house import House, in_process
from tests.makers import make_instance


def run(house: House, *options: str) -> Result:
    return CliRunner().invoke(command, ["status", "--data", str(house.storage), *options])


def test_a_running_server_tells_all_of_it(tmp_path: Path) -> None:
    with in_process(tmp_path, {"MaximumPatientCount": 9}) as house:
        patient = house.upload(make_instance("CT"))["ParentPatient"]

        result = run(house)
        told = json.loads(run(house, "--json").stdout)

        assert result.exit_code == Exit.OK
        assert "The server runs." in result.stdout
        assert "1 patient, 1 study, 1 instance" in result.stdout
        assert "at most 9 patients; then the oldest patients go" in result.stdout
        assert f"Next to go: patient {patient}" in result.stdout
        assert re.search(r"Prepared pictures: [0-9.]+ [KMGT]?B, at most [0-9.]+ [KMGT]?B", result.stdout)
        assert "Check of all files: not done yet" in result.stdout
        assert "Damaged files: none." in result.stdout
        assert "Last start: after a clean stop." in result.stdout
        assert "Last backup: never." in result.stdout
        assert told["IsRunning"]
        assert told["Archive"] == house.get("/pacsberry/storage")["Archive"]


def test_without_a_server_the_folder_is_looked_at_and_left_alone(tmp_path: Path) -> None:
    with in_process(tmp_path) as house:
        house.upload(make_instance("CT"))
    note_last(house.storage, LastBackup(1_790_000_000, "/media/stick", "b1", 1, 1, 1000, 2))
    before = {path: path.stat().st_mtime_ns for path in house.storage.rglob("*")}

    result = run(house)

    assert result.exit_code == Exit.OK
    assert "The server does not run." in result.stdout
    assert "1 patient, 1 study, 1 instance" in result.stdout
    assert "Last backup: 2026-09-21 14:13 UTC to /media/stick, 1 instance, 2 files could not be saved." in result.stdout
    assert {path: path.stat().st_mtime_ns for path in house.storage.rglob("*")} == before


def test_a_file_cut_short_is_never_served_is_named_and_can_be_sent_again(tmp_path: Path) -> None:
    content = make_instance("CT")
    with in_process(tmp_path, {"StorageCompression": False}) as house:
        identifier = house.upload(content)["ID"]
        (path,) = house.kept_files()
        os.truncate(path, path.stat().st_size - 10)

        refused = house.ask("GET", f"/instances/{identifier}/file")
        assert refused.status == 500
        assert "damaged" in json.loads(refused.body)["Details"]

        until(lambda: house.ask("GET", f"/instances/{identifier}").status == 404)
        assert path.stem in run(house).stdout
        (damaged,) = house.get("/pacsberry/storage")["Damaged"]["Files"]
        assert (damaged["ID"], damaged["Kind"], damaged["KeptAs"]) == (identifier, "WrongSize", path.name)
        assert house.upload(content)["ID"] == identifier
        assert house.file(identifier) == content


def until(condition: Callable[[], object]) -> None:
    deadline = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)
