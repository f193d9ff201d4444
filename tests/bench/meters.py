"""What a server costs: CPU time, memory and bytes written, of a process and all its descendants.

Everything is read from /proc (proc(5)). CPU is user + system time in ticks of 10 ms, that of children which have
ended included; memory is the resident set; written bytes are the pages the tree caused to be sent to the block
layer (write_bytes of /proc/PID/io), so several writes into one page before it is synced count once.
"""

import os
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

from tests.bench.failures import BenchFailure

MEBIBYTE = 2**20  # the "MB" of the goals for memory, which were measured in these
TICK_SECONDS = 1 / os.sysconf("SC_CLK_TCK")
_PROC = Path("/proc")
_RESET_PEAK = "5"  # proc(5), /proc/PID/clear_refs: 5 sets VmHWM to the present resident set
_PEAK_PERIOD_SECONDS = 0.2  # how often a descendant that soon ends is looked at


class Tree:
    """A process and its descendants, counted together."""

    def __init__(self, root: int) -> None:
        self.root = root

    def pids(self) -> list[int]:
        """The living processes of the tree, the root first. Raises BenchFailure when the root has ended."""
        children: dict[int, list[int]] = {}
        for entry in _PROC.iterdir():
            if entry.name.isdigit() and (fields := _stat_fields(int(entry.name))) is not None:
                children.setdefault(int(fields[1]), []).append(int(entry.name))
        if _stat_fields(self.root) is None:
            raise BenchFailure("the server ended by itself")
        tree = [self.root]
        for pid in tree:  # grows while it is walked
            tree.extend(children.get(pid, ()))
        return tree

    def cpu_seconds(self) -> float:
        """User and system time since the start, ended and waited-for children included."""
        ticks = 0
        for pid in self.pids():
            if (fields := _stat_fields(pid)) is not None:
                ticks += sum(int(field) for field in fields[11:15])  # utime, stime, cutime, cstime
        return ticks * TICK_SECONDS

    def own_cpu_seconds(self) -> float:
        """As `cpu_seconds`, of the first process alone: without its children."""
        fields = _stat_fields(self.root)
        if fields is None:
            raise BenchFailure("the server ended by itself")
        return sum(int(field) for field in fields[11:13]) * TICK_SECONDS

    def rss_bytes(self) -> int:
        """Resident memory now, the sum over the tree."""
        return sum(_status_bytes(pid, "VmRSS") for pid in self.pids())

    def peak_bytes(self) -> int:
        """The highest resident memory since `reset_peak`, the sum over the processes that live now."""
        return sum(_status_bytes(pid, "VmHWM") for pid in self.pids())

    def peaks(self) -> tuple[int, list[int]]:
        """The highest resident memory since `reset_peak`: of the first process, and of each that lives below it."""
        first, *rest = self.pids()
        return _status_bytes(first, "VmHWM"), [_status_bytes(pid, "VmHWM") for pid in rest]

    def reset_peak(self) -> None:
        """Starts the peak anew. Raises PermissionError for processes of another user."""
        for pid in self.pids():
            (_PROC / str(pid) / "clear_refs").write_text(_RESET_PEAK)

    def written_bytes(self) -> int:
        """Bytes caused to be written to disk since the start, by the tree and its ended children."""
        return sum(_io_bytes(pid) for pid in self.pids())

    def settle(self, longest_seconds: float = 15.0) -> None:
        """Waits until the tree has been idle for a second, so that late work is counted where it belongs."""
        deadline = time.monotonic() + longest_seconds
        quiet = 0
        before = self.cpu_seconds()
        while quiet < 2 and time.monotonic() < deadline:
            time.sleep(0.5)
            now = self.cpu_seconds()
            quiet = quiet + 1 if now - before < 1.5 * TICK_SECONDS else 0
            before = now


@dataclass(slots=True)
class Cost:
    """What a phase cost; filled in when the phase ends."""

    cpu_seconds: float = 0.0
    rss_before_bytes: int = 0
    rss_after_bytes: int = 0
    peak_bytes: int = 0
    written_bytes: int = 0
    device_bytes: int | None = None  # all that the file system's device wrote, whoever caused it


class Phase:
    """Measures a tree from `with` to the end of the block, which includes the time the tree needs to settle."""

    def __init__(self, tree: Tree, *, storage: Path | None = None) -> None:
        self._tree = tree
        self._storage = storage
        self._cost = Cost()
        self._ended = threading.Event()
        self._watcher = threading.Thread(target=self._watch, name="peak-watcher", daemon=True)

    def __enter__(self) -> Cost:
        self._tree.reset_peak()
        self._cost.rss_before_bytes = self._tree.rss_bytes()
        self._cpu = self._tree.cpu_seconds()
        self._written = self._tree.written_bytes()
        self._device = self._device_bytes()
        self._watcher.start()
        return self._cost

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if kind is None:
                self._tree.settle()
                self._finish()
        finally:
            self._ended.set()
            self._watcher.join()

    def _finish(self) -> None:
        cost = self._cost
        cost.cpu_seconds = self._tree.cpu_seconds() - self._cpu
        cost.rss_after_bytes = self._tree.rss_bytes()
        cost.peak_bytes = max(cost.peak_bytes, self._tree.peak_bytes())
        cost.written_bytes = self._tree.written_bytes() - self._written
        after = self._device_bytes()
        if after is not None and self._device is not None:
            cost.device_bytes = after - self._device

    def _watch(self) -> None:
        """Keeps the highest sum of peaks, so that a child that ends before the phase does is not forgotten."""
        while not self._ended.wait(_PEAK_PERIOD_SECONDS):
            try:
                self._cost.peak_bytes = max(self._cost.peak_bytes, self._tree.peak_bytes())
            except BenchFailure:
                return  # the phase itself reports it

    def _device_bytes(self) -> int | None:
        return None if self._storage is None else device_written_bytes(self._storage)


def device_written_bytes(folder: Path) -> int | None:
    """Bytes the block device below `folder` has written since boot; None where there is no such device (tmpfs)."""
    number = folder.stat().st_dev
    try:
        os.sync()
        fields = Path(f"/sys/dev/block/{os.major(number)}:{os.minor(number)}/stat").read_text().split()
    except OSError:
        return None
    return int(fields[6]) * 512  # Documentation/block/stat.rst: sectors written, of 512 bytes


def is_listening(pid: int, port: int) -> bool:
    """Whether a TCP port is open in the network namespace of a process, without connecting to it."""
    wanted = f":{port:04X}"
    for table in ("tcp", "tcp6"):
        try:
            lines = (_PROC / str(pid) / "net" / table).read_text().splitlines()[1:]
        except OSError:
            continue
        for line in lines:
            fields = line.split()
            if fields[3] == "0A" and fields[1].endswith(wanted):  # 0A: LISTEN
                return True
    return False


def _stat_fields(pid: int) -> list[str] | None:
    """The fields of /proc/PID/stat from `state` (field 3) on; None when the process is gone or a zombie."""
    try:
        text = (_PROC / str(pid) / "stat").read_text()
    except OSError:
        return None
    fields = text[text.rindex(")") + 2 :].split()  # the name before it may hold anything
    return None if fields[0] in "ZX" else fields


def _status_bytes(pid: int, name: str) -> int:
    """A line of /proc/PID/status in kB, as bytes; 0 for a process that has ended meanwhile."""
    try:
        lines = (_PROC / str(pid) / "status").read_text().splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) * 1024 for line in lines if line.startswith(name + ":")), 0)


def _io_bytes(pid: int) -> int:
    try:
        lines = (_PROC / str(pid) / "io").read_text().splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) for line in lines if line.startswith("write_bytes:")), 0)
