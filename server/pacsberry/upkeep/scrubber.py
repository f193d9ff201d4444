"""Reads every kept file once a month and sets aside what has gone bad: the thread "scrubber".

It reads a few MB a second, with the least priority, and waits while others use the archive.  What it read is dropped
from the system's cache again, unless it was there before.  Whoever serves a file and finds it damaged reports it here
(`suspect`); it is then verified before anything else.

Writes to the card: none while nothing is to be read.  During a pass the place is noted once an hour, at a stop and at
the end: one synced transaction of about 12 KB each, some 40 KB a month for a card of 32 GB.
"""

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from pacsberry.archive import Archive
from pacsberry.archive.inventory import Entry
from pacsberry.archive.scrub_record import ScrubRecord
from pacsberry.model import Clock
from pacsberry.priority import be_least
from pacsberry.upkeep.damaged import DamagedFolder

if TYPE_CHECKING:
    from pacsberry.upkeep.examining import Examiner

LOGGER = logging.getLogger("pacsberry.upkeep")

_DAY: Final = 86400
_NOTE_SECONDS: Final = 3600.0  # between notes of the place
_LOOK_SECONDS: Final = 3600.0  # the clock on the wall may be set; look again so often whether a pass is due
_RETRY_SECONDS: Final = 60.0
_BUSY_SECONDS: Final = 2.0  # quiet for so long: others have done
_BUSY_MOST: Final = 30  # times; a server that is never quiet is scrubbed all the same, a file a minute
_MOST_SUSPECTS: Final = 256


class _Stopping(Exception):
    """The server stops in the middle of a file."""


@dataclass(frozen=True, slots=True)
class ScrubStatus:
    """What the scrub is doing; see ScrubRecord."""

    record: ScrubRecord
    is_running: bool
    bytes_per_second: int  # as configured; 0: off
    due_at: int  # UTC seconds of the next pass; 0 when none will come
    set_aside: int  # files, since the server started
    halted: str  # why no more is set aside, or ''


class Scrubber:
    """Owner of the thread "scrubber"."""

    def __init__(
        self, archive: Archive, damaged: DamagedFolder, *, bytes_per_second: int, every_days: int, clock: Clock
    ) -> None:
        """`bytes_per_second`: 0 for no passes; reported files are verified all the same."""
        self._archive = archive
        self._damaged = damaged
        self._bytes_per_second = bytes_per_second
        self._every_seconds = every_days * _DAY
        self._clock = clock
        self._condition = threading.Condition()  # guards the suspects and the two flags below
        self._suspects: set[str] = set()
        self._stopping = False
        self._is_running = False
        self._stop = threading.Event()
        self._record = ScrubRecord()
        self._noted = ScrubRecord()
        self._noted_at = 0.0  # monotonic
        self._examiner: Examiner | None = None
        self._activity = 0
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Start the thread; the archive is open."""
        self._record = self._noted = ScrubRecord.read(self._archive.index)
        self._archive.files.report_to(self.suspect)
        self._thread = threading.Thread(target=self._run, name="scrubber")
        self._thread.start()

    def stop(self) -> None:
        """Stop within a moment; the next start goes on where this one was."""
        with self._condition:
            self._stopping = True
            self._condition.notify_all()
        self._stop.set()
        if self._thread is not None:
            self._thread.join()
            self._thread = None

    def suspect(self, file: str) -> None:
        """Somebody found this file damaged: verify it soon.  Returns at once."""
        with self._condition:
            if len(self._suspects) < _MOST_SUSPECTS:
                self._suspects.add(file)
                self._condition.notify_all()

    def status(self) -> ScrubStatus:
        """What it is doing now."""
        return ScrubStatus(
            record=self._record,
            is_running=self._is_running,
            bytes_per_second=self._bytes_per_second,
            due_at=self._due_at() if self._bytes_per_second else 0,
            set_aside=self._examiner.set_aside if self._examiner is not None else 0,
            halted=self._halted,
        )

    @property
    def _halted(self) -> str:
        return self._examiner.halted if self._examiner is not None else ""

    # --- the thread ------------------------------------------------------------------------------------------------

    def _run(self) -> None:
        be_least()
        try:
            self._guarded(self._finish_interrupted)
            while not self._stop.is_set():
                if not self._guarded(self._suspected):
                    self._guarded(self._one_pass_or_wait)
        except _Stopping:
            pass
        self._note_quietly()

    def _guarded(self, act: Callable[[], bool]) -> bool:
        """What `act` says; when it fails, the log says so and some time passes."""
        try:
            return act()
        except _Stopping:
            raise
        except Exception as error:  # noqa: BLE001 - the top of the thread: whatever it is, the next try may go well
            LOGGER.error("The check of kept files in the background failed: %s", str(error) or type(error).__name__)
            self._stop.wait(_RETRY_SECONDS)
            return False

    def _finish_interrupted(self) -> bool:
        if not self._damaged.count():
            return True
        from pacsberry.upkeep.setting_aside import finish_interrupted

        finished = finish_interrupted(self._archive, self._damaged)
        if finished:
            LOGGER.warning("%d entries of files that had been set aside before the power went are removed.", finished)
        return True

    def _suspected(self) -> bool:
        """Verify what was reported; whether there was anything."""
        with self._condition:
            files = set(self._suspects)
        if not files:
            return False
        for entry in self._archive.inventory.of_files(files):
            if not self._examined(entry):
                LOGGER.warning("The file %s was reported as damaged or missing, and is good.", entry.file)
        with self._condition:
            self._suspects -= files
        return True

    def _one_pass_or_wait(self) -> bool:
        if self._bytes_per_second and not self._halted and self._due_at() <= self._clock.now():
            self._pass()
            return True
        with self._condition:
            if not self._suspects and not self._stopping:
                self._condition.wait(_LOOK_SECONDS)
        return True

    def _due_at(self) -> int:
        """When the next pass should begin: now, while one is at hand; a month after the last, or the oldest file."""
        record = self._record
        if record.begun_at:
            return 0
        last = record.completed_at
        if not last:
            oldest = next(self._archive.inventory.entries(), None)
            last = int(self._clock.now()) if oldest is None else oldest.received_at
        return last + self._every_seconds

    def _pass(self) -> None:
        if not self._record.begun_at:
            self._record = replace(
                self._record, after_key=0, begun_at=int(self._clock.now()), files=0, content_bytes=0, found=0
            )
        LOGGER.info("All kept files are being read and compared with their checksums.")
        self._is_running = True
        self._noted_at = self._clock.monotonic()
        try:
            for entry in self._archive.inventory.entries(self._record.after_key):
                self._in_turn(entry)
                self._record = replace(self._record, after_key=entry.key)
            for entry in self._archive.inventory.attachments():
                self._in_turn(entry)
        finally:
            self._is_running = False
        record = self._record
        self._record = replace(
            record, after_key=0, begun_at=0, completed_at=int(self._clock.now()), found_last=record.found
        )
        self._note()
        LOGGER.warning("All %d kept files have been read; %d were damaged.", record.files, record.found)

    def _in_turn(self, entry: Entry) -> None:
        while self._guarded(self._suspected):
            pass
        self._wait_while_busy()
        is_bad = self._examined(entry)
        self._record = replace(
            self._record,
            files=self._record.files + 1,
            content_bytes=self._record.content_bytes + entry.size,
            found=self._record.found + is_bad,
        )
        if self._clock.monotonic() - self._noted_at >= _NOTE_SECONDS:
            self._note()
        if self._halted:
            raise _Stopping

    def _examined(self, entry: Entry) -> bool:
        """Whether a file is bad; it has been set aside then."""
        if self._examiner is None:
            # Only now: its modules take half a megabyte, which a server that has nothing to examine does without.
            from pacsberry.upkeep.examining import Examiner

            self._examiner = Examiner(self._archive, self._damaged, self._pace)
        return self._examiner.examine(entry)

    def _pace(self, size: float) -> None:
        """Wait as long as these bytes may take."""
        if self._stop.wait(size / self._bytes_per_second if self._bytes_per_second else 0.0):
            raise _Stopping

    def _wait_while_busy(self) -> None:
        for _ in range(_BUSY_MOST):
            activity = self._archive.activity()
            is_quiet, self._activity = activity == self._activity, activity
            if is_quiet:
                return
            if self._stop.wait(_BUSY_SECONDS):
                raise _Stopping

    # --- what is written -------------------------------------------------------------------------------------------

    def _note(self) -> None:
        if self._examiner is not None:
            self._examiner.write_checksums()
        if self._record != self._noted:
            record = self._record
            self._archive.index.write(record.write)
            self._noted = record
        self._noted_at = self._clock.monotonic()

    def _note_quietly(self) -> None:
        try:
            self._note()
        except Exception as error:  # noqa: BLE001 - the end of the thread; nothing of value is lost
            LOGGER.error("The place of the scrub cannot be noted; some files will be read again: %s", error)
