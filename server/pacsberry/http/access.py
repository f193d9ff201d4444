"""Who may come in, and who may write.

Everything is decided from the connection's own address, the Authorization header (scripts) and the cookie of a session
(pages).  Forwarded headers are never believed here: behind a proxy on this machine every client is local, and the proxy
guards the door.  What pages of other sites may not do is in `foreign`.
"""

import base64
import binascii
import hashlib
import ipaddress
import os
import threading
from collections import OrderedDict
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from functools import lru_cache
from time import monotonic as system_monotonic
from typing import TYPE_CHECKING, NamedTuple, Protocol

from pacsberry.auth import Action, User, may
from pacsberry.auth.users import GUEST
from pacsberry.errors import NotAllowed
from pacsberry.http.errors import Unauthorized
from pacsberry.http.foreign import is_cross_site, is_followed_link, may_be_this_machine

if TYPE_CHECKING:
    from pacsberry.auth.sessions import Session, Sessions

_REMEMBER_SECONDS = 10.0  # what the accounts said about a header holds so long, right or wrong
_REMEMBERED = 256  # headers
_LONGEST_COOKIES = 8192  # characters that are looked at
COOKIE = "pacsberry"
PROOF_HEADER = "X-Pacsberry-Proof"
EVERYBODY = User("")  # without authentication everybody is an admin, as in Orthanc


class Credentials(NamedTuple):
    """What a request says of who sends it, and to whom: three of its headers."""

    authorization: str = ""
    cookie: str = ""
    host: str = ""  # '' in HTTP/1.0, which proxies speak, and no browser

    @classmethod
    def of(cls, environ: Mapping[str, str]) -> "Credentials":
        """Those of a WSGI environment."""
        host = environ.get("HTTP_HOST", "") if environ.get("SERVER_PROTOCOL") != "HTTP/1.0" else ""
        return cls(environ.get("HTTP_AUTHORIZATION", ""), environ.get("HTTP_COOKIE", ""), host)

    @property
    def token(self) -> str:
        """The token of a session; '' when there is none."""
        for pair in self.cookie[:_LONGEST_COOKIES].split(";"):
            name, _, value = pair.partition("=")
            if name.strip() == COOKIE:
                return value.strip()
        return ""


class Accounts(Protocol):
    """Who may log in (`pacsberry.auth`)."""

    def verify(self, name: str, password: str, address: str) -> User | None:
        """The user, or None when name or password is wrong; may take a tenth of a second when it is hashed."""


class Access:
    """The gate of the door; thread-safe."""

    def __init__(
        self,
        accounts: Accounts | None,
        *,
        remote_access: bool,
        read_only: bool = False,
        sessions: "Sessions | None" = None,
        welcomes_guests: bool = False,
        edition: Callable[[], int] = lambda: 0,
        host_names: frozenset[str] = frozenset(),
        monotonic: Callable[[], float] = system_monotonic,
    ) -> None:
        """`accounts` is None when authentication is off; `welcomes_guests`: who has no account is one (Guests).

        `edition`: another number whenever an account is another; `host_names`: Pacsberry.HostNames, small letters.
        """
        self._accounts = accounts
        self._sessions = sessions
        self._welcomes_guests = welcomes_guests
        self._remote_access = remote_access
        self._read_only = read_only
        self._edition = edition
        self._host_names = host_names
        self._monotonic = monotonic
        self._place: Callable[[], AbstractContextManager[None]] = nullcontext
        self._lock = threading.Lock()  # guards what is remembered
        self._salt = os.urandom(16)
        # digest: user, until, of which edition
        self._remembered: OrderedDict[bytes, tuple[User | None, float, int]] = OrderedDict()

    def wait_in(self, place: Callable[[], AbstractContextManager[None]]) -> None:
        """Hold a place while a password is checked, so that those who wait for that take no worker from others."""
        self._place = place

    @property
    def is_local(self) -> bool:
        """Whether requests come from this machine's admin, by the control socket."""
        return False

    @property
    def asks(self) -> bool:
        """Whether people sign in here at all."""
        return self._accounts is not None

    def admit(self, remote_ip: str, credentials: Credentials) -> User:
        """The user who comes in; Unauthorized otherwise.  May be slow."""
        known = self.glance(remote_ip, credentials)
        if known is not None:
            return known
        with self._place():
            return self._check(remote_ip, credentials.authorization)

    def glance(self, remote_ip: str, credentials: Credentials) -> User | None:
        """`admit` as far as it is quick: None when a password would have to be checked."""
        self.let_near(remote_ip)
        if self._accounts is None:
            self._let_see_all(credentials.host)
            return EVERYBODY
        edition = self._edition()  # before the sessions: those of who was changed end with it
        if not credentials.authorization:
            session = self.session(credentials)
            if session is not None:
                return session.user
            if self._welcomes_guests:
                return GUEST
            raise Unauthorized("A user name and a password are needed.")
        digest = self._digest(credentials.authorization)
        with self._lock:
            user, until, known_edition = self._remembered.get(digest, (None, 0.0, 0))
        if until <= self._monotonic() or edition != known_edition:
            return None
        if user is None:
            raise Unauthorized("Unknown user or wrong password.")
        return user

    def let_near(self, remote_ip: str) -> None:
        """Unauthorized for other machines, when they are not let in at all."""
        if not self._remote_access and not is_loopback(remote_ip):
            raise Unauthorized("Clients from other machines are not let in; set RemoteAccessAllowed to allow them.")

    def _let_see_all(self, host: str) -> None:
        """NotAllowed for a page of another site whose name leads here (DNS rebinding).

        Only where nobody but this machine may come in: elsewhere whoever reaches the port may do everything anyway.
        """
        if not (self._remote_access or may_be_this_machine(host, self._host_names)):
            raise NotAllowed(
                f"This server is not known as {host[:80]!r}. If that is its name, put it into Pacsberry.HostNames."
            )

    def session(self, credentials: Credentials) -> "Session | None":
        """The session a request belongs to; a password in its headers goes before the cookie."""
        if self._sessions is None or credentials.authorization:
            return None
        return self._sessions.find(credentials.token)

    def permit(self, user: User, action: Action) -> None:
        """NotAllowed when the role of a user is not enough; Unauthorized when signing in would help."""
        if may(user.role, action):
            return
        if user == GUEST:
            raise Unauthorized("Only who signs in may do that.")
        raise NotAllowed(f"That needs more than the role of {user.name!r}, which is {user.role.value}.")

    def may_write(self, headers: Mapping[str, str]) -> None:
        """NotAllowed in read-only mode, and for a page of another site that uses a visitor's browser.

        `headers`: a WSGI environment.
        """
        if self._read_only:
            raise NotAllowed("This server is read-only (ReadOnly): nothing can be added, changed or deleted.")
        if is_followed_link(headers):
            raise NotAllowed("A browser that follows an address changes nothing here: _method is for scripts.")
        if is_cross_site(headers):
            raise NotAllowed(
                "A page of another site tried to change something here. If that is wanted, let the proxy in front of "
                "this server remove the headers Origin and Sec-Fetch-Site."
            )
        session = self.session(Credentials.of(headers))
        proof = headers.get("HTTP_" + PROOF_HEADER.upper().replace("-", "_"), "")
        if session is not None and not session.is_proved_by(proof):
            raise NotAllowed(f"The header {PROOF_HEADER} of a signed-in page is missing or wrong; load the page again.")

    def _check(self, remote_ip: str, authorization: str) -> User:
        digest, edition = self._digest(authorization), self._edition()
        name, password = _name_and_password(authorization)
        user = self._accounts.verify(name, password, remote_ip) if self._accounts is not None else None
        with self._lock:
            self._remembered[digest] = (user, self._monotonic() + _REMEMBER_SECONDS, edition)
            self._remembered.move_to_end(digest)
            if len(self._remembered) > _REMEMBERED:
                self._remembered.popitem(last=False)
        if user is None:
            raise Unauthorized("Unknown user or wrong password.")
        return user

    def _digest(self, authorization: str) -> bytes:
        return hashlib.blake2b(authorization.encode(errors="replace"), key=self._salt, digest_size=16).digest()


class Verification:
    """A slow password check on a worker thread while a body is already arriving.  A task for waitress' dispatcher."""

    def __init__(self, access: Access, remote_ip: str, credentials: Credentials, action: Action) -> None:
        self._access = access
        self._remote_ip = remote_ip
        self._credentials = credentials
        self._action = action
        self.refusal: Unauthorized | NotAllowed | None = None  # set when the check has failed

    def service(self) -> None:
        """Check; run by a worker."""
        try:
            self._access.permit(self._access.admit(self._remote_ip, self._credentials), self._action)
        except (Unauthorized, NotAllowed) as error:
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


def _name_and_password(authorization: str) -> tuple[str, str]:
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
