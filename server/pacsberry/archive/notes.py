"""Notes read from the index and written into it: for backup and restore, the mirror on the card, and a rebuild."""

import sqlite3
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Final

from pacsberry.archive.filestore import FileStore
from pacsberry.archive.index import Index
from pacsberry.archive.note import BadNote, Note, NotedFile, is_noted
from pacsberry.archive.places import key_of
from pacsberry.errors import UnknownResource
from pacsberry.model import Level

__all__ = ["BadNote", "Note", "NotedFile", "Notes", "notes_of", "write_note"]

_PART_BYTES: Final = 2**20  # a state larger than this goes on in a further note, so that none is large
_ATTACHMENT_BYTES: Final = 200  # of a line, for an attachment


class Notes:
    """Reads and writes notes; thread-safe."""

    def __init__(self, index: Index, files: FileStore, *, on_garbage: Callable[[], None]) -> None:
        """`on_garbage`: told when a file may be removed."""
        self._index = index
        self._files = files
        self._on_garbage = on_garbage

    def all(self) -> Iterator[Note]:
        """Everything there is to note, from one snapshot, patients first; a large state comes as several notes."""
        with self._index.read() as connection:
            yield from all_notes(connection)

    def apply(self, note: Note) -> bool:
        """Merge a note into the index, durably; False when the resource is not there.

        Labels and protection are added; of metadata and attachments those of the higher revision stay.  An attachment
        whose file is not in the storage, of its size and free, is left out.
        """

        def act(connection: sqlite3.Connection) -> bool:
            return write_note(connection, self._files, note, replace=False) is not None

        is_there = self._index.write(act)
        self._on_garbage()
        return is_there


def all_notes(connection: sqlite3.Connection) -> Iterator[Note]:
    """Everything there is to note, in the snapshot that the connection holds."""
    for level, key in connection.execute("SELECT level, key FROM noted ORDER BY level, key"):
        row = connection.execute("SELECT id FROM resources WHERE level = ? AND key = ?", (level, key)).fetchone()
        if row is not None:
            yield from notes_of(connection, Level(level), row[0])


def notes_of(connection: sqlite3.Connection, level: Level, resource_id: str) -> Iterator[Note]:
    """The whole state of one resource, in one note or more; an empty one when it has none or is gone."""
    try:
        key = key_of(connection, level, resource_id)
    except UnknownResource:
        yield Note(level, resource_id)
        return
    part = _Part(protected=_is_protected(connection, level, key))
    for (label,) in _rows(connection, "label FROM labels", level, key):
        if part.size > _PART_BYTES:
            yield part.take(level, resource_id)
        part.labels.append(label)
        part.size += len(label)
    for row in _rows(connection, "type, file, size, md5, crc32, stored_size, revision FROM attachments", level, key):
        if part.size > _PART_BYTES:
            yield part.take(level, resource_id)
        part.attachments.append(NotedFile(*row))
        part.size += _ATTACHMENT_BYTES
    for number, value, revision in _rows(connection, "type, value, revision FROM metadata", level, key):
        if is_noted(number):
            if part.size + len(value) > _PART_BYTES and part.size:
                yield part.take(level, resource_id)
            part.metadata[number] = (value, revision)
            part.size += len(value)
    yield part.take(level, resource_id)


@dataclass(slots=True)
class _Part:
    """What the next note will say."""

    labels: list[str] = field(default_factory=list)
    metadata: dict[int, tuple[str, int]] = field(default_factory=dict)
    protected: bool = False
    attachments: list[NotedFile] = field(default_factory=list)
    size: int = 0  # about so many bytes
    more: bool = False

    def take(self, level: Level, resource_id: str) -> Note:
        """The note, and begin the one that goes on."""
        note = Note(
            level, resource_id, tuple(self.labels), self.metadata, self.protected, tuple(self.attachments), self.more
        )
        self.labels, self.metadata, self.protected, self.attachments, self.size, self.more = [], {}, False, [], 0, True
        return note


def write_note(
    connection: sqlite3.Connection, files: FileStore, note: Note, *, replace: bool
) -> list[NotedFile] | None:
    """Write a note inside the caller's transaction; returns the attachments that could not be linked.

    None when the resource is not there.  `replace`: the note is the whole state and knows better than the index, so
    what was there before goes (unless the note goes on from one before it), and its files are no garbage.
    """
    try:
        key = key_of(connection, note.level, note.id)
    except UnknownResource:
        return None
    if replace and not note.more:
        for table in ("labels", "metadata", "attachments"):
            connection.execute(f"DELETE FROM {table} WHERE level = ? AND key = ?", (int(note.level), key))
        _protect(connection, note.level, key, protected=False)
    if replace:
        connection.executemany("DELETE FROM garbage WHERE file = ?", [(one.file,) for one in note.attachments])
    if note.protected:
        _protect(connection, note.level, key, protected=True)
    connection.executemany(
        "INSERT OR IGNORE INTO labels (level, key, label) VALUES (?, ?, ?)",
        [(int(note.level), key, label) for label in note.labels],
    )
    connection.executemany(
        """INSERT INTO metadata (level, key, type, value, revision) VALUES (?, ?, ?, ?, ?)
           ON CONFLICT DO UPDATE SET value = excluded.value, revision = excluded.revision
           WHERE excluded.revision > metadata.revision""",
        [(int(note.level), key, number, value, revision) for number, (value, revision) in note.metadata.items()],
    )
    return [file for file in note.attachments if not _link(connection, files, note.level, key, file)]


def _link(connection: sqlite3.Connection, files: FileStore, level: Level, key: int, noted: NotedFile) -> bool:
    """Make a row for a user's file; whether it, or a later one, is attached now."""
    place = (int(level), key, noted.number)
    row = connection.execute(
        "SELECT file, revision FROM attachments WHERE level = ? AND key = ? AND type = ?", place
    ).fetchone()
    if row is not None and (row[0] == noted.file or row[1] >= noted.revision):
        return True
    if not _is_free(connection, files, noted):
        return False
    if row is not None:
        connection.execute("INSERT OR IGNORE INTO garbage VALUES (?)", (row[0],))
    connection.execute(
        """INSERT OR REPLACE INTO attachments (level, key, type, file, size, md5, crc32, stored_size, revision)
           VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)""",
        (*place, noted.file, noted.size, noted.md5, noted.crc32, noted.stored_size, noted.revision),
    )
    return True


def _is_free(connection: sqlite3.Connection, files: FileStore, noted: NotedFile) -> bool:
    """Whether the file is there, whole, and nobody else's."""
    try:
        size = files.path(noted.file).stat().st_size
    except OSError:
        return False
    if size != (noted.size if noted.stored_size is None else noted.stored_size):
        return False
    taken = "SELECT 1 FROM attachments WHERE file = ?1 UNION ALL SELECT 1 FROM garbage WHERE file = ?1"
    return connection.execute(taken, (noted.file,)).fetchone() is None


def _rows(connection: sqlite3.Connection, selection: str, level: Level, key: int) -> sqlite3.Cursor:
    """The rows of a table of facts, in the order of its primary key."""
    return connection.execute(f"SELECT {selection} WHERE level = ? AND key = ? ORDER BY 1", (int(level), key))


def _is_protected(connection: sqlite3.Connection, level: Level, key: int) -> bool:
    if level is Level.INSTANCE:
        return False
    (protected,) = connection.execute(f"SELECT is_protected FROM {level.plural} WHERE key = ?", (key,)).fetchone()
    return bool(protected)


def _protect(connection: sqlite3.Connection, level: Level, key: int, *, protected: bool) -> None:
    if level is not Level.INSTANCE:
        connection.execute(f"UPDATE {level.plural} SET is_protected = ? WHERE key = ?", (int(protected), key))
