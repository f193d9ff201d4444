"""`pacsberry import` and `pacsberry upload` as people type them."""

import csv
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from pacsberry.archive import Spool
from pacsberry.cli.main import pacsberry as command
from pacsberry.errors import NoRoom
from tests.flows.house import application, environment, in_process, write_config
from tests.importing.aids import write_all
from tests.importing.orthancs import made_up_index, stored
from tests.importing.test_orthanc_folder import INSTANCE
from tests.ingest.zips import zipped
from tests.makers import make_instance, make_study

STUDY = make_study()
CT = make_instance("CT")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write_all(tmp_path / "scans", {f"{number}.dcm": data for number, data in enumerate(STUDY)})


def run(*arguments: object, **environ: str) -> Result:
    return CliRunner().invoke(command, list(map(str, arguments)), env=environ)


def test_it_works_with_a_running_server_and_without(tmp_path: Path, folder: Path) -> None:
    config = write_config(tmp_path, {})
    without = run("import", "--config", config, folder)

    with in_process(tmp_path) as house:
        within = run("import", "--config", config, folder, write_all(tmp_path / "b", {"sr": make_instance("SR")}))

        assert house.counts()[3] == 4
    assert (without.exit_code, within.exit_code) == (0, 0)
    assert "Files: 3 brought, 0 were there already." in without.output
    assert "Files: 1 brought, 3 were there already." in within.output


def test_a_rehearsal_changes_nothing(tmp_path: Path, folder: Path) -> None:
    config = write_config(tmp_path, {})

    result = run("import", "--config", config, "--dry-run", folder)

    assert "3 would be brought" in result.output
    with in_process(tmp_path) as house:
        assert house.counts()[3] == 0


def test_refused_files_are_named_and_change_the_exit_code(tmp_path: Path, folder: Path) -> None:
    write_all(folder, {f"bad{number}.dcm": CT[:200] for number in range(25)})
    write_all(folder, {"text": b"x"})

    result = run("import", "--data", tmp_path / "storage", folder)

    assert result.exit_code == 7
    assert "3 brought, 0 were there already, 25 refused, 1 not DICOM." in result.output
    assert result.output.count("  refused: ") == 20
    assert "and 5 more; --report FILE" in result.output


@pytest.mark.parametrize("name", ["done.csv", "done.jsonl"])
def test_the_report_has_every_file(tmp_path: Path, folder: Path, name: str) -> None:
    write_all(folder, {"bad.dcm": CT[:200], "=1+1,\n": b"x"})

    run("import", "--data", tmp_path / "storage", "--report", tmp_path / name, folder)

    lines = (tmp_path / name).read_text().splitlines()
    rows = list(csv.DictReader(lines)) if name.endswith("csv") else list(map(json.loads, lines))
    assert sorted(row["outcome"] for row in rows) == ["kept", "kept", "kept", "not DICOM", "refused"]
    assert all(row["reason"] for row in rows if row["outcome"] == "refused")
    assert all(len(row["instance"]) == 44 for row in rows if row["outcome"] == "kept")


def test_the_storage_of_an_orthanc_comes_with_what_users_added(tmp_path: Path) -> None:
    storage, index = tmp_path / "orthanc", tmp_path / "elsewhere"
    stored(storage, CT, packed=True)
    attached = stored(storage, make_instance("MR"))  # a DICOM file, and no instance: a user attached it
    files = [(1, 1024, attached.name)]
    resources = [(1, 4, INSTANCE, None)]
    made_up_index(index, {"Resources": resources, "Labels": [(1, "teaching")], "AttachedFiles": files})
    config = write_config(tmp_path, {})
    mine = ("import", "--config", config, "--index", index)
    rehearsal, done, again = run(*mine, "--dry-run", storage), run(*mine, storage), run(*mine, storage)

    assert [rehearsal.exit_code, done.exit_code, again.exit_code] == [0, 0, 0]
    assert "users added" not in rehearsal.output + again.output
    assert "1 label, 0 metadata, 0 protections and 1 attached file brought" in done.output
    with in_process(tmp_path) as house:
        assert house.get(f"/instances/{INSTANCE}/labels") == ["teaching"]
        assert house.ask("GET", f"/instances/{INSTANCE}/attachments/1024/data").body == make_instance("MR")
        assert house.counts()[3] == 1
        house.ask("DELETE", f"/instances/{INSTANCE}/labels/teaching")
        run(*mine, "--dry-run", storage)
        assert house.get(f"/instances/{INSTANCE}/labels") == []


def test_an_orthanc_without_its_index_is_brought_without_what_users_added(tmp_path: Path) -> None:
    stored(tmp_path / "orthanc", CT)

    result = run("import", "--data", tmp_path / "storage", tmp_path / "orthanc")

    assert result.exit_code == 0
    assert "There is no index" in result.output
    assert "1 brought" in result.output


def test_a_wrong_address_is_told_at_once(free_port: int, folder: Path) -> None:
    began = time.monotonic()
    results = (
        run("upload", "127.0.0.1", free_port, folder),
        run("import", "--data", folder, f"http://127.0.0.1:{free_port}"),
    )

    assert [result.exit_code for result in results] == [1, 1]
    assert all("nobody listens there" in result.output for result in results)
    assert time.monotonic() - began < 10  # and is not tried for 14 seconds, as later ones are


def test_another_server_is_a_source_and_its_password_stays_secret(tmp_path: Path, folder: Path) -> None:
    (tmp_path / "one").mkdir()
    locked = {"AuthenticationEnabled": True, "RegisteredUsers": {"ada": "secret"}}
    with in_process(tmp_path / "one", locked) as one:
        run("import", "--config", tmp_path / "one" / "site.json", folder)
        mine = ("import", "--data", tmp_path / "storage")
        by_variable = run(*mine, "--user", "ada", one.url, PACSBERRY_PASSWORD="secret")
        in_url = run(*mine, one.url.replace("//", "//ada:secret@"))
        refused = run(*mine, one.url.replace("//", "//ada:guessed@"))

    assert "3 brought" in by_variable.output
    assert "3 were there already" in in_url.output
    assert refused.exit_code == 1
    assert "refuses everything" in refused.output
    assert "secret" not in by_variable.output + in_url.output + refused.output
    assert "guessed" not in refused.output


def test_upload_is_called_as_the_old_script_was(tmp_path: Path, folder: Path) -> None:
    locked = {"AuthenticationEnabled": True, "RegisteredUsers": {"ada": "secret"}}
    with in_process(tmp_path, locked) as house:
        result = run("upload", "127.0.0.1", house.http_port, folder, "ada", "secret")
        again = run("upload", "--user", "ada", "127.0.0.1", house.http_port, folder, PACSBERRY_PASSWORD="secret")
        wrong = run("upload", "127.0.0.1", house.http_port, folder, "ada", "wrong")

    assert "3 brought" in result.output
    assert "3 were there already" in again.output
    assert (result.exit_code, again.exit_code, wrong.exit_code) == (0, 0, 1)


def test_upload_checks_the_certificate_of_https(tmp_path: Path, folder: Path) -> None:
    key, certificate, both = tmp_path / "key.pem", tmp_path / "certificate.pem", tmp_path / "both.pem"
    make = "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=localhost"
    names = ["-addext", "subjectAltName=DNS:localhost", "-keyout", str(key), "-out", str(certificate)]
    subprocess.run([*make.split(), *names], check=True, capture_output=True)
    both.write_bytes(key.read_bytes() + certificate.read_bytes())
    with in_process(tmp_path, {"SslEnabled": True, "SslCertificate": str(both)}) as house:
        upload = ("upload", "--https", "localhost", house.http_port, folder)
        trusted, unknown = run(*upload, SSL_CERT_FILE=str(certificate)), run(*upload, SSL_CERT_FILE=os.devnull)

    assert (trusted.exit_code, unknown.exit_code) == (0, 1)
    assert "3 brought" in trusted.output
    assert "certificate verify failed" in unknown.output


def test_upload_packs_files_on_their_way(tmp_path: Path, folder: Path) -> None:
    large = make_instance("CT", instance=9, rows=1000, columns=1000)
    write_all(folder, {"large.dcm": large})
    with in_process(tmp_path, {"MaximumRequestBodySizeMB": 1}) as house:
        plain = run("upload", "127.0.0.1", house.http_port, folder)
        packed = run("upload", "--gzip", "127.0.0.1", house.http_port, folder)

        assert sorted(map(house.file, house.get("/instances"))) == sorted([*STUDY, large])
    assert "3 brought, 0 were there already, 1 refused" in plain.output
    assert "1 brought, 3 were there already" in packed.output


def test_upload_takes_several_sources(tmp_path: Path, folder: Path) -> None:
    (tmp_path / "a.zip").write_bytes(zipped({"a": make_instance("MR")}))
    (tmp_path / "b.dcm").write_bytes(make_instance("SR"))
    with in_process(tmp_path) as house:
        result = run("upload", "127.0.0.1", house.http_port, folder, tmp_path / "a.zip", tmp_path / "b.dcm")

        assert house.counts()[3] == 5
    assert result.exit_code == 0


def test_what_is_no_source_is_told_before_anything_happens(tmp_path: Path, folder: Path) -> None:
    nowhere = run("import", "--data", tmp_path / "storage", folder, tmp_path / "nowhere")
    device = run("import", "--data", tmp_path / "storage", "/dev/null")
    closed = run("upload", "127.0.0.1", 9, tmp_path / "nowhere")

    assert [result.exit_code for result in (nowhere, device, closed)] == [1, 1, 1]
    assert not (tmp_path / "storage").exists()


def test_a_full_storage_ends_the_import_with_the_reason(
    tmp_path: Path, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*args: object, **more: object) -> Spool:
        raise NoRoom("The card is full.")

    with application(tmp_path) as (running, house):
        monkeypatch.setattr(running.archive.files, "spool", full)
        result = run("import", "--config", tmp_path / "site.json", folder)

        assert house.counts()[3] == 0
    assert result.exit_code == 5
    assert "Not finished" in result.output
    assert "Run the same command again" in result.output


def test_read_only_is_told_once(tmp_path: Path, folder: Path) -> None:
    with in_process(tmp_path, {"ReadOnly": True}):
        result = run("import", "--config", tmp_path / "site.json", folder)

    assert result.exit_code == 1
    assert result.output.count("ReadOnly") == 1


def test_an_interrupted_import_goes_on(tmp_path: Path, folder: Path) -> None:
    write_all(folder, {f"sr{number}.dcm": make_instance("SR", instance=number) for number in range(400)})
    config = write_config(tmp_path, {})
    importing = [sys.executable, "-m", "pacsberry", "import", "--config", str(config), str(folder)]
    with subprocess.Popen(
        importing, cwd=tmp_path, env=environment(), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as process:
        until = time.monotonic() + 20
        files = tmp_path / "storage" / "files"
        while time.monotonic() < until and sum(1 for _ in files.rglob("*.dcm*")) < 20:
            time.sleep(0.01)
        process.send_signal(signal.SIGINT)
        output, _ = process.communicate(timeout=20)

    result = run("import", "--config", config, folder)

    assert process.returncode == 130, output
    assert "Not finished: interrupted." in output
    assert "Traceback" not in output
    assert result.exit_code == 0
    assert " 0 brought" not in result.output
    assert " 0 were there" not in result.output
    with in_process(tmp_path) as house:
        assert house.counts()[3] == 403
    assert os.listdir(tmp_path / "storage" / "spool") == []  # noqa: PTH208
