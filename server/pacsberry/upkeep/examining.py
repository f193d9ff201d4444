"""Verifies files one by one for the scrubber, sets the bad ones aside, and knows when to stop doing so."""

import logging
from collections.abc import Callable
from typing import Final

from pacsberry.archive import Archive
from pacsberry.archive.inventory import Entry
from pacsberry.upkeep.damaged import DamagedFolder
from pacsberry.upkeep.entry_findings import EntryFinding, ForbiddenFile
from pacsberry.upkeep.setting_aside import set_aside
from pacsberry.upkeep.verifying import Verified, forget_pages, is_cached, verify

LOGGER = logging.getLogger("pacsberry.upkeep")

_CHECKSUMS_AT_ONCE: Final = 500  # that were missing, written in one transaction
_MOST_SET_ASIDE: Final = 50  # in one run of the server; beyond, it is the card that is bad, or not the right one


class Examiner:
    """Belongs to the thread "scrubber"; the two public fields are read by others."""

    def __init__(self, archive: Archive, damaged: DamagedFolder, pace: Callable[[float], None]) -> None:
        """`pace` is told how many bytes were read from the card, and returns when the next ones may be."""
        self._archive = archive
        self._damaged = damaged
        self._pace = pace
        self._checksums: list[tuple[Entry, int]] = []
        self.set_aside = 0  # files, so far
        self.halted = ""  # why no more is set aside

    def examine(self, entry: Entry) -> bool:
        """Verify one file, and set it aside when it is bad; whether it was.  Raises OSError, NoRoom."""
        verified = self._read(entry)
        if verified.finding is None:
            if entry.is_instance and entry.crc32 is None and verified.crc32 is not None:
                self._checksums.append((entry, verified.crc32))
                if len(self._checksums) >= _CHECKSUMS_AT_ONCE:
                    self.write_checksums()
            return False
        forget_pages(self._archive.files, entry)  # the second look is at the card, not at memory
        finding = self._read(entry).finding
        if not isinstance(finding, EntryFinding) or not self._archive.inventory.present(entry):
            return False  # it was a passing error, or the file has been deleted, replaced or packed meanwhile
        if isinstance(finding, ForbiddenFile):
            LOGGER.error("%s", finding.words)
            return True
        if not self._archive.files.path(entry.file).parent.is_dir():
            self._halt(f"The folder of {entry.file} is gone: this is not the disk it was.")
        elif self.set_aside >= _MOST_SET_ASIDE:
            self._halt(f"More than {_MOST_SET_ASIDE} files are damaged.")
        else:
            set_aside(self._archive, self._damaged, finding)
            self.set_aside += 1
        return True

    def write_checksums(self) -> None:
        """Write the checksums that were missing and have been computed."""
        found, self._checksums = self._checksums, []
        if found:
            self._archive.mending.note_crc32(found)

    def _halt(self, reason: str) -> None:
        if self.halted:
            return
        self.halted = reason
        LOGGER.error("%s Nothing more is set aside; look at the card and run: pacsberry check --checksums", reason)

    def _read(self, entry: Entry) -> Verified:
        was_cached = is_cached(self._archive.files, entry)
        share = entry.bytes_on_card / max(1, entry.size)
        try:
            return verify(self._archive.files, entry, read=True, on_piece=lambda size: self._pace(size * share))
        finally:
            if not was_cached:
                forget_pages(self._archive.files, entry)
