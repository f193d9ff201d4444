"""What the tests of the door share."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from pacsberry.archive import Archive
from pacsberry.dicom.policy import DicomPolicy
from pacsberry.dimse.server import DicomServer
from pacsberry.modality import Modality


@dataclass
class Door:
    """A running server and what is behind it."""

    server: DicomServer
    archive: Archive
    storage: Path
    policy: DicomPolicy
    modalities: dict[str, Modality] = field(default_factory=dict)

    @property
    def port(self) -> int:
        return self.server.port

    @property
    def spooled(self) -> list[Path]:
        """Files that are being received, or were left over."""
        return list((self.storage / "spool").glob("*.part"))


def wait_until(condition: Callable[[], bool], seconds: float = 10.0) -> None:
    """Return when `condition` is true; an assertion when it takes too long."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.01)


def open_descriptors() -> int:
    """How many files and sockets this process has open."""
    return sum(1 for _ in Path("/proc/self/fd").iterdir())


def resident_kb() -> int:
    """Memory of this process in KB."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4
