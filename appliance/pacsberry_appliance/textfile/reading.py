"""Lines to settings. A wrong line is named with its reason; it takes nothing else with it.

What is not in the file stays as it is on the box. Secrets are taken out of the file once they are kept.
"""

import difflib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from pacsberry_appliance.textfile.decoding import Text, decode
from pacsberry_appliance.textfile.keys import BY_NAME, Key
from pacsberry_appliance.textfile.template import TEMPLATE_LINES
from pacsberry_appliance.textfile.values import Wrong, folded
from pacsberry_appliance.words import LANGUAGES, Message, say

_COMMENT = ("#", ";", "//", "[")
_QUOTES = {  # by the opening one: straight, English, German, French, and turned round
    '"': '"',
    "'": "'",
    "\u201c": "\u201d",
    "\u201e": "\u201c\u201d",
    "\u2018": "\u2019",
    "\u201a": "\u2018\u2019",
    "\u201d": "\u201d",
    "\u2039": "\u203a",
    "\u00ab": "\u00bb",
    "\u00bb": "\u00ab",
}
# Editors make other blanks of ordinary ones, and leave marks one does not see.
_UNSEEN = dict.fromkeys(map(ord, "\0\ufeff\u200b\u200e\u200f\u2060\u00ad")) | dict.fromkeys(
    map(ord, "\u00a0\u202f\u2007\t"), " "
)
_TRAILING_COMMENT = re.compile(r"\s(#|//|;).*$")
_MOST_LINES = 1000
_TAKEN = frozenset(say("secret_taken").text(language) for language in LANGUAGES)


@dataclass(frozen=True, slots=True)
class Taken:
    """A value and where it came from."""

    key: Key
    value: object


@dataclass(frozen=True, slots=True)
class LineOutcome:
    """What became of one line. The words never hold a secret."""

    number: int
    is_fine: bool
    message: Message
    key: Key | None = None


@dataclass(frozen=True, slots=True)
class Reading:
    """All that a file says."""

    taken: Mapping[str, Taken] = field(default_factory=dict)  # by field; of keys that repeat, the value is a tuple
    outcomes: tuple[LineOutcome, ...] = ()
    text: Text | None = None
    secret_lines: Mapping[int, Key] = field(default_factory=dict)  # taken, to be removed; by line number

    @property
    def is_empty(self) -> bool:
        """Whether it says nothing at all, as the file on a new card."""
        return not self.outcomes


def read(raw: bytes) -> Reading:
    """What a file says; never raises."""
    text = decode(raw)
    if isinstance(text, Message):
        return Reading(outcomes=(LineOutcome(0, False, text),))
    taken: dict[str, Taken] = {}
    outcomes: dict[int, LineOutcome] = {}
    secrets: dict[int, Key] = {}
    last_line: dict[str, int] = {}
    for number, (line, _) in enumerate(text.lines[:_MOST_LINES], start=1):
        content = line.translate(_UNSEEN).strip()
        if not content:
            continue
        if content.startswith(_COMMENT):
            forgotten = _behind_a_sign(content)
            if forgotten is not None:
                outcomes[number] = LineOutcome(number, False, say("sign_in_front"), forgotten)
            continue
        outcome, found = _read_line(number, content)
        outcomes[number] = outcome
        if found is None:
            continue
        if found.key.is_secret:
            secrets[number] = found.key
        name = found.key.field
        if found.key.repeats:
            earlier = taken[name].value if name in taken else ()
            taken[name] = Taken(found.key, (*earlier, found.value) if isinstance(earlier, tuple) else (found.value,))
            continue
        if name in taken:
            before = last_line[name]
            outcomes[before] = LineOutcome(before, False, say("line_repeated", later=number), found.key)
        taken[name] = found
        last_line[name] = number
    if len(text.lines) > _MOST_LINES:
        outcomes[_MOST_LINES + 1] = LineOutcome(_MOST_LINES + 1, False, say("too_many_lines", lines=_MOST_LINES))
    return Reading(taken, tuple(outcomes[number] for number in sorted(outcomes)), text, secrets)


def scrubbed(reading: Reading, language: str) -> bytes | None:
    """The file without its secrets, in the form its editor wrote it; None when there is nothing to take out."""
    if reading.text is None or not reading.secret_lines:
        return None
    lines = list(reading.text.lines)
    for number, key in reading.secret_lines.items():
        line, end = lines[number - 1]
        indent = line[: len(line) - len(line.lstrip())]
        lines[number - 1] = (f"{indent}# {key.name(language)} = {say('secret_taken').text(language)}", end)
    return Text(tuple(lines), reading.text.encoding, reading.text.mark).encoded()


def _behind_a_sign(content: str) -> Key | None:
    """The key of a setting that somebody wrote and left the # of the template in front of; it has no effect."""
    split = re.match(r"#\s*([^=]{1,60}?)\s*=\s*(.+)$", content)
    if split is None or content in TEMPLATE_LINES or split[2] in _TAKEN:
        return None
    return BY_NAME.get(folded(split[1]))


def _read_line(number: int, content: str) -> tuple[LineOutcome, Taken | None]:
    split = re.match(r"([^=:\uff1a]{1,60}?)\s*[=:\uff1a]\s*(.*)$", content, re.DOTALL)
    if split is None:
        return LineOutcome(number, False, say("line_unknown")), None
    key = BY_NAME.get(folded(split[1]))
    if key is None:
        return LineOutcome(number, False, _unknown(split[1])), None
    value = _value(split[2], key)
    if not value:
        return LineOutcome(number, False, say("value_missing"), key), None
    if "\N{REPLACEMENT CHARACTER}" in value:
        return LineOutcome(number, False, say("value_unreadable"), key), None
    try:
        found = Taken(key, key.rule(value))
    except Wrong as wrong:
        return LineOutcome(number, False, wrong.reason, key), None
    if key.is_secret:
        return LineOutcome(number, True, say("taken_secret"), key), found
    shown = value if not isinstance(found.value, str) or key.field == "ssh_keys" else found.value
    return LineOutcome(number, True, say("taken", value=shown[:60]), key), found


def _value(text: str, key: Key) -> str:
    value = text.strip()
    if not key.is_free:
        value = _TRAILING_COMMENT.sub("", value).strip()
    if len(value) >= 2 and value[-1] in _QUOTES.get(value[0], ""):
        inner = value[1:-1]
        return inner if key.is_secret else inner.strip()
    return value


def _unknown(name: str) -> Message:
    near = difflib.get_close_matches(folded(name), BY_NAME, n=1, cutoff=0.75)
    if near:
        return say("key_unknown_near", key=name[:40], near=BY_NAME[near[0]].names[0])
    return say("key_unknown", key=name[:40])
