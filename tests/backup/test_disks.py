"""Real disks: full, read-only, exFAT; and the card itself, which is no place for its backup."""

import contextlib
import functools
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from pacsberry.backup.backing_up import Copy
from pacsberry.backup.disk import Disk
from pacsberry.backup.layout import backup_name, copy_name
from pacsberry.backup.planning import Plan
from pacsberry.backup.surroundings import LARGEST_ON_FAT, Mount, check_place, mount_of
from pacsberry.errors import BadBackup, BadRequest, NoRoom, TargetFailed
from tests.archive.keeping_aids import keep, make_header, open_archive
from tests.backup.aids import AT, back_up, fill, heads, plan, saved, tree
from tests.small_disk import fill as fill_disk
from tests.small_disk import small_disk


@contextlib.contextmanager
def exfat(folder: Path, megabytes: int) -> Iterator[Path]:
    """A stick with exFAT, mounted by FUSE over a loop device."""
    programs = [shutil.which(name, path=f"{os.environ['PATH']}:/usr/sbin:/sbin") for name in PROGRAMS]
    if None in programs or os.geteuid() != 0 or not Path("/dev/fuse").exists():
        pytest.skip(f"needs root, /dev/fuse and {', '.join(PROGRAMS)} (packages exfatprogs, exfat-fuse)")
    make, mount, loop = (str(program) for program in programs)
    image, point = folder / "stick.img", folder / "exfat"
    with image.open("wb") as file:
        file.truncate(megabytes * 2**20)
    point.mkdir()
    subprocess.run([make, str(image)], check=True, capture_output=True)
    device = subprocess.run(
        [loop, "--find", "--show", str(image)], check=True, capture_output=True, text=True
    ).stdout.strip()
    try:
        mounted = subprocess.run([mount, device, str(point)], check=False, capture_output=True, text=True)
        if mounted.returncode != 0:
            pytest.skip(f"no exFAT can be mounted here: {mounted.stderr.strip()}")
        try:
            yield point
        finally:
            subprocess.run(["umount", str(point)], check=True)
    finally:
        subprocess.run([loop, "--detach", device], check=True)


PROGRAMS = ("mkfs.exfat", "mount.exfat-fuse", "losetup")


def test_a_stick_with_exfat_holds_backups(tmp_path: Path, storage: Path) -> None:
    with exfat(tmp_path, 32) as stick, open_archive(storage) as archive:
        ids = fill(archive)
        first = back_up(archive, stick)
        added = fill(archive, 2, "P2")
        assert plan(archive, stick).missing == 2
        second = back_up(archive, stick)

        assert mount_of(stick).kind == "fuseblk"
        assert set(saved(stick, first)) == set(ids)
        assert set(saved(stick, second)) == {*ids, *added}
        assert heads(stick) == (first, second)


def test_a_backup_keeps_its_names_on_fat32(tmp_path: Path, storage: Path) -> None:
    path = f"{os.environ['PATH']}:/usr/sbin:/sbin"
    if None in [shutil.which(name, path=path) for name in ("mkfs.vfat", "fsck.vfat", "mcopy")]:
        pytest.skip("needs mkfs.vfat, fsck.vfat and mcopy (packages dosfstools, mtools)")
    image, run = tmp_path / "fat.img", functools.partial(subprocess.run, check=True, env=os.environ | {"PATH": path})
    with image.open("wb") as file:
        file.truncate(40 * 2**20)
    run(["mkfs.vfat", "-F", "32", str(image)], capture_output=True)
    with open_archive(storage) as archive:
        fill(archive)
        copies = (Copy(copy_name(1, "größe: a?.JSON "), "/etc/pacsberry/x", b"{}\n", True),)
        head = back_up(archive, tmp_path / "stick", copies=copies)
        back_up(archive, tmp_path / "stick", copies=copies)

        run(["mcopy", "-s", "-i", str(image), *map(str, (tmp_path / "stick").iterdir()), "::"])
        run(["fsck.vfat", "-n", str(image)], capture_output=True)
        (tmp_path / "back").mkdir()
        run(["mcopy", "-s", "-i", str(image), "::*", str(tmp_path / "back")])

        assert tree(tmp_path / "back") == tree(tmp_path / "stick")
        assert saved(tmp_path / "back", head) == saved(tmp_path / "stick", head)
        assert plan(archive, tmp_path / "back").missing == 0


def test_a_full_stick_ends_the_backup_and_leaves_the_earlier_one(tmp_path: Path, storage: Path) -> None:
    with small_disk(tmp_path, 16) as stick, open_archive(storage) as archive:
        ids = fill(archive)
        first = back_up(archive, stick)
        for number in range(1, 5):
            keep(archive, make_header("P2", "1.2.2", "1.2.2.1", number), bytes(200_000))
        others = fill_disk(stick, leave=500_000)

        with pytest.raises(NoRoom, match="in the target, where 1 MB are free"):
            plan(archive, stick).check(None, is_one_file=False)
        with pytest.raises(NoRoom, match=r"No room is left on .* Earlier backups there are as they were"):
            back_up(archive, stick)
        assert heads(stick) == (first,)
        assert set(saved(stick, first)) == set(ids)
        assert not [name for name in tree(stick) if name.endswith(".part")]

        others.unlink()
        back_up(archive, stick)
        assert len(saved(stick, heads(stick)[-1])) == 10


def test_a_stick_that_is_read_only_is_said(tmp_path: Path, storage: Path) -> None:
    with small_disk(tmp_path, 16) as stick, open_archive(storage) as archive:
        fill(archive)
        first = back_up(archive, stick)
        subprocess.run(["mount", "-o", "remount,ro", str(stick)], check=True)

        with pytest.raises(TargetFailed, match="cannot be written to"):
            back_up(archive, stick)

        assert heads(stick) == (first,)


def test_what_a_pulled_stick_was_mounted_on_is_not_written_to(tmp_path: Path, storage: Path) -> None:
    with small_disk(tmp_path, 16) as stick, open_archive(storage) as archive:
        fill(archive)
        disk = Disk(stick, is_written=True)
        subprocess.run(["umount", "--lazy", str(stick)], check=True)

        disk.write("file", [b"on the stick"])

        assert list(stick.iterdir()) == []
        disk.close()
        subprocess.run(["mount", "-o", "loop", str(tmp_path / "disk.img"), str(stick)], check=True)
        assert (stick / "file").read_bytes() == b"on the stick"


def test_a_backup_on_the_disk_of_the_storage_needs_to_be_meant(tmp_path: Path, storage: Path) -> None:
    with pytest.raises(BadRequest, match=r"is on the same disk .* Is the stick mounted\?"):
        check_place(tmp_path / "stick", storage, may_share_disk=False)
    with pytest.raises(BadRequest, match="inside the storage itself"):
        check_place(storage / "backup", storage, may_share_disk=True)
    with pytest.raises(BadRequest, match=r"There is no folder .* Is the disk mounted\?"):
        check_place(tmp_path / "nowhere/stick", storage, may_share_disk=True)
    check_place(tmp_path / "stick", storage, may_share_disk=True)
    with small_disk(tmp_path, 16) as stick:
        check_place(stick, storage, may_share_disk=False)
        check_place(stick / "term.zip", storage, may_share_disk=False)


def test_a_zip_too_large_for_fat_is_refused_before_it_is_begun() -> None:
    large = Plan(objects=1, bytes=0, missing=1, missing_bytes=0, room=LARGEST_ON_FAT + 1, free=None)

    with pytest.raises(TargetFailed, match=r"a file on FAT32 at most 4295 MB\. Back up to a folder"):
        large.check(Mount("/media", "vfat").largest_file, is_one_file=True)
    large.check(Mount("/media", "vfat").largest_file, is_one_file=False)
    large.check(Mount("/media", "exfat").largest_file, is_one_file=True)


def test_pipes_and_links_are_replaced_and_not_written_to(tmp_path: Path, storage: Path) -> None:
    stick, precious = tmp_path / "stick", tmp_path / "precious"
    precious.write_text("precious")
    stick.mkdir()
    os.mkfifo(stick / "README.txt.part")
    (stick / "README.txt").symlink_to(precious)
    (stick / "backups").mkdir()
    (stick / f"backups/{backup_name(1, AT)}.json.part").symlink_to(precious)
    with open_archive(storage) as archive:
        fill(archive)

        back_up(archive, stick)

    assert precious.read_text() == "precious"
    assert (stick / "README.txt").is_file()
    assert not (stick / "README.txt").is_symlink()


def test_what_is_no_plain_file_is_not_read(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "link").symlink_to("/etc/passwd")
    disk = Disk(tmp_path, is_written=False)

    with pytest.raises(BadBackup, match="is no file"), disk.open("pipe"):
        pass
    with pytest.raises(OSError, match="symbolic links"), disk.open("link"):
        pass
    assert disk.listing(".") == {}
    disk.close()
