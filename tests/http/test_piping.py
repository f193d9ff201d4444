"""Bodies that are taken in while they arrive: in order, one thread at a time, never more in memory than a little."""

import socket
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from pacsberry.errors import BadRequest, PacsberryError
from pacsberry.http.answers import Answer
from pacsberry.http.context import Context
from pacsberry.http.piping import Pipe, Share
from pacsberry.http.request import Request
from pacsberry.http.routing import Body, Route
from pacsberry.http.settings import HttpSettings
from tests.http.live import Live, live_server
from tests.http.raw import head, wire
from tests.http.test_tls import certificate as certificate
from tests.http.test_tls import settings as tls_settings
from tests.http.test_tls import trusting


@dataclass
class Recorder:
    """A consumer that remembers what it was given and can be held up."""

    gate: threading.Event = field(default_factory=threading.Event)
    failure: Exception | None = None
    taken: bytearray = field(default_factory=bytearray)
    closed: int = 0
    at_work: int = 0

    def take(self, data: bytes | bytearray) -> None:
        self.at_work += 1
        try:
            assert self.at_work == 1, "two threads at once"
            assert not self.closed
            self.gate.wait(20)
            if self.failure is not None:
                raise self.failure
            self.taken += data
        finally:
            self.at_work -= 1

    def close(self) -> None:
        assert not self.at_work
        self.closed += 1


@pytest.fixture
def recorder() -> Recorder:
    return Recorder()


@pytest.fixture
def server(tmp_path: Path, recorder: Recorder) -> Iterator[Live]:
    with live_server(tmp_path, routes=[_route(recorder)]) as running:
        yield running
        recorder.gate.set()


def _route(recorder: Recorder) -> Route:
    def begin(request: Request, context: Context) -> Recorder:
        assert request.header("X-Word") == "hello"
        return recorder

    def answer(request: Request, context: Context) -> Answer:
        return Answer.text(str(len(recorder.taken)) if request.consumer is recorder else "no body")

    return Route("POST", "/pipe", answer, Body.PIPE, consumer=begin)


def post(length: int | None) -> bytes:
    how = "Transfer-Encoding: chunked" if length is None else f"Content-Length: {length}"
    return head("POST", "/pipe", "X-Word: hello", how)


PATTERN = bytes(range(251)) * 40_000  # 10 MB


def test_a_body_comes_through_in_order(server: Live, recorder: Recorder) -> None:
    recorder.gate.set()

    assert server.post("/pipe", PATTERN, {"X-Word": "hello"}).text == str(len(PATTERN))
    assert recorder.taken == PATTERN
    assert recorder.closed == 1


def test_a_request_without_a_body_has_no_consumer(server: Live) -> None:
    assert server.post("/pipe", b"").text == "no body"


def test_the_client_is_held_back_while_the_consumer_is_busy_and_is_not_blamed_for_it(
    tmp_path: Path, recorder: Recorder
) -> None:
    settings = HttpSettings(port=0, addresses=("127.0.0.1",), timeout_seconds=1)
    with (
        live_server(tmp_path, settings=settings, routes=[_route(recorder)]) as server,
        wire(server.port) as client,
    ):
        client.option(1, 7, 65536)  # SOL_SOCKET, SO_SNDBUF: the rest of what is on its way is the server's
        client.send(post(len(PATTERN)))
        sender = threading.Thread(target=client.send, args=(PATTERN,))
        sender.start()
        time.sleep(2.5)  # more than twice the patience with clients that stand still

        assert sender.is_alive()
        assert server.post("/pipe", b"").text == "no body"  # others are served meanwhile
        recorder.gate.set()
        sender.join(20)
        assert client.receive_head().startswith("HTTP/1.1 200")
    assert recorder.taken == PATTERN


def test_the_client_is_held_back_over_https_too(tmp_path: Path, certificate: Path, recorder: Recorder) -> None:
    settings = replace(tls_settings(certificate), timeout_seconds=1)
    with (
        live_server(tmp_path, settings=settings, routes=[_route(recorder)]) as server,
        socket.create_connection(("127.0.0.1", server.port)) as plain,
        trusting().wrap_socket(plain) as client,
    ):
        client.sendall(post(len(PATTERN)))
        sender = threading.Thread(target=client.sendall, args=(PATTERN,))
        sender.start()
        time.sleep(2.5)
        assert sender.is_alive()
        recorder.gate.set()
        sender.join(20)

        assert client.recv(65536).startswith(b"HTTP/1.1 200")
    assert recorder.taken == PATTERN


def test_a_refusal_in_the_middle_reaches_the_client_at_once(server: Live, recorder: Recorder) -> None:
    recorder.failure = BadRequest("No more of that.")
    recorder.gate.set()
    with wire(server.port) as client:
        client.send(post(len(PATTERN)) + PATTERN[:100])
        time.sleep(0.2)
        client.send(PATTERN[100:200])

        assert client.receive_head().startswith("HTTP/1.1 400")
        assert b"No more of that." in client.receive_all()
    assert recorder.closed == 1


def test_a_refusal_of_the_last_bytes_reaches_the_client(server: Live, recorder: Recorder) -> None:
    recorder.failure = BadRequest("No more of that.")
    recorder.gate.set()

    assert server.post("/pipe", b"x", {"X-Word": "hello"}).status == 400


def test_an_error_nobody_foresaw_is_an_internal_one(server: Live, caplog: pytest.LogCaptureFixture) -> None:
    reply = server.post("/pipe", b"x", {"X-Word": "wrong"})

    assert reply.status == 500
    assert "wrong" not in reply.text
    assert "A body cannot be taken in" in caplog.text


def test_who_leaves_is_forgotten(server: Live, recorder: Recorder) -> None:
    recorder.gate.set()
    with wire(server.port) as client:
        client.send(post(None) + b"5\r\nhello\r\n")
        _wait(lambda: recorder.taken == b"hello")

    _wait(lambda: recorder.closed == 1)


def test_who_leaves_while_the_consumer_is_busy_is_forgotten_when_it_is_done(server: Live, recorder: Recorder) -> None:
    with wire(server.port) as client:
        client.send(post(None) + b"5\r\nhello\r\n")
        _wait(lambda: recorder.at_work == 1)
    time.sleep(0.2)
    assert not recorder.closed
    recorder.gate.set()

    _wait(lambda: recorder.closed == 1)


def _wait(is_so: Callable[[], bool]) -> None:
    for _ in range(500):
        if is_so():
            return
        time.sleep(0.01)
    raise AssertionError("It does not become so.")


class Workers:
    """Runs what is deferred when it is told to."""

    def __init__(self) -> None:
        self.tasks: list[Pipe] = []
        self.woken = 0

    def wake(self) -> None:
        self.woken += 1

    def run(self) -> None:
        self.tasks.pop(0).service()


def test_one_task_at_a_time_is_deferred_and_the_listener_woken_when_there_is_room() -> None:
    recorder, workers = Recorder(), Workers()
    recorder.gate.set()
    pipe = Pipe(lambda: recorder, workers.tasks.append, workers.wake, Share())

    pipe.append(b"one ")
    pipe.append(b"two")
    assert len(workers.tasks) == 1
    was_full = pipe.is_full
    pipe.append(b"x" * 300_000)
    assert (was_full, pipe.is_full) == (False, True)
    workers.run()

    assert not workers.tasks
    assert workers.woken == 1
    assert recorder.taken.startswith(b"one twox")
    assert len(pipe) == 300_007


def test_the_listener_is_woken_as_soon_as_there_is_room_however_long_the_consumer_takes() -> None:
    recorder, workers = Recorder(), Workers()
    pipe = Pipe(lambda: recorder, workers.tasks.append, workers.wake, Share())
    pipe.append(b"x" * 300_000)
    thread = threading.Thread(target=workers.run)
    thread.start()
    _wait(lambda: recorder.at_work == 1)

    assert workers.woken == 1
    assert not pipe.is_full
    recorder.gate.set()
    thread.join()


def test_nothing_is_taken_after_the_end() -> None:
    recorder, workers = Recorder(), Workers()
    recorder.gate.set()
    pipe = Pipe(lambda: recorder, workers.tasks.append, workers.wake, Share())
    pipe.append(b"one")
    pipe.close()
    workers.run()
    pipe.append(b"two")

    assert not recorder.taken
    with pytest.raises(PacsberryError):
        pipe.finished()


def test_many_bodies_share_what_one_may_hold() -> None:
    recorder, workers, share = Recorder(), Workers(), Share()
    one, *others = [Pipe(lambda: recorder, workers.tasks.append, workers.wake, share) for _ in range(400)]
    one.append(b"x" * 20_000)
    was_full = one.is_full
    for other in others:
        other.close()
        other.close()

    assert (was_full, one.is_full) == (True, False)
    one.append(b"x" * 120_000)
    assert one.is_full
