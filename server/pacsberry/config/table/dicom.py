"""Settings of the DICOM door: who may connect, in which syntaxes, how queries are answered; and the remote nodes."""

from pacsberry.config.kinds import AeTitle, Choice, File, Flag, ListOf, Text, Whole
from pacsberry.config.structures import HttpServers, Modalities
from pacsberry.config.table.row import (
    CIPHERS,
    PEERS,
    RETRIEVE,
    WORKLISTS,
    Setting,
    Theme,
    alias,
)

ENCODINGS = (
    *("Ascii", "Utf8", "Latin1", "Latin2", "Latin3", "Latin4", "Latin5", "Cyrillic", "Windows1251", "Arabic", "Greek"),
    *("Hebrew", "Thai", "Japanese", "Chinese", "JapaneseKanji", "Korean", "SimplifiedChinese"),
)
_UID = Text("a UID", r"[0-9]+(\.[0-9]+)*", empty=False, longest=64)
_UID_PATTERN = Text("a UID, with * and ? as wildcards", r"[0-9.*?]+", empty=False, longest=64)
_UID_PATTERNS = ListOf(_UID_PATTERN, most=1000)
_SYNTAX_GROUPS = {
    "Deflated": "deflated",
    "Jpeg": "JPEG",
    "JpegLossless": "lossless JPEG",
    "Jpeg2000": "JPEG 2000",
    "Jpip": "JPIP",
    "Mpeg2": "MPEG-2",
    "Mpeg4": "MPEG-4",
    "Rle": "RLE",
    "H265": "H.265",
}
_REJECTED = Setting(
    "RejectedSopClasses", _UID_PATTERNS, [], "Storage classes that are refused although AcceptedSopClasses has them."
)

DICOM = Theme(
    "DICOM server",
    (
        Setting("DicomServerEnabled", Flag(), True, "Listen for DICOM associations."),
        Setting("DicomAet", AeTitle(), "ORTHANC", "AE title of this server."),
        Setting("DicomCheckCalledAet", Flag(), False, "Refuse associations meant for another AE title."),
        Setting("DicomPort", Whole(0, 65535), 4242, "TCP port of DICOM; 0: any free one."),
        Setting("DicomThreadsCount", Whole(1, 256), 2, "Commands that are worked on at the same time."),
        Setting("DicomScpTimeout", Whole(0, 86400, "seconds"), 30, "How long a peer may be silent; 0: for ever."),
        Setting("DicomScuTimeout", Whole(0, 86400, "seconds"), 10, "How long to wait for a remote node; 0: for ever."),
        Setting("MaximumPduLength", Whole(4096, 131072, "bytes"), 65536, "Largest PDU that is received."),
        Setting(
            "DefaultEncoding",
            Choice(ENCODINGS),
            "Latin1",
            "Character set of files that name none, and of answers to C-FIND.",
        ),
        Setting(
            "AcceptedTransferSyntaxes",
            _UID_PATTERNS,
            ["1.2.840.10008.1.*"],
            "Transfer syntaxes that are taken in; empty: nothing is.",
        ),
        *(
            Setting(
                f"{group}TransferSyntaxAccepted",
                Flag(),
                None,
                f"Add or remove the {words} syntaxes, after AcceptedTransferSyntaxes.",
            )
            for group, words in _SYNTAX_GROUPS.items()
        ),
        Setting("UnknownSopClassAccepted", Flag(), False, "Take in storage classes nobody has heard of."),
        Setting(
            "AcceptedSopClasses",
            _UID_PATTERNS,
            [],
            "Storage classes that are taken in; empty: all that DICOM defines.",
        ),
        _REJECTED,
        alias("RejectSopClasses", _REJECTED),
        Setting("DicomAlwaysAllowEcho", Flag(), True, "Answer C-ECHO of nodes that are not in DicomModalities."),
        Setting("DicomAlwaysAllowStore", Flag(), True, "Take images of nodes that are not in DicomModalities."),
        Setting("DicomAlwaysAllowFind", Flag(), False, "Answer C-FIND of nodes that are not in DicomModalities."),
        Setting(
            "DicomAlwaysAllowFindWorklist",
            Flag(),
            False,
            "Answer worklist queries of nodes that are not in DicomModalities.",
            WORKLISTS,
        ),
        Setting("DicomAlwaysAllowGet", Flag(), False, "Answer C-GET of nodes that are not in DicomModalities."),
        Setting("DicomAlwaysAllowMove", Flag(), False, "Answer C-MOVE of nodes that are not in DicomModalities."),
        Setting("DicomCheckModalityHost", Flag(), False, "Compare the address of a node with DicomModalities, too."),
        Setting("StrictAetComparison", Flag(), False, "Tell upper and lower case apart in AE titles."),
        Setting("SynchronousCMove", Flag(), True, "Answer C-MOVE when everything is sent, not at once."),
        Setting("TranscodeDicomProtocol", Flag(), True, "Transcode for nodes that do not take what is stored."),
        Setting(
            "DicomScuPreferredTransferSyntax", _UID, "1.2.840.10008.1.2.1", "Syntax to transcode to first, for nodes."
        ),
        Setting(
            "DicomDefaultRetrieveMethod",
            Choice(("C-MOVE", "C-GET")),
            "C-MOVE",
            "How images are fetched from remote nodes.",
            RETRIEVE,
        ),
        Setting(
            "DicomEchoChecksFind", Flag(), False, "Follow an echo to a node by a query that finds nothing.", RETRIEVE
        ),
        Setting(
            "DicomAssociationCloseDelay",
            Whole(0, 86400, "seconds"),
            5,
            "How long an association to a node waits for more to send.",
            "has no meaning here: it was for associations opened by Lua scripts",
        ),
        Setting(
            "StorageCommitmentReportsSize",
            Whole(0, 100_000),
            100,
            "Reports of storage commitment that are remembered.",
            "comes with storage commitment",
        ),
        Setting("DicomTlsEnabled", Flag(), False, "Speak DICOM over TLS only."),
        Setting("DicomTlsCertificate", File(), None, "PEM file of our certificate."),
        Setting("DicomTlsPrivateKey", File(), None, "PEM file of our private key."),
        Setting("DicomTlsTrustedCertificates", File(), None, "PEM file of those who sign the nodes' certificates."),
        Setting("DicomTlsRemoteCertificateRequired", Flag(), True, "Refuse nodes without a certificate."),
        Setting(
            "DicomTlsMinimumProtocolVersion",
            Whole(0, 5),
            0,
            "Oldest TLS that is spoken: 0 follows BCP 195 (TLS 1.2), 5 is TLS 1.3.",
        ),
        Setting("DicomTlsCiphersAccepted", CIPHERS, [], "OpenSSL's names of ciphers; empty: its choice."),
        Setting("LimitFindResults", Whole(), 0, "Most answers for patients, studies and series; 0: no limit."),
        Setting("LimitFindInstances", Whole(), 0, "Most answers for instances; 0: no limit."),
        Setting("CaseSensitivePN", Flag(), False, "Tell upper and lower case apart in person names of C-FIND."),
        Setting("QueryRetrieveSize", Whole(1, 100_000), 100, "Queries to remote nodes that are remembered.", RETRIEVE),
        Setting(
            "StorageAccessOnFind",
            Choice(("Always", "Answers", "Never")),
            "Answers",
            "When searches open files: to filter and answer, only to answer, or never.",
        ),
    ),
)

NETWORK = Theme(
    "Remote nodes and outgoing HTTP",
    (
        Setting(
            "DicomModalities",
            Modalities(),
            {},
            "Remote DICOM nodes: name to [AET, host, port, manufacturer] or to an object, see below.",
        ),
        Setting(
            "DicomModalitiesInDatabase",
            Flag(),
            False,
            "Keep the remote nodes in the index.",
            "comes with a later release: nodes set over REST are forgotten at the next start",
        ),
        Setting(
            "OrthancPeers", HttpServers(), {}, "Other servers: name to [url, user, password] or to an object.", PEERS
        ),
        Setting("OrthancPeersInDatabase", Flag(), False, "Keep the peers in the index.", PEERS),
        Setting(
            "HttpProxy", Text(longest=512, secret=True), "", "Proxy for outgoing HTTP: user:password@host:port.", PEERS
        ),
        Setting("HttpVerbose", Flag(), False, "Log outgoing HTTP in detail.", PEERS),
        Setting(
            "HttpTimeout", Whole(0, 86400, "seconds"), 60, "How long to wait for other servers; 0: for ever.", PEERS
        ),
        Setting("HttpsVerifyPeers", Flag(), True, "Check the certificates of other servers.", PEERS),
        Setting(
            "HttpsCACertificates", File(empty=True), "", "PEM file of trusted authorities; empty: the system's.", PEERS
        ),
    ),
)
