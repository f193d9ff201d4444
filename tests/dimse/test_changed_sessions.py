"""A whole session with a few bytes or messages changed: the door never meets an error of its own, and nothing is left.

A few hundred sessions here; `make proofs` runs thousands.
"""

import contextlib
import random
import struct
import threading
from collections.abc import Callable

import pytest

from pacsberry.archive import Archive
from pacsberry.ingest import Ingest
from pacsberry.modality import Modality
from tests.dimse.aids import Door, keep, wait_until
from tests.dimse.raw_peer import (
    CT,
    EXPLICIT,
    IMPLICIT,
    RELEASE_RQ,
    STUDY_FIND,
    STUDY_GET,
    STUDY_MOVE,
    VERIFICATION,
    RawPeer,
    associate_rq,
    cancel_rq,
    command,
    echo_rq,
    find_rq,
    item,
    pdu,
    pdv,
    store_rq,
)
from tests.makers import bare, make_dataset, make_study

SENDERS = 8
IDENTIFIER = b"\x08\x00\x52\x00\x08\0\0\0PATIENT \x10\x00\x10\x00\x02\0\0\0* \x10\x00\x20\x00\x02\0\0\0P*"


def session() -> list[bytes]:
    """Every service once, as the PDUs of a well-behaved peer."""
    ds = make_dataset("CT", instance=5)
    data = bare(ds)
    contexts = [
        (1, VERIFICATION, (IMPLICIT,)),
        (3, CT, (EXPLICIT,)),
        (5, STUDY_FIND, (IMPLICIT,)),
        (7, STUDY_GET, (IMPLICIT,)),
        (9, STUDY_MOVE, (IMPLICIT,)),
    ]
    role = item(0x54, struct.pack(">H", len(CT)) + CT.encode() + b"\1\1")
    get = command({0x0002: STUDY_GET, 0x0100: 0x0010, 0x0110: 4, 0x0700: 0, 0x0800: 1})
    move = command({0x0002: STUDY_MOVE, 0x0100: 0x0021, 0x0110: 4, 0x0600: b"SINK", 0x0700: 0, 0x0800: 1})
    stored = command({0x0100: 0x8001, 0x0120: 5, 0x0800: 0x0101, 0x0900: 0})
    return [
        associate_rq(contexts, extra=role),
        pdu(4, pdv(1, 3, echo_rq())),
        pdu(4, pdv(3, 3, store_rq(ds.SOPInstanceUID)) + pdv(3, 0, data[:700])),
        pdu(4, pdv(3, 2, data[700:])),
        pdu(4, pdv(5, 3, find_rq()) + pdv(5, 2, IDENTIFIER)),
        pdu(4, pdv(5, 3, cancel_rq())),
        pdu(4, pdv(9, 3, move) + pdv(9, 2, IDENTIFIER)),
        pdu(4, pdv(7, 3, get) + pdv(7, 2, IDENTIFIER)),
        pdu(4, pdv(3, 3, stored)),
        RELEASE_RQ,
    ]


def changed(parts: list[bytes], choice: random.Random) -> list[bytes]:
    """The session with one to five things changed: a byte, a piece cut off or put in, a message doubled or left out."""
    found = [bytearray(part) for part in parts]
    for _ in range(choice.choice((1, 1, 2, 5))):
        part = choice.choice(found)
        place = choice.randrange(len(part) or 1)
        kind = choice.random()
        if kind < 0.5 and part:
            part[place] = choice.randrange(256)
        elif kind < 0.6:
            del part[place:]
        elif kind < 0.7:
            part[place:place] = choice.randbytes(choice.randrange(20))
        elif kind < 0.85:
            found.insert(choice.randrange(len(found)), bytearray(choice.choice(parts)))
        elif len(found) > 1:
            found.pop(choice.randrange(len(found)))
    return [bytes(part) for part in found]


def visit(port: int, seed: int, sessions: int) -> None:
    """Send that many changed sessions, reading now and then."""
    choice = random.Random(seed)
    parts = session()
    for _ in range(sessions):
        with contextlib.suppress(OSError), RawPeer(port, seconds=0.05) as peer:
            for part in changed(parts, choice):
                peer.send(part)
                if choice.random() < 0.7:
                    with contextlib.suppress(TimeoutError):
                        peer.socket.recv(65536)


@pytest.mark.parametrize(
    "sessions", [pytest.param(30, id="few"), pytest.param(2500, id="many", marks=pytest.mark.proof)]
)
def test_changed_sessions_meet_no_error_of_ours_and_leave_nothing(
    open_door: Callable[..., Door],
    archive: Archive,
    ingest: Ingest,
    free_port: int,
    caplog: pytest.LogCaptureFixture,
    sessions: int,
) -> None:
    door = open_door(idle_seconds=0.5, pdu_seconds=0.5, artim_seconds=0.5, scu_seconds=0.5, maximum_associations=64)
    door.modalities["sink"] = Modality("sink", "SINK", "127.0.0.1", free_port)  # where nobody listens
    for content in make_study(series={"CT": 3}):
        keep(archive, ingest, content)

    visitors = [threading.Thread(target=visit, args=(door.port, seed, sessions)) for seed in range(SENDERS)]
    for visitor in visitors:
        visitor.start()
    for visitor in visitors:
        visitor.join()

    wait_until(lambda: door.server.associations == 0)
    ours = [record for record in caplog.records if record.name.startswith("pacsberry")]
    assert [record.getMessage() for record in ours if record.exc_info] == []
    assert door.spooled == []
    with RawPeer(door.port) as peer:
        peer.associate()
        peer.echo()
        peer.release()
