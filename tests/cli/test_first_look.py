"""`pacsberry serve --demo`, the real one: a study is there, it ends cleanly, a taken port is told."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from http.client import HTTPConnection
from pathlib import Path

import pytest

from tests.conftest import ROOT


@contextmanager
def serving(folder: Path, *arguments: str) -> Iterator[tuple[subprocess.Popen[str], int]]:
    """A server with its data in a folder, and its HTTP port; it is killed when the test forgets it."""
    command = [sys.executable, "-m", "pacsberry", "serve", "--data", "data", "--dicom-port", "0", *arguments]
    environ = {name: text for name, text in os.environ.items() if not name.startswith(("ORTHANC_", "PACSBERRY_"))}
    with subprocess.Popen(
        command, cwd=folder, env=environ | {"PYTHONPATH": str(ROOT / "server")}, stderr=subprocess.PIPE, text=True
    ) as process:
        try:
            found = re.search(r"http://localhost:(\d+)/", _address_line(process))
            assert found is not None
            yield process, int(found[1])
        finally:
            process.kill()


def _address_line(process: subprocess.Popen[str]) -> str:
    assert process.stderr is not None
    for line in process.stderr:
        if "http://" in line:
            return line
    return ""


def ask(port: int, method: str, path: str) -> bytes:
    connection = HTTPConnection("127.0.0.1", port, timeout=10)
    with closing(connection):
        connection.request(method, path)
        answer = connection.getresponse()
        assert answer.status == 200
        return answer.read()


def instances(port: int) -> int:
    return int(json.loads(ask(port, "GET", "/statistics"))["CountInstances"])


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_the_demo_study_is_there_and_a_signal_ends_the_server_cleanly(tmp_path: Path, number: signal.Signals) -> None:
    with serving(tmp_path, "--demo", "--http-port", "0") as (process, port):
        assert instances(port) == 13

        process.send_signal(number)

        assert process.wait(20) == 0


def test_the_demo_study_is_put_into_an_empty_archive_only(tmp_path: Path) -> None:
    with serving(tmp_path, "--demo", "--http-port", "0") as (_, port):
        ids = json.loads(ask(port, "GET", "/instances"))
        ask(port, "DELETE", f"/instances/{ids[0]}")

    with serving(tmp_path, "--demo", "--http-port", "0") as (_, port):
        assert instances(port) == 12


@pytest.mark.parametrize("option", ["--http-port", "--dicom-port"])
def test_a_port_that_is_taken_ends_the_start_with_its_code(tmp_path: Path, free_port: int, option: str) -> None:
    with socket.create_server(("", free_port)):
        ran = subprocess.run(
            [sys.executable, "-m", "pacsberry", "serve", "--http-port=0", "--dicom-port=0", option, str(free_port)],
            cwd=tmp_path,
            env={**os.environ, "PYTHONPATH": str(ROOT / "server")},
            capture_output=True,
            text=True,
            timeout=30,
            check=False,
        )

    assert ran.returncode == 4
    assert str(free_port) in ran.stderr
    assert "Traceback" not in ran.stderr


def test_with_people_the_first_account_is_made_with_the_code_that_the_start_tells(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "pacsberry", "serve", "--people", "--demo", "--data", "data", "--dicom-port", "0"]
    environ = os.environ | {"PYTHONPATH": str(ROOT / "server")}
    with subprocess.Popen(
        [*command, "--http-port", "0"], cwd=tmp_path, env=environ, stderr=subprocess.PIPE, text=True
    ) as process:
        try:
            told = code = port = ""
            while not port:
                assert process.stderr is not None
                told += (line := process.stderr.readline())
                assert line, told
                code = code or "".join(re.findall(r"set-up code: (\S+)", line))
                port = "".join(re.findall(r"http://localhost:(\d+)/", line))

            assert "Nobody can log in" not in told
            (shown,) = json.loads(ask(int(port), "GET", "/pacsberry/studies"))["Studies"]
            assert "Patient" not in shown
            with closing(HTTPConnection("127.0.0.1", int(port), timeout=10)) as connection:
                body = json.dumps({"Code": code, "Name": "anna", "Password": "a long password"})
                connection.request("POST", "/pacsberry/set-up", body, {"X-Pacsberry": "page"})
                assert json.loads(connection.getresponse().read())["Role"] == "admin"
                connection.request("GET", "/instances")
                assert connection.getresponse().status == 401
            assert (tmp_path / "data" / "users.json").stat().st_mode & 0o077 == 0
        finally:
            process.kill()
