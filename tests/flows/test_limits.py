"""Limits and full disks at both doors: who is let in, what a sender is told, what is there afterwards."""

import json
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.flows.association import send_file
from tests.flows.house import House, as_process, in_process
from tests.flows.programs import wait_until
from tests.makers import make_instance
from tests.small_disk import fill, small_disk

OUT_OF_RESOURCES = 0xA700


def patient(number: int, instance: int = 1, *, rows: int = 16) -> bytes:
    return make_instance("CT", patient_id=f"P{number}", instance=instance, rows=rows, columns=1024)


def send(house: House, folder: Path, content: bytes) -> int:
    """The status of a C-STORE."""
    path = folder / "sent.dcm"
    path.write_bytes(content)
    return send_file(house.dicom_port, path)


def test_a_full_archive_that_rejects_says_so_at_both_doors(tmp_path: Path) -> None:
    with in_process(tmp_path, {"MaximumPatientCount": 2, "MaximumStorageMode": "Reject"}) as house:
        house.upload(patient(1))
        house.upload(patient(2))

        reply = house.ask("POST", "/instances", patient(3))
        status = send(house, tmp_path, patient(4))

        assert (reply.status, status) == (507, OUT_OF_RESOURCES)
        assert "2 of 2 patients (MaximumPatientCount)" in json.loads(reply.body)["Details"]
        assert house.ask("POST", "/instances", patient(1)).json["Status"] == "AlreadyStored"
        assert send(house, tmp_path, patient(2)) == 0
        assert send(house, tmp_path, patient(2, instance=2)) == 0
        assert house.counts() == (2, 2, 2, 3)
        assert house.spooled() == []
        assert house.get("/system")["MaximumStorageMode"] == "Reject"


def test_new_patients_by_both_doors_at_once_never_pass_the_limit(tmp_path: Path) -> None:
    with in_process(tmp_path, {"MaximumPatientCount": 3}) as house:
        seen = []

        def by_http(number: int) -> None:
            house.upload(patient(number))
            seen.append(len(house.get("/patients")))

        def by_dicom(number: int) -> None:
            folder = tmp_path / str(number)
            folder.mkdir()
            assert send(house, folder, patient(number)) == 0
            seen.append(len(house.get("/patients")))

        with ThreadPoolExecutor(6) as pool:
            for done in [pool.submit(by_dicom if number % 2 else by_http, number) for number in range(20)]:
                done.result(60)

        assert max(seen) <= 3
        assert house.counts()[0] == 3
        wait_until(lambda: len(house.kept_files()) == 3)


def test_what_went_is_passed_over_in_the_log_of_changes(tmp_path: Path) -> None:
    with in_process(tmp_path, {"MaximumPatientCount": 1}) as house:
        gone = house.upload(patient(1))
        there = house.upload(patient(2))

        changed = {change["ID"] for change in house.get("/changes")["Changes"]}

        assert there["ID"] in changed
        assert gone["ID"] not in changed
        assert house.ask("GET", gone["Path"]).status == 404


def test_a_sender_waits_on_a_full_disk_until_room_is_made(tmp_path: Path) -> None:
    with small_disk(tmp_path, 192) as disk:
        settings = {"StorageDirectory": str(disk / "storage"), "Pacsberry": {"KeepFreeMB": 8, "KeepFreePercent": 0}}
        with as_process(disk, settings) as house:
            for number in range(20):
                house.upload(patient(number, rows=1024))
            wait_until(lambda: all(one["IsStable"] for one in house.get("/patients?expand")))
            others = fill(disk, leave=33 * 2**20)

            assert send(house, tmp_path, patient(50, rows=1024)) == 0

            there = {one["MainDicomTags"]["PatientID"] for one in house.get("/patients?expand")}
            assert "P50" in there
            assert "P0" not in there
            assert {"P19", "P18"} <= there
            fill(disk, leave=33 * 2**20)
            house.upload(patient(52, rows=1024))
            fill(disk, leave=0, name="more")
            for patient_id in house.get("/patients"):
                house.ask("PUT", f"/patients/{patient_id}/protected", b"1")
            begun = time.monotonic()
            assert send(house, tmp_path, patient(51)) == OUT_OF_RESOURCES
            assert house.ask("POST", "/instances", patient(51)).status == 507
            assert time.monotonic() - begun < 10
            assert house.spooled() == []
            others.unlink()
            assert send(house, tmp_path, patient(51)) == 0
            assert house.terminate() == 0


@pytest.mark.parametrize("mode", ["Recycle", "Reject"])
def test_a_file_larger_than_all_that_is_allowed_is_refused_and_nobody_goes(tmp_path: Path, mode: str) -> None:
    with in_process(tmp_path, {"MaximumStorageSize": 1, "MaximumStorageMode": mode}) as house:
        house.upload(patient(1))

        reply = house.ask("POST", "/instances", patient(2, rows=1024))
        status = send(house, tmp_path, patient(2, rows=1024))

        assert (reply.status, status) == (507, OUT_OF_RESOURCES)
        assert "MaximumStorageSize allows 1.0 MB" in json.loads(reply.body)["Details"]
        assert house.counts()[0] == 1
        assert len(house.kept_files()) == 1
