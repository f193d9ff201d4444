"""Reads a ZIP file that a stranger has sent, member by member, holding none of it in memory (APPNOTE 6.3.10).

The standard library's zipfile builds an object for every member before it hands out the first: 50 MB for a ZIP that
says it has 70 000.  Here the list of members is read twice as it lies in the file: once to judge all of it before
anything is unpacked, once to unpack.  Names are never used as paths.
"""

import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO, Final

from pacsberry.errors import TooLarge, UnreadableDicom

SIGNATURES: Final = (b"PK\x03\x04", b"PK\x05\x06")  # with members; without any

_CHUNK: Final = 65536  # bytes
_MOST_MEMBERS: Final = 100_000
_GENEROUS_BYTES: Final = 256 * 2**20  # any ZIP may unpack to so much in all
_HIGHEST_RATIO: Final = 200  # and beyond that to so many times its own size; pixels hardly ever reach 20
_STORED, _DEFLATED = 0, 8
_ENCRYPTED: Final = 0x0001 | 0x0040  # bits of the general purpose flag
_IN_ZIP64: Final = 0xFFFFFFFF  # the real value is in the ZIP64 extra field

_end = struct.Struct("<4s4H2LH")
_end64_locator = struct.Struct("<4sLQL")
_end64 = struct.Struct("<4sQ2H2L4Q")
_entry = struct.Struct("<4s6H3L5H2L")
_local = struct.Struct("<4s5H3L2H")
_extra = struct.Struct("<2H")


@dataclass(frozen=True, slots=True)
class Member:
    """One member as the central directory describes it; sizes are in bytes, and as true as their author."""

    name: bytes
    number: int  # from 1 on
    offset: int  # of its local header
    packed: int
    size: int
    crc: int
    method: int

    @property
    def is_dicomdir(self) -> bool:
        """Whether it is the index of a medium, which is not kept."""
        return self.name.replace(b"\\", b"/").rsplit(b"/", 1)[-1].upper() == b"DICOMDIR"


class ZippedFile:
    """A ZIP file opened for reading; UnreadableDicom when it is none or is broken."""

    def __init__(self, file: BinaryIO, *, size: int) -> None:
        """`size`: of the file, in bytes."""
        self._file = file
        self._size = size
        self._count, self._directory, self._directory_bytes, self._shift = self._find_directory()

    def check(self, *, largest_member_bytes: int, most_members: int = _MOST_MEMBERS) -> None:
        """TooLarge when the members are more, or would unpack to more, than they may; nothing is unpacked for that."""
        if self._count > most_members:
            raise TooLarge(f"The ZIP has {self._count} members, more than {most_members}.")
        packed = unpacked = 0
        for member in self.members():
            packed += member.packed
            unpacked += member.size
            if member.size > largest_member_bytes:
                raise _member_too_large(member, largest_member_bytes)
            if packed > self._size:
                raise TooLarge("The members of the ZIP overlap: it would unpack to more than it holds.")
        if unpacked > max(_GENEROUS_BYTES, _HIGHEST_RATIO * self._size):
            raise TooLarge(f"The ZIP would unpack to {unpacked} bytes, more than {_HIGHEST_RATIO} times its size.")

    def members(self) -> Iterator[Member]:
        """All members in the order of the central directory."""
        position = self._directory
        end = position + self._directory_bytes
        for number in range(1, self._count + 1):
            self._file.seek(position)
            fields = _entry.unpack(self._read(_entry.size))
            signature, flags, method, crc = fields[0], fields[3], fields[4], fields[7]
            name_length, extra_length, comment_length = fields[10:13]
            if signature != b"PK\x01\x02" or position >= end:
                raise UnreadableDicom(f"The ZIP is damaged: its list ends before member {number}.")
            name = self._read(name_length)
            extra = self._read(extra_length)
            packed, size, offset = _zip64_values(extra, size=fields[9], packed=fields[8], offset=fields[16])
            if flags & _ENCRYPTED:
                raise UnreadableDicom(f"The ZIP is encrypted (member {number}); pack it without a password.")
            if method not in (_STORED, _DEFLATED):
                raise UnreadableDicom(f"Member {number} of the ZIP is packed by method {method}; use deflate.")
            yield Member(name, number, offset + self._shift, packed, size, crc, method)
            position += _entry.size + name_length + extra_length + comment_length

    def content(self, member: Member) -> Iterator[bytes]:
        """The bytes of a member in chunks of at most 64 KB; TooLarge as soon as there are more than announced."""
        self._file.seek(member.offset)
        fields = _local.unpack(self._read(_local.size))
        if fields[0] != b"PK\x03\x04":
            raise _damaged(member)
        self._file.seek(fields[9] + fields[10], 1)
        written = crc = 0
        for chunk in self._unpacked(member):
            written += len(chunk)
            if written > member.size:
                raise TooLarge(f"Member {member.number} of the ZIP unpacks to more than it announces.")
            crc = zlib.crc32(chunk, crc)
            yield chunk
        if written != member.size or crc != member.crc:
            raise _damaged(member)

    def _unpacked(self, member: Member) -> Iterator[bytes]:
        rest = member.packed
        inflater = zlib.decompressobj(-15) if member.method == _DEFLATED else None
        while rest > 0:
            data = self._read(min(_CHUNK, rest))
            rest -= len(data)
            if inflater is None:
                yield data
            else:
                try:
                    yield from inflate(inflater, data)
                except zlib.error as error:
                    raise _damaged(member) from error

    def _find_directory(self) -> tuple[int, int, int, int]:
        """How many members there are, where their list begins, its length, and what all offsets are short of."""
        tail_bytes = min(self._size, _end.size + 65535)
        self._file.seek(self._size - tail_bytes)
        tail = self._file.read(tail_bytes)
        at = tail.rfind(b"PK\x05\x06")
        if at < 0 or at + _end.size > len(tail):
            raise UnreadableDicom("The ZIP is damaged or cut short: its list of members is missing.")
        _, disk, directory_disk, _, count, length, offset, _ = _end.unpack_from(tail, at)
        end = self._size - tail_bytes + at
        if disk or directory_disk:
            raise UnreadableDicom("The ZIP is one part of several; join them first.")
        locator_at = end - _end64_locator.size
        if locator_at >= 0:
            self._file.seek(locator_at)
            signature, _, end64, _ = _end64_locator.unpack(self._read(_end64_locator.size))
            if signature == b"PK\x06\x07":
                # The locator knows the place in the ZIP alone; something may stand in front of it.
                for place in (end64, locator_at - _end64.size):
                    if 0 <= place <= self._size - _end64.size:
                        self._file.seek(place)
                        fields = _end64.unpack(self._read(_end64.size))
                        if fields[0] == b"PK\x06\x06":
                            count, length, offset, end = fields[7], fields[8], fields[9], place
                            break
        directory = end - length
        shift = directory - offset
        if directory < 0 or shift < 0 or count * _entry.size > length:
            raise UnreadableDicom("The ZIP is damaged: its list of members lies outside it.")
        return count, directory, length, shift

    def _read(self, length: int) -> bytes:
        data = self._file.read(length)
        if len(data) < length:
            raise UnreadableDicom("The ZIP is cut short.")
        return data


def inflate(inflater: "zlib._Decompress", data: bytes) -> Iterator[bytes]:
    """What the next bytes of a deflated stream become, in chunks of at most 64 KB; zlib.error when they are broken."""
    while not inflater.eof:
        chunk = inflater.decompress(data, _CHUNK)
        data = inflater.unconsumed_tail
        if chunk:
            yield chunk
        if not data and len(chunk) < _CHUNK:
            return


def _zip64_values(extra: bytes, *, size: int, packed: int, offset: int) -> tuple[int, int, int]:
    """Packed size, size and offset, taken from the ZIP64 extra field where the entry says so."""
    if _IN_ZIP64 not in (size, packed, offset):
        return packed, size, offset
    position = 0
    while position + _extra.size <= len(extra):
        kind, length = _extra.unpack_from(extra, position)
        position += _extra.size
        if kind == 1:
            values = iter(struct.unpack_from(f"<{min(length, len(extra) - position) // 8}Q", extra, position))
            size = next(values, size) if size == _IN_ZIP64 else size
            packed = next(values, packed) if packed == _IN_ZIP64 else packed
            offset = next(values, offset) if offset == _IN_ZIP64 else offset
            break
        position += length
    return packed, size, offset


def _damaged(member: Member) -> UnreadableDicom:
    return UnreadableDicom(f"The ZIP is damaged: member {member.number} cannot be unpacked.")


def _member_too_large(member: Member, limit_bytes: int) -> TooLarge:
    return TooLarge(
        f"Member {member.number} of the ZIP has {member.size} bytes, more than the {limit_bytes / 2**20:g} MB of "
        "MaximumFileSizeInArchiveMB."
    )
