"""From raw DICOM identifiers to resources."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from pacsberry.archive import Archive
from pacsberry.model import Header, Level
from tests.archive.seed import open_archive, seed, study

HEADERS: list[Header] = [
    *study("Pé 1", "1.2.3"),
    *study("1.2.3", "1.2.4"),
    *study("Other", "1.2.3"),
    *study("", "1.2.5"),
]


@pytest.fixture
def archive(tmp_path: Path) -> Iterator[Archive]:
    with open_archive(tmp_path) as opened:
        seed(opened, HEADERS)
        yield opened


def test_identifiers_of_every_level_are_found(archive: Archive) -> None:
    first = HEADERS[0].identifiers

    for level, identifier in enumerate((first.patient_id, "1.2.4", "1.2.4.1", "1.2.4.1.1")):
        assert [at for at, _ in archive.lookup.resources(identifier)] == [Level(level)]
    assert archive.lookup.resources(" pE 1 ") == [(Level.PATIENT, first.orthanc_id(Level.PATIENT))]


def test_one_identifier_may_name_several_resources(archive: Archive) -> None:
    assert archive.lookup.resources("1.2.3") == [
        (Level.PATIENT, HEADERS[1].identifiers.orthanc_id(Level.PATIENT)),
        (Level.STUDY, HEADERS[0].identifiers.orthanc_id(Level.STUDY)),
        (Level.STUDY, HEADERS[2].identifiers.orthanc_id(Level.STUDY)),
    ]


@pytest.mark.parametrize("identifier", ["", "  ", "nothing", "1.2.*", "\ud800", "\0"])
def test_what_names_nothing_finds_nothing(archive: Archive, identifier: str) -> None:
    assert archive.lookup.resources(identifier) == []
