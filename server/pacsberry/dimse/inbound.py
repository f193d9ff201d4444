"""An association that a peer opened: from the connection to the last byte, on one thread.

Negotiates with our own rules (see negotiation.py), has the services answer commands, and says in the log how it
ended and with whom.
"""

import logging
import socket
from collections.abc import Callable

from pynetdicom.ae import ApplicationEntity
from pynetdicom.pdu_primitives import A_ASSOCIATE, SCP_SCU_RoleSelectionNegotiation
from pynetdicom.presentation import PresentationContext
from pynetdicom.transport import AddressInformation

from pacsberry.dimse.house import House, Talk
from pacsberry.dimse.negotiation import ACCEPTED, Answer, Negotiated, Proposed, Roles, negotiate
from pacsberry.dimse.rules import Peer, Rejection, refuse_association
from pacsberry.dimse.services import serve
from pacsberry.peers.messages import Context, Messages
from pacsberry.peers.pdata import SMALLEST_PDU, fragment_bytes
from pacsberry.peers.pumped import PumpedAssociation
from pacsberry.peers.upper_layer import AssociationEnded

LOGGER = logging.getLogger("pacsberry.dimse")

_APPLICATION_CONTEXT = "1.2.840.10008.3.1.1.1"  # the only one there is (PS3.7 A.2.1)


class InboundAssociation(PumpedAssociation):
    """See the module.  Belongs to the thread that makes it."""

    def __init__(self, house: House, connected: socket.socket, ip: str) -> None:
        settings = house.settings
        super().__init__(
            ApplicationEntity(settings.aet),
            "acceptor",
            connected,
            maximum_length=settings.maximum_pdu_length,
            acse_seconds=settings.artim_seconds,
            pdu_seconds=settings.pdu_seconds,
        )
        self._house = house
        self._peer = Peer("?", ip, "?")
        self._talk: Talk | None = None
        self.acceptor.ae_title = settings.aet
        self.acceptor.address_info = AddressInformation(*connected.getsockname()[:2])
        self.requestor.address_info = AddressInformation(*connected.getpeername()[:2])

    @property
    def is_idle(self) -> bool:
        """Whether no command is being answered."""
        return self._talk is None or self._talk.is_idle

    def run_to_end(self, introduce: Callable[[Peer], None]) -> None:
        """Serve the peer until the association ends, however; `introduce` is told who it is."""
        try:
            messages = self._negotiate(introduce)
            if messages is not None:
                self._talk = Talk(self._house, self._peer, messages)
                serve(self._talk)
        except AssociationEnded as end:
            level = logging.INFO if self.is_released else logging.WARNING
            LOGGER.log(level, "Association of %s: the peer %s", self._peer, end)
        except Exception:
            LOGGER.exception("Association of %s aborted by an error of ours", self._peer)
            self.layer.abort("met an error")
        finally:
            self.layer.finish()

    def _negotiate(self, introduce: Callable[[Peer], None]) -> Messages | None:
        request = self.layer.receive_pdu(wait=True, timeout=self._house.settings.artim_seconds)
        if not isinstance(request, A_ASSOCIATE):
            raise AssociationEnded(f"asked for no association ({self.layer.ending})")
        self.requestor.primitive = request
        self._peer = Peer(request.calling_ae_title.strip(), self._peer.ip, request.called_ae_title.strip())
        introduce(self._peer)
        rejection = self._refusal(request)
        if rejection is not None:
            LOGGER.warning("Association of %s rejected: %s", self._peer, rejection.text)
            self.acse.send_reject(rejection.result, rejection.source, rejection.reason)
            return None
        negotiated = self._answer(request)
        self.acse.send_accept()
        self.is_established = True
        contexts = _contexts(negotiated)
        LOGGER.info("Association of %s accepted: %d of %d contexts", self._peer, len(contexts), len(negotiated.answers))
        return Messages(
            self.layer,
            contexts,
            fragment_bytes=fragment_bytes(self.requestor.maximum_length),
            idle_seconds=self._house.settings.idle_seconds or None,
        )

    def _refusal(self, request: A_ASSOCIATE) -> Rejection | None:
        if request.application_context_name != _APPLICATION_CONTEXT:
            return Rejection(1, 1, 2, f"its application context is {request.application_context_name!r}")
        longest = self.requestor.maximum_length
        if longest and longest < SMALLEST_PDU:
            return Rejection(1, 1, 1, f"it takes PDUs of {longest} bytes only, {SMALLEST_PDU} is the least")
        return refuse_association(self._house.access, self._house.modalities(), self._peer)

    def _answer(self, request: A_ASSOCIATE) -> Negotiated:
        """Decide about the contexts and tell pynetdicom, whose ACSE says it to the peer."""
        proposed = [
            Proposed(context.context_id or 0, str(context.abstract_syntax), tuple(map(str, context.transfer_syntax)))
            for context in request.presentation_context_definition_list
        ]
        roles = {
            str(uid): Roles(bool(item.scu_role), bool(item.scp_role))
            for uid, item in self.requestor.role_selection.items()
        }
        will_receive = any(asked.scp for asked in roles.values())
        negotiated = negotiate(proposed, roles, self._house.storage_rules(with_kept=will_receive))
        for uid, agreed in negotiated.roles.items():
            item = SCP_SCU_RoleSelectionNegotiation()
            item.sop_class_uid = uid
            item.scu_role, item.scp_role = agreed.scu, agreed.scp
            self.acceptor.add_negotiation_item(item)
        for answer in negotiated.answers:
            if answer.result == ACCEPTED:
                self._accepted_cx[answer.context_id] = _presentation_context(answer)
            else:
                self._rejected_cx.append(_presentation_context(answer))
        return negotiated


def _presentation_context(answer: Answer) -> PresentationContext:
    context = PresentationContext()
    context.context_id = answer.context_id
    context.abstract_syntax = answer.abstract_syntax
    context.transfer_syntax = [answer.transfer_syntax]
    context.result = answer.result
    return context


def _contexts(negotiated: Negotiated) -> dict[int, Context]:
    nobody = Roles(scu=True, scp=False)  # without role selection the requestor is the SCU
    return {
        answer.context_id: Context(
            answer.context_id,
            answer.abstract_syntax,
            answer.transfer_syntax,
            may_send=negotiated.roles.get(answer.abstract_syntax, nobody).scp,
        )
        for answer in negotiated.answers
        if answer.result == ACCEPTED
    }
