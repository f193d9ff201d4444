"""Backups in a ZIP: written, checked and read as one file, also when it comes from a stranger."""

import io
import struct
import zipfile
from pathlib import Path

import pytest

from pacsberry.archive import Archive
from pacsberry.backup.backing_up import Copy
from pacsberry.backup.catalog import read_catalog, read_copy
from pacsberry.backup.manifest import Failure
from pacsberry.backup.source import ZippedPlace, open_source
from pacsberry.errors import BadBackup, BadRequest, StorageBusy, TargetFailed
from pacsberry.model import Level
from tests.archive.keeping_aids import open_archive
from tests.backup.aids import attach, back_up, fill, heads, lines, plan, read, saved, target


def test_a_zip_holds_the_same_as_a_folder(tmp_path: Path, storage: Path) -> None:
    copies = (Copy("01-site.json", "/etc/pacsberry/site.json", b"{}\n" * 50_000, True),)
    with open_archive(storage) as archive:
        ids = fill(archive)
        attach(archive, Level.INSTANCE, ids[0], 1030, b"report")
        in_folder = back_up(archive, tmp_path / "stick", copies=copies)

        head = back_up(archive, tmp_path / "term.zip", copies=copies)

    assert lines(tmp_path / "term.zip", head) == lines(tmp_path / "stick", in_folder)
    assert saved(tmp_path / "term.zip", head) == saved(tmp_path / "stick", in_folder)
    with open_source(tmp_path / "term.zip") as place:
        assert read_copy(place, head, head.configuration[0]) == b"{}\n" * 50_000
    with zipfile.ZipFile(tmp_path / "term.zip") as zipped:
        assert zipped.testzip() is None
        assert {info.compress_type for info in zipped.infolist()} == {zipfile.ZIP_STORED}
        assert "README.txt" in zipped.namelist()


def test_a_zip_takes_the_place_of_a_backup_and_of_nothing_else(tmp_path: Path, storage: Path) -> None:
    path = tmp_path / "study.zip"
    with open_archive(storage) as archive:
        fill(archive)
        with zipfile.ZipFile(path, "w") as images:
            images.writestr("README.txt", "The images of the exam.")
        before = path.read_bytes()

        with pytest.raises(BadRequest, match="is there already and is no backup"):
            back_up(archive, path)

        assert path.read_bytes() == before
        path.write_bytes(b"")
        back_up(archive, path)
        head = back_up(archive, path)

    assert lines(path, head)


def test_an_unpacked_zip_is_a_folder_to_go_on_in(tmp_path: Path, storage: Path) -> None:
    with open_archive(storage) as archive:
        ids = fill(archive)
        back_up(archive, tmp_path / "term.zip")
        with zipfile.ZipFile(tmp_path / "term.zip") as zipped:
            zipped.extractall(tmp_path / "stick")

        assert plan(archive, tmp_path / "stick").missing == 0
        head = back_up(archive, tmp_path / "stick")

    assert set(saved(tmp_path / "stick", head)) == set(ids)


def test_a_zip_packed_again_by_another_program_is_read(tmp_path: Path, storage: Path) -> None:
    with open_archive(storage) as archive:
        ids = fill(archive)
        head = back_up(archive, tmp_path / "term.zip")
    with zipfile.ZipFile(tmp_path / "term.zip") as old, zipfile.ZipFile(tmp_path / "new.zip", "w", 8) as new:
        for name in sorted(old.namelist(), reverse=True):
            new.writestr(name, old.read(name))

    assert set(saved(tmp_path / "new.zip", head)) == set(ids)


def test_the_zip_that_was_there_stays_until_the_new_one_is_complete(tmp_path: Path, storage: Path) -> None:
    path = tmp_path / "term.zip"
    with open_archive(storage) as archive:
        fill(archive)
        first = back_up(archive, path)
        with target(path) as opened:
            opened.write_list(b"begun")

        assert heads(path) == (first,)
        assert [one.name for one in tmp_path.glob("term*")] == ["term.zip"]


def test_a_zip_that_is_not_given_back_as_it_was_written_does_not_count(
    tmp_path: Path, storage: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "term.zip"
    with open_archive(storage) as archive:
        fill(archive)
        first = back_up(archive, path)
        monkeypatch.setattr("pacsberry.backup.zipped_target.forget_cache", lambda file: _spoil(Path(f"{path}.part")))

        with pytest.raises(TargetFailed, match="does not give back"):
            back_up(archive, path)

    assert heads(path) == (first,)


def test_a_damaged_file_is_left_out_of_a_zip(tmp_path: Path, storage: Path) -> None:
    failures: list[Failure] = []
    with open_archive(storage) as archive:
        ids = fill(archive)
        _spoil(_path_of(archive, ids[0]))

        head = back_up(archive, tmp_path / "term.zip", failures=failures)

    assert [failure.what for failure in failures] == [f"instance {ids[0]}"]
    assert set(saved(tmp_path / "term.zip", head)) == set(ids[1:])


def test_two_backups_beside_each_other_at_once_are_refused(tmp_path: Path, storage: Path) -> None:
    with open_archive(storage) as archive, target(tmp_path / "one.zip"), pytest.raises(StorageBusy):
        back_up(archive, tmp_path / "two.zip")


def test_what_is_no_zip_is_said(tmp_path: Path) -> None:
    (tmp_path / "term.zip").write_bytes(b"PK\x03\x04 something")

    with pytest.raises(BadBackup, match="is no backup"), open_source(tmp_path / "term.zip"):
        pass


def test_a_member_that_unpacks_to_more_than_it_says_is_refused() -> None:
    place = _place({"backups/0001-20261121T054500Z.json": b"x" * 100_000}, said=10)

    with pytest.raises(BadBackup, match="unpacks to more than it announces"):
        read(place, "backups/0001-20261121T054500Z.json")


def test_a_head_that_would_fill_the_memory_is_refused() -> None:
    catalog = read_catalog(_place({"backups/0001-20261121T054500Z.json": b" " * (5 * 2**20)}))

    assert catalog.heads == ()
    assert "over 4 MB" in catalog.broken[0]


def test_names_that_lead_elsewhere_are_never_opened() -> None:
    place = _place({"backups/../../etc/passwd.json": b"{}", "../backups/0001-20261121T054500Z.json": b"{}"})

    assert read_catalog(place).heads == ()
    assert read_catalog(place).broken == ()


def _place(members: dict[str, bytes], said: int | None = None) -> ZippedPlace:
    """A ZIP with these members; `said`: the size that its list of members gives for each of them."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as zipped:
        for name, content in members.items():
            zipped.writestr(name, content)
    raw = bytearray(out.getvalue())
    if said is not None:
        at = raw.index(b"PK\x01\x02")
        struct.pack_into("<L", raw, at + 24, said)
    return ZippedPlace(io.BytesIO(bytes(raw)), size=len(raw))


def _spoil(path: Path) -> None:
    """Change one byte in the middle of a file, where the objects are."""
    with path.open("r+b") as file:
        file.seek(path.stat().st_size // 2)
        byte = file.read(1)
        file.seek(-1, 1)
        file.write(bytes((byte[0] ^ 1,)))


def _path_of(archive: Archive, instance_id: str) -> Path:
    return archive.files.path(archive.attachments.get(Level.INSTANCE, instance_id, "dicom").file)
