"""An archive in a folder, a clock that stands still, and headers without files behind them."""

import itertools
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import BinaryIO

from pacsberry.archive import Archive, ArchiveSettings, Reading
from pacsberry.errors import UnreadableDicom
from pacsberry.model import Clock, Header, Identifiers, Kept, Level, Origin, Receipt

RECEIPT = Receipt(Origin.DICOM, remote_ip="192.0.2.7", remote_aet="SCANNER", called_aet="PACSBERRY")


class StoppedClock:
    """Both clocks at once; they move when a test says so."""

    def __init__(self) -> None:
        self.seconds = 1_700_000_000.0

    def clock(self) -> Clock:
        return Clock(now=lambda: self.seconds, monotonic=lambda: self.seconds)

    def advance(self, seconds: float) -> None:
        self.seconds += seconds


def make_header(patient: str = "P1", study: str = "1.2.1", series: str = "1.2.1.1", instance: int = 1) -> Header:
    """A header as the reader would give it."""
    return Header(
        identifiers=Identifiers(patient, study, series, f"{series}.{instance}"),
        sop_class_uid="1.2.840.10008.5.1.4.1.1.2",
        transfer_syntax_uid="1.2.840.10008.1.2.1",
        main_tags=(
            {"PatientID": patient, "PatientName": f"NAME^{patient}"},
            {"StudyInstanceUID": study, "StudyDate": "20240102"},
            {"SeriesInstanceUID": series, "Modality": "CT"},
            {"SOPInstanceUID": f"{series}.{instance}", "InstanceNumber": str(instance)},
        ),
        index_in_series=instance,
    )


def encode(header: Header) -> bytes:
    """Stands for a DICOM file in tests that never parse one: the identifiers and the index, in a line."""
    who = header.identifiers
    return "\n".join(
        ("HEADER", who.patient_id, who.study_uid, who.series_uid, str(header.index_in_series), "x" * 500)
    ).encode()


def decode(file: BinaryIO) -> Header:
    """What `encode` wrote."""
    lines = file.read().decode().split("\n")
    if lines[0] != "HEADER" or len(lines) != 6:
        raise UnreadableDicom("This is not DICOM.")
    return make_header(lines[1], lines[2], lines[3], int(lines[4]))


SETTINGS = ArchiveSettings(reading=Reading(decode, lambda file, tags: {}), reserve_bytes=0)


@contextmanager
def open_archive(folder: Path, settings: ArchiveSettings = SETTINGS, clock: Clock | None = None) -> Iterator[Archive]:
    archive = Archive(storage=folder, index=folder / "index.sqlite3", settings=settings, clock=clock)
    archive.start()
    try:
        yield archive
    finally:
        archive.stop()


def keep(archive: Archive, header: Header, content: bytes | None = None) -> Kept:
    with archive.spool() as spool:
        spool.write(encode(header) if content is None else content)
        return archive.keep(spool, header, RECEIPT)


def counts(archive: Archive) -> dict[str, int]:
    """Rows per level, checked against the counters in `facts`."""
    with archive.index.read() as connection:
        rows = {
            level.plural: connection.execute(f"SELECT count(*) FROM {level.plural}").fetchone()[0]  # noqa: S608 - our names
            for level in Level
        }
        facts = dict(connection.execute("SELECT name, value FROM facts"))
        total = connection.execute("SELECT total(size) FROM instances").fetchone()[0]
        stored = connection.execute("SELECT total(coalesce(stored_size, size)) FROM instances").fetchone()[0]
    assert {name: facts[name] for name in rows} == rows
    assert facts["total_bytes"] == total
    assert facts["stored_bytes"] == stored
    return rows


def changes(archive: Archive) -> list[str]:
    with archive.index.read() as connection:
        return [row[0] for row in connection.execute("SELECT type FROM changes ORDER BY seq")]


def files_on_card(folder: Path) -> list[Path]:
    return sorted(
        path for path in itertools.chain((folder / "files").rglob("*"), (folder / "spool").rglob("*")) if path.is_file()
    )


def with_expected(header: Header, expected: int) -> Header:
    return replace(header, expected_instances=expected)
