"""Who may come in, and who may write.

Everything is decided from the connection's own address and the Authorization header.  Forwarded headers are never
believed here: behind a proxy on this machine every client is local, and the proxy guards the door.
"""

import base64
import binascii
import hashlib
import ipaddress
import os
import threading
from collections import OrderedDict
from collections.abc import Callable, Mapping
from functools import lru_cache
from time import monotonic as system_monotonic
from typing import Protocol
from urllib.parse import urlsplit

from pacsberry.errors import NotAllowed
from pacsberry.http.errors import Unauthorized

_REMEMBER_SECONDS = 10.0  # what the accounts said about a header holds so long, right or wrong
_REMEMBERED = 256  # headers


class Accounts(Protocol):
    """Who may log in (`pacsberry.auth`)."""

    def verify(self, name: str, password: str, address: str) -> object | None:
        """Somebody, or None when name or password is wrong; may take a tenth of a second when it is hashed."""


class Access:
    """The gate of the door; thread-safe."""

    def __init__(
        self,
        accounts: Accounts | None,
        *,
        remote_access: bool,
        read_only: bool = False,
        monotonic: Callable[[], float] = system_monotonic,
    ) -> None:
        """`accounts` is None when authentication is off."""
        self._accounts = accounts
        self._remote_access = remote_access
        self._read_only = read_only
        self._monotonic = monotonic
        self._lock = threading.Lock()  # guards what is remembered
        self._salt = os.urandom(16)
        self._remembered: OrderedDict[bytes, tuple[str | None, float]] = OrderedDict()  # digest: user, until

    @property
    def is_local(self) -> bool:
        """Whether requests come from this machine's admin, by the control socket."""
        return False

    def admit(self, remote_ip: str, authorization: str) -> str:
        """The user who comes in, '' without authentication; Unauthorized otherwise.  May be slow."""
        known = self.glance(remote_ip, authorization)
        return known if known is not None else self._check(remote_ip, authorization)

    def glance(self, remote_ip: str, authorization: str) -> str | None:
        """`admit` as far as it is quick: None when a password would have to be checked."""
        if not self._remote_access and not is_loopback(remote_ip):
            raise Unauthorized("Clients from other machines are not let in; set RemoteAccessAllowed to allow them.")
        if self._accounts is None:
            return ""
        if not authorization:
            raise Unauthorized("A user name and a password are needed.")
        digest = self._digest(authorization)
        with self._lock:
            user, until = self._remembered.get(digest, (None, 0.0))
        if until <= self._monotonic():
            return None
        if user is None:
            raise Unauthorized("Unknown user or wrong password.")
        return user

    def may_write(self, headers: Mapping[str, str]) -> None:
        """NotAllowed in read-only mode, and for a page of another site that uses a visitor's browser."""
        if self._read_only:
            raise NotAllowed("This server is read-only (ReadOnly): nothing can be added, changed or deleted.")
        if _is_cross_site(headers):
            raise NotAllowed(
                "A page of another site tried to change something here. If that is wanted, let the proxy in front of "
                "this server remove the headers Origin and Sec-Fetch-Site."
            )

    def _check(self, remote_ip: str, authorization: str) -> str:
        digest = self._digest(authorization)
        user, password = _credentials(authorization)
        right = self._accounts is not None and self._accounts.verify(user, password, remote_ip) is not None
        with self._lock:
            self._remembered[digest] = (user if right else None, self._monotonic() + _REMEMBER_SECONDS)
            self._remembered.move_to_end(digest)
            if len(self._remembered) > _REMEMBERED:
                self._remembered.popitem(last=False)
        if not right:
            raise Unauthorized("Unknown user or wrong password.")
        return user

    def _digest(self, authorization: str) -> bytes:
        return hashlib.blake2b(authorization.encode(errors="replace"), key=self._salt, digest_size=16).digest()


class Verification:
    """A slow password check on a worker thread while a body is already arriving.  A task for waitress' dispatcher."""

    def __init__(self, access: Access, remote_ip: str, authorization: str) -> None:
        self._access = access
        self._remote_ip = remote_ip
        self._authorization = authorization
        self.refusal: Unauthorized | None = None  # set when the check has failed

    def service(self) -> None:
        """Check; run by a worker."""
        try:
            self._access.admit(self._remote_ip, self._authorization)
        except Unauthorized as error:
            self.refusal = error

    def cancel(self) -> None:
        """The server stops; the request this belongs to is dropped as well."""


@lru_cache(256)
def is_loopback(ip: str) -> bool:
    """Whether a connection's address is this machine's own."""
    try:
        address = ipaddress.ip_address(ip.partition("%")[0])
    except ValueError:
        return False
    mapped = getattr(address, "ipv4_mapped", None)
    return (mapped or address).is_loopback


def _credentials(authorization: str) -> tuple[str, str]:
    scheme, _, encoded = authorization.partition(" ")
    if scheme.lower() != "basic":
        raise Unauthorized("Only Basic authentication is understood.")
    try:
        user, colon, password = base64.b64decode(encoded.strip(), validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError) as error:
        raise Unauthorized("The Authorization header cannot be read.") from error
    if not colon:
        raise Unauthorized("The Authorization header cannot be read.")
    return user, password


def _is_cross_site(headers: Mapping[str, str]) -> bool:
    """Whether a browser says that the page behind this request belongs to another site (`headers`: WSGI environment).

    Browsers send Sec-Fetch-Site to secure addresses only, Origin to all.  A Host of this machine says nothing: that is
    what a proxy on the same machine sends when nobody told it to keep the client's.
    """
    site = headers.get("HTTP_SEC_FETCH_SITE", "")
    if site:
        return site == "cross-site"
    origin = headers.get("HTTP_ORIGIN", "")
    if not origin:
        return False
    hosts = {headers.get(name, "").split(",")[0].strip().lower() for name in ("HTTP_HOST", "HTTP_X_FORWARDED_HOST")}
    try:
        origin_host = urlsplit(origin).netloc.lower()
    except ValueError:
        return True
    names = {host.rsplit(":", 1)[0].strip("[]") for host in hosts}
    if names & {"localhost", "127.0.0.1", "::1"}:
        return False
    return not origin_host or origin_host not in hosts
