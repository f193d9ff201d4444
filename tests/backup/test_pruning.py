"""Old backups are removed, and nothing that another one names."""

from collections.abc import Collection
from pathlib import Path

import pytest

from pacsberry.backup.backing_up import Copy
from pacsberry.backup.folder import FolderTarget
from pacsberry.backup.pruning import Pruned, prune
from pacsberry.errors import BadBackup
from pacsberry.model import Level
from tests.archive.keeping_aids import open_archive
from tests.backup.aids import SERVER, attach, back_up, fill, heads, saved, target, tree

COPIES = (Copy("01-site.json", "/etc/pacsberry/site.json", b"{}\n", True),)


def pruned(stick: Path, keep: int, server: str = SERVER, lost: Collection[str] = ()) -> Pruned:
    with target(stick) as opened:
        assert isinstance(opened, FolderTarget)
        return prune(opened.disk, server, keep, lost=lost)


def test_the_last_backups_stay_and_what_only_older_ones_name_goes(tmp_path: Path, storage: Path) -> None:
    stick = tmp_path / "stick"
    with open_archive(storage) as archive:
        ids = fill(archive, 3)
        attach(archive, Level.INSTANCE, ids[2], 1030, b"report")
        back_up(archive, stick, copies=COPIES)
        archive.delete(Level.INSTANCE, ids[0])
        second = back_up(archive, stick, copies=COPIES)
        third = back_up(archive, stick, copies=COPIES)

    gone = pruned(stick, 2)

    assert (gone.backups, gone.objects) == (1, 1)
    assert gone.bytes > 500
    assert heads(stick) == (second, third)
    assert set(saved(stick, third)) == set(ids[1:])
    assert {name.split("/")[1] for name in tree(stick) if name.startswith("configuration/")} == {
        second.name.text,
        third.name.text,
    }
    assert not any(first in name for name in tree(stick) for first in ("0001-",))


def test_a_backup_stays_while_it_alone_holds_what_the_archive_has_lost(tmp_path: Path, storage: Path) -> None:
    stick = tmp_path / "stick"
    with open_archive(storage) as archive:
        lost, *others = fill(archive, 3)
        first = back_up(archive, stick)
        archive.delete(Level.INSTANCE, lost)
        back_up(archive, stick)

        with pytest.raises(BadBackup, match=f"1 images .* whole in backup 1. .*restore {stick} --backup 1"):
            pruned(stick, 1, lost=[lost, others[0]])
        assert len(heads(stick)) == 2
        assert len(saved(stick, first)) == 3

        assert pruned(stick, 1, lost=others).backups == 1


def test_the_last_backup_always_stays(tmp_path: Path, storage: Path) -> None:
    stick = tmp_path / "stick"
    with open_archive(storage) as archive:
        fill(archive)
        head = back_up(archive, stick)

    assert pruned(stick, 0).backups == 0
    assert heads(stick) == (head,)


def test_backups_of_other_boxes_stay(tmp_path: Path) -> None:
    stick = tmp_path / "stick"
    for name in ("one", "two", "two"):
        with open_archive(tmp_path / name) as archive:
            fill(archive, 2, "P1" if name == "one" else "P2")
            back_up(archive, stick, server=name)

    gone = pruned(stick, 1, "two")

    assert (gone.backups, gone.objects) == (1, 0)
    assert [head.server for head in heads(stick)] == ["one", "two"]
    assert [len(saved(stick, head)) for head in heads(stick)] == [2, 2]


@pytest.mark.parametrize("suffix", [".json", ".objects.gz"])
def test_nothing_is_removed_when_a_backup_that_stays_cannot_be_read(tmp_path: Path, storage: Path, suffix: str) -> None:
    stick = tmp_path / "stick"
    with open_archive(storage) as archive:
        ids = fill(archive)
        back_up(archive, stick)
        archive.delete(Level.INSTANCE, ids[0])
        second = back_up(archive, stick)
        back_up(archive, stick)
    damaged = stick / "backups" / f"{second.name.text}{suffix}"
    damaged.write_bytes(damaged.read_bytes()[:-2])
    before = tree(stick)

    with pytest.raises(BadBackup, match="Nothing was removed"):
        pruned(stick, 2)

    assert tree(stick) == before


def test_what_an_interrupted_backup_left_is_removed(tmp_path: Path, storage: Path) -> None:
    stick = tmp_path / "stick"
    left = "files/00000007/01234567-89ab-cdef-0123-456789abcdef.dcm"
    with open_archive(storage) as archive:
        fill(archive)
        back_up(archive, stick)
    for name in (left, "files/00000007/somebody's own.txt", "backups/0009-20261121T054500Z.objects.gz"):
        (stick / name).parent.mkdir(exist_ok=True)
        (stick / name).write_bytes(b"left")

    assert pruned(stick, 1).objects == 1
    assert not (stick / left).exists()
    assert (stick / "files/00000007/somebody's own.txt").exists()
    assert not (stick / "backups/0009-20261121T054500Z.objects.gz").exists()
