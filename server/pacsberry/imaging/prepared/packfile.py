"""Many pictures in one file, which can be shown while it still arrives.  PICTURES.md describes it for who reads it.

    8 bytes     PBPACK1 and a line feed
    4, 4        length of the facts, number of entries; all numbers are little endian
    n times 8   entries in the order of the pictures' bytes: number of the picture, its length; 0: there is none
    facts       a JSON object, filled up with blanks
    pictures    one behind the other

Numbers of pictures count from 0 through all frames of the series.  Something else may follow the last picture.
"""

import json
import os
import re
import struct
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, BinaryIO, Final, Self

from pacsberry.errors import DamagedFile

MOST_PICTURES: Final = 1 << 16
_MAGIC: Final = b"PBPACK1\n"
_HEAD: Final = struct.Struct("<8sII")
_ENTRY: Final = struct.Struct("<II")
_MOST_FACTS: Final = 1 << 20  # bytes
_COPY_BYTES: Final = 1 << 18
# What facts may take, so that they can be written when the pictures are: names of holes, and the reasons for them.
_FACTS_BYTES: Final = 3072
_FACTS_BYTES_PER_PICTURE: Final = 7  # five digits, a comma
_MOST_REASONS: Final = 8
_LONGEST_REASON: Final = 200  # characters
_NOT_PLAIN: Final = re.compile(r"[^ !#-\[\]-~]")  # what JSON would write with more than one byte


def coarse_to_fine(count: int) -> Iterator[int]:
    """0 to count - 1: the middle, the ends, and then, again and again, the middles of what lies between."""
    if count <= 0:
        return
    yield count // 2
    told = {count // 2}
    for end in (0, count - 1):
        if end not in told:
            told.add(end)
            yield end
    step = 1 << max(0, (count - 1).bit_length() - 1)
    while step:
        for number in range(step, count, step):
            if number not in told:
                told.add(number)
                yield number
        step >>= 1


@dataclass(frozen=True, slots=True)
class Pack:
    """The index of a pack."""

    facts: Mapping[str, Any]  # the JSON at its head
    places: Mapping[int, tuple[int, int]]  # picture, counted from 0: offset in the file and length, in bytes
    length: int  # of the pack, bytes; the file may hold more

    @classmethod
    def read(cls, file: BinaryIO) -> Self:
        """The index of an open pack; DamagedFile when it is none."""
        descriptor = file.fileno()
        head = os.pread(descriptor, _HEAD.size, 0)
        if len(head) < _HEAD.size or not head.startswith(_MAGIC):
            raise DamagedFile("A file is no pack of pictures.")
        _, facts_length, count = _HEAD.unpack(head)
        if facts_length > _MOST_FACTS or count > MOST_PICTURES:
            raise DamagedFile("A pack of pictures does not begin as one does.")
        index_length = count * _ENTRY.size
        index = os.pread(descriptor, index_length + facts_length, _HEAD.size)
        try:
            facts = json.loads(index[index_length:])
        except ValueError as error:
            raise DamagedFile("The facts of a pack of pictures cannot be read.") from error
        places = {}
        end = _HEAD.size + index_length + facts_length
        for number, length in _ENTRY.iter_unpack(index[:index_length]):
            if length:
                places[number] = (end, length)
                end += length
        if not isinstance(facts, dict) or os.fstat(descriptor).st_size < end:
            raise DamagedFile("A pack of pictures is not what it says, or shorter.")
        return cls(facts, places, end)


class PackWriter:
    """Writes a pack picture by picture; what is in the file is worth nothing before `finish`."""

    def __init__(self, file: BinaryIO, count: int) -> None:
        """`file`: empty and seekable; `count`: of pictures, those that will be missing included.  Raises OSError."""
        if not 0 <= count <= MOST_PICTURES:
            raise ValueError(f"a pack of {count} pictures")
        self._file = file
        self._facts_bytes = _FACTS_BYTES + count * _FACTS_BYTES_PER_PICTURE
        self._entries = bytearray()
        self._count = count
        self.pictures = 0  # that are there
        self._start = _HEAD.size + count * _ENTRY.size + self._facts_bytes
        self.length = self._start  # bytes
        file.seek(0)
        write_all(file, b"\0" * self._start)

    def append(self, number: int, picture: BinaryIO, length: int) -> None:
        """Add a picture: the next `length` bytes of an open file.  Raises OSError."""
        self._file.seek(self.length)
        remaining = length
        while remaining:
            piece = picture.read(min(remaining, _COPY_BYTES))
            if not piece:
                raise OSError("A picture is shorter than it was said to be.")
            write_all(self._file, piece)
            remaining -= len(piece)
        self._entries += _ENTRY.pack(number, length)
        self.length += length
        self.pictures += 1

    def finish(self, facts: Mapping[str, Any], holes: Mapping[int, str]) -> None:
        """Write what is known only now, the pictures missing with the reasons for it.  Raises OSError."""
        for number in holes:
            self._entries += _ENTRY.pack(number, 0)
        self._entries += _ENTRY.pack(0, 0) * (self._count - len(self._entries) // _ENTRY.size)
        text = json.dumps({**facts, "Pictures": self._count, "Holes": _grouped(holes)}, separators=(",", ":")).encode()
        if len(text) > self._facts_bytes:
            raise ValueError("the facts of a pack are too long")
        head = _HEAD.pack(_MAGIC, self._facts_bytes, self._count)
        self._file.seek(0)
        write_all(self._file, head + self._entries + text.ljust(self._facts_bytes))
        self._file.flush()


def _grouped(holes: Mapping[int, str]) -> list[dict[str, object]]:
    """Pictures by the reason for which they are missing; the rarest reasons in one, so that they take little room."""
    by_reason: dict[str, list[int]] = {}
    for number, reason in holes.items():
        text = _NOT_PLAIN.sub("?", reason)[:_LONGEST_REASON]
        key = text if text in by_reason or len(by_reason) < _MOST_REASONS else "for other reasons"
        by_reason.setdefault(key, []).append(number)
    return [{"Reason": reason, "Pictures": sorted(numbers)} for reason, numbers in by_reason.items()]


def write_all(file: BinaryIO, data: bytes | bytearray) -> None:
    """All of it: an unbuffered file may take less at once."""
    view = memoryview(data)
    while view:
        view = view[file.write(view) :]
