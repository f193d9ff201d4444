"""Everything the archive holds as a tree, patient by patient: for a backup, from which single patients can be restored.

Patients come in the order of their arrival, longest ago first, so that who restores them one after the other has the
recycler's order again.  As in the inventory, nothing is held between two pages.
"""

import json
from array import array
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from pacsberry.archive.inventory import PAGE, Entry
from pacsberry.archive.receipts import receipt_text
from pacsberry.archive.rows import BY_ID
from pacsberry.archive.snapshots import Snapshots
from pacsberry.model import Level, Origin, Receipt

_COLUMNS: Final = """i.key, i.id, i.file, i.size, i.stored_size, i.md5, i.crc32, i.received_at,
    o.origin, o.remote_ip, o.remote_aet, o.called_aet, o.http_username"""
_ENTRY_COLUMNS: Final = 8  # of those above


@dataclass(frozen=True, slots=True)
class Held:
    """A patient, study or series."""

    level: Level
    key: int
    id: str  # Orthanc identifier
    tags: Mapping[str, str]  # its main DICOM tags


@dataclass(frozen=True, slots=True)
class HeldInstance:
    """An instance: its file, and who brought it."""

    entry: Entry
    receipt: str  # as receipts.receipt_text writes it


@dataclass(frozen=True, slots=True)
class HeldAttachment:
    """A file that a user attached."""

    entry: Entry
    revision: int


class Holdings:
    """Walks through the archive; thread-safe.  What is deleted or comes while one walks may be among it or not."""

    def __init__(self, index: Snapshots) -> None:
        self._index = index

    def patients(self) -> Iterator[Held]:
        """The patients there are at the beginning, in the order of their arrival."""
        with self._index.read() as connection:
            keys = array("q", (row[0] for row in connection.execute("SELECT key FROM patients ORDER BY arrival")))
        for key in keys:
            with self._index.read() as connection:
                row = connection.execute("SELECT key, id, tags FROM patients WHERE key = ?", (key,)).fetchone()
            if row is not None:
                yield _held(Level.PATIENT, row)

    def below(self, parent: Held) -> list[Held]:
        """The studies of a patient or the series of a study, in the order they came."""
        level = Level(parent.level + 1)
        query = f"SELECT key, id, tags FROM {level.plural} WHERE parent = ? ORDER BY key"
        with self._index.read() as connection:
            return [_held(level, row) for row in connection.execute(query, (parent.key,))]

    def instances(self, series: Held) -> Iterator[HeldInstance]:
        """The instances of a series in the order they came."""
        after = 0
        while True:
            with self._index.read() as connection:
                rows = connection.execute(
                    f"""SELECT {_COLUMNS} FROM instances i JOIN origins o ON o.key = i.origin
                        WHERE i.parent = ? AND i.key > ? ORDER BY i.key LIMIT {PAGE}""",
                    (series.key, after),
                ).fetchall()
            if not rows:
                return
            yield from map(_instance, rows)
            after = rows[-1][0]

    def instance(self, instance_id: str) -> HeldInstance | None:
        """One instance as it is now; None when it is gone.  It may have been replaced, or lie in another form."""
        with self._index.read() as connection:
            row = connection.execute(
                f"SELECT {_COLUMNS} FROM instances i JOIN origins o ON o.key = i.origin "
                f"WHERE i.key = (SELECT key FROM instances WHERE {BY_ID})",
                (instance_id,),
            ).fetchone()
        return None if row is None else _instance(row)

    def attachments(self) -> Iterator[HeldAttachment]:
        """The attached files of users, by level, resource and number."""
        for level in Level:
            after = (0, 0)
            while page := self._attachments(level, "(a.key, a.type) > (?, ?) ORDER BY a.key, a.type", after):
                yield from page
                after = (page[-1].entry.key, page[-1].entry.number)

    def attachment(self, entry: Entry) -> HeldAttachment | None:
        """One attached file as it is now; None when it is gone."""
        found = self._attachments(entry.level, "a.key = ? AND a.type = ?", (entry.key, entry.number))
        return found[0] if found else None

    def _attachments(self, level: Level, condition: str, values: tuple[int, int]) -> list[HeldAttachment]:
        with self._index.read() as connection:
            rows = connection.execute(
                f"""SELECT a.key, r.id, a.file, a.size, a.stored_size, a.md5, a.crc32, a.type, a.revision
                    FROM attachments a JOIN {level.plural} r ON r.key = a.key
                    WHERE a.level = {int(level)} AND {condition} LIMIT {PAGE}""",
                values,
            ).fetchall()
        return [_attachment(level, row) for row in rows]


def _held(level: Level, row: tuple[Any, ...]) -> Held:
    key, resource_id, tags = row
    return Held(level, key, resource_id, json.loads(tags))


def _instance(row: tuple[Any, ...]) -> HeldInstance:
    key, *facts = row[:_ENTRY_COLUMNS]
    origin, *who = row[_ENTRY_COLUMNS:]
    return HeldInstance(Entry(key, Level.INSTANCE, *facts), receipt_text(Receipt(Origin(origin), *who)))


def _attachment(level: Level, row: tuple[Any, ...]) -> HeldAttachment:
    key, resource_id, file, size, stored_size, md5, crc32, number, revision = row
    return HeldAttachment(
        Entry(key, level, resource_id, file, size, stored_size, md5, crc32, received_at=0, number=number), revision
    )
