"""Counts and sizes."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from pacsberry.archive import Archive
from pacsberry.errors import UnknownResource
from pacsberry.model import Header, Level
from tests.archive.seed import Series, open_archive, seed, study

HEADERS: list[Header] = [
    *study("P1", "1.2.1", series=[Series(instances=2), Series("MR", 1)]),
    *study("P1", "1.2.2"),
    *study("P2", "1.2.3"),
]
FIRST = HEADERS[0].identifiers


@pytest.fixture
def archive(tmp_path: Path) -> Iterator[Archive]:
    with open_archive(tmp_path) as opened:
        seed(opened, HEADERS)
        yield opened


def attach(archive: Archive, level: Level, content: bytes) -> None:
    with archive.spool() as spool:
        spool.write(content)
        archive.attachments.put(level, FIRST.orthanc_id(level), "1024", spool)


def test_the_whole_archive(archive: Archive) -> None:
    assert archive.statistics.total() == {
        "CountPatients": 2,
        "CountStudies": 3,
        "CountSeries": 4,
        "CountInstances": 5,
        "TotalDiskSize": "5000",
        "TotalDiskSizeMB": 0,
        "TotalUncompressedSize": "5000",
        "TotalUncompressedSizeMB": 0,
    }


def test_the_kinds_of_objects(archive: Archive) -> None:
    assert archive.statistics.formats() == [("1.2.840.10008.5.1.4.1.1.2", "1.2.840.10008.1.2.1")]


@pytest.mark.parametrize(
    ("level", "counts", "size"),
    [
        (Level.PATIENT, {"CountStudies": 2, "CountSeries": 3, "CountInstances": 4}, "4000"),
        (Level.STUDY, {"CountSeries": 2, "CountInstances": 3}, "3000"),
        (Level.SERIES, {"CountInstances": 2}, "2000"),
        (Level.INSTANCE, {}, "1000"),
    ],
)
def test_one_resource(archive: Archive, level: Level, counts: dict[str, int], size: str) -> None:
    sizes = {
        f"{prefix}{kind}Size{unit}": size if unit == "" else 0
        for prefix in ("", "Dicom")
        for kind in ("Disk", "Uncompressed")
        for unit in ("", "MB")
    }

    assert archive.statistics.of(level, FIRST.orthanc_id(level)) == {**counts, **sizes}


def test_users_files_count_but_are_no_dicom(archive: Archive) -> None:
    attach(archive, Level.SERIES, b"x" * 3 * 2**20)

    study_statistics = archive.statistics.of(Level.STUDY, FIRST.orthanc_id(Level.STUDY))

    assert study_statistics["DiskSize"] == str(3000 + 3 * 2**20)
    assert study_statistics["DiskSizeMB"] == 3
    assert study_statistics["DicomDiskSize"] == "3000"
    assert archive.statistics.of(Level.INSTANCE, FIRST.orthanc_id(Level.INSTANCE))["DiskSize"] == "1000"
    assert archive.statistics.total()["TotalDiskSize"] == str(5000 + 3 * 2**20)
    archive.delete(Level.SERIES, FIRST.orthanc_id(Level.SERIES))
    assert archive.statistics.total()["TotalDiskSize"] == "3000"


def test_what_is_not_there_has_no_statistics(archive: Archive) -> None:
    with pytest.raises(UnknownResource):
        archive.statistics.of(Level.STUDY, "gone")
