"""The services on pynetdicom's own server, for another version of pynetdicom than `peers.upper_layer` knows.

Same rules, same archive, same answers; it costs what pynetdicom costs (two polling threads for each association,
data sets in memory), and C-MOVE always answers when everything is sent.  Private SOP classes are refused: pynetdicom
has one switch for them for the whole process.
"""

import logging
from collections.abc import Callable, Iterator
from contextlib import closing
from io import BytesIO
from typing import Any, cast

from pydicom import dcmread
from pydicom.dataset import Dataset
from pynetdicom import evt
from pynetdicom.ae import ApplicationEntity
from pynetdicom.association import Association
from pynetdicom.dimse_primitives import C_FIND, C_STORE
from pynetdicom.dsutils import decode
from pynetdicom.events import Event
from pynetdicom.pdu_primitives import A_ASSOCIATE
from pynetdicom.presentation import PresentationContext, build_context
from pynetdicom.transport import ThreadedAssociationServer

from pacsberry.dicom.names import tag_text
from pacsberry.dicom.uids import IMPLEMENTATION_CLASS_UID, IMPLEMENTATION_VERSION_NAME
from pacsberry.dimse.find import plan_find
from pacsberry.dimse.house import House
from pacsberry.dimse.identifiers import Question, read_question
from pacsberry.dimse.negotiation import ACCEPTED, VERIFICATION, Proposed, negotiate
from pacsberry.dimse.retrieval import Retrieval, resources_asked
from pacsberry.dimse.rules import Peer, Service, modality_of, refuse_association, refuse_service
from pacsberry.dimse.statuses import CANCELLED, PENDING, PENDING_WARNING, SUCCESS, UNABLE_TO_PROCESS
from pacsberry.dimse.store import Announced, Take, keep_announced
from pacsberry.errors import PacsberryError, UnknownResource

LOGGER = logging.getLogger("pacsberry.dimse")

_Answers = Iterator[tuple[int, Dataset | None]]


class PlainRoad:
    """Serves DICOM from `start` to `stop`."""

    def __init__(self, house: House) -> None:
        self._house = house
        settings = house.settings
        self._ae = ApplicationEntity(settings.aet)
        self._ae.maximum_associations = settings.maximum_associations
        self._ae.maximum_pdu_size = settings.maximum_pdu_length
        self._ae.network_timeout = self._ae.dimse_timeout = settings.idle_seconds or None
        self._ae.acse_timeout = settings.artim_seconds
        self._ae.implementation_class_uid = IMPLEMENTATION_CLASS_UID
        self._ae.implementation_version_name = IMPLEMENTATION_VERSION_NAME
        self._ae.add_supported_context(VERIFICATION)  # the others are decided for each association
        self._server: ThreadedAssociationServer | None = None

    @property
    def port(self) -> int:
        """The port in use once started."""
        return int(self._server.server_address[1]) if self._server is not None else self._house.settings.port

    def start(self) -> None:
        """Listen; OSError when the port cannot be had."""
        settings = self._house.settings
        self._server = self._ae.start_server(
            (settings.bind_address, settings.port),
            block=False,
            ssl_context=settings.tls,
            evt_handlers=[
                (evt.EVT_REQUESTED, self._negotiate),
                (evt.EVT_C_ECHO, self._echo),
                (evt.EVT_C_STORE, self._store),
                (evt.EVT_C_FIND, self._find),
                (evt.EVT_C_GET, self._get),
                (evt.EVT_C_MOVE, self._move),
            ],
        )

    def stop(self) -> None:
        """Abort what is open and stop listening."""
        self._ae.shutdown()

    def _negotiate(self, event: Event) -> None:
        """Reject the association, or tell pynetdicom what to accept of it."""
        association = event.assoc
        request = cast(A_ASSOCIATE, association.requestor.primitive)
        peer = _peer(association)
        rejection = refuse_association(self._house.access, self._house.modalities(), peer)
        if rejection is not None:
            LOGGER.warning("Association of %s rejected: %s", peer, rejection.text)
            association.acse.send_reject(rejection.result, rejection.source, rejection.reason)
            return
        proposed = [
            Proposed(context.context_id or 0, str(context.abstract_syntax), tuple(map(str, context.transfer_syntax)))
            for context in request.presentation_context_definition_list
        ]
        contexts: dict[str, PresentationContext] = {}
        for answer in negotiate(proposed, {}, self._house.storage_rules()).answers:
            if answer.result == ACCEPTED:
                context = contexts.setdefault(answer.abstract_syntax, build_context(answer.abstract_syntax, []))
                context.add_transfer_syntax(answer.transfer_syntax)
                context.scu_role = context.scp_role = True
        association.acceptor.supported_contexts = list(contexts.values())

    def _admitted(self, event: Event, service: Service) -> Peer | None:
        """Who asks; None, and the association aborted, when the peer may not."""
        peer = _peer(event.assoc)
        refusal = refuse_service(self._house.access, self._house.modalities(), peer, service)
        if refusal is None:
            return peer
        LOGGER.warning("C-%s of %s refused: %s", service.value.upper(), peer, refusal)
        event.assoc.abort()
        return None

    def _echo(self, event: Event) -> int:
        self._admitted(event, Service.ECHO)
        return SUCCESS

    def _store(self, event: Event) -> int | Dataset:
        peer = self._admitted(event, Service.STORE)
        if peer is None:
            return UNABLE_TO_PROCESS
        request = cast(C_STORE, event.request)
        dataset = request.DataSet
        announced = Announced(
            str(request.AffectedSOPClassUID),
            str(request.AffectedSOPInstanceUID),
            str(event.context.abstract_syntax),
            str(event.context.transfer_syntax),
        )

        def receive(take: Take) -> None:
            if dataset is not None:
                take(dataset.getvalue())

        outcome = keep_announced(self._house, peer, announced, receive, has_dataset=dataset is not None)
        status = Dataset()
        status.Status = outcome.status
        if outcome.comment:
            status.ErrorComment = outcome.comment.encode("ascii", "replace").decode()[:64]
        return status

    def _find(self, event: Event) -> _Answers:
        peer = self._admitted(event, Service.FIND)
        if peer is None:
            return
        syntax = event.context.transfer_syntax
        try:
            plan = plan_find(self._question(event), str(syntax), self._house, peer)
        except PacsberryError as error:
            LOGGER.warning("C-FIND of %s cannot be answered: %s", peer, error)
            yield UNABLE_TO_PROCESS, None
            return
        if plan.ignored:
            LOGGER.warning("C-FIND of %s: not matched: %s", peer, ", ".join(map(tag_text, plan.ignored)))
        with closing(plan.answers(self._house.archive.search)) as answers:
            for count, answer in enumerate(answers):
                if event.is_cancelled or count == plan.limit > 0:
                    yield CANCELLED, None
                    return
                identifier = decode(BytesIO(answer), syntax.is_implicit_VR, syntax.is_little_endian)
                yield PENDING_WARNING if plan.ignored else PENDING, identifier

    def _get(self, event: Event) -> Iterator[Any]:
        peer = self._admitted(event, Service.GET)
        if peer is None:
            return
        yield from self._instances(event, peer, lambda retrieval: ())

    def _move(self, event: Event) -> Iterator[Any]:
        peer = self._admitted(event, Service.MOVE)
        if peer is None:
            return
        modality = modality_of(self._house.access, self._house.modalities(), event.move_destination or "")
        if modality is None:
            LOGGER.warning("C-MOVE of %s refused: %r is not in DicomModalities", peer, event.move_destination)
            yield None, None
            return

        def destination(retrieval: Retrieval) -> Iterator[Any]:
            contexts = [build_context(sop_class, syntax) for sop_class, syntax in list(retrieval.contexts)[:128]]
            yield modality.host, modality.port, {"ae_title": modality.aet, "contexts": contexts}

        yield from self._instances(event, peer, destination)

    def _instances(self, event: Event, peer: Peer, preface: Callable[[Retrieval], Any]) -> Iterator[Any]:
        """What pynetdicom asks of C-MOVE and C-GET handlers: a preface, the number of instances, each instance."""
        try:
            resources = resources_asked(self._house.archive, self._question(event))
            if not resources:
                raise UnknownResource("Nothing of that identifier is kept here.")
        except PacsberryError as error:
            LOGGER.warning("C-MOVE or C-GET of %s cannot be done: %s", peer, error)
            raise  # pynetdicom answers with a failure of its own
        retrieval = Retrieval(self._house.archive, resources)
        yield from preface(retrieval)
        yield retrieval.total
        for outgoing in retrieval:
            if event.is_cancelled:
                yield CANCELLED, None
                return
            with outgoing.open() as file:
                ds = dcmread(file)
            yield PENDING, ds

    def _question(self, event: Event) -> Question:
        house = self._house
        identifier = cast(C_FIND, event.request).Identifier  # C-MOVE and C-GET have it under the same name
        data = identifier.getvalue() if identifier is not None else b""
        return read_question(data, str(event.context.transfer_syntax), house.policy.default_encoding, house.dictionary)


def _peer(association: Association) -> Peer:
    request = cast(A_ASSOCIATE, association.requestor.primitive)
    return Peer(request.calling_ae_title.strip(), association.requestor.address, request.called_ae_title.strip())
