"""Whatever is done to an archive: a repair leaves it clean, and everything that was not harmed is served as it came."""

import random
import shutil
import sqlite3
import uuid
from collections.abc import Callable
from pathlib import Path

import pytest

from pacsberry.archive.looking import open_reading
from pacsberry.model import Header, Level
from tests.archive.keeping_aids import encode, keep, make_header
from tests.upkeep.aids import INDEX, attach, check, execute, open_archive, repair, served


def build(folder: Path) -> list[Header]:
    headers = [
        make_header(f"P{patient}", f"1.{patient}.{study}", f"1.{patient}.{study}.{series}", instance)
        for patient in range(3)
        for study in range(2)
        for series in range(2)
        for instance in range(2)
    ]
    with open_archive(folder) as archive:
        for header in headers:
            keep(archive, header)
        for number, header in enumerate(headers[::5]):
            attach(archive, header, 1024 + number)
    return headers


def harm(folder: Path, choose: random.Random) -> None:
    files = sorted(path for path in (folder / "files").rglob("*") if path.is_file())
    path = choose.choice(files)
    bucket = folder / "files" / "00000000"
    rows = ["instances", "series", "studies", "patients", "labels", "attachments", "facts"]

    def flip() -> None:
        content = bytearray(path.read_bytes() or b"?")
        content[choose.randrange(len(content))] ^= 1 << choose.randrange(8)
        path.write_bytes(content)

    acts: list[Callable[[], object]] = [
        path.unlink,
        lambda: path.write_bytes(path.read_bytes()[: choose.randrange(400)]),
        flip,
        lambda: path.rename(bucket / f"{uuid.uuid4()}{path.suffix}"),
        lambda: path.rename(bucket / "named by hand"),
        lambda: shutil.copy(path, bucket / f"{uuid.uuid4()}{path.suffix}"),
        lambda: shutil.copy(path, folder / "spool" / "left.part"),
        lambda: (bucket / f"{uuid.uuid4()}.bin.gz").write_bytes(choose.randbytes(50)),
        lambda: (bucket / f"{uuid.uuid4()}.dcm.gz").write_bytes(choose.randbytes(50)),
        lambda: shutil.copytree(bucket, folder / "files" / "copy", dirs_exist_ok=True),
        lambda: delete_row(folder, choose.choice(rows), choose),
        lambda: execute(folder, "UPDATE facts SET value = value + 3 WHERE name = 'total_bytes'"),
        lambda: execute(folder, "UPDATE instances SET stored_size = 3 WHERE key % 5 = 1"),
        lambda: execute(folder, "INSERT OR IGNORE INTO garbage SELECT file FROM instances WHERE key % 7 = 1"),
    ]
    choose.choice(acts)()


def delete_row(folder: Path, table: str, choose: random.Random) -> None:
    key = "name" if table == "facts" else "key"
    connection = sqlite3.connect(folder / INDEX)
    keys = [row[0] for row in connection.execute(f"SELECT {key} FROM {table}")]  # noqa: S608 - our names
    if table == "facts":
        keys = ["patients", "studies", "series", "instances", "total_bytes", "arrival"]
    if keys:
        connection.execute(f"DELETE FROM {table} WHERE {key} = ?", (choose.choice(keys),))  # noqa: S608 - our names
    connection.commit()
    connection.close()


def whole(folder: Path, headers: list[Header]) -> set[bytes]:
    """What lies complete under some name that a file of the archive may have, with or without an entry."""
    contents = {encode(header) for header in headers}
    names = [path for path in (folder / "files").glob("00000000/*.dcm") if len(path.stem) == 36]
    return contents & {path.read_bytes() for path in names if path.is_file()}


def entries_bent(folder: Path) -> set[str]:
    """Files whose entry says something else than what lies there, though the file is whole: set aside, not served."""
    with open_reading(folder, folder / INDEX) as archive:
        return {entry.file for entry in archive.inventory.entries() if entry.stored_size is not None}


def ids_known(folder: Path) -> set[str]:
    with open_reading(folder, folder / INDEX) as archive:
        return {entry.resource_id for entry in archive.inventory.entries()}


@pytest.mark.parametrize("seed", range(12))
def test_a_repair_leaves_a_clean_archive_that_serves_all_that_is_whole(tmp_path: Path, seed: int) -> None:
    harm_and_repair(tmp_path, seed)


@pytest.mark.proof
def test_the_same_a_hundred_times_more(tmp_path: Path) -> None:
    for seed in range(100, 200):
        harm_and_repair(tmp_path / str(seed), seed)


def harm_and_repair(folder: Path, seed: int) -> None:
    choose = random.Random(seed)
    headers = build(folder)
    for _ in range(choose.randrange(1, 8)):
        harm(folder, choose)
    bent = entries_bent(folder)
    expected = whole(folder, headers)
    known = ids_known(folder)
    at_risk = {(folder / "files" / file).read_bytes() for file in bent if (folder / "files" / file).is_file()}

    found = repair(folder)

    assert check(folder).findings == []
    got = [(header, served(folder, header)) for header in headers]
    # What the index knows to be other bytes is never served; of what it never knew nobody can tell.
    assert [
        who
        for who, content in got
        if content not in (None, encode(who)) and who.identifiers.orthanc_id(Level.INSTANCE) in known
    ] == []
    assert expected - at_risk <= {content for _, content in got}
    with open_archive(folder) as archive:  # a start finds nothing to do, and it works
        keep(archive, make_header("later"))
    assert check(folder).is_clean
    assert repair(folder) == [], found
