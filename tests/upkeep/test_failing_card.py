"""A card that stops giving back what it was given: clear answers, no answer cut short, and an index that stays."""

import json
import os
import time
from collections.abc import Callable
from pathlib import Path

from tests.flows.house import in_process
from tests.makers import make_instance
from tests.small_disk import small_disk


def test_a_card_whose_data_cannot_be_read_any_more_is_answered_with_the_reason(tmp_path: Path) -> None:
    with small_disk(tmp_path, 256) as disk:
        settings = {
            "StorageDirectory": str(disk),
            "IndexDirectory": str(tmp_path / "index"),
            "MaximumStorageSize": 0,
            "Pacsberry": {"KeepFreeMB": 0, "KeepFreePercent": 0, "ControlSocket": False},
        }
        with in_process(tmp_path, settings) as house:
            identifiers = [house.upload(make_instance(kind))["ID"] for kind in ("CT", "MR")]
            break_card(tmp_path / "disk.img", disk)

            for identifier in identifiers:
                for what in ("file", "tags", "frames/0/raw"):
                    answer = house.ask("GET", f"/instances/{identifier}/{what}")
                    assert answer.status in (500, 404, 400)
                    if answer.status == 500:
                        assert "cannot be read from the card" in json.loads(answer.body)["Details"]
                    elif answer.status == 400:  # once something is written behind it, the broken card gives zeros
                        assert "no DICOM file" in json.loads(answer.body)["Details"]
                    # 404: it has left the index already
            until(lambda: house.counts()[3] == 0)
            damaged = house.get("/pacsberry/storage")["Damaged"]["Files"]
            assert {file["ID"] for file in damaged} == set(identifiers)


def test_a_kept_file_that_has_turned_into_something_else_is_set_aside_when_somebody_looks_into_it(
    tmp_path: Path,
) -> None:
    with in_process(tmp_path, {"StorageDirectory": str(tmp_path / "storage")}) as house:
        identifier = house.upload(make_instance("CT"))["ID"]
        path = next((tmp_path / "storage" / "files").rglob("*.dcm"))
        path.write_bytes(bytes(path.stat().st_size))

        assert house.ask("GET", f"/instances/{identifier}/tags").status == 400
        until(lambda: house.counts()[3] == 0)
        assert [file["ID"] for file in house.get("/pacsberry/storage")["Damaged"]["Files"]] == [identifier]


def until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def break_card(image: Path, disk: Path) -> None:
    """From here on nothing that the system does not hold in memory can be read."""
    os.sync()
    for path in disk.rglob("*"):
        if path.is_file():
            descriptor = os.open(path, os.O_RDONLY)
            os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)
            os.close(descriptor)
    os.truncate(image, 2**16)
