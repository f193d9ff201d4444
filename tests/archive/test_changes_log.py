"""The change log: pages forwards and backwards, kinds, what vanishes and what never comes again."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from pacsberry.archive import Archive
from pacsberry.archive.changes_log import CHANGE_TYPES
from pacsberry.errors import BadRequest
from pacsberry.model import Header, Level
from tests.archive.seed import Series, open_archive, seed, study


@pytest.fixture
def headers() -> list[Header]:
    return [*study("P1", "1.2.1", series=[Series(instances=3)]), *study("P2", "1.2.2")]


@pytest.fixture
def archive(tmp_path: Path, headers: list[Header]) -> Iterator[Archive]:
    """Its log: 1-4 the first instance and its parents, 5 and 6 two more, 7-10 the second patient's."""
    with open_archive(tmp_path) as opened:
        seed(opened, headers)
        yield opened


def numbers(page: dict[str, object]) -> list[int]:
    changes = page["Changes"]
    assert isinstance(changes, list)
    return [change["Seq"] for change in changes]


def test_a_change_is_told_in_orthancs_words(archive: Archive, headers: list[Header]) -> None:
    study_id = headers[0].identifiers.orthanc_id(Level.STUDY)

    page = archive.changes.page(2, 1)

    assert page == {
        "Changes": [
            {
                "ChangeType": "NewStudy",
                "Date": "20260921T141320",
                "ID": study_id,
                "Path": f"/studies/{study_id}",
                "ResourceType": "Study",
                "Seq": 3,
            }
        ],
        "Done": False,
        "Last": 3,
    }


def test_pages_follow_one_another_until_done(archive: Archive) -> None:
    seen: list[int] = []
    since, done = 0, False
    while not done:
        page = archive.changes.page(since, 3)
        seen += numbers(page)
        since, done = int(str(page["Last"])), bool(page["Done"])

    assert seen == list(range(1, 11))
    assert archive.changes.page(10) == {"Changes": [], "Done": True, "Last": 10}
    assert archive.changes.page(900) == {"Changes": [], "Done": True, "Last": 10}
    assert numbers(archive.changes.page()) == list(range(1, 11))
    assert archive.changes.page(0, 10)["Done"] is True


def test_the_last_change_alone(archive: Archive) -> None:
    page = archive.changes.page(last=True)

    assert (numbers(page), page["Done"], page["Last"]) == ([10], True, 10)


def test_to_alone_reads_backwards(archive: Archive) -> None:
    page = archive.changes.page(limit=3, to=9)
    assert (numbers(page), page["First"], page["Last"], page["Done"]) == ([7, 8, 9], 7, 9, False)

    page = archive.changes.page(limit=3, to=2)
    assert (numbers(page), page["First"], page["Last"], page["Done"]) == ([1, 2], 1, 2, True)


def test_since_and_to_read_forwards_between_them(archive: Archive) -> None:
    page = archive.changes.page(2, 3, to=7)
    assert (numbers(page), page["First"], page["Done"]) == ([3, 4, 5], 3, False)

    page = archive.changes.page(5, 3, to=7)
    assert (numbers(page), page["Done"]) == ([6, 7], True)


def test_only_the_kinds_asked_for(archive: Archive) -> None:
    page = archive.changes.page(types=("NewPatient", "NewStudy"), limit=3)

    assert (numbers(page), page["Done"], page["Last"]) == ([3, 4, 9], False, 9)
    assert numbers(archive.changes.page(9, types=("NewPatient", "NewStudy"))) == [10]
    with pytest.raises(BadRequest, match="Deleted"):
        archive.changes.page(types=("Deleted",))


def test_changes_of_what_is_gone_are_gone(archive: Archive, headers: list[Header]) -> None:
    archive.delete(Level.PATIENT, headers[0].identifiers.orthanc_id(Level.PATIENT))

    assert numbers(archive.changes.page()) == [7, 8, 9, 10]
    assert numbers(archive.changes.page(limit=2)) == [7, 8]
    archive.delete(Level.PATIENT, headers[3].identifiers.orthanc_id(Level.PATIENT))
    assert archive.changes.page() == {"Changes": [], "Done": True, "Last": 10}
    assert archive.changes.page(last=True) == {"Changes": [], "Done": True, "Last": 10}


def test_numbers_go_on_after_clearing(archive: Archive) -> None:
    archive.changes.clear()
    assert archive.changes.page() == {"Changes": [], "Done": True, "Last": 10}

    seed(archive, study("P3", "1.2.3"))
    assert numbers(archive.changes.page()) == [11, 12, 13, 14]


def test_a_page_is_bounded_whatever_is_asked(archive: Archive) -> None:
    assert numbers(archive.changes.page(limit=0)) == list(range(1, 11))
    assert archive.changes.page(10**30)["Changes"] == []
    assert numbers(archive.changes.page(to=10**30)) == list(range(1, 11))
    with pytest.raises(BadRequest):
        archive.changes.page(limit=-1)
    instance = next(archive.resources.ids(Level.INSTANCE))
    key = archive.resources.locate(Level.INSTANCE, instance)
    archive.index.write(
        lambda connection: connection.executemany(
            "INSERT INTO changes (type, level, key, at) VALUES ('UpdatedMetadata', 3, ?, 0)", [(key,)] * 6000
        )
    )
    page = archive.changes.page(limit=10**30)
    assert (len(numbers(page)), page["Done"]) == (5000, False)


def test_an_empty_log_has_no_last(tmp_path: Path) -> None:
    with open_archive(tmp_path) as archive:
        assert archive.changes.page() == {"Changes": [], "Done": True, "Last": 0}


def test_everything_the_archive_logs_has_a_known_kind(archive: Archive) -> None:
    assert {change["ChangeType"] for change in archive.changes.page()["Changes"]} <= CHANGE_TYPES  # type: ignore[attr-defined]
    assert len(CHANGE_TYPES) == 16
