"""What the DICOM door is told when it is built; all of it from the configuration."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # only imported where TLS is configured
    import ssl


@dataclass(frozen=True, slots=True)
class DicomSettings:
    """Values that do not change while the server runs.  Times in seconds, sizes in bytes."""

    aet: str = "ORTHANC"  # DicomAet
    port: int = 4242  # DicomPort; 0: any
    bind_address: str = ""  # '': all
    tls: "ssl.SSLContext | None" = None  # DicomTls*, for those who call us; None: plain connections
    client_tls: "ssl.SSLContext | None" = None  # DicomTls*, for modalities with UseDicomTls
    maximum_associations: int = 32  # at once; the next peer is told 'local limit exceeded'
    concurrent_commands: int = 2  # DicomThreadsCount: C-FIND, C-MOVE and C-GET being answered at once
    maximum_pdu_length: int = 131072  # MaximumPduLength, 4096 to 131072: what peers are told
    idle_seconds: float = 30.0  # DicomScpTimeout: silence after which an association is aborted; 0: never
    artim_seconds: float = 10.0  # for a new connection to send its A-ASSOCIATE-RQ
    pdu_seconds: float = 30.0  # for one PDU to come whole, or to be taken
    scu_seconds: float = 10.0  # DicomScuTimeout: for the answers of peers that we call
    case_sensitive_pn: bool = False  # CaseSensitivePN
    synchronous_move: bool = True  # SynchronousCMove
    preferred_transfer_syntax: str = "1.2.840.10008.1.2.1"  # DicomScuPreferredTransferSyntax
    stop_seconds: float = 3.0  # for commands being answered to end when the server stops
