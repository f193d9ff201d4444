"""ZIP files from strangers: read like zipfile reads them, refused before they can do harm."""

import contextlib
import io
import struct
import zipfile

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pacsberry.errors import TooLarge, UnreadableDicom
from pacsberry.ingest.zipped import ZippedFile
from tests.ingest.zips import liar, zipped

LIMIT = 2**20


def opened(data: bytes) -> ZippedFile:
    return ZippedFile(io.BytesIO(data), size=len(data))


def contents(data: bytes) -> list[tuple[bytes, bytes]]:
    zip_file = opened(data)
    zip_file.check(largest_member_bytes=LIMIT)
    return [(member.name, b"".join(zip_file.content(member))) for member in zip_file.members()]


members = st.dictionaries(
    st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1, max_size=20), st.binary(max_size=3000)
)


@given(members, st.sampled_from([zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED]))
def test_any_zip_is_read_as_it_was_packed(packed: dict[str, bytes], method: int) -> None:
    data = zipped(packed, method=method)
    with zipfile.ZipFile(io.BytesIO(data)) as reference:
        expected = [reference.read(one) for one in reference.infolist()]

    assert [content for _, content in contents(data)] == expected


@given(st.binary(max_size=400))
def test_bytes_of_any_kind_are_read_or_refused(data: bytes) -> None:
    with contextlib.suppress(UnreadableDicom, TooLarge):
        contents(b"PK\x03\x04" + data)


@settings(max_examples=300)
@given(st.data())
def test_a_zip_with_changed_bytes_is_read_or_refused(data: st.DataObject) -> None:
    packed = bytearray(zipped({"a": b"hello" * 50, "b": bytes(300)}))
    for _ in range(data.draw(st.integers(1, 4))):
        packed[data.draw(st.integers(0, len(packed) - 1))] = data.draw(st.integers(0, 255))

    with contextlib.suppress(UnreadableDicom, TooLarge):
        contents(bytes(packed))


@pytest.mark.parametrize("keep", [10, 100, 300, -1, -10, -30])
def test_a_zip_cut_short_is_refused(keep: int) -> None:
    with pytest.raises(UnreadableDicom):
        contents(zipped({"a": bytes(range(256)) * 4}, method=zipfile.ZIP_STORED)[:keep])


def test_bytes_in_front_of_a_zip_are_passed_over() -> None:
    assert contents(b"#!/bin/sh\n" + zipped({"a": b"hello"})) == [(b"a", b"hello")]


def test_a_comment_at_the_end_is_passed_over() -> None:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("a", b"hello")
        archive.comment = b"x" * 60_000

    assert contents(file.getvalue()) == [(b"a", b"hello")]


def test_zip64_is_read() -> None:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        with archive.open("a", "w", force_zip64=True) as member:
            member.write(b"hello")
        for number in range(65_600):
            archive.writestr(zipfile.ZipInfo(f"{number}"), b"")

    zip_file = opened(file.getvalue())

    assert sum(1 for _ in zip_file.members()) == 65_601
    assert b"".join(zip_file.content(next(zip_file.members()))) == b"hello"


def test_members_announced_larger_than_allowed_are_refused_before_anything_is_unpacked() -> None:
    with pytest.raises(TooLarge, match="MaximumFileSizeInArchiveMB"):
        opened(zipped({"a": b"", "b": bytes(LIMIT + 1)})).check(largest_member_bytes=LIMIT)


def test_a_member_that_unpacks_to_more_than_it_announces_is_stopped_there() -> None:
    zip_file = opened(liar(bytes(50 * LIMIT), announced=1000))
    zip_file.check(largest_member_bytes=LIMIT)

    with pytest.raises(TooLarge, match="announces"):
        list(zip_file.content(next(zip_file.members())))


def test_a_member_that_unpacks_to_less_is_damaged() -> None:
    with pytest.raises(UnreadableDicom, match="damaged"):
        contents(liar(b"hello", announced=6))


def test_members_that_share_their_bytes_are_refused() -> None:
    with pytest.raises(TooLarge, match="overlap"):
        contents(liar(bytes(LIMIT // 2), announced=LIMIT // 2, copies=50))


def test_a_zip_that_unpacks_to_hundreds_of_times_its_size_is_refused() -> None:
    parts = {str(number): bytes(2**26) for number in range(5)}

    with pytest.raises(TooLarge, match="200 times"):
        opened(zipped(parts)).check(largest_member_bytes=2**27)


def test_a_zip_of_too_many_members_is_refused() -> None:
    entry = struct.pack("<4s6H3L5H2L", b"PK\x01\x02", 20, 20, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0)
    count, length = 200_000, 200_000 * len(entry)
    end64 = struct.pack("<4sQ2H2L4Q", b"PK\x06\x06", 44, 45, 45, 0, 0, count, count, length, 0)
    locator = struct.pack("<4sLQL", b"PK\x06\x07", 0, length, 1)
    end = struct.pack("<4s4H2LH", b"PK\x05\x06", 0, 0, 0xFFFF, 0xFFFF, 0xFFFFFFFF, 0xFFFFFFFF, 0)

    with pytest.raises(TooLarge, match="200000 members"):
        opened(entry * count + end64 + locator + end).check(largest_member_bytes=LIMIT)


def test_an_encrypted_zip_is_told_to_be_one() -> None:
    data = bytearray(zipped({"a": b"hello"}))
    data[data.index(b"PK\x01\x02") + 8] |= 1

    with pytest.raises(UnreadableDicom, match="encrypted"):
        contents(bytes(data))


def test_other_methods_of_packing_are_named() -> None:
    with pytest.raises(UnreadableDicom, match="method 12"):
        contents(zipped({"a": b"hello"}, method=zipfile.ZIP_BZIP2))
