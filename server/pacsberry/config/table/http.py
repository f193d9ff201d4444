"""Settings of the HTTP door: how it listens, what it limits, whom it lets in."""

from pacsberry.config.kinds import File, Flag, ListOf, Text, Whole
from pacsberry.config.structures import Users
from pacsberry.config.table.row import CIPHERS, STREAMED, WEBDAV, Setting, Theme

_ADDRESS = Text("an address or host name of this machine", r"[A-Za-z0-9_.:%-]{1,255}", empty=False)
_TLS_VERSION = Whole(0, 5)

HTTP = Theme(
    "HTTP server",
    (
        Setting("HttpServerEnabled", Flag(), True, "Serve the REST API and the pages."),
        Setting("OrthancExplorerEnabled", Flag(), True, "Serve the built-in pages."),
        Setting("HttpPort", Whole(0, 65535), 8042, "TCP port of HTTP; 0: any free one."),
        Setting(
            "HttpBindAddresses",
            ListOf(_ADDRESS, most=64),
            [],
            "Addresses to listen on; empty: all of this machine.",
        ),
        Setting("HttpThreadsCount", Whole(1, 256), 8, "Requests that are answered at the same time."),
        Setting("HttpDescribeErrors", Flag(), True, "Say in the answer what went wrong."),
        Setting("HttpCompressionEnabled", Flag(), False, "Compress answers of 2 KB and more."),
        Setting("KeepAlive", Flag(), True, "Keep connections open between requests."),
        # Orthanc's default is 1: clients on a slow radio then connect anew for every image.
        Setting("KeepAliveTimeout", Whole(0, 86400, "seconds"), 30, "How long an idle connection stays open."),
        Setting("TcpNoDelay", Flag(), True, "Send small answers at once (no Nagle)."),
        Setting("HttpRequestTimeout", Whole(0, 86400, "seconds"), 30, "How long a request may stall; 0: for ever."),
        Setting(
            "MaximumRequestBodySizeMB",
            Whole(1, 1 << 20, "MB"),
            512,
            "Largest body of a request, of STOW-RS largest instance; 413 beyond.",
        ),
        Setting(
            "MaximumFileSizeInArchiveMB",
            Whole(1, 1 << 20, "MB"),
            512,
            "Largest file inside an uploaded ZIP or gzip, once unpacked.",
        ),
        Setting("WebDavEnabled", Flag(), True, "Serve /webdav/.", WEBDAV),
        Setting("WebDavDeleteAllowed", Flag(), False, "Allow deleting through WebDAV.", WEBDAV),
        Setting("WebDavUploadAllowed", Flag(), True, "Allow uploading through WebDAV.", WEBDAV),
        Setting("SynchronousZipStream", Flag(), True, "Stream ZIP answers.", STREAMED),
        Setting("ZipUseUtf8", Flag(), False, "Names in ZIP answers keep their accents (UTF-8)."),
        Setting("ZipLoaderThreads", Whole(0, 256), 0, "Threads that read files for a ZIP answer.", STREAMED),
        Setting("LoaderThreads", Whole(0, 256), None, "Older name of the threads that read ahead.", STREAMED),
        Setting("MetricsEnabled", Flag(), True, "Serve /tools/metrics-prometheus."),
    ),
)

SECURITY = Theme(
    "HTTP security",
    (
        Setting(
            "RemoteAccessAllowed",
            Flag(),
            False,
            "Let other machines in, not only this one.",
            container=True,
        ),
        Setting(
            "AuthenticationEnabled",
            Flag(),
            None,
            "Ask for user name and password.",
            same_as="RemoteAccessAllowed",
            container=True,
        ),
        Setting(
            "RegisteredUsers",
            Users(),
            None,
            "Who may log in: {name: password}, plain or as `pacsberry user` writes it. {} is nobody.",
        ),
        Setting("SslEnabled", Flag(), False, "Serve HTTPS instead of HTTP."),
        Setting("SslCertificate", File(), "certificate.pem", "PEM file with the private key and the certificate."),
        Setting(
            "SslMinimumProtocolVersion",
            _TLS_VERSION,
            4,
            "Oldest TLS that is spoken: 4 is TLS 1.2, 5 is TLS 1.3; what is older is raised to TLS 1.2.",
        ),
        Setting("SslCiphersAccepted", CIPHERS, [], "OpenSSL's names of ciphers; empty: its choice."),
        Setting("SslVerifyPeers", Flag(), False, "Ask clients for a certificate."),
        Setting(
            "SslTrustedClientCertificates",
            File(),
            "trustedClientCertificates.pem",
            "PEM file of those who sign the clients' certificates.",
        ),
    ),
)
