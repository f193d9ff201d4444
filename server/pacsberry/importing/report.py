"""What became of each file: counted, the troubles remembered for the screen, everything in a file when asked for."""

import csv
import json
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Final, TextIO

from pacsberry.importing.items import Fate, Finding

SHOWN: Final = 20  # troubles remembered
_TROUBLES: Final = (Fate.REFUSED, Fate.UNREADABLE)
_COLUMNS: Final = ("outcome", "file", "instance", "reason")


class Tally:
    """Counts findings; belongs to one thread."""

    def __init__(self) -> None:
        self.troubles: list[Finding] = []  # the first ones
        self._counts: Counter[Fate] = Counter()

    def add(self, finding: Finding) -> None:
        """One more file."""
        self._counts[finding.fate] += 1
        if finding.fate in _TROUBLES and len(self.troubles) < SHOWN:
            self.troubles.append(finding)

    def count(self, *fates: Fate) -> int:
        """How many files have met one of these fates."""
        return sum(self._counts[fate] for fate in fates)

    @property
    def trouble_count(self) -> int:
        """How many files were refused or could not be read."""
        return self.count(*_TROUBLES)


class ReportFile:
    """A file with one line for each finding: JSON lines, or CSV when its name ends in .csv."""

    def __init__(self, path: Path) -> None:
        """Begin the file anew; OSError."""
        self._file: TextIO = path.open("w", encoding="utf-8", newline="")
        self._write = self._as_csv() if path.suffix.lower() == ".csv" else self._as_json

    def add(self, finding: Finding) -> None:
        """One more line."""
        self._write((finding.fate.value, finding.name, finding.instance, finding.reason))

    def close(self) -> None:
        """Finish the file."""
        self._file.close()

    def _as_csv(self) -> Callable[[tuple[str, ...]], object]:
        writer = csv.writer(self._file)
        writer.writerow(_COLUMNS)
        return writer.writerow

    def _as_json(self, values: tuple[str, ...]) -> object:
        return self._file.write(json.dumps(dict(zip(_COLUMNS, values, strict=True)), ensure_ascii=False) + "\n")
