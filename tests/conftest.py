"""Fixtures that every folder of tests shares, and the wall around the tests: nothing leaves this machine."""

import socket
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

import pydicom.data
import pytest

ROOT = Path(__file__).resolve().parent.parent
LOOPBACK = ("127.", "::1", "::ffff:127.", "localhost")


class LeavesTheMachine(RuntimeError):
    """A test tried to reach something beyond loopback; not an OSError, so that nobody takes it for a dead peer."""


def _wall(event: str, args: tuple[object, ...]) -> None:
    if event in ("socket.connect", "socket.sendto"):
        address = args[1]
        host = address[0] if isinstance(address, tuple) else "localhost"  # else the path of a Unix socket
    elif event == "socket.getaddrinfo":
        host = args[0] or "localhost"
    else:
        return
    name = host.decode("ascii", "replace") if isinstance(host, bytes) else str(host)
    if name and not name.startswith(LOOPBACK):
        raise LeavesTheMachine(f"A test reached for {name}; tests talk to loopback only.")


sys.addaudithook(_wall)


@pytest.fixture
def free_ports() -> Callable[[int], list[int]]:
    """A function: n TCP ports of 127.0.0.1 that nobody listens on at this moment, all different.

    For programs that cannot be given port 0 and asked later; our own servers can.
    """

    def choose(count: int) -> list[int]:
        held = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
        ports = [int(listener.getsockname()[1]) for listener in held]
        for listener in held:
            listener.close()
        return ports

    return choose


@pytest.fixture
def free_port(free_ports: Callable[[int], list[int]]) -> int:
    """One TCP port of 127.0.0.1 that nobody listens on at this moment."""
    return free_ports(1)[0]


@pytest.fixture
def storage(tmp_path: Path) -> Path:
    """An empty storage folder."""
    folder = tmp_path / "storage"
    folder.mkdir()
    return folder


@pytest.fixture(scope="session")
def pydicom_files() -> Mapping[str, Path]:
    """The small DICOM files inside pydicom's wheel, {file name: path}; nothing is downloaded."""
    folder = Path(pydicom.data.__file__).parent / "test_files"
    return {path.name: path for path in sorted(folder.glob("*.dcm"))}


@pytest.fixture(scope="session")
def samples() -> Path:
    """Larger real files that some machines keep beside the checkout.

    Only for tests that prove the same with data made in code: elsewhere they are skipped.
    """
    folder = ROOT.parent / "shared" / "samples"
    if not folder.is_dir():
        pytest.skip("no folder of sample files beside this checkout")
    return folder
