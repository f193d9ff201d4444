"""The text of a configuration file before it is JSON: comments and ${VARIABLES}.

1. comments become spaces, so that every character keeps its line and column;
2. ${NAME} and ${NAME:-default} are replaced, and a map leads each character of the result back to where it stood.
Comment marks and variables are recognized with JSON's strings in view: "http://host" holds no comment.
"""

import bisect
import re
from collections.abc import Mapping
from dataclasses import dataclass

_VARIABLE = re.compile(r"\$\{(?P<name>[A-Za-z_][A-Za-z0-9_]*)(?::-(?P<default>[^}\n]*))?\}")
_STRING = r'"(?:[^"\\\n]|\\[^\n])*+"'
# A variable outside strings is passed over whole: its default may hold "//".
_COMMENTS = re.compile(
    rf"{_STRING}|{_VARIABLE.pattern}|(?P<line>//[^\n]*)|(?P<block>/\*.*?\*/)|(?P<open>/\*|\")", re.DOTALL
)
_STRINGS_AND_VARIABLES = re.compile(rf"(?P<string>{_STRING})|{_VARIABLE.pattern}")
_NOT_NEWLINE = re.compile(r"[^\n]")
_ESCAPES = {ord('"'): '\\"', ord("\\"): "\\\\"} | {code: f"\\u{code:04x}" for code in range(32)}


class TextError(Exception):
    """Something is wrong at an offset of the text."""

    def __init__(self, message: str, offset: int) -> None:
        super().__init__(message)
        self.message = message
        self.offset = offset


def without_comments(text: str) -> str:
    """The text with // and /* */ comments outside strings blanked; its length and its lines are unchanged."""
    return _COMMENTS.sub(_blanked, text)


def _blanked(match: re.Match[str]) -> str:
    if match.lastgroup == "open":
        what = "a comment is opened by /* and never" if match.group() == "/*" else "a string is not"
        raise TextError(f"{what} closed", match.start())
    if match.lastgroup in ("line", "block"):
        return _NOT_NEWLINE.sub(" ", match.group())
    return match.group()


@dataclass(frozen=True, slots=True)
class Substituted:
    """A text whose variables are replaced, and the way back to the text it was made of."""

    text: str
    missing: tuple[tuple[str, int], ...]  # names that are not set and have no default, with their offset in the source
    _starts: tuple[int, ...]  # where each piece begins in `text`
    _sources: tuple[int, ...]  # where it begins in the source
    _moves: tuple[bool, ...]  # False for a replaced variable: all of it stands where the ${ stood

    def source_offset(self, offset: int) -> int:
        """The offset in the source of a character of `text`."""
        piece = bisect.bisect_right(self._starts, offset) - 1
        return self._sources[piece] + (offset - self._starts[piece] if self._moves[piece] else 0)


def substitute(text: str, variables: Mapping[str, str]) -> Substituted:
    """Replaces ${NAME} and ${NAME:-default}; what is replaced is not looked at again.

    Inside a JSON string the value of a variable is escaped, so that a password may hold quotes; outside it is taken as
    it is (a number, true, a whole array). A variable that is neither set nor has a default is replaced by nothing.
    """
    out = _Pieces()
    end = 0
    for match in _STRINGS_AND_VARIABLES.finditer(text):
        if match.lastgroup != "string":
            out.add(text[end : match.start()], end)
            out.add_variable(match, variables, in_string=False)
            end = match.end()
        else:
            for inner in _VARIABLE.finditer(text, match.start(), match.end()):
                out.add(text[end : inner.start()], end)
                out.add_variable(inner, variables, in_string=True)
                end = inner.end()
    out.add(text[end:], end)
    return out.done()


class _Pieces:
    def __init__(self) -> None:
        self._texts: list[str] = []
        self._starts: list[int] = []
        self._sources: list[int] = []
        self._moves: list[bool] = []
        self._missing: list[tuple[str, int]] = []
        self._length = 0

    def add(self, text: str, source: int, *, moves: bool = True) -> None:
        self._texts.append(text)
        self._starts.append(self._length)
        self._sources.append(source)
        self._moves.append(moves)
        self._length += len(text)

    def add_variable(self, match: re.Match[str], variables: Mapping[str, str], *, in_string: bool) -> None:
        name, default = match["name"], match["default"]
        if name in variables:
            value = variables[name].translate(_ESCAPES) if in_string else variables[name]
        else:
            value = default or ""
            if default is None:
                self._missing.append((name, match.start()))
        self.add(value, match.start(), moves=False)

    def done(self) -> Substituted:
        return Substituted(
            "".join(self._texts), tuple(self._missing), tuple(self._starts), tuple(self._sources), tuple(self._moves)
        )
