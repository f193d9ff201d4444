"""pynetdicom's Association on our upper layer: the same negotiation, no thread of its own, no event handlers."""

import socket

from pydicom.uid import UID
from pynetdicom.ae import ApplicationEntity
from pynetdicom.association import Association

from pacsberry.dicom.uids import IMPLEMENTATION_CLASS_UID, IMPLEMENTATION_VERSION_NAME
from pacsberry.peers.upper_layer import UpperLayer


class PumpedAssociation(Association):
    """One association over an open connection, as requestor or acceptor.  Belongs to the thread that made it."""

    def __init__(
        self,
        ae: ApplicationEntity,
        mode: str,
        connected: socket.socket,
        *,
        maximum_length: int,
        acse_seconds: float,
        pdu_seconds: float,
    ) -> None:
        """`maximum_length`: the longest P-DATA-TF PDU that we take, in bytes; `acse_seconds`: for the negotiation."""
        super().__init__(ae, mode)
        self.layer = UpperLayer(self, maximum_length=maximum_length, pdu_seconds=pdu_seconds)
        self.dul = self.layer
        self.acse_timeout = acse_seconds
        self.layer.attach(connected)
        ours = self.requestor if self.is_requestor else self.acceptor
        ours.maximum_length = maximum_length
        ours.implementation_class_uid = UID(IMPLEMENTATION_CLASS_UID)
        ours.implementation_version_name = IMPLEMENTATION_VERSION_NAME

    def _bind_defaults(self) -> None:
        """Bind nothing: what pynetdicom's handlers would log, we log with the peer's name."""

    def abort(self, block: bool = True) -> None:
        """Abort because the negotiation got no answer (pynetdicom's ACSE calls this)."""
        self.layer.abort("did not answer")
