"""Prints long JSON answers piece by piece, so that nothing of many resources is held in memory."""

from collections.abc import Generator, Iterator
from contextlib import closing

from pacsberry.http.answers import Answer
from pacsberry.http.jsontext import json_text

_CHUNK_CHARACTERS = 65536


def json_array(items: Iterator[object]) -> Iterator[bytes]:
    """A JSON array as UTF-8 in chunks of about 64 KB; `items` is closed with it."""
    return encoded(_enclosed((json_text(item) for item in items), "[", "]"), items)


def json_object(members: Iterator[tuple[str, object]]) -> Iterator[bytes]:
    """A JSON object likewise; its members come in the order given."""
    return encoded(_enclosed((f"{json_text(name)} : {json_text(value)}" for name, value in members), "{", "}"), members)


def _enclosed(texts: Iterator[str], opening: str, closing: str) -> Iterator[str]:
    separator = opening
    for text in texts:
        yield separator
        yield "\n   "
        yield text.replace("\n", "\n   ")  # line breaks inside strings are escaped, so these are the layout's
        separator = ","
    yield f"{opening}{closing}" if separator == opening else f"\n{closing}"


def encoded(pieces: Iterator[str], source: Iterator[object]) -> Generator[bytes]:
    """Text as UTF-8 in chunks of about 64 KB; `source` is closed with it."""
    waiting: list[str] = []
    length = 0
    try:
        for piece in pieces:
            waiting.append(piece)
            length += len(piece)
            if length >= _CHUNK_CHARACTERS:
                yield "".join(waiting).encode(errors="replace")
                waiting.clear()
                length = 0
        yield "".join(waiting).encode(errors="replace")
    finally:
        close = getattr(source, "close", None)  # a generator gives its reader of the index back
        if close is not None:
            close()


def streamed(chunks: Generator[bytes], content_type: str) -> Answer:
    """Bytes made while they are sent; a single chunk needs no place among the downloads.

    An error before the second chunk is raised here, and gets its own status.
    """
    first, second = next(chunks, b""), next(chunks, None)
    if second is None:
        return Answer.data(first, content_type)
    return Answer.stream(_rejoined(first, second, chunks), content_type)


def _rejoined(first: bytes, second: bytes, remaining: Generator[bytes]) -> Generator[bytes]:
    with closing(remaining):
        yield first
        yield second
        yield from remaining
