"""HTTPS: the certificate and the rules of TLS (SslEnabled and what belongs to it), and one connection of it.

Imported only by a server with HTTPS: ssl costs 5 MB.
"""

import socket
import ssl
import threading

from pacsberry.errors import ConfigError
from pacsberry.http.handshake import Wanted
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


class TlsConnection:
    """A connection that never waits: what cannot be done yet raises BlockingIOError, as with a plain socket.

    Thread-safe: the listening thread and the worker it is with both use it.
    """

    def __init__(self, connection: ssl.SSLSocket) -> None:
        self._connection = connection
        self._lock = threading.Lock()  # guards OpenSSL's state of this connection

    @classmethod
    def of(cls, connection: socket.socket) -> "TlsConnection":
        """Of a socket that `server_context` has wrapped."""
        if not isinstance(connection, ssl.SSLSocket):
            raise TypeError("not an HTTPS connection")
        return cls(connection)

    def shake_hands(self) -> Wanted:
        """Go on with the handshake; what it waits for.  OSError when it has failed."""
        try:
            with self._lock:
                self._connection.do_handshake()
        except ssl.SSLWantReadError:
            return Wanted.READ
        except ssl.SSLWantWriteError:
            return Wanted.WRITE
        return Wanted.NOTHING

    def recv(self, size: int) -> bytes:
        """At most `size` bytes; none when the client has closed."""
        try:
            with self._lock:
                return self._connection.recv(size)
        except (ssl.SSLWantReadError, ssl.SSLWantWriteError) as error:
            raise BlockingIOError from error

    def send(self, data: bytes | memoryview) -> int:
        """How many bytes were taken; after BlockingIOError the same bytes have to be sent again."""
        try:
            with self._lock:
                return self._connection.send(data)
        except (ssl.SSLWantReadError, ssl.SSLWantWriteError) as error:
            raise BlockingIOError from error

    def unwrap(self) -> None:
        """Say that nothing more comes; OSError when that cannot be said now."""
        with self._lock:
            self._connection.unwrap()
