"""What the tests of STOW-RS share: bodies, reports, and what was stored."""

import json
from typing import Any, Final

from tests.http.dicomweb.aids import JSON, path_of
from tests.http.live import Live, Reply
from tests.makers import make_study

BOUNDARY: Final = "0123456789abcdef"
TYPE: Final = f'multipart/related; type="application/dicom"; boundary={BOUNDARY}'
REFERENCED, FAILED, OTHERS = "00081199", "00081198", "0008119A"
CLASS, INSTANCE, URL, REASON, COMMENT = "00081150", "00081155", "00081190", "00081197", "00000902"
STUDY: Final = make_study(series={"CT": 3, "MR": 1})


def multipart(*contents: bytes, headers: str = "Content-Type: application/dicom\r\n") -> bytes:
    parts = [f"--{BOUNDARY}\r\n{headers}\r\n".encode() + content + b"\r\n" for content in contents]
    return b"".join(parts) + f"--{BOUNDARY}--\r\n".encode()


def store(server: Live, body: bytes, path: str = "studies", *, kind: str = TYPE, accept: str = JSON) -> Reply:
    return server.post(f"/dicom-web/{path}", body, {"Content-Type": kind, "Accept": accept})


def report(reply: Reply) -> dict[str, Any]:
    assert reply.headers["content-type"] == JSON, reply.text
    told: dict[str, Any] = json.loads(reply.body)
    assert list(told) == sorted(told)
    return told


def items(told: dict[str, Any], sequence: str) -> list[dict[str, Any]]:
    """The items of a sequence, with single values."""
    found = told.get(sequence, {"Value": []})["Value"]
    return [{tag: value["Value"][0] for tag, value in item.items()} for item in found]


def stored_files(server: Live) -> set[bytes]:
    found = server.get("/instances").json
    return {server.get(f"/instances/{one}/file").body for one in found}


def uid_of(data: bytes) -> str:
    return path_of(data).rsplit("/", 1)[1]
