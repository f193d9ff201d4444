"""Writes a multipart/related body (RFC 2387, RFC 2046 5.1) while it is sent."""

import secrets
from collections.abc import Iterable, Iterator


class MultipartWriter:
    """The lines between the parts of one body, whose length nobody knows beforehand."""

    def __init__(self, part_type: str, boundary: str = "") -> None:
        """`part_type`: the media type of all parts; `boundary`: one that nobody can have put into a file."""
        self.boundary = boundary or secrets.token_hex(20)
        self._is_first = True
        self.content_type = f'multipart/related; type="{part_type}"; boundary={self.boundary}'

    def begin(self, headers: Iterable[tuple[str, str]]) -> bytes:
        """What stands before the content of a part."""
        before = "" if self._is_first else "\r\n"
        self._is_first = False
        lines = "".join(f"{name}: {value}\r\n" for name, value in headers)
        return f"{before}--{self.boundary}\r\n{lines}\r\n".encode()

    def end(self) -> bytes:
        """What stands behind the last part."""
        before = "" if self._is_first else "\r\n"
        return f"{before}--{self.boundary}--\r\n".encode()


def one_part(writer: MultipartWriter, content_type: str, chunks: Iterable[bytes]) -> Iterator[bytes]:
    """A body with a single part."""
    yield writer.begin([("Content-Type", content_type)])
    yield from chunks
    yield writer.end()
