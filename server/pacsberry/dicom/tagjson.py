"""The tags of a file as Orthanc's JSON shows them (S5): full, short or simplified.

Values are text in UTF-8; binary values and those above 256 bytes of text are null and not even read.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Final

from pacsberry.dicom.elements import PIXEL_TAGS, Element, Kind
from pacsberry.dicom.names import STANDARD, TagDictionary, is_private, is_private_creator, tag_text
from pacsberry.dicom.part10 import DicomFile, uid_text
from pacsberry.dicom.text import Charsets
from pacsberry.dicom.values import BINARY_VRS, NUMBER_VRS, value_text
from pacsberry.errors import TooLarge

Json = str | None | list["Json"] | dict[str, "Json"]
Everything = Collection[int] | None

LONGEST_VALUE: Final = 256  # bytes of UTF-8 (Orthanc's limit)
LONGEST_ASKED_VALUE: Final = 16 << 20  # bytes of a value whose length is to be ignored
MAXIMUM_ELEMENTS: Final = 300_000  # of one answer, which is about 100 MB of Python objects

_LONGEST_RAW: Final = 10240  # bytes that may turn out to be LONGEST_VALUE of text: padding, escape sequences
_SPECIFIC_CHARACTER_SET: Final = 0x00080005
_TRAILING_PADDING: Final = 0xFFFCFFFC  # PS3.10 7.2: of the file, not of the data set
_UNKNOWN: Final = "Unknown Tag & Data"


class TagForm(Enum):
    """How tags are written."""

    FULL = "full"  # 'gggg,eeee': {Name, Type, Value}
    SHORT = "short"  # 'gggg,eeee': value
    SIMPLIFY = "simplify"  # name: value


@dataclass(slots=True)
class _Level:
    """A data set or an item while it is read."""

    tags: dict[str, Json]
    charsets: Charsets
    creators: dict[int, str] = field(default_factory=dict)  # private group and block -> creator


def dataset_json(
    file: DicomFile,
    form: TagForm = TagForm.FULL,
    *,
    ignore_length: Collection[int] = (),
    whole: bool = False,
    only: Everything = None,
    default_encoding: str = "Latin1",
    dictionary: TagDictionary = STANDARD,
) -> dict[str, Json]:
    """The tags of the data set; UnreadableDicom when it is broken, TooLarge when there are too many.

    `ignore_length`: tags shown whatever their length; `whole`: also pixel data (as null) and what follows it; `only`:
    the tags at the top that are shown, all when None.
    """
    return _TagReader(file, form, ignore_length, default_encoding, dictionary).read(whole, only)


def meta_json(file: DicomFile, form: TagForm = TagForm.FULL) -> dict[str, Json]:
    """The tags of the file meta information, as `/header` shows them: without binary ones."""
    charsets = Charsets("ascii")
    tags: dict[str, Json] = {}
    for key, raw in file.meta.elements.items():
        tag = 0x00020000 | int.from_bytes(key[2:], "little")
        vr = STANDARD.vr(tag)
        if vr not in BINARY_VRS and len(raw) <= LONGEST_VALUE:
            _write(tags, form, tag, STANDARD.keyword(tag), "String", value_text(raw, vr, charsets))
    return tags


def tag_values(
    file: DicomFile, wanted: Collection[int], *, default_encoding: str = "Latin1", dictionary: TagDictionary = STANDARD
) -> Mapping[int, str]:
    """The values of tags at the top of the data set as text, as far as it has them and they are text or numbers.

    Reads no further than the pixel data or the last tag wanted.
    """
    last = max(wanted, default=0)
    found: dict[int, str] = {}
    charsets = Charsets.named(default_encoding)
    for element in file.elements(nested=False):
        if element.tag in PIXEL_TAGS or element.tag > last:
            break
        if element.kind != Kind.VALUE or element.length > LONGEST_ASKED_VALUE:
            continue
        if element.tag == _SPECIFIC_CHARACTER_SET:
            charsets = _charsets(file, element, default_encoding)
        if element.tag in wanted:
            vr = element.vr if element.vr not in ("", "UN") else dictionary.vr(element.tag)
            if vr not in BINARY_VRS:
                big_endian = element.encoding.big_endian
                found[element.tag] = value_text(file.value(element), vr, charsets, big_endian=big_endian)
    return found


def _charsets(file: DicomFile, element: Element, default_encoding: str) -> Charsets:
    raw = file.read(element.value_offset, min(element.length, _LONGEST_RAW))
    return Charsets.of(uid_text(raw), default_encoding)


def _write(
    tags: dict[str, Json], form: TagForm, tag: int, name: str, kind: str, value: Json, creator: str = ""
) -> None:
    if form == TagForm.FULL:
        described: dict[str, Json] = {"Name": name or _UNKNOWN, "Type": kind, "Value": value}
        if creator:
            described["PrivateCreator"] = creator
        tags[tag_text(tag)] = described
    elif form == TagForm.SHORT:
        tags[tag_text(tag)] = value
    else:
        tags[name or _UNKNOWN] = value


class _TagReader:
    """The state of one reading: what is open around the element at hand."""

    def __init__(
        self,
        file: DicomFile,
        form: TagForm,
        ignore_length: Collection[int],
        default_encoding: str,
        dictionary: TagDictionary,
    ) -> None:
        self._file = file
        self._form = form
        self._ignore_length = frozenset(ignore_length)
        self._default_encoding = default_encoding
        self._dictionary = dictionary
        self._level = _Level({}, Charsets.named(default_encoding))
        self._outer: list[_Level] = []
        self._sequences: list[list[Json]] = []

    def read(self, whole: bool, only: Everything) -> dict[str, Json]:
        countdown = MAXIMUM_ELEMENTS
        is_shown = True
        for element in self._file.elements(vr_of=self._vr):
            countdown -= 1
            if countdown < 0:
                raise TooLarge(f"The data set has more than {MAXIMUM_ELEMENTS} elements; read it in parts.")
            if not element.depth:
                if element.tag in PIXEL_TAGS and not whole:
                    break
                is_shown = (only is None or element.tag in only) and element.tag != _TRAILING_PADDING
            if element.tag == _SPECIFIC_CHARACTER_SET and element.kind == Kind.VALUE:
                self._level.charsets = _charsets(self._file, element, self._default_encoding)
            if is_shown:
                self._take(element)
        return self._level.tags

    def _vr(self, tag: int) -> str:
        return self._dictionary.vr(tag, self._creator(tag))

    def _creator(self, tag: int) -> str:
        return self._level.creators.get(tag & 0xFFFFFF00, "") if is_private(tag) else ""

    def _take(self, element: Element) -> None:
        kind = element.kind
        if kind == Kind.VALUE:
            self._value(element)
        elif kind == Kind.SEQUENCE:
            items: list[Json] = []
            self._put(element.tag, "Sequence", items)
            self._sequences.append(items)
        elif kind == Kind.SEQUENCE_END:
            self._sequences.pop()
        elif kind == Kind.ITEM:
            self._outer.append(self._level)
            self._level = _Level({}, self._level.charsets)
            self._sequences[-1].append(self._level.tags)
        elif kind == Kind.ITEM_END:
            self._level = self._outer.pop()
        elif kind == Kind.FRAGMENTS:
            self._put(element.tag, "Null", None)

    def _put(self, tag: int, kind: str, value: Json) -> None:
        creator = self._creator(tag)
        _write(self._level.tags, self._form, tag, self._dictionary.keyword(tag, creator), kind, value, creator)

    def _value(self, element: Element) -> None:
        tag, vr = element.tag, element.vr
        if vr == "UN" and (not is_private(tag) or is_private_creator(tag)):
            vr = self._dictionary.vr(tag)  # writers that do not know a tag say UN
        if vr in BINARY_VRS or vr == "SQ":
            self._put(tag, "Null", None)
            return
        is_asked = tag in self._ignore_length
        if element.length > (LONGEST_ASKED_VALUE if is_asked else _LONGEST_RAW):
            self._put(tag, "TooLong", None)
            return
        raw = self._file.value(element)
        if not raw and vr in NUMBER_VRS:
            self._put(tag, "Null", None)
            return
        text = value_text(raw, vr, self._level.charsets, big_endian=element.encoding.big_endian)
        if is_private_creator(tag):
            self._level.creators[tag & 0xFFFF0000 | (tag & 0xFF) << 8] = text.strip()
        if not is_asked and len(text) * 4 > LONGEST_VALUE and len(text.encode()) > LONGEST_VALUE:
            self._put(tag, "TooLong", None)
        else:
            self._put(tag, "String", text)
