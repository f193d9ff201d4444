"""What handlers answer.

A handler says what the answer is; `rendering` decides how it travels (JSON or XML, compressed, a range, not modified).
Every answer with a body, and every success, has a Content-Type: pyorthanc reads that header of each 2xx answer.
"""

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import BinaryIO, Self
from urllib.parse import quote

JSON = "application/json; charset=utf-8"
TEXT = "text/plain"
BINARY = "application/octet-stream"
DICOM = "application/dicom"
ZIP = "application/zip"
_UNFIT_FOR_QUOTES = re.compile(r"[^ !#$&-:<-\[\]-~]")


@dataclass(frozen=True, slots=True)
class Json:
    """A JSON value, printed when it is known whether the client wants JSON or XML."""

    value: object


@dataclass(frozen=True, slots=True)
class JsonItems:
    """A JSON array as UTF-8 text in chunks: lists of a whole level are never held in memory."""

    chunks: Iterator[bytes]


@dataclass(frozen=True, slots=True)
class Stream:
    """Bytes made while they are sent (ZIP archives); takes a worker thread along until the client has them all."""

    chunks: Iterator[bytes]


@dataclass(frozen=True, slots=True)
class Part:
    """`length` bytes of an open file from `offset` on; it is closed when they are sent."""

    file: BinaryIO
    offset: int
    length: int


Piece = bytes | Part


@dataclass(frozen=True, slots=True)
class Pieces:
    """Bytes and stretches of open files one after another; the files are closed when all is sent."""

    pieces: tuple[Piece, ...]

    @property
    def length(self) -> int:
        """Bytes in all."""
        return sum(piece.length if isinstance(piece, Part) else len(piece) for piece in self.pieces)

    def close(self) -> None:
        """Nobody wants it."""
        for piece in self.pieces:
            if isinstance(piece, Part):
                piece.file.close()


@dataclass(frozen=True, slots=True)
class Packed:
    """A whole file that is stored as gzip; it is opened when it is known whether the client takes gzip."""

    open_packed: Callable[[], BinaryIO]  # as it lies
    packed_length: int  # bytes
    open: Callable[[], BinaryIO]  # its content
    length: int


AnswerBody = bytes | Json | JsonItems | Stream | Part | Pieces | Packed


@dataclass(frozen=True, slots=True)
class Answer:
    """Status, headers and body of one answer; made with the class methods below."""

    body: AnswerBody = b""
    content_type: str = TEXT
    status: int = 200
    headers: tuple[tuple[str, str], ...] = ()

    @classmethod
    def json(cls, value: object) -> Self:
        """A JSON value of dicts with string keys, lists and scalars; keys are sorted when it is printed (S8)."""
        return cls(Json(value), JSON)

    @classmethod
    def json_items(cls, chunks: Iterator[bytes]) -> Self:
        """A JSON array already printed, in chunks of about 64 KB; the iterator is closed if it can be."""
        return cls(JsonItems(chunks), JSON)

    @classmethod
    def text(cls, text: str) -> Self:
        """Plain text."""
        return cls(text.encode(), TEXT)

    @classmethod
    def empty(cls) -> Self:
        """The empty text that Orthanc answers to most writes."""
        return cls()

    @classmethod
    def data(cls, data: bytes, content_type: str) -> Self:
        """Bytes held in memory: keep them small."""
        return cls(data, content_type)

    @classmethod
    def part(cls, file: BinaryIO, offset: int, length: int, content_type: str) -> Self:
        """A stretch of an open file, sent without passing through Python where the connection allows it.

        A client may ask for a range of it.  `file` comes from the file store; it is closed in every case.
        """
        return cls(Part(file, offset, length), content_type)

    @classmethod
    def pieces(cls, pieces: Iterable[Piece], content_type: str) -> Self:
        """Bytes and stretches of open files, at least one of these, sent as `part` does; no ranges of them."""
        return cls(Pieces(tuple(pieces)), content_type)

    @classmethod
    def packed(
        cls,
        open_packed: Callable[[], BinaryIO],
        packed_length: int,
        open: Callable[[], BinaryIO],
        length: int,
        content_type: str,
    ) -> Self:
        """A file that is stored as gzip: sent as it lies to a client that takes gzip, unpacked to others."""
        return cls(Packed(open_packed, packed_length, open, length), content_type)

    @classmethod
    def stream(cls, chunks: Iterator[bytes], content_type: str) -> Self:
        """Bytes made while they are sent, in chunks of 64 KB to 1 MB; the iterator is closed when the client leaves."""
        return cls(Stream(chunks), content_type)

    @classmethod
    def redirect(cls, location: str) -> Self:
        """A permanent redirect to a relative address, which also holds below a sub-path."""
        return cls(status=301).with_header("Location", location)

    def with_header(self, name: str, value: str) -> Self:
        """The same answer with one more header."""
        return type(self)(self.body, self.content_type, self.status, (*self.headers, (name, value)))

    def with_status(self, status: int) -> Self:
        """The same answer with another status."""
        return type(self)(self.body, self.content_type, status, self.headers)

    def with_etag(self, etag: str) -> Self:
        """The same answer with an entity tag (given without quotes): a client that has it gets 304."""
        return self.with_header("ETag", f'"{etag}"')

    def with_filename(self, filename: str, disposition: str = "attachment") -> Self:
        """The same answer with the name a browser saves it under (RFC 6266)."""
        plain = _UNFIT_FOR_QUOTES.sub("_", filename)
        value = f'{disposition}; filename="{plain}"'
        if plain != filename:
            value += f"; filename*=UTF-8''{quote(filename, safe='', errors='replace')}"
        return self.with_header("Content-Disposition", value)
