"""Objects that were damaged, in the archive or in the target, are named, copied again and healed."""

from pathlib import Path

import pytest

from pacsberry.backup.folder import FolderTarget
from pacsberry.backup.manifest import Failure
from pacsberry.backup.verifying import verify_all
from pacsberry.errors import TargetFailed
from pacsberry.model import Level
from tests.archive.keeping_aids import open_archive
from tests.backup.aids import back_up, fill, heads, plan, saved, target
from tests.backup.folder_aids import objects, path_of, run


def test_what_an_earlier_backup_names_and_is_not_there_as_it_was_is_copied_again(tmp_path: Path, storage: Path) -> None:
    stick = tmp_path / "stick"
    with open_archive(storage) as archive:
        fill(archive)
        first = back_up(archive, stick)
        cut, missing = (stick / name for name in sorted(objects(stick))[:2])
        cut.write_bytes(b"short")
        missing.unlink()

        assert plan(archive, stick).missing == 2
        second = back_up(archive, stick)

    assert [len(saved(stick, head)) for head in (first, second)] == [6, 6]


def test_what_is_healed_after_a_restore_is_healed_under_its_name(tmp_path: Path) -> None:
    stick = tmp_path / "stick"
    for name in ("old", "new"):
        with open_archive(tmp_path / name) as archive:
            fill(archive, 2)
            if name == "new":
                next(iter((stick / "files/00000000").iterdir())).write_bytes(b"short")
            head = back_up(archive, stick)

    assert len(objects(stick)) == 2
    assert [len(saved(stick, one)) for one in heads(stick)] == [2, 2]
    assert heads(stick)[-1] == head


def test_a_disk_that_spoils_everything_ends_the_backup(
    tmp_path: Path, storage: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with open_archive(storage) as archive, target(tmp_path / "stick") as opened:
        fill(archive, 25)
        put = opened.put
        monkeypatch.setattr(opened, "put", lambda *arguments: _spoiled(tmp_path / "stick", put(*arguments)))

        with pytest.raises(TargetFailed, match="it is failing, or smaller than it says"):
            run(archive, opened, [])

    assert heads(tmp_path / "stick") == ()


def test_very_many_failures_are_counted_and_the_first_named(
    tmp_path: Path, storage: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    failures: list[Failure] = []
    monkeypatch.setattr("pacsberry.backup.backing_up.MOST_FAILURES", 2)
    with open_archive(storage) as archive:
        for one in fill(archive, 5):
            path_of(archive, one).write_bytes(b"")

        head = back_up(archive, tmp_path / "stick", failures=failures)

    assert (len(failures), head.failure_count, head.failures) == (5, 5, tuple(failures[:2]))


def test_a_damaged_object_that_the_archive_has_no_more_stays_named(tmp_path: Path, storage: Path) -> None:
    stick = tmp_path / "stick"
    with open_archive(storage) as archive:
        ids = fill(archive)
        back_up(archive, stick)
        name = path_of(archive, ids[0]).name
        archive.delete(Level.INSTANCE, ids[0])
        (stick / f"files/00000000/{name}").write_bytes(b"damaged")

        with target(stick) as opened:
            assert isinstance(opened, FolderTarget)
            verify_all(opened, lambda amount: None)
            run(archive, opened)

            assert opened.damaged == {f"00000000/{name}"}


def test_a_target_that_does_not_give_back_what_was_written_is_noticed(
    tmp_path: Path, storage: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stick, failures = tmp_path / "stick", list[Failure]()
    with open_archive(storage) as archive, target(stick) as opened:
        fill(archive)
        put = opened.put
        monkeypatch.setattr(opened, "put", lambda *arguments: _spoiled(stick, put(*arguments)))

        head = run(archive, opened, failures)

    assert len(failures) == 6
    assert all("did not give back" in failure.reason for failure in failures)
    assert head.counts["instances"] == 0
    assert objects(stick) == set()


def _spoiled(stick: Path, stored: object) -> object:
    path = stick / "files" / stored.file  # type: ignore[attr-defined]
    path.write_bytes(bytes(path.stat().st_size))
    return stored
