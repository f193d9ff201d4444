"""The card as a file: what is in its partitions, read with mtools and debugfs, so without mounting anything."""

import json
import re
import shutil
import subprocess
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

MIB = 1 << 20


@dataclass(frozen=True)
class Partition:
    """One partition: where it begins and how large it is, in bytes, and its type in the table."""

    start: int
    size: int
    type: str


@dataclass(frozen=True)
class Entry:
    """One file of an ext4 partition."""

    path: str
    mode: int
    """Type and permissions, as in st_mode."""
    owner: int
    group: int
    size: int


@dataclass(frozen=True)
class Card:
    """An image of a card."""

    path: Path

    @cached_property
    def partitions(self) -> list[Partition]:
        """All partitions, in order."""
        shown = subprocess.run(["sfdisk", "--json", self.path], capture_output=True, check=True)
        table = json.loads(shown.stdout)["partitiontable"]
        return [Partition(part["start"] * 512, part["size"] * 512, part["type"]) for part in table["partitions"]]

    # --- the boot partition, by mtools

    @property
    def _boot(self) -> str:
        return f"{self.path}@@{self.partitions[0].start}"

    def boot_names(self) -> list[str]:
        """The paths of all files of the boot partition."""
        shown = subprocess.run(["mdir", "-i", self._boot, "-/", "-b"], capture_output=True, text=True, check=True)
        return [line.removeprefix("::/") for line in shown.stdout.splitlines() if line]

    def boot_file(self, name: str) -> bytes:
        """The content of a file of the boot partition."""
        return subprocess.run(["mtype", "-i", self._boot, f"::/{name}"], capture_output=True, check=True).stdout

    def write_boot_file(self, name: str, content: bytes) -> None:
        """Put a file into the boot partition, as somebody with a laptop would."""
        subprocess.run(
            ["mcopy", "-o", "-i", self._boot, "-", f"::/{name}"], input=content, capture_output=True, check=True
        )

    def remove_boot_file(self, name: str) -> None:
        """Delete a file of the boot partition."""
        subprocess.run(["mdel", "-i", self._boot, f"::/{name}"], capture_output=True, check=True)

    def with_boot_files(self, files: dict[str, bytes], target: Path) -> "Card":
        """A copy of the card with these files in its boot partition."""
        subprocess.run(["cp", "--sparse=always", self.path, target], check=True)
        copy = Card(target)
        for name, content in files.items():
            copy.write_boot_file(name, content)
        return copy

    # --- the others, by debugfs

    def _debugfs(self, number: int, commands: list[str], *, write: bool = False) -> str:
        place = f"{self.path}?offset={self.partitions[number].start}"
        shown = subprocess.run(
            ["debugfs", *(["-w"] if write else []), "-f", "-", place],
            input="\n".join(commands) + "\n",
            capture_output=True,
            text=True,
            check=True,
        )
        problems = [line for line in shown.stderr.splitlines() if not line.startswith("debugfs ") and line]
        if problems:
            raise OSError(f"debugfs on partition {number + 1}: {problems}")
        return shown.stdout

    def file(self, path: str, number: int = 1) -> bytes:
        """The content of a file of the system."""
        place = f"{self.path}?offset={self.partitions[number].start}"
        shown = subprocess.run(["debugfs", "-R", f'cat "{path}"', place], capture_output=True, check=True)
        if b"File not found" in shown.stderr:
            raise FileNotFoundError(path)
        return shown.stdout

    def exists(self, path: str, number: int = 1) -> bool:
        """Whether there is such a file, folder or link."""
        place = f"{self.path}?offset={self.partitions[number].start}"
        shown = subprocess.run(["debugfs", "-R", f'stat "{path}"', place], capture_output=True, text=True, check=True)
        return "Inode:" in shown.stdout

    def folders(self, paths: list[str], number: int = 1) -> list[Entry]:
        """What is in these folders of the system."""
        listed = self._debugfs(number, [f'ls -p "{path}"' for path in paths])
        found: list[Entry] = []
        # debugfs repeats each command before what it prints.
        for path, rows in re.findall(r'^debugfs: ls -p "(.*)"\n((?:/.*\n|\n)*)', listed, re.MULTILINE):
            for mode, owner, group, name, size in re.findall(
                r"^/\d+/(\d+)/(\d+)/(\d+)/(.+)/(\d*)/$", rows, re.MULTILINE
            ):
                if name not in {".", ".."}:
                    place = f"{path.rstrip('/')}/{name}"
                    found.append(Entry(place, int(mode, 8), int(owner), int(group), int(size or 0)))
        return found

    def check(self, number: int) -> None:
        """See that a partition is a sound file system.

        Raises subprocess.CalledProcessError with what fsck said.
        """
        part = self.partitions[number]
        if number == 0:
            subprocess.run(["fsck.vfat", "-n", _cut_out(self.path, part)], capture_output=True, text=True, check=True)
        else:
            place = f"{self.path}?offset={part.start}"
            subprocess.run(["e2fsck", "-fn", place], capture_output=True, text=True, check=True)

    def add_files(self, files: dict[str, tuple[int, bytes]], links: dict[str, str], scratch: Path) -> None:
        """Put files {path: (permissions, content)} and symbolic links {path: target} into the system, made by root."""
        commands: list[str] = []
        made = set()
        for number, (path, (mode, content)) in enumerate(files.items()):
            for folder in reversed(Path(path).parents):
                if str(folder) not in made and not self.exists(str(folder)):
                    commands.append(f"mkdir {folder}")
                made.add(str(folder))
            source = scratch / f"file-{number}"
            source.write_bytes(content)
            commands += [f"write {source} {path}", f"set_inode_field {path} mode 0{0o100000 | mode:o}"]
            commands += [f"set_inode_field {path} {field} 0" for field in ("uid", "gid")]
        commands += [f"symlink {path} {target}" for path, target in links.items()]
        self._debugfs(1, commands, write=True)


def _cut_out(image: Path, part: Partition) -> Path:
    """A partition as a file of its own: fsck.vfat knows no offsets."""
    target = image.with_suffix(".boot")
    subprocess.run(
        [
            *("dd", f"if={image}", f"of={target}", "bs=1M", "conv=sparse", "status=none"),
            *(f"skip={part.start // MIB}", f"count={part.size // MIB}"),
        ],
        check=True,
    )
    return target


def overlay(base: Path, target: Path, size: str = "4G") -> Path:
    """A throw-away card over `base`; an SD card in QEMU has to have a power of two as its size."""
    target.unlink(missing_ok=True)
    subprocess.run(["qemu-img", "create", "-q", "-f", "qcow2", "-b", base, "-F", "raw", target, size], check=True)
    return target


def snapshot(card: Path, target: Path) -> Path:
    """A copy of an overlay as it is now."""
    shutil.copyfile(card, target)
    return target
