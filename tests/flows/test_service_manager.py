"""systemd hears when the server is ready, that it lives, that it starts again and that it ends (sd_notify)."""

import os
import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from pacsberry.app.manager import ServiceManager, lasting_threads
from tests.flows.house import as_process


@pytest.fixture
def manager(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[socket.socket]:
    """What systemd would be: a socket the server writes to."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sock:
        sock.bind(str(tmp_path / "notify"))
        sock.settimeout(20)
        monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "notify"))
        yield sock


def heard(manager: socket.socket) -> list[str]:
    return manager.recv(4096).decode().split("\n")


def test_it_is_ready_when_both_doors_are_open_and_says_where(tmp_path: Path, manager: socket.socket) -> None:
    with as_process(tmp_path) as house:
        lines = heard(manager)

        assert lines[0] == "READY=1"
        assert lines[1] == f"STATUS=Web pages and REST API: {house.url.replace('127.0.0.1', 'localhost')}/; " + (
            f"DICOM: ORTHANC on port {house.dicom_port}"
        )
        assert house.terminate() == 0
        assert heard(manager)[0] == "STOPPING=1"


def test_it_lives_as_often_as_the_watchdog_wants_to_hear(
    tmp_path: Path, manager: socket.socket, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WATCHDOG_USEC", "400000")

    with as_process(tmp_path):
        assert heard(manager)[2] == "WATCHDOG_USEC=400000"
        assert [heard(manager), heard(manager)] == [["WATCHDOG=1"], ["WATCHDOG=1"]]


def test_it_asks_for_patience_before_it_starts_again(
    tmp_path: Path, manager: socket.socket, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WATCHDOG_USEC", "60000000")

    with as_process(tmp_path) as house:
        heard(manager)
        house.ask("POST", "/tools/reset")

        assert heard(manager) == ["STATUS=Starting again.", "WATCHDOG_USEC=1800000000"]
        ready = heard(manager)
        assert ready[0] == "READY=1"
        assert ready[2] == "WATCHDOG_USEC=60000000"


def test_a_watchdog_of_another_process_wants_to_hear_nothing() -> None:
    variables = {"NOTIFY_SOCKET": "/nowhere", "WATCHDOG_USEC": "2000000"}

    assert ServiceManager(variables | {"WATCHDOG_PID": str(os.getpid() + 1)}).beat_seconds is None
    assert ServiceManager(variables | {"WATCHDOG_PID": str(os.getpid())}).beat_seconds == 1
    assert ServiceManager({"WATCHDOG_USEC": "2000000"}).beat_seconds is None
    assert ServiceManager(variables | {"WATCHDOG_USEC": "soon"}).beat_seconds is None


def test_a_manager_that_is_not_there_or_does_not_listen_is_no_reason_to_end_or_to_wait(tmp_path: Path) -> None:
    ServiceManager({"NOTIFY_SOCKET": str(tmp_path / "gone")}).ready("all is well")
    ServiceManager({"NOTIFY_SOCKET": "@pacsberry-test-gone"}).ready("all is well")
    ServiceManager({}).ready("all is well")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as full:
        full.bind(str(tmp_path / "full"))
        silent = ServiceManager({"NOTIFY_SOCKET": str(tmp_path / "full")})
        for _ in range(2000):
            silent.alive()


def test_a_socket_of_the_abstract_kind_is_reached() -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sock:
        sock.bind(f"\0pacsberry-test-{os.getpid()}")
        sock.settimeout(5)
        ServiceManager({"NOTIFY_SOCKET": f"@pacsberry-test-{os.getpid()}"}).alive()

        assert heard(sock) == ["WATCHDOG=1"]


def test_a_lasting_thread_that_has_ended_is_missed() -> None:
    end = threading.Event()
    threads = [threading.Thread(target=end.wait, name=name) for name in ("index-writer", "association-1")]
    for thread in threads:
        thread.start()
    missing = lasting_threads()

    assert missing() == []
    end.set()
    for thread in threads:
        thread.join()
    assert missing() == ["index-writer"]
