"""The DICOM door: listens, gives each association its thread, and stops all of it.

pynetdicom and pydicom are imported by the thread of the first association, not before: an idle server is small.
With another pynetdicom than the one `peers.upper_layer` was written against, plain_road.py serves instead.
"""

import itertools
import logging
import socket
import threading
import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from pacsberry.archive import Archive
from pacsberry.dicom.names import STANDARD, TagDictionary
from pacsberry.dicom.policy import DicomPolicy
from pacsberry.dimse.errands import Errands
from pacsberry.dimse.house import House, Transcode
from pacsberry.dimse.listener import Listener
from pacsberry.dimse.rules import AccessRules, Peer
from pacsberry.dimse.settings import DicomSettings
from pacsberry.ingest import Ingest
from pacsberry.lean import bring_back
from pacsberry.modality import Modality
from pacsberry.peers.installed import WRITTEN_AGAINST, installed_pynetdicom, is_expected_pynetdicom
from pacsberry.peers.lean_pynetdicom import import_pynetdicom

if TYPE_CHECKING:
    from pacsberry.dimse.inbound import InboundAssociation
    from pacsberry.dimse.plain_road import PlainRoad

LOGGER = logging.getLogger("pacsberry.dimse")


class DicomServer:
    """Serves DICOM from `start` to `stop`."""

    def __init__(
        self,
        *,
        settings: DicomSettings,
        access: AccessRules,
        archive: Archive,
        ingest: Ingest,
        policy: DicomPolicy,
        modalities: Callable[[], Mapping[str, Modality]],
        dictionary: TagDictionary = STANDARD,
        transcode: Transcode | None = None,
        is_fast: Callable[[], bool] = is_expected_pynetdicom,
    ) -> None:
        """`modalities`: the remote nodes as configured at the moment it is called, by name.

        `is_fast` says at start whether our own road or pynetdicom's is taken; `transcode`: for peers that do not take
        objects as they are kept; None: those are not sent.
        """
        self._is_fast = is_fast
        self._settings = settings
        self._house = House(
            archive=archive,
            ingest=ingest,
            policy=policy,
            modalities=modalities,
            access=access,
            settings=settings,
            slots=threading.BoundedSemaphore(settings.concurrent_commands),
            errands=Errands(settings.concurrent_commands),
            dictionary=dictionary,
            transcode=transcode,
        )
        self._listener = Listener(
            bind_address=settings.bind_address,
            port=settings.port,
            admit=self._admit,
            limit_text=f"{settings.maximum_associations} associations are open already (maximum_associations)",
        )
        self._numbers = itertools.count(1)
        self._lock = threading.Lock()  # guards the two below
        self._threads: set[threading.Thread] = set()
        self._associations: set[InboundAssociation] = set()
        self._plain_road: PlainRoad | None = None

    @property
    def port(self) -> int:
        """The port in use once started."""
        return self._plain_road.port if self._plain_road is not None else self._listener.port

    @property
    def associations(self) -> int:
        """How many associations are open or being negotiated."""
        return len(self._threads)

    def start(self) -> None:
        """Listen; OSError when the port cannot be had."""
        if self._is_fast():
            self._listener.start()
        else:
            bring_back("ssl")
            from pacsberry.dimse.plain_road import PlainRoad

            LOGGER.warning(
                "pynetdicom is %s, the fast road was written against %s: using pynetdicom's own road, "
                "which costs more memory and time",
                installed_pynetdicom(),
                WRITTEN_AGAINST,
            )
            self._plain_road = PlainRoad(self._house)
            self._plain_road.start()
        LOGGER.info("DICOM server %s listens on port %d", self._settings.aet, self.port)

    def stop(self) -> None:
        """Stop listening, abort idle associations at once and the others when their time is up."""
        if self._plain_road is not None:
            self._plain_road.stop()
            return
        self._listener.stop()
        deadline = time.monotonic() + self._settings.stop_seconds
        self._interrupt(lambda association: association.is_idle)
        while self._threads and time.monotonic() < deadline:
            time.sleep(0.02)
            self._interrupt(lambda association: association.is_idle)
        self._interrupt(lambda association: True)
        with self._lock:
            threads = list(self._threads)
        for thread in threads:
            thread.join(self._settings.stop_seconds)
        self._house.errands.stop(self._settings.stop_seconds)

    def _interrupt(self, wanted: "Callable[[InboundAssociation], bool]") -> None:
        with self._lock:
            for association in self._associations:
                if wanted(association):
                    association.layer.interrupt()

    def _admit(self, connected: socket.socket, ip: str) -> bool:
        """Give a new connection its thread, unless there are too many."""
        with self._lock:
            if len(self._threads) >= self._settings.maximum_associations:
                return False
            number = next(self._numbers)
            thread = threading.Thread(
                target=self._serve, args=(number, connected, ip), name=f"association-{number} {ip}", daemon=True
            )
            try:
                thread.start()
            except RuntimeError:  # no more threads: a limit as well
                return False
            self._threads.add(thread)
        return True

    def _serve(self, number: int, connected: socket.socket, ip: str) -> None:
        thread = threading.current_thread()

        def introduce(peer: Peer) -> None:
            thread.name = f"association-{number} {peer}"

        try:
            with connected:
                secured = self._secured(connected, ip)
                if secured is not None:
                    self._associate(secured, ip, introduce)
        except Exception:
            LOGGER.exception("Connection of %s closed by an error of ours", ip)
        finally:
            with self._lock:
                self._threads.discard(thread)

    def _associate(self, connected: socket.socket, ip: str, introduce: Callable[[Peer], None]) -> None:
        import_pynetdicom()
        from pacsberry.dimse.inbound import InboundAssociation

        try:
            association = InboundAssociation(self._house, connected, ip)
        except OSError as error:  # it hung up before we looked
            LOGGER.info("Connection of %s lost: %s", ip, error)
            return
        with self._lock:
            self._associations.add(association)
        try:
            association.run_to_end(introduce)
        finally:
            with self._lock:
                self._associations.discard(association)

    def _secured(self, connected: socket.socket, ip: str) -> socket.socket | None:
        """The connection, after the TLS handshake if TLS is wanted; None when that failed."""
        if self._settings.tls is None:
            return connected
        try:
            connected.settimeout(self._settings.artim_seconds)
            return self._settings.tls.wrap_socket(connected, server_side=True)
        except OSError as error:
            LOGGER.warning("Connection of %s refused, no TLS: %s", ip, error)
            return None
