"""A card that does not give back what it was given: an error for the reader, and a report."""

from pathlib import Path

import pytest

from pacsberry.archive.filestore import FileStore
from pacsberry.archive.inventory import Entry
from pacsberry.errors import DamagedFile, UnknownResource
from pacsberry.http.sending import Slice
from pacsberry.model import Level
from pacsberry.upkeep.entry_findings import (
    UnreadableFile,
)
from pacsberry.upkeep.verifying import verify

NAME = "00000000/slice.dcm"
# To read the first page of a process's memory is an I/O error, as from a card whose sector is gone.
UNREADABLE = Path("/proc/self/mem")


@pytest.fixture
def files(tmp_path: Path) -> FileStore:
    store = FileStore(tmp_path, sync_files=False, with_md5=False, reserve_bytes=0)
    store.path(NAME).parent.mkdir(parents=True)
    return store


@pytest.fixture
def reports(files: FileStore) -> list[str]:
    reported: list[str] = []
    files.report_to(reported.append)
    return reported


def test_what_the_card_does_not_give_is_a_damaged_file_and_reported(files: FileStore, reports: list[str]) -> None:
    files.path(NAME).symlink_to(UNREADABLE)

    for size in (10, -1):
        with files.open(NAME) as file, pytest.raises(DamagedFile, match=f"{NAME} cannot be read from the card"):
            file.read(size)

    assert reports == [NAME] * 2


def test_the_door_learns_it_from_a_send_that_failed_in_the_kernel(files: FileStore, reports: list[str]) -> None:
    files.path(NAME).symlink_to(UNREADABLE)
    with files.open(NAME) as file:
        part = Slice(file, 0, 10)

        assert isinstance(part.why(OSError(5, "Input/output error")), DamagedFile)
        gone = OSError(32, "Broken pipe")
        assert part.why(gone) is gone
    assert reports == [NAME]


def test_the_check_names_it(files: FileStore, reports: list[str]) -> None:
    files.path(NAME).symlink_to(UNREADABLE)
    size = len(str(UNREADABLE))
    entry = Entry(1, Level.INSTANCE, "x", NAME, size, None, "", 0, 0)

    finding = verify(files, entry, read=True).finding

    assert isinstance(finding, UnreadableFile)
    assert "Input/output error" in finding.words
    assert reports == []


def test_a_file_of_another_size_is_not_opened(files: FileStore, reports: list[str]) -> None:
    files.path(NAME).write_bytes(b"short")

    for open_it in (files.open, files.open_stored):
        open_it(NAME, 5).close()
        with pytest.raises(DamagedFile, match="5 bytes instead of 6"):
            open_it(NAME, 6)

    assert reports == [NAME] * 2


def test_a_missing_file_is_reported_since_the_index_may_still_have_it(files: FileStore, reports: list[str]) -> None:
    with pytest.raises(UnknownResource):
        files.open(NAME)

    assert reports == [NAME]
