"""The archive: one folder of files and one index, opened and closed as a whole.

Builds the parts and owns their threads; everybody else holds the part that it uses.
"""

import contextlib
import logging
import sqlite3
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from pacsberry.archive.arriving import Admission, Arriving
from pacsberry.archive.attachment_names import AttachmentNames
from pacsberry.archive.attachments import Attachments
from pacsberry.archive.candidates import Candidate, Candidates, Occupancy, occupancy_of, take_out
from pacsberry.archive.catalogue import Catalogue
from pacsberry.archive.changes_log import ChangeLog
from pacsberry.archive.contents import SeriesContents
from pacsberry.archive.deletion import Deletion, delete
from pacsberry.archive.describing import Describer
from pacsberry.archive.exports_log import ExportLog
from pacsberry.archive.filestore import FileStore
from pacsberry.archive.index import Index
from pacsberry.archive.index_files import IndexFiles
from pacsberry.archive.indexing import KeptFile
from pacsberry.archive.inventory import Inventory
from pacsberry.archive.keeping import Keeper
from pacsberry.archive.labels import Labels
from pacsberry.archive.lookup import Lookup
from pacsberry.archive.mending import Mending
from pacsberry.archive.metadata import Metadata
from pacsberry.archive.metadata_names import MetadataNames
from pacsberry.archive.notes import Notes
from pacsberry.archive.notes_mirror import NotesMirror
from pacsberry.archive.opening import open_index
from pacsberry.archive.outside_tags import OutsideTags
from pacsberry.archive.protection import Protection
from pacsberry.archive.recovery import Recovery, note_clean_stop, recover
from pacsberry.archive.remover import Remover
from pacsberry.archive.repacking import Repacking
from pacsberry.archive.resources import Resources
from pacsberry.archive.room import BALLAST_NAME
from pacsberry.archive.rows import fact
from pacsberry.archive.search import Search
from pacsberry.archive.settings import ArchiveSettings
from pacsberry.archive.snapshots import Committed
from pacsberry.archive.spool import Spool
from pacsberry.archive.stability import Stability
from pacsberry.archive.statistics import Statistics
from pacsberry.errors import PacsberryError
from pacsberry.model import Clock, Header, Kept, Level, Receipt

if TYPE_CHECKING:
    from pacsberry.archive.rebuild_report import Rebuilt
    from pacsberry.archive.rebuilding import Progress

LOGGER = logging.getLogger("pacsberry.archive")


class Archive:
    """Keeps instances and tells what is kept; thread-safe once started."""

    def __init__(self, *, storage: Path, index: Path, settings: ArchiveSettings, clock: Clock | None = None) -> None:
        """`storage`: folder of the files; `index`: path of the database file."""
        self._settings = settings
        self.recovery: Recovery | None = None  # what the last start found
        self._index_files = IndexFiles(index)
        self._is_damaged = False
        self._when_damaged: Callable[[], None] = lambda: None
        self._when_changed: Callable[[tuple[str, ...]], None] = lambda series: None
        self._clock = clock or Clock()
        self.stability = Stability(settings.stable_age_seconds, self._clock.monotonic)
        self.files = FileStore(
            storage,
            sync_files=settings.sync_files,
            with_md5=settings.store_md5,
            reserve_bytes=settings.reserve_bytes,
            packs=settings.compression,
            ballast=index.parent / BALLAST_NAME,
        )
        self.room = self.files.room
        self.arriving = Arriving()
        self.index = Index(
            index,
            stability=self.stability,
            clock=self._clock,
            batch_seconds=settings.batch_seconds,
            batch_instances=settings.batch_instances,
            first_open_bucket=self.files.first_open_bucket,
            on_indexed=self._on_indexed,
            on_full=self.room.give_up_ballast,
            on_written=self._on_written,
            on_damaged=self._on_damaged,
        )
        self._notes_mirror = NotesMirror(storage, self.index)
        self._keeper = Keeper(
            self.files, self.index, arriving=self.arriving, overwrite=settings.overwrite, clock=self._clock
        )
        self._remover = Remover(self.files, self.index)
        self._add_nouns(settings)

    def _add_nouns(self, settings: ArchiveSettings) -> None:
        """What can be asked of the index, one object for each noun of the REST API."""
        index, clock = self.index, self._clock
        self.catalogue = Catalogue(index)
        self.changes = ChangeLog(index)
        self.contents = SeriesContents(index)
        self.inventory = Inventory(index)
        self.mending = Mending(index, self.files, settings=settings, clock=clock, on_deleted=self._follow)
        self.exports = ExportLog(index, enabled=settings.log_exports, clock=clock)
        self.labels = Labels(index)
        self.lookup = Lookup(index)
        self.notes = Notes(index, self.files, on_garbage=self._remover.wake)
        self.protection = Protection(index)
        self.candidates = Candidates(Committed(index), self.files)
        self.statistics = Statistics(index)
        self.metadata = Metadata(
            index,
            names=MetadataNames(settings.user_metadata),
            signatures={level: settings.main_tags.signature(level) for level in Level},
            check_revisions=settings.check_revisions,
            clock=clock,
        )
        self.attachments = Attachments(
            index,
            self.files,
            names=AttachmentNames(settings.user_content_types),
            check_revisions=settings.check_revisions,
            arriving=self.arriving,
            on_garbage=self._remover.wake,
            clock=clock,
        )
        self.repacking = Repacking(index, self.files, attachments=self.attachments, on_garbage=self._remover.wake)
        outside = OutsideTags(self._read_tags, settings.storage_access)
        self.search = Search(index, main_tags=settings.main_tags, outside=outside, limits=settings.find_limits)
        self.resources = Resources(
            index,
            stability=self.stability,
            describer=Describer(
                stability=self.stability,
                metadata=self.metadata,
                attachments=self.attachments,
                main_tags=settings.main_tags,
                dictionary=settings.dictionary,
                outside=outside,
            ),
        )

    def _read_tags(self, file: str, tags: frozenset[int]) -> Mapping[int, str]:
        with self.files.open(file) as opened:
            return self._settings.reading.tags(opened, tags)

    def start(self) -> Recovery:
        """Open, upgrade, recover, start the threads; see recovery.py for what is found and how."""
        self.files.start()
        try:
            found = open_index(self.index, self._index_files.index, self.files, self._settings, self._now())
        except BaseException:
            self.index.stop()
            self.files.stop()
            raise
        found.log()
        self.recovery = found
        self.index.start()
        self._remover.start()
        self._notes_mirror.start()
        return found

    def stop(self) -> None:
        """Commit everything, note the clean stop, release the storage."""
        self._remover.stop()
        self._notes_mirror.stop()
        try:
            self.index.write(lambda connection: note_clean_stop(connection, self.files))
        except (PacsberryError, sqlite3.Error) as error:
            LOGGER.error("The clean stop cannot be noted, the next start will look closer: %s", error)
        self.index.stop()
        self.files.stop()

    @contextlib.contextmanager
    def for_repair(self) -> Iterator[None]:
        """The storage taken and the index open for reading and writing, without any other thread.

        Nothing is changed by itself, unless the last stop was unclean: then what every start does is done first.
        """
        self.files.start()
        try:
            self.index.open()
            self.index.prepare(self._recover_if_unclean)
            self.index.start()
            yield
        finally:
            self.index.stop()
            self.files.stop()

    def activity(self) -> int:
        """A number that grows while somebody stores or reads: when it stands still, the archive is not used."""
        return self.files.opens + self.index.posted_count

    def _recover_if_unclean(self, connection: sqlite3.Connection) -> None:
        if not fact(connection, "clean"):
            recover(connection, self.files, self._settings, self._now()).log()

    def rebuild_index(self, progress: "Progress | None" = None, *, checksums: bool = False) -> "Rebuilt":
        """Make the index anew from the files while nothing else uses the storage; see rebuilding.py."""
        from pacsberry.archive.rebuilding import rebuild

        self.files.start()
        try:
            return rebuild(
                self.files,
                self._index_files.index,
                self._settings,
                reason="Somebody asked for it.",
                now=self._now(),
                checksums=checksums,
                progress=progress,
            )
        finally:
            self.files.stop()

    def spool(self, *, expected_bytes: int = 0, may_wait: bool = True) -> Spool:
        """A file to receive an instance into; NoRoom when the card is full, and nobody makes room."""
        return self.files.spool(expected_bytes=expected_bytes, may_wait=may_wait)

    def when_damaged(self, restart: Callable[[], None]) -> None:
        """Have `restart`, which returns at once, called when the index turns out to be damaged."""
        self._when_damaged = restart

    def watch_series(self, stable: Callable[[list[int]], None], changed: Callable[[tuple[str, ...]], None]) -> None:
        """Say, before the start, who is told of series, and returns at once.

        `stable` gets the row keys of those that have become it; `changed` the identifiers of those that are gone, or
        have lost an instance.
        """
        self.stability.when_settled = lambda keys: stable([key for level, key in keys if level is Level.SERIES])
        self._when_changed = changed

    def admit_with(self, admission: Admission) -> None:
        """Ask `admission` before anything is kept; to be said before the start."""
        self.arriving.admission = admission

    def keep(self, spool: Spool, header: Header, receipt: Receipt, *, restored_from: int | None = None) -> Kept:
        """Keep a received instance, or one out of a backup (keeping.py); durable when this returns.  Raises NoRoom."""
        return self._keeper.keep(spool, header, receipt, restored_from=restored_from)

    def would_stay(self, instance_id: str) -> bool:
        """Whether an instance is there that `keep` would leave as it is, whatever came (Orthanc identifier)."""
        return self._keeper.would_stay(instance_id)

    def delete(self, level: Level, resource_id: str) -> tuple[Level, str] | None:
        """Delete a resource and what is below it; returns the closest surviving ancestor.  Raises UnknownResource."""

        def act(connection: sqlite3.Connection) -> Deletion:
            return delete(connection, level, resource_id, self._now())

        deletion = self.index.write(act)
        self._follow(deletion)
        return deletion.remaining

    def occupancy(self, patient: str, *, exactly: bool) -> Occupancy:
        """How full it is, for the admission of something of a patient (Orthanc identifier).

        Without `exactly` it waits for nobody, and what is being committed may count twice, never less.
        """
        if exactly:  # on the writer's thread: what was posted is committed, and `arriving` knows that
            return self.index.write(lambda connection: occupancy_of(connection, self.arriving.now(), patient))
        expected = self.arriving.now()  # first: what is committed after it is seen twice, what was before it once
        with self.index.read_committed() as connection:
            return occupancy_of(connection, expected, patient)

    def recycle(self, candidate: Candidate) -> bool:
        """Delete a patient to make room; False when it may not go any more: protected meanwhile, or sent more."""
        deletion = self.index.write(lambda connection: take_out(connection, candidate, self._now()))
        if deletion is None:
            return False
        self._follow(deletion)
        return True

    def _follow(self, deletion: Deletion) -> None:
        """What is to be done once a deletion is committed."""
        for level, key in deletion.gone:
            self.stability.forget(level, key)
        self._remover.wake()
        self._when_changed(deletion.series)

    def _now(self) -> int:
        return int(self._clock.now())

    def _on_indexed(self, batch: list[KeptFile], garbage: bool) -> None:
        self.files.indexed([kept.file for kept in batch])
        self.arriving.landed(batch)
        self.room.look()
        if garbage:
            self._remover.wake()
            self._notes_mirror.wake()

    def _on_written(self) -> None:
        self._notes_mirror.wake()

    def _on_damaged(self) -> None:
        """Nothing can be trusted from here on: the next start makes the index anew, and is to come soon."""
        if not self._is_damaged:
            self._is_damaged = True
            LOGGER.error("The index is damaged. It is made anew from the files at the next start.")
            self._index_files.mark("Damage was met while the server ran.")
            self._when_damaged()
