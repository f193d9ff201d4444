"""What a series is made of, and a digest of that: what was made from a series is good as long as its digest stays.

Names of kept files are used once and for one content, so they tell a series that has changed from one that has not.
"""

import hashlib
import json
import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from pacsberry.archive.forms import uuid_of
from pacsberry.archive.index import Index
from pacsberry.archive.places import key_of
from pacsberry.archive.rows import BY_ID
from pacsberry.errors import UnknownResource
from pacsberry.model import Level

_PAGE: Final = 64  # series read in one short transaction
_DIGEST_LENGTH: Final = 16  # hex digits; it has to differ from the few others that one series ever has


@dataclass(frozen=True, slots=True)
class Member:
    """One instance of a series."""

    id: str  # Orthanc identifier
    file: str  # for FileStore.open
    size: int  # bytes of content
    sop_class_uid: str
    transfer_syntax_uid: str
    has_pixels: bool
    tags: Mapping[str, str]  # its main tags


@dataclass(frozen=True, slots=True)
class Contents:
    """A series as it is at one moment."""

    id: str  # Orthanc identifier
    digest: str
    study_tags: Mapping[str, str]
    tags: Mapping[str, str]
    members: tuple[Member, ...]  # in the order of IndexInSeries


class SeriesContents:
    """Asks the index; thread-safe."""

    def __init__(self, index: Index) -> None:
        self._index = index

    def of(self, series_id: str) -> Contents:
        """All of a series.  Raises UnknownResource."""
        with self._index.read() as connection:
            key = key_of(connection, Level.SERIES, series_id)
            row = connection.execute(
                "SELECT s.tags, e.tags FROM series e JOIN studies s ON s.key = e.parent WHERE e.key = ?", (key,)
            ).fetchone()
            members = tuple(_members(connection, key))
        digest = _digest((member.id, member.file) for member in members)
        return Contents(series_id, digest, json.loads(row[0]), json.loads(row[1]), members)

    def digest(self, series_id: str) -> str:
        """The digest alone.  Raises UnknownResource."""
        with self._index.read() as connection:
            return _digest_of(connection, key_of(connection, Level.SERIES, series_id))

    def is_current(self, series_id: str, digest: str) -> bool:
        """Whether there is such a series with that digest, as far as that is committed: nobody waits for the answer."""
        try:
            with self._index.read_committed() as connection:
                return _digest_of(connection, key_of(connection, Level.SERIES, series_id)) == digest
        except UnknownResource:
            return False

    def exists(self, series_id: str) -> bool:
        """Whether there is such a series, as far as that is committed."""
        if not series_id.isascii():
            return False
        with self._index.read_committed() as connection:
            return connection.execute(f"SELECT 1 FROM series WHERE {BY_ID}", (series_id,)).fetchone() is not None

    def id_of(self, key: int) -> str:
        """The Orthanc identifier of the series with a row key.  Raises UnknownResource."""
        with self._index.read_committed() as connection:
            row = connection.execute("SELECT id FROM series WHERE key = ?", (key,)).fetchone()
        if row is None:
            raise UnknownResource("The series was deleted.")
        return str(row[0])

    def newest_first(self) -> Iterator[tuple[str, str]]:
        """Identifier and digest of every series, the one that came last first; read as the caller goes on."""
        below = 2**63 - 1
        while True:
            with self._index.read_committed() as connection:
                page = connection.execute(
                    f"SELECT key, id FROM series WHERE key < ? ORDER BY key DESC LIMIT {_PAGE}", (below,)
                ).fetchall()
                found = [(series_id, _digest_of(connection, key)) for key, series_id in page]
            yield from found
            if len(page) < _PAGE:
                return
            below = page[-1][0]


def _members(connection: sqlite3.Connection, key: int) -> Iterator[Member]:
    rows = connection.execute(
        """SELECT i.id, i.file, i.size, f.sop_class_uid, f.transfer_syntax_uid,
                  i.pixel_data_offset IS NOT NULL OR i.pixel_data_vr <> '',  -- deflated ones have no offset
                  i.tags
           FROM instances i CROSS JOIN formats f ON f.key = i.format
           WHERE i.parent = ? ORDER BY i.index_in_series, i.id""",
        (key,),
    )
    for instance, file, size, sop_class_uid, transfer_syntax_uid, has_pixels, tags in rows:
        yield Member(instance, file, size, sop_class_uid, transfer_syntax_uid, bool(has_pixels), json.loads(tags))


def _digest_of(connection: sqlite3.Connection, key: int) -> str:
    return _digest(connection.execute("SELECT id, file FROM instances WHERE parent = ?", (key,)))


def _digest(files: Iterable[tuple[str, str]]) -> str:
    """Of instances and their files, whatever their order."""
    text = "\n".join(sorted(f"{instance} {uuid_of(file)}" for instance, file in files))
    return hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest()[:_DIGEST_LENGTH]
