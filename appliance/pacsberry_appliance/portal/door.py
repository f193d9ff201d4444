"""The sockets of the portal: one thread, a bounded number of connections, each with a bounded time and head.

Written over `selectors` because it is all that is needed: a program that is there all day on a board with 512 MB
should not bring a web framework. Each connection gets one answer and is closed.
"""

import contextlib
import selectors
import signal
import socket
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from http import HTTPStatus

from pacsberry_appliance.portal.answering import Reply
from pacsberry_appliance.portal.request import LARGEST_HEAD, Request, parse

_MOST_CONNECTIONS = 128
_SECONDS = 10  # for a whole request and its answer
_LARGEST_SKIPPED_BODY = 4096
_ALLOWED = "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; frame-ancestors 'none'"


@dataclass(slots=True)
class _Visit:
    sock: socket.socket
    client: str
    own_address: str
    until: float
    head: bytearray = field(default_factory=bytearray)
    out: memoryview | None = None
    is_done: bool = False  # the answer is out; what still comes is read and forgotten, so that closing is no reset
    skipped: int = 0


class Door:
    """Listens, reads heads, writes answers. `run` is the loop; `beat` is called at least every `beat_seconds`."""

    def __init__(
        self,
        listening: socket.socket,
        answer: Callable[[Request], Reply],
        *,
        beat: Callable[[], None] = lambda: None,
        beat_seconds: float = 3600,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._listening = listening
        self._answer = answer
        self._beat, self._beat_seconds = beat, beat_seconds
        self._clock = clock
        self._selector = selectors.DefaultSelector()
        self._visits: dict[socket.socket, _Visit] = {}
        self._is_open = True
        listening.setblocking(False)
        self._selector.register(listening, selectors.EVENT_READ)
        self._woken, self._waking = socket.socketpair()
        self._woken.setblocking(False)
        self._waking.setblocking(False)
        self._selector.register(self._woken, selectors.EVENT_READ)

    def run(self) -> None:
        """Until `close`, which a signal handler may call."""
        next_beat = 0.0
        while self._is_open:
            now = self._clock()
            if now >= next_beat:
                self._beat()
                next_beat = now + self._beat_seconds
            first_end = min((visit.until for visit in self._visits.values()), default=next_beat)
            for key, events in self._selector.select(max(0.0, min(first_end, next_beat) - now)):
                if key.fileobj is self._listening:
                    self._accept()
                elif key.fileobj is self._woken:
                    self._woken.recv(64)
                elif isinstance(key.fileobj, socket.socket) and key.fileobj in self._visits:
                    self._serve(self._visits[key.fileobj], events)
            now = self._clock()
            for visit in [visit for visit in self._visits.values() if visit.until <= now]:
                self._leave(visit)
        for visit in list(self._visits.values()):
            self._leave(visit)
        self._selector.close()
        for sock in (self._listening, self._woken, self._waking):
            sock.close()

    def close(self) -> None:
        """End `run` soon; from a signal handler, or from another thread."""
        self._is_open = False
        with contextlib.suppress(OSError):
            self._waking.send(b"\0")

    def wake_by_signals(self) -> None:
        """Have every signal end the waiting of `run`, so that its handler takes effect. Main thread only."""
        signal.set_wakeup_fd(self._waking.fileno(), warn_on_full_buffer=False)

    def _accept(self) -> None:
        try:
            sock, address = self._listening.accept()
        except OSError:  # gone again, or no file handles: the next select tells
            return
        try:
            own_address = _plain(
                sock.getsockname()
            )  # behind a redirection of the firewall: the box, not what was meant
            sock.setblocking(False)
        except OSError:  # gone again
            sock.close()
            return
        if len(self._visits) >= _MOST_CONNECTIONS:
            self._make_room()
        self._visits[sock] = _Visit(sock, _plain(address), own_address, self._clock() + _SECONDS)
        self._selector.register(sock, selectors.EVENT_READ)

    def _make_room(self) -> None:
        """Leave somebody who has his answer; else the longest silent one of whoever holds the most connections."""
        served = [visit for visit in self._visits.values() if visit.is_done]
        if not served:
            held = Counter(visit.client for visit in self._visits.values())
            served = [visit for visit in self._visits.values() if held[visit.client] == max(held.values())]
        self._leave(min(served, key=lambda visit: visit.until))

    def _serve(self, visit: _Visit, events: int) -> None:
        try:
            if events & selectors.EVENT_WRITE and visit.out is not None:
                self._write(visit)
            elif events & selectors.EVENT_READ:
                self._read(visit)
        except (BlockingIOError, InterruptedError):
            return
        except OSError:
            self._leave(visit)

    def _read(self, visit: _Visit) -> None:
        data = visit.sock.recv(4096)
        if not data:
            self._leave(visit)
            return
        if visit.is_done:
            visit.skipped += len(data)
            if visit.skipped > _LARGEST_SKIPPED_BODY:
                self._leave(visit)
            return
        visit.head += data
        end = visit.head.find(b"\r\n\r\n", len(visit.head) - len(visit.head.lstrip(b"\r\n")))
        if end < 0 and len(visit.head) <= LARGEST_HEAD:
            return
        request = parse(bytes(visit.head[:end]), visit.client, visit.own_address) if 0 <= end <= LARGEST_HEAD else None
        reply = self._answer(request) if request is not None else Reply(400 if end >= 0 else 431)
        visit.out = memoryview(_bytes(reply, with_body=request is None or request.method != "HEAD"))
        self._selector.modify(visit.sock, selectors.EVENT_WRITE)
        self._write(visit)

    def _write(self, visit: _Visit) -> None:
        if visit.out is None:
            return
        sent = visit.sock.send(visit.out)
        visit.out = visit.out[sent:]
        if not visit.out:
            visit.out = None
            visit.is_done = True
            visit.sock.shutdown(socket.SHUT_WR)
            self._selector.modify(visit.sock, selectors.EVENT_READ)

    def _leave(self, visit: _Visit) -> None:
        self._visits.pop(visit.sock, None)
        self._selector.unregister(visit.sock)
        visit.sock.close()


def listen(port: int, host: str = "") -> socket.socket:
    """A listening socket for IPv6 and IPv4 at once, where there is IPv6."""
    if not host and socket.has_dualstack_ipv6():
        return socket.create_server(("", port), family=socket.AF_INET6, backlog=128, dualstack_ipv6=True)
    return socket.create_server((host, port), backlog=128)


def _plain(address: tuple[object, ...]) -> str:
    return str(address[0]).removeprefix("::ffff:").partition("%")[0]  # the part after a per cent sign is an interface


def _bytes(reply: Reply, *, with_body: bool) -> bytes:
    body = reply.body.encode()
    lines = [
        f"HTTP/1.1 {reply.status} {HTTPStatus(reply.status).phrase}",
        "Connection: close",
        "Cache-Control: no-store",
    ]
    if reply.status != 204:
        lines.append(f"Content-Length: {len(body)}")
    if body:
        lines.append(f"Content-Type: {reply.kind}; charset=utf-8")
    if reply.kind == "text/html":
        lines += [
            f"Content-Security-Policy: {_ALLOWED}",
            "X-Content-Type-Options: nosniff",
            "Referrer-Policy: no-referrer",
        ]
    lines += [f"{name}: {value}" for name, value in reply.headers]
    head = "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n"
    return head + body if with_body and reply.status != 204 else head
