"""A folder on somebody's disk or stick: the few things a backup does there, and what they say when they fail.

Everything goes through the folder as it was when it was opened: when a stick is pulled and its mount point is an empty
folder of the card again, nothing is written to the card.  Links inside are not followed.
"""

import contextlib
import ctypes
import errno
import fcntl
import os
import stat
from collections.abc import Generator, Iterable, Iterator
from pathlib import Path
from typing import BinaryIO, Final

from pacsberry.backup.layout import PART
from pacsberry.errors import BadBackup, NoRoom, StorageBusy, TargetFailed

_NO_ROOM: Final = (errno.ENOSPC, errno.EDQUOT)
_GONE: Final = (errno.EIO, errno.ENODEV, errno.ENXIO, errno.ENOTCONN, errno.ESTALE, errno.ENOMEDIUM)
_FORBIDDEN: Final = (errno.EACCES, errno.EPERM)


class Disk:
    """A folder opened for reading, or for writing by one process at a time.  Belongs to one thread."""

    def __init__(self, path: Path, *, is_written: bool) -> None:
        """Raises TargetFailed, BadBackup (no folder), StorageBusy (another backup goes there)."""
        self.path = path
        with self.told():
            if is_written:
                path.mkdir(exist_ok=True)
            try:
                self._root = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
            except (FileNotFoundError, NotADirectoryError) as error:
                raise BadBackup(f"{path} is no folder.") from error
        if is_written:
            try:
                # Ends with the descriptor and leaves nothing behind.
                fcntl.flock(self._root, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError as error:
                self.close()
                raise StorageBusy(f"Another backup to {path} is running.") from error

    def close(self) -> None:
        """Let go of the folder."""
        if self._root >= 0:
            os.close(self._root)
            self._root = -1

    def make_folder(self, name: str) -> None:
        """A folder, which may be there already."""
        with self.told():
            try:
                os.mkdir(name, dir_fd=self._root)
            except FileExistsError:
                self._check_folder(name)

    def listing(self, name: str) -> dict[str, int]:
        """{name: bytes} of the regular files in a folder; empty when there is none."""
        sizes: dict[str, int] = {}
        with self.told():
            try:
                self._check_folder(name)
                folder = os.open(name, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC | os.O_NOFOLLOW, dir_fd=self._root)
            except FileNotFoundError:
                return sizes
            try:
                with os.scandir(folder) as entries:
                    for entry in entries:
                        facts = entry.stat(follow_symlinks=False)
                        if stat.S_ISREG(facts.st_mode):
                            sizes[entry.name] = facts.st_size
            finally:
                os.close(folder)
        return sizes

    def size_of(self, name: str) -> int | None:
        """Bytes of a regular file; None when there is none."""
        with self.told():
            try:
                facts = os.stat(name, dir_fd=self._root, follow_symlinks=False)
            except FileNotFoundError:
                return None
            return facts.st_size if stat.S_ISREG(facts.st_mode) else None

    def folders(self, name: str) -> list[str]:
        """The names of the folders in a folder, sorted."""
        with self.told():
            try:
                folder = os.open(name, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC | os.O_NOFOLLOW, dir_fd=self._root)
            except FileNotFoundError:
                return []
            try:
                with os.scandir(folder) as entries:
                    return sorted(entry.name for entry in entries if entry.is_dir(follow_symlinks=False))
            finally:
                os.close(folder)

    @contextlib.contextmanager
    def open(self, name: str) -> Generator[BinaryIO]:
        """A regular file for reading; FileNotFoundError, BadBackup when it is something else."""
        descriptor = os.open(name, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK, dir_fd=self._root)
        with os.fdopen(descriptor, "rb", buffering=0) as file:
            if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                raise BadBackup(f"{self.path / name} is no file.")
            yield file

    def write(self, name: str, chunks: Iterable[bytes]) -> None:
        """Write a file under a passing name, then give it its own in the place of what was there; not synced.

        What `chunks` raises is raised, and nothing is left.
        """
        part = name + PART
        try:
            with contextlib.closing(self.create(part)) as file:
                for chunk in chunks:
                    file.write(chunk)
            self.rename(part, name)
        except BaseException:
            with contextlib.suppress(OSError):
                os.unlink(part, dir_fd=self._root)
            raise

    def create(self, name: str) -> "NewFile":
        """A new file, in the place of what was there."""
        with self.told():
            flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
            try:
                descriptor = os.open(name, flags, 0o640, dir_fd=self._root)
            except FileExistsError:  # whatever it is, a link or a pipe perhaps, it is not written to
                os.unlink(name, dir_fd=self._root)
                descriptor = os.open(name, flags, 0o640, dir_fd=self._root)
            return NewFile(self, descriptor)

    def rename(self, old: str, new: str) -> None:
        """Give a file another name, in the place of what was there."""
        with self.told():
            os.rename(old, new, src_dir_fd=self._root, dst_dir_fd=self._root)

    def remove(self, name: str) -> None:
        """Remove a file; it may be gone already."""
        with self.told(), contextlib.suppress(FileNotFoundError):
            os.unlink(name, dir_fd=self._root)

    def remove_folder(self, name: str) -> None:
        """Remove a folder if it is empty."""
        with contextlib.suppress(OSError):
            os.rmdir(name, dir_fd=self._root)

    def sync(self) -> None:
        """Return when everything written is on the disk: one flush for all files, not one for each."""
        with self.told():
            libc = ctypes.CDLL(None, use_errno=True)
            if libc.syncfs(self._root) != 0:
                raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))

    def free_bytes(self) -> int | None:
        """Free room for this user; None when the file system does not tell."""
        with self.told():
            facts = os.statvfs(self._root)
        return facts.f_bavail * facts.f_frsize if facts.f_blocks else None

    def block_bytes(self) -> int:
        """What the smallest file takes."""
        with self.told():
            return os.statvfs(self._root).f_frsize or 4096

    def device(self) -> int:
        """The number of the file system."""
        return os.fstat(self._root).st_dev

    @contextlib.contextmanager
    def told(self) -> Iterator[None]:
        """Say what an error of the disk means to people: NoRoom or TargetFailed."""
        try:
            yield
        except OSError as error:
            raise self._error(error) from error

    def _error(self, error: OSError) -> Exception:
        what = f"{self.path} ({error.strerror or error})"
        intact = "Earlier backups there are as they were."
        if error.errno in _NO_ROOM:
            return NoRoom(f"No room is left on {what}. {intact} Free some room there, or use a larger disk.")
        if error.errno == errno.EROFS:
            return TargetFailed(f"{what} cannot be written to. Many cards and sticks have a switch against it.")
        if error.errno == errno.EFBIG:
            return TargetFailed(
                f"A file is too large for {what}; FAT32 takes less than 4 GB. Format it as exFAT or ext4."
            )
        if error.errno in _GONE:
            return TargetFailed(f"{what} was removed or is failing. {intact} Start the backup again: it goes on there.")
        if error.errno in _FORBIDDEN:
            return TargetFailed(f"{what} may not be used by this user.")
        return TargetFailed(f"{what} cannot be used.")

    def _check_folder(self, name: str) -> None:
        if not stat.S_ISDIR(os.stat(name, dir_fd=self._root, follow_symlinks=False).st_mode):
            raise BadBackup(f"{self.path / name} should be a folder.")


class NewFile:
    """A file that is being written on a disk."""

    def __init__(self, disk: Disk, descriptor: int) -> None:
        self._disk = disk
        self._descriptor = descriptor

    def write(self, data: bytes) -> None:
        """Append all of it."""
        rest = memoryview(data)
        with self._disk.told():
            while rest:
                rest = rest[os.write(self._descriptor, rest) :]

    def sync(self) -> None:
        """Return when it is on the disk."""
        with self._disk.told():
            os.fsync(self._descriptor)

    def close(self) -> None:
        """Close it; some file systems tell only now that they could not write."""
        descriptor, self._descriptor = self._descriptor, -1
        if descriptor >= 0:
            with self._disk.told():
                os.close(descriptor)


def forget_cache(file: BinaryIO) -> None:
    """Have the next read come from the disk, not from the system's memory; what is not synced stays there."""
    os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
