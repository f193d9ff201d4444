"""Studies deleted on a page: hidden at once, had back for a while, then gone; also over a restart."""

import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from pacsberry.archive import Archive
from pacsberry.archive.catalogue import Wanted
from pacsberry.errors import UnknownResource
from pacsberry.model import Level
from pacsberry.upkeep.discarded import Discarded
from tests.archive.seed import open_archive, seed, study


@pytest.fixture
def archive(tmp_path: Path) -> Iterator[Archive]:
    with open_archive(tmp_path) as opened:
        seed(opened, study("P1", "1.1"))
        seed(opened, study("P2", "1.2"))
        yield opened


def ids(archive: Archive) -> list[str]:
    return list(archive.resources.ids(Level.STUDY))


def listed(archive: Archive) -> set[str]:
    return {entry.id for entry in archive.catalogue.studies(Wanted())[0]}


def discarded(archive: Archive, seconds: float) -> Discarded:
    return Discarded(archive, seconds=seconds, shown_label="shown")


def until(condition: Callable[[], object]) -> None:
    deadline = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def timers() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name == "discarded"]


def test_a_study_leaves_the_lists_at_once_and_comes_back_as_it_was(archive: Archive) -> None:
    first, second = ids(archive)
    archive.labels.add(Level.STUDY, first, "shown")
    bin = discarded(archive, 600)

    bin.discard(first)
    bin.discard(first)
    bin.discard(second)

    assert listed(archive) == set()
    assert archive.labels.of(Level.STUDY, first) == []
    assert set(archive.catalogue.discarded()) == {first, second}
    assert 590 < bin.seconds_left(first) <= 600
    bin.restore(first)
    bin.restore(second)
    assert listed(archive) == {first, second}
    assert archive.labels.of(Level.STUDY, first) == ["shown"]
    assert archive.labels.of(Level.STUDY, second) == []
    bin.stop()


def test_when_the_time_is_over_it_is_gone_and_so_is_the_timer(archive: Archive) -> None:
    first, second = ids(archive)
    bin = discarded(archive, 0.05)

    bin.discard(first)

    until(lambda: ids(archive) == [second])
    until(lambda: not timers())
    with pytest.raises(UnknownResource):
        bin.restore(first)


def test_a_restart_forgets_nothing(archive: Archive) -> None:
    first, second = ids(archive)
    bin = discarded(archive, 600)
    bin.discard(first)
    bin.stop()
    assert not timers()

    later = discarded(archive, 0.05)
    later.start()

    until(lambda: ids(archive) == [second])
    later.stop()


def test_what_somebody_else_deletes_meanwhile_is_no_problem(archive: Archive) -> None:
    first, second = ids(archive)
    bin = discarded(archive, 0.1)
    bin.discard(first)
    bin.discard(second)
    archive.delete(Level.STUDY, first)

    until(lambda: ids(archive) == [])


def test_only_what_was_discarded_can_be_had_back(archive: Archive) -> None:
    bin = discarded(archive, 600)

    with pytest.raises(UnknownResource):
        bin.restore(ids(archive)[0])
    with pytest.raises(UnknownResource):
        bin.discard("no study")
