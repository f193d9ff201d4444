"""Keeps libraries out of this process that others load only because they are installed: memory is counted here.

Measured on x86-64 with Python 3.11: numpy, which pydicom imports, 12 MB; ssl and hashlib's OpenSSL half, which
http.client and hashlib import, 5 MB together.  All of them do without when the import fails: hashlib has its own
MD5, SHA-1, SHA-2 and BLAKE2, and lacks only scrypt.
"""

import sys


def leave_out(*modules: str) -> None:
    """Make imports of these modules fail from now on, unless they are loaded already."""
    for name in modules:
        sys.modules.setdefault(name, None)  # type: ignore[arg-type]  # None is what an import fails at


def bring_back(module: str) -> None:
    """Allow a module that was left out; whoever needs it then imports it."""
    if sys.modules.get(module, module) is None:
        del sys.modules[module]
