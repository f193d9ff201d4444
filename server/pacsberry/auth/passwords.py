"""How a password is kept: scrypt (RFC 7914), written as one line of text.

    $scrypt$ln=13,r=8,p=2$<salt>$<digest>          (salt and digest in base64 without padding)

HTTP Basic sends the password with every request, so accounts.py remembers a success for some minutes and the cost here
is paid once in a while: 8 MB and 30 ms of a desktop core, a few tenths of a second on a small Raspberry Pi
(estimated). The parameters stand in the text: stronger ones can be chosen without touching older accounts.
"""

import base64
import binascii
import hashlib
import hmac
import os
import re
from dataclasses import dataclass

from pacsberry.errors import ConfigError

PREFIX = "$scrypt$"
LONGEST_PASSWORD = 1024
_LOG2_N, _R, _P = 13, 8, 2
_SALT_BYTES, _DIGEST_BYTES = 16, 32
# A forged or mistyped line must not take the memory of the box: 128 * r * n bytes.
_MOST_MEMORY = 64 << 20
_LINE = re.compile(
    r"\$scrypt\$ln=([0-9]{1,2}),r=([0-9]{1,2}),p=([0-9]{1,2})\$([A-Za-z0-9+/]{16,86})\$([A-Za-z0-9+/]{22,86})"
)


@dataclass(frozen=True, slots=True)
class HashedPassword:
    """The parts of such a line; the password is not in it."""

    log2_n: int
    r: int
    p: int
    salt: bytes
    digest: bytes

    def matches(self, password: str) -> bool:
        """Whether this is the password; takes its time and 8 MB by intention."""
        return hmac.compare_digest(
            self.digest, _scrypt(password, self.salt, self.log2_n, self.r, self.p, len(self.digest))
        )

    def to_line(self) -> str:
        """The text a file of accounts holds."""
        return f"{PREFIX}ln={self.log2_n},r={self.r},p={self.p}${_to_text(self.salt)}${_to_text(self.digest)}"


def hash_password(password: str) -> HashedPassword:
    """A new salt and the digest of a password."""
    salt = os.urandom(_SALT_BYTES)
    return HashedPassword(_LOG2_N, _R, _P, salt, _scrypt(password, salt, _LOG2_N, _R, _P, _DIGEST_BYTES))


def unknown_password() -> HashedPassword:
    """As costly to try as any other, and matched by nothing."""
    return HashedPassword(_LOG2_N, _R, _P, os.urandom(_SALT_BYTES), os.urandom(_DIGEST_BYTES))


def is_hashed(text: str) -> bool:
    """Whether a password of RegisteredUsers is in the hashed form; anything else is a plain password."""
    return text.startswith(PREFIX)


def read_hashed(text: str, user: str) -> HashedPassword:
    """The parts of a line; raises ConfigError rather than take a damaged line for a plain password."""
    match = _LINE.fullmatch(text)
    if match is not None:
        log2_n, r, p = int(match[1]), int(match[2]), int(match[3])
        if 10 <= log2_n <= 20 and r and 1 <= p <= 16 and 128 * r << log2_n <= _MOST_MEMORY:
            try:
                return HashedPassword(log2_n, r, p, _to_bytes(match[4]), _to_bytes(match[5]))
            except binascii.Error:
                pass
    raise ConfigError(
        f"RegisteredUsers.{user[:80]}: the hashed password is damaged. Set it anew with: pacsberry user set-password"
    )


def _scrypt(password: str, salt: bytes, log2_n: int, r: int, p: int, length: int) -> bytes:
    raw = password.encode("utf-8", "surrogatepass")  # a header may decode to anything; it is merely wrong
    return hashlib.scrypt(raw, salt=salt, n=1 << log2_n, r=r, p=p, maxmem=2 * _MOST_MEMORY, dklen=length)


def _to_text(raw: bytes) -> str:
    return base64.b64encode(raw).decode("ascii").rstrip("=")


def _to_bytes(text: str) -> bytes:
    return base64.b64decode(text + "=" * (-len(text) % 4), validate=True)
