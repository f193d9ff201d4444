"""Studies that a teacher has deleted and may have back for a while.

They leave the lists and are hidden from students at once, and are deleted for good some minutes later.  What is waiting
stands in the index (the metadata DiscardedAt), so a power cut forgets nothing; after a start the time begins anew.
What is sent again meanwhile is wanted: its study comes back, hidden from students.
There is a timer while something waits, and none else.
"""

import logging
import threading
from typing import Final

from pacsberry.archive import Archive
from pacsberry.archive.metadata_names import DISCARDED_AT
from pacsberry.archive.times import utc_text
from pacsberry.errors import PacsberryError, UnknownResource
from pacsberry.model import Clock, Level

LOGGER = logging.getLogger("pacsberry.upkeep")

_NAME: Final = str(DISCARDED_AT)
_WAS_SHOWN: Final = " shown"  # ends the value of a study that students could see


class Discarded:
    """Discards, gives back, deletes when the time is over; thread-safe."""

    def __init__(self, archive: Archive, *, seconds: float, shown_label: str, clock: Clock | None = None) -> None:
        """`seconds` until a study is gone; `shown_label`: of studies that students may look at."""
        self._archive = archive
        self._seconds = seconds
        self._shown_label = shown_label
        self._clock = clock or Clock()
        self._lock = threading.Lock()  # guards all below
        self._due: dict[str, float] = {}  # study -> when it goes, on the monotonic clock
        self._timer: threading.Timer | None = None
        self._is_stopped = False

    def start(self) -> None:
        """Go on with what waited when the server stopped."""
        waiting = self._archive.catalogue.discarded()
        with self._lock:
            self._due = dict.fromkeys(waiting, self._clock.monotonic() + self._seconds)
            self._schedule()

    def stop(self) -> None:
        """Leave what waits to the next start."""
        with self._lock:
            self._is_stopped = True
            timer, self._timer = self._timer, None
        if timer is not None:
            timer.cancel()
            timer.join()

    def discard(self, study: str) -> None:
        """Hide a study, and delete it later.  Raises UnknownResource."""
        archive = self._archive
        was_shown = archive.labels.has(Level.STUDY, study, self._shown_label)
        if DISCARDED_AT in archive.metadata.all(Level.STUDY, study):
            return
        value = utc_text(int(self._clock.now())) + (_WAS_SHOWN if was_shown else "")
        archive.metadata.put(Level.STUDY, study, _NAME, value)
        archive.labels.remove(Level.STUDY, study, self._shown_label)
        with self._lock:
            self._due[study] = self._clock.monotonic() + self._seconds
            self._schedule()

    def restore(self, study: str, *, as_shown: bool = True) -> None:
        """Give a study back as it was, or hidden.  Raises UnknownResource when it is gone, or was not discarded."""
        archive = self._archive
        known = archive.metadata.all(Level.STUDY, study).get(DISCARDED_AT)
        if known is None:
            raise UnknownResource("This study was not deleted.")
        with self._lock:
            self._due.pop(study, None)
        archive.metadata.delete(Level.STUDY, study, _NAME, if_match=known.etag)
        if as_shown and known.value.endswith(_WAS_SHOWN):
            archive.labels.add(Level.STUDY, study, self._shown_label)

    def arrived(self, study: str) -> None:
        """Something of a study was received: one that was discarded is had back, and students do not see it yet."""
        if study not in self._due:  # a look without the lock: nothing is, nearly always
            return
        try:
            self.restore(study, as_shown=False)
        except UnknownResource:
            return  # two senders at once: the other one had it back
        LOGGER.info("The study %s is sent again and had back", study)

    def seconds_left(self, study: str) -> int:
        """How long a study can be given back."""
        with self._lock:
            return max(0, round(self._due.get(study, 0.0) - self._clock.monotonic()))

    def _schedule(self) -> None:
        """Have a timer for the next one; the lock is held."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._due and not self._is_stopped:
            wait = max(0.0, min(self._due.values()) - self._clock.monotonic())
            self._timer = threading.Timer(wait, self._delete_due)
            self._timer.name = "discarded"
            self._timer.daemon = True
            self._timer.start()

    def _delete_due(self) -> None:
        now = self._clock.monotonic()
        with self._lock:
            due = [study for study, at in self._due.items() if at <= now]
            for study in due:
                del self._due[study]
        for study in due:
            try:
                self._archive.delete(Level.STUDY, study)
            except UnknownResource:
                continue  # somebody else deleted it
            except PacsberryError as error:
                LOGGER.error("The study %s stays for now: %s", study, error)
        with self._lock:
            self._schedule()
