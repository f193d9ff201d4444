"""HTTPS: the certificate and the rules of TLS (SslEnabled and what belongs to it)."""

import ssl

from pacsberry.errors import ConfigError
from pacsberry.http.settings import TlsSettings

# Orthanc's numbers of SslMinimumProtocolVersion.  What OpenSSL cannot do any more becomes the oldest it can.
_VERSIONS = (
    ssl.TLSVersion.MINIMUM_SUPPORTED,  # SSL 2
    ssl.TLSVersion.MINIMUM_SUPPORTED,  # SSL 3
    ssl.TLSVersion.TLSv1,
    ssl.TLSVersion.TLSv1_1,
    ssl.TLSVersion.TLSv1_2,
    ssl.TLSVersion.TLSv1_3,
)


def server_context(settings: TlsSettings) -> ssl.SSLContext:
    """The context for accepted connections; ConfigError names the option and file that cannot be used."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    if not 0 <= settings.minimum_version < len(_VERSIONS):
        raise ConfigError(f"SslMinimumProtocolVersion is {settings.minimum_version}; a number from 0 to 5 is expected.")
    context.minimum_version = _VERSIONS[settings.minimum_version]
    context.options |= ssl.OP_NO_RENEGOTIATION | ssl.OP_NO_COMPRESSION
    try:
        context.load_cert_chain(settings.certificate)
    except (OSError, ssl.SSLError) as error:
        raise ConfigError(
            f"SslCertificate: {settings.certificate} cannot be used ({error}); a PEM file holding the private key and "
            "the certificate is expected."
        ) from error
    if settings.ciphers:
        try:
            context.set_ciphers(":".join(settings.ciphers))
        except ssl.SSLError as error:
            raise ConfigError(f"SslCiphersAccepted: OpenSSL knows none of {', '.join(settings.ciphers)}.") from error
    if settings.verify_clients:
        if settings.trusted_clients is None:
            raise ConfigError("SslVerifyPeers is on; SslTrustedClientCertificates must name a PEM file.")
        try:
            context.load_verify_locations(settings.trusted_clients)
        except (OSError, ssl.SSLError) as error:
            raise ConfigError(
                f"SslTrustedClientCertificates: {settings.trusted_clients} cannot be used ({error})."
            ) from error
        context.verify_mode = ssl.CERT_REQUIRED
    return context
