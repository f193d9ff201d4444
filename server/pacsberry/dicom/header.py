"""Reads what the archive needs of a DICOM file from its first kilobytes: identifiers and main tags.

The C-STORE road: a CT's header takes less than 0.1 ms.  `_scan_explicit` and `_scan_implicit` run over the bytes and
keep only the values that are wanted; whatever they do not understand is left to the patient `walk`.
"""

import struct
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import BinaryIO, Final, NamedTuple

from pacsberry.dicom.elements import (
    LONG_VRS,
    MAXIMUM_DEPTH,
    PIXEL_TAGS,
    SHORT_VRS,
    UNDEFINED,
    Kind,
    Truncated,
)
from pacsberry.dicom.main_tags import ORTHANC_MAIN_TAGS, MainTags
from pacsberry.dicom.part10 import DicomFile, FileMeta, read_meta, settled_syntax, uid_text
from pacsberry.dicom.source import BytesSource, FileSource, Source
from pacsberry.dicom.syntax import DEFLATED_SYNTAXES, encoding_of
from pacsberry.dicom.text import Charsets
from pacsberry.dicom.values import value_text
from pacsberry.errors import UnreadableDicom
from pacsberry.model import Header, Identifiers, Level, PixelSize

HEAD_SIZE: Final = 65536  # bytes; nearly every header fits
LONGEST_VALUE: Final = 256  # bytes of UTF-8; Orthanc indexes no longer value
SHORT_VALUE: Final = LONGEST_VALUE // 4  # bytes that cannot become longer than that
LONGEST_UID: Final = 64  # characters (PS3.5 6.2)

SPECIFIC_CHARACTER_SET: Final = 0x00080005
SOP_CLASS_UID: Final = 0x00080016
SOP_UID: Final = 0x00080018
PATIENT_ID: Final = 0x00100020
STUDY_UID: Final = 0x0020000D
SERIES_UID: Final = 0x0020000E
INSTANCE_NUMBER: Final = 0x00200013
IMAGE_INDEX: Final = 0x00541330

_PIXEL_SIZE: Final = (0x00280010, 0x00280011, 0x00280100)  # Rows, Columns, BitsAllocated

# S14: the product of a pair, else of the next.
_EXPECTED_INSTANCES: Final = (
    (0x00201002, 0x00200105),  # ImagesInAcquisition, NumberOfTemporalPositions
    (0x00540081, 0x00540101),  # NumberOfSlices, NumberOfTimeSlices
    (0x00181090,),  # CardiacNumberOfImages
)

_ITEM: Final = b"\xfe\xff\x00\xe0"
_ITEM_END: Final = b"\xfe\xff\x0d\xe0"
_SEQUENCE_END: Final = b"\xfe\xff\xdd\xe0"
_DEEPEST: Final = 2 * MAXIMUM_DEPTH  # items and sequences around an element

_explicit_element: Final = struct.Struct("<4s2sH").unpack_from
_implicit_element: Final = struct.Struct("<4sL").unpack_from
_long_length: Final = struct.Struct("<L").unpack_from


class HeadTooShort(UnreadableDicom):
    """The header goes on behind the bytes given; read it again from the file."""


class _Plan(NamedTuple):
    """What to look for, prepared once for a set of main tags."""

    wanted: Mapping[bytes, int]  # tag as its four bytes in little endian -> tag; those of pixels -> 0, no tag -> -1
    tags: frozenset[int]
    levels: tuple[tuple[tuple[int, str, str], ...], ...]  # of each level: (tag, name, VR)


@lru_cache(maxsize=8)
def _plan(main_tags: MainTags) -> _Plan:
    tags = frozenset(
        (SPECIFIC_CHARACTER_SET, SOP_CLASS_UID, SOP_UID, PATIENT_ID, STUDY_UID, SERIES_UID, INSTANCE_NUMBER)
    ).union((IMAGE_INDEX,), _PIXEL_SIZE, *_EXPECTED_INSTANCES, *main_tags.levels)
    wanted = {struct.pack("<HH", tag >> 16, tag & 0xFFFF): tag for tag in tags}
    wanted.update((struct.pack("<HH", tag >> 16, tag & 0xFFFF), 0) for tag in PIXEL_TAGS)
    wanted[bytes(4)] = -1
    levels = tuple(
        tuple((tag, main.name, main.vr) for tag, main in level.items() if main.vr != "SQ") for level in main_tags.levels
    )
    return _Plan(wanted, tags, levels)


class _Found(NamedTuple):
    """The raw values of a data set, as far as its pixel data."""

    values: dict[int, bytes]
    big_endian: bool
    pixel_data_offset: int | None
    pixel_data_vr: str


def read_header(
    head: bytes | BinaryIO,
    *,
    size: int,
    default_encoding: str = "Latin1",
    main_tags: MainTags = ORTHANC_MAIN_TAGS,
    reopen: Callable[[], BinaryIO] | None = None,
) -> Header:
    """The header of a DICOM file; UnreadableDicom when it is none, lacks an identifier, or ends early.

    `head`: its first HEAD_SIZE bytes (all of a shorter file), or the file; `size` of the file in bytes; `reopen` opens
    the file when the header goes on behind `head`: without it, HeadTooShort.
    """
    if not isinstance(head, bytes):
        head.seek(0)
        source: Source = FileSource(head, size)
        return _read(head.read(HEAD_SIZE), source, size, default_encoding, main_tags)
    if len(head) >= size:
        return _read(head, BytesSource(head), size, default_encoding, main_tags)
    try:
        return _read(head, None, size, default_encoding, main_tags)
    except HeadTooShort:
        if reopen is None:
            raise
    with reopen() as file:
        return _read(head, FileSource(file, size), size, default_encoding, main_tags)


def check_complete(file: BinaryIO | bytes, *, size: int | None = None, start: int | None = None) -> None:
    """UnreadableDicom when the file ends before its data set does, or cannot be walked; reads no value.

    `start`: the offset of an element from which on to look; None is the beginning of the data set.
    """
    for _ in DicomFile.open(file, size=size).elements(nested=False, start=start):
        pass


def _read(head: bytes, source: Source | None, size: int, default_encoding: str, main_tags: MainTags) -> Header:
    meta = read_meta(head)
    syntax = settled_syntax(meta, head)
    plan = _plan(main_tags)
    found = _find(head, source, size, meta, syntax, plan)
    values = found.values
    charsets = Charsets.of(uid_text(values.get(SPECIFIC_CHARACTER_SET, b"")), default_encoding)
    levels: list[dict[str, str]] = []
    for level in plan.levels:
        texts: dict[str, str] = {}
        for tag, name, vr in level:
            raw = values.get(tag)
            if raw is not None:
                text = value_text(raw, vr, charsets, big_endian=found.big_endian)
                if len(raw) <= SHORT_VALUE or len(text.encode()) <= LONGEST_VALUE:
                    texts[name] = text
        levels.append(texts)
    identifiers = Identifiers(
        patient_id=_patient_id(values.get(PATIENT_ID, b""), charsets),
        study_uid=_uid(values, STUDY_UID, "StudyInstanceUID"),
        series_uid=_uid(values, SERIES_UID, "SeriesInstanceUID"),
        sop_uid=_uid(values, SOP_UID, "SOPInstanceUID"),
    )
    return Header(
        identifiers=identifiers,
        sop_class_uid=uid_text(values.get(SOP_CLASS_UID, b"")) or meta.sop_class_uid,
        transfer_syntax_uid=syntax,
        main_tags=(levels[Level.PATIENT], levels[Level.STUDY], levels[Level.SERIES], levels[Level.INSTANCE]),
        expected_instances=_expected_instances(found),
        index_in_series=_index_in_series(found),
        pixel_data_offset=found.pixel_data_offset,
        pixel_data_vr=found.pixel_data_vr,
        pixel_size=_pixel_size(found),
    )


def _find(head: bytes, source: Source | None, size: int, meta: FileMeta, syntax: str, plan: _Plan) -> _Found:
    """Collect the wanted values, fast as long as the bytes are ordinary and in `head`."""
    encoding = encoding_of(syntax)
    values: dict[int, bytes] = {}
    if syntax in DEFLATED_SYNTAXES or encoding.big_endian:
        if source is None:
            raise HeadTooShort("The header is not in the first bytes of the file.")
        return _walk_on(DicomFile(source, size, meta, syntax), None, plan, values)
    scan = _scan_explicit if encoding.explicit else _scan_implicit
    position = scan(head, meta.dataset_offset, plan.wanted, values)
    if plan.wanted.get(head[position : position + 4]) == 0 and position + 12 <= len(head):
        return _at_pixels(head, position, size, encoding.explicit, values)
    if position == size and values:
        return _Found(values, False, None, "")
    if position > size:
        raise Truncated(f"The file ends {position - size} bytes early.")
    if source is None:
        raise HeadTooShort("The header is longer than the first bytes of the file.")
    return _walk_on(DicomFile(source, size, meta, syntax), position, plan, values)


def _at_pixels(head: bytes, position: int, size: int, explicit: bool, values: dict[int, bytes]) -> _Found:
    """What `_find` found when it came to the pixels; they have to be all there."""
    length = _long_length(head, position + (8 if explicit else 4))[0]
    end = position + (12 if explicit else 8) + length
    if length != UNDEFINED and end > size:
        raise Truncated(f"The file ends {end - size} bytes early, inside its pixel data.")
    return _Found(values, False, position, head[position + 4 : position + 6].decode("latin_1") if explicit else "OW")


def _walk_on(file: DicomFile, position: int | None, plan: _Plan, values: dict[int, bytes]) -> _Found:
    """Collect the wanted values from `position` (the beginning when None) with the patient walk."""
    for element in file.elements(nested=False, start=position):
        tag = element.tag
        if tag in PIXEL_TAGS:
            return _Found(
                values, file.encoding.big_endian, None if file.is_deflated else element.offset, element.vr or "OW"
            )
        if tag in plan.tags and element.kind == Kind.VALUE and tag not in values:
            values[tag] = file.read(element.value_offset, min(element.length, HEAD_SIZE))
    if not values:
        raise UnreadableDicom("There is no DICOM data set in the file.")
    return _Found(values, file.encoding.big_endian, None, "")


def _scan_explicit(data: bytes, position: int, wanted: Mapping[bytes, int], values: dict[int, bytes]) -> int:
    """Collect from Explicit VR Little Endian; the offset of the first element left: pixels, odd, or not all here."""
    last = len(data) - 12
    while position <= last:
        key, vr, length = _explicit_element(data, position)
        if vr in SHORT_VRS:
            value = position + 8
        elif vr in LONG_VRS:
            length = _long_length(data, position + 8)[0]
            value = position + 12
            if length == UNDEFINED:
                if vr != b"SQ":
                    return position
                end = _past_sequence(data, value, explicit=True)
                if end < 0:
                    return position
                position = end
                continue
        else:
            return position
        end = value + length
        if key in wanted:
            tag = wanted[key]
            if tag <= 0 or end > len(data):
                return position
            values.setdefault(tag, data[value:end])
        position = end
    return position


def _scan_implicit(data: bytes, position: int, wanted: Mapping[bytes, int], values: dict[int, bytes]) -> int:
    """Collect from Implicit VR Little Endian; see `_scan_explicit`."""
    last = len(data) - 8
    while position <= last:
        key, length = _implicit_element(data, position)
        value = position + 8
        if length == UNDEFINED:
            end = -1 if key in wanted else _past_sequence(data, value, explicit=False)
            if end < 0:
                return position
            position = end
            continue
        end = value + length
        if key in wanted:
            tag = wanted[key]
            if tag <= 0 or end > len(data):
                return position
            values.setdefault(tag, data[value:end])
        position = end
    return position


def _past_sequence(data: bytes, position: int, *, explicit: bool) -> int:
    """The offset behind the sequence of undefined length whose items begin at `position`; -1 when it is not plain."""
    last = len(data) - 12
    depth = 1  # odd: in a sequence, even: in an item
    while position <= last and depth <= _DEEPEST:
        key, length = _implicit_element(data, position)
        if depth % 2:
            if key == _ITEM:
                position += 8
                if length == UNDEFINED:
                    depth += 1
                else:
                    position += length
            elif key == _SEQUENCE_END and not length:
                position += 8
                depth -= 1
                if not depth:
                    return position
            else:
                return -1
            continue
        if key == _ITEM_END and not length:
            position += 8
            depth -= 1
            continue
        value = position + 8
        if explicit:
            _, vr, length = _explicit_element(data, position)
            if vr in LONG_VRS:
                length = _long_length(data, value)[0]
                value += 4
                if length == UNDEFINED and vr != b"SQ":
                    return -1
            elif vr not in SHORT_VRS:
                return -1
        elif key[:2] == b"\xfe\xff":
            return -1
        if length == UNDEFINED:
            depth += 1
            position = value
        else:
            position = value + length
    return -1


def _patient_id(raw: bytes, charsets: Charsets) -> str:
    text = value_text(raw, "LO", charsets)
    if len(text.encode()) > LONGEST_VALUE:
        raise UnreadableDicom(f"The PatientID of the file is longer than {LONGEST_VALUE} bytes.")
    return text


def _uid(values: Mapping[int, bytes], tag: int, name: str) -> str:
    uid = uid_text(values.get(tag, b""))
    if not uid:
        raise UnreadableDicom(f"The file has no {name}.")
    if len(uid) > LONGEST_UID or not uid.isprintable():
        raise UnreadableDicom(f"The {name} of the file is no UID.")
    return uid


def _number(found: _Found, tag: int, vr: str) -> int | None:
    raw = found.values.get(tag, b"")
    text = value_text(raw[:16], vr, Charsets("ascii"), big_endian=found.big_endian).strip()
    try:
        number = int(text) if text.isascii() and "_" not in text else None
    except ValueError:
        return None
    return number if number is not None and -(2**31) <= number < 2**31 else None


def _index_in_series(found: _Found) -> int | None:
    if INSTANCE_NUMBER in found.values:
        return _number(found, INSTANCE_NUMBER, "IS")
    return _number(found, IMAGE_INDEX, "US")


def _pixel_size(found: _Found) -> PixelSize | None:
    rows, columns, bits = (_number(found, tag, "US") or 0 if tag in found.values else 0 for tag in _PIXEL_SIZE)
    return PixelSize(rows, columns, bits) if rows or columns or bits else None


def _expected_instances(found: _Found) -> int | None:
    """How many instances the series is going to have (S14); None when the file does not say."""
    for tags in _EXPECTED_INSTANCES:
        if all(found.values.get(tag) for tag in tags):
            product = 1
            for tag in tags:
                number = _number(found, tag, "US" if tag >> 16 == 0x0054 else "IS")
                if number is None:
                    return None
                product *= number
            return product
    return None
