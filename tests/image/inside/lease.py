"""A small DHCP client (RFC 2131): `lease.py INTERFACE` gets a lease, configures the interface and prints the lease.

There is no DHCP client on the box, and this one can be asked for what tests want to know: who offered, how long, with
which options. `lease.py INTERFACE --count N` asks for N leases with made-up hardware addresses, as a class would, and
prints all of them; the interface keeps none.
"""

import argparse
import json
import random
import socket
import struct
import subprocess
import sys
import time
from pathlib import Path

MAGIC = b"\x63\x82\x53\x63"
DISCOVER, OFFER, REQUEST, ACK = 1, 2, 3, 5
NAMES = {1: "mask", 3: "router", 6: "dns", 51: "seconds", 53: "kind", 54: "server", 114: "portal"}


def packet(kind: int, number: int, hardware: bytes, options: dict[int, bytes]) -> bytes:
    """A message to the server, with the wish to be answered by broadcast."""
    head = struct.pack("!BBBBIHH16x16s192x4s", 1, 1, 6, 0, number, 0, 0x8000, hardware, MAGIC)
    wanted = {53: bytes([kind]), 55: bytes([1, 3, 6, 51, 54, 114]), **options}
    return head + b"".join(bytes([code, len(value)]) + value for code, value in wanted.items()) + b"\xff"


def parse(message: bytes) -> tuple[int, str, dict[int, bytes]]:
    """Number, offered address and options of a message."""
    number, address = struct.unpack_from("!4xI8x4s", message)
    options, at = {}, 240
    while at < len(message) and message[at] != 255:
        if message[at] == 0:
            at += 1
            continue
        size = message[at + 1]
        options[message[at]] = message[at + 2 : at + 2 + size]
        at += 2 + size
    return number, socket.inet_ntoa(address), options


def lease(interface: str, hardware: bytes, patience: float) -> dict[str, object]:
    """Ask until there is a lease.

    Raises TimeoutError after `patience` seconds.
    """
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as line:
        line.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
        line.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        line.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, interface.encode())
        line.bind(("", 68))
        line.settimeout(3)
        until = time.monotonic() + patience
        number = random.getrandbits(32)
        kind, options = DISCOVER, dict[int, bytes]()
        while time.monotonic() < until:
            line.sendto(packet(kind, number, hardware, options), ("255.255.255.255", 67))
            try:
                while True:
                    answered, address, said = parse(line.recv(2048))
                    if answered == number and said[53][0] in (OFFER, ACK):
                        break
            except TimeoutError:
                continue
            if said[53][0] == ACK:
                return {"address": address, **readable(said)}
            kind, options = REQUEST, {50: socket.inet_aton(address), 54: said[54]}
    raise TimeoutError(f"no lease within {patience} s")


def readable(options: dict[int, bytes]) -> dict[str, object]:
    """The options of an answer, under names."""
    found: dict[str, object] = {}
    for code, value in options.items():
        if code == 114:
            found["portal"] = value.decode()
        elif code == 51:
            found["seconds"] = int.from_bytes(value, "big")
        elif code in NAMES and len(value) >= 4:
            found[NAMES[code]] = socket.inet_ntoa(value[:4])
    return found


def configure(interface: str, found: dict[str, object]) -> None:
    """Give the interface what was leased, and the network namespace its name server."""
    prefix = bin(int.from_bytes(socket.inet_aton(str(found["mask"])), "big")).count("1")
    for words in (
        ["addr", "replace", f"{found['address']}/{prefix}", "dev", interface],
        ["route", "replace", "default", "via", str(found.get("router", found["server"]))],
    ):
        subprocess.run(["ip", *words], check=True)


def main() -> None:
    """Get what the command line asks for, and print it as JSON."""
    parser = argparse.ArgumentParser()
    parser.add_argument("interface")
    parser.add_argument("--count", type=int, default=0)
    parser.add_argument("--patience", type=float, default=60)
    asked = parser.parse_args()
    for name in ("all", asked.interface):
        Path(f"/proc/sys/net/ipv4/conf/{name}/rp_filter").write_text("0")
    if asked.count:
        own = [bytes([2, *random.randbytes(5)]) for _ in range(asked.count)]
        json.dump([lease(asked.interface, hardware, asked.patience) for hardware in own], sys.stdout)
    else:
        own_one = bytes.fromhex(Path(f"/sys/class/net/{asked.interface}/address").read_text().strip().replace(":", ""))
        found = lease(asked.interface, own_one, asked.patience)
        configure(asked.interface, found)
        json.dump(found, sys.stdout)


if __name__ == "__main__":
    main()
