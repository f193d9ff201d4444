"""What the tests of DICOMweb share: reading answers without our own code."""

import json
from collections.abc import Mapping
from email.message import Message
from io import BytesIO
from typing import Any

import pydicom

from tests.http.live import Live, Reply

JSON = "application/dicom+json"
XML = "application/dicom+xml"


def values(result: Mapping[str, Any], tag: str) -> list[Any]:
    """The values of one attribute in the DICOM JSON model."""
    found: list[Any] = result[tag].get("Value", [])
    return found


def find(server: Live, path: str) -> list[dict[str, Any]]:
    """The results of a search as JSON."""
    reply = server.get(f"/dicom-web/{path}")
    assert (reply.status, reply.headers["content-type"]) == (200, JSON), reply.text
    found: list[dict[str, Any]] = json.loads(reply.body)
    return found


def names(server: Live, path: str) -> str:
    """The PatientIDs of what is found, sorted, in one text."""
    return " ".join(sorted(values(result, "00100020")[0] for result in find(server, path)))


def parts_of(reply: Reply) -> list[tuple[dict[str, str], bytes]]:
    """Headers (names in lower case) and content of each part of a multipart answer."""
    header = Message()
    header["Content-Type"] = reply.headers["content-type"]
    assert header.get_content_type() == "multipart/related"
    boundary = header.get_boundary()
    assert boundary
    delimiter = f"--{boundary}".encode()
    first, *pieces = (b"\r\n" + reply.body).split(b"\r\n" + delimiter)
    assert first == b""
    assert pieces.pop() == b"--\r\n"
    found = []
    for piece in pieces:
        head, _, content = piece.removeprefix(b"\r\n").partition(b"\r\n\r\n")
        lines = [line.partition(": ") for line in head.decode().split("\r\n") if line]
        found.append(({name.lower(): value for name, _, value in lines}, content))
    return found


def path_of(data: bytes) -> str:
    """The path of the instance in a DICOM file."""
    ds = pydicom.dcmread(BytesIO(data), stop_before_pixels=True)
    return f"/dicom-web/studies/{ds.StudyInstanceUID}/series/{ds.SeriesInstanceUID}/instances/{ds.SOPInstanceUID}"
