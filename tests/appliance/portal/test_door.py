"""The portal on real sockets: hostile and slow visitors, and many of them."""

import contextlib
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psutil
import pytest

from pacsberry_appliance.box import Settings
from pacsberry_appliance.making.everything import portal_facts
from pacsberry_appliance.portal import door as door_module
from pacsberry_appliance.portal.answering import Reply
from pacsberry_appliance.portal.door import Door
from pacsberry_appliance.portal.request import Request
from tests.conftest import ROOT

FACTS = portal_facts(Settings(wifi_name="Saal", wifi_password="zebra-horse"))


@contextlib.contextmanager
def opened(answer: Callable[[Request], Reply]) -> Iterator[int]:
    """A door on a free port; the port."""
    listening = socket.create_server(("127.0.0.1", 0))
    port = int(listening.getsockname()[1])
    door = Door(listening, answer)
    thread = threading.Thread(target=door.run, name="door")
    thread.start()
    try:
        yield port
    finally:
        door.close()
        thread.join(5)
        assert not thread.is_alive()


@pytest.fixture
def port() -> Iterator[int]:
    with opened(lambda request: Reply(200, f"{request.method} {request.host}{request.path}")) as number:
        yield number


def test_the_door_says_which_address_of_the_box_was_used() -> None:
    with opened(lambda request: Reply(200, f"{request.client} {request.own_address}")) as port:
        assert say(port, b"GET / HTTP/1.1\r\n\r\n").endswith(b"127.0.0.1 127.0.0.1")


def say(port: int, data: bytes, *, half_close: bool = False) -> bytes:
    with socket.create_connection(("127.0.0.1", port), timeout=5) as sock:
        sock.sendall(data)
        if half_close:
            sock.shutdown(socket.SHUT_WR)
        answer = b""
        while part := sock.recv(65536):
            answer += part
    return answer


def test_a_request_gets_its_answer_and_the_connection_ends(port: int) -> None:
    answer = say(port, b"GET /x HTTP/1.1\r\nHost: a.b\r\n\r\n")

    assert answer.startswith(
        b"HTTP/1.1 200 OK\r\nConnection: close\r\nCache-Control: no-store\r\nContent-Length: 9\r\n"
    )
    assert answer.endswith(b"\r\n\r\nGET a.b/x")


def test_a_head_request_gets_the_length_and_no_body(port: int) -> None:
    answer = say(port, b"HEAD /x HTTP/1.1\r\nHost: a.b\r\n\r\n")

    assert b"Content-Length: 10\r\n" in answer
    assert answer.endswith(b"\r\n\r\n")


def test_an_answer_without_content_says_no_length() -> None:
    with opened(lambda _: Reply(204)) as port:
        answer = say(port, b"GET / HTTP/1.1\r\nHost: a.b\r\n\r\n")

    assert b"Content-Length" not in answer
    assert b"Content-Type" not in answer


def test_a_request_may_come_byte_by_byte(port: int) -> None:
    with socket.create_connection(("127.0.0.1", port), timeout=5) as sock:
        for byte in b"GET /slow HTTP/1.1\r\nHost: a.b\r\n\r\n":
            sock.sendall(bytes((byte,)))
        assert b"GET a.b/slow" in sock.recv(65536)


def test_the_body_of_a_form_is_not_waited_for(port: int) -> None:
    answer = say(port, b"POST /welcome HTTP/1.1\r\nHost: a.b\r\nContent-Length: 9\r\n\r\n")

    assert b"POST a.b/welcome" in answer


def test_tls_on_the_wrong_port_is_refused_at_once(port: int) -> None:
    begin = time.monotonic()

    assert say(port, b"\x16\x03\x01\x00\x05hello\r\n\r\n").startswith(b"HTTP/1.1 400 ")
    assert time.monotonic() - begin < 2


def test_a_head_without_end_is_refused(port: int) -> None:
    assert say(port, b"GET / HTTP/1.1\r\n" + b"X: y\r\n" * 2000).startswith(b"HTTP/1.1 431 ")


def test_whoever_says_nothing_is_left_after_some_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(door_module, "_SECONDS", 0.2)
    with opened(lambda _: Reply(200)) as port, socket.create_connection(("127.0.0.1", port), timeout=5) as sock:
        sock.sendall(b"GET / HT")
        begin = time.monotonic()

        assert sock.recv(10) == b""
        assert time.monotonic() - begin < 2


def test_a_crowd_of_silent_visitors_keeps_nobody_out(port: int) -> None:
    with contextlib.ExitStack() as crowd:
        silent = [crowd.enter_context(socket.create_connection(("127.0.0.1", port), timeout=5)) for _ in range(300)]

        assert b"GET a.b/" in say(port, b"GET / HTTP/1.1\r\nHost: a.b\r\n\r\n")
        assert silent[0].recv(1) == b""  # who has been silent for longest makes room


def test_one_visitor_who_takes_every_place_keeps_nobody_else_out(port: int) -> None:
    with contextlib.ExitStack() as crowd:
        slow = crowd.enter_context(socket.create_connection(("127.0.0.1", port), 5, ("127.0.0.2", 0)))
        slow.sendall(b"GET /slow HTTP/1.1\r\n")
        for _ in range(300):
            crowd.enter_context(socket.create_connection(("127.0.0.1", port), timeout=5))
        say(port, b"GET / HTTP/1.1\r\n\r\n")
        slow.sendall(b"Host: a.b\r\n\r\n")

        assert b"GET a.b/slow" in slow.recv(65536)


def test_500_tablets_that_ask_at_once_all_get_their_answer(port: int) -> None:
    begin = time.monotonic()
    with ThreadPoolExecutor(50) as school:
        answers = list(school.map(lambda _: say(port, b"GET / HTTP/1.1\r\nHost: a.b\r\n\r\n"), range(500)))

    assert sum(b"GET a.b/" in answer for answer in answers) == 500
    assert time.monotonic() - begin < 10


def test_empty_lines_before_a_request_are_passed_over(port: int) -> None:
    assert b"GET a.b/late" in say(port, b"\r\n\r\nGET /late HTTP/1.1\r\nHost: a.b\r\n\r\n")


def test_a_visitor_who_is_gone_before_the_answer_harms_nobody(port: int) -> None:
    for _ in range(50):
        sock = socket.create_connection(("127.0.0.1", port), timeout=5)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        sock.sendall(b"GET / HTTP/1.1\r\nHost: a.b\r\n\r\n")
        sock.close()  # a reset

    assert b"GET a.b/" in say(port, b"GET / HTTP/1.1\r\nHost: a.b\r\n\r\n")


class TestProgram:
    @pytest.fixture
    def started(self, tmp_path: Path, free_port: int) -> Iterator[tuple[subprocess.Popen[bytes], int, Path, list[str]]]:
        facts = tmp_path / "portal.json"
        facts.write_text(FACTS.to_json())
        said: list[str] = []
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as systemd:
            systemd.bind(str(tmp_path / "notify"))
            systemd.settimeout(10)
            environment = os.environ | {
                "NOTIFY_SOCKET": str(tmp_path / "notify"),
                "WATCHDOG_USEC": "400000",
                "PYTHONPATH": str(ROOT / "appliance"),
            }
            words = ["-OO", "-m", "pacsberry_appliance.portal.main", "--facts", str(facts), "--port", str(free_port)]
            with subprocess.Popen([sys.executable, *words], env=environment, stderr=subprocess.PIPE) as program:
                said.append(systemd.recv(100).decode())
                said.append(systemd.recv(100).decode())
                said.append(systemd.recv(100).decode())
                yield program, free_port, facts, said
                program.terminate()
                program.wait(5)

    def test_it_tells_systemd_reads_its_facts_again_and_stops(
        self, started: tuple[subprocess.Popen[bytes], int, Path, list[str]]
    ) -> None:
        program, port, facts, said = started
        request = b"GET / HTTP/1.1\r\nHost: example.org\r\n\r\n"

        first = say(port, request)
        facts.write_text(FACTS.to_json().replace("pacsberry.internal", "salle.internal"))
        program.send_signal(signal.SIGHUP)
        time.sleep(0.3)
        second = say(port, request)
        facts.write_text("{")
        program.send_signal(signal.SIGHUP)
        time.sleep(0.3)
        third = say(port, request)
        program.terminate()

        assert said == ["READY=1", "WATCHDOG=1", "WATCHDOG=1"]
        assert b"Location: http://pacsberry.internal:8042/" in first
        assert b"Location: http://salle.internal:8042/" in second
        assert second == third
        assert program.wait(5) == 0

    def test_it_is_small_and_sleeps(self, started: tuple[subprocess.Popen[bytes], int, Path, list[str]]) -> None:
        program, port, _, _ = started
        say(port, b"GET /hotspot-detect.html HTTP/1.1\r\nHost: captive.apple.com\r\n\r\n")
        process = psutil.Process(program.pid)
        threads, memory, switches = (
            process.num_threads(),
            process.memory_info().rss,
            process.num_ctx_switches().voluntary,
        )
        time.sleep(1)

        assert threads == 1
        assert memory < 24 << 20
        assert process.num_ctx_switches().voluntary - switches < 20

    def test_without_its_facts_it_says_what_to_do(self, tmp_path: Path) -> None:
        done = subprocess.run(
            [sys.executable, "-m", "pacsberry_appliance.portal.main", "--facts", str(tmp_path / "none"), "--port", "0"],
            env=os.environ | {"PYTHONPATH": str(ROOT / "appliance")},
            capture_output=True,
            text=True,
            check=False,
        )

        assert done.returncode == 1
        assert "Run pacsberry-firstboot." in done.stderr
