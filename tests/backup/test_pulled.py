"""The stick is pulled at every write of a backup: earlier backups stay, and the next one is complete."""

import random
from pathlib import Path

import pytest

from pacsberry.backup.backing_up import Copy
from pacsberry.backup.folder import FolderTarget
from pacsberry.backup.pruning import prune
from pacsberry.errors import TargetFailed
from pacsberry.model import Level
from tests.archive.keeping_aids import open_archive
from tests.backup.aids import SERVER, attach, back_up, fill, heads, saved, target
from tests.backup.pulled import Stick

COPIES = (Copy("01-site.json", "/etc/pacsberry/site.json", b"{}\n", True),)


@pytest.mark.parametrize("earlier", [0, 1, 2])
def test_a_pulled_stick_leaves_every_earlier_backup_as_it_was(tmp_path: Path, storage: Path, earlier: int) -> None:
    chance = random.Random(earlier)
    with open_archive(storage) as archive:
        ids = fill(archive, 3)
        attach(archive, Level.INSTANCE, ids[0], 1030, b"report")
        cut = 0
        while True:
            stick = tmp_path / f"stick-{cut}"
            before = [back_up(archive, stick) for _ in range(earlier)]
            added = fill(archive, 2, f"P{cut + 2}") if cut % 7 == 0 else []
            with pytest.MonkeyPatch.context() as patch:
                pulled = Stick(stick, patch, cut)
                try:
                    back_up(archive, stick, copies=COPIES)
                except TargetFailed:
                    is_whole = False
                else:
                    is_whole = True
            if is_whole:
                break
            pulled.lose(chance)

            if stick.exists():
                found = heads(stick)
                assert [head for head in found if head in before] == before, cut
                assert len(found) - earlier in (0, 1), cut  # the cut may come just behind the last rename
                contents = [saved(stick, head) for head in found]
                assert all(len(content) >= 3 for content in contents), cut
            after = back_up(archive, stick, copies=COPIES)
            assert set(saved(stick, after)) >= {*ids, *added}, cut
            cut += 1

    assert cut > 12


def test_a_stick_pulled_while_old_backups_are_removed_keeps_the_others(tmp_path: Path, storage: Path) -> None:
    with open_archive(storage) as archive:
        ids = fill(archive, 2)
        cut = 0
        while True:
            stick = tmp_path / f"stick-{cut}"
            back_up(archive, stick, copies=COPIES)
            gone = fill(archive, 1, "P9")[0]
            back_up(archive, stick)
            archive.delete(Level.INSTANCE, gone)
            last = back_up(archive, stick)
            with pytest.MonkeyPatch.context() as patch, target(stick) as opened:
                assert isinstance(opened, FolderTarget)
                Stick(stick, patch, cut)
                try:
                    prune(opened.disk, SERVER, 1)
                except TargetFailed:
                    is_whole = False
                else:
                    is_whole = True
            assert heads(stick)[-1] == last
            assert set(saved(stick, last)) == set(ids)
            with target(stick) as opened:
                assert isinstance(opened, FolderTarget)
                prune(opened.disk, SERVER, 1)
            assert heads(stick) == (last,)
            assert len(list((stick / "files/00000000").iterdir())) == 2
            if is_whole:
                break
            cut += 1

    assert cut > 5
