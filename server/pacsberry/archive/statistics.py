"""How much there is: of everything, and below one resource; on the card, and as it was received."""

import sqlite3

from pacsberry.archive.places import below, key_of
from pacsberry.archive.rows import fact
from pacsberry.archive.snapshots import Snapshots
from pacsberry.model import Level

_BYTES_PER_MB = 2**20
_SUMS = "coalesce(sum(coalesce(stored_size, size)), 0), coalesce(sum(size), 0)"  # on the card, and of the content


class Statistics:
    """Counts and sizes; thread-safe."""

    def __init__(self, index: Snapshots) -> None:
        self._index = index

    def total(self) -> dict[str, object]:
        """Everything, in the words of /statistics; read from counters, so it costs the same for any archive."""
        with self._index.read() as connection:
            counts = {f"Count{level.plural.title()}": fact(connection, level.plural) for level in Level}
            stored, size = connection.execute(f"SELECT {_SUMS} FROM attachments").fetchone()
            stored += fact(connection, "stored_bytes")
            size += fact(connection, "total_bytes")
        return {**counts, **_sizes("TotalDiskSize", stored), **_sizes("TotalUncompressedSize", size)}

    def formats(self) -> list[tuple[str, str]]:
        """The kinds of objects there are or were: pairs of SOP class and transfer syntax, the oldest first."""
        with self._index.read() as connection:
            return connection.execute("SELECT sop_class_uid, transfer_syntax_uid FROM formats ORDER BY key").fetchall()

    def of(self, level: Level, resource_id: str) -> dict[str, object]:
        """One resource and what is below it, in the words of /{level}/{id}/statistics.  Raises UnknownResource."""
        found: dict[str, object] = {}
        with self._index.read() as connection:
            key = key_of(connection, level, resource_id)
            for child in list(Level)[level + 1 :]:
                (number,) = connection.execute(f"SELECT count(*) FROM ({below(level, child)})", (key,)).fetchone()
                found[f"Count{child.plural.title()}"] = number
            dicom: tuple[int, int] = connection.execute(
                f"SELECT {_SUMS} FROM instances WHERE key IN ({below(level, Level.INSTANCE)})", (key,)
            ).fetchone()
            attached = _attached(connection, level, key)
        for name, stored, size in (("Dicom", *dicom), ("", dicom[0] + attached[0], dicom[1] + attached[1])):
            found.update(_sizes(f"{name}DiskSize", stored))
            found.update(_sizes(f"{name}UncompressedSize", size))
        return found


def _attached(connection: sqlite3.Connection, level: Level, key: int) -> tuple[int, int]:
    """Bytes of users' files on a resource and on what is below it: on the card, and of their content."""
    stored = size = 0
    if connection.execute("SELECT 1 FROM attachments LIMIT 1").fetchone() is not None:
        for at in list(Level)[level:]:
            sums = connection.execute(
                f"SELECT {_SUMS} FROM attachments WHERE level = {int(at)} AND key IN ({below(level, at)})", (key,)
            ).fetchone()
            stored, size = stored + sums[0], size + sums[1]
    return stored, size


def _sizes(name: str, size: int) -> dict[str, object]:
    """Bytes as a decimal string, since they may pass 2^53, and whole megabytes."""
    return {name: str(size), f"{name}MB": size // _BYTES_PER_MB}
