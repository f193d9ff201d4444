"""Files attached to resources: the DICOM file of an instance, and what users put beside any resource.

Users' files are kept like instances: the file is durable before the row that names it is committed, and the file it
replaces becomes garbage in the same transaction.
"""

import sqlite3
from collections.abc import Callable
from dataclasses import dataclass

from pacsberry.archive.arriving import Arriving
from pacsberry.archive.attachment_names import DICOM, FIRST_USER_NUMBER, AttachmentNames
from pacsberry.archive.filestore import FileStore
from pacsberry.archive.forms import ATTACHED_SUFFIX, uuid_of
from pacsberry.archive.index import Index
from pacsberry.archive.places import ALIASES, key_of, upwards
from pacsberry.archive.revisions import check, etag
from pacsberry.archive.rows import log_change
from pacsberry.archive.spool import Spool
from pacsberry.errors import BadRequest, Conflict, DamagedFile, NotAllowed, PacsberryError, UnknownResource
from pacsberry.model import Clock, Level

_COLUMNS = "type, file, size, md5, crc32, stored_size, revision"


@dataclass(frozen=True, slots=True)
class Attachment:
    """One attached file: sizes and checksums are of its content, whatever form it is stored in."""

    number: int
    name: str
    media_type: str
    file: str  # for FileStore.open
    size: int  # bytes
    md5: str  # hex; '' when StoreMD5ForAttachments was off (never for users' files)
    crc32: int | None
    stored_size: int | None  # bytes on the card when it is packed
    revision: int

    @property
    def is_packed(self) -> bool:
        """Whether it is stored packed."""
        return self.stored_size is not None

    @property
    def bytes_on_card(self) -> int:
        """What it takes as it is stored."""
        return self.size if self.stored_size is None else self.stored_size

    @property
    def uuid(self) -> str:
        """The name of the file without folder and suffix."""
        return uuid_of(self.file)

    @property
    def etag(self) -> str:
        """The entity tag; without an MD5 the CRC-32 stands in for it."""
        return etag(self.revision, self.md5 or ("" if self.crc32 is None else f"{self.crc32:08x}"))

    def facts(self, md5: str, packed_md5: str = "") -> dict[str, object]:
        """What Orthanc tells of a file; `packed_md5` when it is packed and somebody has computed it."""
        return {
            "CompressedMD5": packed_md5 if self.is_packed else md5,
            "CompressedSize": self.bytes_on_card,
            "ContentType": self.number,
            "UncompressedMD5": md5,
            "UncompressedSize": self.size,
            "Uuid": self.uuid,
        }


class Attachments:
    """Reads and writes attachments; thread-safe."""

    def __init__(
        self,
        index: Index,
        files: FileStore,
        *,
        names: AttachmentNames,
        check_revisions: bool,
        arriving: Arriving,
        on_garbage: Callable[[], None],
        clock: Clock,
    ) -> None:
        """`check_revisions`: the option CheckRevisions; `on_garbage`: told when a file may be removed."""
        self._arriving = arriving
        self.names = names
        self._index = index
        self._files = files
        self._check_revisions = check_revisions
        self._on_garbage = on_garbage
        self._clock = clock

    def all(self, level: Level, resource_id: str) -> list[Attachment]:
        """The attachments of a resource, by number.  Raises UnknownResource."""
        with self._index.read() as connection:
            return self.of_key(connection, level, key_of(connection, level, resource_id))

    def get(self, level: Level, resource_id: str, name: str) -> Attachment:
        """One attachment by name or number.  Raises UnknownResource, also when the resource has none of that name."""
        number = self.names.number(name)
        if level is Level.INSTANCE and number == DICOM:  # which most ask for: one query instead of three
            with self._index.read() as connection:
                query = "SELECT file, size, md5, crc32, stored_size, 0 FROM instances WHERE id = ?"
                row = connection.execute(query, (resource_id,)).fetchone()
            if row is not None:
                return self._made(DICOM, *row)
        for attachment in self.all(level, resource_id):
            if attachment.number == number:
                return attachment
        raise UnknownResource(f"The {level.title.lower()} {resource_id} has no attachment {name[:80]!r}.")

    def md5(self, attachment: Attachment) -> str:
        """The MD5 of an attachment, read from its file when the index has none.  Raises UnknownResource."""
        return attachment.md5 or self._files.md5(attachment.file)

    def stored_md5(self, attachment: Attachment) -> str:
        """The MD5 of the file as it is stored, read from it when it is packed.  Raises UnknownResource."""
        return self._files.stored_md5(attachment.file) if attachment.is_packed else self.md5(attachment)

    def info(self, attachment: Attachment) -> dict[str, object]:
        """All facts, in the words of /attachments/{name}/info, with the MD5 whatever it takes."""
        return attachment.facts(self.md5(attachment), self.stored_md5(attachment))

    def verify(self, attachment: Attachment) -> None:
        """Read the file and compare: BadRequest when it is damaged, or nothing is known to compare it with."""
        try:
            if attachment.md5:
                is_good = self._files.md5(attachment.file) == attachment.md5
            elif attachment.crc32 is not None or attachment.is_packed:  # which has a checksum of its own
                is_good = self._files.crc32(attachment.file) == attachment.crc32 or attachment.crc32 is None
            else:
                raise BadRequest(f"No checksum of {attachment.name} was stored; StoreMD5ForAttachments keeps one.")
        except DamagedFile:
            is_good = False
        if not is_good:
            self._files.report(attachment.file)
            raise BadRequest(f"The file of {attachment.name} is damaged: its checksum is not what was stored.")

    def put(
        self, level: Level, resource_id: str, name: str, content: Spool, *, if_match: str | None = None
    ) -> Attachment:
        """Attach a received file, in place of the one that was there.

        1. have it let in; 2. keep the file, durably; 3. commit the row, the old file becoming garbage; 4. answer.
        Raises UnknownResource, NotAllowed for the system's own, Conflict, BadRequest (If-Match), NoRoom.
        """
        number = self._writable(name)
        content.finish()
        with self._arriving.let_in_attachment(self._patient_of(level, resource_id), content.bytes_on_card):
            return self._put(level, resource_id, number, content, if_match=if_match)

    def restore(self, level: Level, resource_id: str, number: int, content: Spool, revision: int) -> Attachment:
        """Attach a file out of a backup, as `put` does, with the revision it had.

        Conflict when what is there has that revision or a later one: it stays.
        """
        self._writable(str(number))
        content.finish()
        with self._arriving.let_in_attachment(self._patient_of(level, resource_id), content.bytes_on_card):
            return self._put(level, resource_id, number, content, restored=revision)

    def _put(
        self,
        level: Level,
        resource_id: str,
        number: int,
        content: Spool,
        *,
        if_match: str | None = None,
        restored: int | None = None,
    ) -> Attachment:
        file = self._files.keep(content, ATTACHED_SUFFIX)
        size, crc32, stored_size = content.size, content.crc32, content.stored_size
        md5 = content.md5 or self._files.md5(file)

        def act(connection: sqlite3.Connection) -> Attachment:
            key = key_of(connection, level, resource_id)
            old = self._stored(connection, level, key, number)
            if restored is None:
                check(if_match, old.etag if old else None, is_required=self._check_revisions)
            elif old is not None and old.revision >= restored:
                raise Conflict("What is attached there is not older than the backup: it stays.")
            revision = restored or 0
            if old is not None:
                if restored is None:
                    revision = old.revision + 1
                connection.execute("INSERT OR IGNORE INTO garbage VALUES (?)", (old.file,))
            connection.execute(
                """INSERT OR REPLACE INTO attachments (level, key, type, file, size, md5, crc32, stored_size, revision)
                   VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)""",
                (int(level), key, number, file, size, md5, crc32, stored_size, revision),
            )
            self._log(connection, level, key)
            return self._made(number, file, size, md5, crc32, stored_size, revision)

        try:
            attachment = self._index.write(act)
        except PacsberryError:
            self._files.remove(file)
            self._files.indexed([file])
            raise
        # Any other error leaves open whether the row is there: the file stays, and the next start decides.
        self._files.indexed([file])
        self._on_garbage()
        return attachment

    def delete(self, level: Level, resource_id: str, name: str, *, if_match: str | None = None) -> None:
        """Remove a user's attachment.  Raises UnknownResource, NotAllowed, Conflict, BadRequest (If-Match)."""
        number = self._writable(name)

        def act(connection: sqlite3.Connection) -> None:
            key = key_of(connection, level, resource_id)
            old = self._stored(connection, level, key, number)
            if old is None:
                raise UnknownResource(f"The {level.title.lower()} {resource_id} has no attachment {name[:80]!r}.")
            check(if_match, old.etag, is_required=self._check_revisions)
            connection.execute("INSERT OR IGNORE INTO garbage VALUES (?)", (old.file,))
            connection.execute(
                "DELETE FROM attachments WHERE level = ? AND key = ? AND type = ?", (int(level), key, number)
            )
            self._log(connection, level, key)

        self._index.write(act)
        self._on_garbage()

    def of_key(self, connection: sqlite3.Connection, level: Level, key: int) -> list[Attachment]:
        """The attachments of a row, by number."""
        found = []
        if level is Level.INSTANCE:
            query = "SELECT file, size, md5, crc32, stored_size, 0 FROM instances WHERE key = ?"
            found.append(self._made(DICOM, *connection.execute(query, (key,)).fetchone()))
        query = f"SELECT {_COLUMNS} FROM attachments WHERE level = ? AND key = ? ORDER BY type"
        rows = connection.execute(query, (int(level), key))
        found.extend(self._made(*row) for row in rows)
        return found

    def _patient_of(self, level: Level, resource_id: str) -> str:
        with self._index.read() as connection:
            key = key_of(connection, level, resource_id)
            query = f"SELECT p.id FROM {upwards(level)} WHERE {ALIASES[level]}.key = ?"
            return str(connection.execute(query, (key,)).fetchone()[0])

    def _stored(self, connection: sqlite3.Connection, level: Level, key: int, number: int) -> Attachment | None:
        query = f"SELECT {_COLUMNS} FROM attachments WHERE level = ? AND key = ? AND type = ?"
        row = connection.execute(query, (int(level), key, number)).fetchone()
        return None if row is None else self._made(*row)

    def _made(
        self, number: int, file: str, size: int, md5: str, crc32: int | None, stored_size: int | None, revision: int
    ) -> Attachment:
        name, media_type = self.names.name(number), self.names.media_type(number)
        return Attachment(number, name, media_type, file, size, md5, crc32, stored_size, revision)

    def _writable(self, name: str) -> int:
        number = self.names.number(name)
        if number < FIRST_USER_NUMBER:
            raise NotAllowed(
                f"The attachment {name[:80]!r} belongs to the system; users' own start at {FIRST_USER_NUMBER}."
            )
        return number

    def _log(self, connection: sqlite3.Connection, level: Level, key: int) -> None:
        log_change(connection, "UpdatedAttachment", level, key, int(self._clock.now()))
