"""Sections of RESULTS.md that programs of their own write: a run of `make bench` leaves them, each replaces its own.

Such a section begins with its heading and `<!-- by COMMAND -->` on the next line, and ends before the next of them.
"""

import re
from pathlib import Path

_START = re.compile(r"^## [^\n]+\n\n<!-- by [^\n]+ -->\n", re.MULTILINE)


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
