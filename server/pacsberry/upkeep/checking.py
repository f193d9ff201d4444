"""Compares the index with the files, bucket by bucket, and the index with itself.

Works while the server runs: what is found is looked at once more after a moment, so that what arrives, goes or is
packed meanwhile is no false alarm.  Memory: 8 bytes for each instance, and one bucket's names.
"""

import contextlib
import os
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO, Final

from pacsberry.archive import FileStore
from pacsberry.archive.consistency import Consistency
from pacsberry.archive.inventory import NO_BUCKET, Entry, Inventory, bucket_of
from pacsberry.archive.snapshots import Snapshots
from pacsberry.errors import IndexDamaged
from pacsberry.model import Header
from pacsberry.upkeep.entry_findings import (
    BrokenEntry,
    MissingFile,
    SharedFile,
)
from pacsberry.upkeep.finding import Finding
from pacsberry.upkeep.findings import (
    DamagedIndex,
    GarbageInUse,
    OrphanRows,
    SpoolLeftover,
    TooManyFindings,
    WrongCounter,
)
from pacsberry.upkeep.strangers import Strangers
from pacsberry.upkeep.verifying import forget_pages, is_cached, verify

MOST_FINDINGS: Final = 10_000
_LEFTOVER_SECONDS: Final = 600.0  # nothing is received for so long without a byte
_SETTLE_SECONDS: Final = 4.0  # the index has what is kept after two seconds, and we let it have some more


@dataclass(slots=True)
class CheckProgress:
    """Told how far a check is; does nothing by itself."""

    on_file: Callable[[int], None] = lambda count: None
    on_bytes: Callable[[int], None] = lambda count: None


@dataclass(slots=True)
class CheckReport:
    """What a check has looked at, and what it found."""

    findings: list[Finding] = field(default_factory=list)
    files: int = 0
    bytes_read: int = 0
    seconds: float = 0.0

    @property
    def is_clean(self) -> bool:
        """Whether all is well."""
        return not self.findings


class Check:
    """One check of a whole archive.  For one thread."""

    def __init__(
        self,
        index: Snapshots,
        files: FileStore,
        *,
        read_header: Callable[[BinaryIO], Header],
        read_everything: bool = False,
        is_alone: bool = False,
        progress: CheckProgress | None = None,
        sleep: Callable[[float], None] = time.sleep,
        now: Callable[[], float] = time.time,
    ) -> None:
        """`read_everything`: compare checksums, too; `is_alone`: no server works on the archive meanwhile."""
        self._files = files
        self._inventory = Inventory(index)
        self._consistency = Consistency(index)
        self._strangers = Strangers(index, files, read_header)
        self._read_everything = read_everything
        self._is_alone = is_alone
        self._progress = progress or CheckProgress()
        self._sleep = sleep
        self._now = now
        self._report = CheckReport()
        self._bad_keys: set[int] = set()  # of instances that are broken or bad; no more than there are findings

    def run(self) -> CheckReport:
        """Look at everything."""
        began = time.monotonic()
        self._look()
        self._report.seconds = time.monotonic() - began
        return self._report

    def _look(self) -> None:
        report = self._report
        try:
            problems = self._consistency.problems_of_database()
            if problems:
                report.findings.append(DamagedIndex("; ".join(problems)))
                return
            for finding in self._all():
                report.findings.append(finding)
                if isinstance(finding, TooManyFindings) or len(report.findings) > MOST_FINDINGS:
                    report.findings[:] = [TooManyFindings(MOST_FINDINGS)]
                    return
            if report.findings and not self._is_alone:
                self._sleep(_SETTLE_SECONDS)
                report.findings[:] = self._confirmed(report.findings)
        except IndexDamaged as error:
            report.findings[:] = [DamagedIndex(str(error))]

    def _all(self) -> Iterator[Finding]:
        yield from self._of_index()
        names = self._files.storage / "files"
        keys = self._inventory.keys_by_bucket()
        buckets = set(keys)
        for entry in self._scan(names):
            if self._strangers.is_bucket(entry):
                buckets.add(int(entry.name))
            else:
                self._strangers.add(entry.name)
        for attached in self._inventory.attachments():
            buckets.add(bucket_of(attached.file))
            if bucket_of(attached.file) == NO_BUCKET:
                yield MissingFile(attached)
        for instance in self._inventory.of_keys(keys.get(NO_BUCKET, ())):
            yield self._noted(MissingFile(instance))
        for bucket in sorted(buckets - {NO_BUCKET}):
            yield from self._in_bucket(bucket, keys.pop(bucket, ()))
            if self._strangers.count > MOST_FINDINGS:
                yield TooManyFindings(MOST_FINDINGS)
        yield from self._strangers.findings(self._bad_keys)
        yield from self._leftovers()

    def _of_index(self) -> Iterator[Finding]:
        for counter in self._consistency.wrong_counters():
            yield WrongCounter(counter.name, counter.stored, counter.counted)
        for table, count in self._consistency.orphan_rows().items():
            yield OrphanRows(table, count)
        for entry in self._consistency.broken_instances():
            yield self._noted(BrokenEntry(entry))
        for file in self._consistency.garbage_in_use():
            yield GarbageInUse(file)

    def _in_bucket(self, bucket: int, keys: Iterable[int]) -> Iterator[Finding]:
        names = {f"{bucket:08d}/{entry.name}" for entry in self._scan(self._files.storage / "files" / f"{bucket:08d}")}
        entries = list(self._inventory.of_keys(keys))
        sharing = self._sharing(entries)
        for entry in entries:
            names.discard(entry.file)
            if entry.key in sharing:
                yield self._noted(SharedFile(entry))
            elif entry.key not in self._bad_keys:
                yield from self._verified(entry)
        for entry in self._inventory.attachments_in(bucket):
            names.discard(entry.file)
            yield from self._verified(entry)
        for name in names:
            self._strangers.add(name)

    def _sharing(self, entries: Sequence[Entry]) -> set[int]:
        """Keys of the entries whose file is another's."""
        times = Counter(entry.file for entry in entries)
        shared = [entry for entry in entries if times[entry.file] > 1]
        owners = {file: self._strangers.instance_in(file) for file in {entry.file for entry in shared}}
        return {entry.key for entry in shared if entry.resource_id != owners[entry.file]}

    def _verified(self, entry: Entry) -> Iterator[Finding]:
        was_cached = self._read_everything and is_cached(self._files, entry)
        finding = verify(self._files, entry, read=self._read_everything, on_piece=self._on_piece).finding
        if self._read_everything and not was_cached:
            forget_pages(self._files, entry)
        self._report.files += 1
        self._progress.on_file(1)
        if finding is not None:
            yield self._noted(finding)

    def _noted(self, finding: Finding) -> Finding:
        entry = finding.entry_checked
        if entry is not None and entry.is_instance:
            self._bad_keys.add(entry.key)
        return finding

    def _on_piece(self, size: int) -> None:
        self._report.bytes_read += size
        self._progress.on_bytes(size)

    def _leftovers(self) -> Iterator[Finding]:
        for entry in self._scan(self._files.storage / "spool"):
            with contextlib.suppress(FileNotFoundError):
                facts = entry.stat(follow_symlinks=False)
                if self._is_alone or self._now() - facts.st_mtime > _LEFTOVER_SECONDS:
                    yield SpoolLeftover(entry.name, facts.st_size)

    @staticmethod
    def _scan(folder: Path) -> Iterator["os.DirEntry[str]"]:
        with contextlib.suppress(FileNotFoundError, NotADirectoryError), os.scandir(folder) as entries:
            yield from entries

    # --- a second look ---------------------------------------------------------------------------------------------

    def _confirmed(self, findings: list[Finding]) -> list[Finding]:
        """Those that still hold, of the same kind as before; strangers come after the entries, as they did."""
        self._bad_keys.clear()  # a file that was packed meanwhile lay nowhere, and its new form is no stranger
        again = set(self._of_index())
        leftovers = set(self._leftovers())
        confirmed = []
        for finding in findings:
            if isinstance(finding, WrongCounter | OrphanRows | BrokenEntry | GarbageInUse):
                holds = finding in again
            elif isinstance(finding, SharedFile):
                holds = self._inventory.present(finding.entry)
            elif isinstance(finding, SpoolLeftover):
                holds = finding in leftovers
            elif finding.entry_checked is not None:
                holds = self._is_still_bad(finding.entry_checked)
            else:
                holds = self._strangers.is_still(finding, self._bad_keys)
            if holds:
                confirmed.append(self._noted(finding))
        return confirmed

    def _is_still_bad(self, entry: Entry) -> bool:
        # In this order: a file goes after its entry, so what is missing because it was deleted has no entry by now.
        is_bad = verify(self._files, entry, read=self._read_everything).finding is not None
        return is_bad and self._inventory.present(entry)
