"""Lists of a whole level: the same as one description after the other, streamed."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pacsberry.archive import Archive
from pacsberry.archive.listing import CHUNK_BYTES, tags_text
from pacsberry.archive.metadata_names import SystemMetadata
from pacsberry.model import Clock, Level
from tests.archive.seed import NOW, Series, many_studies, open_archive, seed, study

TEXT = st.text(st.characters(codec="utf-8"))


def printed(value: object) -> str:
    """Orthanc's way to print JSON: three spaces, sorted names, spaces around colons (S8)."""
    return json.dumps(value, ensure_ascii=False, indent=3, separators=(",", " : "), sort_keys=True) + "\n"


@pytest.fixture
def varied(tmp_path: Path) -> Iterator[Archive]:
    """Two patients whose resources have everything a description can have, and some that have nothing of it."""
    with open_archive(tmp_path, clock=Clock(now=lambda: NOW)) as archive:
        odd = {"PatientName": 'O"Neil\\^J\u00f6rg\t\u5c71', "PatientSex": ""}
        incomplete = [Series("CT", 3, expected=4), Series("MR", 2, expected=2), Series("US", 2, indices=(None, None))]
        strange = [
            Series("PT", 2, expected=2, indices=(1, 1)),
            Series("NM", 1, expected=1, indices=(7,)),
            Series("XA", 0),
        ]
        seed(archive, study("P1", "1.2.1", patient=odd, series=[*incomplete, *strange]))
        seed(archive, study("P1", "1.2.2"), at=NOW + 60)  # of another name than the study before
        seed(archive, study("", "1.2.3", tags={"StudyDate": ""}))
        patient, study_id = next(archive.resources.ids(Level.PATIENT)), next(archive.resources.ids(Level.STUDY))
        for level, one in ((Level.PATIENT, patient), (Level.STUDY, study_id)):
            archive.protection.protect(level, one, protected=True)
        archive.protection.protect(Level.SERIES, next(archive.resources.ids(Level.SERIES)), protected=True)
        for label in ("zebra", "Alpha", "beta"):
            archive.labels.add(Level.STUDY, study_id, label)
        archive.index.write(
            lambda connection: connection.executemany(
                "INSERT INTO metadata (level, key, type, value, revision) VALUES (?, 1, ?, ?, 0)",
                [
                    (1, int(SystemMetadata.ANONYMIZED_FROM), "aaaaaaaa-0-0-0-1"),
                    (2, int(SystemMetadata.MODIFIED_FROM), "aaaaaaaa-0-0-0-2"),
                    (3, 1024, "not told here"),
                ],
            )
        )
        archive.stability.settle([(Level.STUDY, 2), (Level.SERIES, 1), (Level.PATIENT, 2)])
        yield archive


@pytest.mark.parametrize("level", Level)
def test_a_list_is_every_description_in_the_order_of_arrival(varied: Archive, level: Level) -> None:
    described = [varied.resources.describe(level, one) for one in varied.resources.ids(level)]

    assert len(described) > 1
    assert b"".join(varied.resources.listing(level)).decode() == printed(described)


def test_a_list_tells_the_patients_tags_each_study_came_with(varied: Archive) -> None:
    studies = json.loads(b"".join(varied.resources.listing(Level.STUDY)))

    names = [one["PatientMainDicomTags"]["PatientName"] for one in studies]
    assert names == ['O"Neil\\^J\u00f6rg\t\u5c71', "NAME^P1", "NAME^"]


@pytest.mark.parametrize("level", Level)
def test_an_empty_level_is_an_empty_array(tmp_path: Path, level: Level) -> None:
    with open_archive(tmp_path) as archive:
        assert json.loads(b"".join(archive.resources.listing(level))) == []


def test_since_and_limit_cut_a_piece_out_of_the_list(varied: Archive) -> None:
    whole = json.loads(b"".join(varied.resources.listing(Level.SERIES)))

    for since, limit in ((0, 2), (1, 2), (3, 0), (5, 100), (100, 5), (10**30, 10**30)):
        piece = json.loads(b"".join(varied.resources.listing(Level.SERIES, since, limit)))
        assert piece == whole[since : since + limit if limit else None]
        assert list(varied.resources.ids(Level.SERIES, since, limit)) == [one["ID"] for one in piece]


def test_a_list_comes_in_chunks_and_holds_no_reader_once_left(tmp_path: Path) -> None:
    with open_archive(tmp_path) as archive:
        seed(archive, many_studies(500))

        chunks = [len(chunk) for chunk in archive.resources.listing(Level.STUDY)]
        assert len(chunks) > 3
        assert max(chunks) < CHUNK_BYTES + 4096

        for _ in range(20):
            started = archive.resources.listing(Level.STUDY)
            next(started)
            del started
        assert len(list(Path("/proc/self/fd").iterdir())) < 60


def test_an_unstable_resource_says_so_in_lists_and_descriptions(tmp_path: Path) -> None:
    with open_archive(tmp_path) as archive:
        seed(archive, study())
        unstable = [(level, 1) for level in (Level.PATIENT, Level.STUDY, Level.SERIES)]

        def told() -> list[bool]:
            found = []
            for level, _ in unstable:
                (listed,) = json.loads(b"".join(archive.resources.listing(level)))
                described = archive.resources.describe(level, listed["ID"])
                assert listed == described
                found.append(listed["IsStable"])
            return found

        archive.stability.touch(unstable)
        assert told() == [False, False, False]
        archive.stability.settle(unstable)
        assert told() == [True, True, True]


@given(st.dictionaries(TEXT, TEXT))
def test_tags_are_kept_as_they_stand_in_a_list(tags: dict[str, str]) -> None:
    inside = printed([{"MainDicomTags": tags}])

    assert inside == f'[\n   {{\n      "MainDicomTags" : {tags_text(tags)}\n   }}\n]\n'
    assert json.loads(tags_text(tags)) == tags
