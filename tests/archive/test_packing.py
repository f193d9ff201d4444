"""StorageCompression: files are packed while they are received, and read as if they were not."""

import gzip
import io
import os
import random
import sqlite3
import sys
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pacsberry.archive import deflating, packingspool
from pacsberry.archive.archive import Archive
from pacsberry.archive.attachments import Attachment
from pacsberry.archive.packedfile import PackedFile
from pacsberry.archive.packingspool import PackingSpool
from pacsberry.errors import BadRequest, DamagedFile, NoRoom
from pacsberry.model import KeepStatus, Level, OverwritePolicy
from tests.archive.keeping_aids import SETTINGS, counts, encode, files_on_card, keep, make_header, open_archive
from tests.makers import EXPLICIT, make_dataset, part10

PACKED = replace(SETTINGS, compression=True)
RLE = "1.2.840.10008.1.2.5"
NOISE = random.Random(1).randbytes(300_000)


def content_of(number: int, length: int = 20_000) -> bytes:
    """Something that `decode` reads and that gets smaller."""
    return encode(make_header(instance=number)) + b"x" * length


def attachment_of(archive: Archive, instance: int = 1) -> Attachment:
    instance_id = make_header(instance=instance).identifiers.orthanc_id(Level.INSTANCE)
    return archive.attachments.get(Level.INSTANCE, instance_id, "dicom")


def file_of(archive: Archive, instance: int = 1) -> str:
    return attachment_of(archive, instance).file


def read(archive: Archive, instance: int = 1) -> bytes:
    with archive.files.open(file_of(archive, instance)) as file:
        return file.read()


def spooled(folder: Path, pieces: list[bytes]) -> PackingSpool:
    folder.mkdir(exist_ok=True)
    spool = PackingSpool(folder / f"{len(list(folder.iterdir()))}.part", with_md5=True)
    for piece in pieces:
        spool.write(piece)
    return spool


def test_what_is_kept_is_one_gzip_member_with_the_content(tmp_path: Path) -> None:
    with open_archive(tmp_path, PACKED) as archive:
        keep(archive, make_header(), content_of(1))

        (path,) = files_on_card(tmp_path)
        assert path.name.endswith(".dcm.gz")
        assert gzip.decompress(path.read_bytes()) == content_of(1)
        assert read(archive) == content_of(1)
        with archive.index.read() as connection:
            row = connection.execute("SELECT size, stored_size FROM instances").fetchone()
        assert row == (len(content_of(1)), path.stat().st_size)
        statistics = archive.statistics.total()
        assert statistics["TotalDiskSize"] == str(path.stat().st_size)
        assert statistics["TotalUncompressedSize"] == str(len(content_of(1)))


@given(st.lists(st.binary(max_size=200) | st.integers(1, 90_000).map(lambda size: NOISE[:size] + bytes(size))))
@settings(deadline=None, max_examples=60)
def test_any_pieces_come_out_as_they_went_in(tmp_path_factory: pytest.TempPathFactory, pieces: list[bytes]) -> None:
    whole = b"".join(pieces)
    with spooled(tmp_path_factory.getbasetemp() / "pieces", pieces) as spool:
        assert spool.size == len(whole)
        assert spool.head == whole[:65536]

        with spool.open() as file:
            assert file.read() == whole

        stored = spool.path.read_bytes()
        assert len(stored) == (len(whole) if spool.stored_size is None else spool.stored_size)
        assert (whole if spool.stored_size is None else gzip.decompress(stored)) == whole == stored or stored != whole


@pytest.mark.parametrize(
    ("content", "is_packed"),
    [
        (b"", False),
        (bytes(4096), False),
        (bytes(4097), True),
        (NOISE, False),
        (bytes(1000) + NOISE[:64_000], False),
        (b"PK\x03\x04" + bytes(10_000), False),
        (b"\x1f\x8b" + bytes(10_000), False),
        (b"--boundary\r\n" + bytes(10_000), False),
        (part10(make_dataset("CT", transfer_syntax=EXPLICIT, rows=64, columns=64)), True),
        (b"PK\x03\x04" + part10(make_dataset("CT", transfer_syntax=EXPLICIT, rows=64, columns=64))[4:], True),
        (part10(make_dataset("CT", transfer_syntax=RLE, rows=64, columns=64)) + bytes(10_000), False),
        (bytes(128) + b"DICM\x02\x00\x00\x00ZZ" + bytes(10_000), False),
    ],
    ids=["empty", "block", "more", "noise", "hardly", "zip", "gzip", "form", "dicom", "dicom-as-zip", "rle", "broken"],
)
def test_only_what_pays_is_packed(tmp_path: Path, content: bytes, is_packed: bool) -> None:
    with spooled(tmp_path, [content[:5000], content[5000:]]) as spool:
        spool.finish()

        assert (spool.stored_size is not None) == is_packed
        assert is_packed or spool.path.read_bytes() == content


def test_nothing_is_written_before_it_is_decided(tmp_path: Path) -> None:
    with spooled(tmp_path, [bytes(65_000)]) as spool:
        assert spool.path.stat().st_size == 0
        spool.write(bytes(600))
        spool.write(bytes(10_000_000))
        spool.finish()

        assert 0 < spool.path.stat().st_size < 100_000


def test_a_file_longer_than_gzip_can_tell_goes_on_plain(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(packingspool, "MOST_BYTES", 200_000)
    pieces = [bytes(90_000), bytes(110_000), b"\1", bytes(50_000)]

    with spooled(tmp_path, pieces) as spool:
        spool.finish()

        assert spool.stored_size is None
        assert spool.path.read_bytes() == b"".join(pieces)
        assert list(tmp_path.iterdir()) == [spool.path]
    assert list(tmp_path.iterdir()) == []


def test_without_isal_zlib_does_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "isal", None)
    deflating._library.cache_clear()
    try:
        compressor = deflating.new_compressor()
        assert type(compressor).__module__ == "zlib"
        packed = compressor.compress(bytes(100_000)) + compressor.flush()
        with PackedFile(io.BytesIO(packed), "name") as file:
            assert file.read() == bytes(100_000)
        with pytest.raises(DamagedFile), PackedFile(io.BytesIO(packed[:30] + packed[31:]), "name") as file:
            file.read()
    finally:
        deflating._library.cache_clear()

    assert gzip.decompress(packed) == bytes(100_000)


def test_a_full_card_is_no_room_also_for_the_last_bytes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(descriptor: int, data: bytes) -> int:
        raise OSError(28, "No space left on device")

    with spooled(tmp_path, [bytes(60_000)]) as spool:
        monkeypatch.setattr(os, "write", full)
        with pytest.raises(NoRoom):
            spool.sync()


@pytest.mark.parametrize(("again", "status"), [(0, KeepStatus.ALREADY_STORED), (1, KeepStatus.SUCCESS)])
def test_if_changed_compares_contents(tmp_path: Path, again: int, status: KeepStatus) -> None:
    changed = replace(PACKED, overwrite=OverwritePolicy.IF_CHANGED)
    content = content_of(1)
    with open_archive(tmp_path, changed) as archive:
        keep(archive, make_header(), content)
        archive.files.packs = False  # the same bytes in the other form

        assert keep(archive, make_header(), content[:-1] + (b"y" if again else b"x")).status is status


def test_counters_follow_replacement_and_deletion(tmp_path: Path) -> None:
    with open_archive(tmp_path, replace(PACKED, overwrite=OverwritePolicy.ALWAYS)) as archive:
        for number in (1, 2, 3):
            keep(archive, make_header(instance=number), content_of(number))
        keep(archive, make_header(instance=1), content_of(1, 90_000))
        counts(archive)
        archive.delete(Level.INSTANCE, make_header(instance=2).identifiers.orthanc_id(Level.INSTANCE))

        counts(archive)
        archive.delete(Level.PATIENT, make_header().identifiers.orthanc_id(Level.PATIENT))
        counts(archive)
        assert archive.statistics.total()["TotalDiskSize"] == "0"


def test_a_pulled_plug_loses_no_packed_file(tmp_path: Path) -> None:
    """The files are there, the index is as it was before they came."""
    with open_archive(tmp_path, PACKED):
        pass
    earlier = (tmp_path / "index.sqlite3").read_bytes()
    with open_archive(tmp_path, PACKED) as archive:
        for number in (1, 2, 3):
            keep(archive, make_header(instance=number), content_of(number))
        before = archive.statistics.total()
    (tmp_path / "index.sqlite3").write_bytes(earlier)

    with open_archive(tmp_path, PACKED) as archive:
        assert counts(archive)["instances"] == 3
        assert archive.statistics.total() == before
        assert read(archive, 2) == content_of(2)
        archive.attachments.verify(attachment_of(archive, 2))


def test_an_index_made_anew_knows_the_sizes_of_packed_files(tmp_path: Path) -> None:
    with open_archive(tmp_path, PACKED) as archive:
        for number in (1, 2, 3):
            keep(archive, make_header(instance=number), content_of(number))
        before = archive.statistics.total()
    for path in tmp_path.glob("index.sqlite3*"):
        path.unlink()

    with open_archive(tmp_path, PACKED) as archive:
        assert counts(archive)["instances"] == 3
        assert archive.statistics.total() == before
        archive.attachments.verify(attachment_of(archive, 2))  # by the checksum in the file itself


def test_a_packed_file_cut_short_is_never_served_and_the_next_start_names_it(tmp_path: Path) -> None:
    with open_archive(tmp_path, PACKED) as archive:
        keep(archive, make_header(instance=1), content_of(1))
        keep(archive, make_header(instance=2), content_of(2))
        cut = archive.files.path(file_of(archive, 2))
        os.truncate(cut, cut.stat().st_size - 1)
        with pytest.raises(DamagedFile):
            read(archive, 2)
        with pytest.raises(BadRequest, match="damaged"):
            archive.attachments.verify(attachment_of(archive, 2))
    with closing(sqlite3.connect(tmp_path / "index.sqlite3")) as connection, connection:
        connection.execute("UPDATE facts SET value = 0 WHERE name = 'clean'")

    archive = Archive(storage=tmp_path, index=tmp_path / "index.sqlite3", settings=PACKED)
    lost = archive.start().lost
    try:
        assert lost == [make_header(instance=2).identifiers.orthanc_id(Level.INSTANCE)]
        assert counts(archive)["instances"] == 1
        assert read(archive, 1) == content_of(1)
    finally:
        archive.stop()


def test_what_is_admitted_is_what_the_file_takes_on_the_card(tmp_path: Path) -> None:
    admitted: list[int] = []

    class Admission:
        def admit(self, patient: str, growth: int) -> None:
            admitted.append(growth)

    with open_archive(tmp_path, PACKED) as archive:
        archive.admit_with(Admission())
        keep(archive, make_header(), content_of(1))

        (path,) = files_on_card(tmp_path)
        assert admitted == [path.stat().st_size]


def test_a_server_that_packs_nothing_loads_no_packer(tmp_path: Path) -> None:
    before = {name for name in sys.modules if "packingspool" in name or "isal" in name}
    with open_archive(tmp_path) as archive:
        keep(archive, make_header(), content_of(1))

    (path,) = (path for path in files_on_card(tmp_path))
    assert path.read_bytes() == content_of(1)
    assert {name for name in sys.modules if "packingspool" in name or "isal" in name} == before
