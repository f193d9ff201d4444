"""What puts an index right touches nothing that has changed meanwhile, and loses no file."""

import shutil
from dataclasses import replace
from pathlib import Path

from pacsberry.archive import Archive
from pacsberry.model import KeepStatus, Level, OverwritePolicy
from tests.archive.keeping_aids import SETTINGS, counts, encode, files_on_card, keep, make_header, open_archive


def attach(archive: Archive, resource_id: str, content: bytes) -> None:
    with archive.spool() as spool:
        spool.write(content)
        archive.attachments.put(Level.INSTANCE, resource_id, "1024", spool)


def test_an_instance_that_is_withdrawn_leaves_its_file_where_it_is(tmp_path: Path) -> None:
    with open_archive(tmp_path) as archive:
        keep(archive, make_header())
        (entry,) = archive.inventory.entries()

        assert archive.mending.withdraw(entry)
        assert not archive.mending.withdraw(entry)
        assert not archive.candidates.has_garbage()

        assert counts(archive) == {"patients": 0, "studies": 0, "series": 0, "instances": 0}
    assert len(files_on_card(tmp_path)) == 1  # the remover has ended, and had nothing to do


def test_what_has_another_file_by_now_is_not_withdrawn(tmp_path: Path) -> None:
    with open_archive(tmp_path, replace(SETTINGS, overwrite=OverwritePolicy.ALWAYS)) as archive:
        keep(archive, make_header())
        (entry,) = archive.inventory.entries()
        attach(archive, entry.resource_id, b"one")
        (attached,) = archive.inventory.attachments()
        attach(archive, entry.resource_id, b"two")

        assert not archive.mending.withdraw(attached)
        assert not archive.mending.withdraw(replace(entry, file="00000000/another.dcm"))
        keep(archive, make_header(), encode(make_header()) + b"newer")
        archive.statistics.total()
        assert not archive.mending.withdraw(entry)

        assert counts(archive)["instances"] == 1


def test_a_withdrawn_attachment_leaves_its_resource_and_its_file(tmp_path: Path) -> None:
    with open_archive(tmp_path) as archive:
        keep(archive, make_header())
        (entry,) = archive.inventory.entries()
        attach(archive, entry.resource_id, b"one")
        (attached,) = archive.inventory.attachments()

        assert archive.mending.withdraw(attached)

        assert list(archive.inventory.attachments()) == []
        assert counts(archive)["instances"] == 1
    assert len(files_on_card(tmp_path)) == 2


def test_a_checksum_is_noted_only_where_there_is_none_and_for_that_file(tmp_path: Path) -> None:
    with open_archive(tmp_path) as archive:
        for instance in (1, 2):
            keep(archive, make_header(instance=instance))
        first, second = archive.inventory.entries()
        archive.index.write(lambda c: c.execute("UPDATE instances SET crc32 = NULL WHERE key = 2").close())

        archive.mending.note_crc32([(first, 111), (replace(second, file="00000000/other.dcm"), 222)])
        assert [entry.crc32 for entry in archive.inventory.entries()] == [first.crc32, None]
        archive.mending.note_crc32([(second, 333)])
        assert [entry.crc32 for entry in archive.inventory.entries()] == [first.crc32, 333]


def test_a_withdrawn_instance_is_taken_in_again(tmp_path: Path) -> None:
    with open_archive(tmp_path) as archive:
        keep(archive, make_header())
        (entry,) = archive.inventory.entries()
        archive.mending.withdraw(entry)
        archive.files.path(entry.file).rename(tmp_path / "aside.dcm")

        assert keep(archive, make_header()).status is KeepStatus.SUCCESS


def test_before_a_repair_the_last_unclean_stop_is_recovered_from(tmp_path: Path) -> None:
    before, after = tmp_path / "before", tmp_path / "after"
    settings = replace(SETTINGS, overwrite=OverwritePolicy.ALWAYS, batch_seconds=3600)
    newer = encode(make_header()) + b"newer"
    with open_archive(before, settings) as archive:
        keep(archive, make_header())
        archive.statistics.total()
        keep(archive, make_header(), newer)
        shutil.copytree(before, after)

    archive = Archive(storage=after, index=after / "index.sqlite3", settings=settings)
    with archive.for_repair():
        (entry,) = archive.inventory.entries()
        assert archive.files.path(entry.file).read_bytes() == newer
