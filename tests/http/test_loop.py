"""What the listening thread waits for, and whom it asks."""

import os
import socket
from collections.abc import Iterator
from contextlib import closing

import pytest
from waitress.wasyncore import dispatcher

from pacsberry.http.loop import Loop


class One(dispatcher):
    """A connection that counts what it is asked."""

    def __init__(self, sock: socket.socket, loop: Loop) -> None:
        self.asked = 0
        self.wants_to_read, self.wants_to_write = True, False
        self.seen: list[str] = []
        super().__init__(sock, map=loop)
        self.connected = True

    def readable(self) -> bool:
        self.asked += 1
        return self.wants_to_read

    def writable(self) -> bool:
        return self.wants_to_write

    def handle_read(self) -> None:
        self.seen.append(self.socket.recv(100).decode())

    def handle_write(self) -> None:
        self.seen.append("write")
        self.wants_to_write = False


_peers: list[socket.socket] = []


@pytest.fixture
def loop() -> Iterator[Loop]:
    with closing(Loop()) as made:
        yield made
    while _peers:
        _peers.pop().close()


def _pair(loop: Loop) -> tuple[One, socket.socket]:
    ours, theirs = socket.socketpair()
    _peers.append(theirs)
    return One(ours, loop), theirs


def test_only_those_that_something_happened_to_are_asked(loop: Loop) -> None:
    pairs = [_pair(loop) for _ in range(50)]
    loop.turn(0)
    before = [one.asked for one, _ in pairs]

    for number in range(10):
        pairs[7][1].sendall(b"%d" % number)
        loop.turn(1)

    assert pairs[7][0].seen == [str(number) for number in range(10)]
    assert [one.asked for one, _ in pairs if one is not pairs[7][0]] == before[:7] + before[8:]


def test_who_has_changed_its_mind_is_asked_when_somebody_says_so(loop: Loop) -> None:
    one, other = _pair(loop)
    one.wants_to_read = False
    loop.turn(0)
    other.sendall(b"x")
    loop.turn(0)
    assert one.seen == []

    one.wants_to_read = one.wants_to_write = True
    loop.look_again(one.socket.fileno())
    loop.turn(1)

    assert one.seen == ["x", "write"]


def test_everybody_is_asked_once_a_second(loop: Loop, monkeypatch: pytest.MonkeyPatch) -> None:
    one, _ = _pair(loop)
    loop.turn(0)
    before = one.asked
    loop.turn(0)
    assert one.asked == before

    monkeypatch.setattr("pacsberry.http.loop._ALL_SECONDS", -1.0)
    loop.turn(0)

    assert one.asked == before + 1


def test_the_next_connection_under_the_same_number_is_a_new_one(loop: Loop) -> None:
    one, other = _pair(loop)
    loop.turn(0)
    number = one.socket.fileno()
    one.close()
    other.close()
    assert len(loop) == 0

    ours, theirs = socket.socketpair()
    _peers.append(theirs)
    descriptor = ours.detach()
    if descriptor != number:
        os.dup2(descriptor, number)
        os.close(descriptor)
    again = One(socket.socket(fileno=number), loop)
    theirs.sendall(b"new")
    loop.turn(1)

    assert again.seen == ["new"]


def test_a_client_that_has_left_is_taken_away(loop: Loop) -> None:
    one, other = _pair(loop)
    one.wants_to_read, one.wants_to_write = False, True
    other.close()
    loop.turn(1)

    assert len(loop) == 0


def test_a_descriptor_that_was_closed_behind_its_back_costs_only_that_connection(loop: Loop) -> None:
    (broken, _), (sound, peer) = _pair(loop), _pair(loop)
    broken.socket.close()
    peer.sendall(b"x")
    loop.turn(1)

    assert sound.seen == ["x"]
    assert list(loop.values()) == [sound]
