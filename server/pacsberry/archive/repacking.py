"""Changes the form of one kept file, packed or as it was received; its content stays what it is.

1. the content goes into a new file, and is compared on the way with the checksum from its reception;
2. that file is kept like any other, durably, under a name of its own;
3. one synced transaction: the row names the new file, the old one becomes garbage;
4. whoever read the old name before finds the new file (FileStore.changed_form).
A power cut before 3 leaves the old file, and a copy that the next start removes; after 3 the new one.
"""

import sqlite3
import threading
from collections.abc import Callable
from typing import Final

from pacsberry.archive.attachment_names import DICOM
from pacsberry.archive.attachments import Attachment, Attachments
from pacsberry.archive.filestore import FileStore
from pacsberry.archive.forms import suffix_of
from pacsberry.archive.index import Index
from pacsberry.archive.places import key_of
from pacsberry.archive.rows import count
from pacsberry.archive.spool import Spool
from pacsberry.errors import BadRequest, Conflict, DamagedFile, PacsberryError
from pacsberry.model import Level

_MOST_BYTES: Final = 2**32 - 1  # of content in a packed file, see packing.MOST_BYTES
_READ_BYTES: Final = 2**18
_INSTANCE: Final = "UPDATE instances SET file = ?, stored_size = ? WHERE file = ? AND key = ?"
_ATTACHED: Final = """UPDATE attachments SET file = ?, stored_size = ?
                      WHERE file = ? AND key = ? AND level = ? AND type = ?"""


class Repacking:
    """Packs and unpacks what is kept; thread-safe."""

    def __init__(
        self, index: Index, files: FileStore, *, attachments: Attachments, on_garbage: Callable[[], None]
    ) -> None:
        """`on_garbage`: told when a file may be removed."""
        self._index = index
        self._files = files
        self._attachments = attachments
        self._on_garbage = on_garbage
        self._lock = threading.Lock()  # held while a file is copied: two changes of one file must not cross

    def change(self, level: Level, resource_id: str, name: str, *, packed: bool) -> bool:
        """Bring an attachment into a form; False when it has that form already.

        Raises UnknownResource, DamagedFile, NoRoom, BadRequest (too large to be packed), Conflict (replaced meanwhile).
        """
        with self._lock:
            attachment = self._attachments.get(level, resource_id, name)
            if attachment.is_packed == packed:
                return False
            if packed and attachment.size > _MOST_BYTES:
                raise BadRequest(f"{attachment.name} has {attachment.size} bytes; what has 4 GB is not packed.")
            with self._files.spool(expected_bytes=attachment.size, packed=packed) as spool:
                self._copy(attachment, spool)
                file = self._files.keep(spool, suffix_of(attachment.file))
                self._enter(level, resource_id, attachment, file, spool.stored_size)
        self._on_garbage()
        return True

    def _copy(self, attachment: Attachment, spool: Spool) -> None:
        with self._files.open(attachment.file) as content:
            while piece := content.read(_READ_BYTES):
                spool.write(piece)
        if spool.size != attachment.size or attachment.crc32 not in (None, spool.crc32):
            raise DamagedFile(
                f"The file of {attachment.name} is damaged: it is not what was stored, and stays as it is."
            )
        spool.finish()
        spool.note_receipt(self._files.receipt_text(attachment.file))
        spool.date_like(self._files.path(attachment.file))

    def _enter(
        self, level: Level, resource_id: str, attachment: Attachment, file: str, stored_size: int | None
    ) -> None:
        def act(connection: sqlite3.Connection) -> None:
            key = key_of(connection, level, resource_id)
            is_instance = attachment.number == DICOM
            done = connection.execute(
                _INSTANCE if is_instance else _ATTACHED,
                (file, stored_size, attachment.file, key, *(() if is_instance else (int(level), attachment.number))),
            )
            if done.rowcount != 1:
                raise Conflict(f"{attachment.name} was replaced meanwhile.")
            connection.execute("INSERT OR IGNORE INTO garbage VALUES (?)", (attachment.file,))
            if is_instance:
                stored = attachment.size if stored_size is None else stored_size
                count(connection, "stored_bytes", stored - attachment.bytes_on_card)

        try:
            self._index.write(act)
        except PacsberryError:
            self._files.remove(file)
            self._files.indexed([file])
            raise
        # Any other error leaves open which file the row names: both stay, and the next start decides.
        self._files.changed_form(attachment.file, file)
        self._files.indexed([file])
