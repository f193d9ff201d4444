"""Peers that break the rules: they get an abort with the right reason, and nobody else notices."""

import socket
import struct
import threading
from collections.abc import Iterator

import pytest

from tests.dimse.aids import Door, open_descriptors, wait_until
from tests.dimse.raw_peer import (
    ABORT,
    ASSOCIATE_RJ,
    CONTEXTS,
    CT,
    IMPLICIT,
    RELEASE_RQ,
    RawPeer,
    associate_rq,
    cancel_rq,
    command,
    echo_rq,
    element,
    find_rq,
    item,
    pdu,
    pdv,
    store_rq,
)

USER, PROVIDER = 0, 2  # who aborts
UNRECOGNIZED, UNEXPECTED, INVALID = 1, 2, 6  # the provider's reasons


@pytest.fixture(autouse=True)
def _nothing_is_left(door: Door) -> Iterator[None]:
    """After each test of this file: no association, descriptor or spool file is left, and the door still works."""
    with RawPeer(door.port) as first:
        first.associate()
        first.release()
    wait_until(lambda: door.server.associations == 0)
    before = open_descriptors()
    yield
    with RawPeer(door.port) as other:
        other.associate()
        other.echo()
        other.release()
    wait_until(lambda: door.server.associations == 0)
    assert door.spooled == []
    assert open_descriptors() <= before


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        (b"GET / HTTP/1.1\r\nHost: pacs\r\n\r\n", UNRECOGNIZED),
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03", UNRECOGNIZED),  # TLS where there is none
        (bytes(6), UNRECOGNIZED),
        (struct.pack(">BxL", 1, 0xFFFFFFFF), INVALID),
        (struct.pack(">BxL", 1, 256 * 1024 + 1), INVALID),
        (struct.pack(">BxL", 4, 1 << 31), INVALID),
        (pdu(1, b""), INVALID),
        (pdu(1, bytes(20)), INVALID),
        (pdu(1, b"\0\1\0\0" + b" " * 16 + b"RAW".ljust(16) + bytes(32)), INVALID),  # calls nobody
        (pdu(1, b"\0\1\0\0" + b"\xff" * 16 + b"RAW".ljust(16) + bytes(32)), INVALID),
        (associate_rq()[:-4] + item(0x99, b"what"), INVALID),
        (pdu(4, pdv(1, 3, echo_rq())), UNEXPECTED),
    ],
)
def test_what_is_no_association_request_is_aborted(door: Door, said: bytes, reason: int) -> None:
    with RawPeer(door.port) as peer:
        peer.send(said)

        assert peer.read_abort() == (PROVIDER, reason)


@pytest.mark.parametrize("said", [RELEASE_RQ, pdu(2, bytes(70)), pdu(3, bytes(4)), pdu(6, bytes(4))])
def test_other_pdus_before_the_request_are_aborted(door: Door, said: bytes) -> None:
    with RawPeer(door.port) as peer:
        peer.send(said)

        assert peer.read()[0] == ABORT


def test_an_abort_before_the_request_closes_the_connection(door: Door) -> None:
    with RawPeer(door.port) as peer:
        peer.send(pdu(7, bytes(4)))

        assert peer.read() == (0, b"")


@pytest.mark.parametrize(
    ("request_bytes", "result", "source", "reason"),
    [
        (associate_rq(application_context="1.2.3"), 1, 1, 2),
        (associate_rq(protocol_version=2), 1, 2, 2),
        (associate_rq(maximum_length=64), 1, 1, 1),
    ],
)
def test_a_request_we_cannot_serve_is_rejected_with_the_reason(
    door: Door, request_bytes: bytes, result: int, source: int, reason: int
) -> None:
    with RawPeer(door.port) as peer:
        peer.send(request_bytes)

        kind, body = peer.read()
        assert kind == ASSOCIATE_RJ
        assert tuple(body[1:]) == (result, source, reason)
        assert peer.read() == (0, b"")


@pytest.mark.parametrize(
    "broken",
    [
        associate_rq(extra=item(0x51, b"\0")),
        associate_rq(extra=item(0x54, b"\xff\xff1.2")),
        associate_rq(extra=item(0x58, b"\x09\x01\xff\xff")),
        associate_rq(contexts=[(2, "1.2.840.10008.1.1", ("1.2.840.10008.1.2",))]),  # even id
        associate_rq(contexts=[(1, "1" * 70, ("1.2.840.10008.1.2",))]),
        associate_rq(contexts=[(1, "é", ("1.2.840.10008.1.2",))]),
        associate_rq(calling=b"A\\B"),
        associate_rq(calling=b"\x01"),
    ],
)
def test_a_request_with_impossible_values_is_aborted(door: Door, broken: bytes) -> None:
    with RawPeer(door.port) as peer:
        peer.send(broken)

        assert peer.read_abort() == (PROVIDER, INVALID)


@pytest.mark.parametrize("uid", ["1.2.03", "1..2", "CT"])
def test_a_context_for_something_that_is_no_uid_is_refused_and_the_others_are_not(door: Door, uid: str) -> None:
    with RawPeer(door.port) as peer:
        peer.associate(associate_rq(contexts=[(3, uid, (uid,)), *CONTEXTS[:1]]))
        peer.echo()
        peer.release()


@pytest.mark.parametrize("context", [(3, CT, ()), (3, CT, ("",)), (3, "", (IMPLICIT,)), (3, "", ())])
def test_a_context_that_names_nothing_is_refused_and_the_others_are_not(
    door: Door, context: tuple[int, str, tuple[str, ...]]
) -> None:
    with RawPeer(door.port) as peer:
        peer.associate(associate_rq(contexts=[context, *CONTEXTS[:1]]))
        peer.echo()
        peer.release()


@pytest.mark.parametrize("seed", range(40))
def test_a_request_with_one_byte_changed_is_answered_somehow(door: Door, seed: int) -> None:
    request = bytearray(associate_rq())
    place = 6 + seed * (len(request) - 6) // 40
    request[place] ^= 1 << seed % 8

    with RawPeer(door.port) as peer:
        peer.send(bytes(request))

        assert peer.read()[0] in (2, 3, 7, 0)


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        (bytes((9, 0, 0, 0, 0, 0)), UNRECOGNIZED),
        (struct.pack(">BxL", 4, 131073), INVALID),
        (struct.pack(">BxL", 4, 0xFFFFFFFF), INVALID),
        (struct.pack(">BxL", 7, 0x7FFFFFFF), INVALID),
        (pdu(4, b""), INVALID),
        (pdu(4, b"\0\0\0"), INVALID),
        (pdu(4, struct.pack(">LBB", 0xFFFFFFFF, 1, 3) + b"x" * 10), INVALID),
        (pdu(4, struct.pack(">LBB", 1, 1, 3)), INVALID),
        (pdu(4, pdv(99, 3, echo_rq())), INVALID),  # a context nobody agreed on
        (associate_rq(), UNEXPECTED),
        (pdu(2, bytes(70)), UNEXPECTED),
        (pdu(3, bytes(4)), UNEXPECTED),
        (pdu(6, bytes(4)), UNEXPECTED),
    ],
)
def test_a_malformed_pdu_aborts_the_association(door: Door, said: bytes, reason: int) -> None:
    with RawPeer(door.port) as peer:
        peer.associate()
        peer.send(said)

        assert peer.read_abort() == (PROVIDER, reason)


@pytest.mark.parametrize(
    "said",
    [
        pdv(1, 2, echo_rq()),  # a data set, whatever it looks like, before its command
        pdv(3, 3, store_rq()) + pdv(3, 3, store_rq()),  # a command where its data set was due
        pdv(3, 3, store_rq()) + pdv(1, 2, b"data set in another context"),
        pdv(1, 1, echo_rq()[:20]) + pdv(3, 3, echo_rq()[20:]),
        pdv(1, 3, b"no command set"),
        pdv(1, 3, struct.pack("<HHL", 0, 0x0100, 0xFFFFFFF0) + b"\x30\0"),
        pdv(1, 3, command({0x0100: 0x8030, 0x0120: 1, 0x0800: 0x0101, 0x0900: 0})),  # an answer to nothing
    ],
)
def test_messages_that_make_no_sense_abort_the_association(door: Door, said: bytes) -> None:
    with RawPeer(door.port) as peer:
        peer.associate()
        peer.send(pdu(4, said))

        assert peer.read_abort() == (USER, 0)


def test_the_reason_arrives_although_the_peer_is_still_talking(door: Door) -> None:
    with RawPeer(door.port) as peer:
        peer.associate()
        peer.send(bytes((9, 0, 0, 0, 0, 0)), bytes(1_000_000))

        assert peer.read_abort() == (PROVIDER, UNRECOGNIZED)


def test_a_command_that_never_ends_aborts_the_association(door: Door) -> None:
    with RawPeer(door.port) as peer:
        peer.associate()
        for _ in range(20):
            peer.send_pdata(pdv(1, 1, element(0x0002, "1" * 1000)))

        assert peer.read_abort() == (USER, 0)


def test_a_command_of_empty_pieces_that_never_ends_aborts_the_association(door: Door) -> None:
    with RawPeer(door.port) as peer:
        peer.associate()
        peer.send_pdata(*[pdv(1, 1, b"")] * 5000)

        assert peer.read_abort() == (USER, 0)


def test_an_identifier_that_never_ends_aborts_the_association(door: Door) -> None:
    with RawPeer(door.port) as peer:
        peer.associate()
        peer.send_pdata(pdv(5, 3, find_rq()))
        for _ in range(70):
            peer.send_pdata(pdv(5, 0, bytes(16000)))

        assert peer.read_abort() == (USER, 0)


def test_a_service_that_is_not_offered_is_answered_so_and_the_association_goes_on(door: Door) -> None:
    n_create = command({0x0002: "1.2.840.10008.3.1.2.3.3", 0x0100: 0x0140, 0x0110: 7, 0x0800: 1})
    with RawPeer(door.port) as peer:
        peer.associate()
        peer.send_pdata(pdv(1, 3, n_create), pdv(1, 2, b"its attributes"))

        answer = peer.read_command()
        assert struct.unpack("<H", answer[0x0900]) == (0x0211,)
        assert struct.unpack("<H", answer[0x0120]) == (7,)
        peer.echo()
        peer.release()


def test_a_service_in_the_context_of_another_is_answered_so(door: Door) -> None:
    with RawPeer(door.port) as peer:
        peer.associate()
        peer.send_pdata(pdv(3, 3, echo_rq()))

        assert peer.read_status() == 0x0122
        peer.release()


def test_a_late_cancel_is_ignored(door: Door) -> None:
    with RawPeer(door.port) as peer:
        peer.associate()
        peer.echo()
        peer.send_pdata(pdv(1, 3, cancel_rq()))

        peer.echo()
        peer.release()


def test_an_abort_in_the_middle_of_a_data_set_leaves_nothing(door: Door) -> None:
    with RawPeer(door.port) as peer:
        peer.associate()
        peer.send_pdata(pdv(3, 3, store_rq()))
        peer.send_pdata(pdv(3, 0, bytes(10000)))
        peer.send(pdu(7, bytes(4)))

        assert peer.read() == (0, b"")


def test_a_reset_in_the_middle_of_a_data_set_leaves_nothing(door: Door) -> None:
    with RawPeer(door.port) as peer:
        peer.associate()
        peer.send_pdata(pdv(3, 3, store_rq()))
        peer.send_pdata(pdv(3, 0, bytes(10000)))
        wait_until(lambda: door.spooled != [])
        peer.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def test_a_release_in_the_middle_of_a_data_set_leaves_nothing(door: Door) -> None:
    with RawPeer(door.port) as peer:
        peer.associate()
        peer.send_pdata(pdv(3, 3, store_rq()))
        peer.send_pdata(pdv(3, 0, bytes(10000)))

        peer.release()


@pytest.mark.parametrize("sent", [b"", b"\x04", struct.pack(">BxL", 4, 100), struct.pack(">BxL", 4, 9) + b"x"])
def test_a_peer_that_hangs_up_anywhere_leaves_nothing(door: Door, sent: bytes) -> None:
    with RawPeer(door.port) as peer:
        peer.associate()
        peer.send(sent)


def test_many_small_pieces_are_put_together(door: Door) -> None:
    request = echo_rq()
    stream = pdu(4, b"".join(pdv(1, 1, request[i : i + 1]) for i in range(len(request) - 1)) + pdv(1, 3, request[-1:]))
    with RawPeer(door.port) as peer:
        peer.associate()
        for byte in stream:
            peer.send(bytes((byte,)))

        assert peer.read_status() == 0
        peer.release()


def test_several_commands_in_one_packet_are_all_answered(door: Door) -> None:
    with RawPeer(door.port) as peer:
        peer.associate()
        peer.send(*[pdu(4, pdv(1, 3, echo_rq(n))) for n in range(1, 2000)], RELEASE_RQ)

        for n in range(1, 2000):
            assert struct.unpack("<H", peer.read_command()[0x0120]) == (n,)
        assert peer.read()[0] == 6


def test_hostile_peers_do_not_disturb_a_working_one(door: Door) -> None:
    stop = threading.Event()

    def disturb(said: bytes) -> None:
        while not stop.is_set():
            with RawPeer(door.port) as peer:
                peer.send(said)
                peer.read()

    said = [associate_rq() + pdu(4, b"\0" * 50), b"GET / HTTP/1.0\r\n\r\n", associate_rq()[:50]]
    hostile = [threading.Thread(target=disturb, args=(one,)) for one in said[:2]]
    for thread in hostile:
        thread.start()
    try:
        with RawPeer(door.port) as peer:
            peer.associate()
            for _ in range(200):
                peer.echo()
            peer.release()
    finally:
        stop.set()
        for thread in hostile:
            thread.join()
