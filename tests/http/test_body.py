"""Bodies go where they belong while they arrive, and what may not come in is refused at once."""

import errno
import json
import time
import zlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from pacsberry.archive import Spool
from pacsberry.http.settings import HttpSettings
from tests.http.live import Live, live_server, wait_until_spool_holds
from tests.http.raw import Wire, head, wire
from tests.http.routes import PATTERN, ROUTES

SMALL = 1000
LARGE = 300_000


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Live]:
    settings = HttpSettings(
        port=0, addresses=("127.0.0.1",), small_body_bytes=SMALL, largest_body_bytes=LARGE, timeout_seconds=5
    )
    with live_server(tmp_path, settings=settings, routes=ROUTES) as running:
        yield running


def chunked(*pieces: bytes) -> bytes:
    return b"".join(b"%x\r\n%s\r\n" % (len(piece), piece) for piece in pieces) + b"0\r\n\r\n"


def told(answer: bytes) -> str:
    return str(json.loads(answer.partition(b"\r\n\r\n")[2])["Details"])


def test_an_upload_goes_into_one_spool_file_that_the_handler_gets(server: Live) -> None:
    answer = server.post("/measure", PATTERN[:LARGE]).json

    assert answer == {"size": LARGE, "crc32": zlib.crc32(PATTERN[:LARGE]), "folder": "spool"}
    assert wait_until_spool_holds(server, 0) == []


def test_an_upload_lies_in_the_storage_folder_while_it_arrives(server: Live) -> None:
    with wire(server.port) as client:
        client.send(head("POST", "/measure", "Content-Length: 200000") + PATTERN[:120_000])
        files = wait_until_spool_holds(server, 1)
        for _ in range(200):
            if files[0].stat().st_size == 120_000:
                break
            time.sleep(0.01)

        assert files[0].read_bytes() == PATTERN[:120_000]


def test_a_client_that_breaks_off_leaves_no_file(server: Live) -> None:
    with wire(server.port) as client:
        client.send(head("POST", "/measure", "Content-Length: 200000") + PATTERN[:100_000])
        assert len(wait_until_spool_holds(server, 1)) == 1

    assert wait_until_spool_holds(server, 0) == []


def test_stopping_the_server_removes_bodies_on_their_way(tmp_path: Path) -> None:
    with live_server(tmp_path, routes=ROUTES) as server, wire(server.port) as client:
        client.send(head("POST", "/measure", "Content-Length: 200000") + PATTERN[:1000])
        assert len(wait_until_spool_holds(server, 1)) == 1

    assert list((tmp_path / "storage" / "spool").iterdir()) == []


def test_what_the_handler_keeps_stays(server: Live) -> None:
    name = server.post("/keep", PATTERN[:5000]).text

    assert server.archive.files.path(name).read_bytes() == PATTERN[:5000]


def test_a_chunked_upload_is_taken(server: Live) -> None:
    with wire(server.port) as client:
        client.send(head("POST", "/measure", "Transfer-Encoding: chunked") + chunked(b"abc", PATTERN[:70_000]))
        answer = client.receive_head() + client.receive().decode()

    assert "200 OK" in answer
    assert '"size" : 70003' in answer


def test_a_length_over_the_limit_is_refused_before_the_body_is_sent(server: Live) -> None:
    with wire(server.port) as client:
        client.send(head("POST", "/measure", f"Content-Length: {LARGE + 1}"))
        answer = client.receive_all()

    assert answer.startswith(b"HTTP/1.1 413 ")
    assert b"\r\nConnection: close\r\n" in answer
    assert "larger than" in told(answer)
    assert wait_until_spool_holds(server, 0) == []


def test_the_largest_allowed_length_is_taken(server: Live) -> None:
    assert server.post("/measure", bytes(LARGE)).status == 200


@pytest.mark.parametrize("length", [SMALL, SMALL + 1])
def test_other_routes_take_small_bodies_only(server: Live, length: int) -> None:
    answer = server.post("/echo", b"x" * length)

    assert answer.status == (200 if length <= SMALL else 413)


def test_a_chunked_upload_is_refused_as_soon_as_it_is_over_the_limit(server: Live) -> None:
    with wire(server.port) as client:
        client.send(head("POST", "/measure", "Transfer-Encoding: chunked"))
        for _ in range(5):
            client.send(b"%x\r\n%s\r\n" % (65536, bytes(65536)))
        answer = client.receive_all()

    assert answer.startswith(b"HTTP/1.1 413 ")
    assert wait_until_spool_holds(server, 0) == []


def test_a_refused_client_that_goes_on_sending_still_gets_the_answer(server: Live) -> None:
    with wire(server.port) as client:
        client.send(head("POST", "/measure", "Content-Length: 50000000"))
        client.send_as_long_as_it_takes(bytes(20_000_000))
        answer = client.receive_all()

    assert answer.startswith(b"HTTP/1.1 413 ")


def test_a_client_that_asks_first_is_told_to_go_on(server: Live) -> None:
    with wire(server.port) as client:
        client.send(head("POST", "/measure", "Content-Length: 5", "Expect: 100-continue"))
        assert "100 Continue" in client.receive_head()
        client.send(b"hello")

        assert "200 OK" in client.receive_head()


def test_a_client_that_asks_first_and_has_nothing_to_send_is_answered(server: Live) -> None:
    with wire(server.port, timeout=5) as client:
        client.send(head("GET", "/value", "Expect: 100-continue"))

        assert "200 OK" in client.receive_head()


def test_a_client_that_asks_first_is_refused_without_sending(server: Live) -> None:
    with wire(server.port) as client:
        client.send(head("POST", "/measure", f"Content-Length: {LARGE + 1}", "Expect: 100-continue"))
        answer = client.receive_all()

    assert answer.startswith(b"HTTP/1.1 413 ")


@pytest.mark.parametrize(
    "lines",
    [
        ("Content-Length: 5", "Content-Length: 6"),
        ("Content-Length: 5, 5",),
        ("Content-Length: -1",),
        ("Content-Length: +5",),
        ("Content-Length: 0x10",),
        ("Content-Length: 5 5",),
        ("Content-Length:\x0b5",),
        ("Transfer-Encoding: chunked\x0b", "Content-Length: 5"),
        ("Transfer-Encoding: gzip, chunked",),
        ("Transfer-Encoding: identity",),
        ("Bad Header: x", "Content-Length: 5"),
        ("Folded: x\r\n", "Content-Length 5"),
    ],
)
def test_forged_lengths_are_refused(server: Live, lines: tuple[str, ...]) -> None:
    with wire(server.port) as client:
        client.send(head("POST", "/measure", *lines) + b"hello")
        answer = client.receive_all()

    assert answer.startswith((b"HTTP/1.1 400 ", b"HTTP/1.0 400 ", b"HTTP/1.1 501 "))
    assert b"X-Content-Type-Options: nosniff" in answer
    assert b"waitress" not in answer
    assert wait_until_spool_holds(server, 0) == []


@pytest.mark.parametrize(
    "body", [b"zz\r\nhello\r\n", b"-5\r\nhello\r\n", b"5\r\nhelloX\r\n0\r\n\r\n", b"5;a=\x00\r\nhello\r\n0\r\n\r\n"]
)
def test_broken_chunks_are_refused_and_leave_nothing(server: Live, body: bytes) -> None:
    with wire(server.port) as client:
        client.send(head("POST", "/measure", "Transfer-Encoding: chunked") + body)
        answer = client.receive_all()

    assert answer.startswith(b"HTTP/1.1 400 ")
    assert wait_until_spool_holds(server, 0) == []


def test_bytes_beyond_the_length_are_another_request(server: Live) -> None:
    with wire(server.port) as client:
        client.send(
            head("POST", "/measure", "Content-Length: 5") + b"hello" + head("GET", "/echo", "Connection: close")
        )
        answers = client.receive_all()

    assert answers.count(b"200 OK") == 2
    assert answers.endswith(b"}")


def test_a_head_over_its_limit_is_refused(server: Live) -> None:
    with wire(server.port) as client:
        client.send_as_long_as_it_takes(head("GET", "/echo", "X: " + "x" * 200_000))
        answer = client.receive_all()

    assert b" 431 " in answer.split(b"\r\n")[0]


def test_a_full_card_is_told_and_nothing_stays(tmp_path: Path) -> None:
    with live_server(tmp_path, routes=ROUTES) as server:
        server.archive.files.room._reserve_bytes = 2**62  # as if so much had to stay free

        answer = server.post("/measure", b"hello")

        assert answer.status == 507
        assert json.loads(answer.body)["OrthancStatus"] == 19
        assert wait_until_spool_holds(server, 0) == []


def test_a_card_that_fails_is_told_without_detail(server: Live, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(spool: Spool, data: bytes) -> None:
        raise OSError(errno.EIO, "secret detail")

    monkeypatch.setattr(Spool, "write", fail)

    answer = server.post("/measure", b"hello")

    assert answer.status == 500
    assert b"secret" not in answer.body
    assert wait_until_spool_holds(server, 0) == []


def test_a_faked_method_decides_where_the_body_goes(server: Live) -> None:
    answer = server.put("/measure", bytes(SMALL * 2), {"X-HTTP-Method-Override": "POST"})

    assert answer.json["size"] == SMALL * 2


def test_slashes_around_the_path_make_no_difference_to_the_body(server: Live) -> None:
    assert server.post("//measure//", bytes(SMALL * 2)).json["size"] == SMALL * 2


def test_an_upload_without_a_body_is_told_so(server: Live) -> None:
    answer = server.post("/measure")

    assert answer.status == 400
    assert "body is empty" in json.loads(answer.body)["Details"]


def test_a_body_that_drips_is_dropped(tmp_path: Path) -> None:
    settings = HttpSettings(port=0, addresses=("127.0.0.1",), timeout_seconds=1)
    with live_server(tmp_path, settings=settings, routes=ROUTES) as server, wire(server.port) as client:
        client.send(head("POST", "/measure", "Content-Length: 100000"))

        assert drip(client, b"x") < 100

        assert wait_until_spool_holds(server, 0) == []


def test_a_head_that_drips_is_dropped(tmp_path: Path) -> None:
    settings = HttpSettings(port=0, addresses=("127.0.0.1",), timeout_seconds=1)
    with live_server(tmp_path, settings=settings, routes=ROUTES) as server, wire(server.port) as client:
        client.send(b"GET /echo HTTP/1.1\r\n")

        assert drip(client, b"X: x\r\n") < 100


def drip(client: Wire, data: bytes) -> int:
    """Send `data` ten times a second until the server hangs up; how often that was."""
    for count in range(100):
        try:
            client.send(data)
        except OSError:
            return count
        time.sleep(0.1)
    return 100
