"""Carries out what a check has found, finding by finding, in an archive that nobody else works on.

The order: rows that hang in the air go first, then bad files are set aside, then what has no entry is indexed or set
aside, and the counters come last.
"""

import logging
import os
from collections.abc import Callable, Sequence

from pacsberry.archive import Archive
from pacsberry.archive.inventory import Entry
from pacsberry.errors import DamagedFile, UnknownResource, UnreadableDicom
from pacsberry.upkeep.damaged import DamagedFolder
from pacsberry.upkeep.entry_findings import (
    BrokenEntry,
    DamagedContent,
    EntryFinding,
    MissingFile,
    SharedFile,
)
from pacsberry.upkeep.finding import Finding
from pacsberry.upkeep.findings import (
    DuplicateInstance,
    FileFinding,
    ForeignFile,
    GarbageInUse,
    OrphanRows,
    SpoolLeftover,
    UnknownAttachment,
    UnknownInstance,
    WrongCounter,
)
from pacsberry.upkeep.setting_aside import set_aside
from pacsberry.upkeep.verifying import verify

LOGGER = logging.getLogger("pacsberry.archive")


class Repair:
    """Puts an archive right; for one thread.  Everything raises NoRoom when the card is full."""

    def __init__(self, archive: Archive, damaged: DamagedFolder, on_done: Callable[[int], None]) -> None:
        """`on_done` is told how many findings have been dealt with."""
        self._archive = archive
        self._damaged = damaged
        self._on_done = on_done

    def carry_out(self, findings: Sequence[Finding]) -> None:
        """Do what the remedies of `findings` say; those without one are left to people."""
        mending = self._archive.mending
        mending.spare([finding.file for finding in findings if isinstance(finding, GarbageInUse)])
        broken = [finding.entry for finding in findings if isinstance(finding, BrokenEntry)]
        loose = [finding for finding in findings if isinstance(finding, BrokenEntry | SharedFile | OrphanRows)]
        for row in loose:
            if isinstance(row, BrokenEntry | SharedFile):
                mending.forget_row(row.entry.key)
        if loose:
            mending.drop_broken()
        for finding in findings:
            if isinstance(finding, DamagedContent | MissingFile):
                set_aside(self._archive, self._damaged, finding)
                self._on_done(1)
        for entry in broken:
            self._adopt_again(entry)
        for finding in findings:
            if isinstance(finding, FileFinding):
                self._deal_with_file(finding)
            if not isinstance(finding, DamagedContent | MissingFile):
                self._on_done(1)
        if loose:
            for file in mending.drop_empty():
                self._move(file, "attached to something that is not in the index")
        if loose or any(isinstance(finding, WrongCounter) for finding in findings):
            mending.recount()

    def _adopt_again(self, entry: Entry) -> None:
        """Index the file of an entry that was broken, unless the file is bad, too."""
        finding = verify(self._archive.files, entry, read=True).finding
        if isinstance(finding, DamagedContent):
            set_aside(self._archive, self._damaged, finding)
        elif not isinstance(finding, EntryFinding):
            self._adopt(entry.file)

    def _adopt(self, file: str) -> None:
        try:
            if not self._archive.mending.adopt(file):
                self._move(file, "a second file of an instance")
        except (UnreadableDicom, DamagedFile) as error:
            self._move(file, str(error))
        except UnknownResource:
            LOGGER.warning("%s has gone before it could be indexed.", file)

    def _deal_with_file(self, finding: FileFinding) -> None:
        if isinstance(finding, UnknownInstance):
            self._adopt(finding.file)
        elif isinstance(finding, DuplicateInstance | UnknownAttachment | ForeignFile):
            self._move(finding.file, finding.words)
        elif isinstance(finding, SpoolLeftover):
            (self._archive.files.storage / "spool" / finding.file).unlink(missing_ok=True)

    def _move(self, file: str, why: str) -> None:
        path = self._archive.files.path(file)
        if os.path.lexists(path):
            self._damaged.put(path, {"file": file, "why": why})
