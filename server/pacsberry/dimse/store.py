"""C-STORE (PS3.7 9.3.1, PS3.4 annex B): the data set goes from the network to the spool file as it comes.

1. the file meta information is written from the command (the data set has none);
2. fragments are written as they arrive; when the card is full the rest is received for nothing;
3. ingest decides and keeps; when it returns the file is durable;
4. the response is sent.
"""

import logging

from pacsberry.archive import Spool
from pacsberry.dicom.encoding import file_meta
from pacsberry.dimse.house import Talk
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
from pacsberry.peers.messages import Context

LOGGER = logging.getLogger("pacsberry.dimse")


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


def store(talk: Talk, request: Command) -> None:
    """Answer one C-STORE-RQ."""
    context = talk.messages.contexts[request.context_id]
    refusal = _refusal(talk, request, context)
    if refusal is not None:
        status, comment = refusal
        LOGGER.warning("C-STORE of %s refused: %s", talk.peer, comment)
        talk.messages.discard_dataset(request)
    else:
        error = _keep(talk, request, context)
        status, comment = (SUCCESS, "") if error is None else (status_of(error), comment_of(error))
    talk.messages.send(request.context_id, response(request, status, comment=comment))


def _refusal(talk: Talk, request: Command, context: Context) -> tuple[int, str] | None:
    sop_class_uid = request.sop_class_uid
    if not request.has_dataset:
        return UNABLE_TO_PROCESS, "no data set follows"
    if context.abstract_syntax in SERVICES or (
        # Some modalities send a class in the context of another; that must not be a way around the settings.
        sop_class_uid != context.abstract_syntax and not talk.house.storage_rules().accepts(sop_class_uid)
    ):
        return SOP_CLASS_NOT_SUPPORTED, f"SOP class {sop_class_uid!r} is not accepted"
    if not request.text(AFFECTED_SOP_INSTANCE_UID):
        return UNABLE_TO_PROCESS, "no SOP Instance UID"
    return None


def _keep(talk: Talk, request: Command, context: Context) -> Exception | None:
    """Receive the data set and have it kept; returns what went wrong."""
    archive, peer = talk.house.archive, talk.peer
    sop_class_uid, sop_uid = request.sop_class_uid, request.text(AFFECTED_SOP_INSTANCE_UID)
    try:
        spool = archive.spool()
    except PacsberryError as error:
        LOGGER.error("C-STORE of %s refused: %s", peer, error)
        talk.messages.discard_dataset(request)
        return error
    with spool:
        sink = _Sink(spool)
        sink.take(file_meta(sop_class_uid, sop_uid, context.transfer_syntax, source_aet=peer.aet))
        talk.messages.receive_dataset(request, sink.take)
        if sink.error is not None:
            LOGGER.error("C-STORE of %s refused: %s", peer, sink.error)
            return sink.error
        try:
            talk.house.ingest.accept_dataset(
                spool,
                receipt_of(peer),
                transfer_syntax_uid=context.transfer_syntax,
                sop_class_uid=sop_class_uid,
                sop_uid=sop_uid,
            )
        except PacsberryError as error:
            LOGGER.warning("C-STORE of %s, instance %s, refused: %s", peer, sop_uid, error)
            return error
        except Exception as error:
            LOGGER.exception("C-STORE of %s, instance %s, met an error of ours", peer, sop_uid)
            return error
    return None


def receipt_of(peer: Peer) -> Receipt:
    """Who brought what arrives on an association."""
    return Receipt(Origin.DICOM, remote_ip=peer.ip, remote_aet=peer.aet, called_aet=peer.called_aet)
