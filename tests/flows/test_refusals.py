"""What the server does not do: start where it should not, let in whom it should not, keep what does not fit."""

import json
import sqlite3
import subprocess
from pathlib import Path

import pytest

from tests.flows.association import send_file
from tests.flows.house import SERVE, application, as_process, environment, in_process, write_config
from tests.flows.programs import curl
from tests.makers import make_instance

OUT_OF_RESOURCES = 0xA700


def start(folder: Path, settings: dict[str, object]) -> tuple[int, str]:
    """Start a server that should refuse to; its exit code and what it said."""
    ran = subprocess.run(
        [*SERVE, str(write_config(folder, settings))],
        cwd=folder,
        env=environment(),
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert "Traceback" not in ran.stderr
    return ran.returncode, ran.stderr


def test_a_server_open_to_the_network_without_users_does_not_start(tmp_path: Path) -> None:
    code, said = start(tmp_path, {"RemoteAccessAllowed": True})

    assert code == 3
    assert "RegisteredUsers" in said
    assert "pacsberry user add" in said


def test_a_second_server_on_the_same_storage_does_not_start(tmp_path: Path) -> None:
    with as_process(tmp_path) as first:
        code, said = start(tmp_path, {})

        assert code != 0
        assert f"Another Pacsberry uses {first.storage}" in said
        assert first.counts() == (0, 0, 0, 0)


def test_an_index_of_a_later_version_is_left_alone(tmp_path: Path) -> None:
    with in_process(tmp_path):
        pass
    (index,) = (tmp_path / "storage").glob("*.sqlite3")
    connection = sqlite3.connect(index)
    connection.execute("PRAGMA user_version = 999")
    connection.close()

    code, said = start(tmp_path, {})

    assert code != 0
    assert "The index has version 999" in said


def own_address() -> str:
    """An IPv4 address of this machine that is not loopback; '' when it has none."""
    told = subprocess.run(["hostname", "-I"], capture_output=True, text=True, check=False).stdout.split()
    return next((address for address in told if "." in address and not address.startswith("127.")), "")


def test_nothing_is_written_in_read_only_mode_over_http(tmp_path: Path) -> None:
    with in_process(tmp_path) as house:
        told = house.upload(make_instance("CT"))
    with in_process(tmp_path, {"ReadOnly": True}) as house:
        refused = [
            house.ask("POST", "/instances", make_instance("CT", instance=2)),
            house.ask("DELETE", told["Path"]),
            house.ask("PUT", f"/patients/{told['ParentPatient']}/labels/exam"),
        ]
        found = house.ask("POST", "/tools/find", {"Level": "Patient", "Query": {}}).json

        assert [reply.status for reply in refused] == [403] * 3
        assert len(found) == 1
        assert house.file(told["ID"]) == make_instance("CT")
        assert house.counts() == (1, 1, 1, 1)


@pytest.mark.parametrize("large", [False, True])
def test_a_card_at_its_reserve_takes_nothing_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, large: bool) -> None:
    path = tmp_path / "one.dcm"
    path.write_bytes(make_instance("CT", rows=1024 if large else 16, columns=1024))
    with application(tmp_path) as (running, house):
        monkeypatch.setattr(running.archive.files.room, "_reserve_bytes", 1 << 60)

        reply = house.ask("POST", "/instances", path.read_bytes())
        status = send_file(house.dicom_port, path)

        assert (reply.status, status) == (507, OUT_OF_RESOURCES)
        assert "Delete studies" in json.loads(reply.body)["Details"]
        assert house.counts() == (0, 0, 0, 0)
        assert house.spooled() == []
        assert house.kept_files() == []
        monkeypatch.undo()
        assert send_file(house.dicom_port, path) == 0


def test_a_file_that_the_disk_does_not_take_leaves_nothing_and_others_go_on(tmp_path: Path) -> None:
    large, small = tmp_path / "large.dcm", tmp_path / "small.dcm"
    large.write_bytes(make_instance("CT", rows=2048, columns=1024))
    small.write_bytes(make_instance("CT", instance=2))
    with as_process(tmp_path, largest_file_bytes=2_000_000) as house:
        reply = house.ask("POST", "/instances", large.read_bytes())
        status = send_file(house.dicom_port, large)

        assert (reply.status, status) == (507, OUT_OF_RESOURCES)
        assert house.counts() == (0, 0, 0, 0)
        assert house.spooled() == []
        assert house.kept_files() == []
        assert send_file(house.dicom_port, small) == 0
        assert house.upload(make_instance("CT", instance=3))
        assert house.counts() == (1, 1, 1, 2)
        assert house.terminate() == 0


def test_a_body_over_the_limit_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "one.dcm"
    path.write_bytes(make_instance("CT", rows=1024, columns=1024))
    with in_process(tmp_path, {"MaximumRequestBodySizeMB": 1}) as house:
        address = f"{house.url}/instances"
        only_status = ("-o", "/dev/null", "-w", "%{http_code}")
        told = curl(*only_status, "--data-binary", f"@{path}", address)
        chunked = curl(*only_status, "-H", "Transfer-Encoding: chunked", "--data-binary", f"@{path}", address)

        assert (told, chunked) == ("413", "413")
        assert house.counts() == (0, 0, 0, 0)
        assert house.spooled() == []


def test_clients_from_elsewhere_are_not_let_in_unless_that_is_wanted(tmp_path: Path) -> None:
    address = own_address()
    if not address:
        pytest.skip("this machine has no address but loopback")
    with in_process(tmp_path, {"HttpBindAddresses": ["0.0.0.0"]}) as house:  # noqa: S104
        only_status = ("-o", "/dev/null", "-w", "%{http_code}")

        assert curl(*only_status, f"http://{address}:{house.http_port}/system") == "401"
        assert curl(*only_status, f"{house.url}/system") == "200"
