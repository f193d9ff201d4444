"""Reads the JSON of a configuration file into nodes that know their line.

Strict JSON, with two kindnesses: comments (text.py) and a comma before a closing bracket, which commenting out the
last line of a list leaves behind. Files are small and may come from anybody, so size and depth have limits.
"""

import math
import re
from collections.abc import Callable, Mapping
from json import JSONDecodeError, JSONDecoder
from pathlib import Path

from pacsberry.config.node import Node, Origin
from pacsberry.config.text import Substituted, TextError, substitute, without_comments
from pacsberry.errors import ConfigError

LARGEST_BYTES = 4 << 20
DEEPEST = 32
_LONGEST_NUMBER = 40

_SPACE = re.compile(r"[ \t\r\n]*")
_STRINGS = JSONDecoder()  # asked at a quote, it reads one string
_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*)(?P<fraction>\.[0-9]+)?(?P<exponent>[eE][-+]?[0-9]+)?")
_WORD = re.compile(r"[A-Za-z_]+")
_WORDS: Mapping[str, bool | None] = {"true": True, "false": False, "null": None}


def read_json(
    raw: bytes, *, label: str, folder: Path, variables: Mapping[str, str], warn: Callable[[str], None]
) -> Node:
    """The nodes of a JSON text; raises ConfigError with file, line and column.

    `label` names the text in messages, `folder` is where relative paths in it start; `warn` is told what is odd.
    """
    if len(raw) > LARGEST_BYTES:
        raise ConfigError(f"{label} is larger than {LARGEST_BYTES >> 20} MB: this is no configuration.")
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise ConfigError(f"{label}:{line}: not UTF-8 text. Save the file as UTF-8.") from None
    text = text.replace("\r\n", "\n")
    try:
        substituted = substitute(without_comments(text), variables)
        for name, offset in substituted.missing:
            warn(f"{_place(label, text, offset)}: the variable {name} is not set; ${{{name}}} is replaced by nothing.")
        if len(substituted.text) > LARGEST_BYTES:
            raise ConfigError(f"{label} is larger than {LARGEST_BYTES >> 20} MB once its variables are replaced.")
        return _Parser(substituted, text, label, folder, warn).document()
    except TextError as error:
        raise ConfigError(f"{_place(label, text, error.offset)}: {error.message}.") from None


def _place(label: str, text: str, offset: int) -> str:
    line = text.count("\n", 0, offset) + 1
    return f"{label}:{line}:{offset - text.rfind(chr(10), 0, offset)}"


class _Parser:
    def __init__(
        self, substituted: Substituted, source: str, label: str, folder: Path, warn: Callable[[str], None]
    ) -> None:
        self._substituted = substituted
        self._text = substituted.text
        self._source = source
        self._label = label
        self._folder = folder
        self._warn = warn
        self._at = 0
        self._line = 1
        self._line_at = 0  # the offset in the source up to which _line is counted

    def document(self) -> Node:
        node = self._value(1)
        self._skip_space()
        if self._at < len(self._text):
            raise self._error("expected the end of the text")
        return node

    def _value(self, depth: int) -> Node:
        if depth > DEEPEST:
            raise self._error(f"nested more than {DEEPEST} levels deep")
        self._skip_space()
        origin = Origin(self._label, self._folder, self._current_line())
        char = self._text[self._at : self._at + 1]
        if char == "{":
            return Node(self._members(depth), origin)
        if char == "[":
            return Node(self._items(depth), origin)
        if char == '"':
            return Node(self._string(), origin)
        if char and char in "-0123456789":
            return Node(self._number(), origin)
        word = _WORD.match(self._text, self._at)
        if word is None or word.group() not in _WORDS:
            raise self._error("expected a value")
        self._at = word.end()
        return Node(_WORDS[word.group()], origin)

    def _members(self, depth: int) -> dict[str, Node]:
        members: dict[str, Node] = {}
        self._at += 1
        while not self._closes("}"):
            if self._text[self._at : self._at + 1] != '"':
                raise self._error('expected a name in quotes or "}"')
            key_at = self._at
            key = self._string()
            self._skip_space()
            self._take(":", 'expected ":" after the name')
            node = self._value(depth + 1)
            if key in members:
                place = _place(self._label, self._source, self._substituted.source_offset(key_at))
                first = members[key].origin.line
                self._warn(f'{place}: "{key}" is set twice in one object, first on line {first}; the last one counts.')
            members[key] = node
            self._comma_or("}")
        return members

    def _items(self, depth: int) -> list[Node]:
        items: list[Node] = []
        self._at += 1
        while not self._closes("]"):
            items.append(self._value(depth + 1))
            self._comma_or("]")
        return items

    def _string(self) -> str:
        try:
            value, end = _STRINGS.raw_decode(self._text, self._at)
            text = str(value)
            text.encode()
        except JSONDecodeError as error:
            raise TextError(error.msg, self._substituted.source_offset(error.pos)) from None
        except UnicodeEncodeError:
            raise self._error("half of a surrogate pair in a string") from None
        self._at = end
        return text

    def _number(self) -> int | float:
        match = _NUMBER.match(self._text, self._at)
        if match is None or match.end() - match.start() > _LONGEST_NUMBER:
            raise self._error("expected a number")
        self._at = match.end()
        if match["fraction"] is None and match["exponent"] is None:
            return int(match.group())
        number = float(match.group())
        if not math.isfinite(number):
            raise self._error("a number is out of range")
        return number

    def _skip_space(self) -> None:
        match = _SPACE.match(self._text, self._at)
        if match is not None:
            self._at = match.end()

    def _closes(self, bracket: str) -> bool:
        self._skip_space()
        if self._text.startswith(bracket, self._at):
            self._at += 1
            return True
        return False

    def _comma_or(self, bracket: str) -> None:
        self._skip_space()
        if not self._text.startswith(bracket, self._at):
            self._take(",", f'expected "," or "{bracket}"')

    def _take(self, char: str, otherwise: str) -> None:
        if not self._text.startswith(char, self._at):
            raise self._error(otherwise)
        self._at += 1

    def _current_line(self) -> int:
        offset = self._substituted.source_offset(min(self._at, max(len(self._text) - 1, 0)))
        if offset > self._line_at:
            self._line += self._source.count("\n", self._line_at, offset)
            self._line_at = offset
        return self._line

    def _error(self, message: str) -> TextError:
        return TextError(message, self._substituted.source_offset(self._at))
