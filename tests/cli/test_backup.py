"""`pacsberry backup`: while a server works, into folders and ZIPs, with and without secrets."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from pacsberry.backup.last import NAME, LastBackup, note_last, read_last
from tests.cli.process import environment
from tests.conftest import ROOT
from tests.flows.house import House, in_process
from tests.makers.instances import make_instance


def backup(folder: Path, *arguments: str, code: int = 0) -> subprocess.CompletedProcess[str]:
    """`pacsberry backup` in a folder."""
    done = subprocess.run(
        [sys.executable, "-m", "pacsberry", "backup", *arguments],
        cwd=folder,
        env=environment(folder) | {"PYTHONPATH": str(ROOT / "server")},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == code, (done.returncode, done.stdout, done.stderr)
    return done


def head(folder: Path, number: int = 1) -> dict[str, Any]:
    """The head of a backup in a folder."""
    (path,) = (folder / "backups").glob(f"{number:04}-*.json")
    found: dict[str, Any] = json.loads(path.read_text())
    return found


def fill(house: House, count: int = 3) -> None:
    for instance in range(1, count + 1):
        house.upload(make_instance("CT", instance=instance))


def test_a_backup_is_made_while_the_server_works_and_its_status_page_tells_it(tmp_path: Path) -> None:
    with in_process(tmp_path) as house:
        fill(house)

        done = backup(tmp_path, "stick", "--data", "storage", "--same-disk")
        told = house.get("/pacsberry/storage")["LastBackup"]

    assert "to copy: 3" in done.stdout
    assert "1 patient, 1 study, 3 instances" in done.stdout
    assert head(tmp_path / "stick")["counts"]["instances"] == 3
    assert (told["CountInstances"], told["CountNotSaved"], told["Target"]) == (3, 0, str(tmp_path / "stick"))
    assert told["Name"] == sorted((tmp_path / "stick/backups").glob("*.json"))[0].stem


def test_a_storage_whose_name_is_no_utf8_is_backed_up(tmp_path: Path) -> None:
    with in_process(tmp_path) as house:
        fill(house)
    folder = tmp_path / os.fsdecode(b"b\xe4lle")
    folder.mkdir()
    (tmp_path / "storage").rename(folder / "storage")

    backup(folder, str(tmp_path / "stick"), "--data", "storage", "--same-disk")

    assert head(tmp_path / "stick")["counts"]["instances"] == 3


def test_a_damaged_file_gives_an_exit_code_of_its_own(tmp_path: Path) -> None:
    with in_process(tmp_path) as house:
        fill(house)
        damaged = house.kept_files()[0]
    damaged.write_bytes(bytes(damaged.stat().st_size))

    done = backup(tmp_path, "stick", "--data", "storage", "--same-disk", code=7)

    assert damaged.name in done.stderr
    assert "NOT SAVED: 1. Check the storage with: pacsberry check" in done.stderr
    assert head(tmp_path / "stick")["not saved count"] == 1
    assert head(tmp_path / "stick")["counts"]["instances"] == 2


def test_old_backups_are_removed_and_everything_is_verified_when_that_is_asked(tmp_path: Path) -> None:
    with in_process(tmp_path) as house:
        fill(house)
    for _ in range(2):
        backup(tmp_path, "stick", "--data", "storage", "--same-disk")
    damaged = next((tmp_path / "stick/files").rglob("*.dcm"))
    good = damaged.read_bytes()
    damaged.write_bytes(bytes(len(good)))

    done = backup(tmp_path, "stick", "--data", "storage", "--same-disk", "--verify-all", "--prune", "1")

    assert "Verified 3 files of earlier backups; damaged: 1." in done.stdout
    assert "Removed 2 backups and 0 files" in done.stdout
    assert damaged.read_bytes() == good
    assert [path.name[:4] for path in (tmp_path / "stick/backups").glob("*.json")] == ["0003"]


def test_an_old_backup_stays_while_it_alone_holds_what_was_set_aside_as_damaged(tmp_path: Path) -> None:
    with in_process(tmp_path) as house:
        fill(house)
        ids = house.get("/instances")
    backup(tmp_path, "stick", "--data", "storage", "--same-disk")
    with in_process(tmp_path) as house:
        house.ask("DELETE", f"/instances/{ids[0]}")
    note = {"level": "Instance", "id": ids[0], "file": "x"}
    (tmp_path / "storage/damaged").mkdir(exist_ok=True)
    (tmp_path / "storage/damaged/x.json").write_text(json.dumps(note))
    (tmp_path / "storage/damaged/y.json").write_text(json.dumps(note | {"id": ids[1]}))
    (tmp_path / "storage/damaged/z.json").write_text('{"level": "Instance", "id": [7]}')

    done = backup(tmp_path, "stick", "--data", "storage", "--same-disk", "--prune", "1")

    assert "1 images that were found damaged in the archive are whole in backup 1" in done.stderr
    assert len(list((tmp_path / "stick/backups").glob("*.json"))) == 2


def test_trying_makes_no_backup(tmp_path: Path) -> None:
    with in_process(tmp_path) as house:
        fill(house)

    done = backup(tmp_path, "stick", "--data", "storage", "--same-disk", "--dry-run")

    assert "to copy: 3" in done.stdout
    assert not [path for path in (tmp_path / "stick").rglob("*") if path.is_file()]
    assert not (tmp_path / "storage" / NAME).exists()


@pytest.mark.parametrize("target", ["stick", "term.zip"])
def test_a_target_beside_the_storage_has_to_be_meant(tmp_path: Path, target: str) -> None:
    with in_process(tmp_path) as house:
        fill(house)

    done = backup(tmp_path, target, "--data", "storage", code=1)

    assert "is on the same disk as the storage" in done.stderr
    assert not (tmp_path / target).exists()


def test_without_secrets_there_are_none_in_the_backup_and_with_them_there_are(tmp_path: Path) -> None:
    (tmp_path / "users.json").write_text('{"RegisteredUsers": {"alice": "hunter2"}}')
    (tmp_path / "users.json").chmod(0o600)
    (tmp_path / "key.pem").write_text("hunter2")
    (tmp_path / "own.pem").write_text("a certificate")
    settings = {
        "StorageDirectory": "storage",
        "Pacsberry": {"UsersFile": "users.json"},
        "OrthancPeers": {"peer": ["http://host/", "user", "hunter2"]},
        "DicomTlsPrivateKey": "key.pem",
        "DicomTlsCertificate": "own.pem",
    }
    (tmp_path / "box.json").write_text("// hunter2\n" + json.dumps(settings))
    with in_process(tmp_path) as house:
        fill(house)

    backup(tmp_path, "stick", "--config", "box.json", "--same-disk")
    with_secrets = backup(tmp_path, "stick", "--config", "box.json", "--same-disk", "--with-secrets")

    without, full = _copies(tmp_path / "stick", 1), _copies(tmp_path / "stick", 2)
    assert not [name for name, text in without.items() if "hunter2" in text]
    assert [name[3:] for name in without] == ["box.json", "own.pem", "settings-in-effect.json"]
    first = head(tmp_path / "stick", 1)
    assert first["secrets"] is False
    assert [f"{tmp_path}/users.json: secret", f"{tmp_path}/key.pem: secret"] == first["left out"][1:]
    assert "hunter2" not in json.dumps(first)
    assert [name[3:] for name in full] == ["box.json", "users.json", "key.pem", "own.pem", "settings-in-effect.json"]
    assert full["01-box.json"] == (tmp_path / "box.json").read_text()
    assert all("hunter2" in text for name, text in full.items() if name[3:] != "own.pem")
    assert "It holds passwords" in with_secrets.stdout


def test_a_storage_that_is_not_there_is_said(tmp_path: Path) -> None:
    assert "There is no index" in backup(tmp_path, "stick", "--data", "nowhere", code=1).stderr


def test_options_that_make_no_sense_with_a_zip_are_refused(tmp_path: Path) -> None:
    assert "are for folders" in backup(tmp_path, "term.zip", "--prune", "1", code=2).stderr


def test_the_last_backup_is_remembered_and_nonsense_is_not(tmp_path: Path) -> None:
    last = LastBackup(1_764_000_000, "/media/stick", "0001-20261121T054500Z", 1, 2, 3, 0)

    assert read_last(tmp_path) is None
    note_last(tmp_path, last)
    assert read_last(tmp_path) == last
    facts = json.loads((tmp_path / NAME).read_text())
    for nonsense in ("", "[]", "[" * 10**5, json.dumps(facts | {"at": 10**30}), json.dumps(facts | {"bytes": "x"})):
        (tmp_path / NAME).write_text(nonsense)
        assert read_last(tmp_path) is None
    (tmp_path / f"{NAME}.part").symlink_to(tmp_path / "elsewhere")
    note_last(tmp_path, last)
    assert read_last(tmp_path) == last
    assert not (tmp_path / "elsewhere").exists()


def _copies(stick: Path, number: int) -> dict[str, str]:
    (folder,) = (stick / "configuration").glob(f"{number:04}-*")
    return {path.name: path.read_text() for path in sorted(folder.iterdir())}
