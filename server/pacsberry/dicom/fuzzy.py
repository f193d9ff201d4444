"""Person names that are nearly the one looked for (QIDO's fuzzymatching, PS3.18 8.3.4.2, which leaves open how).

Each word of the search has to be found in the name, in any order: its beginning, or the word with one letter too many,
too few, other, or swapped with the next.  Case and accents do not count.  So `anna muller` finds MUELLER^ANNA MARIA.
"""

import re
from typing import Final

from pacsberry.dicom.text import fold

_BETWEEN_WORDS: Final = re.compile(r"[\s^=,.'\\*?-]+")
_MOST_WORDS: Final = 16
_SHORTEST_MISSPELT: Final = 4  # letters; shorter words differ by one letter too easily


class FuzzyName:
    """What is looked for."""

    def __init__(self, wanted: str) -> None:
        self._wanted = _words(wanted)

    def matches(self, name: str) -> bool:
        """Whether a name is near enough."""
        words = _words(name)
        return bool(self._wanted) and all(any(_is_like(one, word) for word in words) for one in self._wanted)


def _words(text: str) -> list[str]:
    return [word for word in _BETWEEN_WORDS.split(fold(text)) if word][:_MOST_WORDS]


def _is_like(wanted: str, word: str) -> bool:
    return word.startswith(wanted) or (len(wanted) >= _SHORTEST_MISSPELT and _differ_by_one(wanted, word))


def _differ_by_one(one: str, other: str) -> bool:
    """Whether one letter more, less or other makes the one of the other, or two neighbors swapped."""
    if abs(len(one) - len(other)) > 1:
        return False
    start = 0
    while start < min(len(one), len(other)) and one[start] == other[start]:
        start += 1
    one, other = one[start:], other[start:]
    if len(one) == len(other):
        return one[1:] == other[1:] or (one[2:] == other[2:] and one[:2] == other[1::-1])
    return one[1:] == other or one == other[1:]
