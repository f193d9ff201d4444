"""`pacsberry pack`: what is there is packed and unpacked, with and without a running server."""

import errno
import gzip
import os
from pathlib import Path
from typing import BinaryIO

import pytest
from click.testing import CliRunner, Result

from pacsberry.archive.filestore import FileStore
from pacsberry.cli.main import pacsberry
from tests.flows.house import House, as_process, in_process
from tests.flows.programs import wait_until
from tests.makers import make_instance

RLE = "1.2.840.10008.1.2.5"


def pack(folder: Path, *words: str) -> Result:
    return CliRunner().invoke(pacsberry, ["pack", "--config", str(folder / "site.json"), *words])


def contents() -> list[bytes]:
    return [make_instance("CT", instance=number, rows=200, columns=200) for number in range(5)] + [
        make_instance("CT", patient_id="RLE", transfer_syntax=RLE, rows=200, columns=200)
    ]


def filled(house: House) -> None:
    house.upload_all(contents())
    (study, _) = sorted(house.get("/studies"))
    house.ask("PUT", f"/studies/{study}/attachments/1050", b"Look at the left lung.\n" * 500)


def forms(house: House) -> list[str]:
    wait_until(lambda: len(house.kept_files()) == 7)  # the remover has done its work
    return sorted(path.name.partition(".")[2] for path in house.kept_files())


def assert_all_is_there(house: House) -> None:
    assert sorted(house.file(id) for id in house.get("/instances")) == sorted(contents())


PLAIN = ["bin", *["dcm"] * 6]
PACKED = ["bin.gz", "dcm", *["dcm.gz"] * 5]


def test_a_storage_without_a_server_is_packed_and_unpacked(tmp_path: Path) -> None:
    with in_process(tmp_path) as house:
        filled(house)

    told = pack(tmp_path, "--dry-run")
    assert (told.exit_code, told.output) == (0, "6 files would be packed; the content is 417 KB.\n")

    told = pack(tmp_path)
    assert told.exit_code == 0, told.output
    assert "6 files packed." in told.output
    with in_process(tmp_path) as house:
        assert forms(house) == PACKED
        assert_all_is_there(house)
        for path in house.kept_files():
            if path.suffix == ".gz":
                gzip.decompress(path.read_bytes())

    assert "0 files would be packed" in pack(tmp_path).output
    assert "6 files unpacked." in pack(tmp_path, "--undo").output
    with in_process(tmp_path) as house:
        assert forms(house) == PLAIN
        assert_all_is_there(house)


def test_a_running_server_does_it(tmp_path: Path) -> None:
    with as_process(tmp_path) as house:
        filled(house)
        wait_until(lambda: "6 files would be packed" in pack(tmp_path, "--dry-run").output)

        assert pack(tmp_path).exit_code == 0

        assert forms(house) == PACKED
        assert_all_is_there(house)


def test_a_damaged_file_stays_and_is_named(tmp_path: Path) -> None:
    with in_process(tmp_path) as house:
        filled(house)
        content = contents()[0]
        (damaged,) = (path for path in house.kept_files() if path.read_bytes() == content)
    damaged.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))

    told = pack(tmp_path)

    assert told.exit_code == 7
    assert "5 files packed." in told.output
    assert "1 could not be and stay as they are" in told.stderr
    assert damaged.exists()


@pytest.mark.parametrize("words", [["--dry-run"], []])
def test_without_an_archive_it_says_so(tmp_path: Path, words: list[str]) -> None:
    told = CliRunner().invoke(pacsberry, ["pack", "--data", str(tmp_path / "none"), *words])

    assert told.exit_code == 1
    assert "There is no" in told.stderr


def test_who_may_not_read_the_files_is_told_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with in_process(tmp_path) as house:
        filled(house)

    def refused(store: FileStore, name: str) -> BinaryIO:
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), name)

    monkeypatch.setattr(FileStore, "open", refused)

    told = pack(tmp_path, "--dry-run")

    assert told.exit_code == 1
    assert told.output.endswith(".dcm: Permission denied.\n")
