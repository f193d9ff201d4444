"""A classroom box has nobody to repair it: a server whose index goes bad under its hands makes it anew by itself."""

import random
import sqlite3
from contextlib import closing
from pathlib import Path

from tests.flows.house import Process, addresses, as_process
from tests.flows.programs import wait_until
from tests.makers import make_study


def test_a_running_server_that_meets_damage_starts_again_with_a_new_index(tmp_path: Path) -> None:
    with as_process(tmp_path) as house:
        house.upload_all(make_study(series={"CT": 4, "MR": 3}))
        (study,) = house.get("/studies")
        house.ask("PUT", f"/studies/{study}/labels/exam")
        house.ask("PUT", f"/studies/{study}/protected", b"1")
        files = {id: house.file(id) for id in house.get("/instances")}
        index = house.storage / "index.sqlite3"
        notes = house.storage / "notes.jsonl"
        wait_until(lambda: notes.exists() and "protected" in notes.read_text())
        starts = len(house.log)
        _spoil(index)

        assert house.ask("GET", "/instances?expand").status != 200 or _is_up_again(house, starts)
        wait_until(lambda: _is_up_again(house, starts))
        house.http_port, house.dicom_port = addresses(house.log)

        assert {id: house.file(id) for id in house.get("/instances")} == files
        described = house.get(f"/studies/{study}")
        assert (described["Labels"], described["IsProtected"]) == (["exam"], True)
        told = house.get("/pacsberry/storage")["LastStart"]
        assert told["IndexMadeAnewAt"]
        assert "7 instances" in told["IndexMadeAnew"][0]
        assert len(list(house.storage.glob("index.sqlite3.old-*"))) == 1
        assert not (house.storage / "index.sqlite3.damaged").exists()
        assert any("The index is damaged" in line for line in house.log)
        assert house.terminate() == 0


def _spoil(index: Path) -> None:
    """Random bytes over every page but the first, once nothing is in the write-ahead log."""
    with closing(sqlite3.connect(index, isolation_level=None)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    with index.open("r+b") as file:
        for page in range(1, index.stat().st_size // 4096):
            file.seek(page * 4096)
            file.write(random.Random(page).randbytes(512))


def _is_up_again(house: Process, starts: int) -> bool:
    return any("on port" in line for line in house.log[starts:])
