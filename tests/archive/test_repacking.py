"""One kept file changes its form: the content stays, one of the two forms is always there, never both for long."""

import os
import shutil
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from pacsberry.archive import Archive, filestore, repacking
from pacsberry.archive.attachments import Attachment
from pacsberry.errors import BadRequest, Conflict, DamagedFile
from pacsberry.model import Level, OverwritePolicy
from tests.archive.keeping_aids import RECEIPT, SETTINGS, counts, encode, files_on_card, keep, make_header, open_archive

HEADER = make_header()
INSTANCE = HEADER.identifiers.orthanc_id(Level.INSTANCE)
STUDY = HEADER.identifiers.orthanc_id(Level.STUDY)
CONTENT = encode(HEADER) + b"x" * 50_000


@pytest.fixture
def archive(tmp_path: Path) -> Iterator[Archive]:
    with open_archive(tmp_path) as archive:
        keep(archive, HEADER, CONTENT)
        yield archive


def dicom(archive: Archive) -> Attachment:
    return archive.attachments.get(Level.INSTANCE, INSTANCE, "dicom")


def content_of(archive: Archive, attachment: Attachment) -> bytes:
    with archive.files.open(attachment.file) as file:
        return file.read()


def wait_for_files(folder: Path, count: int) -> list[Path]:
    for _ in range(500):
        if len(files_on_card(folder)) == count:
            break
        threading.Event().wait(0.01)
    return files_on_card(folder)


def test_there_and_back_the_content_stays(archive: Archive, tmp_path: Path) -> None:
    before = dicom(archive)

    assert archive.repacking.change(Level.INSTANCE, INSTANCE, "dicom", packed=True)
    assert not archive.repacking.change(Level.INSTANCE, INSTANCE, "dicom", packed=True)

    packed = dicom(archive)
    (path,) = wait_for_files(tmp_path, 1)
    assert packed.is_packed
    assert (packed.size, packed.crc32, packed.etag) == (before.size, before.crc32, before.etag)
    assert packed.bytes_on_card == path.stat().st_size < before.bytes_on_card
    assert content_of(archive, packed) == CONTENT
    counts(archive)

    assert archive.repacking.change(Level.INSTANCE, INSTANCE, "dicom", packed=False)

    assert not dicom(archive).is_packed
    (path,) = wait_for_files(tmp_path, 1)
    assert path.read_bytes() == CONTENT
    counts(archive)


def test_what_is_told_beside_the_file_goes_with_it(archive: Archive) -> None:
    before = archive.files.path(dicom(archive).file)
    os.utime(before, ns=(1_600_000_000_123_456_789, 1_600_000_000_123_456_789))
    text = archive.files.receipt_text(dicom(archive).file)

    archive.repacking.change(Level.INSTANCE, INSTANCE, "dicom", packed=True)

    after = dicom(archive).file
    assert archive.files.path(after).stat().st_mtime_ns == 1_600_000_000_123_456_789
    assert archive.files.receipt_text(after) == text
    assert RECEIPT.remote_aet in text or not text  # '' where the file system has no extended attributes


def test_a_users_file_is_packed_with_its_facts(archive: Archive) -> None:
    with archive.spool() as spool:
        spool.write(b"text " * 5000)
        written = archive.attachments.put(Level.STUDY, STUDY, "1024", spool)

    archive.repacking.change(Level.STUDY, STUDY, "1024", packed=True)

    found = archive.attachments.get(Level.STUDY, STUDY, "1024")
    assert found == replace(written, file=found.file, stored_size=found.stored_size)
    assert found.stored_size is not None
    assert archive.attachments.info(found)["CompressedSize"] == found.stored_size
    assert content_of(archive, found) == b"text " * 5000
    assert archive.statistics.of(Level.STUDY, STUDY)["DiskSize"] == str(found.stored_size + len(CONTENT))
    archive.attachments.verify(found)


def test_who_read_the_old_name_gets_the_content_all_the_same(archive: Archive, tmp_path: Path) -> None:
    first = dicom(archive)
    archive.repacking.change(Level.INSTANCE, INSTANCE, "dicom", packed=True)
    archive.repacking.change(Level.INSTANCE, INSTANCE, "dicom", packed=False)
    wait_for_files(tmp_path, 1)

    assert not archive.files.path(first.file).exists()
    assert archive.files.exists(first.file)
    assert content_of(archive, first) == CONTENT


def test_old_names_are_forgotten_in_the_end(archive: Archive, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(filestore, "_CHANGES_REMEMBERED", 3)

    for number in range(6):
        archive.repacking.change(Level.INSTANCE, INSTANCE, "dicom", packed=number % 2 == 0)

    assert len(archive.files._changed) == 3


def test_a_damaged_file_stays_as_it_is(archive: Archive) -> None:
    path = archive.files.path(dicom(archive).file)
    path.write_bytes(CONTENT[:-1] + b"y")

    with pytest.raises(DamagedFile):
        archive.repacking.change(Level.INSTANCE, INSTANCE, "dicom", packed=True)

    assert not dicom(archive).is_packed
    assert path.read_bytes() == CONTENT[:-1] + b"y"


def test_what_gzip_cannot_tell_the_length_of_is_not_packed(archive: Archive, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(repacking, "_MOST_BYTES", len(CONTENT) - 1)

    with pytest.raises(BadRequest, match="4 GB"):
        archive.repacking.change(Level.INSTANCE, INSTANCE, "dicom", packed=True)


def test_a_file_replaced_meanwhile_is_not_overwritten(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with open_archive(tmp_path, replace(SETTINGS, overwrite=OverwritePolicy.ALWAYS)) as archive:
        keep(archive, HEADER, CONTENT)
        copy = archive.repacking._copy

        def slow_copy(*arguments: object) -> None:
            copy(*arguments)  # type: ignore[arg-type]
            keep(archive, HEADER, CONTENT + b"new")

        monkeypatch.setattr(archive.repacking, "_copy", slow_copy)

        with pytest.raises(Conflict):
            archive.repacking.change(Level.INSTANCE, INSTANCE, "dicom", packed=True)

        assert content_of(archive, dicom(archive)) == CONTENT + b"new"
        archive.files.next_bucket()
        assert archive.files.first_open_bucket() == 1  # nobody waits for the file that was not needed
        assert len(wait_for_files(tmp_path, 1)) == 1
        counts(archive)


@pytest.mark.parametrize("policy", list(OverwritePolicy))
@pytest.mark.parametrize("packed", [True, False])
def test_a_plug_pulled_before_the_commit_leaves_one_form_and_all_that_is_known(
    tmp_path: Path, policy: OverwritePolicy, packed: bool
) -> None:
    """The new file is there, the row names the old one."""
    settings = replace(SETTINGS, overwrite=policy, compression=not packed)
    with open_archive(tmp_path / "one", settings) as archive:
        keep(archive, HEADER, CONTENT)
        archive.labels.add(Level.INSTANCE, INSTANCE, "seen")
        before = dicom(archive)
        assert before.is_packed is not packed
    shutil.copytree(tmp_path / "one", tmp_path / "two")
    with open_archive(tmp_path / "one", settings) as archive:
        archive.repacking.change(Level.INSTANCE, INSTANCE, "dicom", packed=packed)
        new = dicom(archive).file
    shutil.copy2(tmp_path / "one/files" / new, tmp_path / "two/files" / new)

    with open_archive(tmp_path / "two", settings) as archive:
        assert dicom(archive) == before
        assert content_of(archive, before) == CONTENT
        assert archive.labels.of(Level.INSTANCE, INSTANCE) == ["seen"]
        assert [path.name for path in wait_for_files(tmp_path / "two", 1)] == [before.file.rpartition("/")[2]]
        counts(archive)
