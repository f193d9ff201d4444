# What Pacsberry uses of multipart 2, whose annotations are not declared.

from collections.abc import Callable, Iterator
from typing import Self

class MultipartError(ValueError): ...
class ParserLimitReached(MultipartError): ...

class MultipartSegment:
    name: str
    filename: str | None
    content_type: str | None

class PushMultipartParser:
    closed: bool
    def __init__(
        self,
        boundary: str | bytes,
        content_length: int = ...,
        max_header_size: int = ...,
        max_header_count: int = ...,
        max_segment_size: float = ...,
        max_segment_count: float = ...,
        header_charset: str = ...,
        strict: bool = ...,
    ) -> None: ...
    def __enter__(self) -> Self: ...
    def __exit__(self, exc_type: object, exc_val: object, exc_tb: object) -> None: ...
    def parse_blocking(
        self, read: Callable[[int], bytes], chunk_size: int = ...
    ) -> Iterator[MultipartSegment | bytes | bytearray | None]: ...

def parse_options_header(header: str) -> tuple[str, dict[str, str]]: ...
