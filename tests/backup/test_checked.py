"""A file is compared with what is known of it while it is read."""

import gzip
import io
import zlib
from typing import Any

import pytest

from pacsberry.backup.checked import CHUNK, CheckedFile
from pacsberry.backup.lines import Stored
from pacsberry.errors import DamagedFile

CONTENT = bytes(range(256)) * 4000
PLAIN, PACKED = "00000000/x.dcm", "00000000/x.dcm.gz"


class Endless(io.RawIOBase):
    """A file without end that counts what is read of it; `begin` comes first."""

    def __init__(self, begin: bytes = b"") -> None:
        self.count = 0
        self._begin = begin

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        view = memoryview(buffer).cast("B")
        piece = self._begin[self.count : self.count + len(view)].ljust(len(view), b"\0")
        view[:] = piece
        self.count += len(view)
        return len(view)


def checked(raw: bytes, name: str, *, size: int = len(CONTENT), crc32: int | None = zlib.crc32(CONTENT)) -> CheckedFile:
    return CheckedFile(io.BytesIO(raw), name, size=size, crc32=crc32)


@pytest.mark.parametrize(("raw", "name"), [(CONTENT, PLAIN), (gzip.compress(CONTENT), PACKED), (b"", PLAIN)])
def test_a_good_file_comes_as_it_lies(raw: bytes, name: str) -> None:
    content = b"" if raw == b"" else CONTENT
    file = checked(raw, name, size=len(content), crc32=zlib.crc32(content))

    assert b"".join(file.chunks()) == raw
    assert file.stored(name) == Stored(name, len(content), zlib.crc32(content), len(raw), zlib.crc32(raw))


def test_without_a_checksum_the_size_is_compared() -> None:
    assert checked(CONTENT, PLAIN, crc32=None).check().crc32 == zlib.crc32(CONTENT)
    with pytest.raises(DamagedFile):
        checked(CONTENT, PLAIN, crc32=None, size=len(CONTENT) + 1).check()


@pytest.mark.parametrize(
    ("raw", "name", "reason"),
    [
        (CONTENT[:-1], PLAIN, "instead of"),
        (CONTENT + b"x", PLAIN, "longer than"),
        (b"x" + CONTENT[1:], PLAIN, "checksum does not fit"),
        (gzip.compress(b"x" + CONTENT[1:]), PACKED, "checksum does not fit"),
        (gzip.compress(CONTENT + b"x"), PACKED, "longer than"),
        (gzip.compress(CONTENT[:-1]), PACKED, "instead of"),
        (gzip.compress(CONTENT)[:-1], PACKED, "cut short"),
        (gzip.compress(CONTENT)[:-8], PACKED, "cut short"),
        (b"", PACKED, "cut short"),
        (gzip.compress(CONTENT) + b"x", PACKED, "something follows its end"),
        (gzip.compress(CONTENT, 0)[:-8] + b"\0" * 8, PACKED, "cannot be unpacked"),
        (CONTENT, PACKED, "cannot be unpacked"),
    ],
)
def test_a_bad_file_is_told_by_its_last_byte_at_the_latest(raw: bytes, name: str, reason: str) -> None:
    with pytest.raises(DamagedFile, match=reason):
        checked(raw, name).check()


def test_what_follows_the_end_in_another_piece_is_noticed() -> None:
    short = len(_named("a"))
    packed = _named("a" * (2 * CHUNK - short + 1))
    assert len(packed) == 2 * CHUNK

    checked(packed, PACKED).check()
    with pytest.raises(DamagedFile, match="something follows"):
        checked(packed + b"x", PACKED).check()


def _named(name: str) -> bytes:
    """The content packed, with a name in the header to fill it up."""
    out = io.BytesIO()
    with gzip.GzipFile(name, "wb", fileobj=out, mtime=0) as file:
        file.write(CONTENT)
    return out.getvalue()


@pytest.mark.parametrize(("begin", "name"), [(b"", PLAIN), (gzip.compress(CONTENT), PACKED)])
def test_a_file_that_is_too_long_is_given_up_at_once(begin: bytes, name: str) -> None:
    file = Endless(begin)

    with pytest.raises(DamagedFile):
        CheckedFile(file, name, size=1000, crc32=0).check()  # type: ignore[arg-type]
    assert file.count <= 2 * CHUNK


def test_a_file_that_cannot_be_read_is_damaged() -> None:
    class Failing(io.RawIOBase):
        def read(self, size: int = -1, /) -> bytes:
            raise OSError(5, "Input/output error")

    with pytest.raises(DamagedFile, match="it cannot be read: Input/output error"):
        CheckedFile(Failing(), PLAIN, size=1, crc32=0).check()  # type: ignore[arg-type]
