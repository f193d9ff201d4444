"""The air of a classroom: one link of a Wi-Fi cell's speed that all clients share, between two network namespaces.

What goes down waits in a queue for each station, and the stations take turns (tc-htb), as in every access point with
Linux of these years; one queue for all would starve some of them whoever serves. What goes up passes a token bucket of
the same speed (tc-tbf). TCP is Debian's default (cubic). It is kinder than a real cell in two ways: requests and
acknowledgements do not take the answers' air time, and no station is far away. Everything vanishes with the bench.
"""

import json
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from tests.bench.failures import BenchFailure
from tests.bench.programs import find_program, run_program
from tests.bench.wire import DEVICE, Ends, joined

_MEGABITS = 25  # what a Raspberry Pi 4's own radio gives a class (5 GHz, 20 to 25 Mbit/s in sum)
_STATION_QUEUE_BYTES = 64 * 1024  # 43 packets of 1500 bytes; what does not fit is lost
_GSO_BYTES = 6000  # handed to a queue in one piece at most, which counts as such
_UP = ("rate", f"{_MEGABITS}mbit", "burst", "16kb", "latency", "100ms")
_NETWORK, _MASK = "192.0.2.0/24", 24
_FIRST_HOST = 10  # the last byte of the first client's address, 192.0.2.10


@dataclass(frozen=True, slots=True)
class Carried:
    """What has gone over the air, headers and retransmissions included."""

    down_bytes: int
    up_bytes: int
    lost_packets: int

    def since(self, before: "Carried") -> "Carried":
        """What has been carried after `before`."""
        return Carried(
            self.down_bytes - before.down_bytes,
            self.up_bytes - before.up_bytes,
            self.lost_packets - before.lost_packets,
        )


@dataclass(frozen=True, slots=True)
class Air:
    """Two namespaces, joined; as fast as the machine until `shape` is called."""

    ends: Ends
    clients: Sequence[str]  # their addresses

    @property
    def server_inside(self) -> Sequence[str]:
        """What comes before the server's command."""
        return self.ends.inside(self.ends.server)

    @property
    def client_inside(self) -> Sequence[str]:
        """What comes before the command of the clients."""
        return self.ends.inside(self.ends.client)

    def shape(self) -> None:
        """From here on the link is the cell's. Raises BenchFailure where the kernel cannot do that."""
        _tc(self.ends.client, "qdisc", "replace", "dev", DEVICE, "root", "tbf", *_UP)
        _run(self.ends.ip, "-n", self.ends.server, "link", "set", DEVICE, "gso_max_size", str(_GSO_BYTES))
        down = self.ends.server
        _tc(down, "qdisc", "add", "dev", DEVICE, "root", "handle", "1:", "htb", "default", "1")
        whole, share = f"{_MEGABITS}mbit", f"{_MEGABITS * 1000 // len(self.clients)}kbit"
        _tc(down, "class", "add", "dev", DEVICE, "parent", "1:", "classid", "1:1", "htb", "rate", whole)
        for number, address in enumerate(self.clients, 16):
            station = ("dev", DEVICE, "parent", "1:1", "classid", f"1:{number:x}", "htb", "rate", share, "ceil", whole)
            queue = ("dev", DEVICE, "parent", f"1:{number:x}", "bfifo", "limit", str(_STATION_QUEUE_BYTES))
            to_it = ("u32", "match", "ip", "dst", f"{address}/32", "flowid", f"1:{number:x}")
            _tc(down, "class", "add", *station, "quantum", "1514")
            _tc(down, "qdisc", "add", *queue)
            _tc(down, "filter", "add", "dev", DEVICE, "parent", "1:", "protocol", "ip", *to_it)

    def carried(self) -> Carried:
        """What has gone over the link since `shape`."""
        (down_bytes, down_lost), (up_bytes, up_lost) = map(_counted, (self.ends.server, self.ends.client))
        return Carried(down_bytes, up_bytes, down_lost + up_lost)


@contextmanager
def shared_air(clients: int) -> Iterator[Air]:
    """A cell for so many clients, each with an address of its own. Raises BenchFailure where it cannot be made."""
    addresses = [f"192.0.2.{_FIRST_HOST + number}" for number in range(clients)]
    with joined(addresses, _MASK) as ends:
        for name in (ends.server, ends.client):
            # By the route: the setting of a namespace takes only what is the machine's default anyway.
            route = ("route", "replace", _NETWORK, "dev", DEVICE, "congctl", "cubic")
            _run(ends.ip, "-n", name, *route)
        yield Air(ends, addresses)


def _counted(name: str) -> tuple[int, int]:
    """Bytes sent and packets lost of one end; a packet that was cut up by the kernel counts with all its headers."""
    (queue,) = json.loads(_tc(name, "-s", "-j", "qdisc", "show", "dev", DEVICE, "root"))
    return int(queue["bytes"]), int(queue["drops"])


def _run(*command: str) -> None:
    run_program(command, timeout_seconds=10)


def _tc(name: str, *arguments: str) -> str:
    tc = find_program("tc")
    try:
        done = subprocess.run([tc, "-n", name, *arguments], check=True, capture_output=True, text=True, timeout=10)
    except subprocess.CalledProcessError as error:
        raise BenchFailure(f"the link cannot be shaped: {error.stderr.strip()}") from error
    return done.stdout
