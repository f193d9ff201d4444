"""Deleting: with everything below, with emptied parents, and with what hung on them."""

import os
import sqlite3
from pathlib import Path

import pytest

from pacsberry.archive import Archive
from pacsberry.errors import UnknownResource
from pacsberry.model import Level
from tests.archive.keeping_aids import changes, counts, files_on_card, keep, make_header, open_archive
from tests.flows.programs import wait_until

A1 = make_header("A", "1", "1.1", 1)
A2 = make_header("A", "1", "1.1", 2)
A3 = make_header("A", "1", "1.2", 1)
A4 = make_header("A", "2", "2.1", 1)
B1 = make_header("B", "3", "3.1", 1)


def fill(archive: Archive) -> None:
    for header in (A1, A2, A3, A4, B1):
        keep(archive, header)


@pytest.mark.parametrize(
    ("level", "remaining", "left"),
    [
        (Level.INSTANCE, Level.SERIES, (2, 3, 4, 4)),
        (Level.SERIES, Level.STUDY, (2, 3, 3, 3)),
        (Level.STUDY, Level.PATIENT, (2, 2, 2, 2)),
        (Level.PATIENT, None, (1, 1, 1, 1)),
    ],
)
def test_what_is_below_goes_too_and_the_closest_surviving_ancestor_is_told(
    tmp_path: Path, level: Level, remaining: Level | None, left: tuple[int, ...]
) -> None:
    with open_archive(tmp_path) as archive:
        fill(archive)

        ancestor = archive.delete(level, A1.identifiers.orthanc_id(level))

        assert ancestor == (None if remaining is None else (remaining, A1.identifiers.orthanc_id(remaining)))
        assert tuple(counts(archive).values()) == left
    with open_archive(tmp_path):
        pass
    assert len(files_on_card(tmp_path)) == left[3]


def test_emptied_parents_go_too(tmp_path: Path) -> None:
    with open_archive(tmp_path) as archive:
        fill(archive)

        assert archive.delete(Level.INSTANCE, B1.identifiers.orthanc_id(Level.INSTANCE)) is None
        assert counts(archive)["patients"] == 1
        assert archive.delete(Level.SERIES, A4.identifiers.orthanc_id(Level.SERIES)) == (
            Level.PATIENT,
            A4.identifiers.orthanc_id(Level.PATIENT),
        )


def test_an_unknown_resource_is_named(tmp_path: Path) -> None:
    with open_archive(tmp_path) as archive, pytest.raises(UnknownResource, match="study 'abc'"):
        archive.delete(Level.STUDY, "abc")


def test_a_deleted_instance_can_be_kept_again(tmp_path: Path) -> None:
    with open_archive(tmp_path) as archive:
        keep(archive, B1)
        archive.delete(Level.INSTANCE, B1.identifiers.orthanc_id(Level.INSTANCE))

        keep(archive, B1)

        assert counts(archive)["instances"] == 1
        assert changes(archive)[-4:] == ["NewInstance", "NewSeries", "NewStudy", "NewPatient"]


def test_labels_and_metadata_of_the_deleted_do_not_stay(tmp_path: Path) -> None:
    with open_archive(tmp_path) as archive:
        keep(archive, B1)
        archive.index.write(
            lambda connection: [
                connection.execute("INSERT INTO labels VALUES (?, 1, 'lesson')", (level,)) for level in range(4)
            ]
        )

        archive.delete(Level.PATIENT, B1.identifiers.orthanc_id(Level.PATIENT))

        with archive.index.read() as connection:
            assert connection.execute("SELECT count(*) FROM labels").fetchone() == (0,)


def test_deleted_parents_are_not_unstable_any_more(tmp_path: Path) -> None:
    with open_archive(tmp_path) as archive:
        keep(archive, B1)
        counts(archive)
        assert archive.stability.unstable_keys(Level.STUDY)

        archive.delete(Level.PATIENT, B1.identifiers.orthanc_id(Level.PATIENT))

        assert not archive.stability.unstable_keys(Level.STUDY)


def test_a_file_is_forgotten_only_after_the_card_has_forgotten_its_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced: list[tuple[str, int, list[Path]]] = []
    sync = os.fsync

    def fsync(descriptor: int) -> None:
        path = Path(f"/proc/self/fd/{descriptor}").readlink()
        if path.parent.name == "files":
            with sqlite3.connect(tmp_path / "index.sqlite3") as index:
                (garbage,) = index.execute("SELECT count(*) FROM garbage").fetchone()
            index.close()
            synced.append((path.name, garbage, files_on_card(tmp_path)))
        sync(descriptor)

    with open_archive(tmp_path) as archive:
        keep(archive, B1)
        monkeypatch.setattr(os, "fsync", fsync)
        archive.delete(Level.INSTANCE, B1.identifiers.orthanc_id(Level.INSTANCE))
        wait_until(lambda: not files_on_card(tmp_path))

    assert synced == [("00000000", 1, [])]
