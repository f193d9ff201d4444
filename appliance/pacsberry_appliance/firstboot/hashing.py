"""Passwords to the form of /etc/shadow, by the library the login itself uses (libcrypt, yescrypt).

Python had a module for it until 3.12; `chpasswd` alone would ask PAM, which is not there in the root of an image.
"""

import ctypes

from pacsberry_appliance.errors import CannotRun

_YESCRYPT = b"$y$"


def hashed(password: str) -> str:
    """The hash, with a new salt; raises CannotRun when the library is missing or refuses."""
    try:
        library = ctypes.CDLL("libcrypt.so.1")
        gensalt, crypt = library.crypt_gensalt, library.crypt
    except (OSError, AttributeError) as error:
        raise CannotRun("libcrypt is not installed") from error
    gensalt.argtypes = [ctypes.c_char_p, ctypes.c_ulong, ctypes.c_char_p, ctypes.c_int]
    gensalt.restype = crypt.restype = ctypes.c_char_p
    crypt.argtypes = [ctypes.c_char_p, ctypes.c_char_p]
    salt = gensalt(_YESCRYPT, 0, None, 0)  # cost and random bytes: the library's own
    made: bytes | None = crypt(password.encode(), salt) if salt else None
    if made is None or not made.startswith(_YESCRYPT):  # failures begin with a star
        raise CannotRun("the password could not be hashed")
    return made.decode("ascii")
