"""What a tablet asks: `ask.py` reads a list of questions as JSON and prints the list of answers.

    {"ask": "name", "name": "pacsberry.home"}                        -> {"addresses": [...], "seconds": 0.1}
    {"ask": "http", "url": "http://…", "method": "POST", …}          -> {"status": 200, "headers": {…}, "text": "…", …}
    {"ask": "connect", "host": "…", "port": 443}                     -> {"outcome": "refused", "seconds": 0.0}

Names go by a datagram of our own to the server that the lease named, given as "dns": the guest's resolver is the box's.
"""

import base64
import http.client
import json
import random
import socket
import struct
import sys
import time
from typing import Any
from urllib.parse import urlsplit


def resolve(name: str, dns: str, kind: int = 1) -> tuple[int, list[str]]:
    """The response code and the addresses that the name server gives (RFC 1035)."""
    number = random.getrandbits(16)
    question = b"".join(bytes([len(part)]) + part.encode() for part in name.split(".")) + b"\0"
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as line:
        line.settimeout(10)
        line.sendto(struct.pack("!6H", number, 0x0100, 1, 0, 0, 0) + question + struct.pack("!2H", kind, 1), (dns, 53))
        answer = line.recv(4096)
    _, flags, _, count, _, _ = struct.unpack_from("!6H", answer)
    at, addresses = 12 + len(question) + 4, []
    for _ in range(count):
        while answer[at] & 0xC0 != 0xC0 and answer[at]:
            at += answer[at] + 1
        at += 2 if answer[at] & 0xC0 == 0xC0 else 1
        type_, _, _, size = struct.unpack_from("!HHIH", answer, at)
        if type_ == 1 and size == 4:
            addresses.append(socket.inet_ntoa(answer[at + 10 : at + 14]))
        at += 10 + size
    return flags & 15, addresses


def fetch(question: dict[str, Any], dns: str) -> dict[str, Any]:
    """One HTTP request, redirects not followed."""
    parts = urlsplit(question["url"])
    host = parts.hostname or ""
    address = host if host.replace(".", "").isdigit() else resolve(host, dns)[1][0]
    connection = http.client.HTTPConnection(address, parts.port or 80, timeout=120)
    body = base64.b64decode(question["body"]) if "body" in question else None
    headers = {"Host": parts.netloc, **question.get("headers", {})}
    path = parts.path + (f"?{parts.query}" if parts.query else "")
    connection.request(question.get("method", "GET"), path or "/", body, headers)
    answer = connection.getresponse()
    content = answer.read()
    return {
        "status": answer.status,
        "headers": {name.lower(): value for name, value in answer.getheaders()},
        "text": content[:20000].decode("utf-8", "replace"),
        "start": content[:16].hex(),
        "size": len(content),
    }


def connect(host: str, port: int) -> str:
    """Whether a port is open, refused at once, or silent."""
    try:
        socket.create_connection((host, port), timeout=15).close()
    except ConnectionRefusedError:
        return "refused"
    except TimeoutError:
        return "silent"
    return "open"


def answer(question: dict[str, Any], dns: str) -> dict[str, Any]:
    """The answer to one question, and how long it took."""
    begun = time.monotonic()
    try:
        match question["ask"]:
            case "name":
                code, addresses = resolve(question["name"], dns, question.get("kind", 1))
                found: dict[str, Any] = {"code": code, "addresses": addresses}
            case "http":
                found = fetch(question, dns)
            case _:
                found = {"outcome": connect(question["host"], question["port"])}
    except (OSError, IndexError, http.client.HTTPException) as error:
        found = {"error": f"{type(error).__name__}: {error}"}
    return {**found, "seconds": time.monotonic() - begun}


def main() -> None:
    """Answer what standard input asks."""
    asked = json.load(sys.stdin)
    json.dump([answer(question, asked["dns"]) for question in asked["questions"]], sys.stdout)


if __name__ == "__main__":
    main()
