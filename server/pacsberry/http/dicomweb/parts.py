"""Reads a multipart/related body while it arrives (RFC 2046 5.1, RFC 2387): bytes go in, events come out.

Nothing is held but what could be the beginning of a boundary, and the headers of one part.  How the bytes are cut into
pieces makes no difference.  A line break is CRLF, or LF throughout when the line of the first boundary ends so: scripts
write such bodies.  What looks like the boundary and goes on otherwise is content.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import Enum, auto
from types import MappingProxyType
from typing import Final

from pacsberry.errors import BadRequest

_BOUNDARY: Final = re.compile(r"[ -~]{0,127}[!-~]")  # the standard has 70 characters at most, of fewer kinds
_LONGEST_PREAMBLE: Final = 65536  # bytes before the first boundary
_LONGEST_HEADERS: Final = 16384  # bytes, of one part
_LONGEST_PADDING: Final = 256  # bytes between a boundary and the end of its line
_LINE_END: Final = re.compile(rb"(--)?[ \t]*(\r?\n)")  # behind a boundary
_BEGUN_LINE_END: Final = re.compile(rb"-|(--)?[ \t]*\r?")  # what may become one
_LAST_LINE_END: Final = re.compile(rb"(--)?[ \t]*\r?")  # of a body that ends there
_NAME: Final = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")  # of a header (RFC 9110 5.6.2)


class BadMultipart(BadRequest):
    """A body whose parts cannot be told apart, or that ends in the middle."""


@dataclass(frozen=True, slots=True)
class PartBegins:
    """The headers of a part: names in lower case, values unfolded."""

    headers: Mapping[str, str]


class PartEnds(Enum):
    """The end of a part; the boundary behind it has been seen."""

    AT_BOUNDARY = auto()


Event = PartBegins | memoryview | PartEnds


class _State(Enum):
    PREAMBLE = auto()
    HEADERS = auto()
    CONTENT = auto()
    EPILOGUE = auto()


class PartsReader:
    """Tells the parts of one body."""

    def __init__(self, boundary: str) -> None:
        """`boundary`: as Content-Type names it; BadMultipart when it cannot be one."""
        if not _BOUNDARY.fullmatch(boundary):
            raise BadMultipart(f"The boundary {boundary[:40]!r} is none: 1 to 70 characters of ASCII are expected.")
        self._dashed = b"--" + boundary.encode()
        self._newline = b"\n"  # before the first boundary any; from then on what that line ends with
        self._state = _State.PREAMBLE
        # A boundary stands at the beginning of a line.  The body is such a place, and so is the content of a part:
        # the line break before it is kept here for that, and is not content.
        self._rest = b"\n"
        self._lead = len(self._rest)
        self._preamble_bytes = 0

    def feed(self, data: bytes | bytearray) -> Iterator[Event]:
        """What the next bytes of the body tell; contents are to be used before the next event.  BadMultipart."""
        buffer, position = self._rest + data, 0
        while self._state is not _State.EPILOGUE:
            if self._state is _State.HEADERS:
                found = self._headers(buffer, position)
                if found is None:
                    break
                headers, position = found
                position -= len(self._newline)
                self._lead, self._state = len(self._newline), _State.CONTENT
                yield PartBegins(headers)
                continue
            was_content = self._state is _State.CONTENT
            end, after = self._boundary(buffer, position)
            if was_content:
                yield from self._content(buffer, position, end)
            else:
                self._count_preamble(end - position)
            if after is None:
                position = end
                break
            position = after
            if was_content:
                yield PartEnds.AT_BOUNDARY
        self._rest = buffer[position:] if self._state is not _State.EPILOGUE else b""

    def end(self) -> Iterator[Event]:
        """What it tells that nothing more comes; BadMultipart when that is too early."""
        delimiter = self._newline + self._dashed
        if self._state is _State.EPILOGUE or (self._state is _State.HEADERS and not self._rest.strip()):
            return
        if self._rest.startswith(delimiter) and _LAST_LINE_END.fullmatch(self._rest, len(delimiter)):
            if self._state is _State.CONTENT:
                yield PartEnds.AT_BOUNDARY
            return
        if self._state is _State.PREAMBLE:
            raise BadMultipart("The boundary that Content-Type names is nowhere in the body.")
        raise BadMultipart("The body ends in the middle of a part: the boundary behind it is missing.")

    def _boundary(self, buffer: bytes, position: int) -> tuple[int, int | None]:
        """Where the content ends as far as can be told, and where the line of the boundary does, if it is there."""
        delimiter = self._newline + self._dashed
        at = buffer.find(delimiter, position)
        while at >= 0:
            tail = buffer[at + len(delimiter) : at + len(delimiter) + _LONGEST_PADDING]
            match = _LINE_END.match(tail)
            if match is not None:
                if self._state is _State.PREAMBLE:
                    self._newline = match[2]
                self._state = _State.EPILOGUE if match[1] else _State.HEADERS
                return at, at + len(delimiter) + match.end()
            if len(tail) < _LONGEST_PADDING and _BEGUN_LINE_END.fullmatch(tail):
                return at, None
            at = buffer.find(delimiter, at + 1)
        return max(position, len(buffer) - len(delimiter) + 1), None

    def _content(self, buffer: bytes, start: int, end: int) -> Iterator[memoryview]:
        """The content between two places, without the line break in front of it."""
        skipped = min(self._lead, end - start)
        self._lead -= skipped
        if start + skipped < end:
            yield memoryview(buffer)[start + skipped : end]

    def _count_preamble(self, length: int) -> None:
        self._preamble_bytes += length
        if self._preamble_bytes > _LONGEST_PREAMBLE:
            raise BadMultipart("The boundary that Content-Type names is not at the beginning of the body.")

    def _headers(self, buffer: bytes, position: int) -> tuple[Mapping[str, str], int] | None:
        """The headers of a part and where its content begins; None when they go on."""
        newline = self._newline
        if buffer.startswith(newline, position):
            return MappingProxyType({}), position + len(newline)
        end = buffer.find(newline * 2, position, position + _LONGEST_HEADERS)
        if end >= 0:
            return _parsed(buffer[position:end]), end + 2 * len(newline)
        if len(buffer) - position >= _LONGEST_HEADERS:
            raise BadMultipart(f"The headers of a part are longer than {_LONGEST_HEADERS} bytes.")
        return None


def _parsed(block: bytes) -> Mapping[str, str]:
    """Headers by name; of several with one name the first holds."""
    headers: dict[str, str] = {}
    unfolded = re.sub(r"\r?\n[ \t]+", " ", block.decode("utf-8", "replace"))
    for line in unfolded.split("\n"):
        name, colon, value = line.partition(":")
        if not colon or not _NAME.fullmatch(name):
            raise BadMultipart(f"A part has a header that is none: {line[:60]!r}.")
        headers.setdefault(name.lower(), value.strip())
    return MappingProxyType(headers)
