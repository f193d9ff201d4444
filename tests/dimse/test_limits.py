"""Silent, slow and too many peers are bounded in time and number; stopping is bounded, too."""

import contextlib
import struct
import threading
import time
from collections.abc import Callable

import pytest

from pacsberry.dimse.rules import AccessRules, Service
from pacsberry.modality import Modality
from tests.dimse.aids import Door, open_descriptors, resident_kb, wait_until
from tests.dimse.raw_peer import (
    ABORT,
    ASSOCIATE_AC,
    ASSOCIATE_RJ,
    CT,
    EXPLICIT,
    RawPeer,
    associate_rq,
    echo_rq,
    pdu,
    pdv,
    store_rq,
)

OpenDoor = Callable[..., Door]
LOCAL_LIMIT_EXCEEDED = (2, 3, 2)


def test_a_connection_that_asks_for_nothing_is_closed(open_door: OpenDoor) -> None:
    door = open_door(artim_seconds=0.3)

    with RawPeer(door.port) as peer:
        assert peer.read() == (0, b"")

    wait_until(lambda: door.server.associations == 0)


def test_a_request_that_drips_in_is_aborted(open_door: OpenDoor) -> None:
    door = open_door(pdu_seconds=0.5)
    request = associate_rq()

    with RawPeer(door.port) as peer:
        with contextlib.suppress(OSError):
            for byte in request:
                peer.send(bytes((byte,)))
                time.sleep(0.05)
        assert peer.read()[0] == ABORT


def test_an_association_without_commands_is_aborted(open_door: OpenDoor) -> None:
    door = open_door(idle_seconds=0.3)

    with RawPeer(door.port) as peer:
        peer.associate()

        assert peer.read_abort() == (0, 0)


def test_an_association_with_commands_now_and_then_stays(open_door: OpenDoor) -> None:
    door = open_door(idle_seconds=0.6)

    with RawPeer(door.port) as peer:
        peer.associate()
        for _ in range(4):
            time.sleep(0.3)
            peer.echo()
        peer.release()


def test_without_an_idle_limit_associations_stay(open_door: OpenDoor) -> None:
    door = open_door(idle_seconds=0.0)

    with RawPeer(door.port) as peer:
        peer.associate()
        time.sleep(0.5)
        peer.echo()
        peer.release()


@pytest.mark.parametrize("sent", [b"\x04", struct.pack(">BxL", 4, 1000), struct.pack(">BxL", 4, 1000) + bytes(500)])
def test_a_peer_that_stops_in_the_middle_of_a_pdu_is_aborted(open_door: OpenDoor, sent: bytes) -> None:
    door = open_door(pdu_seconds=0.3)

    with RawPeer(door.port) as peer:
        peer.associate()
        peer.send(sent)

        assert peer.read_abort() == (2, 0)


def test_a_pdu_that_drips_in_is_aborted(open_door: OpenDoor) -> None:
    door = open_door(pdu_seconds=0.5)

    with RawPeer(door.port) as peer:
        peer.associate()
        with contextlib.suppress(OSError):
            peer.send(struct.pack(">BxL", 4, 100))
            for _ in range(100):
                peer.send(b"\0")
                time.sleep(0.05)
        assert peer.read()[0] == ABORT


def test_a_data_set_that_stops_coming_is_aborted_and_leaves_nothing(open_door: OpenDoor) -> None:
    door = open_door(idle_seconds=0.3)

    with RawPeer(door.port) as peer:
        peer.associate()
        peer.send_pdata(pdv(3, 3, store_rq()))
        peer.send_pdata(pdv(3, 0, bytes(1000)))

        assert peer.read_abort() == (0, 0)

    wait_until(lambda: door.spooled == [])


def test_a_peer_that_reads_nothing_is_let_go(open_door: OpenDoor) -> None:
    door = open_door(pdu_seconds=0.5)

    with RawPeer(door.port, seconds=1.0) as peer:
        peer.socket.setsockopt(1, 8, 4096)  # SO_RCVBUF
        peer.associate()
        many = pdu(4, pdv(1, 3, echo_rq())) * 2000
        with contextlib.suppress(OSError):
            for _ in range(100):
                peer.send(many)
        wait_until(lambda: door.server.associations == 0)


def test_two_hundred_peers_at_once_are_served_or_told_that_there_are_too_many(open_door: OpenDoor) -> None:
    door = open_door(maximum_associations=10)
    with RawPeer(door.port) as first:
        first.associate()
        first.echo()
        first.release()
    wait_until(lambda: door.server.associations == 0)
    threads, memory = threading.active_count(), resident_kb()
    outcomes: list[object] = []
    hold = threading.Event()

    def visit() -> None:
        with RawPeer(door.port, seconds=60) as peer:
            peer.send(associate_rq())
            kind, body = peer.read()
            outcomes.append(tuple(body[1:]) if kind == ASSOCIATE_RJ else kind)
            if kind == ASSOCIATE_AC:
                hold.wait(60)
                peer.echo()
                peer.release()

    visitors = [threading.Thread(target=visit) for _ in range(200)]
    for visitor in visitors:
        visitor.start()
    wait_until(lambda: len(outcomes) == 200, 60)
    assert threading.active_count() <= threads + 200 + 10
    hold.set()
    for visitor in visitors:
        visitor.join()

    assert outcomes.count(ASSOCIATE_AC) == 10
    assert outcomes.count(LOCAL_LIMIT_EXCEEDED) == 190
    assert resident_kb() - memory < 30_000  # most of it the test's own 200 threads
    wait_until(lambda: door.server.associations == 0)
    with RawPeer(door.port) as after:
        after.associate()
        after.echo()
        after.release()


def test_silent_connections_beyond_the_limit_do_not_pile_up(open_door: OpenDoor) -> None:
    door = open_door(maximum_associations=1)
    with RawPeer(door.port) as only:
        only.associate()
        before = open_descriptors()
        silent = [RawPeer(door.port) for _ in range(60)]
        time.sleep(0.5)
        ours = open_descriptors() - before - len(silent)
        only.echo()
        for peer in silent:
            peer.socket.close()
        only.release()

    assert ours <= 32


@pytest.mark.parametrize(
    ("said", "seconds"),
    [
        (b"", 4.0),
        (b"\x01\0\0", 4.0),
        (b"GET / HTTP/1.0\r\n\r\n", 1.0),
        (pdu(2, bytes(4)), 1.0),
        (struct.pack(">BxL", 1, 0xFFFFFFFF), 1.0),
    ],
)
def test_peers_beyond_the_limit_that_say_nonsense_are_dropped(open_door: OpenDoor, said: bytes, seconds: float) -> None:
    door = open_door(maximum_associations=1)
    with RawPeer(door.port) as only:
        only.associate()
        with RawPeer(door.port) as peer:
            peer.send(said)
            started = time.monotonic()
            with contextlib.suppress(ConnectionResetError):
                assert peer.read() == (0, b"")
            assert time.monotonic() - started < seconds
        only.echo()
        only.release()


def test_stopping_aborts_idle_associations_at_once(open_door: OpenDoor) -> None:
    door = open_door(stop_seconds=5.0)
    with RawPeer(door.port) as idle, RawPeer(door.port) as unassociated:
        idle.associate()
        started = time.monotonic()
        door.server.stop()

        assert time.monotonic() - started < 3
        assert idle.read_abort() == (0, 0)
        assert unassociated.read()[0] in (0, ABORT)


def test_stopping_gives_a_command_in_progress_its_time_and_then_aborts_it(open_door: OpenDoor) -> None:
    door = open_door(stop_seconds=0.5)
    with RawPeer(door.port) as busy:
        busy.associate()
        busy.send_pdata(pdv(3, 3, store_rq()))
        busy.send_pdata(pdv(3, 0, bytes(1000)))
        wait_until(lambda: door.spooled != [])
        started = time.monotonic()
        door.server.stop()

        assert 0.4 < time.monotonic() - started < 4
        assert busy.read_abort() == (0, 0)
    assert door.spooled == []


def test_a_stopped_door_refuses_connections(open_door: OpenDoor) -> None:
    door = open_door()
    port = door.port
    door.server.stop()

    with pytest.raises(ConnectionRefusedError):
        RawPeer(port)


def test_strangers_are_rejected_when_nothing_is_open_to_everybody(open_door: OpenDoor) -> None:
    door = open_door(access=AccessRules("PACS", always_allow=frozenset()))
    door.modalities["raw"] = Modality("raw", "KNOWN", "127.0.0.1", 104)

    with RawPeer(door.port) as peer:
        peer.send(associate_rq())
        kind, body = peer.read()
        assert (kind, tuple(body[1:])) == (ASSOCIATE_RJ, (1, 1, 3))
    with RawPeer(door.port) as peer:
        peer.associate(associate_rq(calling=b"known"))
        peer.echo()
        peer.release()


def test_another_called_title_is_rejected_when_it_is_checked(open_door: OpenDoor) -> None:
    door = open_door(access=AccessRules("PACS", check_called_aet=True))

    with RawPeer(door.port) as peer:
        peer.send(associate_rq(called=b"OTHER"))
        kind, body = peer.read()
        assert (kind, tuple(body[1:])) == (ASSOCIATE_RJ, (1, 1, 7))
    with RawPeer(door.port) as peer:
        peer.associate(associate_rq(called=b" pacs"))
        peer.release()


def test_a_command_that_is_not_allowed_ends_the_association_and_is_logged(
    open_door: OpenDoor, caplog: pytest.LogCaptureFixture
) -> None:
    door = open_door(access=AccessRules("PACS", always_allow=frozenset((Service.ECHO,))))

    with RawPeer(door.port) as peer:
        peer.associate()
        peer.echo()
        peer.send_pdata(pdv(3, 3, store_rq()))
        assert peer.read_abort() == (0, 0)

    wait_until(lambda: door.server.associations == 0)
    assert any("C-STORE of RAW@127.0.0.1 refused" in message for message in caplog.messages)


def test_the_class_of_an_object_must_be_accepted_whatever_the_context(open_door: OpenDoor) -> None:
    door = open_door()
    door.policy.accepted_sop_classes = (CT,)

    with RawPeer(door.port) as peer:
        peer.associate(associate_rq(contexts=[(3, CT, (EXPLICIT,))]))
        peer.send_pdata(pdv(3, 3, store_rq(sop_class="1.2.840.10008.5.1.4.1.1.4")), pdv(3, 2, bytes(100)))

        assert peer.read_status() == 0x0122
        peer.release()
