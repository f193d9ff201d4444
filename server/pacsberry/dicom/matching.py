"""What a query asks of one attribute, and whether a value fulfils it (PS3.4 C.2.2.2 as Orthanc applies it).

Used by C-FIND, /tools/find, QIDO and worklists.  Matching takes time in proportion to the value, whatever the pattern.
"""

import re
from dataclasses import dataclass, field, replace
from enum import Enum
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from pacsberry.dicom.fuzzy import FuzzyName

MODALITIES_IN_STUDY: Final = 0x00080061

# '*' and '?' are wildcards in these VRs only; elsewhere they are ordinary characters.
_WILDCARD_VRS: Final = frozenset(("AE", "CS", "LO", "LT", "PN", "SH", "ST", "UC", "UR", "UT"))
_RANGE_VRS: Final = frozenset(("DA", "DT", "TM"))
_STARS: Final = re.compile(r"\*+")

# Never used for matching: they say how the query is written, or group what it holds.
_TAGS_WITHOUT_MEANING: Final = frozenset((0x00080005, 0x00080201))


class Match(Enum):
    """The kinds of matching."""

    UNIVERSAL = "universal"  # an empty value: everything, also a resource without the attribute
    EXACT = "exact"
    LIST = "list"
    WILDCARD = "wildcard"
    RANGE = "range"
    FUZZY = "fuzzy"  # a person name, nearly


@dataclass(frozen=True, slots=True)
class Constraint:
    """The condition on one attribute; make it with `parse`."""

    tag: int
    kind: Match
    is_case_sensitive: bool
    values: tuple[str, ...] = ()  # as asked: of a list all, of a range its two ends ('' is open), else one
    _folded: frozenset[str] = field(default=frozenset(), repr=False)
    _pattern: re.Pattern[str] | None = field(default=None, repr=False)
    _fuzzy: "FuzzyName | None" = field(default=None, repr=False)

    @classmethod
    def parse(cls, tag: int, vr: str, value: str, *, case_sensitive: bool) -> "Constraint":
        """The constraint that the query value `value` of an attribute means."""
        value = value.strip(" \0")
        if not value or is_ignored(tag):
            return cls(tag, Match.UNIVERSAL, case_sensitive)
        if vr in _RANGE_VRS and "-" in value:
            low, _, high = (end.strip() for end in value.partition("-"))
            kind = Match.RANGE if low or high else Match.UNIVERSAL
            return cls(tag, kind, case_sensitive, (low, high))
        if "\\" in value:
            listed = tuple(part.strip(" \0") for part in value.split("\\"))
            return cls._exact(tag, Match.LIST, case_sensitive, tuple(part for part in listed if part))
        if vr in _WILDCARD_VRS and ("*" in value or "?" in value):
            pattern = wildcard(value if case_sensitive else value.upper())
            return cls(tag, Match.WILDCARD, case_sensitive, (value,), _pattern=pattern)
        return cls._exact(tag, Match.EXACT, case_sensitive, (value,))

    @classmethod
    def fuzzy(cls, tag: int, value: str) -> "Constraint":
        """The constraint on a person name that finds what `parse` would, and what is nearly that."""
        from pacsberry.dicom.fuzzy import FuzzyName  # few ask for it

        literal = cls.parse(tag, "PN", value, case_sensitive=False)
        if literal.kind is Match.UNIVERSAL:
            return literal
        return replace(literal, kind=Match.FUZZY, _fuzzy=FuzzyName(value))

    @classmethod
    def _exact(cls, tag: int, kind: Match, case_sensitive: bool, values: tuple[str, ...]) -> "Constraint":
        if not values:
            return cls(tag, Match.UNIVERSAL, case_sensitive)
        folded = values if case_sensitive else tuple(value.upper() for value in values)
        return cls(tag, kind, case_sensitive, values, _folded=frozenset(folded))

    @property
    def exact_values(self) -> tuple[str, ...] | None:
        """The only values that can fulfil it, for look-ups by index; None when it is no list of values.

        When it is not case-sensitive, other spellings of them fulfil it, too.
        """
        return self.values if self.kind in (Match.EXACT, Match.LIST) else None

    @property
    def range(self) -> tuple[str, str] | None:
        """The two ends of a range, '' for an open one; None when it is no range."""
        return (self.values[0], self.values[1]) if self.kind == Match.RANGE else None

    def matches(self, value: str | None) -> bool:
        """Whether a value fulfils it; None when the resource lacks the attribute."""
        if self.kind == Match.UNIVERSAL:
            return True
        if value is None:
            return False
        if self.kind == Match.RANGE:
            low, high = self.values
            return bool(value) and low <= value and (not high or value <= high)
        if self._fuzzy is not None and self._fuzzy.matches(value):
            return True
        if not self.is_case_sensitive:
            value = value.upper()
        if self._pattern is not None:
            return self._pattern.match(value) is not None
        return value in self._folded

    def matches_any(self, value: str | None) -> bool:
        """Whether one of the values joined by backslashes fulfils it (ModalitiesInStudy, SOPClassesInStudy)."""
        if value is None or self.kind == Match.UNIVERSAL:
            return self.matches(value)
        return any(self.matches(part) for part in value.split("\\"))


def is_ignored(tag: int) -> bool:
    """Whether an element of a query never filters: group lengths, private creators, the query's own encoding."""
    number = tag & 0xFFFF
    return not number or tag in _TAGS_WITHOUT_MEANING or (bool(tag & 0x10000) and 0x10 <= number <= 0xFF)


def wildcard(pattern: str) -> re.Pattern[str]:
    """An expression whose `match` is true for the texts that fit '*' (any characters) and '?' (any one)."""
    parts = ["".join("." if letter == "?" else re.escape(letter) for letter in part) for part in _STARS.split(pattern)]
    if len(parts) == 1:
        return re.compile(rf"(?s:{parts[0]})\Z")
    first, *middle, last = parts
    # Each part between stars is taken where it first fits and never tried again (atomic groups): linear time.
    return re.compile("".join([f"(?s:{first}", *(f"(?>.*?{part})" for part in middle), rf".*{last})\Z"]))
