"""`python -m tests.bench.backing_up`: what a backup takes, and what it takes from a server that receives meanwhile.

A server with 1 GB of CT slices is backed up to a folder on the same disk, quietly and while a sender streams slices
into it without a pause; then again, when only what came meanwhile is new; then all of it is restored.
"""

import os
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

from tests.bench import machine, sections
from tests.bench.ct_stream import CtStream
from tests.bench.failures import BenchFailure
from tests.bench.meters import MEBIBYTE
from tests.bench.servers import PACSBERRY, SERVER_AET, Launch, answering
from tests.bench.table import number_text

_SLICES = 2000  # 1 GB
_ALONE_SECONDS = 6.0
_ROUNDS = 5


@dataclass(frozen=True, slots=True)
class Command:
    """One run of `pacsberry`."""

    seconds: float
    cpu_seconds: float
    peak_bytes: int
    moved_bytes: int  # of objects, copied or restored

    @property
    def rate(self) -> float:
        """MB/s."""
        return self.moved_bytes / 1e6 / self.seconds


@dataclass(slots=True)
class Round:
    """What one server's backups took."""

    commands: dict[str, Command] = field(default_factory=dict)
    alone: float = 0.0  # slices per second while no backup runs
    meanwhile: float = 0.0  # and while the first one does

    @property
    def loss(self) -> float:
        """Percent of the rate of reception."""
        return (1 - self.meanwhile / self.alone) * 100


def report(folder: Path, is_quick: bool) -> str:
    """The section."""
    facts = machine.describe(folder)
    rounds = []
    for number in range(1 if is_quick else _ROUNDS):
        rounds.append(measure(folder / str(number)))
        shutil.rmtree(folder / str(number))
        print(f"  round {number + 1}: {rounds[-1]}", file=sys.stderr, flush=True)
    return tell(rounds, facts)


def measure(folder: Path) -> Round:
    """Fill, back up quietly, back up under ingest, back up what is new, restore."""
    found, storage, other = Round(), folder / "server" / "storage", folder / "other" / "storage"
    other.parent.mkdir(parents=True)
    with answering(PACSBERRY, storage, Launch()) as server:
        stream = CtStream(server.dicom_port, 0, SERVER_AET)
        stream.send_while(lambda: stream.slices < _SLICES)
        stream.close()  # the server would close it while nothing comes
        server.tree.settle()
        first = size = stream.slices * stream.slice_bytes

        def back_up(name: str, target: str, moved_bytes: int, *options: str) -> None:
            arguments = ("backup", str(folder / target), "--data", str(storage), "--same-disk", *options)
            found.commands[name] = _run(moved_bytes, *arguments)

        back_up("first backup", "quiet", size)
        back_up("second backup, nothing new", "quiet", 0)
        back_up("everything read back (--verify-all)", "quiet", 0, "--verify-all")
        back_up("to a ZIP", "term.zip", size)
        stream = CtStream(server.dicom_port, _SLICES, SERVER_AET)
        begun = time.monotonic()
        found.alone = stream.send_while(lambda: time.monotonic() - begun < _ALONE_SECONDS) / _ALONE_SECONDS
        server.tree.settle()
        size = first + stream.slices * stream.slice_bytes
        with _receiving(stream) as rate:
            back_up("first backup, receiving meanwhile", "busy", size)
        found.meanwhile = rate()
        stream.close()
        server.tree.settle()
        new = first + stream.slices * stream.slice_bytes - size
        back_up("second backup, what came meanwhile", "busy", new)
    arguments = ("restore", str(folder / "quiet"), "--data", str(other))
    found.commands["restore into an empty storage"] = _run(first, *arguments)
    return found


@contextmanager
def _receiving(stream: CtStream) -> Iterator[Callable[[], float]]:
    """A sender that streams while the block runs; yields what tells its slices per second afterwards."""
    stop = threading.Event()
    told: list[float] = []

    def send() -> None:
        begun = time.monotonic()
        slices = stream.send_while(lambda: not stop.is_set())
        told.append(slices / (time.monotonic() - begun))

    thread = threading.Thread(target=send, name="sender")
    thread.start()
    try:
        yield lambda: told[0]
    finally:
        stop.set()
        thread.join()


def _run(moved_bytes: int, *arguments: str) -> Command:
    begun = time.monotonic()
    command = [str(Path(sys.executable).parent / "pacsberry"), *arguments]
    with tempfile.TemporaryFile() as said, subprocess.Popen(command, stdout=said, stderr=said) as process:
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        seconds = time.monotonic() - begun
        if process.returncode != 0:
            said.seek(0)
            raise BenchFailure(f"{' '.join(arguments)} ended with {process.returncode}: {said.read().decode()}")
    return Command(seconds, usage.ru_utime + usage.ru_stime, usage.ru_maxrss * 1024, moved_bytes)


def tell(rounds: list[Round], facts: list[tuple[str, str]]) -> str:
    """The section, in Markdown."""
    told = dict(facts)
    lines = [
        f"{told['Date']}, {told['Machine']}, {told['Disk']}; Pacsberry {told['Pacsberry']}. {_SLICES} CT slices of"
        " 526 KB, storage and target on the same disk, where reading, writing and reading back are in each other's way;"
        " every object that is written is synced, dropped from the system's memory and read back within that time. A"
        f" cell is the median (lowest - highest) of {len(rounds)} rounds. CPU and memory are those of the command.",
        "",
        "| | seconds | MB/s of objects | CPU, seconds | peak RSS, MiB |",
        "|---|---|---|---|---|",
    ]
    for name in rounds[0].commands:
        commands = [one.commands[name] for one in rounds]
        rate = "-" if not commands[0].moved_bytes else _cell([one.rate for one in commands])
        seconds, cpu = _cell([one.seconds for one in commands]), _cell([one.cpu_seconds for one in commands])
        peak = _cell([one.peak_bytes / MEBIBYTE for one in commands])
        lines.append(f"| {name} | {seconds} | {rate} | {cpu} | {peak} |")
    lines += [
        "",
        f"While the first backup runs, one sender's {_cell([one.alone for one in rounds])} CT per second become"
        f" {_cell([one.meanwhile for one in rounds])}: a loss of {_cell([one.loss for one in rounds])} %.",
    ]
    return "\n".join(lines)


def _cell(values: list[float]) -> str:
    return f"{number_text(median(values))} ({number_text(min(values))} - {number_text(max(values))})"


PROGRAM = sections.Program(
    module="tests.bench.backing_up",
    title="Backup and restore",
    about=__doc__ or "",
    quick="one round",
    folder="10 GB",
    report=report,
    command="make bench-backup",
)

if __name__ == "__main__":
    sys.exit(PROGRAM.run())
