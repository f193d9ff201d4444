"""Backups into a folder: what is copied, what is trusted, what is named."""

import contextlib
import gzip
import sqlite3
import uuid
from pathlib import Path

import pytest

from pacsberry.archive import Archive
from pacsberry.backup.backing_up import Copy
from pacsberry.backup.disk import Disk
from pacsberry.backup.folder import FolderTarget
from pacsberry.backup.lines import AttachmentLine, InstanceLine, NoteLine, PatientLine
from pacsberry.backup.manifest import Failure, Head
from pacsberry.backup.objects import Objects
from pacsberry.backup.surroundings import Mount
from pacsberry.backup.verifying import verify_all
from pacsberry.errors import BadBackup, StorageBusy
from pacsberry.model import Level
from tests.archive.keeping_aids import keep, make_header, open_archive
from tests.backup.aids import AT, attach, back_up, fill, heads, lines, plan, saved, target, tree, wait_for
from tests.backup.folder_aids import objects, path_of, run


def test_a_backup_holds_the_files_as_they_lie_under_the_names_of_the_archive(tmp_path: Path, storage: Path) -> None:
    with open_archive(storage) as archive:
        ids = fill(archive)

        head = back_up(archive, tmp_path / "stick")

    assert set(saved(tmp_path / "stick", head)) == set(ids)
    assert objects(tmp_path / "stick") == objects(storage)
    assert "pacsberry restore" in (tmp_path / "stick/README.txt").read_text()
    assert head.counts == {"patients": 1, "studies": 1, "series": 1, "instances": 6, "attachments": 0, "notes": 0}


def test_a_second_backup_copies_only_what_is_new(tmp_path: Path, storage: Path) -> None:
    stick = tmp_path / "stick"
    with open_archive(storage) as archive:
        fill(archive)
        back_up(archive, stick)
        before = _inodes(stick)
        fill(archive, 2, "P2")
        planned = plan(archive, stick)

        back_up(archive, stick)

    assert (planned.missing, planned.objects) == (2, 8)
    assert before.items() <= _inodes(stick).items()
    assert [len(saved(stick, head)) for head in heads(stick)] == [6, 8]


def test_the_first_backup_stays_what_it_was_when_instances_are_deleted(tmp_path: Path, storage: Path) -> None:
    stick = tmp_path / "stick"
    with open_archive(storage) as archive:
        ids = fill(archive)
        first = back_up(archive, stick)
        archive.delete(Level.INSTANCE, ids[0])

        second = back_up(archive, stick)

    assert set(saved(stick, first)) == set(ids)
    assert set(saved(stick, second)) == set(ids[1:])


def test_patients_come_in_the_order_of_their_arrival(tmp_path: Path, storage: Path) -> None:
    with open_archive(storage) as archive:
        for patient in ("P1", "P2", "P3"):
            fill(archive, 1, patient)
        archive.statistics.total()
        fill(archive, 2, "P1")

        head = back_up(archive, tmp_path / "stick")

    order = [line.patient_id for line in lines(tmp_path / "stick", head) if isinstance(line, PatientLine)]
    assert order == ["P2", "P3", "P1"]


def test_notes_and_attachments_are_in_the_backup(tmp_path: Path, storage: Path) -> None:
    with open_archive(storage) as archive:
        ids = fill(archive, 2)
        archive.labels.add(Level.INSTANCE, ids[0], "exam")
        archive.metadata.put(Level.INSTANCE, ids[0], "1024", "a text")
        attach(archive, Level.INSTANCE, ids[1], 1030, b"report")

        head = back_up(archive, tmp_path / "stick")

    found = lines(tmp_path / "stick", head)
    notes = {line.note.id: line.note for line in found if isinstance(line, NoteLine)}
    (attached,) = (line for line in found if isinstance(line, AttachmentLine))
    assert notes[ids[0]].labels == ("exam",)
    assert notes[ids[0]].metadata == {1024: ("a text", 0)}
    assert notes[ids[1]].attachments == ()
    assert (attached.id, attached.number, attached.revision, attached.stored.size) == (ids[1], 1030, 0, 6)
    assert saved(tmp_path / "stick", head)[ids[1]] == b"report"


def test_a_damaged_file_is_named_and_not_copied_and_the_rest_goes_on(tmp_path: Path, storage: Path) -> None:
    failures: list[Failure] = []
    with open_archive(storage) as archive:
        ids = fill(archive)
        changed, cut, missing = (path_of(archive, one) for one in ids[:3])
        changed.write_bytes(b"y" + changed.read_bytes()[1:])
        cut.write_bytes(cut.read_bytes()[:-1])
        missing.unlink()

        head = back_up(archive, tmp_path / "stick", failures=failures)

    assert [failure.what for failure in failures] == [f"instance {one}" for one in ids[:3]]
    assert [failure.reason.rsplit(": ", 1)[1] for failure in failures] == [
        "its content has changed, the checksum does not fit.",
        f"it has {cut.stat().st_size} bytes instead of {cut.stat().st_size + 1}.",
        "its file is missing",
    ]
    assert set(saved(tmp_path / "stick", head)) == set(ids[3:])
    assert (head.failure_count, head.failures) == (3, tuple(failures))
    assert len(objects(tmp_path / "stick")) == 3


def test_a_name_that_leads_out_of_the_storage_is_not_followed(tmp_path: Path, storage: Path) -> None:
    failures: list[Failure] = []
    with open_archive(storage) as archive:
        ids = fill(archive, 2)
        (storage / "elsewhere").write_bytes(path_of(archive, ids[0]).read_bytes())
        change = "UPDATE instances SET file = '../elsewhere' WHERE id = ?"
        archive.index.write(lambda connection: connection.execute(change, ids[:1]))

        head = back_up(archive, tmp_path / "stick", failures=failures)

    assert [failure.what for failure in failures] == [f"instance {ids[0]}"]
    assert set(saved(tmp_path / "stick", head)) == set(ids[1:])


def test_a_packed_file_stays_packed_and_is_checked_by_its_content(tmp_path: Path, storage: Path) -> None:
    failures: list[Failure] = []
    with open_archive(storage) as archive:
        ids = fill(archive, 3)
        for one in ids:
            _pack(archive, one)
        broken = path_of(archive, ids[2])
        broken.write_bytes(gzip.compress(b"something else"))

        head = back_up(archive, tmp_path / "stick", failures=failures)
        again = back_up(archive, tmp_path / "stick", failures=failures)

    assert [failure.what for failure in failures] == [f"instance {ids[2]}"] * 2
    for found in (saved(tmp_path / "stick", head), saved(tmp_path / "stick", again)):
        assert {one: gzip.decompress(content)[:6] for one, content in found.items()} == dict.fromkeys(
            ids[:2], b"HEADER"
        )


def test_what_is_packed_after_a_backup_is_not_copied_again(tmp_path: Path, storage: Path) -> None:
    with open_archive(storage) as archive:
        ids = fill(archive)
        back_up(archive, tmp_path / "stick")
        for one in ids:
            _pack(archive, one)
        planned = plan(archive, tmp_path / "stick")

        head = back_up(archive, tmp_path / "stick")

    assert planned.missing == 0
    assert set(saved(tmp_path / "stick", head)) == set(ids)
    assert not any(name.endswith(".gz") for name in objects(tmp_path / "stick"))


def test_what_is_packed_or_deleted_while_a_backup_runs_is_taken_as_it_is_then(
    tmp_path: Path, storage: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with open_archive(storage) as archive:
        ids = fill(archive)
        put = FolderTarget.put

        def meanwhile(self: FolderTarget, *arguments: object) -> object:
            monkeypatch.setattr(FolderTarget, "put", put)
            _pack(archive, ids[2])
            gone = path_of(archive, ids[3])
            archive.delete(Level.INSTANCE, ids[3])
            wait_for(lambda: not gone.exists())
            return put(self, *arguments)  # type: ignore[arg-type]

        monkeypatch.setattr(FolderTarget, "put", meanwhile)
        head = back_up(archive, tmp_path / "stick")

    assert set(saved(tmp_path / "stick", head)) == set(ids) - {ids[3]}
    packed = [line.id for line in _instances(tmp_path / "stick", head) if line.stored.file.endswith(".dcm.gz")]
    assert packed == [ids[2]]


def test_what_is_said_of_something_that_came_too_late_is_left_out(
    tmp_path: Path, storage: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with open_archive(storage) as archive:
        fill(archive, 2)
        late: list[str] = []

        def meanwhile() -> frozenset[str]:
            if not late:
                late.extend(fill(archive, 1, "P2"))
                archive.labels.add(Level.INSTANCE, late[0], "exam")
                attach(archive, Level.INSTANCE, late[0], 1030, b"report")
            return settle()

        with target(tmp_path / "stick") as opened:
            settle = opened.settle
            monkeypatch.setattr(opened, "settle", meanwhile)
            head = run(archive, opened)

    assert late
    assert (head.counts["instances"], head.counts["attachments"], head.counts["notes"]) == (2, 0, 0)


def test_what_an_interrupted_backup_left_is_read_before_it_is_trusted(tmp_path: Path, storage: Path) -> None:
    stick = tmp_path / "stick"
    with open_archive(storage) as archive:
        ids = fill(archive)
        names = sorted(objects(storage))
        (stick / "files/00000000").mkdir(parents=True)
        good, torn, cut = (stick / name for name in names[:3])
        good.write_bytes((storage / names[0]).read_bytes())
        torn.write_bytes(bytes((storage / names[1]).stat().st_size))
        cut.write_bytes(b"short")
        (stick / f"{names[3]}.part").write_bytes(b"begun")
        inode = good.stat().st_ino

        head = back_up(archive, stick)

    assert set(saved(stick, head)) == set(ids)
    assert good.stat().st_ino == inode
    assert not any(name.endswith(".part") for name in tree(stick))


def test_an_object_that_was_damaged_in_the_target_is_repaired_for_all_backups(tmp_path: Path, storage: Path) -> None:
    stick = tmp_path / "stick"
    with open_archive(storage) as archive:
        fill(archive)
        first = back_up(archive, stick)
        cut, changed = (stick / name for name in sorted(objects(stick))[:2])
        cut.write_bytes(b"short")
        changed.write_bytes(b"y" + changed.read_bytes()[1:])

        with target(stick) as opened:
            assert isinstance(opened, FolderTarget)
            found = verify_all(opened, lambda amount: None)
            assert (found.objects, len(opened.damaged)) == (6, 2)
            run(archive, opened)
            assert opened.damaged == set()

    assert len(saved(stick, first)) == 6
    assert len(saved(stick, heads(stick)[-1])) == 6


def test_a_file_too_large_for_the_target_is_named_and_the_rest_goes_on(
    tmp_path: Path, storage: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    failures: list[Failure] = []
    with open_archive(storage) as archive:
        ids = fill(archive, 2)
        large = keep(archive, make_header("P2"), bytes(5000)).identifiers.orthanc_id(Level.INSTANCE)
        monkeypatch.setattr(Mount, "largest_file", 4999)

        head = back_up(archive, tmp_path / "stick", failures=failures)

    assert [failure.what for failure in failures] == [f"instance {large}"]
    assert set(saved(tmp_path / "stick", head)) == set(ids)


def test_two_boxes_can_share_a_target(tmp_path: Path) -> None:
    stick = tmp_path / "stick"
    for name in ("one", "two", "one", "two"):
        with open_archive(tmp_path / name) as archive:
            fill(archive, 2, "P1" if name == "one" else "P2")
            assert plan(archive, stick).missing == (0 if len(heads(stick)) >= 2 else 2)
            back_up(archive, stick, server=name)

    assert [head.server for head in heads(stick)] == ["one", "two", "one", "two"]
    assert [len(saved(stick, head)) for head in heads(stick)] == [2, 2, 2, 2]


def test_a_backup_of_an_empty_archive_is_complete(tmp_path: Path, storage: Path) -> None:
    with open_archive(storage) as archive:
        head = back_up(archive, tmp_path / "stick")

    assert heads(tmp_path / "stick") == (head,)
    assert lines(tmp_path / "stick", head) == []


def test_configuration_lies_beside_the_objects(tmp_path: Path, storage: Path) -> None:
    copies = (Copy("01-site.json", "/etc/pacsberry/site.json", b"{}\n", True),)
    with open_archive(storage) as archive:
        head = back_up(archive, tmp_path / "stick", copies=copies)

    assert (tmp_path / "stick/configuration" / head.name.text / "01-site.json").read_bytes() == b"{}\n"
    assert heads(tmp_path / "stick")[0].configuration == head.configuration


def test_two_backups_into_one_target_at_once_are_refused(tmp_path: Path, storage: Path) -> None:
    with (
        open_archive(storage) as archive,
        target(tmp_path / "stick"),
        pytest.raises(StorageBusy, match="Another backup"),
    ):
        back_up(archive, tmp_path / "stick")


def test_links_in_a_target_are_not_followed(tmp_path: Path, storage: Path) -> None:
    stick, elsewhere = tmp_path / "stick", tmp_path / "elsewhere"
    elsewhere.mkdir()
    (stick / "files").mkdir(parents=True)
    (stick / "files/00000000").symlink_to(elsewhere)
    with open_archive(storage) as archive:
        fill(archive)
        with pytest.raises(BadBackup, match="should be a folder"):
            back_up(archive, stick)

    assert list(elsewhere.iterdir()) == []


def test_a_backup_that_is_not_complete_leaves_no_trace_but_objects(tmp_path: Path, storage: Path) -> None:
    stick = tmp_path / "stick"
    with open_archive(storage) as archive:
        fill(archive)
        with target(stick) as opened:
            opened.write_list(b"begun")

    assert tree(stick) == set()


def test_the_number_of_a_backup_counts_and_not_the_clock(tmp_path: Path, storage: Path) -> None:
    with open_archive(storage) as archive:
        back_up(archive, tmp_path / "stick", at=AT)
        fill(archive, 1)
        later = back_up(archive, tmp_path / "stick", at=AT - 10**6)

    assert heads(tmp_path / "stick")[-1] == later


def _instances(stick: Path, head: Head) -> list[InstanceLine]:
    return [line for line in lines(stick, head) if isinstance(line, InstanceLine)]


def _inodes(folder: Path) -> dict[str, int]:
    return {name: (folder / name).stat().st_ino for name in objects(folder)}


def _pack(archive: Archive, instance_id: str) -> None:
    """Pack a file in the way the archive does: another name, the same content, the row changed."""
    path = path_of(archive, instance_id)
    packed = path.with_name(path.name + ".gz")
    packed.write_bytes(gzip.compress(path.read_bytes()))

    def act(connection: sqlite3.Connection) -> None:
        connection.execute(
            "UPDATE instances SET file = file || '.gz', stored_size = ? WHERE id = ?",
            (packed.stat().st_size, instance_id),
        )

    archive.index.write(act)
    path.unlink()


def test_buckets_that_take_turns_are_listed_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pacsberry.backup.objects._LISTINGS", 1)
    listed: list[str] = []
    listing = Disk.listing

    def noted(disk: Disk, name: str) -> dict[str, int]:
        listed.append(name)
        return listing(disk, name)

    monkeypatch.setattr(Disk, "listing", noted)
    names = [f"{bucket:08d}/{uuid.UUID(int=bucket)}.dcm" for bucket in (1, 2)]
    disk = Disk(tmp_path, is_written=True)
    disk.make_folder("files")
    with contextlib.closing(disk):
        objects = Objects(disk)
        for turn in range(1, 4):
            for name in names:
                objects.write(name, [b"x" * turn])
            assert [objects.size_of(name) for name in names] == [turn, turn]
        objects.remove(names[1])
        (tmp_path / "files" / names[0]).unlink()
        (tmp_path / "files" / names[0]).symlink_to("/etc/passwd")

        assert [objects.size_of(name) for name in names] == [None, None]

    assert listed == ["files/00000001", "files/00000002"]
