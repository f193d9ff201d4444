"""Turns an Answer into status, headers and body: JSON or XML, a range, not modified, compressed."""

import re
import zlib
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, suppress
from dataclasses import dataclass
from itertools import chain
from typing import Self

from pacsberry.errors import UnknownResource
from pacsberry.http.answers import Answer, Json, JsonItems, Packed, Part, Pieces, Stream
from pacsberry.http.errors import BadRange
from pacsberry.http.jsontext import json_text
from pacsberry.http.request import Request
from pacsberry.http.xmltext import CONTENT_TYPE as XML
from pacsberry.http.xmltext import xml_items, xml_text

_COMPRESSIBLE = re.compile(r"text/|application/(json|dicom\+json|javascript|xml|dicom\+xml)|image/svg")
_SMALLEST_COMPRESSED = 2048  # bytes
_GZIP_LEVEL = 1  # 5 times cheaper than the usual 6 on JSON for a few percent more bytes
_CODED = ("Content-Encoding", "gzip")
_VARY = ("Vary", "Accept-Encoding")
_NEVER = re.compile(r";q=0(\.0*)?$")
_RANGE = re.compile(r"bytes=(\d{0,18})-(\d{0,18})")

Place = Callable[[], AbstractContextManager[None]]
Headers = list[tuple[str, str]]


class Chunks:
    """A body made while it is sent, with what has to be given back when it ends or the client leaves."""

    def __init__(self, chunks: Iterator[bytes], stack: ExitStack) -> None:
        self._chunks = chunks
        self._stack = stack

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> bytes:
        return next(self._chunks)

    def close(self) -> None:
        """Give everything back."""
        self._stack.close()


@dataclass(frozen=True, slots=True)
class Rendered:
    """An answer ready to be sent."""

    status: int
    headers: Headers
    body: bytes | Chunks | Pieces


def render(answer: Answer, request: Request, place: Place, *, compress: bool) -> Rendered:
    """The answer as it travels; BadRange when a range beyond the file is asked for.

    `place` gives a place among the streamed downloads, or raises.
    """
    headers: Headers = [*answer.headers, ("Content-Type", answer.content_type)]
    if answer.status == 200 and request.method == "GET" and is_known(_etag(answer), request):
        _close(answer)
        return Rendered(304, list(answer.headers), b"")
    body = answer.body
    if isinstance(body, Part):
        return _part(body, answer, request, headers)
    if isinstance(body, Pieces):
        headers.append(("Content-Length", str(body.length)))
        return Rendered(answer.status, headers, body)
    if isinstance(body, Packed):
        return _packed(body, answer, request, headers)
    if isinstance(body, JsonItems | Stream):
        return _chunks(body, answer.status, request, headers, place, compress=compress)
    if isinstance(body, Json):
        if prefers_xml(request):
            headers[-1] = ("Content-Type", XML)
            body = xml_text(body.value).encode()
        else:
            body = json_text(body.value).encode(errors="replace")
    return _whole(body, answer.status, request, headers, compress=compress)


def prefers_xml(request: Request) -> bool:
    """Whether JSON should become XML: asked for by name, not by a browser, which lists XML among all else."""
    weights = dict(reversed(request.accepted))
    xml = weights.get("application/xml", 0.0)
    return xml > 0 and "text/html" not in weights and xml >= weights.get("application/json", 0.0)


def _whole(data: bytes, status: int, request: Request, headers: Headers, *, compress: bool) -> Rendered:
    if compress and len(data) >= _SMALLEST_COMPRESSED and _may_compress(headers, request):
        data = zlib.compress(data, _GZIP_LEVEL, wbits=31)
        headers += [_CODED, _VARY]
    return Rendered(status, headers, data)


def _chunks(
    body: JsonItems | Stream, status: int, request: Request, headers: Headers, place: Place, *, compress: bool
) -> Rendered:
    with ExitStack() as stack:
        chunks = body.chunks
        if hasattr(chunks, "close"):
            stack.callback(chunks.close)
        if isinstance(body, JsonItems) and prefers_xml(request):
            chunks = xml_items(chunks)
            headers[-1] = ("Content-Type", XML)
        first = next(chunks, b"")  # an error before the first bytes still gets its own status
        if isinstance(body, JsonItems):
            second = next(chunks, b"")
            if not second:  # all in one: no stream
                return _whole(first, status, request, headers, compress=compress)
            chunks = chain((second,), chunks)
        chunks = chain((first,), chunks)
        if compress and _may_compress(headers, request):
            chunks = _gzip(chunks)
            headers += [_CODED, _VARY]
        stack.enter_context(place())
        return Rendered(status, headers, Chunks(chunks, stack.pop_all()))


def _part(part: Part, answer: Answer, request: Request, headers: Headers) -> Rendered:
    wanted = _range(part.length, answer, request)
    headers.append(("Accept-Ranges", "bytes"))
    if wanted is None:
        headers.append(("Content-Length", str(part.length)))
        return Rendered(answer.status, headers, Pieces((part,)))
    first, last = wanted
    if first >= part.length:
        part.file.close()
        raise BadRange(part.length)
    headers.append(("Content-Range", f"bytes {first}-{last}/{part.length}"))
    headers.append(("Content-Length", str(last - first + 1)))
    return Rendered(206, headers, Pieces((Part(part.file, part.offset + first, last - first + 1),)))


def _packed(body: Packed, answer: Answer, request: Request, headers: Headers) -> Rendered:
    """As gzip to a client that takes it; a range is one of the content."""
    headers.append(_VARY)
    if accepts_gzip(request) and not request.header("Range"):
        with suppress(UnknownResource):  # unpacked in the storage meanwhile
            file = body.open_packed()
            # RFC 9110 8.8.3: other bytes may not have the same strong entity tag.
            headers = [(name, f"W/{value}" if name == "ETag" else value) for name, value in headers]
            headers += [_CODED, ("Content-Length", str(body.packed_length))]
            return Rendered(answer.status, headers, Pieces((Part(file, 0, body.packed_length),)))
    return _part(Part(body.open(), 0, body.length), answer, request, headers)


def _range(length: int, answer: Answer, request: Request) -> tuple[int, int] | None:
    """First and last byte asked for (RFC 9110, 14.2); None for all, also when several ranges are asked for."""
    match = _RANGE.fullmatch(request.header("Range").replace(" ", ""))
    if match is None or request.method != "GET" or answer.status != 200:
        return None
    condition = request.header("If-Range")
    if condition and condition != _etag(answer):
        return None
    first, last = match.groups()
    if first:
        end = min(int(last), length - 1) if last else length - 1
        return None if last and int(last) < int(first) else (int(first), end)
    if not last:
        return None
    return (length if int(last) == 0 else max(0, length - int(last)), length - 1)


def is_known(etag: str, request: Request) -> bool:
    """Whether the client has the version with this entity tag, quotes included (RFC 9110, 13.1.2)."""
    known = request.header("If-None-Match")
    if not known or not etag:
        return False
    tags = [tag.strip().removeprefix("W/") for tag in known.split(",")]
    return "*" in tags or etag in tags


def _etag(answer: Answer) -> str:
    return next((value for name, value in answer.headers if name == "ETag"), "")


def _close(answer: Answer) -> None:
    body = answer.body
    if isinstance(body, Part):
        body.file.close()
    elif isinstance(body, Pieces):
        body.close()
    elif isinstance(body, JsonItems | Stream) and hasattr(body.chunks, "close"):
        body.chunks.close()


def _may_compress(headers: Headers, request: Request) -> bool:
    if any(name == "Content-Encoding" for name, _ in headers):
        return False
    content_type = next(value for name, value in headers if name == "Content-Type")
    return _COMPRESSIBLE.match(content_type) is not None and accepts_gzip(request)


def accepts_gzip(request: Request) -> bool:
    """Whether the client takes a body packed with gzip."""
    accepted = (part.replace(" ", "") for part in request.header("Accept-Encoding").lower().split(","))
    return any(part == "gzip" or (part.startswith("gzip;") and not _NEVER.search(part)) for part in accepted)


def _gzip(chunks: Iterator[bytes]) -> Iterator[bytes]:
    packer = zlib.compressobj(_GZIP_LEVEL, zlib.DEFLATED, 31)
    for chunk in chunks:
        packed = packer.compress(chunk)
        if packed:
            yield packed
    yield packer.flush()
