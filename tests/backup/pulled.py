"""A stick that is pulled: after a number of writes every further one fails, and what was not synced may be lost."""

import errno
import os
import random
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from pacsberry.backup import disk


class Stick:
    """Counts what is written through `pacsberry.backup.disk`, and is pulled after `writes` of it."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch, writes: int = 10**9) -> None:
        self.writes = 0
        self._folder = folder
        self._limit = writes
        self._unsynced: set[Path] = set()
        stick = self

        class Os(ModuleType):
            """The module `os`, as the disk sees it."""

            def __getattr__(self, name: str) -> Any:
                return getattr(os, name)

            def write(self, descriptor: int, data: memoryview) -> int:
                stick._unsynced.add(Path(f"/proc/self/fd/{descriptor}").readlink())
                if stick.is_last():
                    os.write(descriptor, data[: len(data) // 2])
                stick.step()
                return os.write(descriptor, data)

            def rename(self, old: str, new: str, **folders: int) -> None:
                stick.step()
                os.rename(old, new, **folders)  # noqa: PTH104  relative to a folder that is open
                stick._unsynced.discard(folder / old)
                stick._unsynced.add(folder / new)

            def mkdir(self, name: str, **folders: int) -> None:
                if not (folder / name).exists():
                    stick.step()
                os.mkdir(name, **folders)  # noqa: PTH102

            def unlink(self, name: str, **folders: int) -> None:
                stick.step()
                os.unlink(name, **folders)

            def fsync(self, descriptor: int) -> None:
                stick.step()
                stick._unsynced.discard(Path(f"/proc/self/fd/{descriptor}").readlink())

        monkeypatch.setattr(disk, "os", Os("os"))
        monkeypatch.setattr(disk.Disk, "sync", lambda one: stick.sync(one))

    def is_last(self) -> bool:
        """Whether the next write is the one that fails."""
        return self.writes == self._limit

    def step(self) -> None:
        """One more write; OSError when the stick is gone."""
        if self.writes >= self._limit:
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        self.writes += 1

    def sync(self, one: disk.Disk) -> None:
        """Everything written so far is safe."""
        with one.told():
            self.step()
        self._unsynced.clear()

    def lose(self, chance: random.Random) -> None:
        """What was not synced: whole, cut short, empty, full of zeros, or never written."""
        for path in sorted(self._unsynced):
            if not path.exists():
                continue
            content = path.read_bytes()
            fate = chance.randrange(5)
            if fate == 1:
                path.write_bytes(content[: chance.randrange(len(content) + 1)])
            elif fate == 2:
                path.write_bytes(b"")
            elif fate == 3:
                path.write_bytes(bytes(len(content)))
            elif fate == 4:
                path.unlink()
