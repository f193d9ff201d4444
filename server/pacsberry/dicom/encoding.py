"""Writes and reads the DICOM bytes that are not files: command sets, file meta information, identifiers of queries.

PS3.7 6.3 and annex E for command sets, PS3.10 7.1 for the meta information, PS3.5 7 for data sets.
"""

from collections.abc import Mapping, Sequence
from struct import Struct, error
from typing import Final, NamedTuple

from pacsberry.dicom.elements import LONG_VRS, MAXIMUM_DEPTH, Kind
from pacsberry.dicom.names import STANDARD, TagDictionary
from pacsberry.dicom.part10 import DicomFile, uid_text
from pacsberry.dicom.syntax import encoding_of
from pacsberry.dicom.text import DEFAULT_ENCODINGS, Charsets, encode_text
from pacsberry.dicom.uids import IMPLEMENTATION_CLASS_UID, IMPLEMENTATION_VERSION_NAME
from pacsberry.dicom.values import NUMBER_CODES, value_text
from pacsberry.errors import TooLarge, UnreadableDicom

SPECIFIC_CHARACTER_SET: Final = 0x00080005
LONGEST_COMMAND: Final = 16384  # bytes; real ones take 200
LONGEST_IDENTIFIER: Final = 4 << 20  # bytes of a query; lists of 50 000 UIDs fit

# VRs of command elements, all of group 0000 (PS3.7 annex E).
_COMMAND_VRS: Final = (
    dict.fromkeys((0x0002, 0x0003, 0x1000, 0x1001), "UI")
    | dict.fromkeys((0x0100, 0x0110, 0x0120, 0x0700, 0x0800, 0x0900, 0x0903, 0x1002, 0x1008), "US")
    | dict.fromkeys((0x1020, 0x1021, 0x1022, 0x1023, 0x1031), "US")
    | dict.fromkeys((0x0600, 0x1030), "AE")
    | {0x0902: "LO", 0x0901: "AT", 0x1005: "AT"}
)

_command_element: Final = Struct("<HHL")
_command_number: Final = Struct("<HHLH")
_group_length: Final = Struct("<HHLL")
_short: Final = Struct("<H")
_long: Final = Struct("<L")


def encode_command(elements: Mapping[int, int | str]) -> bytes:
    """A command set, its group length before it; `elements` by tag, in any order."""
    parts = [b""]
    for tag in sorted(elements):
        value = elements[tag]
        if isinstance(value, int):
            parts.append(_command_number.pack(0, tag, 2, value))
            continue
        raw = value.encode("ascii", "replace")
        if len(raw) % 2:
            raw += b"\0" if _COMMAND_VRS.get(tag) == "UI" else b" "
        parts.append(_command_element.pack(0, tag, len(raw)) + raw)
    length = sum(map(len, parts))
    parts[0] = _group_length.pack(0, 0, 4, length)
    return b"".join(parts)


def decode_command(data: bytes) -> dict[int, int | str]:
    """The elements of a command set by tag: numbers as int, others as text; retired ones are left out.

    UnreadableDicom when it is not made of elements of group 0000, or a number is not one number.
    """
    if len(data) > LONGEST_COMMAND:
        raise UnreadableDicom(f"A command set of {len(data)} bytes is longer than {LONGEST_COMMAND}.")
    elements: dict[int, int | str] = {}
    position = 0
    while position < len(data):
        try:
            group, number, length = _command_element.unpack_from(data, position)
        except error as broken:
            raise UnreadableDicom("The command set ends inside an element.") from broken
        value = position + 8
        position = value + length
        if group or position > len(data):
            raise UnreadableDicom("The command set is not made of elements of group 0000.")
        vr = _COMMAND_VRS.get(number)
        if vr == "US":
            if length != 2:
                raise UnreadableDicom(f"Command element 0000,{number:04x} is not one number.")
            elements[number] = _short.unpack_from(data, value)[0]
        elif vr is not None:
            elements[number] = _command_text(data[value:position], vr)
    return elements


def _command_text(raw: bytes, vr: str) -> str:
    if vr == "UI":
        return uid_text(raw)
    return value_text(raw, vr, Charsets("ascii")).strip()


def file_meta(sop_class_uid: str, sop_uid: str, transfer_syntax_uid: str, *, source_aet: str = "") -> bytes:
    """The beginning of a file whose data set follows as it came: preamble, 'DICM', file meta information."""
    elements = [
        b"\x02\x00\x01\x00OB\0\0\x02\0\0\0\0\x01",
        _meta_element(0x0002, b"UI", sop_class_uid),
        _meta_element(0x0003, b"UI", sop_uid),
        _meta_element(0x0010, b"UI", transfer_syntax_uid),
        _META_IMPLEMENTATION,
    ]
    if source_aet:
        elements.append(_meta_element(0x0016, b"AE", source_aet))
    meta = b"".join(elements)
    return b"".join([_META_START, _long.pack(len(meta)), meta])


_META_START: Final = bytes(128) + b"DICM\x02\x00\x00\x00UL\x04\x00"


def _meta_element(number: int, vr: bytes, value: str) -> bytes:
    raw = value.encode("ascii", "replace")
    if len(raw) % 2:
        raw += b"\0" if vr == b"UI" else b" "
    return b"".join([b"\x02\x00", _short.pack(number), vr, _short.pack(len(raw)), raw])


_META_IMPLEMENTATION: Final = _meta_element(0x0012, b"UI", IMPLEMENTATION_CLASS_UID) + _meta_element(
    0x0013, b"SH", IMPLEMENTATION_VERSION_NAME
)


class QueryElement(NamedTuple):
    """One element of an identifier."""

    vr: str
    text: str = ""
    items: tuple["Identifier", ...] = ()  # of a sequence (vr 'SQ')


Identifier = dict[int, QueryElement]  # by tag


def decode_identifier(
    data: bytes, transfer_syntax_uid: str, *, default_encoding: str = "Latin1", dictionary: TagDictionary = STANDARD
) -> Identifier:
    """The identifier of a C-FIND, C-MOVE or C-GET, read with its own character set; UnreadableDicom, TooLarge."""
    if len(data) > LONGEST_IDENTIFIER:
        raise TooLarge(f"A query of {len(data)} bytes is longer than {LONGEST_IDENTIFIER}.")
    file = DicomFile.of_dataset(data, transfer_syntax_uid)
    identifier: Identifier = {}
    charsets = Charsets.of("", default_encoding)
    levels: list[tuple[Identifier, Charsets]] = []
    items: list[list[Identifier]] = []
    for element in file.elements(vr_of=dictionary.vr):
        if element.kind == Kind.VALUE:
            vr = dictionary.vr(element.tag) if element.vr == "UN" else element.vr
            raw = file.value(element)
            if element.tag == SPECIFIC_CHARACTER_SET:
                charsets = Charsets.of(value_text(raw, "CS", charsets), default_encoding)
            text = value_text(raw, vr, charsets, big_endian=element.encoding.big_endian)
            identifier[element.tag] = QueryElement(vr, text)
        elif element.kind == Kind.SEQUENCE:
            items.append([])
        elif element.kind == Kind.SEQUENCE_END:
            identifier[element.tag] = QueryElement("SQ", items=tuple(items.pop()))
        elif element.kind == Kind.ITEM:
            levels.append((identifier, charsets))
            identifier = {}
            items[-1].append(identifier)
        elif element.kind == Kind.ITEM_END:
            identifier, charsets = levels.pop()
    return identifier


class ElementLayout:
    """How elements begin in one transfer syntax."""

    def __init__(self, transfer_syntax_uid: str) -> None:
        encoding = encoding_of(transfer_syntax_uid)
        self.byte_order = ">" if encoding.big_endian else "<"
        self._explicit = encoding.explicit
        self._tag = Struct(self.byte_order + "HH").pack
        self.short_length = Struct(self.byte_order + ("H" if encoding.explicit else "L")).pack
        self.long_length = Struct(self.byte_order + "L").pack

    def prefix(self, tag: int, vr: str) -> bytes:
        """All of an element before its length."""
        start = self._tag(tag >> 16, tag & 0xFFFF)
        if not self._explicit:
            return start
        raw = vr.encode()
        return start + raw + (b"\0\0" if raw in LONG_VRS else b"")

    def item(self, length: int) -> bytes:
        """The beginning of an item of `length` bytes."""
        return self._tag(0xFFFE, 0xE000) + self.long_length(length)

    def delimiter(self, number: int) -> bytes:
        """The end of an item (E00D) or of a sequence (E0DD)."""
        return self._tag(0xFFFE, number) + self.long_length(0)

    def start(self, tag: int, vr: str, length: int) -> bytes:
        """An element up to its value."""
        return self.prefix(tag, vr) + (self.long_length if self.has_long_length(vr) else self.short_length)(length)

    def has_long_length(self, vr: str) -> bool:
        """Whether the length of an element takes four bytes."""
        return not self._explicit or vr.encode() in LONG_VRS

    def element(self, tag: int, vr: str, raw: bytes) -> bytes:
        """A whole element; a text too long for a 16-bit length is cut."""
        if self.has_long_length(vr):
            return self.prefix(tag, vr) + self.long_length(len(raw)) + raw
        raw = raw[:_LONGEST_SHORT]
        return self.prefix(tag, vr) + self.short_length(len(raw)) + raw

    def raw(self, vr: str, text: str, default_encoding: str) -> bytes:
        """The bytes of a value given as text, of even length; numbers that are none are left out."""
        code = NUMBER_CODES.get(vr)
        if code is not None or vr == "AT":
            return _raw_numbers(self.byte_order, vr, code or "H", text)
        raw = encode_text(text, default_encoding, is_name=vr == "PN")
        return raw + (b"\0" if vr == "UI" else b" ") if len(raw) % 2 else raw


_LONGEST_SHORT: Final = 0xFFFE  # bytes, the longest even length of 16 bits


def _raw_numbers(byte_order: str, vr: str, code: str, text: str) -> bytes:
    packer = Struct(byte_order + code)
    raw: list[bytes] = []
    for part in text.split("\\"):
        try:
            if vr == "AT":
                tag = int(part.replace(",", ""), 16)
                raw.append(packer.pack(tag >> 16) + packer.pack(tag & 0xFFFF))
            else:
                raw.append(packer.pack(float(part) if code in "fd" else int(part)))
        except (ValueError, error, OverflowError):
            continue
    return b"".join(raw)


class IdentifierEncoder:
    """Writes many answers with the same elements, as C-FIND needs: about 3 µs for eleven of them.

    `tags`: those whose values `encode` takes, in ascending order.
    """

    def __init__(
        self,
        tags: Sequence[int],
        transfer_syntax_uid: str,
        default_encoding: str = "Latin1",
        *,
        constants: Mapping[int, str] | None = None,
        dictionary: TagDictionary = STANDARD,
    ) -> None:
        """`constants`: elements that are the same in every answer.  SpecificCharacterSet is added always."""
        layout = ElementLayout(transfer_syntax_uid)
        fixed = {**(constants or {}), SPECIFIC_CHARACTER_SET: character_set(default_encoding)}
        self.tags = tuple(sorted(set(tags) - fixed.keys()))
        self._encoding = default_encoding
        self._layout = layout
        self._plan: list[tuple[bytes, str, bytes, Sequence[bytes], bool]] = []
        before = b""  # constant elements are written with the prefix of the next
        for tag in sorted({*self.tags, *fixed}):
            vr = dictionary.vr(tag)
            if tag in fixed:
                before += layout.element(tag, vr, layout.raw(vr, fixed[tag], default_encoding))
                continue
            is_long = layout.has_long_length(vr)
            length = layout.long_length if is_long else layout.short_length
            lengths = tuple(length(number) for number in range(_LENGTHS_PREPARED))
            is_plain = vr not in NUMBER_CODES and vr not in ("AT", "SQ")
            self._plan.append((before + layout.prefix(tag, vr), vr, b"\0" if vr == "UI" else b" ", lengths, is_plain))
            before = b""
        self._tail = before

    def encode(self, values: Sequence[str | None]) -> bytes:
        """One answer; `values` belong to `tags`, None and '' are written empty, those of sequences always."""
        parts: list[bytes] = []
        append = parts.append
        for (prefix, vr, pad, lengths, is_plain), value in zip(self._plan, values, strict=True):
            append(prefix)
            if not value:
                append(lengths[0])
            elif is_plain and len(value) < _SHORT_TEXT and value.isascii():
                raw = value.encode()
                if len(raw) & 1:
                    raw += pad
                append(lengths[len(raw)])
                append(raw)
            else:
                raw = b"" if vr == "SQ" else self._layout.raw(vr, value, self._encoding)
                is_long = len(lengths[0]) == 4
                raw = raw if is_long else raw[:_LONGEST_SHORT]
                append((self._layout.long_length if is_long else self._layout.short_length)(len(raw)))
                append(raw)
        append(self._tail)
        return b"".join(parts)


_LENGTHS_PREPARED: Final = 256
_SHORT_TEXT: Final = _LENGTHS_PREPARED - 1  # characters; padded they are still below it


def character_set(default_encoding: str) -> str:
    """The value of SpecificCharacterSet of what is written in one of DEFAULT_ENCODINGS."""
    return DEFAULT_ENCODINGS.get(default_encoding, DEFAULT_ENCODINGS["Latin1"])[0]


def encode_identifier(identifier: Identifier, transfer_syntax_uid: str, default_encoding: str = "Latin1") -> bytes:
    """A data set with sequences, as worklist answers need it; says its own SpecificCharacterSet."""
    charset = QueryElement("CS", character_set(default_encoding))
    return encode_elements(
        {**identifier, SPECIFIC_CHARACTER_SET: charset}, ElementLayout(transfer_syntax_uid), default_encoding
    )


def encode_elements(
    identifier: Identifier, layout: ElementLayout, default_encoding: str = "Ascii", depth: int = 0
) -> bytes:
    """Elements with sequences, as they are, in the order of their tags."""
    if depth > MAXIMUM_DEPTH:
        raise TooLarge(f"A data set nests deeper than {MAXIMUM_DEPTH} sequences.")
    parts: list[bytes] = []
    for tag in sorted(identifier):
        vr, text, items = identifier[tag]
        if vr == "SQ":
            encoded = [encode_elements(item, layout, default_encoding, depth + 1) for item in items]
            raw = b"".join([layout.item(len(item)) + item for item in encoded])
        else:
            raw = layout.raw(vr, text, default_encoding)
        parts.append(layout.element(tag, vr, raw))
    return b"".join(parts)
