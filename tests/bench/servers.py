"""The two servers: how each is configured, started in a folder of its own, watched and stopped.

Both get the same JSON: files and index in one folder, free ports on this machine, storage synced before success is
answered, the peers of the bench known and allowed everything. What is not named stays at each server's default.
"""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tests.bench.failures import BenchFailure
from tests.bench.http_client import HttpClient
from tests.bench.meters import Tree, is_listening
from tests.bench.programs import CHECKOUT, find_program

ORTHANC, PACSBERRY = "orthanc", "pacsberry"
SERVERS = (PACSBERRY, ORTHANC)
BENCH_AET, SINK_AET, SERVER_AET = "BENCH", "SINK", "ARCHIVE"
_START_SECONDS = 60.0
_STOP_SECONDS = 30.0
PLUGINS = Path("/usr/share/orthanc/plugins")


@dataclass(slots=True)
class Life:
    """What a server cost from its start to its end, known once it has ended."""

    written_bytes: int = 0
    was_killed: bool = False


@dataclass(frozen=True, slots=True)
class Server:
    """A running server."""

    name: str
    process: subprocess.Popen[bytes]
    storage: Path
    http_port: int
    dicom_port: int
    sink_port: int  # where its modality SINK is expected
    begun_at: float  # time.monotonic() just before it was started
    life: Life = field(default_factory=Life)

    @property
    def tree(self) -> Tree:
        """Its processes, to be measured."""
        return Tree(self.process.pid)

    def http(self) -> HttpClient:
        """A new keep-alive connection to its REST API."""
        return HttpClient(self.http_port)

    def count(self, plural: str = "instances") -> int:
        """How many resources it holds, by its own statistics."""
        with self.http() as http:
            return int(http.json("/statistics")[f"Count{plural.capitalize()}"])


@dataclass(frozen=True, slots=True)
class Launch:
    """How a server is started, when not simply."""

    plugins: bool = False  # Orthanc only: with DICOMweb and worklists, which Pacsberry always has
    inside: Sequence[str] = ()  # a command that runs another one elsewhere: `ip netns exec NAME`
    lean: bool = False  # Orthanc only: with its cache off and few threads, its most frugal self
    nagle: bool = False  # with Nagle's algorithm as DCMTK ships, which costs Orthanc 40 ms for most DICOM answers
    under: Sequence[str] = ()  # Pacsberry only: a profiler's command, put before ours
    settings: Mapping[str, object] = field(default_factory=dict)  # added to the configuration


@contextmanager
def running(name: str, storage: Path, launch: Launch = Launch()) -> Iterator[Server]:
    """A server on `storage`, started but perhaps not answering yet; stopped when the block ends.

    A folder used before is taken up again, with what is stored in it. Raises BenchFailure when the server will
    not stop.
    """
    server = _start(name, storage, launch)
    try:
        yield server
    finally:
        _stop(server)
    if server.life.was_killed:
        raise BenchFailure(f"{name} did not stop within {_STOP_SECONDS:.0f} s of SIGTERM and was killed")


@contextmanager
def answering(name: str, storage: Path, launch: Launch = Launch()) -> Iterator[Server]:
    """As `running`, once both its doors are open; no association has been made yet."""
    with running(name, storage, launch) as server:
        await_doors(server, http=not launch.inside)
        yield server


def await_doors(server: Server, *, http: bool = True) -> None:
    """Returns when both ports listen and GET /system is answered. Raises BenchFailure when that takes too long."""
    deadline = server.begun_at + _START_SECONDS
    while not all(is_listening(server.process.pid, port) for port in (server.dicom_port, server.http_port)):
        _expect_alive(server, deadline)
        time.sleep(0.002)
    while http and not _answers(server):
        _expect_alive(server, deadline)
        time.sleep(0.005)


def command_of(name: str, config: Path, launch: Launch) -> list[str]:
    """The command line that starts a server. Raises BenchFailure when it is not installed."""
    if name == ORTHANC:
        return [*launch.inside, find_program("Orthanc"), str(config)]
    script = Path(sys.executable).parent / "pacsberry"
    own = [str(script)] if script.exists() else [sys.executable, "-m", "pacsberry"]
    return [*launch.inside, *(launch.under or own), "serve", str(config)]


def configuration(
    name: str, storage: Path, http_port: int, dicom_port: int, sink_port: int, launch: Launch
) -> dict[str, object]:
    """The JSON document a server is started with."""
    shared: dict[str, object] = {
        "Name": "bench",
        "StorageDirectory": str(storage),
        "IndexDirectory": str(storage),
        "SyncStorageArea": True,
        "HttpPort": http_port,
        "DicomPort": dicom_port,
        "DicomAet": SERVER_AET,
        "RemoteAccessAllowed": False,
        "AuthenticationEnabled": False,
        "DicomAlwaysAllowEcho": True,
        "DicomAlwaysAllowStore": True,
        "DicomAlwaysAllowFind": True,
        "DicomAlwaysAllowGet": True,
        "DicomAlwaysAllowMove": True,
        "DicomModalities": {
            "bench": [BENCH_AET, "127.0.0.1", sink_port],
            "sink": [SINK_AET, "127.0.0.1", sink_port],
        },
    }
    shared |= launch.settings
    if name == ORTHANC and launch.lean:
        shared |= {"MaximumStorageCacheSize": 0, "HttpThreadsCount": 5}
    if name == ORTHANC and not launch.plugins:
        return shared
    worklists = storage / "worklists"
    worklists.mkdir(exist_ok=True)
    shared["Worklists"] = {"Enable": True, "Database": str(worklists)}
    shared["DicomWeb"] = {"Enable": True}
    if name == ORTHANC:
        shared["Plugins"] = [str(PLUGINS / f"lib{plugin}.so") for plugin in ("OrthancDicomWeb", "ModalityWorklists")]
    return shared


def free_ports(count: int) -> list[int]:
    """Ports nobody listens on at this moment."""
    sockets = [socket.socket() for _ in range(count)]
    try:
        for one in sockets:
            one.bind(("127.0.0.1", 0))
        return [int(one.getsockname()[1]) for one in sockets]
    finally:
        for one in sockets:
            one.close()


def _start(name: str, storage: Path, launch: Launch) -> Server:
    storage.mkdir(parents=True, exist_ok=True)
    http_port, dicom_port, sink_port = free_ports(3)
    config = storage.with_suffix(".json")
    config.write_text(json.dumps(configuration(name, storage, http_port, dicom_port, sink_port, launch), indent=2))
    kept = {key: value for key, value in os.environ.items() if not key.startswith(("PYTHON", "MALLOC_", "ORTHANC"))}
    kept["PYTHONPATH"] = str(CHECKOUT / "server")  # for an interpreter our distribution is not installed in
    kept["TCP_NODELAY"] = "0" if launch.nagle else "1"  # DCMTK reads it
    with storage.with_suffix(".log").open("ab") as log:
        begun_at = time.monotonic()
        process = subprocess.Popen(
            command_of(name, config, launch),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            env=kept,
            cwd=storage.parent,
            start_new_session=True,  # its group is itself and its children: what is killed if it will not stop
        )
    return Server(name, process, storage, http_port, dicom_port, sink_port, begun_at)


def _stop(server: Server) -> None:
    """SIGTERM, patience, SIGKILL to its group; what it wrote in its life stays known."""
    process = server.process
    os.kill(process.pid, signal.SIGTERM)  # not waited for yet, so the id is still its own
    deadline = time.monotonic() + _STOP_SECONDS
    while True:
        pid, status, usage = os.wait4(process.pid, os.WNOHANG)
        if pid:
            break
        if time.monotonic() > deadline:
            server.life.was_killed = True
            os.killpg(process.pid, signal.SIGKILL)
        time.sleep(0.02)
    process.returncode = os.waitstatus_to_exitcode(status)
    server.life.written_bytes = usage.ru_oublock * 512  # getrusage(2): of 512 bytes; the same count as write_bytes


def _expect_alive(server: Server, deadline: float) -> None:
    fields = Path(f"/proc/{server.process.pid}/stat").read_text().rpartition(")")[2].split()
    if fields[0] == "Z":
        raise BenchFailure(f"{server.name} ended at its start: {last_log_line(server)}")
    if time.monotonic() > deadline:
        raise BenchFailure(f"{server.name} did not open its doors in {_START_SECONDS:.0f} s")


def last_log_line(server: Server) -> str:
    """The end of what the server printed, for messages."""
    lines = server.storage.with_suffix(".log").read_text(errors="replace").strip().splitlines()
    return lines[-1][:200] if lines else "it printed nothing"


def _answers(server: Server) -> bool:
    try:
        with server.http() as http:
            http.json("/system")
    except BenchFailure:
        return False
    return True
