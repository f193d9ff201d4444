"""What the tests of the door share."""

import subprocess
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path

from pacsberry.archive import Archive
from pacsberry.dicom.policy import DicomPolicy
from pacsberry.dimse.server import DicomServer
from pacsberry.ingest import Ingest
from pacsberry.modality import Modality
from pacsberry.model import Origin, Receipt


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


def run(*command: object, fails: bool = False) -> str:
    """Run a program; what it printed.  An assertion when it fails, or does not although it should."""
    done = subprocess.run(
        [str(word) for word in command], capture_output=True, text=True, errors="replace", timeout=120, check=False
    )
    printed = done.stdout + done.stderr
    assert (done.returncode != 0) == fails, printed
    return printed


def write_files(folder: Path, contents: Iterable[bytes]) -> list[Path]:
    """Put each of `contents` into a file of its own."""
    paths = []
    for number, content in enumerate(contents):
        paths.append(folder / f"{number:04}.dcm")
        paths[-1].write_bytes(content)
    return paths


def keep(archive: Archive, ingest: Ingest, content: bytes) -> None:
    """Have a Part 10 file kept."""
    with archive.spool() as spool:
        spool.write(content)
        ingest.accept(spool, Receipt(Origin.REST_API))


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
