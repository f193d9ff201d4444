"""Attachments: the DICOM file's facts, and users' files kept like instances."""

import hashlib
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from pacsberry.archive import Archive
from pacsberry.archive.attachments import Attachment
from pacsberry.errors import BadRequest, Conflict, NotAllowed, UnknownResource
from pacsberry.model import Header, Level
from tests.archive.keeping_aids import keep, make_header
from tests.archive.seed import open_archive, seed, study

TYPES = {"report": (1025, "application/pdf"), "raw": (1026, "")}
CONTENT = b"%PDF-1.4 " + b"x" * 300_000


def md5_of(content: bytes) -> str:
    return hashlib.md5(content, usedforsecurity=False).hexdigest()


@pytest.fixture
def header() -> Header:
    return make_header()


@pytest.fixture
def archive(tmp_path: Path, header: Header) -> Iterator[Archive]:
    """One instance with a real file behind it."""
    with open_archive(tmp_path, user_content_types=TYPES) as opened:
        keep(opened, header, b"DICM" * 100)
        yield opened


@pytest.fixture
def study_id(header: Header) -> str:
    return header.identifiers.orthanc_id(Level.STUDY)


def put(archive: Archive, study_id: str, name: str, content: bytes, if_match: str | None = None) -> Attachment:
    with archive.spool() as spool:
        spool.write(content)
        return archive.attachments.put(Level.STUDY, study_id, name, spool, if_match=if_match)


def users_files(archive: Archive) -> list[str]:
    return sorted(path.name for path in (archive.files.storage / "files").rglob("*.bin"))


def spooled_files(archive: Archive) -> list[Path]:
    return list((archive.files.storage / "spool").iterdir())


def wait_until_removed(archive: Archive, count: int) -> None:
    deadline = time.monotonic() + 10
    while len(users_files(archive)) > count:
        assert time.monotonic() < deadline, users_files(archive)
        time.sleep(0.02)


def test_an_instance_has_its_dicom_file(archive: Archive, header: Header) -> None:
    instance = header.identifiers.orthanc_id(Level.INSTANCE)
    (attachment,) = archive.attachments.all(Level.INSTANCE, instance)

    assert (attachment.name, attachment.number, attachment.media_type) == ("dicom", 1, "application/dicom")
    assert attachment.size == 400
    md5 = md5_of(b"DICM" * 100)
    assert archive.attachments.info(attachment) == {
        "CompressedMD5": md5,
        "CompressedSize": 400,
        "ContentType": 1,
        "UncompressedMD5": md5,
        "UncompressedSize": 400,
        "Uuid": attachment.uuid,
    }
    archive.attachments.verify(attachment)
    assert archive.attachments.get(Level.INSTANCE, instance, "1") == attachment
    for other in ("dicom-as-json", "dicom-until-pixel-data", "2", "report"):
        with pytest.raises(UnknownResource):
            archive.attachments.get(Level.INSTANCE, instance, other)


def test_a_users_file_comes_back_byte_for_byte(archive: Archive, study_id: str) -> None:
    stored = put(archive, study_id, "report", CONTENT)

    assert archive.attachments.get(Level.STUDY, study_id, "1025") == stored
    assert (stored.name, stored.media_type, stored.size) == ("report", "application/pdf", len(CONTENT))
    assert stored.md5 == md5_of(CONTENT)
    assert stored.etag == f'"0-{stored.md5}"'
    with archive.files.open(stored.file) as file:
        assert file.read() == CONTENT
    assert stored.file.endswith(f"{stored.uuid}.bin")
    archive.attachments.verify(stored)


def test_attachments_are_listed_by_number(archive: Archive, study_id: str) -> None:
    for name in ("2000", "raw", "report"):
        put(archive, study_id, name, b"x")

    listed = [(one.name, one.number, one.media_type) for one in archive.attachments.all(Level.STUDY, study_id)]

    assert listed == [
        ("report", 1025, "application/pdf"),
        ("raw", 1026, "application/octet-stream"),
        ("2000", 2000, "application/octet-stream"),
    ]


def test_a_new_version_replaces_the_file_and_raises_the_revision(archive: Archive, study_id: str) -> None:
    put(archive, study_id, "report", b"one")

    second = put(archive, study_id, "report", b"two")

    assert second.revision == 1
    wait_until_removed(archive, 1)
    assert users_files(archive) == [f"{second.uuid}.bin"]
    page = archive.changes.page(types=("UpdatedAttachment",))
    assert [change["ID"] for change in page["Changes"]] == [study_id] * 2  # type: ignore[attr-defined]


def test_a_deleted_attachment_is_gone_with_its_file(archive: Archive, study_id: str) -> None:
    put(archive, study_id, "report", b"one")

    archive.attachments.delete(Level.STUDY, study_id, "report")

    with pytest.raises(UnknownResource):
        archive.attachments.get(Level.STUDY, study_id, "report")
    with pytest.raises(UnknownResource):
        archive.attachments.delete(Level.STUDY, study_id, "report")
    wait_until_removed(archive, 0)


def test_attachments_go_with_their_resource(archive: Archive, study_id: str) -> None:
    put(archive, study_id, "report", b"one")

    archive.delete(Level.STUDY, study_id)

    wait_until_removed(archive, 0)


def test_a_write_against_an_old_revision_leaves_no_file(archive: Archive, study_id: str) -> None:
    first = put(archive, study_id, "report", b"one")
    second = put(archive, study_id, "report", b"two", if_match=first.etag)
    wait_until_removed(archive, 1)

    with pytest.raises(Conflict):
        put(archive, study_id, "report", b"three", if_match=first.etag)
    with pytest.raises(BadRequest):
        put(archive, study_id, "report", b"three", if_match="nonsense")
    with pytest.raises(Conflict):
        archive.attachments.delete(Level.STUDY, study_id, "report", if_match=first.etag)

    assert archive.attachments.get(Level.STUDY, study_id, "report") == second
    assert users_files(archive) == [f"{second.uuid}.bin"]
    assert spooled_files(archive) == []


def test_with_check_revisions_nothing_is_overwritten_unseen(tmp_path: Path) -> None:
    with open_archive(tmp_path, check_revisions=True) as archive:
        seed(archive, study())
        (study_id,) = archive.resources.ids(Level.STUDY)
        first = put(archive, study_id, "1024", b"one")

        with pytest.raises(Conflict):
            put(archive, study_id, "1024", b"two")
        with pytest.raises(Conflict):
            archive.attachments.delete(Level.STUDY, study_id, "1024")
        archive.attachments.delete(Level.STUDY, study_id, "1024", if_match=first.etag)


def test_the_systems_files_cannot_be_written(archive: Archive, study_id: str) -> None:
    for name in ("dicom", "1", "dicom-as-json", "1023"):
        with pytest.raises(NotAllowed):
            put(archive, study_id, name, b"x")
        with pytest.raises(NotAllowed):
            archive.attachments.delete(Level.STUDY, study_id, name)


def test_nothing_is_kept_for_what_is_not_there(archive: Archive, study_id: str) -> None:
    with pytest.raises(UnknownResource):
        put(archive, "gone", "report", b"x")
    for name in ("Nope", "", "-1", "\ud800"):
        with pytest.raises(UnknownResource):
            put(archive, study_id, name, b"x")
    with pytest.raises(BadRequest):
        put(archive, study_id, "65536", b"x")
    assert users_files(archive) == []
    assert spooled_files(archive) == []


@pytest.mark.parametrize("store_md5", [True, False])
def test_a_damaged_file_is_noticed(tmp_path: Path, header: Header, store_md5: bool) -> None:
    with open_archive(tmp_path, store_md5=store_md5) as archive:
        keep(archive, header, b"DICM" * 100)
        instance = header.identifiers.orthanc_id(Level.INSTANCE)
        attachment = archive.attachments.get(Level.INSTANCE, instance, "dicom")
        assert bool(attachment.md5) is store_md5
        assert len(attachment.etag) == (36 if store_md5 else 12)  # MD5, or CRC-32 in its place
        archive.attachments.verify(attachment)

        path = archive.files.path(attachment.file)
        content = bytearray(path.read_bytes())
        content[17] ^= 1
        path.write_bytes(content)

        with pytest.raises(BadRequest, match="damaged"):
            archive.attachments.verify(attachment)


def test_without_any_checksum_nothing_can_be_verified(archive: Archive, header: Header) -> None:
    archive.index.write(lambda connection: connection.execute("UPDATE instances SET crc32 = NULL, md5 = ''"))
    instance = header.identifiers.orthanc_id(Level.INSTANCE)

    with pytest.raises(BadRequest, match="StoreMD5ForAttachments"):
        archive.attachments.verify(archive.attachments.get(Level.INSTANCE, instance, "dicom"))


def test_a_file_kept_without_its_row_is_removed_by_the_next_start(tmp_path: Path, header: Header) -> None:
    with open_archive(tmp_path) as archive:
        keep(archive, header, b"DICM")
    with open_archive(tmp_path) as archive:
        with archive.spool() as spool:
            spool.write(b"the plug is pulled after this")
            archive.files.keep(spool, ".bin")
        archive.index.write(
            lambda connection: connection.execute("UPDATE facts SET value = 0 WHERE name = 'open_bucket'")
        )
        assert len(users_files(archive)) == 1
    with open_archive(tmp_path) as archive:
        wait_until_removed(archive, 0)
