"""Brings an index to the version this program writes.  Steps are the numbered files of archive/schema."""

import re
import sqlite3
from pathlib import Path

from pacsberry.errors import IndexTooNew, IndexTooOld

_COMMENT = re.compile(r"--[^\n]*")
_FOLDER = Path(__file__).parent / "schema"
_APPLICATION_ID = 0x50414353  # 'PACS': tells our index from any other SQLite file


def steps() -> list[tuple[int, str]]:
    """(number, SQL) of every migration, ascending."""
    paths = sorted(_FOLDER.glob("[0-9][0-9][0-9][0-9]_*.sql"))
    return [(int(path.name[:4]), path.read_text(encoding="utf-8")) for path in paths]


def migrate(connection: sqlite3.Connection) -> list[int]:
    """Apply what is missing, each step in one transaction; returns the numbers applied.

    Raises IndexTooNew for an index of a later version, which is left untouched.
    """
    version, _ = _versions(connection)
    applied = []
    for number, text in steps():
        if number > version:
            connection.executescript(
                f"BEGIN EXCLUSIVE;\n{text}\n"
                f"PRAGMA application_id = {_APPLICATION_ID};\nPRAGMA user_version = {number};\nCOMMIT;"
            )
            applied.append(number)
    return applied


def is_intact(connection: sqlite3.Connection) -> bool:
    """Whether an index of today's version has the tables, indexes, views and triggers that its steps make.

    One letter that has changed on the card can make every write fail, and is no damage to SQLite.
    """
    fresh = sqlite3.connect(":memory:", isolation_level=None)
    try:
        migrate(fresh)
        return _schema(connection) == _schema(fresh)
    except UnicodeDecodeError:  # from a message about a name that is no text any more
        return False
    finally:
        fresh.close()


def _schema(connection: sqlite3.Connection) -> set[tuple[str, str, str]]:
    """Kind, name and text of everything; comments and blanks do not count, so they may be changed in the steps."""
    rows = connection.execute("SELECT type, name, coalesce(sql, '') FROM sqlite_schema")
    return {(kind, name, " ".join(_COMMENT.sub(" ", text).split())) for kind, name, text in rows}


def check_version(connection: sqlite3.Connection) -> None:
    """For a reader, who changes nothing: raises IndexTooOld and IndexTooNew."""
    version, newest = _versions(connection)
    if version < newest:
        raise IndexTooOld(
            f"The index has version {version}, this Pacsberry works with {newest}. Start the server once: that "
            "upgrades the index."
        )


def _versions(connection: sqlite3.Connection) -> tuple[int, int]:
    """The version of an index and the newest one there is; IndexTooNew when it is of a later version, or not ours."""
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    (application,) = connection.execute("PRAGMA application_id").fetchone()
    newest = steps()[-1][0]
    if version > newest or (version > 0 and application != _APPLICATION_ID):
        raise IndexTooNew(
            f"The index has version {version}, this Pacsberry knows up to {newest}. Install the newer Pacsberry again, "
            "or restore the backup that was made before the update."
        )
    return version, newest
