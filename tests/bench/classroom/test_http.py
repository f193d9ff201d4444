"""The client of a pupil, against a server that answers as servers do."""

import asyncio
import zlib
from collections.abc import Awaitable, Callable

import pytest

from tests.bench.classroom.http import CONNECTIONS, Browser
from tests.bench.failures import BenchFailure

_OK = b"HTTP/1.1 200 OK\r\n"


def _answers(*answers: bytes, closes: bool = False) -> Callable[[Callable[[Browser], Awaitable[None]]], list[int]]:
    """Runs something with a browser of a server that gives these answers to every connection; requests of each."""

    def run(act: Callable[[Browser], Awaitable[None]]) -> list[int]:
        served: list[int] = []

        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            number = len(served)
            served.append(0)
            for answer in answers:
                if not await reader.read(65536):
                    break
                served[number] += 1
                writer.write(answer)
                await writer.drain()
            if closes:
                writer.close()
            else:
                await reader.read()
                writer.close()

        async def lesson() -> None:
            server = await asyncio.start_server(serve, "127.0.0.1", 0)
            browser = Browser("127.0.0.1", server.sockets[0].getsockname()[1], "127.0.0.1")
            try:
                await act(browser)
            finally:
                browser.close()
                server.close()
                await asyncio.sleep(0.01)

        asyncio.run(lesson())
        return served

    return run


def test_a_connection_is_kept_and_what_it_carries_is_counted() -> None:
    whole = _OK + b"Content-Length: 5\r\n\r\nfirst"
    pieces = _OK + b"Transfer-Encoding: chunked\r\n\r\n3\r\nsec\r\n3\r\nond\r\n0\r\n\r\n"
    packed = zlib.compress(b"third" * 100, wbits=31)
    gzip = _OK + f"Content-Encoding: gzip\r\nContent-Length: {len(packed)}\r\n\r\n".encode() + packed

    async def act(browser: Browser) -> None:
        bodies = [(await browser.get("/")).body for _ in range(3)]

        assert bodies == [b"first", b"second", b"third" * 100]
        assert browser.carried_bytes == len(whole) + len(pieces) - len("3\r\n\r\n3\r\n\r\n0\r\n\r\n") + len(gzip)
        assert browser.opened == 1

    assert _answers(whole, pieces, gzip)(act) == [3]


def test_another_connection_is_opened_when_the_server_has_closed_one_that_stood_idle() -> None:
    async def act(browser: Browser) -> None:
        assert (await browser.get("/")).body == b"x"
        await asyncio.sleep(0.05)
        assert (await browser.get("/")).body == b"x"
        assert browser.opened == 2

    assert _answers(_OK + b"Content-Length: 1\r\n\r\nx", closes=True)(act) == [1, 1]


def test_no_more_connections_are_opened_than_a_browser_opens() -> None:
    async def act(browser: Browser) -> None:
        await asyncio.gather(*(browser.get("/") for _ in range(CONNECTIONS * 3)))
        assert browser.opened == CONNECTIONS

    assert sum(_answers(*[_OK + b"Content-Length: 1\r\n\r\nx"] * 3)(act)) == CONNECTIONS * 3


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        (b"HTTP/1.1 503 Busy\r\nContent-Length: 5\r\n\r\nwait!", "503: wait!"),
        (_OK + b"Content-Length: 50\r\n\r\nshort", "5 bytes"),
        (b"HTTP/1.1 200", "broke in a head"),
        (b"", "without an answer"),
    ],
)
def test_what_is_no_whole_answer_is_a_failure(answer: bytes, told: str) -> None:
    async def act(browser: Browser) -> None:
        with pytest.raises(BenchFailure, match=told):
            await browser.get("/")

    _answers(answer, closes=True)(act)


def test_pieces_are_handed_on_as_they_come_and_not_kept() -> None:
    async def act(browser: Browser) -> None:
        taken: list[bytes] = []
        answer = await browser.get("/", take=taken.append)

        assert b"".join(taken) == b"abcdef"
        assert answer.body == b""

    _answers(_OK + b"\r\nabcdef", closes=True)(act)
