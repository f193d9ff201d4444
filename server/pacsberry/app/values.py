"""Translates the configuration into the values that the parts of the server are built with.

One function per part; nothing below `app` ever sees the settings themselves.
"""

import os
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from pacsberry.archive import ArchiveSettings, FindLimits, Reading, StorageAccess
from pacsberry.auth import Account, Role
from pacsberry.config import Settings
from pacsberry.dicom.main_tags import MainTags
from pacsberry.dicom.names import TagDictionary
from pacsberry.dicom.policy import DicomPolicy
from pacsberry.dimse.rules import AccessRules, Service
from pacsberry.dimse.settings import DicomSettings
from pacsberry.errors import ConfigError
from pacsberry.http.settings import DicomWebSettings, HttpSettings, TlsSettings
from pacsberry.imaging.limits import Limits as PixelLimits
from pacsberry.model import Level, OverwritePolicy
from pacsberry.recycler import KeepFree, Limits

if TYPE_CHECKING:
    import ssl

    from pacsberry.imaging.on_arrival import ArrivalRules

INDEX_NAME = "index.sqlite3"
_MEGABYTE = 2**20
_SYNTAX_GROUPS = ("Deflated", "Jpeg", "Jpeg2000", "JpegLossless", "Jpip", "Mpeg2", "Mpeg4", "Rle", "H265")


def index_path(settings: Settings) -> Path:
    """Where the index is: in IndexDirectory, by default beside the files."""
    folder = settings["IndexDirectory"]
    return (settings.path("StorageDirectory") if folder is None or not str(folder) else Path(folder)) / INDEX_NAME


def dictionary(settings: Settings) -> TagDictionary:
    """Dictionary and DefaultPrivateCreator."""
    option = {
        f"{entry.tag >> 16:04x},{entry.tag & 0xFFFF:04x}": (
            [entry.vr, entry.name, entry.least, entry.most] + ([entry.creator] if entry.creator else [])
        )
        for entry in settings["Dictionary"]
    }
    return TagDictionary.from_option(option, default_creator=settings.text("DefaultPrivateCreator"))


def main_tags(settings: Settings, names: TagDictionary) -> MainTags:
    """ExtraMainDicomTags."""
    return MainTags.with_extra(settings["ExtraMainDicomTags"], dictionary=names)


def policy(settings: Settings) -> DicomPolicy:
    """What the DICOM door accepts; the REST routes below /tools change it while the server runs."""
    return DicomPolicy(
        default_encoding=settings.text("DefaultEncoding"),
        accepted_transfer_syntaxes=settings.texts("AcceptedTransferSyntaxes"),
        accepted_sop_classes=settings.texts("AcceptedSopClasses") or ("*",),
        rejected_sop_classes=settings.texts("RejectedSopClasses"),
        unknown_sop_class_accepted=settings.flag("UnknownSopClassAccepted"),
    )


def archive(settings: Settings, reading: Reading, tags: MainTags, names: TagDictionary) -> ArchiveSettings:
    """How the archive keeps and answers."""
    return ArchiveSettings(
        reading=reading,
        sync_files=settings.flag("SyncStorageArea"),
        store_md5=settings.flag("StoreMD5ForAttachments"),
        compression=settings.flag("StorageCompression"),
        overwrite=OverwritePolicy(settings.text("OverwriteInstances")),
        stable_age_seconds=settings.number("StableAge"),
        main_tags=tags,
        dictionary=names,
        storage_access=StorageAccess(settings.text("StorageAccessOnFind")),
        user_metadata=settings["UserMetadata"],
        user_content_types=settings["UserContentType"],
        check_revisions=settings.flag("CheckRevisions"),
        find_limits=FindLimits(settings.number("LimitFindResults"), settings.number("LimitFindInstances")),
        log_exports=settings.flag("LogExportedResources"),
    )


def limits(settings: Settings) -> Limits:
    """MaximumStorageSize and MaximumPatientCount."""
    return Limits(
        stored_bytes=settings.number("MaximumStorageSize") * _MEGABYTE, patients=settings.number("MaximumPatientCount")
    )


def keep_free(settings: Settings) -> KeepFree:
    """Pacsberry.KeepFreeMB and Pacsberry.KeepFreePercent."""
    return KeepFree(
        settings.number("Pacsberry.KeepFreeMB") * _MEGABYTE, percent=settings.number("Pacsberry.KeepFreePercent")
    )


def dicom(settings: Settings) -> DicomSettings:
    """How the DICOM door behaves."""
    return DicomSettings(
        aet=settings.text("DicomAet"),
        port=settings.number("DicomPort"),
        tls=_dicom_tls(settings) if settings.flag("DicomTlsEnabled") else None,
        maximum_associations=settings.number("Pacsberry.MaximumAssociations"),
        concurrent_commands=settings.number("DicomThreadsCount"),
        maximum_pdu_length=settings.number("MaximumPduLength"),
        idle_seconds=settings.number("DicomScpTimeout"),
        scu_seconds=settings.number("DicomScuTimeout"),
        case_sensitive_pn=settings.flag("CaseSensitivePN"),
        synchronous_move=settings.flag("SynchronousCMove"),
        preferred_transfer_syntax=settings.text("DicomScuPreferredTransferSyntax"),
    )


def access(settings: Settings) -> AccessRules:
    """Who may ask what of the DICOM door."""
    return AccessRules(
        aet=settings.text("DicomAet"),
        check_called_aet=settings.flag("DicomCheckCalledAet"),
        always_allow=frozenset(service for service in Service if settings.flag(f"DicomAlwaysAllow{service.value}")),
        check_modality_host=settings.flag("DicomCheckModalityHost"),
        strict_aet_comparison=settings.flag("StrictAetComparison"),
    )


def http(settings: Settings) -> HttpSettings:
    """How the HTTP door behaves."""
    return HttpSettings(
        is_open=settings.flag("HttpServerEnabled"),
        control_socket=control_socket(settings) if settings.flag("Pacsberry.ControlSocket") else None,
        port=settings.number("HttpPort"),
        addresses=settings.texts("HttpBindAddresses"),
        threads=settings.number("HttpThreadsCount"),
        connections=settings.number("Pacsberry.HttpMaximumConnections"),
        tls=_http_tls(settings) if settings.flag("SslEnabled") else None,
        remote_access=settings.flag("RemoteAccessAllowed"),
        authentication=settings.flag("AuthenticationEnabled"),
        read_only=settings.flag("ReadOnly"),
        describe_errors=settings.flag("HttpDescribeErrors"),
        compression=settings.flag("HttpCompressionEnabled"),
        keep_alive=settings.flag("KeepAlive"),
        keep_alive_seconds=settings.number("KeepAliveTimeout"),
        timeout_seconds=settings.number("HttpRequestTimeout"),
        tcp_no_delay=settings.flag("TcpNoDelay"),
        largest_body_bytes=settings.number("MaximumRequestBodySizeMB") * _MEGABYTE,
        largest_member_bytes=settings.number("MaximumFileSizeInArchiveMB") * _MEGABYTE,
        explorer=settings.flag("OrthancExplorerEnabled"),
        zip_utf8=settings.flag("ZipUseUtf8"),
        guest_label=settings.text("Pacsberry.GuestLabel"),
        downloads=settings.number("Pacsberry.HttpDownloads"),
        waiting_for_pictures=settings.number("Pacsberry.HttpMaximumConnections"),
        lossy_quality=settings.number("DicomLossyTranscodingQuality"),
        archive_deflate_level=settings.number("Pacsberry.ArchiveDeflateLevel"),
        dicomweb=dicomweb(settings),
    )


def keeps_metadata(settings: Settings) -> bool:
    """DicomWeb.EnableMetadataCache; with names of one's own (Dictionary) metadata are told from the files."""
    return settings.flag("DicomWeb.EnableMetadataCache") and not (
        settings["Dictionary"] or settings["DefaultPrivateCreator"]
    )


def dicomweb(settings: Settings) -> DicomWebSettings:
    """The section DicomWeb, as far as the server has the part of DICOMweb it belongs to."""
    return DicomWebSettings(
        is_served=settings.flag("DicomWeb.Enable"),
        root="/" + settings.text("DicomWeb.Root").strip("/"),
        public_root=("/" + settings.text("DicomWeb.PublicRoot").strip("/")).rstrip("/"),
        host=settings.text("DicomWeb.Host").strip("/"),
        is_https_outside=settings.flag("DicomWeb.Ssl"),
        wado_uri_root="/" + settings.text("DicomWeb.WadoRoot").strip("/")
        if settings.flag("DicomWeb.EnableWado")
        else "",
        keeps_metadata=keeps_metadata(settings),
        prefers_prepared=settings.flag("Pacsberry.PreparedForAnySyntax"),
        from_index=frozenset(
            level
            for level, name in ((Level.STUDY, "DicomWeb.StudiesMetadata"), (Level.SERIES, "DicomWeb.SeriesMetadata"))
            if settings.text(name) == "MainDicomTags"
        ),
        case_sensitive=settings.flag("DicomWeb.QidoCaseSensitive"),
    )


def registered(settings: Settings) -> dict[str, Account]:
    """RegisteredUsers with Pacsberry.UserRoles."""
    roles: Mapping[str, str] = settings["Pacsberry.UserRoles"]
    users = settings.users or {}
    return {name: Account(password, Role(roles.get(name, Role.ADMIN.value))) for name, password in users.items()}


def pixels(settings: Settings) -> PixelLimits:
    """What pixel workers may use."""
    memory_bytes = settings.number("Pacsberry.PixelWorkerMemoryMB") * _MEGABYTE
    cores, board_bytes = os.cpu_count() or 1, os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    return PixelLimits(
        workers=settings.number("Pacsberry.PixelWorkers") or max(1, min(cores - 1, board_bytes // memory_bytes)),
        memory_bytes=memory_bytes,
        seconds=settings.number("Pacsberry.PixelSeconds"),
    )


def arrival_rules(settings: Settings) -> "ArrivalRules":
    """IngestTranscoding*, which has to name a syntax that images can be transcoded to."""
    from pacsberry.imaging.on_arrival import ArrivalRules
    from pacsberry.imaging.targets import ALL

    syntax = settings.text("IngestTranscoding")
    if syntax not in ALL:
        raise ConfigError(
            f"IngestTranscoding: nothing is transcoded to {syntax} ({settings.origin('IngestTranscoding')}); "
            f"these can be had: {', '.join(sorted(ALL))}."
        )
    return ArrivalRules(
        transfer_syntax_uid=syntax,
        of_uncompressed=settings.flag("IngestTranscodingOfUncompressed"),
        of_compressed=settings.flag("IngestTranscodingOfCompressed"),
        quality=settings.number("DicomLossyTranscodingQuality"),
    )


def control_socket(settings: Settings) -> Path:
    """Where the control socket of a running server is."""
    return settings.path("StorageDirectory") / "pacsberry.sock"


def http_over_socket(settings: Settings, socket: Path) -> HttpSettings:
    """How the HTTP door behaves when a control socket is all there is of it."""
    return replace(http(settings), is_open=False, tls=None, authentication=False, control_socket=socket)


def _http_tls(settings: Settings) -> TlsSettings:
    verify = settings.flag("SslVerifyPeers")
    return TlsSettings(
        certificate=_readable(settings, "SslCertificate"),
        minimum_version=settings.number("SslMinimumProtocolVersion"),
        ciphers=settings.texts("SslCiphersAccepted"),
        verify_clients=verify,
        trusted_clients=_readable(settings, "SslTrustedClientCertificates") if verify else None,
    )


def _dicom_tls(settings: Settings) -> "ssl.SSLContext":
    """DicomTls*: mutual by default (PS3.15 B.12)."""
    import ssl

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    is_newest_only = settings.number("DicomTlsMinimumProtocolVersion") >= 5
    context.minimum_version = ssl.TLSVersion.TLSv1_3 if is_newest_only else ssl.TLSVersion.TLSv1_2
    try:
        context.load_cert_chain(_readable(settings, "DicomTlsCertificate"), _readable(settings, "DicomTlsPrivateKey"))
        if settings.flag("DicomTlsRemoteCertificateRequired"):
            context.load_verify_locations(_readable(settings, "DicomTlsTrustedCertificates"))
            context.verify_mode = ssl.CERT_REQUIRED
        if settings.texts("DicomTlsCiphersAccepted"):
            context.set_ciphers(":".join(settings.texts("DicomTlsCiphersAccepted")))
    except ssl.SSLError as error:
        raise ConfigError(f"DicomTlsEnabled: the certificates or ciphers cannot be used: {error}.") from error
    return context


def _readable(settings: Settings, name: str) -> Path:
    path = settings[name]
    if path is None or not os.access(path, os.R_OK):
        raise ConfigError(f"{name}: the file {path} cannot be read ({settings.origin(name)}).")
    return Path(path)
