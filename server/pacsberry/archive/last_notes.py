"""Reads from notes.jsonl what it says of each resource in the end; memory does not grow with the file."""

import sqlite3
from collections.abc import Callable, Iterator

from pacsberry.archive.note import BadNote, Note
from pacsberry.archive.notes_file import NotesFile


def last_notes(
    file: NotesFile, connection: sqlite3.Connection, on_bad: Callable[[str], None] = lambda complaint: None
) -> Iterator[Note]:
    """The notes of the last state of each resource, empty ones, too; a large state is several.

    The file is read twice: first to find the last lines, which a temporary table of `connection` holds.  `on_bad` is
    told of each line that is no note.
    """
    last_line = "SELECT coalesce(max(line), 0) FROM temp.said WHERE level = ? AND id = ?"
    connection.execute("CREATE TEMP TABLE said (level, id, line, PRIMARY KEY (level, id)) WITHOUT ROWID")
    try:
        for line, note in enumerate(file.read(), start=1):
            if isinstance(note, BadNote):
                on_bad(f"line {line}: {note}")
            elif not note.more:
                said = (int(note.level), note.id, line)
                connection.execute("INSERT OR REPLACE INTO temp.said VALUES (?, ?, ?)", said)
        for line, note in enumerate(file.read(), start=1):
            if not isinstance(note, BadNote):
                (last,) = connection.execute(last_line, (int(note.level), note.id)).fetchone()
                if line > last if note.more else line == last:
                    yield note
    finally:
        connection.execute("DROP TABLE temp.said")
