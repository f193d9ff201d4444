"""Writes kept instances into the index, a batch in one transaction.

The only place that inserts patients, studies, series and instances.  Runs on the index-writer thread.
"""

import sqlite3
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from pacsberry.archive.listing import tags_text
from pacsberry.archive.rows import BY_ID, count, log_change
from pacsberry.dicom.text import fold
from pacsberry.model import Header, Level, PixelSize, Receipt

_KNOWN_MAXIMUM = 512  # series, and sizes of pictures, remembered between batches


@dataclass(frozen=True, slots=True)
class KeptFile:
    """A file under its final name that the index does not hold yet."""

    header: Header
    receipt: Receipt
    file: str
    size: int  # bytes
    md5: str
    crc32: int | None  # None: nobody has computed it yet
    received_at: int  # UTC seconds
    replaces: bool = False  # the overwrite policy lets it replace an instance that is there
    stored_size: int | None = None  # bytes on the card when it is packed
    growth: int = 0  # bytes more in the archive, as they were admitted (arriving.py)


@dataclass(slots=True)
class BatchOutcome:
    """What a batch did, told to the others after its commit."""

    touched: dict[tuple[Level, int], int]  # parents that received an instance, in order, and when the latest came
    garbage: bool = False


class Indexer:
    """Turns kept files into rows; remembers the keys of the series it met last."""

    def __init__(self) -> None:
        self._series: dict[str, tuple[int, int, int]] = {}  # series id -> (series, study, patient) keys
        self._formats: dict[tuple[str, str], int] = {}
        self._origins: dict[Receipt, int] = {}
        self._pixels: dict[PixelSize, int] = {}

    def forget(self) -> None:
        """Rows may have been deleted or a transaction rolled back: trust nothing remembered."""
        self._series.clear()
        self._formats.clear()
        self._origins.clear()
        self._pixels.clear()

    def insert(self, connection: sqlite3.Connection, batch: Iterable[KeptFile]) -> BatchOutcome:
        """Insert a batch inside the caller's transaction."""
        outcome = BatchOutcome({})
        totals = {"patients": 0, "studies": 0, "series": 0, "instances": 0, "total_bytes": 0, "stored_bytes": 0}
        latest = 0
        series_touched: dict[int, None] = {}
        for kept in batch:
            latest = max(latest, kept.received_at)
            if not self._clear_place(connection, kept, totals):
                outcome.garbage = True
                continue
            series, study, patient, created = self._parents(connection, kept, totals)
            key = self._insert_instance(connection, kept, series)
            totals["instances"] += 1
            totals["total_bytes"] += kept.size
            totals["stored_bytes"] += kept.size if kept.stored_size is None else kept.stored_size
            log_change(connection, "NewInstance", Level.INSTANCE, key, kept.received_at)
            for level, parent in created:
                log_change(connection, f"New{level.title}", level, parent, kept.received_at)
            for touched in ((Level.PATIENT, patient), (Level.STUDY, study), (Level.SERIES, series)):
                before = outcome.touched.pop(touched, 0)
                outcome.touched[touched] = max(before, kept.received_at)
            series_touched[series] = None
            outcome.garbage |= kept.replaces
        self._update_parents(connection, outcome)
        for series in series_touched:
            _log_if_complete(connection, series, latest)
        for name, difference in totals.items():
            count(connection, name, difference)
        return outcome

    def _clear_place(self, connection: sqlite3.Connection, kept: KeptFile, totals: dict[str, int]) -> bool:
        """Whether the file may take its place; an instance it replaces is removed, a duplicate becomes garbage."""
        row = connection.execute(
            f"SELECT key, file, size, coalesce(stored_size, size) FROM instances WHERE {BY_ID}",
            (kept.header.identifiers.orthanc_id(Level.INSTANCE),),
        ).fetchone()
        if row is None:
            return True
        key, file, size, stored_size = row
        if file == kept.file:
            return False
        if not kept.replaces:
            connection.execute("INSERT OR IGNORE INTO garbage VALUES (?)", (kept.file,))
            return False
        connection.execute("INSERT OR IGNORE INTO garbage VALUES (?)", (file,))
        connection.execute(
            "INSERT OR IGNORE INTO garbage SELECT file FROM attachments WHERE level = ? AND key = ?",
            (Level.INSTANCE, key),
        )
        for table in ("metadata", "attachments", "labels"):
            connection.execute(f"DELETE FROM {table} WHERE level = ? AND key = ?", (Level.INSTANCE, key))
        connection.execute("DELETE FROM instances WHERE key = ?", (key,))
        totals["instances"] -= 1
        totals["total_bytes"] -= size
        totals["stored_bytes"] -= stored_size
        return True

    def _parents(
        self, connection: sqlite3.Connection, kept: KeptFile, totals: dict[str, int]
    ) -> tuple[int, int, int, list[tuple[Level, int]]]:
        """Keys of series, study and patient, and those that had to be created, nearest first."""
        identifiers = kept.header.identifiers
        series_id = identifiers.orthanc_id(Level.SERIES)
        known = self._series.get(series_id)
        if known is not None:
            return *known, []
        row = connection.execute(
            f"""SELECT found.key, studies.key, studies.parent
                FROM (SELECT key, parent FROM series WHERE {BY_ID}) AS found
                JOIN studies ON studies.key = found.parent""",
            (series_id,),
        ).fetchone()
        created: list[tuple[Level, int]] = []
        if row is None:
            row = self._create_series(connection, kept, series_id, created, totals)
        if len(self._series) >= _KNOWN_MAXIMUM:
            self._series.clear()
        self._series[series_id] = row
        return *row, created

    def _create_series(
        self,
        connection: sqlite3.Connection,
        kept: KeptFile,
        series_id: str,
        created: list[tuple[Level, int]],
        totals: dict[str, int],
    ) -> tuple[int, int, int]:
        header = kept.header
        study_id = header.identifiers.orthanc_id(Level.STUDY)
        row = connection.execute(f"SELECT key, parent FROM studies WHERE {BY_ID}", (study_id,)).fetchone()
        if row is None:
            patient, patient_tags = self._patient(connection, kept, created, totals)
            tags = header.main_tags[Level.STUDY]
            study = _insert(
                connection,
                "studies",
                parent=patient,
                id=study_id,
                uid=fold(header.identifiers.study_uid),
                accession=fold(tags.get("AccessionNumber", "")),
                study_date=tags.get("StudyDate", ""),
                tags=tags_text(tags),
                patient_tags=patient_tags,
                updated_at=kept.received_at,
            )
            created.insert(0, (Level.STUDY, study))
            totals["studies"] += 1
        else:
            study, patient = row
        tags = header.main_tags[Level.SERIES]
        series = _insert(
            connection,
            "series",
            parent=study,
            id=series_id,
            uid=fold(header.identifiers.series_uid),
            modality=tags.get("Modality", ""),
            expected_instances=header.expected_instances,
            tags=tags_text(tags),
            updated_at=kept.received_at,
        )
        created.insert(0, (Level.SERIES, series))
        totals["series"] += 1
        return series, study, patient

    @staticmethod
    def _patient(
        connection: sqlite3.Connection, kept: KeptFile, created: list[tuple[Level, int]], totals: dict[str, int]
    ) -> tuple[int, str | None]:
        """The key of the patient of a new study, and the patient's tags in it where they are others than known."""
        header = kept.header
        patient_id = header.identifiers.orthanc_id(Level.PATIENT)
        tags = header.main_tags[Level.PATIENT]
        text, name = tags_text(tags), fold(tags.get("PatientName", ""))
        row = connection.execute(f"SELECT key, tags, name FROM patients WHERE {BY_ID}", (patient_id,)).fetchone()
        if row is not None:
            key, known_text, known_name = row
            if known_name not in (None, name):
                connection.execute("UPDATE patients SET name = NULL WHERE key = ?", (key,))
            return key, None if text == known_text else text
        key = _insert(
            connection,
            "patients",
            id=patient_id,
            uid=fold(header.identifiers.patient_id),
            name=name,
            tags=text,
            updated_at=kept.received_at,
            arrival=0,
        )
        created.insert(0, (Level.PATIENT, key))
        totals["patients"] += 1
        return key, None

    def _insert_instance(self, connection: sqlite3.Connection, kept: KeptFile, series: int) -> int:
        header = kept.header
        return _insert(
            connection,
            "instances",
            parent=series,
            id=header.identifiers.orthanc_id(Level.INSTANCE),
            uid=fold(header.identifiers.sop_uid),
            tags=tags_text(header.main_tags[Level.INSTANCE]),
            index_in_series=header.index_in_series,
            received_at=kept.received_at,
            origin=self._origin(connection, kept.receipt),
            format=self._format(connection, header.sop_class_uid, header.transfer_syntax_uid),
            pixel_data_offset=header.pixel_data_offset,
            pixel_data_vr=header.pixel_data_vr,
            pixels=None if header.pixel_size is None else self._pixel_size(connection, header.pixel_size),
            file=kept.file,
            size=kept.size,
            md5=kept.md5,
            crc32=kept.crc32,
            stored_size=kept.stored_size,
        )

    def _origin(self, connection: sqlite3.Connection, receipt: Receipt) -> int:
        key = self._origins.get(receipt)
        if key is None:
            values = {
                "origin": receipt.origin.value,
                "remote_ip": receipt.remote_ip,
                "remote_aet": receipt.remote_aet,
                "called_aet": receipt.called_aet,
                "http_username": receipt.http_username,
            }
            key = self._origins[receipt] = _find_or_insert(connection, "origins", values)
        return key

    def _format(self, connection: sqlite3.Connection, sop_class_uid: str, transfer_syntax_uid: str) -> int:
        key = self._formats.get((sop_class_uid, transfer_syntax_uid))
        if key is None:
            values = {"sop_class_uid": sop_class_uid, "transfer_syntax_uid": transfer_syntax_uid}
            key = self._formats[sop_class_uid, transfer_syntax_uid] = _find_or_insert(connection, "formats", values)
        return key

    def _pixel_size(self, connection: sqlite3.Connection, size: PixelSize) -> int:
        key = self._pixels.get(size)
        if key is None:
            if len(self._pixels) >= _KNOWN_MAXIMUM:
                self._pixels.clear()
            values = {"height": size.rows, "width": size.columns, "bits": size.bits_allocated}
            key = self._pixels[size] = _find_or_insert(connection, "pixels", values)
        return key

    @staticmethod
    def _update_parents(connection: sqlite3.Connection, outcome: BatchOutcome) -> None:
        """LastUpdate and order of arrival; what comes out of a backup makes nothing older than it is."""
        for level in (Level.SERIES, Level.STUDY):
            connection.executemany(
                f"UPDATE {level.plural} SET updated_at = max(updated_at, ?) WHERE key = ?",
                [(latest, key) for (at, key), latest in outcome.touched.items() if at == level],
            )
        patients = [(latest, key) for (at, key), latest in outcome.touched.items() if at == Level.PATIENT]
        (arrival,) = connection.execute("SELECT value FROM facts WHERE name = 'arrival'").fetchone()
        connection.executemany(
            "UPDATE patients SET updated_at = max(updated_at, ?), arrival = ? WHERE key = ?",
            [(latest, arrival + number, key) for number, (latest, key) in enumerate(patients, start=1)],
        )
        count(connection, "arrival", len(patients))


def _insert(connection: sqlite3.Connection, table: str, **values: str | int | None) -> int:
    columns = ", ".join(values)
    marks = ", ".join("?" * len(values))
    cursor = connection.execute(f"INSERT INTO {table} ({columns}) VALUES ({marks})", tuple(values.values()))
    return int(cursor.lastrowid or 0)


def _find_or_insert(connection: sqlite3.Connection, table: str, values: Mapping[str, str] | Mapping[str, int]) -> int:
    condition = " AND ".join(f"{column} = ?" for column in values)
    row = connection.execute(f"SELECT key FROM {table} WHERE {condition}", tuple(values.values())).fetchone()
    return int(row[0]) if row is not None else _insert(connection, table, **values)


def _log_if_complete(connection: sqlite3.Connection, series: int, at: int) -> None:
    """S14: the series is complete when the indices 1 to the expected number are all there, once each."""
    (expected,) = connection.execute("SELECT expected_instances FROM series WHERE key = ?", (series,)).fetchone()
    if expected is None:
        return
    instances, indices = connection.execute(
        """SELECT count(*), count(DISTINCT CASE WHEN index_in_series BETWEEN 1 AND ? THEN index_in_series END)
           FROM instances WHERE parent = ?""",
        (expected, series),
    ).fetchone()
    if expected == instances == indices:
        log_change(connection, "CompletedSeries", Level.SERIES, series, at)
