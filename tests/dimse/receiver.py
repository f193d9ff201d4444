"""A receiver for what is moved: pynetdicom's SCP in this process, which keeps what came and who asked for it."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self, cast

from pynetdicom import AE, evt
from pynetdicom.dimse_primitives import C_STORE
from pynetdicom.events import Event
from pynetdicom.presentation import build_context

from tests.makers import EXPLICIT

CT, MR, SR = "1.2.840.10008.5.1.4.1.1.2", "1.2.840.10008.5.1.4.1.1.4", "1.2.840.10008.5.1.4.1.1.88.11"


def stored(event: Event) -> C_STORE:
    """The C-STORE request of an event."""
    return cast(C_STORE, event.request)


def data_of(request: C_STORE) -> bytes:
    """The encoded data set of a request."""
    assert request.DataSet is not None
    return bytes(request.DataSet.getvalue())


@dataclass
class Arrival:
    """One object that came."""

    sop_uid: str
    transfer_syntax: str
    data: bytes
    originator: tuple[str | None, int | None]
    association: int


@dataclass
class Receiver:
    """Listens while its context is open."""

    classes: Iterable[str] = (CT, MR, SR)
    syntaxes: Iterable[str] = (EXPLICIT,)
    statuses: dict[int, int] = field(default_factory=dict)  # of the n-th object, from 1; else success
    abort_at: tuple[int, ...] = ()  # the n-th objects: abort instead of answering
    arrived: list[Arrival] = field(default_factory=list)
    port: int = 0

    def __enter__(self) -> Self:
        ae = AE("SINK")
        self._server = ae.start_server(
            ("127.0.0.1", 0),
            block=False,
            evt_handlers=[(evt.EVT_C_STORE, self._store)],
            contexts=[build_context(uid, list(self.syntaxes)) for uid in self.classes],
        )
        assert self._server is not None
        self.port = self._server.server_address[1]
        self._ae = ae
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ae.shutdown()

    @property
    def uids(self) -> list[str]:
        return [arrival.sop_uid for arrival in self.arrived]

    def _store(self, event: Event) -> int:
        request = stored(event)
        self.arrived.append(
            Arrival(
                str(request.AffectedSOPInstanceUID),
                str(event.context.transfer_syntax),
                data_of(request),
                (request.MoveOriginatorApplicationEntityTitle, request.MoveOriginatorMessageID),
                id(event.assoc),
            )
        )
        if len(self.arrived) in self.abort_at:
            event.assoc.abort()
        return self.statuses.get(len(self.arrived), 0)
