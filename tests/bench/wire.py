"""A cable of our own: two network namespaces joined by a veth pair with an Ethernet's MTU of 1500 bytes.

Loopback has an MTU of 64 KB and hides what Nagle's algorithm and delayed acknowledgements do to each other on a
real network. Nothing outside the two namespaces is touched; both vanish with the bench.
"""

import os
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from tests.bench.failures import BenchFailure
from tests.bench.programs import find_program, run_program

_MTU_BYTES = 1500
_SERVER_ADDRESS, _CLIENT_ADDRESS = "192.0.2.1", "192.0.2.2"  # RFC 5737: addresses for documentation


@dataclass(frozen=True, slots=True)
class Wire:
    """Where the two ends are; without namespaces both are on loopback."""

    server_inside: Sequence[str] = ()
    client_inside: Sequence[str] = ()
    server_host: str = "127.0.0.1"
    problem: str = ""  # why it is loopback, for the notes


@contextmanager
def stretched() -> Iterator[Wire]:
    """The cable; or loopback with the reason when namespaces cannot be made here."""
    try:
        ip = find_program("ip")
    except BenchFailure as failure:
        yield Wire(problem=str(failure))
        return
    server_end, client_end = f"bench-a{os.getpid()}", f"bench-b{os.getpid()}"
    try:
        try:
            _join(ip, server_end, client_end)
        except BenchFailure as failure:
            yield Wire(problem=f"no network namespaces: {failure}")
            return
        yield Wire((ip, "netns", "exec", server_end), (ip, "netns", "exec", client_end), _SERVER_ADDRESS)
    finally:
        for name in (server_end, client_end):
            subprocess.run([ip, "netns", "delete", name], check=False, capture_output=True, timeout=10)


def _join(ip: str, server_end: str, client_end: str) -> None:
    for name in (server_end, client_end):
        _run(ip, "netns", "add", name)
        _run(ip, "-n", name, "link", "set", "lo", "up")
    _run(ip, "-n", server_end, "link", "add", "wire", "type", "veth", "peer", "name", "wire", "netns", client_end)
    for name, address in ((server_end, _SERVER_ADDRESS), (client_end, _CLIENT_ADDRESS)):
        _run(ip, "-n", name, "address", "add", f"{address}/30", "dev", "wire")
        _run(ip, "-n", name, "link", "set", "wire", "mtu", str(_MTU_BYTES), "up")


def _run(*command: str) -> None:
    run_program(command, timeout_seconds=10)
