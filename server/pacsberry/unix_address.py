"""Addresses of Unix sockets that lie deep in folders: sockaddr_un holds 108 bytes (unix(7))."""

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

_LONGEST = 107  # bytes of a path, without the 0 at its end


@contextlib.contextmanager
def short_address(path: Path) -> Iterator[str]:
    """The path as an address to bind or connect to while the block runs, however long it is; OSError."""
    if len(os.fsencode(path)) <= _LONGEST:
        yield str(path)
        return
    folder = os.open(path.parent, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        yield f"/proc/self/fd/{folder}/{path.name}"
    finally:
        os.close(folder)
