"""What a TLS handshake waits for; apart from tls.py, because that one imports ssl."""

from enum import Enum


class Wanted(Enum):
    """What has to happen before the handshake can go on."""

    NOTHING = "nothing"  # it is over
    READ = "read"  # bytes have to come
    WRITE = "write"  # the client has to take bytes
