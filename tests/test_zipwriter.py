"""The ZIP writer, judged by the standard library's reader."""

import io
import zipfile
from pathlib import Path
from typing import BinaryIO

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pacsberry import zipwriter
from pacsberry.zipwriter import ZipStream

NOW = 1_790_000_000.0


def packed(members: dict[str, bytes], *, level: int = 1, deflate: bool = True) -> bytes:
    stream = ZipStream(deflate_level=level, now=NOW)
    chunks = [
        chunk
        for name, data in members.items()
        for chunk in stream.member(name, io.BytesIO(data), len(data), deflate=deflate)
    ]
    return b"".join([*chunks, *stream.finish()])


def unpacked(data: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        assert archive.testzip() is None
        return {name: archive.read(name) for name in archive.namelist()}


names = st.text(st.characters(codec="utf-8", exclude_characters="\0/"), min_size=1, max_size=30)


@given(st.dictionaries(names, st.binary(max_size=2000), max_size=8), st.sampled_from([0, 1, 6]), st.booleans())
def test_whatever_is_packed_can_be_unpacked(members: dict[str, bytes], level: int, deflate: bool) -> None:
    assert unpacked(packed(members, level=level, deflate=deflate)) == members


@pytest.mark.parametrize("deflate", [True, False])
def test_large_members_come_in_chunks(deflate: bool) -> None:
    data = bytes(range(256)) * 8192  # 2 MB
    stream = ZipStream(deflate_level=1, now=NOW)

    chunks = [*stream.member("a", io.BytesIO(data), len(data), deflate=deflate), *stream.finish()]

    assert max(map(len, chunks)) <= zipwriter.READ_BYTES * 2
    assert unpacked(b"".join(chunks)) == {"a": data}


def test_more_members_than_fit_into_16_bits_are_packed() -> None:
    members = {f"folder/{number:06d}": b"" for number in range(66_000)}

    assert list(unpacked(packed(members))) == list(members)


@pytest.mark.parametrize("deflate", [True, False])
def test_sizes_and_offsets_beyond_the_limit_use_zip64(deflate: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    # The reader understands ZIP64 wherever it is used; here it is used early, instead of with gigabytes.
    monkeypatch.setattr(zipwriter, "_LARGE", 1000)
    members = {"small": b"x" * 10, "large": b"y" * 2000, "small again": b"z"}

    data = packed(members, deflate=deflate)

    assert unpacked(data) == members
    assert b"\x01\x00\x10\x00" in data


class Zeros(io.RawIOBase):
    """A file of so many zeros."""

    def __init__(self, size: int) -> None:
        self._rest = self._size = size

    def read(self, size: int = -1) -> bytes:
        length = min(size, self._rest)
        self._rest -= length
        return bytes(length)

    def seek(self, offset: int, whence: int = 0) -> int:
        self._rest = self._size - offset
        return offset


@pytest.mark.proof
@pytest.mark.parametrize("deflate", [True, False])
def test_a_member_of_five_gigabytes_is_packed(tmp_path: Path, deflate: bool) -> None:
    size = 5 * 2**30
    stream = ZipStream(deflate_level=1, now=NOW)
    path = tmp_path / "large.zip"
    with path.open("wb") as file:
        for number in range(2):
            source: BinaryIO = Zeros(size)  # type: ignore[assignment]
            for chunk in stream.member(f"{number}", source, size, deflate=deflate):
                if chunk.count(0) == len(chunk):
                    file.seek(len(chunk), 1)  # a hole
                else:
                    file.write(chunk)
        for chunk in stream.finish():
            file.write(chunk)

    with zipfile.ZipFile(path) as archive:
        assert [one.file_size for one in archive.infolist()] == [size, size]
        with archive.open("1") as member:
            assert member.read(100) == bytes(100)


def test_a_file_that_has_become_shorter_is_no_archive() -> None:
    stream = ZipStream(deflate_level=1, now=NOW)

    with pytest.raises(EOFError):
        list(stream.member("a", io.BytesIO(b"short"), 100))


def test_members_carry_the_time() -> None:
    with zipfile.ZipFile(io.BytesIO(packed({"a": b""}))) as archive:
        assert archive.infolist()[0].date_time[0] == 2026
