"""Folders of strangers: what is in them is found, and nothing in them can hurt."""

import gzip
import os
import socket
import stat
import tracemalloc
from pathlib import Path

import pytest

from pacsberry.errors import UnreadableDicom
from pacsberry.importing.files import open_regular
from pacsberry.importing.folder import Folder, entries
from pacsberry.importing.items import LARGEST_FILE, Fate, Finding
from tests.importing.aids import contents, look, tarred, write_all
from tests.ingest.zips import zipped
from tests.makers import make_instance

CT = make_instance("CT")


def test_files_at_every_depth_are_found(tmp_path: Path) -> None:
    write_all(tmp_path, {"a.dcm": b"1", "b/c.dcm": b"22", "b/d/e/f": b"333"})

    assert contents(Folder(tmp_path)) == {"a.dcm": b"1", "c.dcm": b"22", "f": b"333"}
    assert Folder(tmp_path).total() == 6


def test_a_gzip_file_is_unpacked(tmp_path: Path) -> None:
    write_all(tmp_path, {"a.dcm.gz": gzip.compress(CT), "b.gz": gzip.compress(CT)[:-20]})

    told = look(Folder(tmp_path))

    assert [finding.reason for finding in told.of(Fate.KEPT)] == [str(len(CT))]
    assert ["cut short" in finding.reason for finding in told.of(Fate.UNREADABLE)] == [True]


def test_archives_in_a_folder_are_opened_and_documents_are_not(tmp_path: Path) -> None:
    members = {"one.dcm": CT, "two.dcm": CT}
    write_all(
        tmp_path,
        {
            "a.zip": zipped(members),
            "b.tar.gz": tarred(members, "w:gz"),
            "letter.docx": zipped(members),
            "c.TAR": b"no tar",
        },
    )

    names = sorted(finding.name.rpartition("/")[2] for finding in look(Folder(tmp_path)).findings)

    assert names == [
        "a.zip: one.dcm",
        "a.zip: two.dcm",
        "b.tar.gz: one.dcm",
        "b.tar.gz: two.dcm",
        "c.TAR",
        "letter.docx",
    ]


def test_links_are_not_followed(tmp_path: Path) -> None:
    write_all(tmp_path / "secret", {"private.dcm": CT})
    folder = write_all(tmp_path / "stick", {"own.dcm": CT})
    (folder / "file").symlink_to(tmp_path / "secret" / "private.dcm")
    (folder / "folder").symlink_to(tmp_path / "secret")
    (folder / "loop").symlink_to(folder)
    (folder / "self").symlink_to("self")
    (folder / "dead").symlink_to("/nonexistent")

    told = look(Folder(folder))

    assert told.counts() == {Fate.KEPT: 1, Fate.PASSED_OVER: 5}
    assert all("link" in finding.reason for finding in told.of(Fate.PASSED_OVER))


def test_pipes_sockets_and_devices_are_passed_over_without_waiting(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.dcm")
    os.mkfifo(tmp_path / "pipe.zip")
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(tmp_path / "socket.dcm"))
        if os.geteuid() == 0:
            os.mknod(tmp_path / "zero.dcm", 0o666 | stat.S_IFCHR, os.makedev(1, 5))
        told = look(Folder(tmp_path))

    assert set(told.counts()) == {Fate.PASSED_OVER}
    assert len(told.findings) >= 3


@pytest.mark.parametrize("kind", ["link", "pipe"])
def test_a_file_that_turns_into_something_else_is_not_opened(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "a.dcm"
    path.write_bytes(CT)
    (item,) = Folder(tmp_path).found()
    path.unlink()
    if kind == "link":
        path.symlink_to("/etc/hostname")
    else:
        os.mkfifo(path)

    assert not isinstance(item, Finding)
    with pytest.raises((OSError, UnreadableDicom)), item.open():
        pass


def test_a_device_behind_a_name_is_no_regular_file() -> None:
    with pytest.raises(UnreadableDicom, match="regular"), open_regular(Path("/dev/zero")):
        pass


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_what_may_not_be_read_is_told_for_a_user(tmp_path: Path) -> None:
    write_all(tmp_path, {"a.dcm": CT, "b/c.dcm": CT})
    (tmp_path / "a.dcm").chmod(0)
    (tmp_path / "b").chmod(0)

    assert look(Folder(tmp_path)).counts() == {Fate.UNREADABLE: 2}


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")
def test_what_may_not_be_read_is_told() -> None:
    import tempfile

    with tempfile.TemporaryDirectory() as name:
        folder = write_all(Path(name), {"a.dcm": CT, "b/c.dcm": CT, "d.zip": CT, "e.dcm": CT})
        folder.chmod(0o755)
        for closed in ("a.dcm", "b", "d.zip"):
            (folder / closed).chmod(0)
        os.seteuid(65534)
        try:
            told = look(Folder(folder))
        finally:
            os.seteuid(0)

    assert told.counts() == {Fate.UNREADABLE: 3, Fate.KEPT: 1}
    assert all("Permission denied" in finding.reason for finding in told.of(Fate.UNREADABLE))


def test_names_that_are_no_text_can_be_told(tmp_path: Path) -> None:
    (Path(os.fsdecode(os.fsencode(tmp_path) + b"/caf\xe9\x1b[31m\n.dcm"))).write_bytes(CT)

    (finding,) = look(Folder(tmp_path)).findings

    assert finding.fate is Fate.KEPT
    finding.name.encode()
    assert finding.name.endswith("/caf\ufffd\ufffd[31m\ufffd.dcm")


def test_a_tree_deeper_than_any_path_ends(tmp_path: Path) -> None:
    home = Path.cwd()
    os.chdir(tmp_path)
    try:
        for _ in range(30):
            (Path("d" * 200)).mkdir()
            os.chdir("d" * 200)
        (Path("a.dcm")).write_bytes(CT)
        told = look(Folder(tmp_path))
    finally:
        os.chdir(home)

    assert told.counts() == {Fate.UNREADABLE: 1}
    assert "too long" in told.findings[0].reason


def test_a_sparse_giant_is_refused_and_not_read(tmp_path: Path) -> None:
    with (tmp_path / "giant.dcm").open("wb") as file:
        file.write(CT[:300])
        file.truncate(LARGEST_FILE + 1)

    (finding,) = look(Folder(tmp_path)).findings

    assert finding.reason.startswith("TooLarge")


def test_a_file_that_grows_or_shrinks_while_it_is_read(tmp_path: Path) -> None:
    write_all(tmp_path, {"a": b"x" * 200_000})
    (item,) = Folder(tmp_path).found()
    assert not isinstance(item, Finding)

    with item.open() as content:
        with (tmp_path / "a").open("ab") as file:
            file.write(b"more")
        assert sum(map(len, content.chunks())) == 200_000
        os.truncate(tmp_path / "a", 150_000)
        with pytest.raises(UnreadableDicom, match="50000 bytes early"):
            list(content.chunks())


def test_a_crowd_of_files_needs_no_memory(tmp_path: Path) -> None:
    for number in range(3000):
        (tmp_path / f"{number}.dcm").touch()
    source = Folder(tmp_path)
    tracemalloc.start()
    try:
        assert sum(1 for _ in source.found()) == 3000
        assert tracemalloc.get_traced_memory()[1] < 300_000
    finally:
        tracemalloc.stop()


def test_a_folder_that_goes_away_is_told(tmp_path: Path) -> None:
    write_all(tmp_path / "stick", {"a/b.dcm": CT})
    walk = entries(tmp_path / "gone")

    assert [entry.problem for entry in walk] == ["No such file or directory."]
