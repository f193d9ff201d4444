"""The state of the machine: what is read of the kernel's files and of the box, even when it is broken or missing."""

import json
import os
from pathlib import Path

import pytest

from pacsberry.upkeep.board import BOX_STATUS, board


def write(root: Path, path: str, text: str) -> None:
    (root / path).parent.mkdir(parents=True, exist_ok=True)
    (root / path).write_text(text)


def test_memory_and_temperature_are_told(tmp_path: Path) -> None:
    write(tmp_path, "proc/meminfo", "MemTotal:  500000 kB\nMemAvailable:   1000 kB\n")
    write(tmp_path, "proc/self/statm", "9000 10 3 1 0 5 0\n")
    for zone, text in enumerate(("48312\n", "51250\n", "999999\n", "broken")):
        write(tmp_path, f"sys/class/thermal/thermal_zone{zone}/temp", text)

    told = board(tmp_path)

    assert told["Temperature"] == 51.25
    memory = told["Memory"]
    assert isinstance(memory, dict)
    assert (memory["AvailableSize"], memory["ServerSize"]) == (1000 * 1024, 10 * os.sysconf("SC_PAGE_SIZE"))
    assert memory["TotalSize"] > 1 << 20


def test_what_cannot_be_read_is_not_known(tmp_path: Path) -> None:
    told = board(tmp_path)

    assert told["Box"] is None
    assert told["Temperature"] is None
    assert isinstance(told["Memory"], dict)
    assert told["Memory"]["AvailableSize"] is None
    assert told["Memory"]["ServerSize"] is None


def test_what_the_box_has_published_is_handed_on_with_its_age(tmp_path: Path) -> None:
    write(tmp_path, BOX_STATUS, json.dumps({"mode": "access-point", "stations": 7}))
    os.utime(tmp_path / BOX_STATUS, (0, 0))

    told = board(tmp_path)["Box"]

    assert isinstance(told, dict)
    assert told["Facts"] == {"mode": "access-point", "stations": 7}
    assert told["AgeSeconds"] > 1_000_000_000


@pytest.mark.parametrize("text", ["", "[]", "{", '{"a": ' + "[" * 5000, '"' + "x" * 100_000 + '"'])
def test_a_status_that_makes_no_sense_is_none(tmp_path: Path, text: str) -> None:
    write(tmp_path, BOX_STATUS, text)

    assert board(tmp_path)["Box"] is None
