"""Imports pynetdicom without what our road never uses: measured, 9 MB less in a process that is counted in megabytes.

Left out are the tables of its own services (3.8 MB: every status with its meaning, 4096 of them for each range
0xCxxx) and, where TLS is not configured, ssl (5 MB), which it needs for annotations only.  With them go its service
classes and its `send_c_…` methods; negotiation, PDUs and state machine, which we use, do not look at either.
"""

import sys
import threading
from types import ModuleType

from pacsberry.lean import bring_back, leave_out

_LOCK = threading.Lock()  # guards the import


def import_pynetdicom() -> None:
    """Import it, unless that has happened; to be called before the modules of `peers` and `dimse` that need it."""
    with _LOCK:
        if "pynetdicom" in sys.modules:
            return
        is_without_ssl = "ssl" in sys.modules and sys.modules["ssl"] is None
        is_requests_ours = "requests" not in sys.modules
        leave_out("requests")  # pydicom takes it, where it is installed, to download test files
        sys.modules["pynetdicom.status"] = _EmptyTables("pynetdicom.status")
        if is_without_ssl:
            sys.modules["ssl"] = _namesake_of_ssl()
        try:
            import pynetdicom.association  # noqa: F401 - for its own sake
        finally:
            if is_requests_ours:
                bring_back("requests")
            if is_without_ssl:
                del sys.modules["ssl"]
                leave_out("ssl")  # whoever asks for it hears so, as before


class _EmptyTables(ModuleType):
    """Stands for pynetdicom.status: every table is there and empty."""

    StatusDictType = dict

    def __getattr__(self, name: str) -> dict[int, tuple[str, str]]:
        if name.endswith("_STATUS"):
            return {}
        raise AttributeError(name)

    @staticmethod
    def code_to_category(code: int) -> str:
        """What pynetdicom says of a status it does not know."""
        return "Unknown"


def _namesake_of_ssl() -> ModuleType:
    """A module with the names that pynetdicom's annotations and checks mention; no socket is one of these."""
    module = ModuleType("ssl")
    for name in ("SSLContext", "SSLSocket", "SSLError"):
        setattr(module, name, type(name, (Exception,), {}))
    return module
