"""C-STORE (PS3.7 9.3.1, PS3.4 annex B): the data set goes from the network to the spool file as it comes.

1. the file meta information is written from the command (the data set has none);
2. fragments are written as they arrive; when the card is full the rest is received for nothing;
3. ingest decides and keeps; when it returns the file is durable;
4. the response is sent.
"""

import logging
from collections.abc import Callable
from dataclasses import dataclass

from pacsberry.archive import Spool
from pacsberry.dicom.encoding import file_meta
from pacsberry.dimse.house import House, Talk
from pacsberry.dimse.negotiation import SERVICES
from pacsberry.dimse.rules import Peer
from pacsberry.dimse.statuses import (
    SOP_CLASS_NOT_SUPPORTED,
    SUCCESS,
    UNABLE_TO_PROCESS,
    comment_of,
    status_of,
)
from pacsberry.errors import PacsberryError
from pacsberry.model import Origin, Receipt
from pacsberry.peers.commands import AFFECTED_SOP_INSTANCE_UID, Command, response

LOGGER = logging.getLogger("pacsberry.dimse")

Take = Callable[[bytes | memoryview], None]
"""Takes the next piece of a data set; keeps its errors to itself."""


@dataclass(frozen=True, slots=True)
class Announced:
    """What a C-STORE request says of the data set that follows, and the context it comes in."""

    sop_class_uid: str
    sop_uid: str
    abstract_syntax: str
    transfer_syntax: str


@dataclass(frozen=True, slots=True)
class Outcome:
    """What the response will say."""

    status: int
    comment: str = ""


def store(talk: Talk, request: Command) -> None:
    """Answer one C-STORE-RQ."""
    context = talk.messages.contexts[request.context_id]
    announced = Announced(
        request.sop_class_uid,
        request.text(AFFECTED_SOP_INSTANCE_UID),
        context.abstract_syntax,
        context.transfer_syntax,
    )

    def receive(take: Take) -> None:
        if request.has_dataset:
            talk.messages.receive_dataset(request, take)

    outcome = keep_announced(talk.house, talk.peer, announced, receive, has_dataset=request.has_dataset)
    talk.messages.send(request.context_id, response(request, outcome.status, comment=outcome.comment))


def keep_announced(
    house: House, peer: Peer, announced: Announced, receive: Callable[[Take], None], *, has_dataset: bool
) -> Outcome:
    """Have `receive` deliver the data set, and keep it if it may and can be kept; the same on every road."""
    outcome = _refusal(house, announced, has_dataset)
    if outcome is not None:
        LOGGER.warning("C-STORE of %s refused: %s", peer, outcome.comment)
        receive(_drop)
        return outcome
    error = _keep(house, peer, announced, receive)
    return Outcome(SUCCESS) if error is None else Outcome(status_of(error), comment_of(error))


def _refusal(house: House, announced: Announced, has_dataset: bool) -> Outcome | None:
    if not has_dataset:
        return Outcome(UNABLE_TO_PROCESS, "no data set follows")
    sop_class_uid = announced.sop_class_uid
    if announced.abstract_syntax in SERVICES or (
        # Some modalities send a class in the context of another; that must not be a way around the settings.
        sop_class_uid != announced.abstract_syntax and not house.storage_rules().accepts(sop_class_uid)
    ):
        return Outcome(SOP_CLASS_NOT_SUPPORTED, f"SOP class {sop_class_uid!r} is not accepted")
    if not announced.sop_uid:
        return Outcome(UNABLE_TO_PROCESS, "no SOP Instance UID")
    return None


def _keep(house: House, peer: Peer, announced: Announced, receive: Callable[[Take], None]) -> Exception | None:
    """Receive the data set and have it kept; returns what went wrong."""
    try:
        spool = house.archive.spool()
    except PacsberryError as error:
        LOGGER.error("C-STORE of %s refused: %s", peer, error)
        receive(_drop)
        return error
    with spool:
        sink = _Sink(spool)
        meta = file_meta(announced.sop_class_uid, announced.sop_uid, announced.transfer_syntax, source_aet=peer.aet)
        sink.take(meta)
        receive(sink.take)
        if sink.error is not None:
            LOGGER.error("C-STORE of %s refused: %s", peer, sink.error)
            return sink.error
        try:
            house.ingest.accept_dataset(
                spool,
                Receipt(Origin.DICOM, remote_ip=peer.ip, remote_aet=peer.aet, called_aet=peer.called_aet),
                transfer_syntax_uid=announced.transfer_syntax,
                sop_class_uid=announced.sop_class_uid,
                sop_uid=announced.sop_uid,
            )
        except PacsberryError as error:
            LOGGER.warning("C-STORE of %s, instance %s, refused: %s", peer, announced.sop_uid, error)
            return error
        except Exception as error:
            LOGGER.exception("C-STORE of %s, instance %s, met an error of ours", peer, announced.sop_uid)
            return error
    return None


class _Sink:
    """Writes to a spool file until that fails, and remembers why."""

    __slots__ = ("_spool", "error")

    def __init__(self, spool: Spool) -> None:
        self._spool = spool
        self.error: PacsberryError | None = None

    def take(self, data: bytes | memoryview) -> None:
        """Append `data`, or nothing after an error."""
        if self.error is None:
            try:
                self._spool.write(data)
            except PacsberryError as error:
                self.error = error


def _drop(data: bytes | memoryview) -> None:
    """Take a piece for nothing."""
