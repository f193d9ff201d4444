"""Names of tags: from text to number and back, with the dictionary of the standard and the user's own entries.

The tags that every request meets are in a table here; all others are looked up in pydicom's dictionaries, loaded at
that moment.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from pacsberry.dicom import dictionaries
from pacsberry.dicom.common_tags import COMMON_TAGS
from pacsberry.dicom.elements import LONG_VRS, SHORT_VRS
from pacsberry.errors import ConfigError

_HEX_TAG: Final = re.compile(r"([0-9A-Fa-f]{4})[,\-]?([0-9A-Fa-f]{4})")
_WORD: Final = re.compile(r"[A-Za-z0-9]+")
RETIRED: Final = "RETIRED_"
# Retired by editions of PS3.6 after 2022: clients know them by their plain names.
_RETIRED_OF_LATE: Final = frozenset(
    (0x00380004, 0x00701807, 0x00701808, 0x30040010, 0x30040012, 0x30060085, 0x30060088, 0x3008002B, 0x30100090)
)
_BY_KEYWORD: Final = {keyword.removeprefix(RETIRED): tag for tag, (_, keyword) in COMMON_TAGS.items()}
_VRS: Final = frozenset(vr.decode() for vr in SHORT_VRS | LONG_VRS)


@lru_cache(maxsize=4096)
def tag_text(tag: int) -> str:
    """'gggg,eeee', as Orthanc's JSON writes it."""
    return f"{tag >> 16:04x},{tag & 0xFFFF:04x}"


def is_private(tag: int) -> bool:
    """Whether a tag belongs to a manufacturer (odd group, PS3.5 7.8)."""
    return bool(tag & 0x10000)


def is_private_creator(tag: int) -> bool:
    """Whether an element reserves a block of private tags (PS3.5 7.8.1)."""
    return bool(tag & 0x10000) and 0x10 <= tag & 0xFFFF <= 0xFF


@dataclass(frozen=True, slots=True)
class DictionaryEntry:
    """One line of the option `Dictionary`."""

    vr: str
    name: str
    creator: str  # '' for a standard tag


class TagDictionary:
    """The standard's data dictionary with the entries of Orthanc's option `Dictionary` before it."""

    def __init__(
        self,
        entries: Mapping[tuple[int, str], DictionaryEntry] | None = None,
        *,
        default_creator: str = "",
        has_private_names: bool = True,
    ) -> None:
        """`entries` by tag and private creator.

        `default_creator`: where private tags without creator are looked up (DefaultPrivateCreator).
        `has_private_names`: whether makers' tags that are not in `entries` have names, too (LoadPrivateDictionary).
        """
        self._entries = dict(entries or {})
        self._by_name = {entry.name: tag for (tag, _), entry in self._entries.items()}
        self._default_creator = default_creator
        self._has_private_names = has_private_names

    @classmethod
    def from_option(
        cls,
        option: Mapping[str, Sequence[object]],
        *,
        default_creator: str = "",
        has_private_names: bool = True,
    ) -> "TagDictionary":
        """From {'gggg,eeee': [VR, name, minimum, maximum, creator]}; ConfigError names the entry."""
        entries: dict[tuple[int, str], DictionaryEntry] = {}
        for key, line in option.items():
            tag = _parse_hex(key)
            if tag is None:
                raise ConfigError(f'Dictionary: {key!r} is not a tag; write it like "0014,1020".')
            if not 2 <= len(line) <= 5:
                raise ConfigError(f"Dictionary: {key!r} needs [VR, name, minimum, maximum, private creator].")
            vr, name = str(line[0]).upper(), str(line[1])
            creator = str(line[4]) if len(line) > 4 else ""
            if vr not in _VRS:
                raise ConfigError(f"Dictionary: {key!r} has the unknown value representation {vr!r}.")
            if is_private(tag) != bool(creator):
                raise ConfigError(f"Dictionary: {key!r}: private tags, and only they, need a private creator.")
            entries[_without_block(tag), creator] = DictionaryEntry(vr, name, creator)
        return cls(entries, default_creator=default_creator, has_private_names=has_private_names)

    def parse(self, text: str) -> int | None:
        """The tag that a keyword, 'gggg,eeee', 'gggg-eeee' or 'ggggeeee' means; None when there is none."""
        text = text.strip()
        tag = _parse_hex(text)
        if tag is None:
            tag = self._by_name.get(text)
        keyword = text.removeprefix(RETIRED)
        if tag is None:
            tag = _BY_KEYWORD.get(keyword)
        return _pydicom_tag(keyword) if tag is None else tag

    def keyword(self, tag: int, creator: str = "") -> str:
        """The name of a tag, '' when it has none; `creator` is the private creator that reserved its block.

        As Orthanc says it: the standard's keyword, with RETIRED_ before those of retired tags.
        """
        if self._entries:
            entry = self._find(tag, creator)
            if entry is not None:
                return entry.name
        common = COMMON_TAGS.get(tag)
        if common is not None:
            return common[1]
        if is_private(tag):
            if is_private_creator(tag):
                return "PrivateCreator"
            return self._of_maker(tag, creator)[1] if tag & 0xFFFF else "PrivateGroupLength"
        if not tag & 0xFFFF:
            return "GenericGroupLength"
        return _pydicom_entry(tag)[1]

    def vr(self, tag: int, creator: str = "") -> str:
        """The value representation of a tag, 'UN' when unknown; of 'US or SS' and the like the first."""
        if self._entries:
            entry = self._find(tag, creator)
            if entry is not None:
                return entry.vr
        common = COMMON_TAGS.get(tag)
        if common is not None:
            return common[0]
        if is_private(tag):
            if is_private_creator(tag):
                return "LO"
            return self._of_maker(tag, creator)[0] if tag & 0xFFFF else "UL"
        if not tag & 0xFFFF:
            return "UL"
        return _pydicom_entry(tag)[0]

    def _of_maker(self, tag: int, creator: str) -> tuple[str, str]:
        return _pydicom_private(tag, creator) if self._has_private_names else ("UN", "")

    def _find(self, tag: int, creator: str) -> DictionaryEntry | None:
        if not is_private(tag):
            return self._entries.get((tag, ""))
        return self._entries.get((_without_block(tag), creator or self._default_creator))


STANDARD: Final = TagDictionary()


def parse_tag(text: str) -> int | None:
    """The tag that `text` means in the standard's dictionary; None when there is none."""
    return STANDARD.parse(text)


def keyword_of(tag: int) -> str:
    """The keyword of a standard tag, '' when it has none."""
    return STANDARD.keyword(tag)


def vr_of(tag: int) -> str:
    """The value representation of a standard tag, 'UN' when unknown."""
    return STANDARD.vr(tag)


def _parse_hex(text: str) -> int | None:
    match = _HEX_TAG.fullmatch(text)
    return int(match[1] + match[2], 16) if match else None


def _without_block(tag: int) -> int:
    """A private tag without the block its creator happened to reserve: (0029,1008) and (0029,1108) are one."""
    return tag & 0xFFFF00FF if is_private(tag) and tag & 0xFFFF >= 0x1000 else tag


def _pydicom_tag(keyword: str) -> int | None:
    return dictionaries.standard_tag(keyword) if keyword.isalnum() else None


@lru_cache(maxsize=2048)
def _pydicom_entry(tag: int) -> tuple[str, str]:
    """(vr, keyword) of a standard tag, repeating groups included."""
    entry = dictionaries.standard_entry(tag)
    if entry is None:
        return "UN", ""
    vr, _, _, retired, keyword = entry
    return _first_vr(vr), RETIRED + keyword if retired and tag not in _RETIRED_OF_LATE else keyword


@lru_cache(maxsize=2048)
def _pydicom_private(tag: int, creator: str) -> tuple[str, str]:
    """(vr, name) of a private tag whose creator pydicom knows."""
    entry = dictionaries.entry_of_maker(tag, creator) if creator else None
    if entry is None:
        return "UN", ""
    vr, _, name, _ = entry
    words = _WORD.findall(name)  # 'Full fidelity' is FullFidelity in Orthanc
    return _first_vr(vr), "".join(word[0].upper() + word[1:] for word in words)


def _first_vr(vr: str) -> str:
    """Of 'US or SS' and the like the first; 'UN' for what is no VR."""
    first = vr.partition(" ")[0]
    return first if first in _VRS else "UN"
