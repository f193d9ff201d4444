"""All DICOM services of the door, one table, and the loop that has them answer commands."""

import logging
from collections.abc import Callable
from dataclasses import dataclass

from pacsberry.dimse.find import find
from pacsberry.dimse.get import get
from pacsberry.dimse.house import Talk
from pacsberry.dimse.move import move
from pacsberry.dimse.negotiation import (
    PATIENT_ROOT_FIND,
    PATIENT_ROOT_GET,
    PATIENT_ROOT_MOVE,
    STUDY_ROOT_FIND,
    STUDY_ROOT_GET,
    STUDY_ROOT_MOVE,
    VERIFICATION,
)
from pacsberry.dimse.rules import Service, refuse_service
from pacsberry.dimse.statuses import (
    OUT_OF_RESOURCES,
    SOP_CLASS_NOT_SUPPORTED,
    SUCCESS,
    UNRECOGNIZED_OPERATION,
)
from pacsberry.dimse.store import store
from pacsberry.peers.commands import (
    C_CANCEL_RQ,
    C_ECHO_RQ,
    C_FIND_RQ,
    C_GET_RQ,
    C_MOVE_RQ,
    C_STORE_RQ,
    Command,
    response,
)

LOGGER = logging.getLogger("pacsberry.dimse")


def echo(talk: Talk, request: Command) -> None:
    """C-ECHO (PS3.7 9.3.5)."""
    talk.messages.discard_dataset(request)
    talk.messages.send(request.context_id, response(request, SUCCESS))


@dataclass(frozen=True, slots=True)
class Entry:
    """One service: its name for people, what must be allowed, in which contexts, and who answers.

    `takes_long` services wait for one of DicomThreadsCount slots.  C-ECHO and C-STORE do not: they are short, and
    a C-MOVE to ourselves must not wait for itself.
    """

    name: str
    permission: Service
    abstract_syntaxes: frozenset[str]  # empty: storage, which looks itself
    answer: Callable[[Talk, Command], None]
    takes_long: bool = False


SERVICES = {
    C_ECHO_RQ: Entry("C-ECHO", Service.ECHO, frozenset((VERIFICATION,)), echo),
    C_STORE_RQ: Entry("C-STORE", Service.STORE, frozenset(), store),
    C_FIND_RQ: Entry("C-FIND", Service.FIND, frozenset((PATIENT_ROOT_FIND, STUDY_ROOT_FIND)), find, takes_long=True),
    C_MOVE_RQ: Entry("C-MOVE", Service.MOVE, frozenset((PATIENT_ROOT_MOVE, STUDY_ROOT_MOVE)), move, takes_long=True),
    C_GET_RQ: Entry("C-GET", Service.GET, frozenset((PATIENT_ROOT_GET, STUDY_ROOT_GET)), get, takes_long=True),
}


def serve(talk: Talk) -> None:
    """Answer commands until the association ends; raises AssociationEnded when it does."""
    while True:
        talk.is_idle = True
        command = talk.messages.next_command()
        talk.is_idle = False
        if command.field == C_CANCEL_RQ:
            continue  # for something that was answered in the meantime
        if command.is_response:
            raise talk.messages.abort(f"answered (0x{command.field:04X}) without having been asked")
        entry = SERVICES.get(command.field)
        if entry is None:
            LOGGER.warning("%s asked for 0x%04X, which is not offered", talk.peer, command.field)
            _decline(talk, command, UNRECOGNIZED_OPERATION)
        else:
            _answer(talk, entry, command)


def _answer(talk: Talk, entry: Entry, command: Command) -> None:
    house = talk.house
    refusal = refuse_service(house.access, house.modalities(), talk.peer, entry.permission)
    if refusal is not None:
        LOGGER.warning("%s of %s refused: %s", entry.name, talk.peer, refusal)
        raise talk.messages.abort(f"may not use {entry.name}")
    context = talk.messages.contexts[command.context_id]
    if entry.abstract_syntaxes and context.abstract_syntax not in entry.abstract_syntaxes:
        LOGGER.warning("%s of %s in a context for %s", entry.name, talk.peer, context.abstract_syntax)
        _decline(talk, command, SOP_CLASS_NOT_SUPPORTED)
    elif not entry.takes_long:
        entry.answer(talk, command)
    elif house.slots.acquire(timeout=house.settings.idle_seconds or None):
        try:
            entry.answer(talk, command)
        finally:
            house.slots.release()
    else:
        LOGGER.warning("%s of %s declined: DicomThreadsCount others were busy all the time", entry.name, talk.peer)
        _decline(talk, command, OUT_OF_RESOURCES)


def _decline(talk: Talk, command: Command, status: int) -> None:
    talk.messages.discard_dataset(command)
    talk.messages.send(command.context_id, response(command, status))
