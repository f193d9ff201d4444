"""Files replaced as a whole: whoever reads one sees the old text or the new one, also after a pulled plug.

1. the text goes to a temporary file beside it, with its final rights from the first byte on
2. it is synced   3. renamed over the old one   4. the folder is synced
"""

import contextlib
import fcntl
import grp
import os
import pwd
from collections.abc import Iterator
from pathlib import Path

from pacsberry_appliance.system.running import Runner


def read_small(path: Path, largest_bytes: int) -> bytes | None:
    """The content, at most so much of it; None when there is no such file."""
    try:
        with path.open("rb") as file:
            return file.read(largest_bytes)
    except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
        return None


def replace(
    path: Path, content: bytes | str, *, mode: int | None = 0o644, group: str | None = None, owner: str | None = None
) -> bool:
    """Write a file unless it says that already (False then).

    A group that is not there leaves the file to its owner alone; an owner that is not there, to whoever runs this.
    `mode` None is for FAT, which has neither owners nor rights.
    """
    data = content.encode() if isinstance(content, str) else content
    group_id, owner_id = _group_id(group), _owner_id(owner)
    if mode is not None and group is not None and group_id is None:
        mode &= 0o700
    if _is(path, data, mode, group_id, owner_id):
        return False
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.new")
    temporary.unlink(missing_ok=True)  # of a start that was cut off
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            os.fchown(descriptor, owner_id, -1 if group_id is None else group_id)
            if mode is not None:
                os.fchmod(descriptor, mode)
            file.flush()
            os.fsync(descriptor)
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    sync_folder(path.parent)
    return True


def remove(path: Path) -> bool:
    """Whether there was such a file; it is gone."""
    try:
        path.unlink()
    except FileNotFoundError:
        return False
    sync_folder(path.parent)
    return True


def sync_folder(folder: Path) -> None:
    """Have the names in a folder survive a pulled plug."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        with contextlib.suppress(OSError):  # FAT through FUSE cannot
            os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextlib.contextmanager
def locked(path: Path) -> Iterator[None]:
    """Within it, nobody else who asks for the same lock is: two at once would take each other's temporary files."""
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


@contextlib.contextmanager
def writable(folder: Path, runner: Runner) -> Iterator[None]:
    """Within it, a folder can be written to; a file system that is mounted read-only is so again afterwards."""
    if not os.statvfs(folder).f_flag & os.ST_RDONLY:
        yield
        return
    mount_point = folder.resolve()
    while not mount_point.is_mount():
        mount_point = mount_point.parent
    runner.run("mount", "-o", "remount,rw", str(mount_point))
    try:
        yield
    finally:
        runner.ask("mount", "-o", "remount,ro", str(mount_point))  # what was written is written, also where it cannot


def _is(path: Path, data: bytes, mode: int | None, group_id: int | None, owner_id: int) -> bool:
    try:
        facts = path.stat()
        if facts.st_size != len(data) or path.read_bytes() != data:
            return False
    except OSError:
        return False
    owners = (group_id is None or facts.st_gid == group_id) and owner_id in (-1, facts.st_uid)
    return mode is None or (facts.st_mode & 0o777 == mode and owners)


def _group_id(group: str | None) -> int | None:
    if group is None:
        return None
    try:
        return grp.getgrnam(group).gr_gid
    except KeyError:
        return None


def _owner_id(owner: str | None) -> int:
    """-1 is "as it is" to chown(2); nobody but root gives files away."""
    try:
        return pwd.getpwnam(owner).pw_uid if owner is not None and os.geteuid() == 0 else -1
    except KeyError:
        return -1
