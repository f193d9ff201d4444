"""The part of YAML that Imager writes: mappings, lists, quoted and plain words, blocks. Everything is text.

Not a YAML parser: anchors, tags, several documents and flow mappings are refused as `NotSimple`. Cloud-init is not on
the box, and a full parser would be 2 MB of memory for two small files at the first boot.
"""

import re
from dataclasses import dataclass
from typing import TypeAlias, Union

Node: TypeAlias = Union[str, list["Node"], dict[str, "Node"]]  # noqa: UP007  a quoted `|` is no type to Python 3.11

_DEEPEST = 12
_KEY = re.compile(
    r"""("(?:[^"\\]|\\.)*"|'(?:[^']|'')*'|[^\s#'"\[\]{},&*!|>%@`-][^:#]*?|-[^\s:][^:#]*?)\s*:(?:\s+(.*))?$"""
)
_ESCAPES = {
    "n": "\n",
    "t": "\t",
    "r": "\r",
    "0": "\0",
    '"': '"',
    "\\": "\\",
    "/": "/",
    " ": " ",
    "e": "\x1b",
    "a": "\a",
    "b": "\b",
}
_ESCAPE = re.compile(r"\\(x[0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8}|.)")


class NotSimple(ValueError):
    """Something of YAML that Imager never writes."""


@dataclass(frozen=True, slots=True)
class _Line:
    indent: int
    text: str


def parse(text: str) -> Node:
    """The content as text, lists and mappings; NotSimple for anything else."""
    raw = text.splitlines()
    node, at = _node(raw, _next(raw, 0), 0, 0)
    if _next(raw, at) < len(raw):
        raise NotSimple("indentation")
    return node


def _next(raw: list[str], at: int) -> int:
    while at < len(raw) and (
        not raw[at].strip() or raw[at].lstrip().startswith("#") or raw[at].startswith(("---", "%"))
    ):
        at += 1
    return at


def _line(raw: list[str], at: int) -> _Line:
    text = raw[at]
    stripped = text.lstrip(" ")
    if stripped.startswith("\t"):
        raise NotSimple("tab")
    return _Line(len(text) - len(stripped), stripped.rstrip())


def _node(raw: list[str], at: int, least: int, depth: int) -> tuple[Node, int]:
    if depth > _DEEPEST:
        raise NotSimple("depth")
    if at >= len(raw) or _line(raw, at).indent < least:
        return "", at
    line = _line(raw, at)
    if line.text == "-" or line.text.startswith("- "):
        return _list(raw, at, line.indent, depth)
    if _KEY.match(line.text):
        return _mapping(raw, at, line.indent, depth)
    return _scalar(line.text), at + 1


def _mapping(raw: list[str], at: int, indent: int, depth: int) -> tuple[Node, int]:
    mapping: dict[str, Node] = {}
    while (at := _next(raw, at)) < len(raw):
        line = _line(raw, at)
        if line.indent != indent or line.text.startswith("- "):
            break
        found = _KEY.match(line.text)
        if found is None:
            raise NotSimple("line without a key")
        mapping[_scalar(found[1])], at = _value(raw, at, indent, (found[2] or "").strip(), depth)
    return mapping, at


def _value(raw: list[str], at: int, indent: int, value: str, depth: int) -> tuple[Node, int]:
    if value[:1] in ("|", ">"):
        return _block(raw, at + 1, indent)
    if value and not value.startswith("#"):
        return _scalar(value), at + 1
    # A list may stand at the indentation of its key.
    following = _next(raw, at + 1)
    is_list = following < len(raw) and _line(raw, following).text.startswith("-")
    return _node(raw, following, indent if is_list else indent + 1, depth + 1)


def _list(raw: list[str], at: int, indent: int, depth: int) -> tuple[Node, int]:
    items: list[Node] = []
    while (at := _next(raw, at)) < len(raw):
        line = _line(raw, at)
        if line.indent != indent or not (line.text == "-" or line.text.startswith("- ")):
            break
        inner = line.text[1:].lstrip()
        item: Node
        if inner[:1] in ("|", ">"):
            item, at = _block(raw, at + 1, indent)
        elif not inner:
            item, at = _node(raw, _next(raw, at + 1), indent + 1, depth + 1)
        else:
            # "- key: value" begins a mapping at the place of the key: the same as if the hyphen were a blank.
            raw[at] = " " * (indent + len(line.text) - len(inner)) + inner
            item, at = _node(raw, at, indent + 1, depth + 1)
        items.append(item)
    return items, at


def _block(raw: list[str], at: int, indent: int) -> tuple[str, int]:
    lines = []
    while at < len(raw) and (not raw[at].strip() or _line(raw, at).indent > indent):
        lines.append(raw[at].strip())
        at += 1
    return "\n".join(lines).strip(), at


def _scalar(text: str) -> str:
    if text.startswith('"'):
        end = re.match(r'"((?:[^"\\]|\\.)*)"\s*(#.*)?$', text)
        if end is None:
            raise NotSimple("quotes")
        return _ESCAPE.sub(_unescape, end[1])
    if text.startswith("'"):
        end = re.match(r"'((?:[^']|'')*)'\s*(#.*)?$", text)
        if end is None:
            raise NotSimple("quotes")
        return end[1].replace("''", "'")
    if text[:1] in ("&", "*", "!", "{"):
        raise NotSimple(text[:1])
    return re.sub(r"\s+#.*$", "", text).strip()


def _unescape(found: re.Match[str]) -> str:
    code = found[1]
    if code[0] in "xuU" and len(code) > 1:
        return chr(int(code[1:], 16)) if int(code[1:], 16) < 0x110000 else "\N{REPLACEMENT CHARACTER}"
    if code not in _ESCAPES:
        raise NotSimple("escape")
    return _ESCAPES[code]
