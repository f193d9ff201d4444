"""Sections of RESULTS.md that programs of their own write: a run of `make bench` leaves them, each replaces its own.

Such a section begins with its heading and `<!-- by COMMAND -->` on the next line, and ends before the next of them.
`Program` is the frame of these programs: options, a folder of their own that goes in every case, the report.
"""

import argparse
import re
import shutil
import signal
import sys
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.bench.failures import BenchFailure
from tests.bench.programs import install_missing

RESULTS = Path(__file__).with_name("RESULTS.md")
_FOLDER = Path("/var/tmp")  # noqa: S108 (a folder of its own is made there)
_START = re.compile(r"^## [^\n]+\n\n<!-- by [^\n]+ -->\n", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Program:
    """A program of the bench that measures and writes one section."""

    module: str  # `python -m` runs it
    title: str  # of its section
    about: str  # for --help
    quick: str  # what --quick does
    folder: str  # what the folder to work in has to be
    report: Callable[[Path, bool], str]  # measures in an empty folder, quickly or not, and tells; BenchFailure
    command: str = ""  # what a person types, where that is not `python -m`

    def run(self, arguments: Sequence[str] | None = None, results: Path = RESULTS) -> int:
        """Measures, prints, and puts the section into the results unless the run was quick; 1 when it could not."""
        command = f"python -m {self.module}"
        parser = argparse.ArgumentParser(prog=command, description=self.about)
        parser.add_argument("--quick", action="store_true", help=f"{self.quick}; writes no results")
        parser.add_argument("--folder", type=Path, default=_FOLDER, help=f"where to work: {self.folder}")
        options = parser.parse_args(arguments)
        # So that servers are stopped, cards unmounted and links taken down then, too.
        signal.signal(signal.SIGTERM, lambda number, _: sys.exit(128 + number))
        folder = Path(tempfile.mkdtemp(prefix="pacsberry-bench-", dir=options.folder))
        try:
            install_missing()
            text = self.report(folder, options.quick)
        except BenchFailure as failure:
            print(failure, file=sys.stderr)
            return 1
        finally:
            shutil.rmtree(folder, ignore_errors=True)
        print(text)
        if not options.quick:
            put(results, self.title, self.command or command, text)
        return 0


def put(path: Path, title: str, command: str, text: str) -> None:
    """Write the section `title` into a report, in place of its older self or at the end."""
    report = path.read_text() if path.exists() else ""
    others = [section for section in own_sections(report) if not section.startswith(f"## {title}\n")]
    mine = f"## {title}\n\n<!-- by {command} -->\n\n{text.strip()}\n"
    path.write_text("\n".join([_before(report).rstrip() + "\n", *others, mine]))


def replace_rest(path: Path, text: str) -> None:
    """Write a report anew but for the sections in it that are others'."""
    others = own_sections(path.read_text()) if path.exists() else []
    path.write_text("\n".join([text.rstrip() + "\n", *others]))


def own_sections(report: str) -> list[str]:
    """The sections that programs of their own have written, in their order."""
    starts = [found.start() for found in _START.finditer(report)]
    ends = [*starts[1:], len(report)]
    return [report[start:end].rstrip() + "\n" for start, end in zip(starts, ends[: len(starts)], strict=True)]


def _before(report: str) -> str:
    found = _START.search(report)
    return report if found is None else report[: found.start()]
