"""A DICOM door on a free port, in front of a real archive."""

import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from pacsberry.archive import Archive, ArchiveSettings
from pacsberry.dicom.policy import DicomPolicy
from pacsberry.dimse.house import Transcode
from pacsberry.dimse.rules import AccessRules, Service
from pacsberry.dimse.server import DicomServer
from pacsberry.dimse.settings import DicomSettings
from pacsberry.ingest import Ingest, Quarantine, Reader
from pacsberry.modality import Modality
from tests.dimse.aids import Door, wait_until

EVERYTHING = frozenset(Service)
# Long enough for a busy machine; tests of time-outs choose their own.
SETTINGS = DicomSettings(
    aet="PACS",
    port=0,
    bind_address="127.0.0.1",
    idle_seconds=20.0,
    artim_seconds=20.0,
    pdu_seconds=20.0,
    scu_seconds=20.0,
    stop_seconds=2.0,
)


@pytest.fixture
def policy() -> DicomPolicy:
    return DicomPolicy()


@pytest.fixture
def reader(policy: DicomPolicy) -> Reader:
    return Reader(default_encoding=lambda: policy.default_encoding)


@pytest.fixture
def archive(storage: Path, reader: Reader) -> Iterator[Archive]:
    opened = Archive(storage=storage, index=storage / "index.db", settings=ArchiveSettings(reading=reader.reading))
    opened.start()
    yield opened
    opened.stop()


@pytest.fixture
def ingest(archive: Archive, reader: Reader, storage: Path) -> Ingest:
    quarantine = Quarantine(storage / "quarantine", maximum_bytes=10_000_000)
    return Ingest(archive=archive, reader=reader, quarantine=quarantine)


@pytest.fixture
def open_door(archive: Archive, ingest: Ingest, policy: DicomPolicy, storage: Path) -> Iterator[Callable[..., Door]]:
    """A function that opens a door; its keywords are those of DicomSettings, `access`, `is_fast`, `transcode`."""
    doors: list[Door] = []
    before = set(threading.enumerate())

    def open_one(
        *,
        access: AccessRules | None = None,
        is_fast: bool = True,
        transcode: Transcode | None = None,
        **changes: object,
    ) -> Door:
        modalities: dict[str, Modality] = {}
        server = DicomServer(
            settings=replace(SETTINGS, **changes),  # type: ignore[arg-type]
            access=access or AccessRules("PACS", always_allow=EVERYTHING),
            archive=archive,
            ingest=ingest,
            policy=policy,
            modalities=lambda: modalities,
            transcode=transcode,
            is_fast=lambda: is_fast,
        )
        server.start()
        doors.append(Door(server, archive, storage, policy, modalities))
        return doors[-1]

    yield open_one
    for door in doors:
        door.server.stop()
    wait_until(lambda: set(threading.enumerate()) <= before)


@pytest.fixture
def door(open_door: Callable[..., Door]) -> Door:
    """A door that lets everybody do everything."""
    return open_door()


@pytest.fixture(params=["our road", "pynetdicom's road"])
def road(request: pytest.FixtureRequest, open_door: Callable[..., Door]) -> Door:
    """The same door on both roads."""
    return open_door(is_fast=request.param == "our road")
