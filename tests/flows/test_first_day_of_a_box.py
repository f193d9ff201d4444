"""A card is switched on for the first time; what the result file says lets one person in, and nothing else does.

The program of the first boot with the commands of the system, and the server as its unit starts it on a box.
"""

import base64
import http.client
import json
import os
import re
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from pacsberry_appliance.firstboot.main import main
from tests.appliance.boxes import Box

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="only root may change accounts")
GUESSES = [
    ("admin", "admin"), ("admin", ""), ("admin", "pacsberry"), ("admin", "orthanc"), ("admin", "password"),
    ("pacsberry", "pacsberry"), ("orthanc", "orthanc"), ("alice", "alicePassword"), ("pacsadmin", "pacsadmin"),
]  # fmt: skip


@pytest.fixture
def box(tmp_path: Path) -> Box:
    """A card as it comes out of the image."""
    made = Box(tmp_path / "card")
    root = made.places.root
    (root / "etc/pacsberry").mkdir()
    (root / "etc/pacsberry/appliance.json").write_text('{"server_user": "www-data", "server_group": "www-data"}')
    (root / "etc/passwd").write_text("root:x:0:0::/:/bin/sh\npacsadmin:x:1000:1000::/:/bin/sh\n")
    (root / "etc/login.defs").touch()
    return made


def first_boot(box: Box) -> None:
    assert main(["--root", str(box.places.root)]) == 0


@contextmanager
def served(box: Box, tmp_path: Path) -> Iterator[tuple[int, Path]]:
    """The server as its unit starts it, on a port of its own; the port, and what it said."""
    with socket.create_server(("127.0.0.1", 0)) as one, socket.create_server(("127.0.0.1", 0)) as two:
        ports = {"HttpPort": one.getsockname()[1], "DicomPort": two.getsockname()[1]}
    role = tmp_path / "server"
    role.mkdir(exist_ok=True)
    settings = {"StorageDirectory": str(tmp_path / "studies"), "RemoteAccessAllowed": True, "RegisteredUsers": {}}
    (role / "10-server.json").write_text(json.dumps(settings))
    (tmp_path / "ports.json").write_text(json.dumps(ports))
    files = [role, box.places.run / "server.json", tmp_path / "ports.json"]
    log = tmp_path / "log"
    with log.open("wb") as said:
        process = subprocess.Popen(
            [Path(sys.executable).parent / "pacsberry", "serve", "--layered", "--logs-no-thread", *files],
            stdout=said,
            stderr=said,
        )
        try:
            end = time.monotonic() + 60
            while True:
                try:
                    ask(ports["HttpPort"], "GET", "/pacsberry/session")
                    break
                except OSError:
                    assert process.poll() is None, log.read_text()
                    assert time.monotonic() < end, log.read_text()
                    time.sleep(0.1)
            yield ports["HttpPort"], log
        finally:
            process.terminate()
            process.wait(60)


def ask(
    port: int, method: str, path: str, content: object = None, basic: tuple[str, str] | None = None
) -> tuple[int, object]:
    """Status and JSON of an answer, as a page of the server asks."""
    headers = {"X-Pacsberry": "1", "Content-Type": "application/json"}
    if basic is not None:
        headers["Authorization"] = "Basic " + base64.b64encode(":".join(basic).encode()).decode()
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    try:
        connection.request(method, path, json.dumps(content) if content is not None else None, headers)
        answer = connection.getresponse()
        raw = answer.read()
        return answer.status, json.loads(raw) if raw.startswith((b"{", b"[")) else raw
    finally:
        connection.close()


def signs_in(port: int, name: str, password: str) -> bool:
    status, told = ask(port, "POST", "/pacsberry/session", {"Name": name, "Password": password})
    assert status in (200, 401, 429), told
    return status == 200


def password_in(result: str) -> str:
    found = re.findall(r"(?m)^Password: (\S+)", result)  # the Wi-Fi's is indented
    assert len(found) == 1, result
    return str(found[0])


def test_a_card_that_nobody_has_written_to_lets_in_whom_its_result_file_tells_and_nobody_else(
    box: Box, tmp_path: Path
) -> None:
    first_boot(box)
    password = password_in(box.result)

    with served(box, tmp_path) as (port, log):
        status, session = ask(port, "GET", "/pacsberry/session")
        guessed = [guess for guess in GUESSES if ask(port, "GET", "/system", basic=guess)[0] == 200]
        found = {path: ask(port, "GET", path)[0] for path in ("/studies", "/patients", "/pacsberry/people", "/system")}
        is_in = signs_in(port, "admin", password)

    assert isinstance(session, dict)
    assert (status, session["User"], session["NeedsSetUp"], session["AsksForPasswords"]) == (200, "", False, True)
    assert guessed == []
    assert 200 not in found.values(), found
    assert is_in
    assert "set-up code" not in log.read_text()  # there is an account: the sign-in page asks for no code
    assert "can be read by others" not in log.read_text()
    assert password not in log.read_text()
    assert password not in (box.places.run / "server.json").read_text() + box.places.users.read_text()


def test_the_password_of_pacsberry_txt_is_the_one_of_the_page_and_a_later_one_replaces_it(
    box: Box, tmp_path: Path
) -> None:
    box.write("admin password = zebra-horse-7\n")
    first_boot(box)
    with served(box, tmp_path) as (port, _):
        assert signs_in(port, "admin", "zebra-horse-7")
    assert "zebra-horse-7" not in box.read() + box.result

    box.write("admin password = forgotten-no-more\n")
    first_boot(box)

    with served(box, tmp_path) as (port, _):
        assert signs_in(port, "admin", "forgotten-no-more")
        assert not signs_in(port, "admin", "zebra-horse-7")


def test_who_has_the_card_is_the_admin_again_though_somebody_made_a_teacher_of_him(box: Box, tmp_path: Path) -> None:
    box.write("admin password = zebra-horse-7\n")
    first_boot(box)
    users = json.loads(box.places.users.read_text())
    box.places.users.write_text(json.dumps({**users, "Pacsberry": {"UserRoles": {"admin": "teacher"}}}))

    box.write("admin password = forgotten-no-more\n")
    first_boot(box)

    with served(box, tmp_path) as (port, _):
        _, told = ask(port, "POST", "/pacsberry/session", {"Name": "admin", "Password": "forgotten-no-more"})
    assert isinstance(told, dict)
    assert told["Role"] == "admin"


def test_two_boxes_of_one_image_share_no_password(tmp_path: Path) -> None:
    results = []
    for name in ("one", "two"):
        made = Box(tmp_path / name)
        (made.places.root / "etc/passwd").write_text("root:x:0:0::/:/bin/sh\npacsadmin:x:1000:1000::/:/bin/sh\n")
        (made.places.root / "etc/login.defs").touch()
        first_boot(made)
        results.append(made)
    secrets = [set(re.findall(r"assword: (\S+)", made.result)) for made in results]

    assert [len(one) for one in secrets] == [2, 2]
    assert secrets[0] & secrets[1] == set()
