"""Starts a server on what a cut left of the card and compares it with what the clients had been told."""

import sqlite3
import subprocess
from collections.abc import Iterator
from pathlib import Path

from tests.flows.house import House, as_process, data_set_of, write_config
from tests.power.card import mounted
from tests.power.ledger import Ledger
from tests.power.loads import BACKUP, digest, program
from tests.power.recording import STORAGE, Recording, serving

BACKUP_SECONDS = 5  # what was acknowledged so long before a backup began is in it


def faults_after(recording: Recording, position: int, image: Path, folder: Path) -> list[str]:
    """What is wrong with the card `image` that a cut at `position` left, a sentence each; nothing when all is well."""
    folder.mkdir(exist_ok=True)
    at_ns = recording.log.end_ns(position)
    faults: list[str] = []
    try:
        with mounted(image, folder / "mounted") as card:
            with serving(folder, card, recording.scenario.settings) as house:
                faults += differences(house, recording.ledger, at_ns)
                if house.terminate() != 0:
                    faults.append(f"the server did not end in order: {''.join(house.log)[-2000:]}")
            if recording.scenario.command[:1] == ("check",):  # what the plug was pulled out of is done again
                program(*recording.scenario.command, "--config", house.config)
            program("check", "--checksums", "--config", house.config)
            faults += index_and_files(card / STORAGE)
            faults += backup_faults(recording.ledger, at_ns, card / BACKUP, folder / "restored")
    except (AssertionError, subprocess.CalledProcessError) as error:
        faults.append(str(error))
    return faults


def differences(house: House, ledger: Ledger, at_ns: int) -> Iterator[str]:
    """What is served and may not be, or should be and is not."""
    for kind, read in _READERS.items():
        for name in ledger.things(kind):
            found, right = read(house, name), ledger.allowed(kind, name, at_ns)
            if found not in right:
                yield f"{kind} {name} is {found}, right would be {right}"
    listed = house.get("/instances?expand")
    for entry in listed:
        if ledger.allowed("instance", entry["ID"], at_ns) == {None}:
            yield f"instance {entry['ID']} is there and should not be"
    statistics = house.get("/statistics")
    if int(statistics["CountInstances"]) != len(listed):
        yield f"{statistics['CountInstances']} instances are counted, {len(listed)} listed"
    if int(statistics["TotalUncompressedSize"]) < sum(entry["FileSize"] for entry in listed):
        yield "the counted size is smaller than that of the instances"


def index_and_files(storage: Path) -> Iterator[str]:
    """Where the index of a stopped server and its folder of files do not agree."""
    index = sqlite3.connect(storage / "index.sqlite3")
    try:
        yield from (str(row[0]) for row in index.execute("PRAGMA integrity_check") if row[0] != "ok")
        rows = index.execute(
            """SELECT file, coalesce(stored_size, size) FROM instances
               UNION ALL SELECT file, coalesce(stored_size, size) FROM attachments"""
        ).fetchall()
        garbage = {row[0] for row in index.execute("SELECT file FROM garbage")}
    finally:
        index.close()
    found = {str(path.relative_to(storage / "files")): path.stat().st_size for path in (storage / "files").glob("*/*")}
    for name, size in rows:
        if found.get(name) != size:
            yield f"the file {name} has {found.get(name)} bytes, the index says {size}"
    for name in found.keys() - {name for name, _ in rows} - garbage:
        yield f"the file {name} is not in the index"
    for path in (storage / "spool").iterdir():
        yield f"{path.name} is left in the spool"


def backup_faults(ledger: Ledger, at_ns: int, backup: Path, folder: Path) -> Iterator[str]:
    """Whether the backup that was finished last can be restored, with everything that was there when it began."""
    finished = ledger.allowed("backup", BACKUP, at_ns)
    if None in finished:
        return
    since_ns = min(int(begun_ns or 0) for begun_ns in finished) - BACKUP_SECONDS * 10**9
    folder.mkdir()
    config = write_config(folder, {})
    program("restore", backup, "--config", config)
    with as_process(folder) as house:
        for id in ledger.things("instance"):
            if ledger.is_steady("instance", id, since_ns, at_ns):
                found, right = _instance(house, id), ledger.allowed("instance", id, at_ns)
                if found not in right:
                    yield f"instance {id} is {found} in the backup, right would be {right}"


def _instance(house: House, id: str) -> str | None:
    reply = house.ask("GET", f"/instances/{id}/file")
    return digest(data_set_of(reply.body)) if reply.status == 200 else None


def _label(house: House, path: str) -> str | None:
    return "there" if house.ask("GET", path).status == 200 else None


def _metadata(house: House, path: str) -> str | None:
    reply = house.ask("GET", path)
    return digest(reply.body) if reply.status == 200 else None


def _attachment(house: House, path: str) -> str | None:
    return _metadata(house, f"{path}/data")


def _protected(house: House, path: str) -> str | None:
    return "1" if house.ask("GET", path).body == b"1" else None


_READERS = {
    "instance": _instance,
    "label": _label,
    "metadata": _metadata,
    "attachment": _attachment,
    "protected": _protected,
}
