"""Sends kept files to a DICOM peer, and asks it whether it is there.

Data sets are cut from the files as they are; only for a peer that does not take the syntax of a file is it transcoded.
One association is used for as long as its presentation contexts do; when an object needs another one, a new association
is negotiated.
"""

import contextlib
import socket
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import TYPE_CHECKING, Self

from pynetdicom.ae import ApplicationEntity
from pynetdicom.pdu_primitives import A_ASSOCIATE
from pynetdicom.presentation import PresentationContext
from pynetdicom.transport import AddressInformation

from pacsberry.errors import DamagedFile, PeerFailed
from pacsberry.modality import Modality
from pacsberry.peers.commands import (
    C_ECHO_RQ,
    C_STORE_RQ,
    MESSAGE_ID_RESPONDED_TO,
    RESPONSE,
    STATUS,
    VERIFICATION,
    Command,
    echo_request,
    store_request,
)
from pacsberry.peers.messages import Context, Messages
from pacsberry.peers.outgoing import Outgoing, dataset_region
from pacsberry.peers.pdata import fragment_bytes
from pacsberry.peers.pumped import PumpedAssociation
from pacsberry.peers.upper_layer import AssociationEnded

if TYPE_CHECKING:  # without TLS the server process does without ssl
    import ssl

_IMPLICIT = "1.2.840.10008.1.2"
MOST_CONTEXTS = 128  # ids are odd numbers below 256 (PS3.8 9.3.2.2)


class RefusedContext(PeerFailed):
    """The peer does not take objects of this kind in the transfer syntax they are kept in, nor in a fallback."""


@dataclass(frozen=True, slots=True)
class MoveOriginator:
    """Who asked for what is sent: told to the receiver of a C-MOVE (PS3.7 9.1.1.1)."""

    aet: str
    message_id: int


class DicomSender:
    """A conversation with one modality, over one association after the other.  Belongs to one thread."""

    def __init__(
        self,
        modality: Modality,
        *,
        calling_aet: str,
        seconds: float | None,
        maximum_pdu_length: int = 65536,
        tls: "ssl.SSLContext | None" = None,
        fallbacks: Sequence[str] = (),
    ) -> None:
        """`seconds`: to connect and for each answer (DicomScuTimeout), unless the modality has its own; None: no end.

        `tls` is used when the modality wants it; `fallbacks`: transfer syntaxes to transcode to when the peer does not
        take an object in its own, best first.
        """
        self._fallbacks = tuple(fallbacks)
        self._modality = modality
        self._calling_aet = modality.local_aet or calling_aet
        self._seconds = float(modality.timeout) if modality.timeout else seconds
        self._maximum_pdu_length = maximum_pdu_length
        self._tls = tls
        self._wanted: dict[tuple[str, str], None] = {}  # contexts, in the order they were asked for
        self._accepted: dict[tuple[str, str], int] = {}  # ids, of the association at hand
        self._refused: set[tuple[str, str]] = set()
        self._association: PumpedAssociation | None = None
        self._messages: Messages | None = None
        self._message_id = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def expect(self, contexts: Iterable[tuple[str, str]]) -> None:
        """Name (SOP class, transfer syntax) pairs that will be sent, so that one negotiation covers them."""
        self._wanted.update(dict.fromkeys(contexts))

    def echo(self) -> None:
        """C-ECHO; PeerFailed says why it did not work."""
        context_id, messages = self._ready((VERIFICATION, _IMPLICIT))
        with self._failing():
            messages.send(context_id, echo_request(self._next_id()))
            status = self._status_of(messages, C_ECHO_RQ)
        if status != 0:
            raise PeerFailed(f"{self._name} answered C-ECHO with status 0x{status:04X}.")

    def send(self, outgoing: Outgoing, originator: MoveOriginator | None = None) -> int:
        """C-STORE one file; returns the peer's status.

        RefusedContext when the peer takes no such objects, PeerFailed when it is gone; OSError, UnknownResource,
        DamagedFile or UnreadableDicom when the file cannot be read; what `outgoing.transcode` raises.
        """
        settled = self._settled(outgoing)
        with settled.open() as file:
            offset, length = dataset_region(file)
            context_id, messages = self._ready(settled.context)
            request = store_request(
                self._next_id(),
                outgoing.sop_class_uid,
                outgoing.sop_uid,
                originator_aet=originator.aet if originator else "",
                originator_id=originator.message_id if originator else 0,
            )
            with self._failing():
                try:
                    messages.send_file(context_id, request, file, offset, length)
                except (OSError, DamagedFile):
                    self._drop("could not read a file")
                    raise
                return self._status_of(messages, C_STORE_RQ)

    def close(self) -> None:
        """Release the association, if there is one."""
        association, self._association, self._messages = self._association, None, None
        if association is not None:
            with contextlib.suppress(AssociationEnded):
                association.layer.release(self._seconds or 10.0)
            association.layer.finish()

    # -- messages

    def _next_id(self) -> int:
        self._message_id = self._message_id % 0xFFFF + 1
        return self._message_id

    def _status_of(self, messages: Messages, asked: int) -> int:
        answer: Command = messages.next_command()
        if answer.field != asked | RESPONSE or answer.number(MESSAGE_ID_RESPONDED_TO) != self._message_id:
            raise messages.abort("answered something that was not asked")
        messages.discard_dataset(answer)
        return answer.number(STATUS)

    # -- associations

    def _settled(self, outgoing: Outgoing) -> Outgoing:
        """The object in a syntax that the peer takes: its own, else one of the fallbacks; RefusedContext."""
        try:
            self._ready(outgoing.context)
        except RefusedContext:
            for syntax in self._fallbacks:
                if (outgoing.sop_class_uid, syntax) in self._accepted:
                    return outgoing.transcoded(syntax) or outgoing
            raise
        return outgoing

    def _ready(self, context: tuple[str, str]) -> tuple[int, Messages]:
        """The id of an accepted context, and the conversation it belongs to; negotiates when needed."""
        self._wanted[context] = None
        if context not in self._refused and (self._messages is None or context not in self._accepted):
            self.close()
            self._associate(context)
        context_id = self._accepted.get(context)
        if context_id is None or self._messages is None:
            raise RefusedContext(f"{self._name} does not take SOP class {context[0]} in transfer syntax {context[1]}.")
        return context_id, self._messages

    def _associate(self, needed: tuple[str, str]) -> None:
        wanted = [needed, *(one for one in self._wanted if one != needed and one not in self._refused)][:MOST_CONTEXTS]
        self._accepted = {}
        association = self._opened()
        proposed = [*((one, (syntax,)) for one, syntax in wanted), *self._spare(wanted)][:MOST_CONTEXTS]
        association.requestor.requested_contexts = [
            _presentation_context(2 * number + 1, *context) for number, context in enumerate(proposed)
        ]
        association.acse.negotiate_association()
        answer = association.acceptor.primitive
        if isinstance(answer, A_ASSOCIATE) and answer.result == 0:
            self._refused.update(wanted)
        if not association.is_established:
            association.layer.finish()
            if needed in self._refused:
                return
            raise PeerFailed(f"{self._name} {_reason(association)}.")
        contexts = {
            number: Context(number, str(context.abstract_syntax), str(context.transfer_syntax[0]), may_send=True)
            for number, context in association._accepted_cx.items()
            if context.transfer_syntax
        }
        self._accepted = {
            (context.abstract_syntax, context.transfer_syntax): context.context_id for context in contexts.values()
        }
        self._refused.difference_update(self._accepted)
        self._association = association
        self._messages = Messages(
            association.layer,
            contexts,
            fragment_bytes=fragment_bytes(association.acceptor.maximum_length),
            idle_seconds=self._seconds,
        )

    def _spare(self, wanted: Iterable[tuple[str, str]]) -> list[tuple[str, tuple[str, ...]]]:
        """For each SOP class one context more, of which the peer chooses a syntax that we would transcode to."""
        classes = dict.fromkeys(sop_class for sop_class, _ in (*wanted, *self._wanted))
        own = set(wanted)
        spare = {
            sop_class: tuple(syntax for syntax in self._fallbacks if (sop_class, syntax) not in own)
            for sop_class in classes
            if sop_class != VERIFICATION
        }
        return [(sop_class, syntaxes) for sop_class, syntaxes in spare.items() if syntaxes]

    def _opened(self) -> PumpedAssociation:
        """An association over a new connection, not yet negotiated."""
        modality = self._modality
        connected = self._connected()
        try:
            ours, theirs = connected.getsockname()[:2], connected.getpeername()[:2]
        except OSError as error:
            connected.close()
            raise PeerFailed(f"{self._name} hung up at once: {error.strerror or error}.") from None
        seconds = self._seconds or 3600.0
        association = PumpedAssociation(
            ApplicationEntity(self._calling_aet),
            "requestor",
            connected,
            maximum_length=self._maximum_pdu_length,
            acse_seconds=seconds,
            pdu_seconds=max(seconds, 30.0),
        )
        association.requestor.ae_title = self._calling_aet
        association.requestor.address_info = AddressInformation(*ours)
        association.acceptor.ae_title = modality.aet
        association.acceptor.address_info = AddressInformation(*theirs)
        return association

    def _connected(self) -> socket.socket:
        modality = self._modality
        try:
            connected = socket.create_connection((modality.host, modality.port), timeout=self._seconds)
        except OSError as error:
            raise PeerFailed(f"{self._name} cannot be reached: {error.strerror or error}.") from None
        try:
            connected.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if not modality.use_dicom_tls:
                return connected
            if self._tls is None:
                raise PeerFailed(f"{self._name} wants TLS (UseDicomTls), and no DicomTlsTrustedCertificates are set.")
            return self._tls.wrap_socket(connected, server_hostname=modality.host)
        except BaseException as error:
            connected.close()
            if isinstance(error, OSError):
                raise PeerFailed(f"{self._name} and we do not agree on TLS: {error}.") from None
            raise

    @contextlib.contextmanager
    def _failing(self) -> Iterator[None]:
        """Turn the end of the association into PeerFailed that names the peer."""
        try:
            yield
        except AssociationEnded as end:
            self._drop("")
            raise PeerFailed(f"{self._name} {end}.") from None

    def _drop(self, text: str) -> None:
        """Let go of an association that is of no more use."""
        association, self._association, self._messages = self._association, None, None
        if association is not None:
            if text:
                association.layer.abort(text)
            association.layer.finish()

    @property
    def _name(self) -> str:
        modality = self._modality
        return f"Modality {modality.name} ({modality.aet}@{modality.host}:{modality.port})"


def _presentation_context(context_id: int, sop_class: str, syntaxes: Sequence[str]) -> PresentationContext:
    context = PresentationContext()
    context.context_id = context_id
    context.abstract_syntax = sop_class
    context.transfer_syntax = list(syntaxes)
    return context


def _reason(association: PumpedAssociation) -> str:
    """Why there is no association."""
    answer = association.acceptor.primitive
    if isinstance(answer, A_ASSOCIATE):
        return f"rejected the association ({answer.result_str}; {answer.reason_str})"
    return association.layer.ending
