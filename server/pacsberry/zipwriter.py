"""Writes a ZIP as a stream (APPNOTE 6.3.10): nothing of it is held but its list of members, and that packed.

The standard library's zipfile keeps an object per member, half a kilobyte of memory each; the packed list costs about a
tenth of that.  ZIP64 is used where a size, an offset or the number of members needs it, as Orthanc does (S16).
"""

import struct
import time
import zlib
from collections.abc import Iterator
from typing import BinaryIO, Final

READ_BYTES: Final = 2**17  # read, and handed out, at once

_STORED, _DEFLATED = 0, 8
_DESCRIPTOR_FOLLOWS: Final = 0x0008  # flag: sizes and checksum stand behind the content
_UTF8: Final = 0x0800  # flag: the name is UTF-8, not code page 437
_IN_ZIP64: Final = 0xFFFFFFFF
_LARGE: Final = 0xFFFF0000  # a member so large may exceed 32 bits once it is deflated
_MANY: Final = 0xFFFF
_VERSION, _VERSION64 = 20, 45  # needed to extract
_MADE_BY_UNIX: Final = 3 << 8
_REGULAR_FILE: Final = 0o100644 << 16

_local = struct.Struct("<4s5H3L2H").pack
_descriptor = struct.Struct("<4s3L").pack
_descriptor64 = struct.Struct("<4sL2Q").pack
_entry = struct.Struct("<4s6H3L5H2L").pack
_end = struct.Struct("<4s4H2LH").pack
_end64 = struct.Struct("<4sQ2H2L4Q").pack
_end64_locator = struct.Struct("<4sLQL").pack


class ZipStream:
    """One ZIP on its way out.  Call `member` for each file and consume what it yields, then `finish`."""

    def __init__(self, *, deflate_level: int, now: float) -> None:
        """`deflate_level` 0 stores everything; `now` (UTC seconds) becomes the date of the members, in local time."""
        self._deflate_level = deflate_level
        moment = time.localtime(now)
        self._time = moment.tm_hour << 11 | moment.tm_min << 5 | moment.tm_sec // 2
        self._date = max(0, moment.tm_year - 1980) << 9 | moment.tm_mon << 5 | moment.tm_mday
        self._offset = 0  # bytes handed out so far
        self._count = 0
        self._list = zlib.compressobj(1)
        self._packed_list: list[bytes] = []

    def member(
        self, name: str, file: BinaryIO, size: int, *, deflate: bool = True, crc32: int | None = None
    ) -> Iterator[bytes]:
        """One file, in chunks; EOFError when it is shorter than `size` bytes.

        `deflate` is False for what does not get smaller: it is stored, which takes one more pass for the checksum
        unless `crc32` gives it, because readers of streams refuse a stored member of unknown length.
        """
        encoded = name.encode()
        flags = 0 if name.isascii() else _UTF8
        start = self._offset
        if deflate and self._deflate_level:
            method, flags = _DEFLATED, flags | _DESCRIPTOR_FOLLOWS
            crc, announced = 0, 0
        else:
            method, announced = _STORED, size
            crc = _checksum(file, size) if crc32 is None else crc32
        large = size >= _LARGE
        header = self._local_header(encoded, flags, method, crc, announced, announced, large=large)
        self._offset += len(header)
        packed = 0
        if method == _STORED:
            yield header
            for chunk in _read(file, size):
                packed += len(chunk)
                yield chunk
        else:
            packer = zlib.compressobj(self._deflate_level, zlib.DEFLATED, -15)
            pending = header
            for chunk in _read(file, size):
                crc = zlib.crc32(chunk, crc)
                pending += packer.compress(chunk)
                if len(pending) >= READ_BYTES // 2:
                    packed += len(pending)
                    yield pending
                    pending = b""
            pending += packer.flush()
            packed += len(pending) - len(header)
            descriptor = (_descriptor64 if large else _descriptor)(b"PK\x07\x08", crc, packed, size)
            self._offset += len(descriptor)
            yield pending + descriptor
        self._offset += packed
        self._enter(encoded, flags, method, crc, packed, size, start, large=large)

    def packed_member(self, name: str, file: BinaryIO, length: int, *, crc32: int, size: int) -> Iterator[bytes]:
        """One file that is deflated already (RFC 1951): the next `length` bytes of `file`, as they are.

        `crc32` and `size` are of what they unpack to.  EOFError when there are fewer.
        """
        encoded = name.encode()
        flags = 0 if name.isascii() else _UTF8
        start = self._offset
        large = max(size, length) >= _LARGE
        header = self._local_header(encoded, flags, _DEFLATED, crc32, size, length, large=large)
        self._offset += len(header) + length
        yield header
        yield from _read(file, length)
        self._enter(encoded, flags, _DEFLATED, crc32, length, size, start, large=large)

    def finish(self) -> Iterator[bytes]:
        """The list of members, and the end."""
        self._packed_list.append(self._list.flush())
        reader = zlib.decompressobj()
        length = 0
        for packed in self._packed_list:
            while packed:
                chunk = reader.decompress(packed, READ_BYTES)
                packed = reader.unconsumed_tail
                length += len(chunk)
                yield chunk
        if rest := reader.flush():
            length += len(rest)
            yield rest
        end = b""
        count, offset = self._count, self._offset
        if count >= _MANY or offset >= _IN_ZIP64 or length >= _IN_ZIP64:
            end = _end64(b"PK\x06\x06", 44, _MADE_BY_UNIX | _VERSION64, _VERSION64, 0, 0, count, count, length, offset)
            end += _end64_locator(b"PK\x06\x07", 0, offset + length, 1)
            count, length, offset = min(count, _MANY), min(length, _IN_ZIP64), min(offset, _IN_ZIP64)
        yield end + _end(b"PK\x05\x06", 0, 0, count, count, length, offset, 0)

    def _local_header(
        self, name: bytes, flags: int, method: int, crc: int, size: int, packed: int, *, large: bool
    ) -> bytes:
        extra = struct.pack("<2H2Q", 1, 16, size, packed) if large else b""
        if large:
            size = packed = _IN_ZIP64
        version = _VERSION64 if large else _VERSION
        head = (b"PK\x03\x04", version, flags, method, self._time, self._date, crc, packed, size, len(name), len(extra))
        return _local(*head) + name + extra

    def _enter(
        self, name: bytes, flags: int, method: int, crc: int, packed: int, size: int, start: int, *, large: bool
    ) -> None:
        """Remember a finished member for the list."""
        far = start >= _IN_ZIP64
        values = [size, packed] if large else []
        values += [start] if far else []
        extra = struct.pack(f"<2H{len(values)}Q", 1, 8 * len(values), *values) if values else b""
        if large:
            size = packed = _IN_ZIP64
        entry = _entry(
            b"PK\x01\x02",
            _MADE_BY_UNIX | (_VERSION64 if values else _VERSION),
            _VERSION64 if values else _VERSION,
            flags,
            method,
            self._time,
            self._date,
            crc,
            packed,
            size,
            len(name),
            len(extra),
            0,  # comment
            0,  # disk
            0,  # internal attributes
            _REGULAR_FILE,
            _IN_ZIP64 if far else start,
        )
        self._count += 1
        self._packed_list.append(self._list.compress(entry + name + extra))


def _read(file: BinaryIO, size: int) -> Iterator[bytes]:
    rest = size
    while rest > 0:
        chunk = file.read(min(READ_BYTES, rest))
        if not chunk:
            raise EOFError("the file is shorter than it should be")
        rest -= len(chunk)
        yield chunk


def _checksum(file: BinaryIO, size: int) -> int:
    crc = 0
    for chunk in _read(file, size):
        crc = zlib.crc32(chunk, crc)
    file.seek(0)
    return crc
