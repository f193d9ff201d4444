"""Who has signed in on a page: a random token in a cookie, known here until the session ends.

Sessions live in memory and on the monotonic clock: a box without a clock of its own may learn the date in the middle of
a lesson, and nobody is signed out by that. After a restart everybody signs in again. Only digests of tokens are kept.
"""

import base64
import hashlib
import hmac
import os
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

from pacsberry.auth.users import User

_MOST_SESSIONS = 500
_TOKEN_BYTES = 32


@dataclass(frozen=True, slots=True)
class Session:
    """One signed-in browser."""

    user: User
    proof: str  # what its page sends along with every change; another site's page cannot know it
    ends_at: float  # on the monotonic clock

    def is_proved_by(self, proof: str) -> bool:
        """Whether a request that changes something comes from our own page."""
        return hmac.compare_digest(self.proof.encode(), proof.encode("utf-8", "surrogatepass"))


class Sessions:
    """The open sessions; thread-safe."""

    def __init__(self, *, seconds: float, monotonic: Callable[[], float] = time.monotonic) -> None:
        """`seconds`: how long a session lasts (Pacsberry.SessionHours)."""
        self._seconds = seconds
        self._monotonic = monotonic
        self._lock = threading.Lock()  # guards _open
        self._open: OrderedDict[bytes, Session] = OrderedDict()  # digest of the token -> session, the oldest first

    def begin(self, user: User) -> tuple[str, Session]:
        """A new session: its token, for the cookie, and what is known of it."""
        token = _random_text()
        session = Session(user, _random_text(), self._monotonic() + self._seconds)
        with self._lock:
            self._open[_digest(token)] = session
            while len(self._open) > _MOST_SESSIONS:
                self._open.popitem(last=False)
        return token, session

    def find(self, token: str) -> Session | None:
        """The session of a token; None when there is none, or it has ended."""
        if not token:
            return None
        digest = _digest(token)
        with self._lock:
            session = self._open.get(digest)
            if session is not None and session.ends_at <= self._monotonic():
                del self._open[digest]
                session = None
        return session

    def names(self) -> list[str]:
        """Who is signed in now, each once."""
        now = self._monotonic()
        with self._lock:
            return sorted({session.user.name for session in self._open.values() if session.ends_at > now})

    def end(self, token: str) -> None:
        """Sign out."""
        with self._lock:
            self._open.pop(_digest(token), None)

    def end_all(self, name: str) -> None:
        """Sign a user out everywhere: the account was changed or removed."""
        with self._lock:
            for digest in [digest for digest, session in self._open.items() if session.user.name == name]:
                del self._open[digest]


def _random_text() -> str:
    return base64.urlsafe_b64encode(os.urandom(_TOKEN_BYTES)).decode().rstrip("=")


def _digest(token: str) -> bytes:
    return hashlib.blake2b(token.encode("utf-8", "surrogatepass"), digest_size=32).digest()
