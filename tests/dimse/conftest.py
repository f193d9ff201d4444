"""A DICOM door on a free port, in front of a real archive."""

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from pacsberry.archive import Archive
from pacsberry.archive.settings import ArchiveSettings
from pacsberry.dicom.policy import DicomPolicy
from pacsberry.dimse.rules import AccessRules, Service
from pacsberry.dimse.server import DicomServer
from pacsberry.dimse.settings import DicomSettings
from pacsberry.modality import Modality
from tests.dimse.aids import make_ingest

EVERYTHING = frozenset(Service)
# Short times, so that tests of time-outs are short; long enough for a busy machine.
QUICK = DicomSettings(
    aet="PACS",
    port=0,
    bind_address="127.0.0.1",
    idle_seconds=20.0,
    artim_seconds=20.0,
    pdu_seconds=20.0,
    scu_seconds=20.0,
    stop_seconds=2.0,
)


@dataclass
class Door:
    """A running server and what is behind it."""

    server: DicomServer
    archive: Archive
    policy: DicomPolicy
    modalities: dict[str, Modality] = field(default_factory=dict)

    @property
    def port(self) -> int:
        return self.server.port

    @property
    def spooled(self) -> list[Path]:
        """Files that are being received, or were left over."""
        return list(self.archive.files.path("x").parent.parent.glob("spool/*"))


@pytest.fixture
def archive(storage: Path) -> Iterator[Archive]:
    opened = Archive(storage=storage, index=storage / "index.db", settings=ArchiveSettings(read_header=lambda p: None))
    opened.start()
    yield opened
    opened.stop()


@pytest.fixture
def open_door(archive: Archive) -> Iterator[Callable[..., Door]]:
    """A function that opens a door; its keywords are those of DicomSettings, and `access` for the rules."""
    doors: list[Door] = []
    before = set(threading.enumerate())

    def open_one(*, access: AccessRules | None = None, **changes: object) -> Door:
        policy = DicomPolicy()
        modalities: dict[str, Modality] = {}
        server = DicomServer(
            settings=replace(QUICK, **changes),  # type: ignore[arg-type]
            access=access or AccessRules("PACS", always_allow=EVERYTHING),
            archive=archive,
            ingest=make_ingest(archive, policy),
            policy=policy,
            modalities=lambda: modalities,
        )
        server.start()
        doors.append(Door(server, archive, policy, modalities))
        return doors[-1]

    yield open_one
    for door in doors:
        door.server.stop()
    assert set(threading.enumerate()) <= before, "the door has left threads behind"


@pytest.fixture
def door(open_door: Callable[..., Door]) -> Door:
    """A door that lets everybody do everything."""
    return open_door()
