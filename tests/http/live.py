"""A real server on a free port over a real archive, for tests of the REST API.

with live_server(folder) as server:
    server.upload(make_instance("CT"))
    server.get("/studies?expand")
"""

import contextlib
import json
import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

from pacsberry.archive import Archive, ArchiveSettings
from pacsberry.archive.settings import Reading
from pacsberry.dicom.main_tags import ORTHANC_MAIN_TAGS
from pacsberry.dicom.policy import DicomPolicy
from pacsberry.http.access import Access, Accounts
from pacsberry.http.context import Context
from pacsberry.http.routing import Route
from pacsberry.http.server import HttpServer
from pacsberry.http.settings import HttpSettings, SystemFacts
from pacsberry.imaging.limits import Limits
from pacsberry.imaging.pictures import Pictures
from pacsberry.imaging.prepared.kinds import GOES_FIRST, KINDS, METADATA
from pacsberry.imaging.prepared.making import Maker
from pacsberry.imaging.prepared.preparer import Preparer
from pacsberry.imaging.prepared.store import PreparedStore
from pacsberry.ingest import Ingest, Quarantine
from pacsberry.ingest.reader import Reader
from pacsberry.logs import LogLevels
from pacsberry.model import Clock


@dataclass(frozen=True)
class Reply:
    """One answer of the server."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def text(self) -> str:
        return self.body.decode()

    @property
    def json(self) -> Any:
        assert self.status == 200, self.text
        assert self.headers["content-type"] == "application/json; charset=utf-8"
        return json.loads(self.body)


@dataclass
class Asked:
    """What the server was asked to do with itself."""

    resets: int = 0
    shutdowns: int = 0


@dataclass
class Live:
    """A running server."""

    port: int
    archive: Archive
    pictures: Pictures
    preparer: Preparer
    asked: Asked = field(default_factory=Asked)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def request(
        self, method: str, path: str, body: bytes | str | object = b"", headers: Mapping[str, str] | None = None
    ) -> Reply:
        """One request; a body that is neither bytes nor text is sent as JSON."""
        data = (
            body if isinstance(body, bytes) else body.encode() if isinstance(body, str) else json.dumps(body).encode()
        )
        connection = HTTPConnection("127.0.0.1", self.port, timeout=20)
        try:
            connection.request(method, path, data or None, dict(headers or {}))
            answer = connection.getresponse()
            named = {name.lower(): value for name, value in answer.getheaders()}
            return Reply(answer.status, named, answer.read())
        finally:
            connection.close()

    def get(self, path: str, headers: Mapping[str, str] | None = None) -> Reply:
        return self.request("GET", path, headers=headers)

    def put(self, path: str, body: bytes | str | object = b"", headers: Mapping[str, str] | None = None) -> Reply:
        return self.request("PUT", path, body, headers)

    def post(self, path: str, body: bytes | str | object = b"", headers: Mapping[str, str] | None = None) -> Reply:
        return self.request("POST", path, body, headers)

    def delete(self, path: str, headers: Mapping[str, str] | None = None) -> Reply:
        return self.request("DELETE", path, headers=headers)

    def upload(self, data: bytes) -> dict[str, str]:
        """Upload a DICOM file; the answer names it and its ancestors."""
        told: dict[str, str] = self.post("/instances", data).json
        assert told["Status"] == "Success"
        return told


@contextlib.contextmanager
def live_server(
    folder: Path,
    *,
    settings: HttpSettings | None = None,
    accounts: Accounts | None = None,
    routes: Iterable[Route] | None = None,
    system: Mapping[str, object] | None = None,
    clock: Clock | None = None,
    pixels: Limits | None = None,
    prepared_percent: int = 50,
    prepares_by_itself: bool = False,
    quiet_seconds: float = 0.05,
    **archive_settings: Any,
) -> Iterator[Live]:
    """A server over an archive of its own in `folder`; further arguments are those of ArchiveSettings.

    `prepares_by_itself`: whether pictures are prepared without anybody asking for them, when nothing has arrived for
    `quiet_seconds`.
    """
    policy = DicomPolicy()
    reader = Reader(default_encoding=lambda: policy.default_encoding, main_tags=ORTHANC_MAIN_TAGS)
    archive = Archive(
        storage=folder / "storage",
        index=folder / "index.sqlite3",
        settings=ArchiveSettings(
            reading=Reading(header=reader.of_file, tags=reader.tags), reserve_bytes=0, **archive_settings
        ),
        clock=clock or Clock(),
    )
    pictures = Pictures(archive.files, pixels or Limits())
    keeps_metadata = settings is None or settings.dicomweb.keeps_metadata
    preparer = _preparer(archive, pictures, policy, prepared_percent, quiet_seconds, keeps_metadata=keeps_metadata)
    if not prepares_by_itself:
        archive.watch_series(lambda keys: None, lambda series: None)
    archive.start()
    try:
        ingest = Ingest(archive=archive, reader=reader, quarantine=Quarantine(folder / "quarantine", maximum_bytes=0))
        settings = settings or HttpSettings(port=0, addresses=("127.0.0.1",))
        asked = Asked()

        def reset() -> None:
            asked.resets += 1

        def shutdown() -> None:
            asked.shutdowns += 1

        context = Context(
            archive=archive,
            ingest=ingest,
            policy=policy,
            pictures=pictures,
            preparer=preparer,
            log_levels=LogLevels(),
            settings=settings,
            system=SystemFacts(system or {}),
            storage=dict,
            recycle=lambda wanted_bytes: {"Wanted": wanted_bytes},
            shutdown=shutdown,
            reset=reset,
            clock=clock or Clock(),
        )
        server = HttpServer(context, Access(accounts, remote_access=False, read_only=settings.read_only), routes)
        server.start()
        preparer.start(looks=prepares_by_itself)
        try:
            yield Live(server.port, archive, pictures, preparer, asked)
        finally:
            preparer.halt()
            pictures.stop()
            server.stop()
            preparer.stop()
    finally:
        archive.stop()


def _preparer(
    archive: Archive,
    pictures: Pictures,
    policy: DicomPolicy,
    percent: int,
    quiet_seconds: float,
    *,
    keeps_metadata: bool,
) -> Preparer:
    store = PreparedStore(archive.files.storage / "prepared", archive.room, percent=percent, goes_first=GOES_FIRST)

    def make_maker() -> Maker:
        return Maker(
            contents=archive.contents,
            pictures=pictures,
            store=store,
            default_encoding=lambda: policy.default_encoding,
        )

    kinds = [kind for kind in KINDS if kind != METADATA or keeps_metadata]
    return Preparer(archive, store, make_maker, is_on=percent > 0, kinds=kinds, quiet_seconds=quiet_seconds)


def spool_files(server: Live) -> list[Path]:
    """The files that are being received, or were left behind."""
    return list((server.archive.files.storage / "spool").iterdir())


def wait_until_spool_holds(server: Live, count: int) -> list[Path]:
    """The files in the spool once there are so many, or after a few seconds as many as there are."""
    for _ in range(400):
        if len(spool_files(server)) == count:
            break
        time.sleep(0.01)
    return spool_files(server)
