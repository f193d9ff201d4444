"""The kinds of values settings have: each says what it expects and turns a node into a frozen Python value.

A kind raises ConfigError with the key's name, where it was written, what was found and what is expected. Kinds of whole
structures (modalities, users, dictionaries) are in structures.py.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any, Protocol

from pacsberry.config.node import Node
from pacsberry.errors import ConfigError
from pacsberry.modality import ae_title

Warn = Callable[[str], None]

_LONGEST_TEXT = 4096
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")


class Kind(Protocol):
    """What every kind of value offers."""

    @property
    def type_name(self) -> str:
        """One or two words for the column Type of CONFIGURATION.md."""

    @property
    def secret(self) -> bool:
        """Whether its values must not be shown."""

    def read(self, node: Node, key: str, warn: Warn) -> Any:
        """The frozen value; raises ConfigError naming `key`."""


def refusal(node: Node, key: str, expected: str, *, secret: bool = False) -> ConfigError:
    """The error every wrong value gets."""
    found = _type_of(node) if secret else node.shown()
    return ConfigError(f"{key} ({node.origin}): found {found}, expected {expected}.")


def name_refusal(node: Node, key: str, name: str, expected: str) -> ConfigError:
    """The error of a wrong name of a member of an object."""
    return ConfigError(f"{key} ({node.origin}): found the name {name[:80]!r}, expected {expected}.")


def _type_of(node: Node) -> str:
    names = {bool: "true or false", str: "a text", list: "a list", dict: "an object", type(None): "null"}
    return names.get(type(node.value), "a number")


@dataclass(frozen=True, slots=True)
class Flag:
    """true or false."""

    type_name: str = "boolean"
    secret: bool = False

    def read(self, node: Node, key: str, warn: Warn) -> bool:
        """A bool, and only a bool: 0, 1 and "true" are refused."""
        if not isinstance(node.value, bool):
            raise refusal(node, key, "true or false")
        return node.value


@dataclass(frozen=True, slots=True)
class Whole:
    """A whole number in a range; `too_small_means` replaces numbers below it where Orthanc does so."""

    least: int = 0
    most: int = 2**31 - 1
    unit: str = ""
    too_small_means: int | None = None
    secret: bool = False

    @property
    def type_name(self) -> str:
        """Integer, with the unit when there is one."""
        return f"integer, {self.unit}" if self.unit else "integer"

    def read(self, node: Node, key: str, warn: Warn) -> int:
        """An int within the range."""
        value = node.value
        if isinstance(value, int) and not isinstance(value, bool):
            if self.least <= value <= self.most:
                return value
            if self.too_small_means is not None and value < self.least:
                warn(f"{key} ({node.origin}): {node.shown()} is taken as {self.too_small_means}.")
                return self.too_small_means
        unit = f" ({self.unit})" if self.unit else ""
        raise refusal(node, key, f"a whole number from {self.least} to {self.most}{unit}")


@dataclass(frozen=True, slots=True)
class Text:
    """A line of text."""

    expected: str = "a text"
    pattern: str = ""  # a regular expression the whole text must match
    empty: bool = True
    longest: int = _LONGEST_TEXT
    type_name: str = "string"
    secret: bool = False

    def read(self, node: Node, key: str, warn: Warn) -> str:
        """The text as it is; control characters are refused."""
        value = node.value
        expected = self.expected
        if self.longest != _LONGEST_TEXT:
            expected += f" of at most {self.longest} characters"
        if not isinstance(value, str) or len(value) > self.longest or _CONTROL.search(value):
            raise refusal(node, key, expected, secret=self.secret)
        if (not value and not self.empty) or (value and self.pattern and not re.fullmatch(self.pattern, value)):
            raise refusal(node, key, expected, secret=self.secret)
        return value


@dataclass(frozen=True, slots=True)
class AeTitle:
    """The title of an application entity (PS3.5, VR AE), padding removed."""

    type_name: str = "AE title"
    secret: bool = False

    def read(self, node: Node, key: str, warn: Warn) -> str:
        """The title without leading and trailing spaces."""
        title = ae_title(node.value)
        if title is None:
            raise refusal(node, key, "an AE title of 1 to 16 ASCII characters without backslash")
        return title


@dataclass(frozen=True, slots=True)
class Choice:
    """One of a few words, written exactly so."""

    words: tuple[str, ...]
    synonyms: Mapping[Any, str] = field(default_factory=dict)  # other JSON values with the same meaning (true, false)
    type_name: str = "enumeration"
    secret: bool = False

    def read(self, node: Node, key: str, warn: Warn) -> str:
        """The word."""
        value = node.value
        if isinstance(value, str) and value in self.words:
            return value
        if isinstance(value, bool) and value in self.synonyms:
            return self.synonyms[value]
        raise refusal(node, key, f"one of {', '.join(self.words)}")


@dataclass(frozen=True, slots=True)
class File:
    """The path of a file or folder; a relative one starts from the folder of the file it is written in."""

    empty: bool = False  # whether "" is allowed and means: none
    type_name: str = "path"
    secret: bool = False

    def read(self, node: Node, key: str, warn: Warn) -> Path | None:
        """An absolute path, or None for an empty one."""
        value = node.value
        if isinstance(value, str) and len(value) <= _LONGEST_TEXT and "\0" not in value:
            if value:
                return node.origin.folder / value
            if self.empty:
                return None
        raise refusal(node, key, 'a path, or "" for none' if self.empty else "a path")


@dataclass(frozen=True, slots=True)
class ListOf:
    """A list whose items are all of one kind."""

    item: Kind
    most: int = 10_000
    type_name: str = "list"
    secret: bool = False

    def read(self, node: Node, key: str, warn: Warn) -> tuple[Any, ...]:
        """A tuple of what the items' kind makes."""
        if not isinstance(node.value, list) or len(node.value) > self.most:
            raise refusal(node, key, f"a list (of at most {self.most} items)")
        return tuple(self.item.read(item, f"{key}[{i}]", warn) for i, item in enumerate(node.value))


@dataclass(frozen=True, slots=True)
class TableOf:
    """An object whose names match a pattern and whose values are all of one kind."""

    item: Kind
    names: str = r"[A-Za-z0-9_-]{1,64}"
    names_expected: str = "a name of letters, digits, '-' and '_'"
    type_name: str = "object"
    secret: bool = False

    def read(self, node: Node, key: str, warn: Warn) -> Mapping[str, Any]:
        """A read-only mapping of what the values' kind makes."""
        values: dict[str, Any] = {}
        for name, member in members(node, key).items():
            if not re.fullmatch(self.names, name):
                raise name_refusal(member, key, name, self.names_expected)
            values[name] = self.item.read(member, f"{key}.{name}", warn)
        return MappingProxyType(values)


@dataclass(frozen=True, slots=True)
class Anything:
    """An object whose members are nobody's business here: the section of a plugin that is not built in."""

    type_name: str = "object"
    secret: bool = True

    def read(self, node: Node, key: str, warn: Warn) -> Mapping[str, Any]:
        """A read-only view of the object as it is."""
        members(node, key)
        plain = node.plain()
        return MappingProxyType(plain if isinstance(plain, dict) else {})


def members(node: Node, key: str) -> dict[str, Node]:
    """The members of an object; raises ConfigError for anything else."""
    if not isinstance(node.value, dict):
        raise refusal(node, key, "an object {…}")
    return node.value
