"""A server that nobody uses writes nothing to the card, and neither does one that is only read from."""

import os
import time
from pathlib import Path

import pytest

from tests.bench.card import fresh_card, written_bytes
from tests.flows.house import House, as_process
from tests.makers import make_study

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="mounting needs root")

IDLE_SECONDS = 3.0
SETTLED_SECONDS = 30.0  # at most, on a busy machine: StableAge is 1 s here, index entries and notes wait for 2 s


def browse(house: House) -> None:
    study = house.get("/studies")[0]
    house.get("/studies?expand")
    house.get(f"/studies/{study}/series?expand")
    house.get("/statistics")
    house.get("/changes")
    for id in house.get("/instances"):
        house.get(f"/instances/{id}/tags")
        house.file(id)
    assert house.ask("GET", f"/studies/{study}/archive").status == 200
    assert house.ask("POST", "/tools/find", {"Level": "Study", "Query": {"PatientName": "*"}}).status == 200


def idle_from(card: Path) -> int:
    """The bytes written when nothing more was for a while; an assertion when that does not come."""
    until = time.monotonic() + SETTLED_SECONDS
    written = written_bytes(card)
    while time.monotonic() < until:
        time.sleep(IDLE_SECONDS)
        before, written = written, written_bytes(card)
        if written == before:
            return written
    raise AssertionError("something writes although nobody asks for anything")


def test_nobody_writes_when_nothing_is_sent(tmp_path: Path) -> None:
    with fresh_card(tmp_path / "one") as card, as_process(tmp_path, {"StorageDirectory": str(card / "s")}) as house:
        house.upload_all(make_study(series={"CT": 5}))
        house.ask("PUT", f"/studies/{house.get('/studies')[0]}/labels/lesson")

        rested = idle_from(card)
        browse(house)
        opened = written_bytes(card)
        for _ in range(5):
            browse(house)

        assert written_bytes(card) == opened
        assert opened - rested < 40_000  # once: SQLite notes what its readers read, and as root who owns its log
        assert house.terminate() == 0
