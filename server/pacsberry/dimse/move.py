"""C-MOVE (PS3.4 C.4.2): files are sent to a known modality, by an association of our own.

SynchronousCMove: the peer is told of each sub-operation and, at the end, how many arrived.  Otherwise it is told at
once that all is well, and the files are sent by an errand in the background.
"""

import logging
from collections.abc import Callable

from pacsberry.dimse.house import House, Talk
from pacsberry.dimse.retrieval import Retrieval
from pacsberry.dimse.retrieve import retrieve, send_pending
from pacsberry.dimse.rules import modality_of
from pacsberry.dimse.statuses import MOVE_DESTINATION_UNKNOWN, is_stored
from pacsberry.dimse.tally import Tally
from pacsberry.errors import PacsberryError, PeerFailed
from pacsberry.modality import Modality
from pacsberry.peers.commands import MOVE_DESTINATION, Command, response
from pacsberry.peers.dicom_sender import DicomSender, MoveOriginator, RefusedContext
from pacsberry.peers.outgoing import Outgoing

LOGGER = logging.getLogger("pacsberry.dimse")

_MOST_BREAKDOWNS = 2  # of the destination, one after the other; then the rest is given up


def move(talk: Talk, request: Command) -> None:
    """Answer one C-MOVE-RQ."""
    house = talk.house
    destination = request.text(MOVE_DESTINATION)
    modality = modality_of(house.access, house.modalities(), destination)
    if modality is None:
        LOGGER.warning("C-MOVE of %s refused: %r is not in DicomModalities", talk.peer, destination)
        talk.messages.discard_dataset(request)
        comment = f"{destination} is not known here"
        talk.messages.send(request.context_id, response(request, MOVE_DESTINATION_UNKNOWN, comment=comment))
        return
    originator = MoveOriginator(talk.peer.aet, request.message_id)

    def send_all(retrieval: Retrieval) -> Tally:
        moving = Moving(house, modality, originator)
        if house.settings.synchronous_move:
            return moving.send_all(
                retrieval,
                stops=lambda: talk.messages.is_cancelled(request),
                tell=lambda tally: send_pending(talk, request, tally),
            )
        stops = house.errands.stops
        house.errands.start(f"move {modality.aet}", lambda: moving.send_all(retrieval, stops=stops))
        return Tally(0, completed=retrieval.total)

    retrieve(talk, request, "C-MOVE", send_all)


class Moving:
    """The sub-operations of one C-MOVE."""

    def __init__(self, house: House, modality: Modality, originator: MoveOriginator) -> None:
        self._house = house
        self._modality = modality
        self._originator = originator
        self._breakdowns = 0
        self._may_transcode = house.transcode is not None and modality.allow_transcoding

    def send_all(
        self,
        retrieval: Retrieval,
        *,
        stops: Callable[[], bool],
        tell: Callable[[Tally], None] = lambda tally: None,
    ) -> Tally:
        """Send the instances until `stops`; `tell` is called after each."""
        tally = Tally(retrieval.total)
        settings = self._house.settings
        sender = DicomSender(
            self._modality,
            calling_aet=settings.aet,
            seconds=settings.scu_seconds or None,
            tls=settings.client_tls,
            fallbacks=self._house.fallbacks if self._may_transcode else (),
        )
        with sender:
            sender.expect(retrieval.contexts)
            for outgoing in retrieval:
                if stops():
                    tally.is_cancelled = True
                    break
                problem = self._send(sender, outgoing)
                if problem:
                    LOGGER.warning("C-MOVE to %s: instance %s: %s", self._modality.aet, outgoing.sop_uid, problem)
                    tally.add_failed(outgoing.sop_uid)
                else:
                    tally.add_completed()
                tell(tally)
        return tally

    def _send(self, sender: DicomSender, outgoing: Outgoing) -> str:
        """Send one instance; returns what went wrong, '' when it arrived."""
        if self._breakdowns >= _MOST_BREAKDOWNS:
            return "not tried any more"
        try:
            status = sender.send(outgoing, self._originator)
        except (RefusedContext, OSError) as error:
            return str(error)
        except PeerFailed as error:
            self._breakdowns += 1
            return str(error)
        except PacsberryError as error:  # of the file, or of transcoding it
            return str(error)
        self._breakdowns = 0
        return "" if is_stored(status) else f"refused with status 0x{status:04X}"
