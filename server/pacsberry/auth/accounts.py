"""The accounts: does this name and password belong to somebody?  They can be exchanged while the server runs.

A plain password is turned into a keyed digest at once and forgotten. A hashed one costs time on purpose, so a success
is remembered for some minutes, as a keyed digest that is worth nothing outside this process; only one password is
computed at a time, so that thirty logins cost the memory of one.
"""

import hashlib
import hmac
import logging
import os
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from pacsberry.auth.attempts import FailedAttempts
from pacsberry.auth.passwords import LONGEST_PASSWORD, HashedPassword, is_hashed, read_hashed, unknown_password
from pacsberry.auth.permissions import Role
from pacsberry.auth.users import LONGEST_NAME, Account, User

LOGGER = logging.getLogger("pacsberry.http.accounts")


@dataclass(frozen=True, slots=True)
class _Book:
    """The accounts of one moment."""

    hashed: Mapping[str, HashedPassword]
    plain: Mapping[str, bytes]  # keyed digests
    roles: Mapping[str, Role]
    nobody: HashedPassword | None  # an account nobody has, as costly as the others; None when all are plain


class Accounts:
    """The registered users; thread-safe."""

    def __init__(
        self,
        registered: Mapping[str, Account],
        *,
        memory_seconds: float = 300.0,
        failures_per_minute: int = 10,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """`registered`: by name; raises ConfigError for a damaged line of passwords.py.

        `memory_seconds`: how long a correct password is not computed again (LoginMemorySeconds).
        """
        self._key = os.urandom(32)
        self._memory_seconds = memory_seconds
        self._monotonic = monotonic
        self._attempts = FailedAttempts(most_per_minute=failures_per_minute, monotonic=monotonic)
        self._computing = threading.Lock()  # held while one password is computed
        self._lock = threading.Lock()  # guards _book and _remembered
        self._remembered: dict[str, tuple[bytes, float]] = {}  # user -> digest of the right password, until when
        self._book = self._read(registered)

    def __len__(self) -> int:
        return len(self._book.roles)

    def replace(self, registered: Mapping[str, Account]) -> None:
        """Exchange all accounts from now on; ConfigError leaves them as they are."""
        book = self._read(registered)
        with self._lock:
            self._book = book
            self._remembered.clear()

    def verify(self, name: str, password: str, address: str) -> User | None:
        """The user, or None when name or password is wrong, or when `address` has tried too often.

        A password that was right a moment ago is right for everybody who knows it, also from an address that is held.
        """
        if not 1 <= len(name) <= LONGEST_NAME or not 1 <= len(password) <= LONGEST_PASSWORD:
            return None
        digest = self._digest(name, password)
        book = self._book
        if self._is_remembered(name, digest, book):
            return User(name, book.roles[name])
        if self._attempts.is_held(name, address):
            return None
        right = self._is_right(name, password, digest, book, address)
        if right is None:
            return None
        if right:
            self._attempts.succeeded(name, address)
            return User(name, book.roles[name])
        if self._attempts.failed(name, address):
            LOGGER.warning("Too many wrong passwords from %s, the last for %r: refused for a minute.", address, name)
        return None

    def _is_right(self, name: str, password: str, digest: bytes, book: _Book, address: str) -> bool | None:
        """None when so many of the others that waited with this one were wrong that it is not looked at any more."""
        # All names take the same road, known or not, so that time does not tell which names exist.
        if hmac.compare_digest(book.plain.get(name, b""), digest):
            return True
        hashed = book.hashed.get(name, book.nobody)
        if hashed is None:
            return False
        with self._computing:
            if self._is_remembered(name, digest, book):
                return True  # another request of the same user was computed while this one waited
            if self._attempts.is_held(name, address):
                return None
            right = hashed.matches(password) and name in book.hashed
        if right and self._memory_seconds > 0:
            with self._lock:
                if book is self._book:
                    self._remembered[name] = (digest, self._monotonic() + self._memory_seconds)
        return right

    def _is_remembered(self, name: str, digest: bytes, book: _Book) -> bool:
        with self._lock:
            known, until = self._remembered.get(name, (b"", 0.0)) if book is self._book else (b"", 0.0)
        return hmac.compare_digest(known, digest) and self._monotonic() < until

    def _read(self, registered: Mapping[str, Account]) -> _Book:
        passwords = {name: account.password for name, account in registered.items()}
        hashed = {name: read_hashed(text, name) for name, text in passwords.items() if is_hashed(text)}
        return _Book(
            hashed,
            plain={name: self._digest(name, text) for name, text in passwords.items() if not is_hashed(text)},
            roles={name: account.role for name, account in registered.items()},
            nobody=unknown_password() if hashed else None,
        )

    def _digest(self, name: str, password: str) -> bytes:
        # surrogatepass: a header may decode to anything; such a password is merely wrong
        text = f"{name}\0{password}".encode("utf-8", "surrogatepass")
        return hashlib.blake2b(text, key=self._key).digest()
