"""Is there another DHCP server behind this cable? Asks as a computer that has just been plugged in, and takes nothing.

A DHCPDISCOVER (RFC 2131) goes out as a raw packet, because the interface has no address yet; whoever offers one is a
server. Asked several times: a switch may pass nothing for a while after the cable is in.
"""

import secrets
import select
import socket
import struct
import time
from collections.abc import Callable, Iterator

_ETH_P_IP = 0x0800
_BROADCAST = b"\xff" * 6
_COOKIE = b"\x63\x82\x53\x63"
_DISCOVER, _OFFER = 1, 2


def servers(
    interface: str,
    *,
    own: frozenset[str] = frozenset(),
    seconds: float = 8,
    every: float = 2,
    clock: Callable[[], float] = time.monotonic,
) -> set[str]:
    """The first DHCP server that answers there and is not ours; none: an empty set. CAP_NET_RAW; raises OSError."""
    with socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(_ETH_P_IP)) as line:
        line.bind((interface, _ETH_P_IP))
        mac = line.getsockname()[4]
        exchange = secrets.token_bytes(4)
        end = clock() + seconds
        next_question = 0.0
        while (now := clock()) < end:
            if now >= next_question:
                line.send(discover(mac, exchange))
                next_question = now + every
            readable, _, _ = select.select([line], [], [], max(0.0, min(next_question, end) - clock()))
            if readable:
                server = offering_server(line.recv(2048), exchange)
                if server is not None and server not in own:
                    return {server}
    return set()


def discover(mac: bytes, exchange: bytes) -> bytes:
    """The Ethernet frame of a question; the answer is asked for as a broadcast."""
    bootp = (
        struct.pack("!BBBB4sHHIIII", 1, 1, 6, 0, exchange, 0, 0x8000, 0, 0, 0, 0) + mac.ljust(16, b"\0") + bytes(192)
    )
    options = _COOKIE + bytes((53, 1, _DISCOVER, 55, 3, 1, 3, 54, 255))
    payload = (bootp + options).ljust(300, b"\0")
    udp = struct.pack("!HHHH", 68, 67, 8 + len(payload), 0) + payload  # checksum 0: none, which IPv4 allows
    ip = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 20 + len(udp), 0, 0, 64, 17, 0, bytes(4), b"\xff" * 4)
    ip = ip[:10] + struct.pack("!H", _checksum(ip)) + ip[12:]
    return _BROADCAST + mac + struct.pack("!H", _ETH_P_IP) + ip + udp


def offering_server(frame: bytes, exchange: bytes) -> str | None:
    """The address of the server when a frame is an offer for our question, else None. Takes any bytes."""
    if len(frame) < 14 + 20 or frame[12:14] != struct.pack("!H", _ETH_P_IP):
        return None
    header = (frame[14] & 0x0F) * 4
    if frame[14] >> 4 != 4 or header < 20 or frame[23] != 17:
        return None
    udp = 14 + header
    dhcp = frame[udp + 8 :]
    if frame[udp : udp + 4] != struct.pack("!HH", 67, 68) or len(dhcp) < 240:
        return None
    if dhcp[0] != 2 or dhcp[4:8] != exchange or dhcp[236:240] != _COOKIE:
        return None
    options = dict(_options(dhcp[240:]))
    if options.get(53) != bytes((_OFFER,)):
        return None
    server = options.get(54, b"")
    return socket.inet_ntoa(server if len(server) == 4 else frame[26:30])


def _options(data: bytes) -> Iterator[tuple[int, bytes]]:
    at = 0
    while at < len(data) and data[at] != 255:
        if data[at] == 0:
            at += 1
            continue
        if at + 2 > len(data):
            return
        length = data[at + 1]
        yield data[at], data[at + 2 : at + 2 + length]
        at += 2 + length


def _checksum(header: bytes) -> int:
    total: int = sum(struct.unpack(f"!{len(header) // 2}H", header))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF
