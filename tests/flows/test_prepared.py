"""Prepared pictures of a whole server: killed in the middle, on a full disk, beside the recycler."""

import os
import signal
from pathlib import Path
from typing import Any

import pytest

from pacsberry.imaging.prepared.store import Address
from tests.flows.house import House, application, as_process, in_process
from tests.flows.programs import wait_until
from tests.http.test_prepared import stack_slice
from tests.small_disk import fill, free_bytes, small_disk

MADE = ("frames", "metadata", "places", "preview", "thumbnail")
MEGABYTE = 2**20


def kinds(house: House, series: str) -> tuple[str, ...]:
    """What is prepared of a series."""
    folder = house.storage / "prepared"
    return tuple(sorted(path.suffix[1:] for path in folder.rglob(f"{series}*") if path.suffix != ".part"))


def manifest(house: House, series: str, query: str = "?make=0") -> Any:
    return house.get(f"/pacsberry/series/{series}/pictures{query}")


def upload_stack(house: House, count: int = 3) -> str:
    told = [house.upload(stack_slice(number)) for number in range(1, count + 1)]
    return told[0]["ParentSeries"]


@pytest.mark.proof
def test_killed_in_the_middle_it_goes_on_at_the_next_start(tmp_path: Path) -> None:
    with as_process(tmp_path) as house:
        series = upload_stack(house, 40)
        wait_until(lambda: bool(list((house.storage / "prepared").rglob("*.part"))), seconds=20)
        os.kill(house.process.pid, signal.SIGKILL)
        house.process.wait(20)

    with in_process(tmp_path) as again:
        wait_until(lambda: kinds(again, series) == MADE)
        assert not list((again.storage / "prepared").rglob("*.part"))
        assert manifest(again, series)["Prepared"]["frames"]["CountPictures"] == 40


def test_prepared_files_make_room_before_any_patient_goes(tmp_path: Path) -> None:
    with small_disk(tmp_path, 200) as disk:
        settings = {"StorageDirectory": str(disk), "Pacsberry": {"PreparedPercent": 50}}
        with application(tmp_path, settings) as (running, inside):
            house = House(inside.http_port, inside.dicom_port, disk)
            series = upload_stack(house)
            wait_until(lambda: kinds(house, series) == MADE)
            digest = manifest(house, series)["Digest"]
            running.preparer.store.drop(Address(series, digest, "frames"))
            with running.preparer.store.begin(Address(series, digest, "frames")) as draft:
                draft.file.write(bytes(30 * MEGABYTE))
                draft.keep({})
            fill(disk, leave=70 * MEGABYTE)
            assert house.get("/pacsberry/storage")["Prepared"]["Size"] > 30 * MEGABYTE

            told = house.ask("POST", "/pacsberry/recycle", {"FreeMB": 90}).json

            assert (told["CountPatients"], told["Problem"]) == (0, "")
            assert told["FreeSize"] > 90 * MEGABYTE
            assert house.counts() == (1, 1, 1, 3)
            assert kinds(house, series) == ("metadata", "places", "preview", "thumbnail")


def test_a_full_disk_costs_pictures_and_nothing_else(tmp_path: Path) -> None:
    with small_disk(tmp_path, 200) as disk:
        settings = {"StorageDirectory": str(disk), "Pacsberry": {"KeepFreeMB": 0, "KeepFreePercent": 0}}
        with application(tmp_path, settings) as (_, inside):
            house = House(inside.http_port, inside.dicom_port, disk)
            others = fill(disk, leave=66 * MEGABYTE)
            series = upload_stack(house)

            told = manifest(house, series, "")
            wait_until(lambda: manifest(house, series)["Prepared"]["preview"]["State"] == "Failed")

            assert told["CountPictures"] == 3
            assert kinds(house, series) == ()
            assert house.counts() == (1, 1, 1, 3)
            assert len(house.file(house.get("/instances")[0])) > 1000
            others.unlink()
            assert free_bytes(disk) > 100 * MEGABYTE


def test_what_arrives_takes_the_room_of_prepared_files_where_nobody_recycles(tmp_path: Path) -> None:
    with small_disk(tmp_path, 250) as disk:
        settings = {
            "StorageDirectory": str(disk),
            "Pacsberry": {"KeepFreeMB": 0, "KeepFreePercent": 0, "PreparedPercent": 50},
        }
        with application(tmp_path, settings) as (running, inside):
            house = House(inside.http_port, inside.dicom_port, disk)
            series = upload_stack(house)
            digest = manifest(house, series)["Digest"]
            with running.preparer.store.begin(Address(series, digest, "frames")) as draft:
                draft.file.write(bytes(60 * MEGABYTE))
                draft.keep({})
            fill(disk, leave=20 * MEGABYTE)  # less than the reserve

            house.upload(stack_slice(9))

            assert house.counts() == (1, 1, 1, 4)
            assert "frames" not in kinds(house, series)
