"""What C-MOVE and C-GET share: the question is read, sub-operations are counted, the last response sums up."""

import logging
from collections.abc import Callable

from pacsberry.dimse.house import Talk
from pacsberry.dimse.identifiers import read_question
from pacsberry.dimse.retrieval import Retrieval, resources_asked
from pacsberry.dimse.statuses import OUT_OF_RESOURCES_SENDING, PENDING, SUCCESS, UNABLE_TO_PROCESS, comment_of
from pacsberry.dimse.tally import Tally
from pacsberry.errors import PacsberryError, UnknownResource
from pacsberry.peers.commands import Command, response
from pacsberry.peers.upper_layer import AssociationEnded

LOGGER = logging.getLogger("pacsberry.dimse")


def retrieve(talk: Talk, request: Command, name: str, send_all: Callable[[Retrieval], Tally]) -> None:
    """Answer one C-MOVE-RQ or C-GET-RQ; `send_all` does the sub-operations and sends the pending responses."""
    house = talk.house
    transfer_syntax_uid = talk.messages.contexts[request.context_id].transfer_syntax
    data = talk.messages.collect_dataset(request)
    tally = Tally(0)
    status, comment = SUCCESS, ""
    try:
        question = read_question(data, transfer_syntax_uid, house.policy.default_encoding, house.dictionary)
        resources = resources_asked(house.archive, question)
        if not resources:
            raise UnknownResource("Nothing of that identifier is kept here.")
        tally = send_all(Retrieval(house.archive, resources, house.transcode))
        status = tally.status
    except AssociationEnded:
        raise
    except PacsberryError as error:
        LOGGER.warning("%s of %s cannot be done: %s", name, talk.peer, error)
        status, comment = UNABLE_TO_PROCESS, comment_of(error)
    except Exception as error:
        LOGGER.exception("%s of %s met an error of ours", name, talk.peer)
        status, comment = OUT_OF_RESOURCES_SENDING, comment_of(error)
    identifier = tally.identifier(transfer_syntax_uid)
    last = response(
        request, status, comment=comment, counts=tally.counts(is_last=True), has_dataset=identifier is not None
    )
    talk.messages.send(request.context_id, last, identifier)
    LOGGER.info("%s of %s: %d sent, %d failed, status 0x%04X", name, talk.peer, tally.completed, tally.failed, status)


def send_pending(talk: Talk, request: Command, tally: Tally) -> None:
    """Say how far it is."""
    if tally.remaining:
        pending = response(request, PENDING, counts=tally.counts(is_last=False))
        talk.messages.send(request.context_id, pending)
