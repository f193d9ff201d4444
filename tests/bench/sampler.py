"""Runs Pacsberry's command in this process and finds out where its time or its memory goes.

    python -P sampler.py time|imports|lines FOLDER serve CONFIG

At the end a JSON document is left in FOLDER. `time` looks at all threads every 2 ms and books the CPU time each has
used since the last look (/proc/self/task/TID/schedstat, nanoseconds) under the function it is in, so that waiting
weighs nothing and C code weighs what it costs; what was used before the thread was seen waiting goes under a name of
its own. `imports` notes how much resident memory each import adds, `lines`
which lines hold Python's memory when the resident set is at its highest. A script of its own, so that nothing of the
bench is loaded into the server; it slows the server down, and its figures are shares, not costs.
"""

import builtins
import json
import os
import re
import runpy
import sys
import threading
import tracemalloc
from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import FrameType, ModuleType
from typing import Any

_PERIOD_SECONDS = 0.002
_SWITCH_SECONDS = 0.0001  # a thread that runs gives way this soon: 5 ms, Python's own, would show where it waits next
_WAITING = ("threading.py", "queue.py", "selectors.py")
_BEFORE_WAITING = "(used just before a wait, function not known)"
_MEBIBYTE = 2**20
_STEP_BYTES = 2_000_000  # memory is looked at again when it has grown by this much
_LINES_KEPT = 40
_PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")
_NUMBER = re.compile(r"[^A-Za-z-]|-\d")  # where the kind of thread ends in 'association-3 AET@host'
_SITE = re.compile(r".*/(site-packages|lib/python3\.\d+|server)/")  # what file names are shortened by


def main() -> None:
    """Takes its own two arguments away and runs the command, or the module the command has become, with the rest."""
    mode, folder, *rest = sys.argv[1:]
    if rest[0] == "-m":
        _run_watched(mode, Path(folder), rest[1:])
    else:
        _run_command(mode, folder, rest)


def _run_command(mode: str, folder: str, arguments: list[str]) -> None:
    """`pacsberry serve` replaces its process by `python FLAGS -m MODULE …`: this script is put before the module."""
    replace = os.execve

    def watched(path: str, command: Sequence[str], environ: Mapping[str, str]) -> None:
        module = command.index("-m")
        replace(path, [*command[:module], __file__, mode, folder, *command[module:]], environ)

    setattr(os, "execve", watched)  # noqa: B010 (as an assignment, mypy would compare the signatures)
    sys.argv = ["pacsberry", *arguments]
    runpy.run_module("pacsberry", run_name="__main__", alter_sys=True)


def _run_watched(mode: str, folder: Path, arguments: list[str]) -> None:
    watcher = {"time": _Time, "imports": _Imports, "lines": _Lines}[mode]()
    watcher.start()
    sys.argv = arguments
    try:
        runpy.run_module(arguments[0], run_name="__main__", alter_sys=True)
    finally:
        (folder / f"{mode}-{os.getpid()}.json").write_text(json.dumps(watcher.stop()))


class _Watcher:
    """A thread that looks at the process from time to time."""

    def __init__(self) -> None:
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, name="sampler", daemon=True)

    def start(self) -> None:
        """Begins."""
        self._thread.start()

    def stop(self) -> dict[str, dict[str, float]]:
        """Ends and returns what was seen: {heading: {where: how much}}."""
        self._ended.set()
        self._thread.join()
        return self._seen()

    def _run(self) -> None:
        while not self._ended.wait(_PERIOD_SECONDS):
            self._look()

    def _look(self) -> None:
        raise NotImplementedError

    def _seen(self) -> dict[str, dict[str, float]]:
        raise NotImplementedError


class _Time(_Watcher):
    def __init__(self) -> None:
        super().__init__()
        self._used_ns: dict[int, int] = {}
        self._inside: defaultdict[str, float] = defaultdict(float)
        self._under: defaultdict[str, float] = defaultdict(float)
        self._threads: defaultdict[str, float] = defaultdict(float)

    def start(self) -> None:
        self._spent_ns(threading.get_native_id())  # the interpreter's start is nobody's
        sys.setswitchinterval(_SWITCH_SECONDS)
        super().start()

    def _look(self) -> None:
        threads = {thread.ident: thread for thread in threading.enumerate()}
        for ident, frame in sys._current_frames().items():
            thread = threads.get(ident)
            if thread is None or thread is self._thread or thread.native_id is None:
                continue
            spent = self._spent_ns(thread.native_id)
            if spent:
                self._book(frame, thread.name, spent / 1e9)

    def _spent_ns(self, native_id: int) -> int:
        try:
            now = int(Path(f"/proc/self/task/{native_id}/schedstat").read_text().split()[0])
        except OSError:
            return 0
        before = self._used_ns.get(native_id, 0)
        self._used_ns[native_id] = now
        return now - before if now >= before else now  # a number may be used again

    def _book(self, frame: FrameType, thread: str, seconds: float) -> None:
        self._threads[_NUMBER.split(thread)[0]] += seconds
        if frame.f_code.co_filename.endswith(_WAITING):
            self._inside[_BEFORE_WAITING] += seconds
            return
        self._inside[_place(frame)] += seconds
        seen: set[str] = set()
        walker: FrameType | None = frame
        while walker is not None:
            if "pacsberry" in walker.f_code.co_filename and (place := _place(walker)) not in seen:
                seen.add(place)
                self._under[place] += seconds
            walker = walker.f_back

    def _seen(self) -> dict[str, dict[str, float]]:
        return {
            "CPU s in the function itself": _largest(self._inside),
            "CPU s in our function and all it calls": _largest(self._under),
            "CPU s by thread": _largest(self._threads),
        }


class _Imports(_Watcher):
    def __init__(self) -> None:
        super().__init__()
        self._added: defaultdict[str, float] = defaultdict(float)
        self._nested = threading.local()
        self._original = builtins.__import__
        self._added["(interpreter and sampler)"] = _rss_bytes()

    def start(self) -> None:
        builtins.__import__ = self._import

    def stop(self) -> dict[str, dict[str, float]]:
        builtins.__import__ = self._original
        added = {name: size / _MEBIBYTE for name, size in _largest(self._added).items()}
        return {"MiB of RSS added by importing (what is imported inside is counted there)": added}

    def _import(self, name: str, *rest: Any, **named: Any) -> ModuleType:
        if name in sys.modules:
            return self._original(name, *rest, **named)
        outer = getattr(self._nested, "bytes", 0)
        self._nested.bytes = 0
        before = _rss_bytes()
        try:
            return self._original(name, *rest, **named)
        finally:
            grown = _rss_bytes() - before
            self._added[name] += grown - self._nested.bytes
            self._nested.bytes = outer + grown


class _Lines(_Watcher):
    def __init__(self) -> None:
        super().__init__()
        self._highest_bytes = 0
        self._lines: dict[str, float] = {}

    def start(self) -> None:
        tracemalloc.start(1)
        super().start()

    def _look(self) -> None:
        rss = _rss_bytes()
        if rss < self._highest_bytes + _STEP_BYTES:
            return
        self._highest_bytes = rss
        statistics = tracemalloc.take_snapshot().statistics("lineno")
        self._lines = {
            f"{_short(entry.traceback[0].filename)}:{entry.traceback[0].lineno}": entry.size / _MEBIBYTE
            for entry in statistics[:_LINES_KEPT]
        }

    def _seen(self) -> dict[str, dict[str, float]]:
        return {"MiB held by Python objects made at, when RSS was highest": self._lines}


def _place(frame: FrameType) -> str:
    return f"{_short(frame.f_code.co_filename)} {frame.f_code.co_qualname}"


def _short(filename: str) -> str:
    return _SITE.sub("", filename)


def _largest(amounts: dict[str, float]) -> dict[str, float]:
    return dict(sorted(amounts.items(), key=lambda item: -item[1])[:_LINES_KEPT])


def _rss_bytes() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1]) * _PAGE_BYTES


if __name__ == "__main__":
    main()
