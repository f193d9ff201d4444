"""A cable of our own: two network namespaces joined by a veth pair with an Ethernet's MTU of 1500 bytes.

Loopback has an MTU of 64 KB and hides what Nagle's algorithm and delayed acknowledgements do to each other on a
real network. Nothing outside the two namespaces is touched; both vanish with the bench.
"""

import os
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

from tests.bench.failures import BenchFailure
from tests.bench.programs import find_program, run_program

_MTU_BYTES = 1500
SERVER_ADDRESS, _CLIENT_ADDRESS = "192.0.2.1", "192.0.2.2"  # RFC 5737: addresses for documentation
DEVICE = "wire"


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
    with ExitStack() as stack:
        try:
            ends = stack.enter_context(joined((_CLIENT_ADDRESS,)))
        except BenchFailure as failure:
            yield Wire(problem=str(failure))
            return
        yield Wire(ends.inside(ends.server), ends.inside(ends.client), ends.server_address)


@dataclass(frozen=True, slots=True)
class Ends:
    """Two network namespaces, each with one end of the cable, an interface called DEVICE."""

    ip: str  # the program
    server: str  # names of the namespaces
    client: str
    server_address: str = SERVER_ADDRESS

    def inside(self, name: str) -> Sequence[str]:
        """What comes before a command that is to run in one of them."""
        return (self.ip, "netns", "exec", name)


@contextmanager
def joined(client_addresses: Sequence[str], mask: int = 30) -> Iterator[Ends]:
    """Both namespaces while the block lasts. Raises BenchFailure where they cannot be made."""
    ip = find_program("ip")
    ends = Ends(ip, f"bench-a{os.getpid()}", f"bench-b{os.getpid()}")
    try:
        try:
            _join(ends, client_addresses, mask)
        except BenchFailure as failure:
            raise BenchFailure(f"no network namespaces: {failure}") from failure
        yield ends
    finally:
        for name in (ends.server, ends.client):
            subprocess.run([ip, "netns", "delete", name], check=False, capture_output=True, timeout=10)


def _join(ends: Ends, client_addresses: Sequence[str], mask: int) -> None:
    ip = ends.ip
    for name in (ends.server, ends.client):
        _run(ip, "netns", "add", name)
        _run(ip, "-n", name, "link", "set", "lo", "up")
    _run(ip, "-n", ends.server, "link", "add", DEVICE, "type", "veth", "peer", "name", DEVICE, "netns", ends.client)
    for name, addresses in ((ends.server, (ends.server_address,)), (ends.client, client_addresses)):
        for address in addresses:
            _run(ip, "-n", name, "address", "add", f"{address}/{mask}", "dev", DEVICE)
        _run(ip, "-n", name, "link", "set", DEVICE, "mtu", str(_MTU_BYTES), "up")


def _run(*command: str) -> None:
    run_program(command, timeout_seconds=10)
