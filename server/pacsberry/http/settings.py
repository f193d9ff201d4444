"""The few values the HTTP door is built with; app takes them from the configuration."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from pacsberry.model import Level


@dataclass(frozen=True, slots=True)
class TlsSettings:
    """HTTPS (SslEnabled and what belongs to it)."""

    certificate: Path  # SslCertificate: key and certificate in one PEM file
    minimum_version: int = 4  # SslMinimumProtocolVersion: 0 to 5; 4 is TLS 1.2, 5 is TLS 1.3
    ciphers: tuple[str, ...] = ()  # SslCiphersAccepted, OpenSSL names; empty: the library's choice
    verify_clients: bool = False  # SslVerifyPeers
    trusted_clients: Path | None = None  # SslTrustedClientCertificates


@dataclass(frozen=True, slots=True)
class DicomWebSettings:
    """Where DICOMweb is and what it calls itself; the option of the section DicomWeb stands beside each value."""

    is_served: bool = True  # Enable
    root: str = "/dicom-web"  # Root, without a slash at its end
    public_root: str = "/dicom-web"  # PublicRoot: as proxies show it
    host: str = ""  # Host in addresses of answers; '' for the one the client used
    is_https_outside: bool = False  # Ssl: with `host`
    wado_uri_root: str = "/wado"  # WadoRoot; '' when EnableWado is off
    keeps_metadata: bool = True  # EnableMetadataCache
    prefers_prepared: bool = False  # Pacsberry.PreparedForAnySyntax: what transfer-syntax=* gets
    from_index: frozenset[Level] = frozenset()  # StudiesMetadata, SeriesMetadata: levels where they are MainDicomTags
    case_sensitive: bool = True  # QidoCaseSensitive; person names are compared without regard to case anyway


@dataclass(frozen=True, slots=True)
class HttpSettings:
    """How the door behaves; the option of Orthanc's configuration stands beside each value."""

    is_open: bool = True  # HttpServerEnabled: listen on the network; the control socket is another matter
    control_socket: Path | None = None  # Pacsberry.ControlSocket: where it goes
    port: int = 8042  # HttpPort; 0 picks a free one
    addresses: tuple[str, ...] = ()  # HttpBindAddresses; empty: every address; who may come in is another matter
    threads: int = 8  # HttpThreadsCount
    downloads: int = 24  # streamed downloads at once; each has a thread of its own while it lasts
    waiting_for_pictures: int = 300  # requests at once; each has a thread of its own while it waits
    connections: int = 300  # open connections at once, downloads included
    tls: TlsSettings | None = None  # SslEnabled
    remote_access: bool = False  # RemoteAccessAllowed
    authentication: bool = False  # AuthenticationEnabled
    read_only: bool = False  # ReadOnly
    describe_errors: bool = True  # HttpDescribeErrors
    compression: bool = False  # HttpCompressionEnabled
    keep_alive: bool = True  # KeepAlive
    keep_alive_seconds: float = 30.0  # KeepAliveTimeout: an idle connection is closed after so long
    timeout_seconds: float = 30.0  # HttpRequestTimeout: how long a client may stand still; 0 for ever
    tcp_no_delay: bool = True  # TcpNoDelay
    small_body_bytes: int = 4 * 2**20  # a body held in memory; 20 000 identifiers are 1 MB
    largest_body_bytes: int = 512 * 2**20  # MaximumRequestBodySizeMB
    largest_member_bytes: int = 512 * 2**20  # MaximumFileSizeInArchiveMB
    explorer: bool = True  # OrthancExplorerEnabled
    archive_deflate_level: int = 1  # of ZIP archives: 0 stores, 1 is fast, 9 is small
    zip_utf8: bool = False  # ZipUseUtf8
    lossy_quality: int = 90  # DicomLossyTranscodingQuality
    guest_label: str = "shown"  # Pacsberry.GuestLabel: studies that students may look at
    dicomweb: DicomWebSettings = field(default_factory=DicomWebSettings)


@dataclass(frozen=True, slots=True)
class SystemFacts:
    """What GET /system tells of the configuration, by Orthanc's names (S12), where nothing else here knows it."""

    values: Mapping[str, object] = field(default_factory=dict)
