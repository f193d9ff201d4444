"""The content of a packed file reads as a plain file does; a damaged one is never taken for whole."""

import gzip
import io
import os
import sys
import tracemalloc
import zlib
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pacsberry.archive import deflating
from pacsberry.archive.packedfile import PackedFile, deflated, descriptor_of
from pacsberry.errors import DamagedFile

_LARGE = b"".join(number.to_bytes(3, "little") for number in range(150_000))  # seven blocks, no two of them alike


def opened(packed: bytes) -> PackedFile:
    return PackedFile(io.BytesIO(packed), "00000000/x.dcm.gz")


def read_all(packed: bytes) -> bytes:
    with opened(packed) as file:
        return file.read()


@given(
    st.binary(max_size=300) | st.integers(1, len(_LARGE)).map(lambda length: _LARGE[:length]),
    st.lists(
        st.tuples(st.just("read"), st.integers(-1, 200_000))
        | st.tuples(st.just("set"), st.integers(0, 500_000))
        | st.tuples(st.just("end"), st.integers(-100_000, 10)),
        max_size=12,
    ),
)
@settings(deadline=None, max_examples=80)
def test_any_reads_and_seeks_give_what_a_plain_file_gives(content: bytes, acts: list[tuple[str, int]]) -> None:
    plain = io.BytesIO(content)

    with opened(gzip.compress(content, 1)) as file:
        for act, number in acts:
            if act == "read":
                assert file.read(number) == plain.read(number)
            elif act == "set":
                assert file.seek(number) == plain.seek(number)
            elif len(content) + number >= 0:
                assert file.seek(number, os.SEEK_END) == plain.seek(number, os.SEEK_END)
            assert file.tell() == plain.tell()


def test_it_can_be_copied_and_knows_its_sizes() -> None:
    packed = gzip.compress(_LARGE, 1)

    with opened(packed) as file:
        assert (file.size, file.stored_size) == (len(_LARGE), len(packed))
        assert b"".join(iter(lambda: file.read1(), b"")) == _LARGE
        assert file.seek(-5, os.SEEK_CUR) == len(_LARGE) - 5
        assert file.readinto(bytearray(8)) == 5
        with pytest.raises(ValueError, match="negative"):
            file.seek(-1)


def test_going_back_less_than_a_block_unpacks_nothing_again() -> None:
    source = io.BytesIO(gzip.compress(_LARGE, 1))
    with PackedFile(source, "name") as file:
        file.seek(200_000)
        file.read(10)
        read_so_far = source.tell()

        file.seek(150_000)

        assert file.read(10) == _LARGE[150_000:150_010]
        assert source.tell() == read_so_far


def test_zlib_goes_back_as_cheaply(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "isal", None)
    deflating._library.cache_clear()
    try:
        test_going_back_less_than_a_block_unpacks_nothing_again()
        test_the_last_bytes_come_only_when_all_before_them_were_good()
    finally:
        deflating._library.cache_clear()


def test_a_packed_file_has_no_bytes_for_the_kernel_to_send(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(gzip.compress(b"content", 1))

    with path.open("rb") as plain:
        assert descriptor_of(plain) == plain.fileno()
        assert descriptor_of(PackedFile(plain, "name")) is None  # type: ignore[arg-type]


@pytest.mark.parametrize("cut", [0, 1, 3, 10, 19, -1, -4, -8, -9, 0.5])
def test_a_file_cut_short_is_damaged(cut: float) -> None:
    packed = gzip.compress(_LARGE, 1)
    length = int(len(packed) * cut) if cut == 0.5 else cut if cut >= 0 else len(packed) + cut

    with pytest.raises(DamagedFile):
        read_all(packed[: int(length)])


def test_what_is_left_of_a_header_is_damaged_on_a_real_card_too(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"\x1f\x8b\x08")

    with path.open("rb") as file, pytest.raises(DamagedFile):
        PackedFile(file, "name")


@pytest.mark.parametrize("place", [0, 1, 2, 3, 20, 5000, -1, -4, -5, -8])
def test_a_flipped_byte_is_found(place: int) -> None:
    packed = bytearray(gzip.compress(_LARGE, 1))
    packed[place] ^= 0xFF

    with pytest.raises(DamagedFile):
        read_all(bytes(packed))


def test_the_last_bytes_come_only_when_all_before_them_were_good() -> None:
    """Also for a reader that knows the size and never reads past it."""
    packed = bytearray(gzip.compress(_LARGE, 1))
    packed[-6] ^= 1  # of the checksum

    with opened(bytes(packed)) as file:
        assert file.read(len(_LARGE) - 66_000) == _LARGE[:-66_000]
        with pytest.raises(DamagedFile):
            file.read(66_000)


def test_of_a_file_of_whole_blocks_the_last_one_comes_only_when_all_was_good() -> None:
    content = _LARGE[: 2 * 65536]
    packed = bytearray(gzip.compress(content, 1))
    packed[-6] ^= 1

    with opened(bytes(packed)) as file, pytest.raises(DamagedFile):
        file.read(len(content))


def full_read_block() -> tuple[bytes, bytes]:
    """A content, and its packed file of exactly what is read from a file at once."""
    for length in range(65400, 65536):
        packed = gzip.compress(_LARGE[:length], 0)
        if len(packed) == 65536:
            return _LARGE[:length], packed
    raise AssertionError("no such length")


@pytest.mark.parametrize("behind", [b"", b"more"])
def test_what_stands_behind_the_end_is_damage_also_when_it_tells_the_right_length(behind: bytes) -> None:
    for content, packed in ((_LARGE, gzip.compress(_LARGE, 1)), full_read_block()):
        with pytest.raises(DamagedFile):
            read_all(packed + behind + len(content).to_bytes(4, "little"))


def test_where_the_deflated_bytes_lie_is_told_of_our_files_only() -> None:
    packed = gzip.compress(_LARGE, 1)

    found = deflated(io.BytesIO(packed), "name")

    assert zlib.decompress(packed[found.offset : found.offset + found.length], -15) == _LARGE
    assert (found.crc32, found.size) == (zlib.crc32(_LARGE), len(_LARGE))
    for other in (b"", packed[:19], b"DICM" * 20, packed[:3] + b"\x08" + packed[4:]):
        with pytest.raises(DamagedFile):
            deflated(io.BytesIO(other), "name")


def test_a_damaged_file_stays_damaged_for_who_tries_again() -> None:
    packed = bytearray(gzip.compress(_LARGE, 1))
    packed[-6] ^= 1

    with opened(bytes(packed)) as file:
        for place in (len(_LARGE) - 10, len(_LARGE) - 10, len(_LARGE) - 70_000, 0):
            file.seek(place)
            with pytest.raises(DamagedFile):
                file.read(10)


@pytest.mark.parametrize(
    "packed",
    [
        gzip.compress(_LARGE, 1) + b"\0",
        gzip.compress(_LARGE, 1) + b"something behind it" * 10_000,
        gzip.compress(_LARGE[:1000]) + gzip.compress(_LARGE[1000:]),
        gzip.compress(_LARGE, 1)[:-4] + (7).to_bytes(4, "little"),
        gzip.compress(_LARGE, 1)[:-4] + (2**32 - 1).to_bytes(4, "little"),
        zlib.compress(_LARGE),
        b"\x1f\x8b\x08" + b"\xff" * 200,
        b"DICM" * 20,
    ],
    ids=["zero", "trailing", "members", "size-small", "size-large", "zlib", "flags", "other"],
)
def test_anything_but_one_member_is_damaged(packed: bytes) -> None:
    with pytest.raises(DamagedFile):
        read_all(packed)


def test_a_bomb_that_lies_about_its_size_ends_after_a_block() -> None:
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    bomb = b"".join(packer.compress(bytes(2**20)) for _ in range(200)) + packer.flush()
    lying = bomb[:-4] + (100).to_bytes(4, "little")

    tracemalloc.start()
    with pytest.raises(DamagedFile):
        read_all(lying)
    with opened(bomb) as file:
        file.seek(150 * 2**20)
        assert file.read(10) == bytes(10)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()

    assert peak < 2**20
