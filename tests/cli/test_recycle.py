"""`pacsberry recycle`: the plan from another process, and room made with and without a running server."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from pacsberry.cli.main import pacsberry
from tests.flows.house import as_process, in_process
from tests.flows.programs import wait_until
from tests.makers import make_instance
from tests.small_disk import small_disk

MEGABYTE = 2**20
SMALL = {"Pacsberry": {"KeepFreeMB": 0, "KeepFreePercent": 0}}


def recycle(folder: Path, *words: str) -> Result:
    return CliRunner().invoke(pacsberry, ["recycle", "--config", str(folder / "site.json"), *words])


def patient(number: int) -> bytes:
    """A patient of two megabytes."""
    return make_instance("CT", patient_id=f"P{number}", rows=1024, columns=1024)


@pytest.fixture
def told(tmp_path: Path) -> dict[int, dict[str, str]]:
    """What a server told of three patients that it holds; it has stopped."""
    with in_process(tmp_path, SMALL) as house:
        return {number: house.upload(patient(number)) for number in range(3)}


def test_nobody_has_to_go(tmp_path: Path, told: dict[int, dict[str, str]]) -> None:
    ran = recycle(tmp_path, "--dry-run")

    assert ran.exit_code == 0
    assert "The archive holds 6.1 MB of 3 patients." in ran.output
    assert "Nobody has to go." in ran.output


def test_the_plan_names_who_goes_for_a_lowered_limit_and_writes_nothing(
    tmp_path: Path, told: dict[int, dict[str, str]]
) -> None:
    config = tmp_path / "site.json"
    config.write_text(json.dumps(json.loads(config.read_text()) | {"MaximumPatientCount": 1}))
    before = sorted((path, path.stat().st_mtime_ns) for path in tmp_path.rglob("*"))

    ran = recycle(tmp_path, "--dry-run")

    assert ran.exit_code == 0
    lines = ran.output.splitlines()
    assert "at most 1 patient by the settings" in ran.output
    assert "To go: 2 patients, which gives back 4.1 MB:" in ran.output
    assert [line.split()[0] for line in lines[-2:]] == [told[0]["ParentPatient"], told[1]["ParentPatient"]]
    assert sorted((path, path.stat().st_mtime_ns) for path in tmp_path.rglob("*")) == before


def test_a_plan_that_cannot_be_says_why(tmp_path: Path, told: dict[int, dict[str, str]]) -> None:
    ran = recycle(tmp_path, "--dry-run", "--free", str(2**29))

    assert ran.exit_code == 5
    assert "Nobody goes. Recycling cannot give" in ran.output


def test_in_reject_mode_nobody_goes_for_the_limits(tmp_path: Path, told: dict[int, dict[str, str]]) -> None:
    config = tmp_path / "site.json"
    config.write_text(
        json.dumps(json.loads(config.read_text()) | {"MaximumPatientCount": 1, "MaximumStorageMode": "Reject"})
    )

    assert "Nobody has to go." in recycle(tmp_path, "--dry-run").output


def test_room_is_made_by_the_running_server_and_without_one(tmp_path: Path) -> None:
    with small_disk(tmp_path, 160) as disk:
        settings = SMALL | {"StorageDirectory": str(disk / "storage"), "StableAge": 1}
        with as_process(disk, settings) as house:
            for number in range(5):
                house.upload(patient(number))
            wait_until(lambda: all(one["IsStable"] for one in house.get("/patients?expand")))
            free = house.get("/pacsberry/storage")["Recycling"]["FreeSize"] // MEGABYTE
            planned = recycle(disk, "--dry-run", "--free", str(free + 3))
            made = recycle(disk, "--free", str(free + 3))

            assert "To go: 2 patients" in planned.output
            assert made.exit_code == 0, made.output
            assert made.output.startswith("Gone: 2 patients, 4.1 MB")
            assert house.counts()[0] == 3
            assert house.get("/pacsberry/storage")["Recycling"]["Recycled"]["CountPatients"] == 2
            assert house.ask("POST", "/pacsberry/recycle", {"FreeMB": -1}).status == 400
            assert house.terminate() == 0

        made = recycle(disk, "--free", "10000")

        assert made.exit_code == 5
        assert made.output.startswith("Gone: 0 patients")
        assert "3 may go" in made.output


def test_no_storage_is_made_by_mistake(tmp_path: Path) -> None:
    ran = CliRunner().invoke(pacsberry, ["recycle", "--data", str(tmp_path / "mistyped")])

    assert ran.exit_code == 1
    assert "There is no index at" in ran.output
    assert not (tmp_path / "mistyped").exists()
