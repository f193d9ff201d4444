"""The code with which the first account is made: there is no default password anywhere.

It is made anew at every start of a server that nobody can log in to, told where only its owner looks (console and log),
and good for one account.
"""

import hmac
import os
import threading
import time
from collections.abc import Callable

from pacsberry.auth.attempts import FailedAttempts

_LETTERS = "ABCDEFGHJKMNPQRSTUVWXYZ23456789"  # without those that look like others
_GROUPS, _GROUP = 2, 5  # 2^49 codes
_TRIES_PER_MINUTE = 5


class SetupCode:
    """One code; thread-safe."""

    def __init__(self, *, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._attempts = FailedAttempts(most_per_minute=_TRIES_PER_MINUTE, monotonic=monotonic)
        self._lock = threading.Lock()  # guards _code
        self._code: str | None = "-".join("".join(_letter() for _ in range(_GROUP)) for _ in range(_GROUPS))

    @property
    def code(self) -> str | None:
        """The code as it is shown, 'ABCDE-23456'; None when it has been used."""
        return self._code

    def redeem(self, given: str, address: str, make: Callable[[], None]) -> bool:
        """Run `make` if the code is right, and forget the code when that went well; False when it is wrong or used.

        Too many wrong ones from an address are refused for a minute.
        """
        with self._lock:
            if self._code is None or self._attempts.is_held("", address):
                return False
            if not hmac.compare_digest(_plain(self._code), _plain(given)):
                self._attempts.failed("", address)
                return False
            make()
            self._code = None
            return True


def _letter() -> str:
    return _LETTERS[int.from_bytes(os.urandom(8)) % len(_LETTERS)]


def _plain(code: str) -> bytes:
    """As people type it: small letters, blanks, no hyphen."""
    return "".join(code.split()).replace("-", "").upper().encode("utf-8", "surrogatepass")
