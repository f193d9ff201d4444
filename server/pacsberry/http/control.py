"""The control socket: the same door for the commands of the admin on this machine, without a password.

`<StorageDirectory>/pacsberry.sock` belongs to the server's user and nobody else may open it (mode 0600); whoever may is
that user or root, who could read and change the files themselves anyway.  What comes in by it is an administrator's, by
the name `local`.  ReadOnly holds here, too.  Nothing that arrives over the network can claim to come from here: it is
the listening socket that decides, no address and no header.
"""

import contextlib
import logging
import socket
from pathlib import Path

from pacsberry.auth import User
from pacsberry.http.access import Access, Credentials
from pacsberry.http.listener import Listener
from pacsberry.unix_address import short_address

LOGGER = logging.getLogger("pacsberry.http")

LOCAL_USER = User("local")
_ADDRESS = ("127.0.0.1", 0)  # what is noted as the place a request came from


class ControlAccess(Access):
    """Lets everybody in who could open the socket."""

    def __init__(self, *, read_only: bool) -> None:
        """`read_only`: ReadOnly; an admin who wants to change something changes that first."""
        super().__init__(None, remote_access=True, read_only=read_only)

    @property
    def is_local(self) -> bool:
        """Whether requests come from this machine's admin, by the socket."""
        return True

    def glance(self, remote_ip: str, credentials: Credentials) -> User:
        """The user."""
        return LOCAL_USER


class ControlListener(Listener):
    """Listens on the control socket."""

    def getsockname(self) -> tuple[str, str]:
        """Host and port, as WSGI wants them."""
        return "localhost", "0"

    def set_socket_options(self, conn: socket.socket) -> None:
        """Do nothing: the options are those of TCP."""

    def fix_addr(self, addr: object) -> tuple[str, int]:
        """The client's address, of which a Unix socket has none."""
        return _ADDRESS


class ControlSocket:
    """The socket as a file: made when the server starts, removed when it stops.

    The caller holds the storage's lock, so what lies there from before is of a server that was killed.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._inode = 0  # of the socket we have made

    def bind(self) -> socket.socket | None:
        """The bound socket, not listening yet; None, with a note in the log, where the file system holds none.

        Nobody can connect before it listens, and by then only its owner may.  It gets its name in one step, in the
        place of what a killed server has left behind.
        """
        fresh = self._path.with_name(self._path.name + ".new")
        sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            fresh.unlink(missing_ok=True)
            with short_address(fresh) as address:
                sock.bind(address)
            fresh.chmod(0o600)
            self._inode = fresh.stat().st_ino
            fresh.rename(self._path)
        except OSError as error:
            sock.close()
            with contextlib.suppress(OSError):
                fresh.unlink()
            LOGGER.warning(
                "No control socket at %s (%s): commands such as `pacsberry import` need the server stopped.",
                self._path,
                error.strerror or error,
            )
            return None
        return sock

    def remove(self) -> None:
        """Remove the file, unless it is not the one we have made."""
        with contextlib.suppress(OSError):
            if self._path.stat().st_ino == self._inode:
                self._path.unlink()
