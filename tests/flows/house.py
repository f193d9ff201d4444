"""A whole server on free ports: in this process (`in_process`), or as `pacsberry serve` (`as_process`).

with in_process(folder, {"DicomAet": "SCHOOL"}) as house:
    house.upload(make_instance("CT"))
    run("echoscu", "127.0.0.1", house.dicom_port)
"""

import contextlib
import http.client
import json
import os
import re
import resource
import subprocess
import sys
import threading
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pacsberry.app.application import Application
from pacsberry.config import load
from pacsberry.model import Identifiers, Level
from tests.conftest import ROOT

START_SECONDS = 30.0
NOWHERE = Path("/nonexistent/pacsberry")
DEFAULTS: dict[str, object] = {
    "HttpPort": 0,
    "DicomPort": 0,
    "StableAge": 1,
    # for programs whose AE title is not among DicomModalities
    "DicomAlwaysAllowFind": True,
    "DicomAlwaysAllowGet": True,
    "DicomAlwaysAllowMove": True,
}


@dataclass(frozen=True)
class Reply:
    """One answer of the HTTP door."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        assert self.status == 200, (self.status, self.body)
        return json.loads(self.body)


@dataclass
class House:
    """The two doors of a running server, and its folder of files."""

    http_port: int
    dicom_port: int
    storage: Path

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.http_port}"

    def ask(self, method: str, path: str, body: bytes | object = b"", **headers: str) -> Reply:
        """One request; a body that is not bytes is sent as JSON, headers have _ for -."""
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        connection = http.client.HTTPConnection("127.0.0.1", self.http_port, timeout=60)
        try:
            named = {name.replace("_", "-"): value for name, value in headers.items()}
            connection.request(method, path, data or None, named)
            answer = connection.getresponse()
            told = {name.lower(): value for name, value in answer.getheaders()}
            return Reply(answer.status, told, answer.read())
        finally:
            connection.close()

    def get(self, path: str) -> Any:
        """What a path says, which must be JSON."""
        return self.ask("GET", path).json

    def file(self, id: str) -> bytes:
        """The file of one instance."""
        reply = self.ask("GET", f"/instances/{id}/file")
        assert reply.status == 200, (reply.status, reply.body)
        return reply.body

    def upload(self, data: bytes) -> dict[str, str]:
        """Upload a file that is new; the answer names it and its ancestors."""
        told: dict[str, str] = self.ask("POST", "/instances", data).json
        assert told["Status"] == "Success"
        return told

    def upload_all(self, contents: Iterable[bytes]) -> None:
        """Upload files that are new."""
        for content in contents:
            self.upload(content)

    def counts(self) -> tuple[int, int, int, int]:
        """How many patients, studies, series and instances there are."""
        told = self.get("/statistics")
        patients, studies, series, instances = (
            int(told[f"Count{noun}"]) for noun in ("Patients", "Studies", "Series", "Instances")
        )
        return patients, studies, series, instances

    def spooled(self) -> list[str]:
        """Files that are being received, or were left over."""
        return sorted(path.name for path in (self.storage / "spool").iterdir())

    def kept_files(self) -> list[Path]:
        """Files under their final names."""
        return sorted(path for path in (self.storage / "files").rglob("*") if path.is_file())


@contextlib.contextmanager
def in_process(folder: Path, settings: Mapping[str, object] | None = None) -> Iterator[House]:
    """The server inside this process, with its storage in `folder`."""
    with application(folder, settings) as (running, house):
        del running
        yield house


@contextlib.contextmanager
def application(folder: Path, settings: Mapping[str, object] | None = None) -> Iterator[tuple[Application, House]]:
    """The same, for tests that have to reach inside."""
    path = write_config(folder, settings or {})
    running = Application(load([path], folder=folder, environ={}, secrets=NOWHERE))
    running.start()
    try:
        yield running, House(running.http.port, running.dicom.port, folder / "storage")
    finally:
        running.stop()


@dataclass
class Process(House):
    """A server that is a process of its own."""

    process: "subprocess.Popen[str]"
    config: Path
    log: list[str] = field(default_factory=list)

    def terminate(self) -> int:
        """Ask it to end (SIGTERM); its exit code."""
        self.process.terminate()
        return self.process.wait(20)

    def descriptors(self) -> int:
        """How many files and sockets it has open."""
        return sum(1 for _ in Path(f"/proc/{self.process.pid}/fd").iterdir())

    def threads(self) -> int:
        """How many threads it has."""
        return sum(1 for _ in Path(f"/proc/{self.process.pid}/task").iterdir())


@contextlib.contextmanager
def as_process(
    folder: Path, settings: Mapping[str, object] | None = None, *, largest_file_bytes: int = 0
) -> Iterator[Process]:
    """`pacsberry serve` with its storage in `folder`; killed when the test forgets it.

    `largest_file_bytes`: the kernel refuses to let it write larger files (EFBIG), as a full card would (ENOSPC).
    """
    config = write_config(folder, settings or {})

    def limit() -> None:
        if largest_file_bytes:
            resource.setrlimit(resource.RLIMIT_FSIZE, (largest_file_bytes, largest_file_bytes))

    with subprocess.Popen(
        [*SERVE, str(config)],
        cwd=folder,
        env=environment(),
        stderr=subprocess.PIPE,
        text=True,
        errors="replace",
        preexec_fn=limit,
    ) as process:
        assert process.stderr is not None
        log: list[str] = []
        both_told = threading.Event()
        reader = threading.Thread(target=_read_log, args=(process.stderr, log, both_told))
        reader.start()
        try:
            assert both_told.wait(START_SECONDS), "".join(log)
            http_port, dicom_port = addresses(log)
            yield Process(http_port, dicom_port, folder / "storage", process, config, log)
        finally:
            process.kill()
            process.wait()
            reader.join()


SERVE = (sys.executable, "-m", "pacsberry", "serve")


def environment() -> dict[str, str]:
    """The variables for `pacsberry` in a subprocess."""
    own = {name: text for name, text in os.environ.items() if not name.startswith(("ORTHANC_", "PACSBERRY_"))}
    return own | {"PYTHONPATH": str(ROOT / "server")}


def addresses(log: list[str]) -> tuple[int, int]:
    """The HTTP and the DICOM port of the last start that a log tells of."""
    text = "".join(log)
    http_ports, dicom_ports = re.findall(r"https?://localhost:(\d+)/", text), re.findall(r"on port (\d+)", text)
    return int(http_ports[-1]), int(dicom_ports[-1])


def instance_id(dataset: Any) -> str:
    """The Orthanc identifier of a pydicom data set."""
    return Identifiers(
        str(dataset.get("PatientID", "")),
        str(dataset.StudyInstanceUID),
        str(dataset.SeriesInstanceUID),
        str(dataset.SOPInstanceUID),
    ).orthanc_id(Level.INSTANCE)


def data_set_of(part10: bytes) -> bytes:
    """A Part 10 file without preamble and file meta information (PS3.10 7.1), whatever the group length says."""
    at = 132
    while part10[at : at + 2] == b"\x02\x00":
        is_long = part10[at + 4 : at + 6] in (b"OB", b"OW", b"SQ", b"UN", b"UT")  # PS3.5 7.1.2
        at += (
            12 + int.from_bytes(part10[at + 8 : at + 12], "little")
            if is_long
            else (8 + int.from_bytes(part10[at + 6 : at + 8], "little"))
        )
    return part10[at:]


def write_config(folder: Path, settings: Mapping[str, object]) -> Path:
    """A configuration file for a server on free ports with its storage in `folder`."""
    path = folder / "site.json"
    path.write_text(json.dumps(DEFAULTS | {"StorageDirectory": str(folder / "storage")} | dict(settings)))
    return path


def _read_log(stream: Iterable[str], log: list[str], both_told: threading.Event) -> None:
    for line in stream:
        log.append(line)
        if "on port " in line:  # the last line of a start
            both_told.set()
    both_told.set()  # it ended: whoever waits finds no address
