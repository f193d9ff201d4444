"""A DICOM file opened for reading: preamble and file meta information (PS3.10 section 7), then the data set.

Files without preamble or without meta information are read, too; the encoding of their data set is guessed.
"""

import struct
from collections.abc import Callable, Iterator, Mapping
from typing import BinaryIO, Final, NamedTuple

from pacsberry.dicom.elements import LONG_VRS, SHORT_VRS, UNDEFINED, Element, Encoding, walk
from pacsberry.dicom.source import BytesSource, FileSource, InflatedSource, Source
from pacsberry.dicom.syntax import DEFLATED_SYNTAXES, UNCOMPRESSED_SYNTAXES, encoding_of, guess_transfer_syntax
from pacsberry.errors import UnreadableDicom

_PREAMBLE: Final = 132  # bytes: 128 of anything and 'DICM'
_META_LIMIT: Final = 65536  # bytes from the start of the file in which the meta information must end
_CHUNK: Final = 65536  # bytes
_FIRST_GROUPS: Final = (b"\x02\x00", b"\x08\x00", b"\x00\x08")  # of a file without preamble, in both byte orders

TRANSFER_SYNTAX: Final = b"\x02\x00\x10\x00"
MEDIA_SOP_CLASS: Final = b"\x02\x00\x02\x00"
MEDIA_SOP_UID: Final = b"\x02\x00\x03\x00"

_explicit_header: Final = struct.Struct("<4s2sH").unpack_from
_implicit_header: Final = struct.Struct("<4sL").unpack_from
_long_length: Final = struct.Struct("<L").unpack_from


class FileMeta(NamedTuple):
    """The file meta information; `elements` holds the raw values by the four bytes of their tag."""

    elements: Mapping[bytes, bytes]
    dataset_offset: int
    transfer_syntax_uid: str  # '' when the file does not say

    @property
    def sop_class_uid(self) -> str:
        """MediaStorageSOPClassUID, '' when absent."""
        return uid_text(self.elements.get(MEDIA_SOP_CLASS, b""))

    @property
    def sop_uid(self) -> str:
        """MediaStorageSOPInstanceUID, '' when absent."""
        return uid_text(self.elements.get(MEDIA_SOP_UID, b""))


def has_preamble(head: bytes) -> bool:
    """Whether it is a DICOM file, whatever its preamble looks like (PS3.10 7.1 allows a TIFF or ZIP header there)."""
    return head[128:132] == b"DICM"


def may_be_dicom(head: bytes) -> bool:
    """Whether a file that begins so is worth reading: some writers leave the preamble out."""
    return has_preamble(head) or head.startswith(_FIRST_GROUPS)


def uid_text(raw: bytes) -> str:
    """A UID or a code string without padding: to the first NUL, no spaces; '' when it is not ASCII."""
    return raw.partition(b"\0")[0].replace(b" ", b"").decode() if raw.isascii() else ""


def read_meta(head: bytes) -> FileMeta:
    """The file meta information in the first bytes of a file; UnreadableDicom when it is broken."""
    position = start = _PREAMBLE if head[128:132] == b"DICM" else 0
    elements: dict[bytes, bytes] = {}
    # PS3.10 7.1: always Explicit VR Little Endian; some writers use Implicit VR here all the same.
    implicit = head[position + 4 : position + 6] not in SHORT_VRS and head[position + 4 : position + 6] not in LONG_VRS
    while head.startswith(b"\x02\x00", position):
        if position + 12 > min(len(head), _META_LIMIT):
            raise UnreadableDicom("The file meta information is not complete.")
        if implicit:
            tag, length = _implicit_header(head, position)
            value = position + 8
        else:
            tag, vr, length = _explicit_header(head, position)
            value = position + 8
            if vr in LONG_VRS:
                length = _long_length(head, value)[0]
                value += 4
            elif vr not in SHORT_VRS:
                raise UnreadableDicom(f"The file meta information is broken at byte {position}.")
        position = value + length
        if position > min(len(head), _META_LIMIT):
            raise UnreadableDicom("The file meta information is not complete.")
        elements[tag] = head[value:position]
    if not elements and start and len(head) <= start:
        raise UnreadableDicom("The file ends after its preamble.")
    return FileMeta(elements, position, uid_text(elements.get(TRANSFER_SYNTAX, b"")))


def settled_syntax(meta: FileMeta, head: bytes) -> str:
    """The transfer syntax to read the data set with: the file's, or a guess when it has none.

    An uncompressed one that the first element contradicts is corrected, too: some writers put the other VR mode.
    """
    first = head[meta.dataset_offset : meta.dataset_offset + 8]
    named = meta.transfer_syntax_uid
    if not named:
        # The first group of a data set is 0004 or 0008, hardly ever another, in either byte order.
        if (first[:1] == b"\0") == (first[1:2] == b"\0"):
            raise UnreadableDicom("This is no DICOM file: it begins with no data element.")
        return guess_transfer_syntax(first)
    if named in UNCOMPRESSED_SYNTAXES and len(first) == 8:
        looks_explicit = first[4:6] in SHORT_VRS or first[4:6] in LONG_VRS
        # An element may have a VR of a later standard: two letters are no contradiction.
        if encoding_of(named).explicit != looks_explicit and (looks_explicit or not first[4:6].isupper()):
            return guess_transfer_syntax(first)
    return named


class DicomFile:
    """One file; not thread-safe, and valid as long as the file it was made from stays open."""

    def __init__(self, source: Source, size: int, meta: FileMeta, transfer_syntax_uid: str) -> None:
        """Use `open` or `of_dataset`."""
        self.meta = meta
        self.size = size  # bytes, of the file
        self.transfer_syntax_uid = transfer_syntax_uid
        self.encoding: Encoding = encoding_of(transfer_syntax_uid)
        self.is_deflated = transfer_syntax_uid in DEFLATED_SYNTAXES
        self._start = meta.dataset_offset
        self._source = source
        if self.is_deflated:
            self._source, self._start = InflatedSource(source, self._start, size - self._start), 0

    @classmethod
    def open(cls, file: BinaryIO | bytes, *, size: int | None = None) -> "DicomFile":
        """A whole file; `size` in bytes is asked from it when not given.  UnreadableDicom."""
        source: Source
        if isinstance(file, bytes):
            source, total = BytesSource(file), len(file)
        else:
            source = FileSource(file, size)
            total = source.size
        if not total:
            raise UnreadableDicom("The file is empty.")
        head = source.block(0, _META_LIMIT)[0][:_META_LIMIT]
        meta = read_meta(head)
        return cls(source, total, meta, settled_syntax(meta, head))

    @classmethod
    def of_dataset(cls, data: bytes, transfer_syntax_uid: str) -> "DicomFile":
        """A bare data set, as DIMSE messages carry it."""
        return cls(BytesSource(data), len(data), FileMeta({}, 0, transfer_syntax_uid), transfer_syntax_uid)

    def elements(
        self, *, nested: bool = True, vr_of: Callable[[int], str] | None = None, start: int | None = None
    ) -> Iterator[Element]:
        """The elements of the data set, see `walk`, from the element at `start` on when given.

        Offsets count from the start of the file; in a deflated one, from the start of the inflated data set.
        """
        return walk(self._source, self._start if start is None else start, self.encoding, nested=nested, vr_of=vr_of)

    def read(self, offset: int, length: int) -> bytes:
        """`length` bytes of the file; the caller has a limit for it.  Truncated files give less."""
        data, at = self._source.block(offset, length)
        return data[offset - at : offset - at + length]

    def value(self, element: Element) -> bytes:
        """The value of an element of known length; the caller has looked at the length."""
        return b"" if element.length == UNDEFINED else self.read(element.value_offset, element.length)

    def chunks(self, offset: int, length: int) -> Iterator[bytes]:
        """`length` bytes of the file in pieces of 64 KB."""
        while length > 0:
            chunk = self.read(offset, min(length, _CHUNK))
            if not chunk:
                return
            yield chunk
            offset += len(chunk)
            length -= len(chunk)
