"""Reads a tar that a stranger has sent, in order, holding none of it in memory (POSIX.1-2017 pax; GNU's long names).

The standard library's tarfile keeps an object for every member and reads headers of any announced length into memory.
Names are for people only, so what they could do to a file system does not matter here.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from pacsberry.errors import UnreadableDicom

_BLOCK: Final = 512
_CHUNK: Final = 65536
_LONGEST_HEADER: Final = 2**20  # bytes of one extended header; real ones have a few hundred
_REGULAR: Final = b"07\0"
_WITHOUT_DATA: Final = b"123456"  # links, devices, folders, FIFOs, whatever size they announce
_LARGEST: Final = 2**62
_SPARSE: Final = b"GNU.sparse."


@dataclass(slots=True)
class TarMember:
    """One member, as its header describes it."""

    name: bytes
    size: int
    is_file: bool
    is_sparse: bool = False  # its data are not the file's bytes as they are


class Tarred:
    """A tar, unpacked already; UnreadableDicom when it is none or is broken."""

    def __init__(self, chunks: Iterator[bytes]) -> None:
        self._chunks = chunks
        self._data = b""
        self._left = 0  # bytes of the current member's data and padding that nobody has read
        self._unread: TarMember | None = None  # the current member, until somebody begins to read it

    def members(self) -> Iterator[TarMember]:
        """All members in order; the data of one must be read before the next is asked for, or is passed over."""
        extended: dict[bytes, bytes] = {}
        is_first = True
        while True:
            self._skip()
            header = self._read(_BLOCK, may_end=not is_first)
            if not header or not header.strip(b"\0"):
                return
            member, kind = _member(header)
            is_first = False
            if kind in b"xgLK":
                data = self._small(member.size)
                if kind == b"x":
                    extended.update(_records(data))
                elif kind == b"L":
                    extended[b"path"] = data.rstrip(b"\0")
                continue
            _apply(extended, member)
            extended = {}
            if kind not in _WITHOUT_DATA:
                self._left = member.size + -member.size % _BLOCK
            self._unread = member
            yield member

    def content(self, member: TarMember) -> Iterator[bytes]:
        """The bytes of the member that `members` has given last, once."""
        if self._unread is not member:
            raise UnreadableDicom("A tar is read in order; what has been read of it cannot be read again.")
        self._unread = None
        left = member.size
        while left > 0:
            chunk = self._some(min(left, _CHUNK))
            left -= len(chunk)
            self._left -= len(chunk)
            yield chunk

    def _small(self, size: int) -> bytes:
        if size > _LONGEST_HEADER:
            raise UnreadableDicom(f"The tar is damaged: a header of {size} bytes.")
        data = self._read(size)
        self._read(-size % _BLOCK)
        return data

    def _skip(self) -> None:
        while self._left > 0:
            self._left -= len(self._some(min(self._left, _CHUNK)))

    def _read(self, size: int, *, may_end: bool = False) -> bytes:
        pieces: list[bytes] = []
        while size > 0:
            try:
                piece = self._some(size)
            except UnreadableDicom:
                if may_end and not pieces:  # without the two empty blocks at the end, as some programs leave it
                    return b""
                raise
            pieces.append(piece)
            size -= len(piece)
        return b"".join(pieces)

    def _some(self, most: int) -> bytes:
        """The next bytes, at least one and at most `most`."""
        while not self._data:
            chunk = next(self._chunks, None)
            if chunk is None:
                raise UnreadableDicom("The tar is cut short.")
            self._data = chunk
        piece, self._data = self._data[:most], self._data[most:]
        return piece


def is_tar(block: bytes) -> bool:
    """Whether a file that begins with these 512 bytes is a tar."""
    return len(block) == _BLOCK and block[:1] != b"\0" and _checksum(block) is not None


def _member(header: bytes) -> tuple[TarMember, bytes]:
    """A header block and the type in it; UnreadableDicom when its checksum is wrong."""
    if _checksum(header) is None:
        raise UnreadableDicom("The tar is damaged: a header is wrong.")
    name = header[:100].partition(b"\0")[0]
    kind = header[156:157]
    if header[257:263] == b"ustar\0":
        prefix = header[345:500].partition(b"\0")[0]
        name = prefix + b"/" + name if prefix else name
    size = _number(header[124:136])
    if not 0 <= size <= _LARGEST:
        raise UnreadableDicom("The tar is damaged: a size is wrong.")
    return TarMember(name, size, is_file=kind in _REGULAR, is_sparse=kind == b"S"), kind


def _checksum(header: bytes) -> int | None:
    """The checksum of a header block; None when it is wrong."""
    try:
        announced = _number(header[148:156])
    except UnreadableDicom:
        return None
    found = sum(header[:148]) + 8 * 0x20 + sum(header[156:])
    return found if found == announced else None


def _number(field: bytes) -> int:
    """A number in octal digits, or in base 256 when the first bit is set (GNU, star)."""
    if field[0] & 0x80:
        return int.from_bytes(bytes((field[0] & 0x7F,)) + field[1:], "big")
    text = field.partition(b"\0")[0].strip()
    try:
        return int(text, 8) if text else 0
    except ValueError as error:
        raise UnreadableDicom("The tar is damaged: a number is wrong.") from error


def _records(data: bytes) -> dict[bytes, bytes]:
    """The records of a pax header: 'LENGTH KEYWORD=VALUE\\n'."""
    records = {}
    position = 0
    while position < len(data):
        digits, space, _ = data[position : position + 20].partition(b" ")
        length = int(digits) if space and digits.isdigit() else 0
        record = data[position + len(digits) + 1 : position + length - 1]
        keyword, equals, value = record.partition(b"=")
        if length < 5 or position + length > len(data) or not equals:
            raise UnreadableDicom("The tar is damaged: an extended header is wrong.")
        if keyword.startswith(_SPARSE) and keyword != _SPARSE + b"name":
            records[_SPARSE] = b""
        elif keyword in (b"path", b"size", _SPARSE + b"name"):  # nothing else, or many headers would fill the memory
            records[keyword] = value
        position += length
    return records


def _apply(extended: dict[bytes, bytes], member: TarMember) -> None:
    """What extended headers say about the member after them."""
    member.name = extended.get(_SPARSE + b"name", extended.get(b"path", member.name))
    member.is_sparse = member.is_sparse or _SPARSE in extended
    size = extended.get(b"size")
    if size is not None:
        if not (size.isdigit() and len(size) < 20 and int(size) <= _LARGEST):
            raise UnreadableDicom("The tar is damaged: a size is wrong.")
        member.size = int(size)
