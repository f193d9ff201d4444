"""What systemd hears of the server: that it is ready, that it lives, that it ends (sd_notify(3)).

A datagram now and then to the socket that NOTIFY_SOCKET names; without that variable, nothing.  So a unit of
Type=notify knows when both doors are open, and WatchdogSec starts a server anew that hangs.
"""

import contextlib
import os
import socket
import threading
from collections.abc import Callable, Mapping

# Threads without which nothing comes in or is found, and which last as long as the server (README.md, "Threads of the
# one process").
_LASTING = frozenset({"http-listener", "dicom-listener", "index-writer"})
_BEATS = 2  # within the time after which systemd loses patience; sd_watchdog_enabled(3) recommends it
_RESTART_SECONDS = 1800  # for a restart asked for by the REST API: an index may have to be mended first


class ServiceManager:
    """systemd, or nobody.  Belongs to the main thread."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        """`environ` as systemd has set it for this process."""
        name = environ.get("NOTIFY_SOCKET", "")
        # A name of the abstract kind, which is no file, is written with @ and begins with a zero byte.
        self._address = "\0" + name[1:] if name.startswith("@") else name
        microseconds = environ.get("WATCHDOG_USEC", "")
        is_ours = environ.get("WATCHDOG_PID", "") in ("", str(os.getpid()))
        self._patience = int(microseconds) if is_ours and microseconds.isdecimal() else 0

    @property
    def beat_seconds(self) -> float | None:
        """How often it wants to hear `alive`; None: never."""
        return self._patience / 1_000_000 / _BEATS if self._address and self._patience else None

    def ready(self, status: str) -> None:
        """All doors are open; `status` is what `systemctl status` shows."""
        lines = ["READY=1", f"STATUS={status}"]
        if self._patience:
            lines.append(f"WATCHDOG_USEC={self._patience}")  # again, after a restart
        self._tell(*lines)

    def alive(self) -> None:
        """Nothing is wrong."""
        self._tell("WATCHDOG=1")

    def restarting(self) -> None:
        """It starts again in the same process, and is silent meanwhile."""
        lines = ["STATUS=Starting again."]
        if self._patience:
            lines.append(f"WATCHDOG_USEC={_RESTART_SECONDS * 1_000_000}")
        self._tell(*lines)

    def stopping(self) -> None:
        """It ends."""
        self._tell("STOPPING=1", "STATUS=Stopping.")

    def _tell(self, *lines: str) -> None:
        if not self._address:
            return
        # A manager that does not listen is no reason to end; and it must never make us wait.
        with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sock:
            sock.setblocking(False)
            sock.sendto("\n".join(lines).encode(), self._address)


def lasting_threads() -> Callable[[], list[str]]:
    """A function that names those of the lasting threads running now that run no more when it is called."""
    threads = [thread for thread in threading.enumerate() if thread.name in _LASTING]
    return lambda: [thread.name for thread in threads if not thread.is_alive()]
