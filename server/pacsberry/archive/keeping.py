"""Keeps one instance: decides by the overwrite policy, makes it durable, hands it to the index.

The order that makes success mean durable:
1. claim the instance, so that two senders of the same one do not cross;
2. look whether it is there (posted, or in the index);
3. have it let in, which may recycle somebody (arriving, recycler/admission);
4. move the spooled file to its final name, synced (filestore.keep);
5. post it to the index-writer; from here on every reader sees it;
6. answer.
A power cut between 4 and the index's commit loses nothing: the next start finds the file without its entry.
"""

import contextlib
import threading
from collections.abc import Iterator
from typing import BinaryIO, Final, NamedTuple

from pacsberry.archive.arriving import Arriving
from pacsberry.archive.filestore import FileStore
from pacsberry.archive.forms import DICOM_SUFFIX
from pacsberry.archive.index import Index
from pacsberry.archive.indexing import KeptFile
from pacsberry.archive.receipts import receipt_text
from pacsberry.archive.rows import BY_ID
from pacsberry.archive.spool import Spool
from pacsberry.errors import DamagedFile, UnknownResource
from pacsberry.model import Clock, Header, KeepStatus, Kept, Level, OverwritePolicy, Receipt

_READ_BYTES: Final = 2**18


class _Present(NamedTuple):
    """The file of an instance that is there."""

    file: str
    md5: str
    size: int  # bytes of content
    stored: int  # bytes on the card


class Keeper:
    """The one way a file becomes part of the archive; thread-safe."""

    def __init__(
        self, files: FileStore, index: Index, *, arriving: Arriving, overwrite: OverwritePolicy, clock: Clock
    ) -> None:
        self._files = files
        self._index = index
        self._overwrite = overwrite
        self._clock = clock
        self._arriving = arriving
        self._condition = threading.Condition()  # guards the claims
        self._claims: set[str] = set()

    def keep(self, spool: Spool, header: Header, receipt: Receipt, *, restored_from: int | None = None) -> Kept:
        """Keep a spooled instance, or find it there; durable when this returns.  Raises NoRoom.

        `restored_from`: of an instance out of a backup, when it was received (UTC seconds); what is there stays then,
        whatever the policy.
        """
        self._index.refuse_if_failing()
        instance_id = header.identifiers.orthanc_id(Level.INSTANCE)
        with self._claim(instance_id):
            present = self._find(instance_id)
            if present is not None and self._stays(present, spool, is_restored=restored_from is not None):
                return Kept(KeepStatus.ALREADY_STORED, header.identifiers, header.sop_class_uid)
            spool.note_receipt(receipt_text(receipt))
            if restored_from is not None:
                spool.date(restored_from)
            if present is not None:
                spool.date_after(self._files.path(present.file))
            spool.finish()
            growth = spool.bytes_on_card - (present.stored if present is not None else 0)
            with self._arriving.let_in(header, growth):
                kept = KeptFile(
                    header=header,
                    receipt=receipt,
                    file=self._files.keep(spool, DICOM_SUFFIX),
                    size=spool.size,
                    md5=spool.md5,
                    crc32=spool.crc32,
                    stored_size=spool.stored_size,
                    received_at=int(self._clock.now()) if restored_from is None else restored_from,
                    replaces=present is not None,
                    growth=growth,
                )
                self._index.post(kept, instance_id)
        return Kept(KeepStatus.SUCCESS, header.identifiers, header.sop_class_uid)

    def would_stay(self, instance_id: str) -> bool:
        """Whether an instance is there that would not be replaced, whatever came."""
        if self._overwrite is not OverwritePolicy.NEVER:
            return False
        present = self._find(instance_id)
        return present is not None and self._files.exists(present.file)

    @contextlib.contextmanager
    def _claim(self, instance_id: str) -> Iterator[None]:
        with self._condition:
            self._condition.wait_for(lambda: instance_id not in self._claims)
            self._claims.add(instance_id)
        try:
            yield
        finally:
            with self._condition:
                self._claims.discard(instance_id)
                self._condition.notify_all()

    def _find(self, instance_id: str) -> _Present | None:
        """The file of the instance as it is kept now."""
        pending = self._index.pending(instance_id)
        if pending is not None:
            stored = pending.size if pending.stored_size is None else pending.stored_size
            return _Present(pending.file, pending.md5, pending.size, stored)
        with self._index.read_committed() as connection:
            row = connection.execute(
                f"SELECT file, md5, size, coalesce(stored_size, size) FROM instances WHERE {BY_ID}", (instance_id,)
            ).fetchone()
        return None if row is None else _Present(*row)

    def _stays(self, present: _Present, spool: Spool, *, is_restored: bool) -> bool:
        """Whether what is there stays; a file that has vanished from the card is replaced whatever the policy."""
        if not self._files.exists(present.file):
            return False
        if is_restored:
            return True
        if self._overwrite is OverwritePolicy.ALWAYS:
            return False
        if self._overwrite is OverwritePolicy.IF_CHANGED:
            if present.size != spool.size:
                return False
            return present.md5 == spool.md5 if present.md5 and spool.md5 else self._is_same(present.file, spool)
        return True

    def _is_same(self, file: str, spool: Spool) -> bool:
        """Whether a kept file has the content of a spool of the same size; what cannot be read has not."""
        try:
            with self._files.open(file) as kept, spool.open() as received:
                return _have_same_bytes(kept, received)
        except (DamagedFile, UnknownResource):
            return False


def _have_same_bytes(one: BinaryIO, other: BinaryIO) -> bool:
    while piece := one.read(_READ_BYTES):
        if piece != other.read(_READ_BYTES):
            return False
    return not other.read(1)
