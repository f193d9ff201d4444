"""Fills an index with made-up studies, by the road that kept files take, but without files.

seed(archive, [study("P1", "1.2.3", series=[Series("CT", 3)])])      exact contents
seed(archive, many_studies(20000))                                   a large archive, 128 headers at a time
"""

import itertools
import sqlite3
import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, BinaryIO

from pacsberry.archive import Archive, ArchiveSettings, Reading
from pacsberry.archive.indexing import Indexer, KeptFile
from pacsberry.model import Clock, Header, Identifiers, Origin, Receipt

NOW = 1_790_000_000  # 2026-09-21T13:33:20Z
CT_IMAGE = "1.2.840.10008.5.1.4.1.1.2"
EXPLICIT = "1.2.840.10008.1.2.1"
MODEM = Receipt(Origin.DICOM, remote_ip="10.0.0.7", remote_aet="SCANNER", called_aet="PACSBERRY")


@dataclass(frozen=True)
class Series:
    """What to make of one series."""

    modality: str = "CT"
    instances: int = 1
    expected: int | None = None
    indices: tuple[int | None, ...] = ()  # IndexInSeries of each instance; 1, 2, 3 … when empty
    tags: Mapping[str, str] = field(default_factory=dict)
    sop_class_uid: str = CT_IMAGE


def study(
    patient_id: str = "P1",
    study_uid: str = "1.2.3",
    *,
    series: Iterable[Series] = (Series(),),
    patient: Mapping[str, str] | None = None,
    tags: Mapping[str, str] | None = None,
) -> Iterator[Header]:
    """The headers of one study; UIDs below the study's are study_uid.series.instance."""
    patient_tags = {"PatientID": patient_id, "PatientName": f"NAME^{patient_id}", **(patient or {})}
    study_tags = {"StudyInstanceUID": study_uid, "StudyDate": "20260105", "AccessionNumber": "", **(tags or {})}
    for number, one in enumerate(series, start=1):
        series_uid = f"{study_uid}.{number}"
        series_tags = {
            "SeriesInstanceUID": series_uid,
            "Modality": one.modality,
            "SeriesNumber": str(number),
            **one.tags,
        }
        for position in range(one.instances):
            index = one.indices[position] if one.indices else position + 1
            sop_uid = f"{series_uid}.{position + 1}"
            yield Header(
                identifiers=Identifiers(patient_id, study_uid, series_uid, sop_uid),
                sop_class_uid=one.sop_class_uid,
                transfer_syntax_uid=EXPLICIT,
                main_tags=(
                    patient_tags,
                    study_tags,
                    series_tags,
                    {"SOPInstanceUID": sop_uid, "InstanceNumber": str(index)},
                ),
                expected_instances=one.expected,
                index_in_series=index,
                pixel_data_offset=1114,
                pixel_data_vr="OW",
            )


def many_studies(count: int) -> Iterator[Header]:
    """`count` studies of one instance, each of its own patient, with the tags a scanner fills."""
    for number in range(count):
        names = ("SMITH", "JONES", "MÜLLER", "TANAKA", "GARCIA")
        yield from study(
            f"PAT{number:06d}",
            f"1.2.826.0.1.3680043.8.498.{number}",
            patient={
                "PatientName": f"{names[number % 5]}^JOHN{number}",
                "PatientBirthDate": f"{1940 + number % 70}0{1 + number % 9}15",
                "PatientSex": "MFO"[number % 3],
            },
            tags={
                "StudyDate": f"20{10 + number % 16}{1 + number % 12:02d}{1 + number % 28:02d}",
                "StudyTime": f"{number % 24:02d}{number % 60:02d}00",
                "StudyDescription": ("MRI HEAD", "CT CHEST", "KNEE X-RAY")[number % 3],
                "AccessionNumber": f"ACC{number:06d}",
                "StudyID": str(number),
                "ReferringPhysicianName": "",
            },
            series=[Series("CT" if number % 2 else "MR", tags={"SeriesDescription": "AXIAL", "Manufacturer": "ACME"})],
        )


def seed(archive: Archive, headers: Iterable[Header], *, at: int = NOW, receipt: Receipt = MODEM) -> None:
    """Put headers into the index of a started archive as if their files, which are empty, had just been kept."""
    indexer = Indexer()
    remaining = iter(headers)
    while batch := list(itertools.islice(remaining, 128)):
        kept = [
            KeptFile(header, receipt, f"00000000/{uuid.uuid4()}.dcm", size=1000, md5="", crc32=0, received_at=at)
            for header in batch
        ]
        for one in kept:
            archive.files.path(one.file).touch()
        archive.index.write(partial(_insert, indexer, kept))


def _insert(indexer: Indexer, kept: list[KeptFile], connection: sqlite3.Connection) -> None:
    indexer.insert(connection, kept)


@contextmanager
def open_archive(
    folder: Path,
    clock: Clock | None = None,
    tags_of_file: Callable[[BinaryIO, frozenset[int]], Mapping[int, str]] | None = None,
    **settings: Any,
) -> Iterator[Archive]:
    """A started archive of its own in `folder`; `settings` are those of ArchiveSettings.

    Its files are empty: `tags_of_file` stands for reading one.
    """
    reading = Reading(header=_no_header, tags=tags_of_file or _no_tags)
    archive = Archive(
        storage=folder / "storage",
        index=folder / "index.sqlite",
        settings=ArchiveSettings(reading=reading, reserve_bytes=0, **settings),
        clock=clock or Clock(now=lambda: NOW),
    )
    archive.start()
    try:
        yield archive
    finally:
        archive.stop()


def _no_header(file: BinaryIO) -> Header:
    raise NotImplementedError(file)


def _no_tags(file: BinaryIO, tags: frozenset[int]) -> Mapping[int, str]:
    raise NotImplementedError(file, tags)
