"""JSON answers as XML, for clients that ask for it (`Accept: application/xml`, S17).

    {"a": [1, {"b": null}]}   becomes   <root><a><item>1</item><item><b/></item></a></root>

A name that is no XML name (tags such as 0010,0010) becomes <entry name="0010,0010">; a character XML cannot hold
becomes U+FFFD.
"""

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from itertools import chain
from typing import Any

from pacsberry.http.jsontext import DEEPEST

CONTENT_TYPE = "application/xml; charset=utf-8"
_DECLARATION = '<?xml version="1.0" encoding="utf-8"?>\n'
_LARGEST_ITEM = 2**20  # characters of one item of a streamed list
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]*")
_ESCAPES = {"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "\r": "&#13;"}
_SPECIAL = re.compile('[&<>"\r\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]')


def xml_text(value: object) -> str:
    """A JSON value as an XML document."""
    pieces = [_DECLARATION]
    _print(value, "root", "", pieces, 0)
    return "".join(pieces)


def xml_items(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """A JSON array that comes in chunks as an XML document in chunks, holding one item at a time.

    An object in chunks is held as a whole.
    """
    chunks = iter(chunks)
    first = next(chunks, b"")
    if first.lstrip().startswith(b"{"):
        yield xml_text(json.loads(first + b"".join(chunks))).encode()
        return
    yield f"{_DECLARATION}<root>\n".encode()
    for item in _items(chain((first,), chunks)):
        pieces: list[str] = []
        _print(item, "item", "  ", pieces, 1)
        yield "".join(pieces).encode()
    yield b"</root>\n"


def _items(chunks: Iterable[bytes]) -> Iterator[Any]:
    decoder = json.JSONDecoder()
    rest = b""  # a chunk may end within a character
    text = ""
    begun = False
    for chunk in chunks:
        data = rest + chunk
        whole = data.rfind(b"\n") + 1  # lines end between values, never within one
        text += data[:whole].decode()
        rest = data[whole:]
        while True:
            text = text.lstrip(" \t\r\n" if not begun else " \t\r\n,")
            if not begun:
                if not text.startswith("["):
                    break
                text, begun = text[1:], True
                continue
            if not text or text.startswith("]"):
                break
            try:
                item, end = decoder.raw_decode(text)
            except json.JSONDecodeError:
                if len(text) > _LARGEST_ITEM:
                    raise
                break  # the item goes on in the next chunk
            if end == len(text):
                break  # a number could go on
            yield item
            text = text[end:]
    text = (text + rest.decode()).strip(" \t\r\n" if not begun else " \t\r\n,")
    if not begun:
        yield from json.loads(text)
    elif text != "]":
        yield from json.loads("[" + text)


def _print(value: object, name: str, indent: str, pieces: list[str], depth: int) -> None:
    if depth > DEEPEST:
        raise ValueError(f"more than {DEEPEST} levels")
    if _NAME.fullmatch(name):
        opening, closing = name, name
    else:
        opening, closing = f'entry name="{_escape(name)}"', "entry"
    if isinstance(value, Mapping):
        children = [(str(key), value[key]) for key in sorted(value)]
    elif isinstance(value, list | tuple):
        children = [("item", item) for item in value]
    else:
        text = _scalar(value)
        pieces.append(f"{indent}<{opening}>{text}</{closing}>\n" if text else f"{indent}<{opening}/>\n")
        return
    if not children:
        pieces.append(f"{indent}<{opening}/>\n")
        return
    pieces.append(f"{indent}<{opening}>\n")
    for child_name, child in children:
        _print(child, child_name, indent + "  ", pieces, depth + 1)
    pieces.append(f"{indent}</{closing}>\n")


def _scalar(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    return _escape(str(value))


def _escape(text: str) -> str:
    return _SPECIAL.sub(lambda match: _ESCAPES.get(match.group(), "\ufffd"), text)
