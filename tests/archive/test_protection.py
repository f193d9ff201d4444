"""Protection of patients, studies and series from the recycler."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from pacsberry.archive import Archive
from pacsberry.errors import BadRequest, UnknownResource
from pacsberry.model import Level
from tests.archive.seed import open_archive, seed, study


@pytest.fixture
def archive(tmp_path: Path) -> Iterator[Archive]:
    with open_archive(tmp_path) as opened:
        for number in range(3):
            seed(opened, study(f"P{number}", f"1.2.{number}"))
        yield opened


def recycling_order(archive: Archive) -> list[str]:
    with archive.index.read() as connection:
        return [row[0] for row in connection.execute("SELECT id FROM patients WHERE NOT is_protected ORDER BY arrival")]


def test_a_patient_is_protected_and_unprotected(archive: Archive) -> None:
    first, *_ = archive.resources.ids(Level.PATIENT)
    assert not archive.protection.is_protected(Level.PATIENT, first)

    archive.protection.protect(Level.PATIENT, first, protected=True)
    archive.protection.protect(Level.PATIENT, first, protected=True)

    assert archive.protection.is_protected(Level.PATIENT, first)
    assert archive.resources.describe(Level.PATIENT, first)["IsProtected"] is True
    archive.protection.protect(Level.PATIENT, first, protected=False)
    assert not archive.protection.is_protected(Level.PATIENT, first)


def test_who_loses_protection_is_recycled_last(archive: Archive) -> None:
    first, second, third = archive.resources.ids(Level.PATIENT)
    assert recycling_order(archive) == [first, second, third]

    archive.protection.protect(Level.PATIENT, first, protected=True)
    assert recycling_order(archive) == [second, third]
    archive.protection.protect(Level.PATIENT, first, protected=False)
    assert recycling_order(archive) == [second, third, first]
    archive.protection.protect(Level.PATIENT, second, protected=False)  # was not protected: keeps its place
    assert recycling_order(archive) == [second, third, first]
    seed(archive, study("P9", "1.2.9"))
    assert recycling_order(archive)[:3] == [second, third, first]


def test_nobody_is_not_protected(archive: Archive) -> None:
    with pytest.raises(UnknownResource):
        archive.protection.is_protected(Level.PATIENT, "gone")
    with pytest.raises(UnknownResource):
        archive.protection.protect(Level.STUDY, "gone", protected=True)


@pytest.mark.parametrize("level", [Level.STUDY, Level.SERIES])
def test_a_study_or_series_is_protected_by_itself(archive: Archive, level: Level) -> None:
    first, second, _ = archive.resources.ids(level)

    archive.protection.protect(level, first, protected=True)

    assert archive.protection.is_protected(level, first)
    assert not archive.protection.is_protected(level, second)
    patient = archive.resources.ancestor(level, first, Level.PATIENT)
    assert not archive.protection.is_protected(Level.PATIENT, patient)
    assert archive.resources.describe(level, first)["IsProtected"] is True
    assert archive.metadata.get(level, first, "IsProtected").value == "true"
    assert "IsProtected" not in archive.resources.describe(level, second)
    assert 18 not in archive.metadata.all(level, second)


@pytest.mark.parametrize("level", [Level.STUDY, Level.SERIES])
def test_whose_study_or_series_loses_protection_is_recycled_last(archive: Archive, level: Level) -> None:
    first, second, third = archive.resources.ids(Level.PATIENT)
    child = next(archive.resources.children(Level.PATIENT, second, level))

    archive.protection.protect(level, child, protected=True)
    assert recycling_order(archive) == [first, second, third]
    archive.protection.protect(level, child, protected=False)
    assert recycling_order(archive) == [first, third, second]
    archive.protection.protect(level, child, protected=False)
    assert recycling_order(archive) == [first, third, second]


def test_an_instance_cannot_be_protected(archive: Archive) -> None:
    with pytest.raises(BadRequest, match="instances cannot"):
        archive.protection.protect(Level.INSTANCE, next(archive.resources.ids(Level.INSTANCE)), protected=True)
