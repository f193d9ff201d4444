"""Labels: short words on resources."""

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
        seed(opened, study())
        yield opened


@pytest.mark.parametrize("level", Level)
def test_labels_are_put_on_and_taken_off_at_every_level(archive: Archive, level: Level) -> None:
    (resource_id,) = archive.resources.ids(level)
    for label in ("week-2", "Exam_1", "week-2"):
        archive.labels.add(level, resource_id, label)

    assert archive.labels.of(level, resource_id) == ["Exam_1", "week-2"]
    assert archive.labels.has(level, resource_id, "week-2")
    assert not archive.labels.has(level, resource_id, "Week-2")
    assert archive.resources.describe(level, resource_id)["Labels"] == ["Exam_1", "week-2"]
    archive.labels.remove(level, resource_id, "week-2")
    archive.labels.remove(level, resource_id, "week-2")
    assert archive.labels.of(level, resource_id) == ["Exam_1"]


def test_all_labels_in_use_are_told_once(archive: Archive) -> None:
    for level, label in ((Level.STUDY, "b"), (Level.SERIES, "b"), (Level.STUDY, "a")):
        archive.labels.add(level, next(archive.resources.ids(level)), label)

    assert archive.labels.in_use() == ["a", "b"]


@pytest.mark.parametrize("label", ["", " ", "a b", "ä", "a" * 65, "a\n", "a/b", "a*", "\ud800"])
def test_what_cannot_be_a_label_is_refused(archive: Archive, label: str) -> None:
    (resource_id,) = archive.resources.ids(Level.STUDY)
    for act in (archive.labels.add, archive.labels.remove, archive.labels.has):
        with pytest.raises(BadRequest):
            act(Level.STUDY, resource_id, label)


def test_a_label_of_sixty_four_characters_fits(archive: Archive) -> None:
    (resource_id,) = archive.resources.ids(Level.STUDY)

    archive.labels.add(Level.STUDY, resource_id, "a" * 64)

    assert archive.labels.of(Level.STUDY, resource_id) == ["a" * 64]


def test_what_is_not_there_has_no_labels(archive: Archive) -> None:
    for act in (archive.labels.add, archive.labels.remove, archive.labels.has):
        with pytest.raises(UnknownResource):
            act(Level.STUDY, "gone", "label")


def test_labels_go_with_their_resource(archive: Archive) -> None:
    (resource_id,) = archive.resources.ids(Level.STUDY)
    archive.labels.add(Level.STUDY, resource_id, "label")

    archive.delete(Level.STUDY, resource_id)

    assert archive.labels.in_use() == []
