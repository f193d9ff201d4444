"""The whole server as one object: every part is built here, from the values of the configuration.

Start: archive, recycler, scrubber, DICOM door, HTTP door.  Stop: the doors first, so that nothing comes in while the
archive closes.
"""

import logging
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from pacsberry.app import prepared, upkeep, values
from pacsberry.app.box import box_state
from pacsberry.app.facts import system_facts
from pacsberry.archive import Archive
from pacsberry.config import Settings
from pacsberry.dimse.server import DicomServer
from pacsberry.http import Access, Context, HttpServer
from pacsberry.http.metrics import Metrics
from pacsberry.imaging.pictures import Pictures
from pacsberry.ingest import Ingest, Quarantine, Reader
from pacsberry.logs import LogLevels
from pacsberry.modality import Modality
from pacsberry.model import Level
from pacsberry.recycler import Recycler

if TYPE_CHECKING:
    from pacsberry.http.people import People

if TYPE_CHECKING:
    from pacsberry.imaging.on_arrival import ArrivalTranscoder

LOGGER = logging.getLogger("pacsberry.server")

_MEGABYTE = 2**20


class Application:
    """One server; tests that follow an image through all parts use it, too."""

    def __init__(
        self,
        settings: Settings,
        *,
        shutdown: Callable[[], None] = lambda: None,
        reset: Callable[[], None] = lambda: None,
        only_socket: Path | None = None,
    ) -> None:
        """`shutdown` and `reset` are asked for by the REST API and return at once.

        `only_socket`: a control socket there is the only door, whatever the settings say.
        """
        self._settings = settings
        self._to_stop: list[Callable[[], None]] = []
        storage = settings.path("StorageDirectory")
        names = values.dictionary(settings)
        tags = values.main_tags(settings, names)
        self.policy = values.policy(settings)
        reader = Reader(default_encoding=lambda: self.policy.default_encoding, main_tags=tags)
        self.archive = Archive(
            storage=storage,
            index=values.index_path(settings),
            settings=values.archive(settings, reader.reading, tags, names),
        )
        self.archive.when_damaged(reset)
        self.recycler = Recycler(
            self.archive,
            keep_free=values.keep_free(settings),
            limits=values.limits(settings),
            rejects=settings.text("MaximumStorageMode") == "Reject",
        )
        damaged = upkeep.damaged_folder(settings)
        self.scrubber = upkeep.scrubber(settings, self.archive, damaged, reads=only_socket is None)
        self.pictures = Pictures(self.archive.files, values.pixels(settings))
        self.discarded = upkeep.discarded(settings, self.archive)
        self.ingest = Ingest(
            archive=self.archive,
            reader=reader,
            quarantine=Quarantine(
                storage / "quarantine", maximum_bytes=settings.number("Pacsberry.QuarantineMaximumMB") * _MEGABYTE
            ),
            conversion=_conversion(settings, self.archive, self.pictures),
            told=lambda kept: self.discarded.arrived(kept.identifiers.orthanc_id(Level.STUDY)),
        )
        self.dicom = DicomServer(
            settings=values.dicom(settings),
            access=values.access(settings),
            archive=self.archive,
            ingest=self.ingest,
            policy=self.policy,
            modalities=self._modalities,
            dictionary=names,
            transcode=self.pictures.transcode if settings.flag("TranscodeDicomProtocol") else None,
        )
        self.preparer = prepared.preparer(
            settings,
            self.archive,
            self.pictures,
            default_encoding=lambda: self.policy.default_encoding,
            keeps_metadata=values.keeps_metadata(settings),
        )
        http = values.http(settings) if only_socket is None else values.http_over_socket(settings, only_socket)
        self._is_on_network = only_socket is None
        asked = _people(settings) if http.authentication else None
        context = Context(
            archive=self.archive,
            ingest=self.ingest,
            policy=self.policy,
            pictures=self.pictures,
            preparer=self.preparer,
            log_levels=LogLevels(),
            metrics=Metrics(enabled=settings.flag("MetricsEnabled")),
            settings=http,
            system=system_facts(settings, tags),
            storage=upkeep.storage_status(
                settings, self.archive, self.recycler, self.scrubber, damaged, self.preparer
            ).tell,
            recycle=self.recycler.recycle,
            shutdown=shutdown,
            reset=reset,
            dictionary=names,
            discarded=self.discarded,
            box=box_state(settings, lambda: self.dicom.port),
            people=asked,
        )
        access = Access(
            asked.registry if asked is not None else None,
            remote_access=http.remote_access,
            read_only=http.read_only,
            sessions=asked.sessions if asked is not None else None,
            welcomes_guests=settings.flag("Pacsberry.Guests"),
            edition=asked.registry.edition if asked is not None else int,
            host_names=frozenset(name.lower() for name in settings["Pacsberry.HostNames"]),
        )
        self.http = HttpServer(context, access)

    def start(self) -> None:
        """Open the archive and the doors; whatever is open already is closed again when a later step fails."""
        settings = self._settings
        steps: list[tuple[bool, Callable[[], object], Callable[[], None]]] = [
            (True, self.archive.start, self.archive.stop),
            (True, self.recycler.start, self.recycler.stop),
            (True, self.scrubber.start, self.scrubber.stop),
            (self._is_on_network, self.discarded.start, self.discarded.stop),
            (self._is_on_network and settings.flag("DicomServerEnabled"), self.dicom.start, self.dicom.stop),
            (self._is_on_network, lambda: None, self.preparer.stop),
            (True, self.http.start, self.http.stop),
            (True, lambda: None, self.pictures.stop),  # start on demand; stop early: no request waits for one then
            (self._is_on_network, self.preparer.start, self.preparer.halt),
        ]
        for is_wanted, start, stop in steps:
            if is_wanted:
                try:
                    start()
                except BaseException:
                    self.stop()
                    raise
                self._to_stop.append(stop)

    def stop(self) -> None:
        """Close what is open, the last opened first."""
        while self._to_stop:
            self._to_stop.pop()()

    def _modalities(self) -> Mapping[str, Modality]:
        return self._settings.modalities


def _people(settings: Settings) -> "People":
    from pacsberry.app.people import people

    return people(settings)


def _conversion(settings: Settings, archive: Archive, pictures: Pictures) -> "ArrivalTranscoder | None":
    """IngestTranscoding; None when it is off."""
    if not settings.text("IngestTranscoding"):
        return None
    from pacsberry.imaging.on_arrival import ArrivalTranscoder

    return ArrivalTranscoder(
        values.arrival_rules(settings), files=archive.files, pictures=pictures, spool=archive.spool
    )
