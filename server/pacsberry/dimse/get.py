"""C-GET (PS3.4 C.4.3): files are sent over the association that asked for them."""

import logging
from typing import BinaryIO

from pacsberry.dicom.syntax import DEFLATED
from pacsberry.dimse.house import Talk
from pacsberry.dimse.retrieval import Retrieval
from pacsberry.dimse.retrieve import retrieve, send_pending
from pacsberry.dimse.rules import modality_of
from pacsberry.dimse.statuses import is_stored
from pacsberry.dimse.tally import Tally
from pacsberry.errors import DamagedFile, PacsberryError
from pacsberry.imaging.targets import LOSSLESS
from pacsberry.peers.commands import (
    C_CANCEL_RQ,
    C_STORE_RSP,
    MESSAGE_ID_RESPONDED_TO,
    STATUS,
    Command,
    store_request,
)
from pacsberry.peers.outgoing import Outgoing, dataset_region
from pacsberry.peers.upper_layer import AssociationEnded

LOGGER = logging.getLogger("pacsberry.dimse")


def get(talk: Talk, request: Command) -> None:
    """Answer one C-GET-RQ."""
    retrieve(talk, request, "C-GET", lambda retrieval: _Getting(talk, request).send_all(retrieval))


class _Getting:
    """The sub-operations of one C-GET."""

    def __init__(self, talk: Talk, request: Command) -> None:
        self._talk = talk
        self._request = request
        self._tally = Tally(0)
        self._message_id = request.message_id
        modality = modality_of(talk.house.access, talk.house.modalities(), talk.peer.aet)
        self._may_transcode = modality is None or modality.allow_transcoding
        # Only where the peer took the SCP role may we store (PS3.4 C.5.3); of several such contexts the first counts.
        self._contexts = {
            (context.abstract_syntax, context.transfer_syntax): context.context_id
            for context in reversed(list(talk.messages.contexts.values()))
            if context.may_send
        }

    def send_all(self, retrieval: Retrieval) -> Tally:
        """Send the instances, one after the other."""
        tally = self._tally = Tally(retrieval.total)
        for outgoing in retrieval:
            if self._talk.messages.is_cancelled(self._request):
                tally.is_cancelled = True
            if tally.is_cancelled:
                break
            problem = self._send(outgoing)
            if problem:
                LOGGER.warning("C-GET of %s: instance %s: %s", self._talk.peer, outgoing.sop_uid, problem)
                tally.add_failed(outgoing.sop_uid)
            else:
                tally.add_completed()
            send_pending(self._talk, self._request, tally)
        return tally

    def _send(self, outgoing: Outgoing) -> str:
        """Send one instance; returns what went wrong, '' when it arrived."""
        outgoing = self._settled(outgoing)
        context_id = self._contexts.get(outgoing.context)
        if context_id is None:
            return f"no context for SOP class {outgoing.sop_class_uid} in syntax {outgoing.transfer_syntax_uid}"
        try:
            with outgoing.open() as file:
                offset, length = dataset_region(file)
                self._message_id = self._message_id % 0xFFFF + 1
                command = store_request(self._message_id, outgoing.sop_class_uid, outgoing.sop_uid)
                self._send_file(context_id, command, file, offset, length)
        except AssociationEnded:
            raise
        except (PacsberryError, OSError) as error:
            return str(error)
        return self._answer()

    def _settled(self, outgoing: Outgoing) -> Outgoing:
        """The object in a syntax that the peer takes, its own if that is one; itself when there is none."""
        if outgoing.context not in self._contexts and self._may_transcode:
            for syntax in (*self._talk.house.fallbacks, DEFLATED, *LOSSLESS):
                if (outgoing.sop_class_uid, syntax) in self._contexts:
                    return outgoing.transcoded(syntax) or outgoing
        return outgoing

    def _send_file(self, context_id: int, command: bytes, file: BinaryIO, offset: int, length: int) -> None:
        try:
            self._talk.messages.send_file(context_id, command, file, offset, length)
        except (OSError, DamagedFile) as error:
            raise self._talk.messages.abort(f"cannot be sent the rest of a file ({error})") from error

    def _answer(self) -> str:
        """Wait for the peer's response; a C-CANCEL may come before it."""
        while True:
            answer = self._talk.messages.next_command()
            self._talk.messages.discard_dataset(answer)
            if answer.field == C_CANCEL_RQ:
                if answer.number(MESSAGE_ID_RESPONDED_TO) == self._request.message_id:
                    self._tally.is_cancelled = True
            elif answer.field != C_STORE_RSP or answer.number(MESSAGE_ID_RESPONDED_TO) != self._message_id:
                raise self._talk.messages.abort("sent something else than the answer to a C-STORE")
            else:
                status = answer.number(STATUS)
                return "" if is_stored(status) else f"the peer refused it with status 0x{status:04X}"
