"""The archive: one folder of files and one index, opened and closed as a whole.

Builds the parts and owns their threads; everybody else holds the part that it uses.
"""

import logging
import sqlite3
from collections.abc import Mapping
from pathlib import Path

from pacsberry.archive.attachment_names import AttachmentNames
from pacsberry.archive.attachments import Attachments
from pacsberry.archive.changes_log import ChangeLog
from pacsberry.archive.deletion import Deletion, delete
from pacsberry.archive.describing import Describer
from pacsberry.archive.exports_log import ExportLog
from pacsberry.archive.filestore import FileStore
from pacsberry.archive.index import Index
from pacsberry.archive.indexing import KeptFile
from pacsberry.archive.keeping import Keeper
from pacsberry.archive.labels import Labels
from pacsberry.archive.lookup import Lookup
from pacsberry.archive.metadata import Metadata
from pacsberry.archive.metadata_names import MetadataNames
from pacsberry.archive.notes import Notes
from pacsberry.archive.outside_tags import OutsideTags
from pacsberry.archive.protection import Protection
from pacsberry.archive.recovery import Recovery, note_clean_stop, recover
from pacsberry.archive.remover import Remover
from pacsberry.archive.resources import Resources
from pacsberry.archive.search import Search
from pacsberry.archive.settings import ArchiveSettings
from pacsberry.archive.spool import Spool
from pacsberry.archive.stability import Stability
from pacsberry.archive.statistics import Statistics
from pacsberry.errors import PacsberryError
from pacsberry.model import Clock, Header, Kept, Level, Receipt

LOGGER = logging.getLogger("pacsberry.archive")


class Archive:
    """Keeps instances and tells what is kept; thread-safe once started."""

    def __init__(self, *, storage: Path, index: Path, settings: ArchiveSettings, clock: Clock | None = None) -> None:
        """`storage`: folder of the files; `index`: path of the database file."""
        self._settings = settings
        self._clock = clock or Clock()
        self.stability = Stability(settings.stable_age_seconds, self._clock.monotonic)
        self.files = FileStore(
            storage, sync_files=settings.sync_files, with_md5=settings.store_md5, reserve_bytes=settings.reserve_bytes
        )
        self.index = Index(
            index,
            stability=self.stability,
            clock=self._clock,
            batch_seconds=settings.batch_seconds,
            batch_instances=settings.batch_instances,
            first_open_bucket=self.files.first_open_bucket,
            on_indexed=self._on_indexed,
        )
        self._keeper = Keeper(self.files, self.index, overwrite=settings.overwrite, clock=self._clock)
        self._remover = Remover(self.files, self.index)
        self._add_nouns(settings)

    def _add_nouns(self, settings: ArchiveSettings) -> None:
        """What can be asked of the index, one object for each noun of the REST API."""
        index, clock = self.index, self._clock
        self.changes = ChangeLog(index)
        self.exports = ExportLog(index, enabled=settings.log_exports, clock=clock)
        self.labels = Labels(index)
        self.lookup = Lookup(index)
        self.notes = Notes(index, self.files, on_garbage=self._remover.wake)
        self.protection = Protection(index)
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
            on_garbage=self._remover.wake,
            clock=clock,
        )
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
            migrations = self.index.open()
            found = self.index.prepare(lambda connection: recover(connection, self.files, self._settings, self._now()))
        except BaseException:
            self.index.stop()
            self.files.stop()
            raise
        found.migrations = [] if 1 in migrations else migrations
        found.log()
        self.index.start()
        self._remover.start()
        return found

    def stop(self) -> None:
        """Commit everything, note the clean stop, release the storage."""
        self._remover.stop()
        try:
            self.index.write(lambda connection: note_clean_stop(connection, self.files))
        except (PacsberryError, sqlite3.Error) as error:
            LOGGER.error("The clean stop cannot be noted, the next start will look closer: %s", error)
        self.index.stop()
        self.files.stop()

    def spool(self) -> Spool:
        """A file to receive an instance into; NoRoom when the card is full."""
        return self.files.spool()

    def keep(self, spool: Spool, header: Header, receipt: Receipt) -> Kept:
        """Keep a received instance; durable when this returns.  Raises NoRoom."""
        return self._keeper.keep(spool, header, receipt)

    def delete(self, level: Level, resource_id: str) -> tuple[Level, str] | None:
        """Delete a resource and what is below it; returns the closest surviving ancestor.  Raises UnknownResource."""

        def act(connection: sqlite3.Connection) -> Deletion:
            return delete(connection, level, resource_id, self._now())

        deletion = self.index.write(act)
        for gone_level, key in deletion.gone:
            self.stability.forget(gone_level, key)
        self._remover.wake()
        return deletion.remaining

    def _now(self) -> int:
        return int(self._clock.now())

    def _on_indexed(self, batch: list[KeptFile], garbage: bool) -> None:
        self.files.indexed([kept.file for kept in batch])
        if garbage:
            self._remover.wake()
