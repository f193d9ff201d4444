"""What files the index names: one entry for each instance and each attachment, in pages.

For those who go through everything (checks, scrub, backup): nothing is held between two pages, neither a snapshot nor
more than a page of entries, so the server writes on and memory does not grow with the archive.
"""

import re
from array import array
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from itertools import chain
from typing import Any, Final

from pacsberry.archive.attachment_names import DICOM
from pacsberry.archive.places import below, key_of
from pacsberry.archive.rows import BY_ID
from pacsberry.archive.snapshots import Snapshots
from pacsberry.model import Level

PAGE: Final = 500  # entries read in one go
NO_BUCKET: Final = -1

_NAME: Final = re.compile(r"[0-9]{8}/[^/\x00]+")

INSTANCE_COLUMNS: Final = "key, id, file, size, stored_size, md5, crc32, received_at"


@dataclass(frozen=True, slots=True)
class Entry:
    """One file as the index knows it; sizes and checksums are those of the content unless they say otherwise."""

    key: int  # row of the resource
    level: Level
    resource_id: str  # Orthanc identifier
    file: str  # for FileStore.open and FileStore.path
    size: int  # bytes
    stored_size: int | None  # bytes on the card; None: as they were received
    md5: str  # hex, or ''
    crc32: int | None  # None when nobody has computed it yet
    received_at: int  # UTC seconds; 0 for an attachment
    number: int = DICOM  # of the attachment

    @property
    def is_instance(self) -> bool:
        """Whether it is the DICOM file of an instance and not something attached by a user."""
        return self.number == DICOM

    @property
    def bytes_on_card(self) -> int:
        """What the file takes as it lies."""
        return self.size if self.stored_size is None else self.stored_size


def bucket_of(file: str) -> int:
    """The number of the bucket in a file's name, NO_BUCKET when the name is not one of ours."""
    return int(file[:8]) if _NAME.fullmatch(file) else NO_BUCKET


class Inventory:
    """Lists the files; thread-safe."""

    def __init__(self, index: Snapshots) -> None:
        self._index = index

    def entries(self, after_key: int = 0, patient: str | None = None) -> Iterator[Entry]:
        """The instances by ascending key, those of one patient (Orthanc identifier) only when asked.

        What is deleted or comes while one reads may be among them or not.  Raises UnknownResource for a patient that
        is not there at the beginning.
        """
        only = None
        if patient is not None:
            with self._index.read() as connection:
                only = key_of(connection, Level.PATIENT, patient)
        while page := self._page(after_key, only):
            yield from page
            after_key = page[-1].key

    def attachments(self) -> Iterator[Entry]:
        """The attached files of users, by level, resource and number."""
        for level in Level:
            after = (0, 0)
            while page := self._attachments(
                level, f"(a.key, a.type) > (?, ?) ORDER BY a.key, a.type LIMIT {PAGE}", after
            ):
                yield from page
                after = (page[-1].key, page[-1].number)

    def present(self, entry: Entry) -> bool:
        """Whether the index still names this very file for this resource."""
        if entry.is_instance:
            query, values = "SELECT file FROM instances WHERE key = ?", [entry.key]
        else:
            query = f"SELECT file FROM attachments WHERE level = {int(entry.level)} AND key = ? AND type = ?"
            values = [entry.key, entry.number]
        with self._index.read() as connection:
            row = connection.execute(query, values).fetchone()
        return row is not None and row[0] == entry.file

    def keys_by_bucket(self) -> dict[int, "array[int]"]:
        """The keys of all instances by the bucket of their file, ascending: 8 bytes for each instance.

        Under NO_BUCKET are those whose file has a name that no bucket can hold.
        """
        buckets: dict[int, array[int]] = {}
        for entry in self.entries():
            bucket = bucket_of(entry.file)
            if bucket not in buckets:
                buckets[bucket] = array("q")
            buckets[bucket].append(entry.key)
        return buckets

    def of_instance(self, instance_id: str) -> list[Entry]:
        """The entries of an instance, by its Orthanc identifier: one, unless it is unknown."""
        with self._index.read() as connection:
            rows = connection.execute(f"SELECT {INSTANCE_COLUMNS} FROM instances WHERE {BY_ID}", (instance_id,))
            return [instance_entry(row) for row in rows]

    def attachments_in(self, bucket: int) -> list[Entry]:
        """The attached files of users in one bucket."""
        return [
            entry
            for level in Level
            for entry in self._attachments(level, "a.file BETWEEN ? AND ?", (f"{bucket:08d}/", f"{bucket:08d}0"))
        ]

    def of_files(self, files: Collection[str]) -> Iterator[Entry]:
        """The instances and attachments that these files belong to.  Reads the whole index: for the rare case."""
        return (entry for entry in chain(self.entries(), self.attachments()) if entry.file in files)

    def of_keys(self, keys: Iterable[int]) -> Iterator[Entry]:
        """The instances of these keys that are still there."""
        wanted = list(keys)
        for start in range(0, len(wanted), PAGE):
            piece = wanted[start : start + PAGE]
            marks = ", ".join("?" * len(piece))
            with self._index.read() as connection:
                rows = connection.execute(
                    f"SELECT {INSTANCE_COLUMNS} FROM instances WHERE key IN ({marks}) ORDER BY key", piece
                ).fetchall()
            yield from map(instance_entry, rows)

    def _page(self, after_key: int, patient: int | None) -> list[Entry]:
        condition, values = "key > ?", [after_key]
        if patient is not None:
            condition += f" AND key IN ({below(Level.PATIENT, Level.INSTANCE)})"
            values.append(patient)
        with self._index.read() as connection:
            rows = connection.execute(
                f"SELECT {INSTANCE_COLUMNS} FROM instances WHERE {condition} ORDER BY key LIMIT {PAGE}", values
            ).fetchall()
        return [instance_entry(row) for row in rows]

    def _attachments(self, level: Level, which: str, values: tuple[int | str, ...]) -> list[Entry]:
        with self._index.read() as connection:
            rows = connection.execute(
                f"""SELECT a.key, r.id, a.file, a.size, a.stored_size, a.md5, a.crc32, a.type
                    FROM attachments a JOIN {level.plural} r ON r.key = a.key
                    WHERE a.level = {int(level)} AND {which}""",
                values,
            ).fetchall()
        return [
            Entry(key, level, resource_id, file, size, stored_size, md5, crc32, 0, number)
            for key, resource_id, file, size, stored_size, md5, crc32, number in rows
        ]


def instance_entry(row: tuple[Any, ...]) -> Entry:
    """The entry of a row of INSTANCE_COLUMNS."""
    return Entry(row[0], Level.INSTANCE, *row[1:])
