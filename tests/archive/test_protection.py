"""Protection of patients from the recycler."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from pacsberry.archive import Archive
from pacsberry.errors import UnknownResource
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
    assert not archive.protection.is_protected(first)

    archive.protection.protect(first, protected=True)
    archive.protection.protect(first, protected=True)

    assert archive.protection.is_protected(first)
    assert archive.resources.describe(Level.PATIENT, first)["IsProtected"] is True
    archive.protection.protect(first, protected=False)
    assert not archive.protection.is_protected(first)


def test_who_loses_protection_is_recycled_last(archive: Archive) -> None:
    first, second, third = archive.resources.ids(Level.PATIENT)
    assert recycling_order(archive) == [first, second, third]

    archive.protection.protect(first, protected=True)
    assert recycling_order(archive) == [second, third]
    archive.protection.protect(first, protected=False)
    assert recycling_order(archive) == [second, third, first]
    archive.protection.protect(second, protected=False)  # was not protected: keeps its place
    assert recycling_order(archive) == [second, third, first]
    seed(archive, study("P9", "1.2.9"))
    assert recycling_order(archive)[:3] == [second, third, first]


def test_nobody_is_not_protected(archive: Archive) -> None:
    with pytest.raises(UnknownResource):
        archive.protection.is_protected("gone")
    with pytest.raises(UnknownResource):
        archive.protection.protect("gone", protected=True)
