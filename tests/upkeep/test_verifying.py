"""One file against its entry, in every form it can lie in."""

import gzip
import zlib
from pathlib import Path

import pytest

from pacsberry.archive.filestore import FileStore
from pacsberry.archive.inventory import Entry
from pacsberry.model import Level
from pacsberry.upkeep.entry_findings import BrokenPacking, ForbiddenFile, MissingFile, WrongChecksum, WrongSize
from pacsberry.upkeep.verifying import _of_system, verify

NAME = "00000000/one.dcm.gz"
CONTENT = b"a slice " * 1000
PACKED = gzip.compress(CONTENT, mtime=0)


@pytest.fixture
def files(tmp_path: Path) -> FileStore:
    store = FileStore(tmp_path, sync_files=False, with_md5=False, reserve_bytes=0)
    store.path(NAME).parent.mkdir(parents=True)
    return store


def entry(*, size: int = len(CONTENT), crc32: int | None = zlib.crc32(CONTENT), packed: bytes = PACKED) -> Entry:
    return Entry(1, Level.INSTANCE, "x", NAME, size, len(packed), "", crc32, 0)


def test_a_packed_file_is_verified_by_its_content(files: FileStore) -> None:
    files.path(NAME).write_bytes(PACKED)
    pieces: list[int] = []

    verified = verify(files, entry(), read=True, on_piece=pieces.append)

    assert (verified.finding, verified.crc32) == (None, zlib.crc32(CONTENT))
    assert sum(pieces) == len(CONTENT)


@pytest.mark.parametrize("at", [0, 3, 10, len(PACKED) // 2, len(PACKED) - 6, len(PACKED) - 1])
def test_whatever_flips_in_a_packed_file_is_found(files: FileStore, at: int) -> None:
    harmed = bytearray(PACKED)
    harmed[at] ^= 0x10
    files.path(NAME).write_bytes(harmed)

    finding = verify(files, entry(), read=True).finding

    # A flipped flag or time in gzip's header leaves the content as it was.
    assert isinstance(finding, BrokenPacking | WrongChecksum) or at in (3, 4)
    if finding is not None:
        assert NAME in finding.words


def test_a_packed_file_of_something_else_is_found_even_without_a_checksum(files: FileStore) -> None:
    files.path(NAME).write_bytes(PACKED)

    finding = verify(files, entry(size=len(CONTENT) + 1, crc32=None), read=True).finding

    assert isinstance(finding, BrokenPacking)
    assert str(len(CONTENT)) in finding.words


def test_a_packed_file_cut_short_is_found_by_its_size(files: FileStore) -> None:
    files.path(NAME).write_bytes(PACKED[:-1])

    finding = verify(files, entry(), read=False).finding

    assert isinstance(finding, WrongSize)
    assert (finding.expected, finding.found) == (f"{len(PACKED)} bytes", f"{len(PACKED) - 1} bytes")


def test_a_missing_file_and_a_missing_folder_are_missing(files: FileStore) -> None:
    assert isinstance(verify(files, entry(), read=True).finding, MissingFile)
    files.path(NAME).parent.rmdir()
    assert isinstance(verify(files, entry(), read=True).finding, MissingFile)


def test_a_file_that_may_not_be_read_is_not_called_damaged() -> None:
    finding = _of_system(entry(), PermissionError(13, "Permission denied"))

    assert isinstance(finding, ForbiddenFile)
    assert finding.remedy == ""
    assert "chown" in finding.words
