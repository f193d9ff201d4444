"""C-FIND (PS3.4 C.4.1): a question is asked of the index, its answers are encoded and sent many at a time.

Nothing is gathered: rows come out of one snapshot of the index, become identifiers by prepared pieces, and leave in
batches of PDUs, between which a C-CANCEL is looked for.
"""

import logging
from collections.abc import Generator
from contextlib import closing
from dataclasses import dataclass

from pacsberry.archive.queries import FindQuery
from pacsberry.archive.search import Search
from pacsberry.dicom.encoding import IdentifierEncoder
from pacsberry.dicom.names import tag_text
from pacsberry.dimse.house import House, Talk
from pacsberry.dimse.identifiers import QUERY_RETRIEVE_LEVEL, VITREA_CREATOR, Question, read_question
from pacsberry.dimse.rules import Peer, modality_of
from pacsberry.dimse.statuses import (
    CANCELLED,
    OUT_OF_RESOURCES,
    PENDING,
    PENDING_WARNING,
    SUCCESS,
    UNABLE_TO_PROCESS,
    comment_of,
)
from pacsberry.errors import BadRequest, PacsberryError
from pacsberry.model import Level
from pacsberry.peers.commands import Command, response
from pacsberry.peers.upper_layer import AssociationEnded

LOGGER = logging.getLogger("pacsberry.dimse")

RETRIEVE_AE_TITLE = 0x00080054
INSTANCE_AVAILABILITY = 0x00080056
_BATCH_BYTES = 65536
_LEVEL_WORDS = {Level.PATIENT: "PATIENT", Level.STUDY: "STUDY", Level.SERIES: "SERIES", Level.INSTANCE: "IMAGE"}


@dataclass(frozen=True, slots=True)
class FindPlan:
    """How a question will be answered: what the archive is asked, and how its rows become identifiers."""

    query: FindQuery
    encoder: IdentifierEncoder
    limit: int  # answers; 0: none
    ignored: tuple[int, ...]  # attributes that were to be matched and cannot be

    def answers(self, search: Search) -> Generator[bytes, None, None]:
        """The encoded answers, one more than the limit when there are more."""
        encode, tags = self.encoder.encode, self.encoder.tags
        for row in search.rows(self.query, tags):
            yield encode(row if tags else ())  # a row has a column even when none is wanted


def plan_find(question: Question, transfer_syntax_uid: str, house: House, peer: Peer) -> FindPlan:
    """Plan the answer to a question; BadRequest when it has no level."""
    level = question.level
    if level is None:
        raise BadRequest("The query has no QueryRetrieveLevel.")
    settings, search = house.settings, house.archive.search
    asked = question.constraints(case_sensitive_pn=settings.case_sensitive_pn)
    possible = tuple(constraint for constraint in asked if search.may_filter(level, constraint.tag))
    limit = search.limits.lowered(level, 0)
    constants = question.echoed
    modality = modality_of(house.access, house.modalities(), peer.aet)
    if modality is not None and modality.manufacturer == "Vitrea":
        constants.pop(VITREA_CREATOR, None)
    constants |= {
        QUERY_RETRIEVE_LEVEL: _LEVEL_WORDS[level],
        RETRIEVE_AE_TITLE: settings.aet,
        INSTANCE_AVAILABILITY: "ONLINE",
    }
    return FindPlan(
        query=FindQuery(level, constraints=possible, limit=limit + 1 if limit else 0),
        encoder=IdentifierEncoder(
            question.wanted,
            transfer_syntax_uid,
            house.policy.default_encoding,
            constants=constants,
            dictionary=house.dictionary,
        ),
        limit=limit,
        ignored=tuple(constraint.tag for constraint in asked if constraint not in possible)
        + tuple(question.filled_sequences),
    )


def find(talk: Talk, request: Command) -> None:
    """Answer one C-FIND-RQ."""
    house = talk.house
    transfer_syntax_uid = talk.messages.contexts[request.context_id].transfer_syntax
    data = talk.messages.collect_dataset(request)
    try:
        question = read_question(data, transfer_syntax_uid, house.policy.default_encoding, house.dictionary)
        plan = plan_find(question, transfer_syntax_uid, house, talk.peer)
        if plan.ignored:
            tags = ", ".join(map(tag_text, plan.ignored))
            LOGGER.warning("C-FIND of %s: not matched, because the index does not hold it: %s", talk.peer, tags)
        status, comment = _send_answers(talk, request, plan), ""
    except AssociationEnded:
        raise
    except PacsberryError as error:
        LOGGER.warning("C-FIND of %s cannot be answered: %s", talk.peer, error)
        status, comment = UNABLE_TO_PROCESS, comment_of(error)
    except Exception as error:
        LOGGER.exception("C-FIND of %s met an error of ours", talk.peer)
        status, comment = OUT_OF_RESOURCES, comment_of(error)
    talk.messages.send(request.context_id, response(request, status, comment=comment))


def _send_answers(talk: Talk, request: Command, plan: FindPlan) -> int:
    """Send the pending responses; returns the status of the last one."""
    messages, context_id = talk.messages, request.context_id
    command = response(request, PENDING_WARNING if plan.ignored else PENDING, has_dataset=True)
    pending = messages.encoded_command(context_id, command)
    batch = bytearray()
    count, status = 0, SUCCESS
    with closing(plan.answers(talk.house.archive.search)) as answers:
        for answer in answers:
            if count == plan.limit > 0:
                LOGGER.warning("C-FIND of %s: more than %d answers, the rest is not sent", talk.peer, plan.limit)
                status = CANCELLED
                break
            count += 1
            batch += pending
            batch += messages.encoded_dataset(context_id, answer)
            if len(batch) > _BATCH_BYTES:
                messages.write(batch)
                batch = bytearray()
                if messages.is_cancelled(request):
                    status = CANCELLED
                    break
    if batch:
        messages.write(batch)
    LOGGER.info("C-FIND of %s: %d answers%s", talk.peer, count, "" if status == SUCCESS else ", not all")
    return status
