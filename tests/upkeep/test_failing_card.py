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
                    assert answer.status in (500, 404)  # 404: it has left the index already
                    assert answer.status == 404 or "cannot be read from the card" in json.loads(answer.body)["Details"]
            until(lambda: house.counts()[3] == 0)
            damaged = house.get("/pacsberry/storage")["Damaged"]["Files"]
            assert {file["ID"] for file in damaged} == set(identifiers)


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
