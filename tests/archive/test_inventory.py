"""The list of files: pages without a snapshot held, and what changes meanwhile."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from pacsberry.archive import Archive, inventory
from pacsberry.archive.inventory import Inventory
from pacsberry.errors import UnknownResource
from pacsberry.model import Level
from tests.archive.keeping_aids import encode, keep, make_header, open_archive

COUNT = 7


@pytest.fixture
def archive(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Archive]:
    monkeypatch.setattr(inventory, "PAGE", 3)
    with open_archive(tmp_path) as opened:
        for number in range(COUNT):
            keep(opened, make_header(instance=number))
        keep(opened, make_header("P2", "2.2", "2.2.2"))
        yield opened


def attach(archive: Archive, level: Level, resource_id: str, number: int) -> None:
    with archive.spool() as spool:
        spool.write(b"attached")
        archive.attachments.put(level, resource_id, str(number), spool)


def test_instances_come_in_the_order_of_their_keys_with_all_their_facts(archive: Archive) -> None:
    entries = list(Inventory(archive.index).entries())

    assert [entry.key for entry in entries] == list(range(1, COUNT + 2))
    first = entries[0]
    header = make_header(instance=0)
    assert first.resource_id == header.identifiers.orthanc_id(Level.INSTANCE)
    assert (first.level, first.number, first.stored_size, first.md5) == (Level.INSTANCE, 1, None, "")
    assert first.size == first.bytes_on_card == len(encode(header))
    assert first.crc32 == archive.files.crc32(first.file)
    assert first.received_at > 1_700_000_000


def test_one_can_go_on_after_a_key_and_look_at_one_patient_only(archive: Archive) -> None:
    everything = Inventory(archive.index)
    second = make_header("P2").identifiers.orthanc_id(Level.PATIENT)

    assert [entry.key for entry in everything.entries(after_key=5)] == [6, 7, 8]
    assert [entry.key for entry in everything.entries(patient=second)] == [8]
    with pytest.raises(UnknownResource):
        next(everything.entries(patient="0" * 44))


def test_a_patient_deleted_meanwhile_ends_the_list(archive: Archive) -> None:
    patient = make_header().identifiers.orthanc_id(Level.PATIENT)
    entries = Inventory(archive.index).entries(patient=patient)
    seen = [next(entries).key]

    archive.delete(Level.PATIENT, patient)
    seen += [entry.key for entry in entries]

    assert seen == [1, 2, 3]  # the page that was read before


def test_nothing_is_held_between_two_pages(archive: Archive) -> None:
    entries = Inventory(archive.index).entries()
    next(entries)

    keep(archive, make_header(instance=99))

    assert len(list(entries)) == COUNT + 1
    with archive.index.read() as connection:
        assert connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone() is not None


def test_attachments_of_all_levels_are_listed(archive: Archive) -> None:
    header = make_header(instance=0)
    wanted = []
    for level in Level:
        resource_id = header.identifiers.orthanc_id(level)
        for number in (1024, 1025):
            attach(archive, level, resource_id, number)
            wanted.append((level, resource_id, number))

    found = list(Inventory(archive.index).attachments())

    assert [(entry.level, entry.resource_id, entry.number) for entry in found] == wanted
    assert {entry.size for entry in found} == {8}


def test_one_learns_whether_the_index_still_names_a_file(archive: Archive) -> None:
    listed = Inventory(archive.index)
    instance = next(listed.entries())
    attach(archive, Level.INSTANCE, instance.resource_id, 1024)
    (attached,) = listed.attachments()
    assert listed.present(instance)
    assert listed.present(attached)

    attach(archive, Level.INSTANCE, instance.resource_id, 1024)
    assert not listed.present(attached)
    archive.delete(Level.INSTANCE, instance.resource_id)
    assert not listed.present(instance)


def test_keys_are_sorted_into_the_buckets_of_their_files(archive: Archive) -> None:
    listed = Inventory(archive.index)

    keys = listed.keys_by_bucket()

    assert {bucket: list(found) for bucket, found in keys.items()} == {0: list(range(1, COUNT + 2))}
    assert [entry.key for entry in listed.of_keys(keys[0])] == list(range(1, COUNT + 2))
    assert list(listed.of_keys([999])) == []
