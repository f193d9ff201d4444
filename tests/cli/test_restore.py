"""`pacsberry restore`: an archive that is carried to another card, whole or in part."""

import contextlib
import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from pacsberry.backup.catalog import lines_of, read_catalog
from pacsberry.backup.disk import Disk
from pacsberry.backup.lines import InstanceLine
from pacsberry.backup.manifest import ListWriter
from pacsberry.cli.main import pacsberry
from pacsberry.model import Level
from tests.cli.process import environment
from tests.conftest import ROOT
from tests.flows.house import House, application
from tests.makers.instances import make_instance

STUDY = {"StudyDescription": "Knee"}


@dataclass(frozen=True)
class Ran:
    """What a command did."""

    stdout: str
    stderr: str


def restore(folder: Path, *arguments: str, code: int = 0) -> Ran:
    """`pacsberry restore` in a folder, in this process."""
    with contextlib.chdir(folder):
        done = CliRunner().invoke(pacsberry, ["restore", *arguments], catch_exceptions=False)
    assert done.exit_code == code, (done.exit_code, done.stdout, done.stderr)
    return Ran(done.stdout, done.stderr)


def backup(folder: Path, *arguments: str) -> Ran:
    """`pacsberry backup` in a folder, as a process: it looks into the storage of a server that may run in this one."""
    done = subprocess.run(
        [sys.executable, "-m", "pacsberry", "backup", *arguments, "--same-disk"],
        cwd=folder,
        env=environment(folder) | {"PYTHONPATH": str(ROOT / "server")},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, (done.returncode, done.stdout, done.stderr)
    return Ran(done.stdout, done.stderr)


@contextlib.contextmanager
def box(folder: Path, **settings: object) -> Iterator[House]:
    """A server with its storage in a folder of its own."""
    folder.mkdir(exist_ok=True)
    told = {"UserMetadata": {"note": 1024}, "UserContentType": {"report": 1030}, **settings}
    with application(folder, told) as (_, house):
        yield house


def fill(house: House) -> None:
    """Three patients with everything that one can say of them; the first is received last."""
    for patient in ("ANNA", "BEN", "CARL"):
        for instance in range(1, 4):
            house.upload(make_instance("CT", patient_id=patient, instance=instance, tags=STUDY))
    patients = {house.get(f"/patients/{one}")["MainDicomTags"]["PatientID"]: one for one in house.get("/patients")}
    study, series, instance = (house.get(f"/patients/{patients['BEN']}/{noun}")[0]["ID"] for noun in NOUNS)
    house.ask("PUT", f"/patients/{patients['BEN']}/labels/exam")
    house.ask("PUT", f"/studies/{study}/labels/knee")
    house.ask("PUT", f"/series/{series}/metadata/note", "größer".encode())
    house.ask("PUT", f"/series/{series}/metadata/note", b"und anders", If_Match=_etag(house, series))
    house.ask("PUT", f"/instances/{instance}/attachments/report", b"a report " * 1000)
    house.ask("PUT", f"/studies/{study}/attachments/1031", b"")
    house.ask("PUT", f"/studies/{study}/attachments/1031", b"another")
    house.ask("PUT", f"/patients/{patients['CARL']}/protected", b"1")
    house.upload(make_instance("CT", patient_id="ANNA", instance=4, tags=STUDY))


NOUNS = ("studies", "series", "instances")


def _etag(house: House, series: str) -> str:
    return house.ask("GET", f"/series/{series}/metadata/note").headers["etag"]


def everything(house: House) -> dict[str, Any]:
    """All that the REST API tells of an archive, but what counts the writes to it."""
    found: dict[str, Any] = {}
    order = []
    for level in Level:
        for one in house.get(f"/{level.plural}?expand"):
            path = f"/{level.plural}/{one['ID']}"
            metadata = house.get(f"{path}/metadata?expand")
            if "PatientRecyclingOrder" in metadata:
                order.append((int(metadata.pop("PatientRecyclingOrder")), one["ID"]))
            for uncertain in ("IsStable", "Status", "FileUuid"):
                one.pop(uncertain, None)
            attachments = {
                name: (
                    house.ask("GET", f"{path}/attachments/{name}/data").body,
                    house.ask("GET", f"{path}/attachments/{name}/data").headers.get("etag"),
                )
                for name in house.get(f"{path}/attachments")
            }
            revisions = {name: house.ask("GET", f"{path}/metadata/{name}").headers.get("etag") for name in metadata}
            found[path] = (one, metadata, revisions, house.get(f"{path}/labels"), attachments)
    found["order of recycling"] = [patient for _, patient in sorted(order)]
    return found


@pytest.mark.parametrize("name", ["stick", "term.zip"])
def test_an_archive_is_carried_to_another_card(tmp_path: Path, name: str) -> None:
    with box(tmp_path / "old") as house:
        fill(house)
        before = everything(house)
    backup(tmp_path, name, "--data", "old/storage")

    with box(tmp_path / "new") as house:
        done = restore(tmp_path, name, "--data", "new/storage")
        after = everything(house)

    assert "Restored 10 instances, 2 attachments" in done.stdout
    assert after == before
    again = restore(tmp_path, name, "--data", "new/storage")
    assert "Restored 0 instances, 0 attachments" in again.stdout
    if name == "stick":
        assert "to copy: 0" in backup(tmp_path, name, "--data", "new/storage").stdout


def test_a_stopped_server_is_restored_into_without_one(tmp_path: Path) -> None:
    with box(tmp_path / "old") as house:
        fill(house)
        before = everything(house)
    backup(tmp_path, "stick", "--data", "old/storage")
    (tmp_path / "new").mkdir()

    restore(tmp_path, "stick", "--data", "new/storage")

    with box(tmp_path / "new") as house:
        assert everything(house) == before


def test_one_patient_comes_back_alone_with_what_belongs_to_it(tmp_path: Path) -> None:
    with box(tmp_path / "old") as house:
        fill(house)
        before = everything(house)
        uid = next(
            one["MainDicomTags"]["StudyInstanceUID"]
            for one in house.get("/studies?expand")
            if one["PatientMainDicomTags"]["PatientID"] == "BEN"
        )
    backup(tmp_path, "stick", "--data", "old/storage")

    with box(tmp_path / "new") as house:
        restore(tmp_path, "stick", "--patient", "BEN", "--data", "new/storage")
        after = everything(house)
    with box(tmp_path / "third") as house:
        restore(tmp_path, "stick", "--study", uid, "--data", "third/storage")
        assert everything(house) == after

    assert len(after) == 1 + 1 + 1 + 1 + 3
    assert {path: told for path, told in after.items() if path.startswith("/")}.items() <= before.items()


def test_what_is_there_stays_and_what_was_deleted_comes_back(tmp_path: Path) -> None:
    with box(tmp_path / "old", OverwriteInstances=True) as house:
        fill(house)
        ids = sorted(house.get("/instances"))
        series = house.get("/series")[0]
        house.ask("PUT", f"/series/{series}/metadata/note", b"old")
        house.ask("PUT", f"/series/{series}/attachments/report", b"old")
        _wait_for_the_index(house)
        backup(tmp_path, "stick", "--data", "old/storage")
        newer = make_instance("CT", patient_id="BEN", instance=1, tags={"StudyDescription": "Knee, read"})
        house.ask("POST", "/instances", newer)
        house.ask("PUT", f"/series/{series}/metadata/note", b"new", If_Match=_etag(house, series))
        house.ask("PUT", f"/series/{series}/attachments/report", b"new", If_Match='"0-00"')
        etag = house.ask("GET", f"/series/{series}/attachments/report/data").headers["etag"]
        house.ask("PUT", f"/series/{series}/attachments/report", b"new", If_Match=etag)
        for patient in house.get("/patients"):
            if house.get(f"/patients/{patient}")["MainDicomTags"]["PatientID"] == "CARL":
                house.ask("DELETE", f"/patients/{patient}")

        done = restore(tmp_path, "stick", "--data", "old/storage")

        assert "Restored 3 instances" in done.stdout
        assert sorted(house.get("/instances")) == ids
        assert any(house.file(one) == newer for one in ids)
        assert house.ask("GET", f"/series/{series}/metadata/note").body == b"new"
        assert house.ask("GET", f"/series/{series}/attachments/report/data").body == b"new"


def test_what_cannot_be_restored_is_named_and_the_rest_is(tmp_path: Path) -> None:
    with box(tmp_path / "old") as house:
        for instance in range(1, 11):
            house.upload(make_instance("CT", instance=instance))
    backup(tmp_path, "stick", "--data", "old/storage")
    changed, missing, cut = sorted((tmp_path / "stick/files/00000000").glob("*.dcm"))[:3]
    changed.write_bytes(changed.read_bytes()[:-2] + b"??")
    missing.unlink()
    cut.write_bytes(cut.read_bytes()[:-10])
    (tmp_path / "new").mkdir()

    done = restore(tmp_path, "stick", "--data", "new/storage", code=7)

    assert "Restored 7 instances" in done.stdout
    assert "NOT RESTORED: 3" in done.stderr
    for path, reason in ((changed, "checksum"), (missing, "is missing"), (cut, "is cut short")):
        assert any(path.name in line and reason in line for line in done.stderr.splitlines()), done.stderr


def test_a_list_that_gives_a_file_to_another_instance_is_noticed(tmp_path: Path) -> None:
    with box(tmp_path / "old") as house:
        ids = [house.upload(make_instance("CT", instance=instance))["ID"] for instance in (1, 2)]
    backup(tmp_path, "stick", "--data", "old/storage")
    with closing(Disk(tmp_path / "stick", is_written=True)) as disk:
        (head,) = read_catalog(disk).heads
        lines = list(lines_of(disk, head))
        one, other = (line for line in lines if isinstance(line, InstanceLine))
        swapped = {one: replace(one, id=other.id), other: replace(other, id=one.id)}
        with contextlib.closing(disk.create(f"backups/{head.name.text}.objects.gz")) as file:
            writer = ListWriter(file.write)
            for line in lines:
                writer.add(swapped.get(line, line) if isinstance(line, InstanceLine) else line)
            writer.finish()
        told = replace(head, list_size=writer.size, list_sha256=writer.sha256)
        disk.write(f"backups/{head.name.text}.json", [told.to_bytes()])

    with box(tmp_path / "new") as house:
        done = restore(tmp_path, "stick", "--data", "new/storage", code=7)

        assert sorted(house.get("/instances")) == sorted(ids)
    assert done.stderr.count("is another instance, which was restored") == 2


def test_a_restore_that_is_only_tried_changes_nothing(tmp_path: Path) -> None:
    with box(tmp_path / "old") as house:
        fill(house)
    backup(tmp_path, "stick", "--data", "old/storage")
    with box(tmp_path / "new") as house:
        done = restore(tmp_path, "stick", "--dry-run", "--data", "new/storage")

        assert "3 patients, 12 files; missing in the archive: 12" in done.stdout
        assert house.counts() == (0, 0, 0, 0)


def test_nobody_is_recycled_for_what_comes_back_unless_that_is_meant(tmp_path: Path) -> None:
    with box(tmp_path / "old") as house:
        for instance in range(1, 4):
            house.upload(make_instance("CT", instance=instance, rows=512, columns=512))
    backup(tmp_path, "stick", "--data", "old/storage")

    with box(tmp_path / "new", MaximumStorageSize=1) as house:
        house.upload(make_instance("CT", patient_id="BEN"))
        done = restore(tmp_path, "stick", "--data", "new/storage", code=5)
        assert house.counts() == (1, 1, 1, 1)
        restore(tmp_path, "stick", "--data", "new/storage", "--make-room", code=5)

    assert "1.6 MB are missing in the archive, and" in done.stderr
    assert "--make-room" in done.stderr


def test_a_list_tells_the_backups_and_the_patients_of_one(tmp_path: Path) -> None:
    with box(tmp_path / "old") as house:
        house.upload(make_instance("CT", patient_id="ANNA", patient_name="Doe^Anna\x1b[31m"))
    backup(tmp_path, "stick", "--data", "old/storage")
    with box(tmp_path / "old") as house:
        house.upload(make_instance("CT", patient_id="BEN"))
    backup(tmp_path, "stick", "--data", "old/storage")

    latest = restore(tmp_path, "stick", "--list").stdout
    first = restore(tmp_path, "stick", "--list", "--backup", "1").stdout

    assert latest.count(" patients, ") + latest.count(" patient, ") == 2
    assert "\x1b" not in latest
    assert [name in latest for name in ("ANNA", "BEN")] == [True, True]
    assert [name in first for name in ("ANNA", "BEN")] == [True, False]


def test_a_backup_or_patient_that_is_not_there_is_said(tmp_path: Path) -> None:
    with box(tmp_path / "old") as house:
        house.upload(make_instance("CT"))
    backup(tmp_path, "stick", "--data", "old/storage")

    assert "has no patient or study NOBODY" in _error(tmp_path, "stick", "--patient", "NOBODY", "--data", "old/storage")
    assert "There is no backup '1999'" in _error(tmp_path, "stick", "--backup", "1999")
    assert "There is no complete backup" in _error(tmp_path, "old")
    assert "is no folder" in _error(tmp_path, "nowhere")
    assert "Did you mean stick?" in _error(tmp_path, ".")


def test_configuration_files_are_written_out_and_never_over_others(tmp_path: Path) -> None:
    with box(tmp_path / "old", RegisteredUsers={"alice": "hunter2"}) as house:
        house.upload(make_instance("CT"))
        (config,) = (tmp_path / "old").glob("*.json")
    backup(tmp_path, "stick", "--config", str(config))

    done = restore(tmp_path, "stick", "--configuration", "settings")
    again = _error(tmp_path, "stick", "--configuration", "settings")
    (copied,) = (tmp_path / "stick/configuration").glob(f"*/01-{config.name}")
    copied.write_text(copied.read_text().replace("{", "[", 1))
    damaged = _error(tmp_path, "stick", "--configuration", "others")

    written = {path.name: path.read_text() for path in (tmp_path / "settings").iterdir()}
    assert len(written) == 2
    assert "hunter2" not in str(written)
    assert json.loads(written[f"01-{config.name}"])["RegisteredUsers"] == {}
    assert "RegisteredUsers.alice" in done.stdout
    assert "there already" in again
    assert "is not what was written" in damaged
    assert all(path.stat().st_mode & 0o077 == 0 for path in (tmp_path / "settings").iterdir())


def _error(folder: Path, *arguments: str) -> str:
    return restore(folder, *arguments, code=1).stderr


def _wait_for_the_index(house: House) -> None:
    house.get("/statistics")
