"""The log of resources sent elsewhere, filled when the option LogExportedResources is on."""

import sqlite3
from typing import Final

from pacsberry.archive.index import Index
from pacsberry.archive.pages import DEFAULT_LIMIT, last_number, page_limit
from pacsberry.archive.places import bounded
from pacsberry.archive.times import utc_text
from pacsberry.model import Clock, Identifiers, Level

# The DICOM identifiers of a row, by level; a row names those of its own level and above.
_IDENTIFIERS: Final = ("PatientID", "StudyInstanceUID", "SeriesInstanceUID", "SOPInstanceUID")


class ExportLog:
    """Pages of the export log; thread-safe."""

    def __init__(self, index: Index, *, enabled: bool, clock: Clock) -> None:
        """`enabled`: the option LogExportedResources."""
        self._index = index
        self._enabled = enabled
        self._clock = clock

    def record(self, level: Level, resource_id: str, modality: str, identifiers: Identifiers) -> None:
        """Note that a resource was sent to a modality or peer; identifiers below `level` do not matter."""
        if not self._enabled:
            return
        row = (identifiers.patient_id, identifiers.study_uid, identifiers.series_uid, identifiers.sop_uid)

        def act(connection: sqlite3.Connection) -> None:
            connection.execute(
                """INSERT INTO exports (level, id, modality, patient_id, study_uid, series_uid, sop_uid, at)
                   VALUES (?, ?, ?, ?, ?, ?, ?, ?)""",
                (int(level), resource_id, modality, *row, int(self._clock.now())),
            )

        self._index.write(act)

    def page(self, since: int = 0, limit: int = DEFAULT_LIMIT, *, last: bool = False) -> dict[str, object]:
        """The exports after number `since`, at most `limit`, in the words of /exports; `last` gives the latest."""
        limit = 1 if last else page_limit(limit)
        with self._index.read() as connection:
            rows = connection.execute(
                f"""SELECT seq, level, id, modality, at, patient_id, study_uid, series_uid, sop_uid FROM exports
                    WHERE seq > ? ORDER BY seq {"DESC" if last else "ASC"} LIMIT ?""",
                (0 if last else bounded(since), limit + 1),
            ).fetchall()
            ending = rows[:limit][-1][0] if rows else last_number(connection, "exports")
        exports = [_described(*row[:5], identifiers=row[5:]) for row in rows[:limit]]
        return {"Done": last or len(rows) <= limit, "Exports": exports, "Last": ending}

    def clear(self) -> None:
        """Forget all exports; the numbers go on."""

        def act(connection: sqlite3.Connection) -> None:
            connection.execute("DELETE FROM exports")

        self._index.write(act)


def _described(
    number: int, level: int, resource_id: str, modality: str, at: int, *, identifiers: tuple[str, ...]
) -> dict[str, object]:
    return {
        "Seq": number,
        "ResourceType": Level(level).title,
        "ID": resource_id,
        "Path": f"/{Level(level).plural}/{resource_id}",
        "RemoteModality": modality,
        "Date": utc_text(at),
        **dict(zip(_IDENTIFIERS[: level + 1], identifiers, strict=False)),
    }
