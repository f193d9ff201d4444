"""The head of an HTTP request, read strictly and no further: the portal has no use for bodies."""

import re
from dataclasses import dataclass

LARGEST_HEAD = 8192
_REQUEST_LINE = re.compile(rb"([A-Z]{1,16}) (\S{1,2048}) HTTP/1\.([01])")
_ABSOLUTE = re.compile(r"http://([^/?#]*)(.*)", re.IGNORECASE)
_HOST = re.compile(r"(?:\[([0-9a-fA-F:.]{2,45})\]|([A-Za-z0-9_.-]{1,253}))(?::[0-9]{0,5})?")


@dataclass(frozen=True, slots=True)
class Request:
    """What was asked, by whom."""

    method: str
    host: str  # small letters, no port; empty when missing or not a name
    path: str  # begins with a slash
    query: str
    client: str
    own_address: str = ""  # of the box, on the way this request came; also where the client meant another


def parse(head: bytes, client: str, own_address: str = "") -> Request | None:
    """The request, or None when it is no HTTP."""
    lines = head.lstrip(b"\r\n").split(b"\r\n")  # RFC 9112 2.2: empty lines before a request are passed over
    line = _REQUEST_LINE.fullmatch(lines[0])
    if line is None:
        return None
    target = line[2].decode("latin-1")
    hosts = [
        value.decode("latin-1").strip()
        for field, colon, value in (header.partition(b":") for header in lines[1:])
        if colon and field.lower() == b"host"
    ]
    if len(hosts) > 1:  # RFC 9112 3.2: two readers could take two different ones
        return None
    host = hosts[0] if hosts else ""
    absolute = _ABSOLUTE.fullmatch(target)  # as to a proxy; its host is the one that counts (RFC 9112 3.2.2)
    if absolute is not None:
        host, target = absolute[1], absolute[2] or "/"
    named = _HOST.fullmatch(host)
    path, _, query = target.partition("?")
    if not path.startswith("/"):
        path, query = "/", ""
    name = (named[1] or named[2]).lower().rstrip(".") if named is not None else ""
    return Request(line[1].decode(), name, path, query, client, own_address)
